"""What stopped the start, in a few sentences: the first lines of every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sbdiag.display.plot_data.lanes import occurrences_of, refused
from sbdiag.display.plot_data.startup import startup_data
from sbdiag.display.reported import Reported
from sbdiag.display.visible import counted, is_missing, shorten, visible

_MOST_CAUSES: Final = 6
_MOST_NAMES: Final = 3
_RUNS_WIDTH: Final = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """The first lines of a page.

    Attributes
    ----------
    sentences
        How the last run ended, then the causes that were found, each with its run in a series.
    scope
        What was looked at, in one sentence.
    stopped
        Whether the last run, as far as is known, came to an end before its time.
    """

    sentences: tuple[str, ...]
    scope: str
    stopped: bool


def answer(report: Reported) -> Answer:
    """Say what stopped the start, from the causes found and the stages of the last run."""
    ladder = startup_data(report)
    series = len(ladder.runs) > 1
    end, stopped = "", False
    if ladder.rungs and ladder.runs:
        at = ladder.stopped_at[-1]
        who = f"The last run ({ladder.runs[-1]})" if series else "The start"
        if at is not None:
            end, stopped = f"{who} was refused at this stage: {at}.", True
        elif ladder.rungs[-1].statuses[-1] == "reached":
            end = f"{who} came through to its last stage: {ladder.rungs[-1].title}."
    causes = report.findings[(report.findings["severity"] == "cause").to_numpy(dtype=bool)]
    found = [
        _of_run(run, title) if series else visible(title)
        for run, title in zip(causes["run"], causes["title"], strict=True)
    ]
    more = len(found) - _MOST_CAUSES
    found = found[:_MOST_CAUSES] + ([f"{counted(more, 'more cause')} below."] if more > 0 else [])
    # One run and a cause: the cause says it, and better.
    sentences = ([end] if end and (series or not found) else []) + found
    return Answer(
        tuple(sentences) or (_nothing(report),),
        _scope(report, len(ladder.runs)),
        stopped or bool(found and not end),
    )


def _of_run(run: object, title: object) -> str:
    if is_missing(run):
        return visible(title)
    # A cause that several runs share names them all.
    noun = "Runs" if ", " in str(run) else "Run"
    return f"{noun} {shorten(visible(run), _RUNS_WIDTH)}: {visible(title)}"


def _nothing(report: Reported) -> str:
    if (report.findings["finding"] == "other-processes").any():
        return "None of the denials that were read is of the process that was asked for."
    if not len(report.denials):
        return "No denial was found. That is no proof that nothing was refused."
    if not len(report.stages):
        return "No start of a VM is seen here; what was refused, and the rules for it, are below."
    return "Nothing that was refused here is known to stop the start."


def _scope(report: Reported, runs: int) -> str:
    shown = refused(report.denials)
    total = int(occurrences_of(shown).sum())
    names = list(
        dict.fromkeys(visible(name) or "(no process)" for name in shown["process"].unique())
    )
    listed = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        listed += f" and {counted(len(names) - _MOST_NAMES, 'more process', 'more processes')}"
    where = f" in {counted(runs, 'run')}" if runs > 1 else ""
    times = f" ({counted(total, 'refusal')})" if total != len(shown) else ""
    by = f" by {listed}" if listed else ""
    rules = counted(len(report.rules), "rule")
    return f"{counted(len(shown), 'denial')}{times}{where}{by}; {rules} proposed."

"""Where the start of a VM stopped, as far as the files of its run can tell.

A refusal is called the cause only where it is known to end a start, or where Lima's log says that
this one ended; a refusal that may have been without effect is said to be just that. Sources: see
:mod:`sbdiag.diagnosis.causes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import pandas as pd

from sbdiag.capture.lima_lines import find_line
from sbdiag.diagnosis.causes import LIMA, OTHER_CAUSES, Evidence, Finding, joined, labels
from sbdiag.diagnosis.startup import STAGE_TABLE, not_permitted

Steps: TypeAlias = Mapping[str, Mapping[str, Any]]

# The steps of the process that starts the VM, of which there is one a start.
_VM_STAGES: Final = ("xpc-lookup", "task-name", "virtiofs-extension", "rosetta-extension")
_IMPLIED_BY: Final = {row.stage: row.implied_by for row in STAGE_TABLE}
_ENDS: Final = ("vz-error", "fatal", "exiting", "state-stopped")
_MOST_TEXT: Final = 200


def stop_findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield for each run where its start stopped; nothing without a VM start."""
    for name, ladder in evidence.stages.groupby("run", sort=False):
        run = str(name)
        lines = evidence.milestones[evidence.milestones["run"] == run]
        refused = evidence.denials[evidence.denials["run"] == run]
        found = list(_stopped(run, ladder, lines, refused))
        yield from found
        if not any(each.severity == "cause" for each in found):
            yield from _gave_up(run, ladder, lines, refused)
        yield from _several(run, ladder, lines, refused)


def _stopped(
    run: str, ladder: pd.DataFrame, lines: pd.DataFrame, refused: pd.DataFrame
) -> Iterator[Finding]:
    status = dict(zip(ladder["stage"].astype(str), ladder["status"].astype(str), strict=True))
    if status["ready"] == "reached":
        return
    running = status["running"] == "reached"
    code_one = labels(lines[(lines["milestone"] == "vz-error") & (lines["code"] == 1)])
    steps = _steps(ladder)
    # The framework of a VM that runs had all that it asked for; only Lima can still give up.
    by_steps = [] if running else list(_refused_steps(run, steps, lines, refused))
    for_files = (
        list(_without_files(run, steps["lima-files"], lines, refused, running=running))
        if not by_steps and "lima-files" in steps
        else []
    )
    yield from (*by_steps, *for_files)
    explained = by_steps or any(each.severity == "cause" for each in for_files)
    if code_one and not (running or explained):
        yield _code_one(run, steps, code_one)


def _steps(ladder: pd.DataFrame) -> Steps:
    """Stages with denials, in the order of the start: each row of the ladder by its name."""
    rows = ladder.sort_values("order").to_dict("records")
    return {
        str(row["stage"]): {str(k): v for k, v in row.items()} for row in rows if row["denials"]
    }


def _refused_steps(
    run: str, steps: Steps, lines: pd.DataFrame, refused: pd.DataFrame
) -> Iterator[Finding]:
    """Say of each process that starts a VM which step it was refused last."""
    ended = labels(lines[lines["milestone"].isin(_ENDS)])
    code_one = bool(((lines["milestone"] == "vz-error") & (lines["code"] == 1)).any())
    by_process = _by_process(steps, refused)
    for pid, mine in by_process.items():
        needed = [name for name in mine if steps[name]["required"] != "no"]
        if not needed:
            continue
        last, alone = steps[needed[-1]], len(by_process) == 1
        # That a step behind it was tried shows that another attempt was answered.
        passed = any(name in mine for name in _IMPLIED_BY[needed[-1]])
        # Which of several starts the log is of cannot be told.
        known = last["required"] == "yes" or bool(ended and alone)
        who = "" if alone else f" by process {pid}" if pid else " by a process without a number"
        if known and not passed:
            yield Finding(
                "start-stopped",
                "cause",
                f"The start{who} stopped where {last['title']}: the sandbox refused it.",
                f"Seen from outside as: {last['fails_as']}."
                + (" Lima's log holds VZErrorDomain Code=1." if code_one and alone else ""),
                str(last["source"]),
                run,
                denials=mine[needed[-1]],
                milestones=ended,
            )
        else:
            yield _perhaps(
                run,
                last,
                mine[needed[-1]],
                who,
                "A later step was tried as well."
                if passed
                else f"What is known of it: {last['fails_as']}.",
            )


def _perhaps(
    run: str, step: Mapping[str, Any], rows: tuple[int, ...], who: str, detail: str
) -> Finding:
    return Finding(
        "refused-on-the-way",
        "warning",
        f"The start{who} was refused something where {step['title']}; whether it stopped there,"
        " no file of this run says.",
        f"{detail} Lima's log of the same start would show how it ended.",
        str(step["source"]),
        run,
        denials=rows,
    )


def _by_process(
    steps: Steps, refused: pd.DataFrame
) -> dict[int | None, dict[str, tuple[int, ...]]]:
    """Group the refused steps of the VM by the process, each in the order of the start."""
    found: dict[int | None, dict[str, tuple[int, ...]]] = {}
    for name in _VM_STAGES:
        if name not in steps:
            continue
        rows = refused.loc[list(steps[name]["denials"])]
        for pid, mine in rows.groupby("pid", sort=False, dropna=False):
            of_pid = found.setdefault(None if pd.isna(pid) else int(str(pid)), {})
            of_pid[name] = labels(mine)
    return found


def _without_files(
    run: str,
    step: Mapping[str, Any],
    lines: pd.DataFrame,
    refused: pd.DataFrame,
    *,
    running: bool,
) -> Iterator[Finding]:
    """Say whether Lima ended for want of a file of its own: only its log can tell."""
    ended = lines[lines["milestone"].isin(_ENDS)]
    began = running or bool((lines["milestone"] == "starting-vz").any())
    files = refused.loc[list(step["denials"])]
    if any(len(_named(files, text)) for text in _texts(ended[not_permitted(ended)])):
        yield Finding(
            "start-stopped",
            "cause",
            f"The start stopped where {step['title']}: the sandbox refused it.",
            "The VM ran, and then Lima gave up for want of a file of its own."
            if running
            else "Lima gave up for want of a file of its own."
            if began
            else f"Seen from outside as: {step['fails_as']}.",
            str(step["source"]),
            run,
            denials=step["denials"],
            milestones=labels(ended),
        )
    elif len(ended) or not running:
        yield _perhaps(run, step, step["denials"], "", "Lima can do without some of its files.")


def _code_one(run: str, steps: Steps, rows: tuple[int, ...]) -> Finding:
    causes = "; ".join(f"{cause} ({evidence})" for cause, evidence in OTHER_CAUSES)
    beside = joined(
        steps[name]["denials"] for name in ("lima-files", "rosetta-extension") if name in steps
    )
    return Finding(
        "code-1-unexplained" if beside else "code-1-without-denial",
        "warning",
        "VZErrorDomain Code=1, and what was refused here is not known to cause it."
        if beside
        else "VZErrorDomain Code=1, and the capture holds no denial that explains it.",
        "The kernel drops denials and a predicate can miss them, so the sandbox may still be"
        f" the cause. Code=1 has others as well: {causes}.",
        f"{LIMA}; public issue threads",
        run,
        denials=beside,
        milestones=rows,
    )


def _gave_up(
    run: str, ladder: pd.DataFrame, lines: pd.DataFrame, refused: pd.DataFrame
) -> Iterator[Finding]:
    """Say how a start ended that came to no READY and to no error of the framework."""
    status = dict(zip(ladder["stage"].astype(str), ladder["status"].astype(str), strict=True))
    if status["ready"] == "reached" or (lines["milestone"] == "vz-error").any():
        return
    given_up = (lines["milestone"] == "fatal") | (
        (lines["milestone"] == "exiting") & (lines["level"] == "fatal")
    )
    eperm = not_permitted(lines) & lines["milestone"].isin(_ENDS)
    ends = lines[given_up | eperm]
    if ends.empty:
        return
    told = lines[eperm] if eperm.any() else ends
    text, known = _texts(told)[0], find_line(str(told["message"].iloc[0]))
    named = labels(_named(refused, text)) if eperm.any() else ()
    yield Finding(
        "lima-gave-up",
        "cause" if named else "warning",
        "Lima gave up because something was not permitted: the sandbox refused it."
        if named
        else "Lima gave up because something was not permitted; no denial here names the same."
        if eperm.any()
        else "Lima gave up, and not with an error of Virtualization.framework.",
        f"Its log: {text[:_MOST_TEXT]}{' …' if len(text) > _MOST_TEXT else ''}"
        + (f" ({known.tells})" if known else ""),
        LIMA,
        run,
        denials=named,
        milestones=labels(ends),
    )


def _texts(lines: pd.DataFrame) -> list[str]:
    """Each line's message, and the error attached to it."""
    return [
        " ".join(part for part in pair if isinstance(part, str))
        for pair in zip(lines["message"], lines["error"], strict=True)
    ]


def _named(refused: pd.DataFrame, text: str) -> pd.DataFrame:
    """Select the denials of a path that `text` names as a whole word."""
    words = {word.strip("\"'`:,") for word in text.split()}
    return refused[(refused["verdict"] == "deny") & refused["target_name"].isin(words - {""})]


def _several(
    run: str, ladder: pd.DataFrame, lines: pd.DataFrame, refused: pd.DataFrame
) -> Iterator[Finding]:
    """Say that a run holds several starts: its ladder is then of all of them together."""
    started = labels(lines[lines["milestone"] == "starting-vz"])
    by_process = _by_process(_steps(ladder), refused)
    if len(started) > 1 or len(by_process) > 1:
        yield Finding(
            "several-starts",
            "warning",
            f"One run holds {max(len(started), len(by_process))} starts of a VM; its stages are of"
            " all of them together.",
            "What one start was refused and another passed cannot be told apart here. Give each"
            " start its own capture and log, in a directory of its own, to see them one by one.",
            f"{LIMA} pkg/driver/vz/vz_driver_darwin.go:457",
            run,
            denials=joined(row for mine in by_process.values() for row in mine.values())
            if len(by_process) > 1
            else (),
            milestones=started,
        )

"""The start of the VM as a ladder: what :func:`sbdiag.display.plots.plot_startup` draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast

import pandas as pd

from sbdiag.diagnosis.ruleset import RuleSet
from sbdiag.display.reported import HasStages
from sbdiag.display.visible import is_missing, visible, visible_lines
from sbdiag.errors import FrameError
from sbdiag.seatbelt.text import rule_text

Status: TypeAlias = Literal["reached", "refused", "not seen", "unknown"]
STATUSES: Final[tuple[Status, ...]] = ("reached", "refused", "not seen", "unknown")
_NEEDED: Final = ("run", "order", "title", "status", "required", "fails_as", "denials")


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage of the start, in all runs.

    Attributes
    ----------
    title
        What the stage is.
    required
        Whether a VM starts without it: ``yes``, ``no`` or ``unknown``.
    statuses
        One for each run.
    refused_in
        The first run whose denials show that it was refused here, else the first that was
        refused at all; empty if none was.
    denial
        The first denial of that run, as process, operation and target.
    more_denials
        How many further denials of that run stopped the same stage.
    rules
        The rules that answer the denials of that run, each as its lines.
    fails_as
        What one sees when it is refused.
    """

    title: str
    required: str
    statuses: tuple[Status, ...]
    refused_in: str = ""
    denial: str = ""
    more_denials: int = 0
    rules: tuple[tuple[str, ...], ...] = ()
    fails_as: str = ""


@dataclass(frozen=True, slots=True)
class StartupData:
    """The ladder: rungs in the order of the start, and the runs that climbed it.

    Attributes
    ----------
    runs
        Names of the runs, in the order of the frame; their columns.
    rungs
        The stages in order.
    stopped_at
        For each run the title of the first refused stage that is not known to be optional;
        ``None`` if nothing stopped the run.
    """

    runs: tuple[str, ...]
    rungs: tuple[Rung, ...]
    stopped_at: tuple[str | None, ...]

    def latest(self, most: int) -> StartupData:
        """Return the ladder of the last runs alone; the denials it names may be of earlier ones."""
        if len(self.runs) <= most:
            return self
        rungs = tuple(replace(rung, statuses=rung.statuses[-most:]) for rung in self.rungs)
        return StartupData(self.runs[-most:], rungs, self.stopped_at[-most:])


def startup_data(
    report_or_stages: HasStages | pd.DataFrame,
    denials: pd.DataFrame | None = None,
    rules: RuleSet | None = None,
) -> StartupData:
    """Arrange the frame of stages as a ladder.

    Parameters
    ----------
    report_or_stages
        A report, or its frame of stages.
    denials
        The denials frame that the row labels in ``stages.denials`` belong to; taken from the
        report if one is given. Without it the rungs name no denial.
    rules
        The rules that answer these denials, likewise. Without them the rungs name no rule.

    Raises
    ------
    FrameError
        If the frame of stages lacks a column.
    """
    if isinstance(report_or_stages, pd.DataFrame):
        stages = report_or_stages
    else:
        stages = report_or_stages.stages
        denials = report_or_stages.denials if denials is None else denials
        rules = report_or_stages.rules if rules is None else rules
    lacking = [name for name in _NEEDED if name not in stages.columns]
    if lacking:
        raise FrameError(f"the stages frame lacks {', '.join(lacking)}")
    run_values = list(dict.fromkeys("" if is_missing(run) else run for run in stages["run"]))
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    by_run: dict[tuple[tuple[int, str], str], dict[str, Any]] = {}
    records = cast("list[dict[str, Any]]", stages.to_dict("records"))
    for record in sorted(records, key=lambda record: int(record["order"])):
        key = (int(record["order"]), str(record["title"]))
        rows.setdefault(key, record)
        by_run[key, "" if is_missing(record["run"]) else record["run"]] = record
    rungs = tuple(
        _rung(first, [by_run.get((key, run)) for run in run_values], denials, rules)
        for key, first in rows.items()
    )
    stopped = tuple(
        next((r.title for r in rungs if r.statuses[at] == "refused" and r.required != "no"), None)
        for at in range(len(run_values))
    )
    return StartupData(tuple(visible(run) for run in run_values), rungs, stopped)


def _rung(
    first: dict[str, Any],
    records: list[dict[str, Any] | None],
    denials: pd.DataFrame | None,
    rules: RuleSet | None,
) -> Rung:
    statuses = tuple(_status(record) for record in records)
    title, required = visible(first["title"]), visible(first["required"])
    stopped = [r for r, status in zip(records, statuses, strict=True) if r and status == "refused"]
    if not stopped:
        return Rung(title, required, statuses)
    refused = next((record for record in stopped if len(record["denials"])), stopped[0])
    labels = [label for label in refused["denials"] if denials is None or label in denials.index]
    return Rung(
        title,
        required,
        statuses,
        refused_in=visible(refused["run"]),
        denial=denial_text(denials.loc[labels[0]]) if denials is not None and labels else "",
        more_denials=max(len(labels) - 1, 0),
        rules=tuple(
            visible_lines(rule_text(each.rule))
            for each in rules or ()
            if not set(each.denials).isdisjoint(refused["denials"])
        ),
        fails_as=visible(refused["fails_as"]),
    )


def _status(record: dict[str, Any] | None) -> Status:
    return next((known for known in STATUSES if record and record["status"] == known), "unknown")


def denial_text(denial: pd.Series) -> str:
    """Return ``limactl(42303) mach-lookup com.apple.…``: one row of the denials frame in words."""
    pid = "" if is_missing(denial["pid"]) else f"({denial['pid']})"
    parts = (
        visible(denial["process"]) + pid,
        visible(denial["operation"]),
        visible(denial["target"]),
    )
    return " ".join(part for part in parts if part)

"""The files beside the captures: Lima's logs and entitlement dumps, each with its run.

A file that lies with one capture, or is named for one, is of that run. A dump that is of no one run
counts for all that it may be of; a log that is of no one run is given to the one whose denials its
times meet, and where they do not tell, it stands as a run of its own: what it says is then said of
no other run's denials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from sbdiag.capture.codesign import read_entitlements
from sbdiag.capture.frames import ENTITLEMENTS, MILESTONES
from sbdiag.capture.lima import read_lima_log
from sbdiag.capture.sources import Source
from sbdiag.capture.text_source import name_of, run_of
from sbdiag.errors import LimaLogError

# Lima writes whole seconds, cut.
_SECOND: Final = pd.Timedelta(seconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What the files beside the captures hold.

    Attributes
    ----------
    milestones, entitlements
        Columns: :mod:`sbdiag.capture.frames`. Entitlements of every run have no ``run``.
    notes
        What was assumed of which file, one sentence each.
    """

    milestones: pd.DataFrame
    entitlements: pd.DataFrame
    notes: tuple[str, ...]


def read_beside(
    found: Iterable[Source], denials: pd.DataFrame, runs: Sequence[str], *, tz: str | None = None
) -> Beside:
    """Read the logs and dumps among `found`.

    Parameters
    ----------
    found
        Sources of any kind; captures and others are passed over.
    denials
        Of the captures, by whose times a log finds its run.
    runs
        All runs there are.
    tz
        See :func:`sbdiag.capture.lima.read_lima_log`.

    Raises
    ------
    LimaLogError, EntitlementsError
        A file that cannot be read, or holds nothing of what it was given as.
    """
    logs, dumps, notes = [], [], []
    for source in found:
        if source.kind == "lima-log":
            log, note = _log(source, denials, runs, tz)
            logs.append(log)
            notes.append(note)
        elif source.kind == "entitlements":
            parts, note = _dump(source, runs)
            dumps.extend(parts)
            notes.append(note)
    return Beside(
        MILESTONES.concat(logs), ENTITLEMENTS.concat(dumps), tuple(note for note in notes if note)
    )


def _dump(source: Source, runs: Sequence[str]) -> tuple[list[pd.DataFrame], str]:
    dump = read_entitlements(source.file, run=source.run or None)
    if source.run:
        return [dump], ""
    if set(source.among) >= set(runs):
        return [dump.assign(run=None).astype({"run": "str"})], (
            f"{run_of(source.file)}: the entitlements count for every run"
        )
    return [dump.assign(run=run).astype({"run": "str"}) for run in source.among], (
        f"{run_of(source.file)}: the entitlements count for {', '.join(source.among)}"
    )


def _log(
    source: Source, denials: pd.DataFrame, runs: Sequence[str], tz: str | None
) -> tuple[pd.DataFrame, str]:
    log = read_lima_log(source.file, tz=tz, run=source.run or None)
    if len(log) and not (log["level"].notna() | (log["milestone"] != "other")).any():
        raise LimaLogError(f"no line of {name_of(source.file)} is one of Lima's log")
    if log.empty:
        return log, f"{run_of(source.file)}: Lima's log is empty"
    if source.run:
        return log, ""
    own = run_of(source.file)
    met = _met(log["time"], denials[denials["run"].isin(source.among)])
    if len(met) == 1:
        return _of_run(log, met[0]), f"{own}: taken for the log of {met[0]}, by its times"
    name = own if own not in runs else f"{own} (Lima's log)"
    why = (
        f"its times meet those of {', '.join(met)}"
        if met
        else "its times meet those of no run"
        if log["time"].notna().any()
        else "it has no times"
    )
    return _of_run(log, name), (
        f"{own}: {why}, so it stands as a run of its own; give each run its own log"
    )


def _of_run(log: pd.DataFrame, run: str) -> pd.DataFrame:
    return log.assign(run=run).astype({"run": "str"})


def _met(times: pd.Series, denials: pd.DataFrame) -> list[str]:
    """Select the runs whose denials span a time that the log spans as well."""
    spans = denials.groupby("run", sort=False)["time"].agg(["min", "max"])
    first, last = times.min(), times.max() + _SECOND
    return [str(run) for run, low, high in spans.itertuples() if low <= last and high >= first]

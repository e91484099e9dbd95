"""The files beside the captures: Lima's logs and entitlement dumps, each with its run.

A file that lies with one capture, or is named for one, is of that run. A dump that is of no one run
counts for all that it may be of; a log that is of no one run is given to the one whose denials its
times meet, and where they do not tell, it stands as a run of its own: what it says is then said of
no other run's denials. Of logs that were given one for each run, the order tells, unless their
times tell for certain that another is meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
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
        Sources of any kind; captures and others are passed over. A log with a run and several
        runs that it may be of has its run by the order in which it was given.
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
    found = tuple(found)
    logs, dumps = [], []
    read = [_read(source, tz) if source.kind == "lima-log" else None for source in found]
    owners, notes = _in_order(found, read, denials)
    for source, run, log in zip(found, owners, read, strict=True):
        if log is not None:
            log, note = _log(replace(source, run=run), log, denials, runs)
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


def _in_order(
    found: Sequence[Source], read: Sequence[pd.DataFrame | None], denials: pd.DataFrame
) -> tuple[list[str], list[str]]:
    """Return the runs of all sources, and what to say of logs that have theirs by order alone.

    They get the runs that their times tell, if these tell all of them.
    """
    owners = [source.run for source in found]
    given = [
        (at, log["time"])
        for at, (source, log) in enumerate(zip(found, read, strict=True))
        if log is not None and source.run and source.among
    ]
    if len(given) < 2:
        return owners, []
    met = [_met(times, denials) for _, times in given]
    by_time = _only_way(met)
    for (at, _), run in zip(given, by_time, strict=False):
        owners[at] = run
    names = _names([found[at] for at, _ in given])
    pairs = ", ".join(
        f"{name} for {owners[at]}" for name, (at, _) in zip(names, given, strict=True)
    )
    notes = [f"Lima's logs, {'by their times' if by_time else 'in the order given'}: {pairs}"]
    for name, (at, times), mine in zip(names, given, met, strict=True):
        first = denials.loc[denials["run"] == owners[at], "time"].min()
        if owners[at] not in mine and times.notna().any() and pd.notna(first):
            notes.append(
                f"{name} may be the log of another run than {owners[at]}: {name} is of "
                f"{_clock(times.min())}, {owners[at]} of {_clock(first)}"
            )
    return owners, notes


def _only_way(met: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the one way to give each log a run of its own among those that it meets.

    Empty where there is no way, or more than one. Where there is just one, some log has just one
    run left, and so have the others without these two.
    """
    left = {log: set(runs) for log, runs in enumerate(met)}
    found: dict[int, str] = {}
    while left:
        log = next((log for log, runs in left.items() if len(runs) == 1), None)
        if log is None:
            return ()
        (found[log],) = left.pop(log)
        for runs in left.values():
            runs.discard(found[log])
    return tuple(found[log] for log in range(len(met)))


def _names(given: Sequence[Source]) -> tuple[str, ...]:
    """Name files as runs are named: by the directory too where several have one name."""
    names = [run_of(each.file) for each in given]
    often = Counter(names)
    return tuple(
        f"{Path(each.file).absolute().parent.name}/{name}"
        if often[name] > 1 and isinstance(each.file, str)
        else name
        for each, name in zip(given, names, strict=True)
    )


def _clock(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _read(source: Source, tz: str | None) -> pd.DataFrame:
    log = read_lima_log(source.file, tz=tz, run=source.run or None)
    if len(log) and not (log["level"].notna() | (log["milestone"] != "other")).any():
        raise LimaLogError(f"no line of {name_of(source.file)} is one of Lima's log")
    return log


def _log(
    source: Source, log: pd.DataFrame, denials: pd.DataFrame, runs: Sequence[str]
) -> tuple[pd.DataFrame, str]:
    if log.empty:
        return log, f"{run_of(source.file)}: Lima's log is empty"
    if source.run:
        return _of_run(log, source.run), ""
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

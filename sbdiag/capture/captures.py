"""All captures of one investigation as one frame of denials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from sbdiag.capture.frames import DENIALS, UNPARSED
from sbdiag.capture.many import read_all
from sbdiag.capture.sources import Readable, Source, sources
from sbdiag.capture.unified_log import Reading

# The fields of Counts, in the order of the sum.
COUNTED: Final = ("lines", "denials", "continuation", "not_ours", "unparsed")
_MOST_PROCESSES: Final = 10
# The kernel cuts process names; a shorter name given by the user is compared whole.
_SHORTEST_CUT: Final = 15


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """What the captures of an investigation hold.

    Attributes
    ----------
    found
        All its files; those that are no captures are not read yet.
    denials, unparsed
        Columns: :mod:`sbdiag.capture.frames`. Rows are numbered through all captures.
    runs
        Columns ``run`` and :data:`COUNTED`, one row a capture.
    notes
        What was assumed or left out while reading, one sentence each, behind the run's name.
    """

    found: tuple[Source, ...]
    denials: pd.DataFrame
    unparsed: pd.DataFrame
    runs: pd.DataFrame
    notes: tuple[str, ...]


def read_captures(
    capture: Readable | Iterable[Readable] | Mapping[str, bytes],
    *,
    process: str | None = None,
    tz: str | None = None,
    progress: bool | None = None,
) -> Captured:
    """Read every capture that `capture` names.

    Parameters
    ----------
    capture
        See :func:`sbdiag.capture.sources.sources`.
    process
        Keep the denials of this process only (as printed: the kernel cuts names).
    tz, progress
        See :func:`sbdiag.capture.unified_log.read_capture`.

    Raises
    ------
    CaptureError
        With file and line.
    """
    found = tuple(sources(capture))
    captures = [source for source in found if source.kind == "capture"]
    files = [(source.file, source.run) for source in captures]
    read = read_all(files, tz=tz, progress=progress)
    readings = list(zip(captures, read, strict=True))
    denials = DENIALS.concat([reading.denials for _, reading in readings])
    notes = [f"{source.run}: {note}" for source, reading in readings for note in reading.notes]
    if process is not None:
        names = [name for name in denials["process"].unique() if _same_process(name, process)]
        kept = denials[denials["process"].isin(names)]
        notes.append(
            f"{len(denials) - len(kept)} denials of processes other than {process!r} set aside"
            + ("" if len(kept) or denials.empty else f"; there are {_processes(denials)}")
        )
        denials = kept.reset_index(drop=True)
    return Captured(
        found,
        denials,
        UNPARSED.concat([reading.unparsed for _, reading in readings]),
        _counts([(source.run, reading) for source, reading in readings]),
        tuple(notes),
    )


def _processes(denials: pd.DataFrame) -> str:
    """Name the processes that were refused most, each with its denials."""
    counts = denials["process"].fillna("(no name)").value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    shown = [f"{name} ({number})" for name, number in counts.head(_MOST_PROCESSES).items()]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _same_process(name: object, wanted: str) -> bool:
    """Compare a printed name, which the kernel may have cut, with the one that was asked for."""
    if not isinstance(name, str):
        return False
    return name == wanted or (len(name) >= _SHORTEST_CUT and wanted.startswith(name))


def _counts(readings: Sequence[tuple[str, Reading]]) -> pd.DataFrame:
    rows = [
        {"run": run, **{n: getattr(reading.counts, n) for n in COUNTED}}
        for run, reading in readings
    ]
    return pd.DataFrame(rows, columns=["run", *COUNTED])

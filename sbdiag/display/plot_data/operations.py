"""What was refused to whom: the counts that :func:`sbdiag.display.plots.plot_operations` draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.display.plot_data.lanes import coded, merge_rare, occurrences_of, refused
from sbdiag.display.visible import counted

_NEEDED = ("process", "verdict", "operation", "duplicates")


@dataclass(frozen=True, slots=True)
class OperationsData:
    """Refusals by operation and process.

    Attributes
    ----------
    operations
        Row names, the most refused first; where some were merged, the last one says how many.
    processes
        Column names, the most refused first; likewise.
    counts
        Refusals (lines and their duplicate reports), shape (operations, processes).
    notes
        Sentences for below the picture.
    """

    operations: tuple[str, ...]
    processes: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    notes: tuple[str, ...]


def operations_data(
    denials: pd.DataFrame, *, most_operations: int = 30, most_processes: int = 8
) -> OperationsData:
    """Count refusals by operation and process; ``allow`` reports are none.

    Raises
    ------
    FrameError
        If the frame lacks a column.
    """
    DENIALS.check(denials, need=_NEEDED)
    shown = refused(denials)
    weight = occurrences_of(shown)
    row, rows, _ = merge_rare(
        *_ranked(*coded(shown["operation"], "(no operation)"), weight),
        weight,
        most_operations,
        "{} more operations",
    )
    column, columns, _ = merge_rare(
        *_ranked(*coded(shown["process"], "(no process)"), weight),
        weight,
        most_processes,
        "{} more processes",
    )
    counts = np.zeros((len(rows), len(columns)), dtype=np.int64)
    np.add.at(counts, (row, column), weight)
    allowed = len(denials) - len(shown)
    notes = (f"{counted(allowed, 'allow report')} left out.",) if allowed else ()
    return OperationsData(tuple(rows), tuple(columns), counts, notes)


def _ranked(
    codes: npt.NDArray[np.intp], names: list[str], weight: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Renumber so that the heaviest name comes first; equals stay in order of appearance."""
    totals = np.bincount(codes, weights=weight, minlength=len(names))
    order = np.argsort(-totals, kind="stable")
    place = np.empty(len(names), dtype=np.intp)
    place[order] = np.arange(len(names))
    return place[codes], [names[at] for at in order]

"""Denials added up to marks and bars: few enough to be drawn, none lost."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Shape: TypeAlias = Literal["marks", "bars"]

# How far apart, in lanes, the outermost of marks stand that would cover each other.
_SPREAD: Final = 0.5


def add_up(
    lane: npt.NDArray[np.intp],
    group: npt.NDArray[np.intp],
    x: npt.NDArray[np.int64],
    weight: npt.NDArray[np.int64],
    width: int,
    shape: Shape,
) -> pd.DataFrame:
    """Add up what falls into one place: a bin of the axis, or a run of near neighbours.

    Returns
    -------
    DataFrame
        ``lane group x shift occurrences denials``, ordered by the first three.
    """
    frame = pd.DataFrame({"lane": lane, "group": group, "x": x, "occurrences": weight})
    if shape == "bars":
        frame["place"] = frame["x"] // width
        frame["x"] = frame["place"] * width
    else:
        frame = frame.sort_values(["lane", "group", "x"], kind="stable")
        frame["place"] = _neighbours(frame, width)
    keys = ["lane", "group", "place"]
    marks = frame.groupby(keys, as_index=False, sort=True).agg(
        x=("x", "first"), occurrences=("occurrences", "sum"), denials=("x", "size")
    )
    marks["shift"] = _shifts(marks, width) if shape == "marks" else 0.0
    return marks[["lane", "group", "x", "shift", "occurrences", "denials"]]


def _neighbours(frame: pd.DataFrame, width: int) -> npt.NDArray[np.int64]:
    """Give the marks of a sorted frame their numbers; one reaches `width` from its first."""
    numbers = np.zeros(len(frame), dtype=np.int64)
    start: tuple[int, int, int] | None = None
    number = -1
    rows = zip(frame["lane"], frame["group"], frame["x"], strict=True)
    for at, (lane, group, x) in enumerate(rows):
        if start is None or start[:2] != (lane, group) or x - start[2] >= width:
            start = (lane, group, x)
            number += 1
        numbers[at] = number
    return numbers


def _shifts(marks: pd.DataFrame, width: int) -> npt.NDArray[np.float64]:
    """Spread the groups of a lane that meet within `width` over the lane's height."""
    shifts = np.zeros(len(marks), dtype=np.float64)
    order = np.lexsort((marks["group"], marks["x"], marks["lane"]))
    lane, x, group = (marks[name].to_numpy()[order] for name in ("lane", "x", "group"))
    begin = 0
    for end in range(1, len(order) + 1):
        if end < len(order) and lane[end] == lane[begin] and x[end] - x[end - 1] < width:
            continue
        groups = np.unique(group[begin:end])
        if len(groups) > 1:
            steps = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(groups))
            shifts[order[begin:end]] = steps[np.searchsorted(groups, group[begin:end])]
        begin = end
    return shifts

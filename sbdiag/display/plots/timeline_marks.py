"""Marks and bars in the lanes of a timeline."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.collections import PolyCollection

from sbdiag.display.plot_data import TimelineData
from sbdiag.display.plot_data.lanes import NO_STAGE
from sbdiag.display.plots.sheet import Sheet
from sbdiag.display.plots.time_axis import TimeScale, days
from sbdiag.display.theme import GroupStyle, Theme, group_style

_LEAST_BAR: Final = 1.3


def look(data: TimelineData, group: int, theme: Theme) -> GroupStyle:
    """Return how a group looks; what belongs to no stage stays in the background."""
    return group_style(group, theme, neutral=data.groups[group] == NO_STAGE)


def area(occurrences: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the area of a mark in square points: logarithmic, so that 1 and 100,000 are seen."""
    return np.asarray(34.0 * (1 + 1.5 * np.log10(occurrences)), dtype=np.float64)


def draw_marks(where: Sheet, data: TimelineData, scale: TimeScale | None) -> None:
    """Draw one mark for each row of the data, each group in its colour and shape."""
    for at in range(len(data.groups)):
        marks = data.marks[data.marks["group"] == at]
        style = look(data, at, where.theme)
        where.ax.scatter(
            _x(marks["x"], scale),
            marks["lane"] + marks["shift"],
            s=area(marks["occurrences"].to_numpy()),
            color=style.color,
            marker=style.marker,
            edgecolors=where.theme.edge,
            linewidths=0.6,
            alpha=0.9,
            zorder=4,
            clip_on=False,
        )


def draw_bars(where: Sheet, data: TimelineData, scale: TimeScale | None) -> None:
    """Stack the groups of a bin: its height is the logarithm of the sum, its parts true shares."""
    marks = data.marks
    bins = marks.groupby(["lane", "x"])["occurrences"]
    total = bins.transform("sum").to_numpy(dtype=np.float64)
    under = bins.cumsum().to_numpy(dtype=np.float64) - marks["occurrences"].to_numpy()
    tall = 0.82 * np.log1p(total) / np.log1p(total.max())
    foot = marks["lane"].to_numpy() + 0.42
    low = foot - tall * under / total
    high = foot - tall * (under + marks["occurrences"].to_numpy()) / total
    left, right = _bar_sides(where, data, scale)
    corners = np.stack(
        [
            np.stack([left, low], axis=1),
            np.stack([left, high], axis=1),
            np.stack([right, high], axis=1),
            np.stack([right, low], axis=1),
        ],
        axis=1,
    )
    group = marks["group"].to_numpy()
    for at in np.unique(group):
        style = look(data, int(at), where.theme)
        where.ax.add_collection(
            PolyCollection(
                corners[group == at],
                facecolors=style.color,
                edgecolors=where.theme.edge,
                linewidths=0.25,
                hatch=style.hatch,
                zorder=4,
            ),
            autolim=False,
        )


def _bar_sides(
    where: Sheet, data: TimelineData, scale: TimeScale | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    left = _x(data.marks["x"], scale)
    right = _x(data.marks["x"] + data.bin_width, scale)
    if scale is None:
        return left, right
    low, high = scale.forward(where.ax.get_xlim())
    least = (high - low) * _LEAST_BAR / where.width
    begin, end = scale.forward(left), scale.forward(right)
    return left, scale.backward(np.maximum(end, begin + least))


def _x(x: pd.Series, scale: TimeScale | None) -> npt.NDArray[np.float64]:
    return x.to_numpy(dtype=np.float64) if scale is None else days(x)

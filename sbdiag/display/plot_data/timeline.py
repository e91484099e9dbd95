"""The denials over time, as marks in lanes: what ``plot_timeline`` draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from sbdiag.capture.frames import DENIALS, MILESTONES
from sbdiag.display.plot_data.clock import (
    Microseconds,
    idle_gaps,
    span_text,
    step_at_least,
)
from sbdiag.display.plot_data.lanes import (
    Color,
    Lanes,
    group_codes,
    lane_codes,
    occurrences_of,
    refused,
    with_silent,
)
from sbdiag.display.plot_data.marks import Shape, add_up
from sbdiag.display.plot_data.milestones import MilestoneMarks, milestone_marks
from sbdiag.display.visible import counted

__all__ = ["Color", "Lanes", "TimelineData", "timeline_data"]

_NEEDED = ("time", "process", "verdict", "operation", "layer", "origin", "duplicates", "run")
_NO_TIME = np.iinfo(np.int64).min
# How finely the axis resolves: a mark is about a hundredth of it wide, a bar needs a few pixels.
_MARKS_ACROSS = 110
_BARS_ACROSS = 140


@dataclass(frozen=True, slots=True)
class TimelineData:
    """What a timeline shows.

    Attributes
    ----------
    marks
        One row a mark, ordered by lane, group and x: ``lane`` and ``group`` (positions in `lanes`
        and `groups`), ``x`` (int64), ``occurrences`` and ``denials`` (int64). ``x`` is in
        microseconds since 1970 UTC where `axis` is ``time`` (for bars: where the bin starts), else
        the 1-based place of the denial in the capture. ``shift`` (float64) moves marks of
        different groups that would cover each other apart, in lanes.
    lanes
        One row a lane, from the top: ``name``, ``occurrences``, ``denials``, ``unplaced``.
    by
        What a lane is.
    groups
        Names of the colour groups in the order of the legend.
    milestones
        The milestones that have a time; empty where `axis` is ``order``.
    gaps
        Idle stretches left out of the axis, microseconds since 1970 UTC.
    shape
        ``marks``: near denials of one lane and group as one mark; ``bars``: counts by bin.
    bin_width
        Of a bar, in the unit of ``x``; for marks, how near denials must be to be one mark.
    axis
        ``time``, or ``order`` where no denial has a time.
    unplaced
        Denials that have no time and are not among `marks`, though others have one.
    notes
        Sentences a reader of the picture must be told, for below it.
    """

    marks: pd.DataFrame
    lanes: pd.DataFrame
    by: Lanes
    groups: tuple[str, ...]
    milestones: MilestoneMarks
    gaps: tuple[tuple[int, int], ...]
    shape: Shape
    bin_width: int
    axis: Literal["time", "order"]
    unplaced: int
    notes: tuple[str, ...]


def timeline_data(
    denials: pd.DataFrame,
    milestones: pd.DataFrame | None = None,
    *,
    lanes: Lanes = "operation",
    color: Color | None = None,
    stages: pd.DataFrame | None = None,
    bin_above: int = 300,
    most_lanes: int = 40,
) -> TimelineData:
    """Compute a timeline from the denials frame.

    Parameters
    ----------
    denials
        The denials frame; ``allow`` reports in it are left out and counted in a note.
    milestones
        The milestones frame of the same captures.
    lanes
        What a lane is. Lanes stand in the order of first appearance.
    color
        What a colour tells; by default the stage where `stages` is given, else the layer. Denials
        of doubtful origin (any process can print such a line) are a group of their own.
    stages
        The frame of stages, for ``color="stage"``.
    bin_above
        With more denials than this, they are counted in bins instead of marked one by one.
    most_lanes
        Beyond this, the rarest lanes share the last one, whose name says how many they are.

    Returns
    -------
    TimelineData

    Raises
    ------
    FrameError
        If a frame lacks a column.
    ValueError
        If `lanes` or `color` is none of its choices, or ``color="stage"`` comes without `stages`.
    """
    DENIALS.check(denials, need=_NEEDED)
    shown = refused(denials)
    weight = occurrences_of(shown)
    lane, lane_names, merged = lane_codes(shown, lanes, weight, most_lanes)
    group, groups = group_codes(
        shown, color or ("layer" if stages is None else "stage"), stages, weight
    )
    times = _microseconds(shown["time"])
    timed = times != _NO_TIME
    axis: Literal["time", "order"] = "time" if timed.any() or not len(shown) else "order"
    if axis == "order":
        times, timed = np.arange(1, len(shown) + 1, dtype=np.int64), np.ones(len(shown), dtype=bool)
    marked = milestone_marks(
        MILESTONES.frame() if milestones is None else milestones, timed=axis == "time"
    )
    if lanes == "run" and not merged:
        lane, lane_names = with_silent(lane, lane_names, marked.frame["run"].tolist())
    moments = np.unique(np.concatenate([times[timed], marked.frame["x"].to_numpy(dtype="int64")]))
    gaps = idle_gaps(moments) if axis == "time" else ()
    span = _span(moments, gaps)
    shape: Shape = "bars" if int(timed.sum()) > bin_above else "marks"
    across = _BARS_ACROSS if shape == "bars" else _MARKS_ACROSS
    width = step_at_least(span / across) if axis == "time" else max(1, -(-span // across))
    marks = add_up(lane[timed], group[timed], times[timed], weight[timed], width, shape)
    lane_frame = pd.DataFrame(
        {
            "name": pd.Series(lane_names, dtype="str"),
            "occurrences": _totals(lane, weight, len(lane_names)),
            "denials": np.bincount(lane, minlength=len(lane_names)).astype("int64"),
            "unplaced": np.bincount(lane[~timed], minlength=len(lane_names)).astype("int64"),
        }
    )
    unplaced = int((~timed).sum())
    return TimelineData(
        marks=marks,
        lanes=lane_frame,
        by=lanes,
        groups=tuple(groups),
        milestones=marked.nearby(width),
        gaps=gaps,
        shape=shape,
        bin_width=int(width),
        axis=axis,
        unplaced=unplaced,
        notes=_notes(denials, shown, marked, gaps, shape, width, axis, unplaced),
    )


def _microseconds(times: pd.Series) -> Microseconds:
    """Microseconds since 1970 UTC; the smallest integer where there is no time."""
    return times.to_numpy(dtype="datetime64[us]").astype("int64")


def _span(moments: Microseconds, gaps: tuple[tuple[int, int], ...]) -> int:
    if not len(moments):
        return 1
    return max(int(moments[-1] - moments[0]) - sum(end - start for start, end in gaps), 1)


def _totals(codes: npt.NDArray[np.intp], weight: Microseconds, count: int) -> Microseconds:
    totals = np.zeros(count, dtype=np.int64)
    np.add.at(totals, codes, weight)
    return totals


def _notes(
    denials: pd.DataFrame,
    shown: pd.DataFrame,
    milestones: MilestoneMarks,
    gaps: tuple[tuple[int, int], ...],
    shape: str,
    width: int,
    axis: str,
    unplaced: int,
) -> tuple[str, ...]:
    notes = []
    if shape == "bars" and axis == "time":
        notes.append(f"Bars count refusals per {span_text(width)}; their height is logarithmic.")
    elif shape == "bars":
        notes.append(f"Bars count refusals per {width} denials; their height is logarithmic.")
    if gaps:
        longest = span_text(max(end - start for start, end in gaps))
        notes.append(
            f"Idle time is cut out where the axis is hatched "
            f"({counted(len(gaps), 'gap')}, the longest {longest})."
        )
    if axis == "order":
        notes.append("No denial has a time: they stand in the order of the capture.")
    elif unplaced:
        notes.append(
            f"{unplaced:,} of {counted(len(shown), 'denial')} without a time: counted, not placed."
        )
    if milestones.unplaced:
        notes.append(f"{counted(milestones.unplaced, 'milestone')} could not be placed in time.")
    allowed = len(denials) - len(shown)
    if allowed:
        notes.append(f"{counted(allowed, 'allow report')} left out.")
    return tuple(notes)

"""The timeline: when which operation was refused, beside what the application logged."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sbdiag.display.plot_data import Color, Lanes, TimelineData, timeline_data
from sbdiag.display.plots.footer import Entry, footer
from sbdiag.display.plots.milestone_labels import ROW, arrange, draw_milestones
from sbdiag.display.plots.sheet import (
    Margins,
    Sheet,
    Target,
    drawable,
    fitted,
    plain,
    set_title,
    sheet,
    text_width,
    write,
)
from sbdiag.display.plots.time_axis import TimeScale, days, dress_time_axis, zone
from sbdiag.display.plots.timeline_marks import area, draw_bars, draw_marks, look
from sbdiag.display.theme import (
    MONO,
    SANS,
    GroupStyle,
    Theme,
    ThemeName,
    theme_of,
)
from sbdiag.display.visible import counted

_WIDTH: Final = 684.0
_LANE_SIZE: Final = 8.5
_WIDEST_LANE: Final = 200.0
_TICKS: Final = 42.0  # two lines of ticks and the axis label


def plot_timeline(
    denials: pd.DataFrame,
    milestones: pd.DataFrame | None = None,
    *,
    lanes: Lanes = "operation",
    color: Color | None = None,
    stages: pd.DataFrame | None = None,
    tz: str = "UTC",
    bin_above: int = 300,
    theme: ThemeName = "light",
    ax: Axes | None = None,
) -> Axes:
    """Draw refusals over time, one lane for each operation, process or run.

    A mark is a denial, or several that stand too close to be told apart; its area grows with the
    logarithm of how often the access was refused (the line and its duplicate reports). With more
    than `bin_above` denials, bars count them instead. The number on the right is the lane's
    total. Idle stretches are cut out of the axis, and hatched. Denials without a time are counted
    and not placed; if none has one, they stand in the order of the capture.

    Parameters
    ----------
    denials
        The denials frame.
    milestones
        The milestones frame of the same captures; drawn as labelled lines.
    lanes
        What a lane is.
    color
        What colour and shape tell; by default the stage where `stages` is given, else the layer.
    stages
        The frame of stages.
    tz
        The zone in which the axis is written, by its name in the time zone database.
    bin_above
        From how many denials on they are counted in bins.
    theme
        ``light`` or ``dark``.
    ax
        Axes to draw on; by default those of a new figure of fitting size.

    Returns
    -------
    Axes

    Raises
    ------
    FrameError
        If a frame lacks a column.
    ValueError
        If an option is none of its choices, or `tz` no known zone.
    """
    data = timeline_data(
        denials, milestones, lanes=lanes, color=color, stages=stages, bin_above=bin_above
    )
    return draw_timeline(data, ax, theme=theme, tz=tz)


def draw_timeline(
    data: TimelineData, target: Target = None, *, theme: ThemeName = "light", tz: str = "UTC"
) -> Axes:
    """Draw what :func:`timeline_data` computed, on axes, on an empty figure, or on a new one."""
    colors, clock = theme_of(theme), zone(tz)
    names = [fitted(name, _LANE_SIZE, _WIDEST_LANE, mono=True) for name in data.lanes["name"]]
    left = 16 + max((text_width(name, _LANE_SIZE, mono=True) for name in names), default=40)
    totals = [f"{total:,}" for total in data.lanes["occurrences"]]
    right = 20 + max((text_width(total, _LANE_SIZE) for total in [*totals, "refusals"]), default=40)
    across = _WIDTH - left - right
    scale = _scale(data)
    labels = arrange(
        data.milestones,
        scale.fraction(days(data.milestones.frame["x"])).tolist() if scale else [],
        width=across,
        overhang=4,
    )
    foot = footer(_entries(data, colors), labels.key, data.notes, width=_WIDTH - 16)
    count = max(len(names), 1)
    where = sheet(
        target,
        colors,
        width=_WIDTH,
        height=count * (26.0 if count <= 12 else 20.0 if count <= 24 else 16.0),
        margins=Margins(left, right, 30 + labels.rows * ROW, _TICKS + foot.height),
    )
    _draw_lanes(where, names, totals)
    if scale:
        dress_time_axis(where.ax, scale, clock, tz, colors, width=where.width)
        _draw_cuts(where, scale)
        draw_milestones(where, data, labels)
    else:
        _dress_order_axis(where, int(data.marks["x"].max()))
    if data.shape == "bars":
        draw_bars(where, data, scale)
    else:
        draw_marks(where, data, scale)
    if not len(names):
        write(where, 0.5, 0.5, "No refusal to show", ha="center", xycoords="axes fraction")
    title = f"{counted(int(data.lanes['occurrences'].sum()), 'refusal')} by {data.by}"
    set_title(where, title, above=labels.rows * ROW)
    foot.draw(where, left=8 - left, top=-_TICKS)
    return where.ax


def _scale(data: TimelineData) -> TimeScale | None:
    """Return the time axis over all marks and milestones; ``None`` where nothing has a time."""
    if data.axis == "order":
        return None
    ends = [data.marks["x"], data.milestones.frame["x"]]
    moments = pd.concat([end for end in ends if len(end)] or [pd.Series([0])])
    last = int(moments.max()) + (data.bin_width if data.shape == "bars" else 0)
    return TimeScale.over(int(moments.min()), last, data.gaps)


def _entries(data: TimelineData, theme: Theme) -> list[Entry]:
    """List the legend: groups, then what sizes mean."""
    bars = data.shape == "bars"
    entries = [Entry(name, look(data, at, theme), bar=bars) for at, name in enumerate(data.groups)]
    if bars:
        tallest = int(data.marks.groupby(["lane", "x"])["occurrences"].sum().max())
        return [*entries, Entry(f"the tallest bar: {tallest:,}")]
    most = int(data.marks["occurrences"].max()) if len(data.marks) else 1
    sizes = [size for size in (1, 10, 100, 1000, 10_000, 100_000) if size <= most]
    if most > 1:
        entries += [
            Entry(
                counted(size, "refusal"),
                GroupStyle(theme.neutral, "o", ""),
                size=float(np.sqrt(area(np.array([size]))[0])),
            )
            for size in (sizes if len(sizes) > 1 else [1, most])
        ]
    return entries


def _draw_lanes(where: Sheet, names: list[str], totals: list[str]) -> None:
    ax, theme = where.ax, where.theme
    count = max(len(names), 1)
    ax.set_ylim(count - 0.5, -0.5)
    for at in range(0, count, 2):
        ax.axhspan(at - 0.5, at + 0.5, color=theme.band, linewidth=0, zorder=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.spines["bottom"].set_visible(True)
    ax.spines["bottom"].set_color(theme.grid)
    ax.set_yticks(range(len(names)), labels=[drawable(name, mono=True) for name in names])
    ax.tick_params(axis="y", length=0, pad=6)
    for label in ax.get_yticklabels():
        label.set(color=theme.ink, fontsize=_LANE_SIZE, family=MONO)
        plain(label)
    for at, total in enumerate(totals):
        write(
            where,
            1,
            at,
            total,
            size=_LANE_SIZE,
            color=theme.muted,
            xycoords=("axes fraction", "data"),
            offset=(8, 0),
        )
    if totals:
        write(
            where,
            1,
            1,
            "refusals",
            size=8,
            color=theme.muted,
            va="bottom",
            xycoords="axes fraction",
            offset=(8, 3),
        )


def _draw_cuts(where: Sheet, scale: TimeScale) -> None:
    """Hatch the narrowed stretches: time runs on there, the axis does not."""
    for start, end in scale.cuts:
        places = scale.forward([start, end])
        room = (places[1] - places[0]) * 0.22
        low, high = scale.backward([places[0] + room, places[1] - room])
        where.ax.axvspan(
            low,
            high,
            facecolor=where.theme.paper,
            edgecolor=where.theme.grid,
            hatch="////",
            linewidth=0,
            zorder=1,
        )


def _dress_order_axis(where: Sheet, last: int) -> None:
    pad = max(last * 0.015, 0.5)
    where.ax.set_xlim(1 - pad, last + pad)
    where.ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    where.ax.tick_params(axis="x", colors=where.theme.muted, labelsize=8, labelfontfamily=SANS)
    where.ax.set_xlabel(
        "place in the capture (no denial has a time)",
        color=where.theme.ink,
        fontsize=9,
        family=SANS,
    )

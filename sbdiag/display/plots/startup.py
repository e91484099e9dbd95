"""The start of the VM as a ladder: how far each run climbed, and what stopped it."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from sbdiag.diagnosis.ruleset import RuleSet
from sbdiag.display.plot_data import StartupData, startup_data
from sbdiag.display.plot_data.startup import STATUSES, Rung, Status
from sbdiag.display.plots.footer import Entry, footer
from sbdiag.display.plots.heads import heads
from sbdiag.display.plots.sheet import (
    Margins,
    Sheet,
    Target,
    axes_width,
    bare,
    fitted,
    rule_lines,
    set_title,
    sheet,
    text_width,
    write,
)
from sbdiag.display.reported import HasStages
from sbdiag.display.theme import GroupStyle, Theme, ThemeName, theme_of
from sbdiag.display.visible import counted

_WIDTH: Final = 684.0
_COLUMN: Final = 30.0
# More columns would leave no room for the text.
_MOST_RUNS: Final = 12
_RUNG: Final = 27.0
_DETAIL: Final = 13.0
_MARK: Final = 13.0
# Each status by its shape; the sign is drawn inside. Not seen is hollow, unknown is a question.
_LOOK: Final[dict[Status, tuple[str, str]]] = {
    "reached": ("o", "✓"),
    "refused": ("s", "✗"),
    "not seen": ("o", ""),
    "unknown": ("D", "?"),
}
_MOST_RULES: Final = 2
_INDENT: Final = 14.0


def plot_startup(
    report_or_stages: HasStages | pd.DataFrame,
    denials: pd.DataFrame | None = None,
    rules: RuleSet | None = None,
    *,
    theme: ThemeName = "light",
    ax: Axes | None = None,
) -> Axes:
    """Draw the stages of a VM start in order, one column for each run.

    Reached is a filled circle with a tick, refused a square with a cross, not seen a hollow
    circle, unknown a diamond with a question mark. Below a refused stage stand the denial of the
    first run that was refused there and the rule that lifts it. A stage whose name is followed by
    "optional" is one that a VM starts without. Of more than 12 runs the last 12 are drawn.

    Parameters
    ----------
    report_or_stages
        A report, or its frame of stages.
    denials, rules
        The denials frame the stages refer to and the rules that answer it, if only the frame of
        stages is given.
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
        If the frame of stages lacks a column.
    ValueError
        If there is no such theme.
    """
    return draw_startup(startup_data(report_or_stages, denials, rules), ax, theme=theme)


def draw_startup(data: StartupData, target: Target = None, *, theme: ThemeName = "light") -> Axes:
    """Draw what :func:`startup_data` computed, on axes, on an empty figure, or on a new one."""
    colors = theme_of(theme)
    count = len(data.runs)
    data = data.latest(_MOST_RUNS)
    names = heads(data.runs if len(data.runs) > 1 else (), _COLUMN)
    left = _COLUMN / 2 + 8
    text_at = (len(data.runs) - 1) * _COLUMN + 20
    room = axes_width(target, _WIDTH - left - 12) - text_at
    details = [_details(rung, data, room) for rung in data.rungs]
    heights = [_RUNG + _DETAIL * len(lines) for lines in details]
    total = sum(heights) or _RUNG
    foot = footer(_entries(data, colors), (), _notes(data), width=_WIDTH - 16)
    where = sheet(
        target,
        colors,
        width=_WIDTH,
        height=total,
        margins=Margins(left, 12, 32 + names.height, 12 + foot.height),
    )
    bare(where.ax)
    # In points, so that columns and text keep their distance: x to the right, y downwards.
    where.ax.set_xlim(0, where.width)
    where.ax.set_ylim(total, 0)
    names.draw(where, [at * _COLUMN for at in range(len(names.names))])
    _draw_rails(where, data, heights)
    top = 0.0
    for rung, lines, height in zip(data.rungs, details, heights, strict=True):
        _draw_marks(where, rung, top + _RUNG / 2)
        _draw_text(where, rung, lines, text_at, top)
        top += height
    if not data.rungs:
        write(where, 0, total / 2, "No stage of a start to show")
    set_title(where, fitted(_title(data, count), 11, where.width, bold=True), above=names.height)
    foot.draw(where, left=8 - left, top=-6)
    return where.ax


def _title(data: StartupData, count: int) -> str:
    if len(data.runs) < count:
        return f"The start of the VM, the last {len(data.runs)} of {count:,} runs"
    if count != 1:
        return f"The start of the VM, {count} runs"
    stopped = data.stopped_at[0]
    return f"Stopped at: {stopped}" if stopped else "The start of the VM"


def _entries(data: StartupData, theme: Theme) -> list[Entry]:
    """List the statuses that occur; the text holds their signs, a legend's mark is small."""
    seen = {status for rung in data.rungs for status in rung.statuses}
    return [
        Entry(
            f"{status} {_LOOK[status][1]}".strip(),
            GroupStyle(_colors(status, theme)[0], _LOOK[status][0], ""),
            size=8,
            outline=_colors(status, theme)[1],
        )
        for status in STATUSES
        if status in seen
    ]


def _notes(data: StartupData) -> tuple[str, ...]:
    if any(rung.refused_in for rung in data.rungs):
        return ("Below a refused stage: the first denial, and the rule that lifts it.",)
    return ()


def _details(rung: Rung, data: StartupData, room: float) -> list[tuple[str, bool]]:
    """Return the lines below a rung's name, cut to fit, and whether each is a rule's."""
    if not rung.refused_in and "refused" not in rung.statuses:
        return []
    more = f" and {rung.more_denials:,} more" if rung.more_denials else ""
    run = f"{rung.refused_in}: " if len(data.runs) > 1 else ""
    seen = f"{run}{rung.denial}{more}" if rung.denial else f"{run}{rung.fails_as}"
    lines = [(fitted(seen, 8, room), False)]
    for rule in rung.rules[:_MOST_RULES]:
        lines += [(line, True) for line in rule_lines(rule, 8, room - _INDENT)]
    left = len(rung.rules) - _MOST_RULES
    return [*lines, (f"and {counted(left, 'more rule')}", False)] if left > 0 else lines


def _colors(status: Status, theme: Theme) -> tuple[str, str, str]:
    """Face, outline and sign of a mark."""
    return {
        "reached": (theme.success, theme.success, theme.paper),
        "refused": (theme.failure, theme.failure, theme.paper),
        "not seen": (theme.paper, theme.neutral, theme.neutral),
        "unknown": (theme.band, theme.neutral, theme.ink),
    }[status]


def _draw_rails(where: Sheet, data: StartupData, heights: list[float]) -> None:
    """One rail a run: solid as far as it is known to have come, dotted behind."""
    centres: list[float] = []
    top = 0.0
    for height in heights:
        centres.append(top + _RUNG / 2)
        top += height
    for at in range(len(data.runs)):
        climbed = [place for place, r in enumerate(data.rungs) if r.statuses[at] == "reached"]
        last = climbed[-1] if climbed else 0
        for places, style in ((centres[: last + 1], "-"), (centres[last:], (0, (1, 3)))):
            if len(places) > 1:
                where.ax.plot(
                    [at * _COLUMN] * len(places),
                    places,
                    color=where.theme.neutral,
                    linewidth=1.2,
                    linestyle=style,
                    zorder=2,
                    clip_on=False,
                )


def _draw_marks(where: Sheet, rung: Rung, y: float) -> None:
    for at, status in enumerate(rung.statuses):
        face, outline, sign = _colors(status, where.theme)
        marker, letter = _LOOK[status]
        where.ax.plot(
            [at * _COLUMN],
            [y],
            marker=marker,
            markersize=_MARK * (0.92 if marker == "D" else 1),
            markerfacecolor=face,
            markeredgecolor=outline,
            markeredgewidth=1.4,
            linestyle="none",
            zorder=4,
            clip_on=False,
        )
        if letter:
            write(
                where,
                at * _COLUMN,
                y,
                letter,
                size=8,
                weight="bold",
                color=sign,
                ha="center",
                offset=(0, -0.5),
                zorder=6,
            )


def _draw_text(
    where: Sheet, rung: Rung, lines: list[tuple[str, bool]], x: float, top: float
) -> None:
    theme = where.theme
    y = top + _RUNG / 2
    bold = "refused" in rung.statuses
    room = where.width - x - (0 if rung.required == "yes" else 76)
    name = fitted(rung.title, 9.5, room, bold=bold)
    write(where, x, y, name, size=9.5, weight="bold" if bold else "normal")
    if rung.required != "yes":
        kind = "optional" if rung.required == "no" else "may be optional"
        after = x + text_width(name, 9.5, bold=bold) + 11
        write(where, after, y, kind, size=8, color=theme.muted)
    for at, (text, is_rule) in enumerate(lines):
        write(
            where,
            x + (_INDENT if is_rule else 0),
            top + _RUNG - 2 + _DETAIL * (at + 0.4),
            text,
            size=8,
            mono=is_rule,
            color=theme.ink if is_rule else theme.muted,
        )

"""The proposed rules: which run asked for them, and how much wider than the evidence they are."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sbdiag.display.plot_data import RulesData, rules_data
from sbdiag.display.plot_data.rules import BREADTHS, Breadth, RuleRow
from sbdiag.display.plots.footer import footer
from sbdiag.display.plots.heads import Heads, heads
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
    write,
)
from sbdiag.display.reported import HasRules
from sbdiag.display.theme import Theme, ThemeName, theme_of
from sbdiag.display.visible import counted

_WIDTH: Final = 684.0
_RULE_LINE: Final = 13.0
_PAD: Final = 14.0
_COLUMN: Final = 34.0
# More columns would leave no room for the rules.
_MOST_RUNS: Final = 8
_STOP: Final = 30.0
_MARKS: Final[dict[Breadth, str]] = {"exact": "o", "wider": "D", "whole operation": "s"}
_HEADS: Final = ("exact", "wider", "whole")
_NOTES: Final = (
    "Numbers: refusals that the rule answers, by run.",
    "Breadth: exact admits what was seen, wider admits more names, whole the whole operation.",
)


def plot_rules(report: HasRules, *, theme: ThemeName = "light", ax: Axes | None = None) -> Axes:
    """Draw the proposed rules against the runs and against their breadth.

    One row a rule, as it is printed. On the left the refusals that it answers, one column for
    each run, and how much more it admits than was seen, on a scale of three: exact (circle),
    wider (diamond), the whole operation (square). Below the rule stand its evidence and what
    replay proved. Of more than 8 runs the earlier ones share a column. Of more than 40 rules the
    first 40 are drawn, and a last row counts the others.

    Parameters
    ----------
    report
        A report: its ``rules``, ``denials`` and ``verification``.
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
        If the denials frame lacks a column.
    ValueError
        If there is no such theme.
    """
    return draw_rules(rules_data(report), ax, theme=theme)


def draw_rules(data: RulesData, target: Target = None, *, theme: ThemeName = "light") -> Axes:
    """Draw what :func:`rules_data` computed, on axes, on an empty figure, or on a new one."""
    colors = theme_of(theme)
    data = data.latest(_MOST_RUNS)
    names = heads(data.runs, _COLUMN)
    # The last name, turned, must not reach over the heads of the scale.
    scale_at = max(len(data.runs) * _COLUMN + 22, (len(data.runs) - 0.5) * _COLUMN + names.overhang)
    text_at = scale_at + 2 * _STOP + 26
    room = axes_width(target, _WIDTH - 20) - text_at - 8
    lines = [rule_lines(row.lines, 8.5, room) for row in data.rows]
    heights = [(len(text) + 1) * _RULE_LINE + _PAD for text in lines]
    last = _RULE_LINE + _PAD if data.more else 0.0
    total = sum(heights) + last or 30.0
    foot = footer((), (), _NOTES if data.rows else (), width=_WIDTH - 16)
    where = sheet(
        target,
        colors,
        width=_WIDTH,
        height=total,
        margins=Margins(8, 12, 32 + max(names.height, 16), 4 + foot.height),
    )
    bare(where.ax)
    where.ax.set_xlim(0, where.width)
    where.ax.set_ylim(total, 0)
    if data.rows:
        names.draw(where, [(at + 0.5) * _COLUMN for at in range(len(data.runs))])
        scale = Heads(_HEADS, turned=False)
        scale.draw(where, [scale_at + at * _STOP for at in range(3)], muted=(True,) * 3)
    else:
        write(where, 0.5, 0.5, "No rule is proposed", ha="center", xycoords="axes fraction")
    top = 0.0
    for at, (row, text, height) in enumerate(zip(data.rows, lines, heights, strict=True)):
        if at % 2 == 0:
            where.ax.add_patch(
                Rectangle((0, top), where.width, height, facecolor=colors.band, linewidth=0)
            )
        middle = top + height / 2
        _draw_counts(where, row, middle)
        _draw_breadth(where, row.breadth, middle, scale_at)
        y = top + _PAD / 2 + _RULE_LINE / 2
        for line in text:
            write(where, text_at, y, line, size=8.5, mono=True)
            y += _RULE_LINE
        note = f"{row.evidence}; {row.proof}" if row.proof else row.evidence
        write(where, text_at, y, fitted(note, 8, room), size=8, color=colors.muted)
        top += height
    if data.more:
        said = f"… and {counted(data.more, 'more rule')}, in report.rules"
        write(where, text_at, top + last / 2, said, size=8.5, color=colors.muted)
    count = len(data.rows) + data.more
    set_title(
        where,
        f"{counted(count, 'rule')} against {'its' if count == 1 else 'their'} evidence",
        above=max(names.height, 16),
    )
    foot.draw(where, left=0, top=-4)
    return where.ax


def _draw_counts(where: Sheet, row: RuleRow, y: float) -> None:
    theme = where.theme
    for at, count in enumerate(row.by_run):
        if count:
            where.ax.add_patch(
                Rectangle(
                    (at * _COLUMN + 2, y - 9),
                    _COLUMN - 4,
                    18,
                    facecolor=theme.paper,
                    edgecolor=theme.ink,
                    linewidth=0.9,
                )
            )
        write(
            where,
            (at + 0.5) * _COLUMN,
            y,
            _short(count) if count else "·",
            size=8.5,
            ha="center",
            weight="bold" if count else "normal",
            color=theme.ink if count else theme.muted,
        )


def _draw_breadth(where: Sheet, breadth: Breadth, y: float, x: float) -> None:
    theme = where.theme
    stop = BREADTHS.index(breadth)
    where.ax.plot([x, x + 2 * _STOP], [y, y], color=theme.grid, linewidth=1.2, zorder=2)
    color = _breadth_color(breadth, theme)
    where.ax.plot([x, x + stop * _STOP], [y, y], color=color, linewidth=3, zorder=3)
    where.ax.plot(
        [x + stop * _STOP],
        [y],
        marker=_MARKS[breadth],
        markersize=9,
        markerfacecolor=color,
        markeredgecolor=theme.edge,
        markeredgewidth=0.6,
        linestyle="none",
        zorder=4,
    )


def _breadth_color(breadth: Breadth, theme: Theme) -> str:
    return {
        "exact": theme.success,
        "wider": theme.groups[1],
        "whole operation": theme.failure,
    }[breadth]


def _short(count: int) -> str:
    """Write a count in a cell's width: 9,999 in full, then thousands and millions."""
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"

"""What was refused to whom, as a table of shaded numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle

from sbdiag.display.plot_data import OperationsData, operations_data
from sbdiag.display.plots.footer import footer
from sbdiag.display.plots.heads import heads
from sbdiag.display.plots.sheet import (
    Margins,
    Sheet,
    Target,
    axes_width,
    bare,
    fitted,
    set_title,
    sheet,
    text_width,
    write,
)
from sbdiag.display.theme import Theme, ThemeName, theme_of
from sbdiag.display.visible import counted

_WIDTH: Final = 684.0
_ROW: Final = 21.0
_WIDEST_NAME: Final = 210.0
_WIDEST_COLUMN: Final = 110.0
_SIZE: Final = 8.5


def plot_operations(
    denials: pd.DataFrame, *, theme: ThemeName = "light", ax: Axes | None = None
) -> Axes:
    """Draw how often each operation was refused to each process.

    Every cell holds its number (lines and their duplicate reports) on a shade that grows with its
    logarithm; the last column is the operation's total. Rarest operations and processes beyond a
    page's worth share the last row and column.

    Parameters
    ----------
    denials
        The denials frame; ``allow`` reports are left out.
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
        If the frame lacks a column.
    ValueError
        If there is no such theme.
    """
    return draw_operations(operations_data(denials), ax, theme=theme)


def draw_operations(
    data: OperationsData, target: Target = None, *, theme: ThemeName = "light"
) -> Axes:
    """Draw what :func:`operations_data` computed, on axes, on a figure, or on a new one."""
    colors = theme_of(theme)
    rows = [fitted(name, _SIZE, _WIDEST_NAME, mono=True) for name in data.operations]
    left = 16 + max((text_width(name, _SIZE, mono=True) for name in rows), default=0)
    across = axes_width(target, _WIDTH - left - 12)
    column = min(across / (len(data.processes) + 1), _WIDEST_COLUMN)
    names = heads([*data.processes, "all"] if rows else [], column)
    total = max(len(rows), 1) * _ROW
    foot = footer((), (), data.notes, width=_WIDTH - 16)
    where = sheet(
        target,
        colors,
        width=_WIDTH,
        height=total,
        margins=Margins(left, 12, 32 + names.height, 4 + foot.height),
    )
    bare(where.ax)
    where.ax.set_xlim(0, where.width)
    where.ax.set_ylim(total, 0)
    for at, name in enumerate(rows):
        write(where, 0, (at + 0.5) * _ROW, name, size=_SIZE, mono=True, ha="right", offset=(-8, 0))
    names.draw(
        where,
        [(at + 0.5) * column for at in range(len(names.names))],
        muted=[False] * len(data.processes) + [True],
    )
    _draw_cells(where, data, column)
    if not rows:
        write(where, 0.5, 0.5, "No refusal to show", ha="center", xycoords="axes fraction")
    set_title(where, _title(data), above=names.height)
    foot.draw(where, left=8 - left, top=-4)
    return where.ax


def _title(data: OperationsData) -> str:
    return f"{counted(int(data.counts.sum()), 'refusal')} by operation and process"


def _draw_cells(where: Sheet, data: OperationsData, column: float) -> None:
    theme = where.theme
    shades = _shades(theme)
    most = np.log1p(max(int(data.counts.max(initial=0)), 1))
    for row, counts in enumerate(data.counts):
        y = row * _ROW
        for at, count in enumerate(counts):
            share = float(np.log1p(count) / most)
            face = shades(share) if count else (0.0, 0.0, 0.0, 0.0)
            where.ax.add_patch(
                Rectangle(
                    (at * column + 1, y + 1),
                    column - 2,
                    _ROW - 2,
                    facecolor=face,
                    edgecolor=theme.grid,
                    linewidth=0.6,
                )
            )
            dark = count and _luminance(face[:3]) < 0.18
            write(
                where,
                (at + 0.5) * column,
                y + _ROW / 2,
                f"{count:,}" if count else "·",
                size=_SIZE,
                ha="center",
                color="#ffffff" if dark else "#111418" if count else theme.muted,
            )
        write(
            where,
            (len(counts) + 0.5) * column,
            y + _ROW / 2,
            f"{int(counts.sum()):,}",
            size=_SIZE,
            ha="center",
            color=theme.muted,
        )


def _shades(theme: Theme) -> LinearSegmentedColormap:
    """Return shades from a tint of the paper towards the first group's colour, one hue.

    The darkest is light enough, and the lightest dark enough, for the numbers to stand off.
    """
    full, paper = np.array(to_rgb(theme.groups[0])), np.array(to_rgb(theme.paper))
    pale, deep = (share * full + (1 - share) * paper for share in (0.16, 0.72))
    return LinearSegmentedColormap.from_list("refusals", [tuple(pale), tuple(deep)])


def _luminance(color: tuple[float, ...]) -> float:
    """Relative luminance by WCAG 2.2: white text is the better one below 0.18."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

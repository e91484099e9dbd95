"""The sheet a picture is drawn on: axes of a size measured in inches, and text that is only text.

A bare ``Figure`` shows nothing in a notebook when its Axes is returned (IPython knows how to
show figures that pyplot holds), so with ``ax=None`` the figure is pyplot's: it appears below the
cell, which closes it. Pages and widgets bring axes of a figure of their own; then pyplot is
not even imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Annotation, Text
from matplotlib.textpath import text_to_path

from sbdiag.display.theme import MONO, SANS, Theme
from sbdiag.display.visible import named, shorten

POINTS = 72.0


@dataclass(frozen=True, slots=True)
class Margins:
    """Room around the axes, in points."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """Axes to draw on and their size in points."""

    ax: Axes
    width: float
    height: float
    margins: Margins
    theme: Theme


Target: TypeAlias = "Axes | Figure | None"


def sheet(target: Target, theme: Theme, *, width: float, height: float, margins: Margins) -> Sheet:
    """Return axes to draw on.

    Parameters
    ----------
    target
        Axes of the caller, used as they are; an empty figure, which gets the size that is needed;
        or ``None`` for a new figure of pyplot's.
    theme
        Colours.
    width, height
        Width of a new figure and height of its axes, in points.
    margins
        Room around new axes.
    """
    if target is None:
        from matplotlib import pyplot  # only here: importing it chooses a backend

        target = pyplot.figure()
    if isinstance(target, Figure):
        total = height + margins.top + margins.bottom
        target.set_size_inches(width / POINTS, total / POINTS)
        target.set_facecolor(theme.paper)
        across = (width - margins.left - margins.right) / width
        corner = (margins.left / width, margins.bottom / total)
        target = target.add_axes((*corner, across, height / total))
    target.set_facecolor(theme.paper)
    target.grid(False)  # whatever the reader's own style says
    box = target.get_window_extent()
    scale = POINTS / target.figure.dpi
    return Sheet(target, box.width * scale, box.height * scale, margins, theme)


def axes_width(target: Target, otherwise: float) -> float:
    """Return the width of axes that are there already, in points; `otherwise` for new ones."""
    if isinstance(target, Axes):
        return float(target.get_window_extent().width) * POINTS / target.figure.dpi
    return otherwise


def rule_lines(lines: Sequence[str], size: float, room: float) -> list[str]:
    """Return a rule on one line if it fits, else on its own few lines, each cut to fit."""
    joined = " ".join(line.strip() for line in lines)
    if text_width(joined, size, mono=True) <= room or not 1 < len(lines) <= 4:
        return [fitted(joined, size, room, mono=True)] if joined else []
    return [fitted(line, size, room, mono=True) for line in lines]


def write(
    where: Sheet,
    x: float,
    y: float,
    text: str,
    *,
    color: str | None = None,
    size: float = 9,
    mono: bool = False,
    weight: Literal["normal", "bold"] = "normal",
    ha: Literal["left", "center", "right"] = "left",
    va: Literal["top", "center", "bottom", "baseline"] = "center",
    xycoords: Any = "data",
    offset: tuple[float, float] = (0, 0),
    rotation: float = 0,
    backed: bool = False,
    zorder: float = 5,
) -> Annotation:
    """Write text at a place, moved by `offset` points; it is never read as mathematics or TeX."""
    note = where.ax.annotate(
        drawable(text, mono=mono),
        (x, y),
        xytext=offset,
        xycoords=xycoords,
        textcoords="offset points",
        color=color or where.theme.ink,
        fontsize=size,
        family=MONO if mono else SANS,
        weight=weight,
        ha=ha,
        va=va,
        rotation=rotation,
        annotation_clip=False,
        bbox={"facecolor": where.theme.paper, "edgecolor": "none", "pad": 0.8} if backed else None,
        zorder=zorder,
    )
    plain(note)
    return note


def set_title(where: Sheet, title: str, *, above: float = 0) -> None:
    """Set the axes' title, `above` points over its usual place."""
    plain(
        where.ax.set_title(
            drawable(title),
            loc="left",
            pad=10 + above,
            color=where.theme.ink,
            fontsize=11,
            family=SANS,
            weight="bold",
        )
    )


def plain(text: Text) -> None:
    """Keep a text from being read as mathematics or TeX, whatever it holds or is set to."""
    text.set_parse_math(False)
    text.set_usetex(False)


def drawable(text: str, *, mono: bool = False) -> str:
    """Return `text` with characters that the font has no glyph for named instead."""
    if text.isascii():
        return text
    font = get_font(findfont(FontProperties(family=MONO if mono else SANS)))
    return "".join(
        char if char == "\n" or font.get_char_index(ord(char)) else named(char) for char in text
    )


def text_width(text: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """Return the width in points of one line of text, as wide as a screen may make it.

    Small letters are fitted to whole pixels there, which widens a line by a few hundredths.
    """
    font = FontProperties(family=MONO if mono else SANS, size=size)
    if bold:
        font.set_weight("bold")
    width, _height, _descent = text_to_path.get_text_width_height_descent(
        drawable(text, mono=mono), font, ismath=False
    )
    return float(width) * (1.04 if mono else 1.02)


def fitted(text: str, size: float, room: float, *, mono: bool = False, bold: bool = False) -> str:
    """Return `text`, cut in the middle if it is wider than `room` points."""
    if text_width(text, size, mono=mono, bold=bold) <= room:
        return text
    # The widest cut that fits, by halving: width grows with every character kept.
    shortest, longest = 2, len(text) - 1
    while shortest < longest:
        keep = (shortest + longest + 1) // 2
        if text_width(shorten(text, keep), size, mono=mono, bold=bold) <= room:
            shortest = keep
        else:
            longest = keep - 1
    return shorten(text, shortest)


def bare(ax: Axes) -> None:
    """Take away frame and ticks."""
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)

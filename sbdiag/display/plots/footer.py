"""What stands below a picture: the legend, a key, and the notes, in lines that fit its width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, BboxTransformTo, ScaledTranslation, Transform

from sbdiag.display.plots.sheet import POINTS, Sheet, drawable, fitted, plain, text_width
from sbdiag.display.theme import SANS, GroupStyle

_SIZE: Final = 8.5
_LINE: Final = 15.0
_NOTE_LINE: Final = 12.5
_SYMBOL: Final = 16.0
_BETWEEN: Final = 16.0
_WIDEST_KEY: Final = 250.0
_END: Final = 8.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the legend: what a look means.

    ``look`` is ``None`` for a text that explains itself; ``bar`` draws a patch instead of a
    mark; ``size`` is a mark's diameter in points; ``outline`` its edge, if it is no group's.
    """

    text: str
    look: GroupStyle | None = None
    bar: bool = False
    size: float = 7.0
    outline: str = ""


@dataclass(frozen=True, slots=True)
class Footer:
    """Entries and notes, broken into lines."""

    lines: tuple[tuple[Entry, ...], ...]
    notes: tuple[str, ...]

    @property
    def height(self) -> float:
        """How much room it takes below the axes' own labels, in points."""
        return len(self.lines) * _LINE + len(self.notes) * _NOTE_LINE + _END

    def draw(self, where: Sheet, *, left: float, top: float) -> None:
        """Draw it, from a corner given in points from the axes' lower left one."""
        y = top
        for line in self.lines:
            y -= _LINE
            x = left
            for entry in line:
                x = _draw_entry(where, entry, x, y + _LINE / 2)
        for note in self.notes:
            y -= _NOTE_LINE
            _put(where, left, y + _NOTE_LINE / 2, note, where.theme.muted, 8)


def footer(
    entries: Sequence[Entry], key: Iterable[str], notes: Iterable[str], *, width: float
) -> Footer:
    """Break legend, key and notes into lines no wider than `width` points."""
    texts = [Entry(fitted(text, _SIZE, min(width, _WIDEST_KEY))) for text in key]
    return Footer(
        (*_flow(entries, width), *_flow(texts, width)),
        tuple(_wrapped(" ".join(notes), 8, width)),
    )


def points_from_corner(where: Sheet) -> Transform:
    """Return the coordinates in points from the lower left corner of the axes."""
    figure = where.ax.figure
    corner = ScaledTranslation(0, 0, BboxTransformTo(where.ax.bbox))
    return Affine2D().scale(1 / POINTS) + figure.dpi_scale_trans + corner


def _flow(entries: Sequence[Entry], width: float) -> list[tuple[Entry, ...]]:
    lines: list[list[Entry]] = []
    used = 0.0
    for entry in entries:
        extent = _extent(entry)
        if not lines or used + extent > width:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += extent + _BETWEEN
    return [tuple(line) for line in lines]


def _extent(entry: Entry) -> float:
    return (_SYMBOL if entry.look else 0.0) + text_width(entry.text, _SIZE)


def _wrapped(text: str, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, size, width))
    return lines


def _draw_entry(where: Sheet, entry: Entry, x: float, y: float) -> float:
    points = points_from_corner(where)
    if entry.look:
        if entry.bar:
            where.ax.add_artist(
                Rectangle(
                    (x, y - 3.5),
                    11,
                    7,
                    facecolor=entry.look.color,
                    edgecolor=where.theme.edge,
                    hatch=entry.look.hatch,
                    linewidth=0.5,
                    transform=points,
                    clip_on=False,
                )
            )
        else:
            where.ax.add_artist(
                Line2D(
                    [x + 5.5],
                    [y],
                    marker=entry.look.marker,
                    markersize=entry.size,
                    color=entry.look.color,
                    markeredgecolor=entry.outline or where.theme.edge,
                    markeredgewidth=1.2 if entry.outline else 0.6,
                    linestyle="none",
                    transform=points,
                    clip_on=False,
                )
            )
        x += _SYMBOL
    _put(where, x, y, entry.text, where.theme.ink, _SIZE)
    return x + text_width(entry.text, _SIZE) + _BETWEEN


def _put(where: Sheet, x: float, y: float, text: str, color: str, size: float) -> None:
    plain(
        where.ax.text(
            x,
            y,
            drawable(text),
            color=color,
            fontsize=size,
            family=SANS,
            va="center",
            transform=points_from_corner(where),
            clip_on=False,
        )
    )

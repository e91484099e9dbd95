"""Names above columns: level where they fit, else all turned, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final

from sbdiag.display.plots.sheet import Sheet, fitted, text_width, write

_SIZE: Final = 8.5
_ANGLE: Final = 38.0
_WIDEST: Final = 130.0
_GAP: Final = 6.0


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of columns of one width.

    Attributes
    ----------
    names
        As they are written, cut where they are very long.
    turned
        Whether they are written at an angle.
    """

    names: tuple[str, ...]
    turned: bool

    @property
    def height(self) -> float:
        """Room above the axes, in points."""
        if not self.names:
            return 0.0
        widest = max(text_width(name, _SIZE) for name in self.names)
        return widest * sin(radians(_ANGLE)) + 14 if self.turned else 16.0

    @property
    def overhang(self) -> float:
        """How far the last name reaches to the right of its column's middle, in points."""
        if not self.names:
            return 0.0
        width = text_width(self.names[-1], _SIZE)
        return width * cos(radians(_ANGLE)) if self.turned else width / 2

    def draw(self, where: Sheet, places: Sequence[float], *, muted: Sequence[bool] = ()) -> None:
        """Write the names above their columns' middles (x in data coordinates)."""
        for at, (x, name) in enumerate(zip(places, self.names, strict=True)):
            quiet = at < len(muted) and muted[at]
            write(
                where,
                x,
                1,
                name,
                size=_SIZE,
                color=where.theme.muted if quiet else where.theme.ink,
                ha="left" if self.turned else "center",
                va="bottom",
                rotation=_ANGLE if self.turned else 0,
                xycoords=("data", "axes fraction"),
                offset=(-4 if self.turned else 0, 4),
            )


def heads(names: Sequence[str], column: float) -> Heads:
    """Fit names over columns `column` points wide."""
    short = tuple(fitted(name, _SIZE, _WIDEST) for name in names)
    return Heads(short, any(text_width(name, _SIZE) > column - _GAP for name in short))

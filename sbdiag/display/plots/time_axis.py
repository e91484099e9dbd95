"""The time axis: idle stretches cut out, ticks on the clock, the zone named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, Locator

from sbdiag.display.plot_data.clock import SECOND, step_at_least
from sbdiag.display.theme import SANS, Theme

Floats = npt.NDArray[np.float64]

_DAY_US: Final = 86_400 * SECOND
_PAD: Final = 0.015  # of the axis, at both ends
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NONE: Final = timedelta(0)
_MICROSECOND: Final = timedelta(microseconds=1)
_CUT: Final = 0.05  # of the active time, for one idle stretch


def days(microseconds: npt.ArrayLike) -> Floats:
    """Return times in microseconds since 1970 UTC in days, matplotlib's date numbers."""
    return np.asarray(microseconds, dtype=np.float64) / _DAY_US


def moment(date: float, tz: tzinfo) -> datetime:
    """Return the time of a date number, to the microsecond, on the clocks of a zone."""
    return (_EPOCH + timedelta(microseconds=round(date * _DAY_US))).astimezone(tz)


def zone(name: str) -> tzinfo:
    """Return the zone of this name.

    Raises
    ------
    ValueError
        If there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # which one depends on the name's shape
        raise ValueError(f"tz={name!r} is no zone of the time zone database") from error


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Dates to places on the axis and back, with idle stretches narrowed.

    ``dates`` and ``places`` are the knots of a piecewise linear function, both ascending, in
    days; outside of them it goes on with slope one.
    """

    dates: Floats
    places: Floats
    cuts: tuple[tuple[float, float], ...]

    @classmethod
    def over(cls, first: int, last: int, gaps: Sequence[tuple[int, int]]) -> TimeScale:
        """Return the scale for times from `first` to `last` (microseconds) with `gaps` narrowed."""
        active = max(last - first - sum(end - start for start, end in gaps), 1)
        narrow = active * min(_CUT, 0.4 / max(len(gaps), 1))
        dates, places = [first], [0.0]
        for start, end in gaps:
            places += [places[-1] + start - dates[-1], places[-1] + start - dates[-1] + narrow]
            dates += [start, end]
        places.append(places[-1] + max(last - dates[-1], 1))
        dates.append(max(last, dates[-1] + 1))
        return cls(
            days(dates),
            np.asarray(places) / _DAY_US,
            tuple(
                (float(start), float(end)) for start, end in days(list(gaps) or np.empty((0, 2)))
            ),
        )

    def forward(self, dates: npt.ArrayLike) -> Floats:
        """Return the places of dates."""
        return _piecewise(np.asarray(dates, dtype=np.float64), self.dates, self.places)

    def backward(self, places: npt.ArrayLike) -> Floats:
        """Return the dates of places."""
        return _piecewise(np.asarray(places, dtype=np.float64), self.places, self.dates)

    def limits(self) -> tuple[float, float]:
        """Return the dates at which the axis begins and ends, with some room at both ends."""
        length = float(self.places[-1] - self.places[0])
        pad = length * _PAD if length * _DAY_US > 10 else 1 / 86_400
        low, high = self.backward([self.places[0] - pad, self.places[-1] + pad])
        return float(low), float(high)

    def fraction(self, dates: npt.ArrayLike) -> Floats:
        """Return how far along the axis dates stand, 0 to 1."""
        low, high = self.forward(self.limits())
        return np.asarray((self.forward(dates) - low) / (high - low), dtype=np.float64)


def _piecewise(at: Floats, xs: Floats, ys: Floats) -> Floats:
    inside = np.interp(at, xs, ys)
    return np.asarray(
        inside + np.minimum(at - xs[0], 0.0) + np.maximum(at - xs[-1], 0.0), dtype=np.float64
    )


class ClockLocator(Locator):
    """Ticks at round times of a zone, as many as there is room for, none in an idle stretch."""

    def __init__(self, scale: TimeScale, tz: tzinfo, most: int) -> None:
        self.scale = scale
        self.tz = tz
        self.most = max(most, 2)

    def __call__(self) -> list[float]:
        """Return the ticks of the visible part of the axis."""
        if self.axis is None:
            return []
        low, high = self.axis.get_view_interval()
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return ticks between two dates, ascending."""
        low, high = sorted((vmin, vmax))
        start, end = (float(place) for place in self.scale.forward([low, high]))
        room = (end - start) / self.most
        step = step_at_least(room * _DAY_US)
        shift = round((moment(low, self.tz).utcoffset() or _NONE) / _MICROSECOND)
        ticks: list[float] = []
        last = -np.inf
        for first, stop in self._stretches(low, high):
            # In whole microseconds, so that a tick at a round time prints as one.
            begin, finish = round(first * _DAY_US), round(stop * _DAY_US)
            rounds = range(-(-(begin + shift) // step), (finish + shift) // step + 1)
            # A stretch too short for a round time is marked where it begins.
            whole = min(step, SECOND)
            for point in [at * step - shift for at in rounds] or [begin // whole * whole]:
                tick = float(days(point))
                at = float(self.scale.forward(tick))
                if tick >= low and at - last >= room * (0.9 if step < SECOND else 0.7):
                    ticks.append(tick)
                    last = at
        return ticks

    def _stretches(self, low: float, high: float) -> list[tuple[float, float]]:
        edges = [low, *(edge for cut in self.scale.cuts for edge in cut), high]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        inside = ((max(first, low), min(stop, high)) for first, stop in pairs)
        return [(first, stop) for first, stop in inside if first <= stop]


class ClockFormatter(Formatter):
    """Clock times as exact as the ticks need; the date under the first and where it changes."""

    def __init__(self, tz: tzinfo) -> None:
        self.tz = tz

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return one tick's text, to the millisecond (for the cursor)."""
        return f"{moment(x, self.tz):%Y-%m-%d %H:%M:%S.%f}"[:-3]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the texts of all ticks."""
        moments = [moment(value, self.tz) for value in values]
        if not moments:
            return []
        whole_days = all((m.hour, m.minute, m.second, m.microsecond) == (0,) * 4 for m in moments)
        if whole_days and len(moments) > 1:
            return [f"{m:%Y-%m-%d}" for m in moments]
        digits = max(_decimals(m.microsecond) for m in moments)
        seconds = digits or any(m.second for m in moments)
        texts = []
        for at, then in enumerate(moments):
            text = f"{then:%H:%M:%S}" if seconds else f"{then:%H:%M}"
            if digits:
                text += f".{then.microsecond:06d}"[: digits + 1]
            if at == 0 or then.date() != moments[at - 1].date():
                text += f"\n{then:%Y-%m-%d}"
            texts.append(text)
        return texts


def _decimals(microsecond: int) -> int:
    return len(f"{microsecond:06d}".rstrip("0"))


def dress_time_axis(
    ax: Axes, scale: TimeScale, tz: tzinfo, name: str, theme: Theme, *, width: float
) -> None:
    """Give `ax` its time axis.

    Parameters
    ----------
    ax
        Axes whose x is matplotlib's date number.
    scale
        Where dates stand.
    tz, name
        The zone of the ticks, and how the axis names it.
    theme
        Colours.
    width
        Width of the axes in points.
    """
    if scale.cuts:
        ax.set_xscale("function", functions=(scale.forward, scale.backward))
    ax.set_xlim(*scale.limits())
    ax.xaxis.set_major_locator(ClockLocator(scale, tz, most=int(width // 74)))
    ax.xaxis.set_major_formatter(ClockFormatter(tz))
    ax.minorticks_off()
    ax.tick_params(axis="x", colors=theme.muted, labelsize=8, labelfontfamily=SANS, length=3)
    ax.set_xlabel(f"time ({name})", color=theme.ink, fontsize=9, family=SANS)

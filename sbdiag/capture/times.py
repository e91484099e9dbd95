"""The times of log lines: read as printed, settled once the whole capture is known.

A time is one of three kinds. *utc*: the line says its zone. *local*: it says none, so the zone
the caller names (default UTC) is applied at the end. *yearless*: an ASL line, which has neither
year nor zone; :func:`settle` takes the year from the rest of the capture.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from sbdiag.errors import CaptureError

Kind: TypeAlias = Literal["utc", "local", "yearless", "none"]
KINDS: Final[tuple[Kind, ...]] = ("none", "utc", "local", "yearless")
NAT: Final = np.iinfo(np.int64).min
_DAY: Final = 86_400_000_000
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_YEARS: Final = range(1970, 2200)  # no Mac has printed another one and meant it
_LEAP_YEAR: Final = 2000  # yearless times stand here until settled: 29 February exists
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Microseconds since 1970-01-01 on the clock that `kind` names."""

    micros: int
    kind: Kind


def iso_moment(date: str, clock: str, zone: str | None) -> Moment | None:
    """Read ``2026-09-08``, ``12:08:19.267`` and ``-0400``; ``None`` if no such moment exists."""
    try:
        day = dt.date.fromisoformat(date)
    except ValueError:
        return None
    micros = _clock_micros(clock)
    if micros is None or day.year not in _YEARS:
        return None
    total = _days(day) + micros
    if not zone:
        return Moment(total, "local")
    if zone == "Z":
        return Moment(total, "utc")
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return Moment(total - (-1 if zone[0] == "-" else 1) * minutes * 60_000_000, "utc")


def asl_moment(month: str, day: str, clock: str) -> Moment | None:
    """Read ``Apr``, ``1`` and ``22:14:08``."""
    micros = _clock_micros(clock)
    try:
        date = dt.date(_LEAP_YEAR, MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None
    return None if micros is None else Moment(_days(date) + micros, "yearless")


def console_moment(
    first: str, second: str, year: str, clock: str, *, half: str | None, dotted: bool
) -> Moment | None:
    """Read the date of an old Console copy, which is as localised as its machine was.

    ``12/28/15 7:51:26.000 AM`` puts the month first, as locales with AM and PM do; without AM or
    PM (``16/03/2015 13:01:54.000``, ``28.9.2015 9.04.10,000``) the day stands first. A number above
    12 can only be the day.
    """
    month, day = (int(first), int(second)) if half and not dotted else (int(second), int(first))
    if month > 12:
        month, day = day, month
    try:
        date = dt.date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    except ValueError:
        return None
    hour, minute, second_text = re.split("[:.]", clock, maxsplit=2)
    hours = int(hour) % 12 + (12 if half == "PM" else 0) if half else int(hour)
    micros = _clock_micros(f"{hours}:{minute}:{second_text}")
    if micros is None or date.year not in _YEARS:
        return None
    return Moment(_days(date) + micros, "local")


def time_zone(tz: str | dt.tzinfo | None) -> dt.tzinfo:
    """Return the zone of times that name none.

    Raises
    ------
    CaptureError
        If no zone of that name is known.
    """
    if tz is None:
        return dt.UTC
    if isinstance(tz, dt.tzinfo):
        return tz
    try:
        return dt.UTC if tz.upper() == "UTC" else ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError, AttributeError) as error:
        raise CaptureError(f"unknown time zone {tz!r}; write it as 'Europe/Paris'") from error


def settle(
    micros: npt.ArrayLike,
    kinds: npt.ArrayLike,
    *,
    tz: str | dt.tzinfo | None,
    modified: float | None,
) -> tuple[pd.Series, tuple[str, ...]]:
    """Turn times as read into times in UTC.

    Parameters
    ----------
    micros, kinds
        One pair a record, in the capture's order: microseconds, and the index in :data:`KINDS`.
    tz
        Zone of *local* and *yearless* times; ``None`` assumes UTC and says so.
    modified
        When the capture's file was last written, in seconds since 1970, if it is a file.

    Returns
    -------
    tuple[pandas.Series, tuple[str, ...]]
        ``datetime64[us, UTC]``, and what was assumed, one sentence each.

    Notes
    -----
    The year of a yearless time is that of the newest record with a date; where none has one, the
    year in which the file was last written, since no line is newer than its file; in a pipe
    neither is known, and such times stay NaT. The current date plays no part: the same input gives
    the same frame.
    """
    zone = time_zone(tz)
    kind = np.asarray(kinds, dtype=np.int8)
    in_utc = bool((kind == KINDS.index("utc")).all())
    values = np.array(micros, dtype=np.int64, copy=None if in_utc else True)
    notes: list[str] = []
    yearless = kind == KINDS.index("yearless")
    if yearless.any():
        notes.append(_fill_years(values, kind, yearless, zone, modified))
    naive = yearless | (kind == KINDS.index("local"))
    naive &= values != NAT
    if naive.any():
        if tz is None:
            notes.append(f"times without a zone ({naive.sum()}): UTC was assumed")
        values[naive], ambiguous = _to_utc(values[naive], zone)
        if ambiguous:
            notes.append(
                f"times in an hour that {zone} has twice or not at all ({ambiguous}): "
                "read by the order of the lines"
            )
    values[kind == KINDS.index("none")] = NAT
    times = pd.Series(values.view("M8[us]"), copy=False).dt.tz_localize("UTC")
    return times, tuple(notes)


def _fill_years(
    values: np.ndarray,
    kind: np.ndarray,
    yearless: np.ndarray,
    zone: dt.tzinfo,
    modified: float | None,
) -> str:
    """Give yearless times a year, in place; return the sentence that says which."""
    dated = values[(kind != KINDS.index("none")) & ~yearless]
    dated = dated[dated != NAT]
    where = np.flatnonzero(yearless)
    # A log runs forwards: a fall of more than half a year is a new year.
    turns = np.concatenate([[0], np.cumsum(np.diff(values[where]) < -183 * _DAY)])
    if dated.size:
        year = int(dated.max().view("M8[us]").astype("M8[Y]").astype(int)) + 1970
        source = "the newest dated line"
    elif modified is not None:
        newest = dt.datetime.fromtimestamp(modified, tz=zone) + dt.timedelta(days=1)
        year = newest.year
        last = dt.datetime(_LEAP_YEAR, 1, 1) + dt.timedelta(
            microseconds=int(values[where[-1]]) - _days(dt.date(_LEAP_YEAR, 1, 1))
        )
        if (last.month, last.day) > (newest.month, newest.day):
            year -= 1
        source = "the file's date"
    else:
        values[where] = NAT
        return f"times without a year ({where.size}), and nothing says which: left out"
    for index, turn in zip(where, turns - turns[-1], strict=True):
        values[index] = _in_year(int(values[index]), year + int(turn))
    first = year + int(turns[0] - turns[-1])
    years = str(year) if first == year else f"{first} to {year}"
    return f"times without a year ({where.size}): {years} was taken, from {source}"


def _in_year(micros: int, year: int) -> int:
    days, rest = divmod(micros, _DAY)
    date = dt.date.fromordinal(_EPOCH + days)
    try:
        return _days(date.replace(year=year)) + rest
    except ValueError:  # 29 February of a year that has none
        return NAT


def _to_utc(naive: np.ndarray, zone: dt.tzinfo) -> tuple[np.ndarray, int]:
    """Convert wall-clock times; count those that the zone has twice or not at all.

    Of an hour that comes twice, lines belong to the first until their times step back.
    """
    wall = pd.DatetimeIndex(naive.view("M8[us]"))
    if zone is dt.UTC:
        return naive, 0
    known = wall.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    doubtful = np.flatnonzero(known.isna())
    if not doubtful.size:
        return _micros(known), 0
    first = np.ones(len(wall), dtype=bool)  # True: daylight-saving time, the first of the two
    second_run, previous = False, -1
    for index in doubtful:
        if previous >= 0:
            step = int(naive[index]) - int(naive[previous])
            second_run = abs(step) < _DAY and (second_run or step < -60_000_000)
        first[index] = not second_run
        previous = int(index)
    settled = wall.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return _micros(settled), int(doubtful.size)


def _micros(times: pd.DatetimeIndex) -> np.ndarray:
    return np.asarray(times.tz_convert("UTC").tz_localize(None).as_unit("us").asi8)


def _days(date: dt.date) -> int:
    return (date.toordinal() - _EPOCH) * _DAY


def _clock_micros(clock: str) -> int | None:
    """Microseconds since midnight of ``22:14:08`` or ``12:08:19.267``, comma or point."""
    hour, minute, rest = clock.split(":")
    second, _, fraction = rest.replace(",", ".").partition(".")
    hours, minutes, seconds = int(hour), int(minute), int(second)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    micros = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros

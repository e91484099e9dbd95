from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from sbdiag.capture.times import asl_moment, console_moment, iso_moment, settle, time_zone
from sbdiag.errors import CaptureError

DAY = 86_400


def settled(
    *times: tuple[str, str],
    tz: str | dt.tzinfo | None = "UTC",
    modified: str | None = None,
) -> tuple[list[str], tuple[str, ...]]:
    """Settle (kind, time) pairs; return times as text, and the notes."""
    kinds = {"none": 0, "utc": 1, "local": 2, "yearless": 3}
    micros = [pd.Timestamp(time).value // 1000 for _, time in times]
    series, notes = settle(
        micros,
        [kinds[kind] for kind, _ in times],
        tz=tz,
        modified=None if modified is None else pd.Timestamp(modified).timestamp(),
    )
    assert str(series.dtype) == "datetime64[us, UTC]"
    return ["" if time is pd.NaT else f"{time:%Y-%m-%d %H:%M}" for time in series], notes


@pytest.mark.parametrize(
    ("date", "clock", "zone"),
    [
        ("0000-00-00", "00:00:00", None),
        ("2026-02-30", "00:00:00", None),
        ("2026-02-03", "24:00:00", None),
        ("2026-02-03", "12:60:00", "Z"),
        ("9999-12-31", "23:59:59", "-9900"),
    ],
)
def test_moments_that_do_not_exist(date: str, clock: str, zone: str | None) -> None:
    assert iso_moment(date, clock, zone) is None


@pytest.mark.parametrize(
    ("first", "second", "year", "half", "dotted", "date"),
    [
        ("12", "28", "15", "AM", False, "2015-12-28"),
        ("3", "4", "15", "AM", False, "2015-03-04"),
        ("3", "4", "2015", None, False, "2015-04-03"),
        ("3", "4", "2015", None, True, "2015-04-03"),
        ("4", "16", "2015", None, False, "2015-04-16"),
        ("16", "4", "2015", "PM", False, "2015-04-16"),
        ("30", "2", "2015", None, True, None),
    ],
)
def test_dates_of_old_console_copies(
    first: str, second: str, year: str, half: str | None, dotted: bool, date: str | None
) -> None:
    moment = console_moment(first, second, year, "1:02:03", half=half, dotted=dotted)
    if date is None:
        assert moment is None
    else:
        assert moment is not None
        assert pd.Timestamp(moment.micros, unit="us").date().isoformat() == date


@pytest.mark.parametrize(("clock", "half", "hour"), [("12:00:00", "AM", 0), ("12:00:00", "PM", 12)])
def test_noon_and_midnight(clock: str, half: str, hour: int) -> None:
    moment = console_moment("1", "2", "15", clock, half=half, dotted=False)
    assert moment is not None
    assert pd.Timestamp(moment.micros, unit="us").hour == hour


def test_an_asl_date_that_does_not_exist() -> None:
    assert asl_moment("Feb", "30", "12:00:00") is None


def test_no_zone_is_assumed_and_said() -> None:
    times, notes = settled(("local", "2026-09-08 12:00"), tz=None)
    assert times == ["2026-09-08 12:00"]
    assert notes == ("times without a zone (1): UTC was assumed",)


@pytest.mark.parametrize("tz", ["Europe/Paris", dt.timezone(dt.timedelta(hours=2))])
def test_a_named_zone_holds_for_times_without_one_only(tz: str | dt.tzinfo) -> None:
    times, notes = settled(("local", "2026-09-08 12:00"), ("utc", "2026-09-08 12:00"), tz=tz)
    assert times == ["2026-09-08 10:00", "2026-09-08 12:00"]
    assert notes == ()


@pytest.mark.parametrize("tz", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "a\0b", "€"])
def test_an_unknown_zone_is_an_error(tz: str) -> None:
    with pytest.raises(CaptureError, match="unknown time zone"):
        time_zone(tz)


def test_an_hour_that_comes_twice_is_read_by_the_order_of_lines() -> None:
    # 2026-10-25, 3:00 becomes 2:00 again in Paris
    clocks = ["01:59", "02:10", "02:50", "02:05", "02:20", "03:01"]
    times, notes = settled(*(("local", f"2026-10-25 {c}") for c in clocks), tz="Europe/Paris")
    assert [time[-5:] for time in times] == ["23:59", "00:10", "00:50", "01:05", "01:20", "02:01"]
    assert notes == (
        "times in an hour that Europe/Paris has twice or not at all (4): "
        "read by the order of the lines",
    )


def test_an_hour_that_does_not_exist_moves_to_the_next() -> None:
    times, notes = settled(("local", "2026-03-29 02:30"), tz="Europe/Paris")
    assert times == ["2026-03-29 01:00"]
    assert len(notes) == 1


def test_the_year_comes_from_the_newest_dated_line() -> None:
    times, notes = settled(
        ("utc", "2014-05-01 00:00"), ("yearless", "2000-04-01 22:14"), ("utc", "2013-01-01 00:00")
    )
    assert times[1] == "2014-04-01 22:14"
    assert notes == ("times without a year (1): 2014 was taken, from the newest dated line",)


def test_a_log_that_runs_over_new_year_has_two_years() -> None:
    times, notes = settled(
        ("yearless", "2000-12-30 00:00"),
        ("yearless", "2000-12-31 23:59"),
        ("yearless", "2000-01-01 00:01"),
        modified="2017-01-02 12:00",
    )
    assert [time[:10] for time in times] == ["2016-12-30", "2016-12-31", "2017-01-01"]
    assert notes == ("times without a year (3): 2016 to 2017 was taken, from the file's date",)


@pytest.mark.parametrize(
    ("modified", "year"), [("2017-06-01", "2017"), ("2017-03-01", "2016"), ("2017-03-31", "2017")]
)
def test_no_line_is_newer_than_its_file(modified: str, year: str) -> None:
    times, _ = settled(("yearless", "2000-04-01 00:00"), modified=modified)
    assert times[0].startswith(year)


def test_a_leap_day_in_a_year_that_has_none_is_no_time() -> None:
    times, _ = settled(("yearless", "2000-02-29 00:00"), ("utc", "2015-05-01 00:00"))
    assert times[0] == ""


def test_a_year_that_nothing_says_is_not_invented() -> None:
    times, notes = settled(("yearless", "2000-04-01 00:00"), ("none", "2000-01-01 00:00"))
    assert times == ["", ""]
    assert notes == ("times without a year (1), and nothing says which: left out",)

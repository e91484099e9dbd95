from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.message import Message
from sbdiag.capture.quoted import read_quoted
from sbdiag.capture.styles import is_banner, may_open, read_header
from sbdiag.capture.times import Moment

MESSAGE = "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers"


def micros(text: str) -> int:
    return pd.Timestamp(text).value // 1000


@pytest.mark.parametrize(
    ("columns", "style", "origin", "moment"),
    [
        (
            "2026-09-08 12:08:19.267 E  kernel[0:42486c] (Sandbox) ",
            "compact",
            "kernel",
            Moment(micros("2026-09-08 12:08:19.267"), "local"),
        ),
        (
            "2026-09-08 12:08:19 Df sandboxd[321:9ab] [com.apple.sandbox.reporting:violation] ",
            "compact",
            "sandboxd",
            Moment(micros("2026-09-08 12:08:19"), "local"),
        ),
        (
            "2022-01-07 00:57:47.733025-0800 0x858ae5   Error       0x0                  0      0"
            "    kernel: (Sandbox) ",
            "default",
            "kernel",
            Moment(micros("2022-01-07 08:57:47.733025"), "utc"),
        ),
        (
            "2016-11-05 10:22:11.123456-0700 0x1234     Default     0x0                  0      "
            "kernel: (Sandbox) ",  # before the TTL column
            "default",
            "kernel",
            Moment(micros("2016-11-05 17:22:11.123456"), "utc"),
        ),
        (
            "2023-05-26 13:42:44.136100+0530  localhost kernel[0]: (Sandbox) [a.b:c] ",
            "syslog",
            "kernel",
            Moment(micros("2023-05-26 08:12:44.136100"), "utc"),
        ),
        (
            "2023-06-29 21:02:36.7106 -0700   error 0x00649 0x0 sandboxd[102] (sandboxd): ",
            "ips",
            "sandboxd",
            Moment(micros("2023-06-30 04:02:36.710600"), "utc"),
        ),
        (
            "Apr  1 22:14:08 havorn kernel[0] <Notice>: ",
            "asl",
            "kernel",
            Moment(micros("2000-04-01 22:14:08"), "yearless"),
        ),
        (
            "Feb 29 22:14:08 sandboxd[1671]: ([8321]) ",
            "asl",
            "sandboxd",
            Moment(micros("2000-02-29 22:14:08"), "yearless"),
        ),
        ("sandboxd[7944]([7941]): ", "asl", "sandboxd", None),
        ("sandboxd: ([1674]) ", "asl", "sandboxd", None),
        ("error\t13:02:53.856266+0800\tkernel\t", "console", "kernel", None),
        ("par défaut\t14:21:33.411156 +0100\tkernel\tSandbox\t", "console", "kernel", None),
        ("13:02:53.856266+0800\tkernel\t", "console", "kernel", None),
        ("error\t13:02:53.856266+0800\tkernel\t0\tSandbox\t\t\t", "console", "kernel", None),
        (
            "error\t2026-09-08 13:02:53.856266+0800\tkernel\t",
            "console",
            "kernel",
            Moment(micros("2026-09-08 05:02:53.856266"), "utc"),
        ),
        (
            "12/28/15 7:51:26.000 PM\tkernel[0]\t",
            "console",
            "kernel",
            Moment(micros("2015-12-28 19:51:26"), "local"),
        ),
        (
            "28.9.2015 9.04.10,000 kernel[0]: ",
            "console",
            "kernel",
            Moment(micros("2015-09-28 09:04:10"), "local"),
        ),
        (
            "03/04/2015 13:01:54.000 kernel[0]: ",
            "console",
            "kernel",
            Moment(micros("2015-04-03 13:01:54"), "local"),
        ),
        (
            "2015-09-28 09:04:10,000 kernel[0]: ",
            "console",
            "kernel",
            Moment(micros("2015-09-28 09:04:10"), "local"),
        ),
        ("kernel: (Sandbox) ", "message", "kernel", None),
        (
            "2026-10-01T11:04:02.1130000Z 2026-09-08 12:08:19.267 E  kernel[0:4] (Sandbox) ",
            "compact",
            "kernel",
            Moment(micros("2026-09-08 12:08:19.267"), "local"),
        ),
        (
            "0000-00-00 00:00:00.000 E  kernel[0:1] (Sandbox) ",
            "compact",
            "kernel",
            None,
        ),
    ],
)
def test_columns_of_each_style(
    columns: str, style: str, origin: str, moment: Moment | None
) -> None:
    header = read_header(columns + MESSAGE)
    assert header is not None
    assert (header.style, header.origin, header.moment) == (style, origin, moment)
    assert header.message == MESSAGE


@pytest.mark.parametrize(
    "columns",
    [
        "2026-09-08 12:08:19.267 Df node[4711:42486c] (libsystem) ",
        "2026-09-08 12:08:19.267 Df kernel[4711:42486c] (Sandbox) ",
        "2026-09-08 12:08:19.267000+0000 0x8   Error   0x0   4711   0    kernel: (Sandbox) ",
        "2026-09-08 12:08:19.267000+0000  localhost kernel[4711]: (Sandbox) ",
        "Apr  1 22:14:08 havorn kernel[4711] <Notice>: ",
        "error\t13:02:53.856266+0800\tkernel\t4711\tSandbox\t",
        # the name of a program that wants to look like the kernel
        "2026-09-08 12:08:19.267 Df kernel[0:1] (Sandbox) Sandbox: x(1) deny(1) lsopen[47:1a] ",
        "2026-09-08 12:08:19.267000+0000  localhost kernel[0]: x[4711]: ",
    ],
)
def test_a_process_that_is_neither_kernel_nor_sandboxd_is_other(columns: str) -> None:
    header = read_header(columns + MESSAGE)
    assert header is not None
    assert header.origin == "other"


@pytest.mark.parametrize(
    ("line", "style", "origin", "target"),
    [
        (MESSAGE, "message", "reported", "/private/etc/sudoers"),
        (f"    > `{MESSAGE}`", "message", "reported", "/private/etc/sudoers"),
        (f"- [...] {MESSAGE}", "message", "reported", "/private/etc/sudoers"),
        (f"2026-10-01T11:04:02.1130000Z {MESSAGE}", "message", "reported", "/private/etc/sudoers"),
        (
            f"error: {MESSAGE} (in target 'X' from project 'Y')",
            "xcode",
            "reported",
            "/private/etc/sudoers",
        ),
        (f"❌  error: {MESSAGE}", "xcode", "reported", "/private/etc/sudoers"),
        (f"PWQP: {MESSAGE}", "message", "other", "/private/etc/sudoers"),
        (f"and then came {MESSAGE} again", "message", "other", "/private/etc/sudoers again"),
    ],
)
def test_lines_without_columns(line: str, style: str, origin: str, target: str) -> None:
    assert read_header(line) is None
    quoted = read_quoted(line)
    assert quoted is not None
    assert (quoted.header.style, quoted.header.origin) == (style, origin)
    assert isinstance(quoted.parsed, Message)
    assert quoted.parsed.target == target


@pytest.mark.parametrize(
    "line",
    [
        'Filtering the log data using "sender == "Sandbox""',
        "Timestamp                       Thread     Type        Activity             PID    TTL  ",
        "Timestamp               Ty Process[PID:TID]",
        "Timestamp                       (process)[PID]    ",
        "-" * 100,
        "Log      - Default:          0, Info:                0, Debug:             0, Error: 1",
    ],
)
def test_banners(line: str) -> None:
    assert is_banner(line)
    assert read_header(line) is None
    assert read_quoted(line) is None


LINE = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789-:. \t[]()kernelsandboxdErrorApr0x", max_size=80),
)


@given(LINE)
@settings(max_examples=500, deadline=None)
def test_the_quick_look_never_misses_columns(line: str) -> None:
    read_quoted(line)
    assert read_header(line) is None or may_open(line)


@pytest.mark.parametrize(
    "line",
    [
        "12:00:00 " * 50000,
        "2026-09-08 12:08:19 E " + " " * 200000,
        "2026-09-08 12:08:19 E " + "[" * 200000,
        "2026-09-08 12:08:19 x " + "a[1" * 50000,
        "Apr  1 22:14:08 " + "a " * 100000,
        "error\t" + " " * 200000,
        "error: Sandbox: x" + " " * 200000 + "y",
        "Error 0x0 0 0 " + "x: " * 50000,
        "error: " * 50000,
        "Sandbox: x(1) deny(1) lsopen " + '",' * 100000 + "}",
        "kernel" + " " * 200000,
        "[...]" * 50000,
    ],
    ids=range(12),
)
def test_no_line_takes_long(line: str) -> None:
    began = time.process_time()
    read_header(line)
    read_quoted(line)
    assert time.process_time() - began < 60

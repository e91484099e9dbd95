from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS, UNPARSED
from sbdiag.capture.many import read_denials
from sbdiag.capture.unified_log import Counts, Reading, read_capture
from sbdiag.errors import CaptureError, CaptureReadError

MESSAGE = "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers"
COMPACT = "2026-09-08 12:08:19.267 E  {process}[{pid}:42486c] {message}"
KERNEL = COMPACT.format(process="kernel", pid=0, message=f"(Sandbox) {MESSAGE}")
OTHER = COMPACT.format(process="node", pid=4711, message="listening")
CORPUS = Path(__file__).with_name("corpus.jsonl").read_text(encoding="utf-8").splitlines()
MAGIC = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
RAW: list[str] = [json.loads(line)["raw"] for line in CORPUS]


def read(*lines: str, **options: Any) -> Reading:
    reading = read_capture("\n".join(lines).encode("utf-8", "surrogateescape"), **options)
    check(reading)
    return reading


def check(reading: Reading) -> None:
    counts = reading.counts
    assert counts.lines == counts.denials + counts.continuation + counts.not_ours + counts.unparsed
    assert counts.denials == len(reading.denials)
    assert counts.unparsed == len(reading.unparsed)
    for frame, schema in ((reading.denials, DENIALS), (reading.unparsed, UNPARSED)):
        assert list(frame.columns) == schema.names
        assert [str(dtype) for dtype in frame.dtypes] == [c.dtype for c in schema.columns]
        for column in schema.columns:
            if column.categories:
                assert list(frame[column.name].cat.categories) == list(column.categories)


# -- whose line it is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "origins"),
    [
        ([MESSAGE], ["reported"]),
        ([KERNEL], ["kernel"]),
        ([KERNEL, MESSAGE], ["kernel", "reported"]),
        ([OTHER, MESSAGE], ["other"]),
        ([OTHER, "more", "", "1", "2026", MESSAGE], ["other"]),
        ([OTHER, "kernel: (Sandbox) x", MESSAGE], ["other"]),
        ([OTHER, f"kernel: (Sandbox) {MESSAGE}"], ["other"]),
        ([OTHER, KERNEL, MESSAGE], ["kernel", "reported"]),
        ([OTHER, *["0 x"] * 200, MESSAGE], ["other"]),
        ([KERNEL, *[OTHER] * 200, MESSAGE], ["kernel", "other"]),
        ([COMPACT.format(process="node", pid=4711, message=MESSAGE)], ["other"]),
        ([COMPACT.format(process="node", pid=4711, message=f"[x] said {MESSAGE}")], ["other"]),
        ([COMPACT.format(process="node", pid=4711, message=""), MESSAGE], ["other"]),
        ([COMPACT.format(process="kernel", pid=0, message=f"PWQP: {MESSAGE}")], ["other"]),
        ([COMPACT.format(process="sandboxd", pid=321, message=MESSAGE)], ["sandboxd"]),
        ([f"error: {MESSAGE} (in target 'A' from project 'B')"], ["reported"]),
    ],
)
def test_origin(lines: list[str], origins: list[str]) -> None:
    assert list(read(*lines).denials["origin"]) == origins


def test_bare_messages_among_log_lines_are_noted() -> None:
    notes = read(KERNEL, "", MESSAGE, tz="UTC").notes
    assert notes == ("bare messages among log lines (1): who wrote them is not shown",)


# -- what belongs to a record -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "tags", "counts"),
    [
        ([KERNEL, "a tag of words"], ["a tag of words"], Counts(2, 1, 1)),
        ([KERNEL, '{"id": 3}'], ['{"id": 3}'], Counts(2, 1, 1)),
        ([KERNEL, "", "no tag"], [None], Counts(3, 1, 0, 2)),
        ([KERNEL, "tag", "no tag"], ["tag"], Counts(3, 1, 1, 1)),
        ([KERNEL, OTHER], [None], Counts(2, 1, 0, 1)),
        ([KERNEL, MESSAGE], [None, None], Counts(2, 2)),
        ([KERNEL, 'Filtering the log data using "x"'], [None], Counts(2, 1, 0, 1)),
        ([KERNEL, '{"count":1,"finished":1}'], [None], Counts(2, 1, 0, 1)),
        ([KERNEL, "[{"], [None], Counts(2, 1, 0, 1)),
        ([KERNEL, "```"], [None], Counts(2, 1, 0, 1)),
        ([MESSAGE, "leash-capturetest99"], ["leash-capturetest99"], Counts(2, 1, 1)),
        ([MESSAGE, "a sentence below it"], [None], Counts(2, 1, 0, 1)),
        ([f"error: {MESSAGE}", "word"], [None], Counts(2, 1, 0, 1)),
    ],
)
def test_tags(lines: list[str], tags: list[str | None], counts: Counts) -> None:
    reading = read(*lines)
    assert [None if pd.isna(tag) else tag for tag in reading.denials["tag"]] == tags
    assert reading.counts == counts


@pytest.mark.parametrize(
    ("lines", "duplicates", "counts"),
    [
        ([MESSAGE, "--- last message repeated 245 times ---"], [245], Counts(2, 1, 1)),
        ([KERNEL, "Apr  1 22:14:40 --- last message repeated 1 time ---"], [1], Counts(2, 1, 1)),
        ([MESSAGE, *["--- last message repeated 2 times ---"] * 2], [8], Counts(3, 1, 2)),
        ([f"3 duplicate reports for {MESSAGE}", "--- last message repeated 1 time ---"], [7], None),
        ([MESSAGE, OTHER, "--- last message repeated 2 times ---"], [0], Counts(3, 1, 0, 2)),
        (["--- last message repeated 2 times ---"], [], Counts(1, 0, 0, 1)),
    ],
)
def test_folded_lines(lines: list[str], duplicates: list[int], counts: Counts | None) -> None:
    reading = read(*lines)
    assert list(reading.denials["duplicates"]) == duplicates
    assert counts in (None, reading.counts)


def test_old_duplicate_reports_take_the_layer_of_what_they_repeat() -> None:
    denial = "Sandbox: mds(76) System Policy: deny(1) file-read-metadata /x"
    repeat = "Sandbox: 4 duplicate reports for mds deny(1) file-read-metadata /x"
    assert list(read(denial, repeat).denials["layer"]) == ["system-policy", "system-policy"]
    assert list(read(repeat).denials["layer"]) == ["profile"]
    other = "Sandbox: mds(77) deny(1) file-read-metadata /x"
    assert list(read(denial, other, repeat).denials["layer"])[-1] == "profile"


# -- lines that are kept ------------------------------------------------------------------------


def test_unparsed_lines_say_where_and_why() -> None:
    reading = read(KERNEL, "", "Sandbox: no such thing", "x", run="here")
    assert reading.unparsed.to_dict("records") == [
        {
            "run": "here",
            "line": 3,
            "text": "Sandbox: no such thing",
            "reason": "names the sandbox, but no verdict (deny or allow)",
        }
    ]


@pytest.mark.parametrize(
    "line",
    [
        "log[1:2] args: '--predicate' 'eventMessage CONTAINS \"Sandbox: \"'",
        COMPACT.format(
            process="log", pid=4, message="predicate 'eventMessage CONTAINS \"Sandbox: \"'"
        ),
        'Filtering the log data using "eventMessage CONTAINS "Sandbox: ""',
        "deny network-outbound example.com:443 (not in allowedDomains)",
        "kernel: (Sandbox) Sandbox: hook..execve() killing <unsigned>[pid=1402, uid=0]: no",
        "",
    ],
)
def test_lines_that_look_like_denials_and_are_not(line: str) -> None:
    assert read(line, "x").counts == Counts(2, 0, 0, 2, 0)


LINES = st.one_of(
    st.sampled_from(RAW),
    st.sampled_from([MESSAGE, KERNEL, OTHER, "", "[{", "},{", "}]", "tag", "Sandbox: what"]),
    st.text(max_size=40),
)


@given(st.lists(LINES, max_size=12), st.sampled_from([None, "Europe/Paris"]))
@settings(max_examples=150, deadline=None)
def test_no_line_is_lost_in_any_text(lines: list[str], tz: str | None) -> None:
    text = "\n".join(lines).encode("utf-8", "replace")
    reading = read_capture(text, tz=tz)
    check(reading)
    assert reading.counts.lines >= text.count(b"\n") + (not text.endswith(b"\n")) - (not text)
    again = read_capture(text, tz=tz)
    pd.testing.assert_frame_equal(reading.denials, again.denials)


@given(st.binary(max_size=300) | st.lists(st.sampled_from(RAW)).map(lambda x: repr(x).encode()))
@settings(max_examples=150, deadline=None)
def test_no_line_is_lost_in_any_bytes(data: bytes) -> None:
    try:
        reading = read_capture(data)
    except CaptureReadError:  # it begins like a compressed file and is none
        assert data.startswith(MAGIC)
    else:
        check(reading)


class Dribble(io.BytesIO):
    """A pipe that hands over a few bytes at a time."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read(min(7, size or 7))


@given(st.lists(st.sampled_from(RAW), max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_slow_pipe_gives_the_same_rows(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    slow, fast = read_capture(Dribble(data), run="x"), read_capture(data, run="x")
    pd.testing.assert_frame_equal(slow.denials, fast.denials)
    assert slow.counts == fast.counts


# -- the frame ----------------------------------------------------------------------------------


def test_an_empty_capture_has_the_same_types() -> None:
    reading = read_capture(b"")
    check(reading)
    assert reading.counts == Counts()
    assert reading.notes == ()


def test_columns_of_one_row() -> None:
    row = read(KERNEL, run="first").denials.iloc[0]
    assert row["time"] == pd.Timestamp("2026-09-08 12:08:19.267", tz="UTC")
    assert (row["target_kind"], row["target_name"]) == ("path", "/private/etc/sudoers")
    assert (row["run"], row["line"], row["style"]) == ("first", 1, "compact")


def test_times_take_the_zone() -> None:
    assert read(KERNEL, tz="Europe/Paris").denials["time"].dt.hour.item() == 10


def test_an_unknown_zone_fails_before_anything_is_read() -> None:
    with pytest.raises(CaptureError, match="unknown time zone 'Mars'"):
        read_capture("no such file", tz="Mars")


def test_the_year_of_asl_lines_is_the_file_s(tmp_path: Path) -> None:
    path = tmp_path / "system.log"
    path.write_text(f"Apr  1 22:14:08 host kernel[0]: {MESSAGE}\n")
    os.utime(path, (0, pd.Timestamp("2016-05-01").timestamp()))
    reading = read_capture(path, tz="UTC")
    assert reading.denials["time"].item() == pd.Timestamp("2016-04-01 22:14:08", tz="UTC")
    assert reading.notes == ("times without a year (1): 2016 was taken, from the file's date",)


def test_runs_are_named_after_files(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    path.write_text(KERNEL)
    assert list(read_capture(path).denials["run"]) == ["one.log"]
    with path.open("rb") as file:
        assert list(read_capture(file).denials["run"]) == ["one.log"]
    assert list(read_capture(path, run="r").denials["run"]) == ["r"]


def test_several_captures_in_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    path.write_text(KERNEL)
    frame = read_denials([path, io.BytesIO(MESSAGE.replace("file-read-data", "lsopen").encode())])
    assert list(frame["operation"]) == ["file-read-data", "lsopen"]
    assert list(frame.index) == [0, 1]
    assert [str(dtype) for dtype in frame.dtypes] == [c.dtype for c in DENIALS.columns]
    pd.testing.assert_frame_equal(read_denials(path), read_denials([path]))


def test_no_captures_no_rows() -> None:
    assert read_denials([]).empty


# -- progress -----------------------------------------------------------------------------------


def test_progress_is_told() -> None:
    data = (KERNEL + "\n").encode() * 5000
    told: list[tuple[int, int | None]] = []
    read_capture(data, progress=lambda done, size: told.append((done, size)))
    assert told == sorted(told)
    assert told[-1] == (len(data), len(data))


def test_progress_is_silent_unless_somebody_is_there(capfd: pytest.CaptureFixture[str]) -> None:
    read_capture(KERNEL.encode())
    assert capfd.readouterr() == ("", "")
    read_capture(KERNEL.encode(), progress=True)
    assert "reading" in capfd.readouterr().err


def test_a_directory_and_a_glob_are_read_as_analyze_reads_them(tmp_path: Path) -> None:
    line = "Sandbox: x(1) deny(1) mach-lookup com.example.a\n"
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "capture.log").write_text(line, "utf-8")
    assert list(read_denials(tmp_path)["run"]) == ["a", "b"]
    assert list(read_denials(str(tmp_path / "*" / "capture.log"))["run"]) == [
        "a/capture.log",
        "b/capture.log",
    ]

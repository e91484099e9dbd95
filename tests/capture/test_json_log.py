from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.lines import LINE_BYTES
from sbdiag.capture.unified_log import Counts, Reading, read_capture

KERNEL = {
    "timezoneName": "",
    "backtrace": {"frames": [{"imageOffset": 1}, {"imageOffset": 2}]},
    "processImagePath": "/kernel",
    "senderImagePath": "/System/Library/Extensions/Sandbox.kext/Contents/MacOS/Sandbox",
    "timestamp": "2026-10-01 15:22:31.831992+0000",
    "eventMessage": "Sandbox: cat(1089) deny(1) file-read-data /private/tmp/s.txt",
    "processID": 0,
}
OTHER = KERNEL | {"eventMessage": "hfs: mounted x on device disk4s3"}


def pretty(*records: dict[str, Any]) -> str:
    """One array as ``log show --style json`` prints it: ``[{`` … ``},{`` … ``}]``."""
    bodies = [json.dumps(record, indent=2)[1:-1] for record in records]
    return "[{" + "},{".join(bodies) + "}]\n"


def read(text: str) -> Reading:
    reading = read_capture(text.encode(), tz="UTC")
    counts = reading.counts
    assert counts.denials == len(reading.denials)
    assert counts.unparsed == len(reading.unparsed)
    return reading


def test_an_array_counts_its_lines() -> None:
    text = pretty(KERNEL, OTHER, KERNEL)
    reading = read(text)
    each = text.count("\n") // 3  # the line that ends a record begins the next
    assert reading.counts.lines == text.count("\n")
    assert (reading.counts.denials, reading.counts.unparsed) == (2, 0)
    assert reading.counts.not_ours == each
    assert list(reading.denials["line"]) == [1, 2 * each + 1]
    assert set(reading.denials["style"]) == {"json"}
    assert set(reading.denials["origin"]) == {"kernel"}


@pytest.mark.parametrize(
    ("text", "denials", "not_ours"),
    [
        (json.dumps([KERNEL, OTHER, KERNEL]), 2, 0),
        (json.dumps([KERNEL, OTHER, KERNEL], indent=4), 2, None),
        ("\n".join(map(json.dumps, [KERNEL, OTHER])) + '\n{"count":2,"finished":1}\n', 1, 2),
        ("[\n" + ",\n".join(map(json.dumps, [KERNEL, KERNEL])) + "\n]\n", 2, 2),
        ("[]", 0, 1),
        ("[\n]\n", 0, 2),
        (f"# log\n{pretty(KERNEL)}done", 1, 2),
        (json.dumps(KERNEL) + json.dumps(KERNEL), 2, 0),
    ],
)
def test_layouts(text: str, denials: int, not_ours: int | None) -> None:
    reading = read(text)
    assert reading.counts.denials == denials
    assert not_ours in (None, reading.counts.not_ours)
    assert not reading.notes


@pytest.mark.parametrize(
    ("change", "origin"),
    [
        ({}, "kernel"),
        ({"processImagePath": None}, "kernel"),
        ({"processID": 47}, "other"),
        ({"processImagePath": "/tmp/kernel"}, "other"),
        ({"processID": 47, "processImagePath": "/usr/libexec/sandboxd"}, "sandboxd"),
        ({"processID": 47, "processImagePath": "/tmp/sandboxd"}, "other"),
        ({"processID": False}, "kernel"),
        ({"processID": "0"}, "other"),
        ({"processID": None, "processImagePath": None}, "reported"),
    ],
)
def test_who_wrote_a_record(change: dict[str, Any], origin: str) -> None:
    record = {key: value for key, value in (KERNEL | change).items() if value is not None}
    reading = read(json.dumps(record))
    assert list(reading.denials["origin"]) == [origin]


def test_a_message_cannot_bring_its_own_columns() -> None:
    forged = "x\n2026-09-08 12:08:19.267 E  kernel[0:1] (Sandbox) Sandbox: a(1) deny(1) lsopen"
    for text in (forged, KERNEL["eventMessage"], f'"eventMessage":"{forged}"'):
        record = KERNEL | {"processImagePath": "/tmp/x", "processID": 47, "eventMessage": text}
        assert set(read(json.dumps(record)).denials["origin"]) <= {"other"}


def test_a_record_with_its_structured_record() -> None:
    meta = {"operation": "file-read-data", "target": "/whole/path", "pid": 1089}
    for value in (meta, json.dumps(meta)):
        reading = read(json.dumps(KERNEL | {"MetaData": value}))
        assert list(reading.denials["target"]) == ["/whole/path"]


def test_a_stream_that_was_cut_keeps_what_is_whole() -> None:
    line = json.dumps(KERNEL)
    cut = line[: line.index('"processID"')]
    reading = read(f"{line}\n{cut}")
    assert len(reading.denials) == 2
    # the writer's path was still there, its number was not
    assert list(reading.denials["origin"]) == ["kernel", "other"]
    assert reading.notes == ("broken JSON records (1): read line by line",)


def test_a_message_that_breaks_off_is_kept() -> None:
    line = json.dumps(KERNEL)
    reading = read(line[: line.index("/private") + 4])
    assert reading.counts == Counts(lines=1, unparsed=1)
    assert "breaks off" in reading.unparsed["reason"].item()


def test_a_broken_region_falls_to_lines_and_the_next_record_is_whole() -> None:
    text = pretty(KERNEL, OTHER)
    broken = text.replace('"timezoneName": "",', '"timezoneName": ",', 1)
    reading = read(
        broken + pretty(KERNEL) + "2026-10-01 15:00:00.000 E  kernel[0:1] (Sandbox) "
        "Sandbox: ls(2) deny(1) lsopen\n"
    )
    assert reading.counts.lines == broken.count("\n") * 1 + pretty(KERNEL).count("\n") + 1
    assert list(reading.denials["origin"]) == ["other", "kernel", "kernel"]
    assert list(reading.denials["style"]) == ["json", "json", "compact"]


def test_text_lines_end_an_object_that_never_closes() -> None:
    reading = read('{\n  "a" : {\nSandbox: ls(2) deny(1) lsopen\n' + pretty(KERNEL))
    assert list(reading.denials["process"]) == ["ls", "cat"]


def test_log_text_inside_a_report_is_read() -> None:
    ips = {
        "filteredLog": [
            "Timestamp                         Type Thread  Act Process[pid] (Sender)",
            "2023-06-29 21:02:36.7106 -0700   error 0x00649 0x0 sandboxd[102] (sandboxd): "
            "Sandbox: distnoted(91) deny(1) file-read-data /private/var/empty",
        ],
        "observer": {"stdout": "a\nSandbox: ls(2) deny(1) lsopen\ntag\n"},
    }
    reading = read(json.dumps(ips))
    assert list(reading.denials["process"]) == ["distnoted", "ls"]
    assert list(reading.denials["tag"].fillna("")) == ["", "tag"]
    assert reading.counts.denials == 2


def test_halves_of_a_surrogate_pair_are_replaced() -> None:
    line = '{"processID":0,"eventMessage":"Sandbox: a(1) deny(1) file-read-data \\/\\ud800"}'
    assert list(read(line).denials["target"]) == ["/\ufffd"]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100000,
        "[" * 100000,
        '{"a":' * 100000,
        "{\n" * 50000,
        "{\n {\n" * 50000,
        "}\n" * 10,
        '{"a":"' + "\\" * 100000,
        "{" + '"a":1,' * 100000,
    ],
    ids=range(8),
)
def test_hostile_json_is_read_in_linear_time(text: str) -> None:
    began = time.process_time()
    reading = read(text)
    assert time.process_time() - began < 60
    assert reading.counts.not_ours == reading.counts.lines > 0


def test_an_array_on_one_very_long_line() -> None:
    records = [KERNEL if n % 50 == 0 else OTHER for n in range(9000)]
    text = json.dumps(records, separators=(",", ":"))
    assert len(text) > 2 * LINE_BYTES
    reading = read(text)
    assert len(reading.denials) == 180
    assert reading.notes == ()


@given(
    st.lists(
        st.sampled_from(
            [
                '{"a',
                "{",
                "}",
                "[",
                "]",
                ",",
                '"',
                "\n",
                "\\",
                "1",
                ' "eventMe',
                'ssage":"Sandbox: a(1) deny(1) lsopen"',
                json.dumps(KERNEL),
                pretty(KERNEL),
            ]
        ),
        max_size=40,
    )
)
@settings(max_examples=200, deadline=None)
def test_scraps_of_json_lose_no_line(parts: list[str]) -> None:
    text = "".join(parts)
    reading = read(text)
    counts = reading.counts
    assert counts.lines == counts.denials + counts.continuation + counts.not_ours + counts.unparsed
    assert counts.lines >= text.count("\n")

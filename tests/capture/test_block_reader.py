"""The fast reader gives what the careful one gives, row for row and count for count."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture import block_stream, marks
from sbdiag.capture.block_reader import BlockReader
from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.ledger import Tally
from sbdiag.capture.line_reader import LineReader
from sbdiag.capture.lines import read_lines
from sbdiag.capture.rows import Rows

pytestmark = pytest.mark.usefixtures("way")

CORPUS = [
    json.loads(line)["raw"]
    for line in (Path(__file__).parent / "corpus.jsonl").read_text("utf-8").splitlines()
]
STAMP = "2026-09-08 12:08:19.267"
MESSAGE = "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers"


def entry(message: str, pid: int = 0) -> dict[str, object]:
    """Return a log entry as JSON has it."""
    image = "/usr/libexec/trustd" if pid else "/kernel"
    stamp = f"{STAMP}000+0000"
    return {
        "eventMessage": message,
        "timestamp": stamp,
        "processID": pid,
        "processImagePath": image,
    }


def pretty(*entries: dict[str, object]) -> str:
    """Write entries as ``log --style json`` does."""
    return "[" + ",".join(json.dumps(one, indent=2) for one in entries) + "]"


NOISE = [
    f"{STAMP} Df trustd[312:1f2a] [com.apple.securityd:trust] access will be allowed (at last) ",
    f"{STAMP} E  kernel[0:42486c] (Sandbox) ",
    f"{STAMP} E  kernel[0:42486c] (AppleMobileFileIntegrity) nothing of note",
    f"{STAMP} Df limactl[99:1f] {{",
    "  {",
    "{",
    "}",
    "},{",
    "[{",
    '{"a":1}{"b":2}, {"c":[{}]}',
    '{"a":1} {2} {',
    '"eventMessage" : "nothing",',
    "    key = value;",
    "",
    "\r",
    "a tag",
    "--- last message repeated 3 times ---",
    "Apr  1 22:14:08 havorn syslogd[150]: nothing",
    "12:00:00\tkernel\tSandbox",
    "{\t12:00:00\t7\t[1",
    "MetaData: {}",
    "allocated Sandbox Policy and duplicated it, (1) denying nothing",
    json.dumps(entry("nothing", 7)),
    json.dumps(entry("nothing", 7))[:-9],
    pretty(entry("nothing", 7), entry("(a) denial", 7)),
    pretty(entry("nothing", 7), entry("nothing", 8))[:-40],
    "3 duplicate reports for everything",
    "\ufffd\u2028(1)\u2003deny file-read-data /x",
]
OURS = [
    MESSAGE,
    f"{STAMP} E  kernel[0:42486c] (Sandbox) {MESSAGE}",
    f"{STAMP} E  kernel[0:42486c] (Sandbox) Sandbox: wc(1) deny(1) file-read-data",
    f"{STAMP}000+0000 0x858ae5   Error       0x0                  0      0    kernel: (Sandbox) "
    + MESSAGE,
    f"{STAMP}000+0000  localhost kernel[0]: (Sandbox) {MESSAGE}",
    f"{STAMP} E  kernel[0:42486c] 3 duplicate reports for",
    json.dumps(entry(MESSAGE)),
    json.dumps(entry("\\u0053andbox: wc(1) deny(1) file-read-data /x")).replace("\\\\", "\\"),
    json.dumps(entry("wc(1)\tdeny file-read-data /x", 3)),
    json.dumps(entry('{"action":"deny","operation":"file-read-data","target":"/x"}', 3)),
    json.dumps(entry(MESSAGE)) * 2 + json.dumps(entry("nothing")),
    pretty(entry("nothing", 7), entry(MESSAGE), entry("nothing", 8)),
    pretty(entry(MESSAGE))[:-30],
    json.dumps(
        {"report": [f"{STAMP} Df trustd[1:2] x", MESSAGE, {"Sandbox: in a key": "deny(1)"}]}
    ),
]
TEXTS = st.lists(st.sampled_from(NOISE * 2 + OURS + CORPUS), max_size=25).map("\n".join)


def outcome(rows: Rows, reader: LineReader) -> Outcome:
    denials, assumed = rows.denials("run", tz=None, modified=None)
    return denials, rows.unparsed("run"), reader.ledger.tally, (*reader.notes(), *assumed)


Outcome = tuple[pd.DataFrame, pd.DataFrame, Tally, tuple[str, ...]]


def careful(data: bytes) -> Outcome:
    rows = Rows()
    reader = LineReader(rows)
    for line in read_lines([data]):
        reader.read(line)
    reader.finish()
    return outcome(rows, reader)


def fast(data: bytes, capacity: int, *, ahead: bool = False) -> Outcome:
    rows = Rows()
    reader = LineReader(rows)
    blocks = read_blocks(io.BytesIO(data).readinto, ahead=ahead, capacity=capacity)
    BlockReader(reader).read(blocks)
    return outcome(rows, reader)


def assert_same(data: bytes, capacity: int, *, ahead: bool = False) -> None:
    denials, unparsed, tally, notes = fast(data, capacity, ahead=ahead)
    expected = careful(data)
    assert (tally, notes) == expected[2:]
    pd.testing.assert_frame_equal(denials, expected[0])
    pd.testing.assert_frame_equal(unparsed, expected[1])


@pytest.mark.parametrize("capacity", [64, 1000, 2**20])
def test_the_corpus(capacity: int) -> None:
    data = "\n".join(CORPUS).encode("utf-8", "replace")
    assert_same(data, capacity)
    assert fast(data, capacity)[2].denials > len(CORPUS) / 2


def test_a_block_may_end_anywhere() -> None:
    data = "\n".join([NOISE[0], OURS[1], "a tag", NOISE[0], OURS[6], OURS[11]]).encode()
    for capacity in range(8, len(data) + 2, 3):
        assert_same(data, capacity)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.integers(8, 3000))
def test_mixtures(text: str, capacity: int) -> None:
    assert_same(text.encode("utf-8", "replace"), capacity)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [
                b"Sandbox: ",
                b"deny(1) ",
                b"(1)",
                b" deny ",
                b"file-read-data ",
                b"\n",
                b'{"',
                b'"}',
                b"\\u0064",
            ]
        ),
        max_size=30,
    ).map(b"".join),
    st.integers(8, 200),
)
def test_random_bytes(data: bytes, capacity: int) -> None:
    assert_same(data, capacity)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(0, 5000), st.integers(0, 5000))
def test_broken_captures(text: str, start: int, length: int) -> None:
    data = text.encode("utf-8", "replace")
    assert_same(data[:start] + data[start + length :], 500)


def test_lines_longer_than_a_block_and_than_a_piece() -> None:
    entries = [entry("nothing " * 50, 7)] * 2500 + [entry(MESSAGE)] * 3
    long = json.dumps(entries, separators=(",", ":"))
    data = "\n".join([OURS[1], "x" * 1_100_000 + MESSAGE, long, OURS[1], "a tag"]).encode()
    assert_same(data, 2**16)
    assert_same(data, 2**20)
    assert fast(data, 2**20)[2].denials == 5


def test_another_thread_may_have_the_rest_of_a_long_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(data: memoryview) -> list[int]:
        time.sleep(0.001)  # long enough for the other thread to take what follows
        return marks.find_marks(data)

    monkeypatch.setattr(block_stream, "find_marks", slowly)
    # wherever it is cut, what follows is like columns of another program
    noise = f"{STAMP} E  kernel[0:42486c] (A) nothing of note"
    long = (OURS[1] + "/").ljust(2 * len(noise) + 2, "x") + f"{noise}/" * 40
    data = "\n".join([noise] * 40 + [long[:-1], "a tag".ljust(len(noise)), noise] * 5).encode()
    for pieces in range(9, 30):
        assert_same(data, pieces * (len(noise) + 1), ahead=True)

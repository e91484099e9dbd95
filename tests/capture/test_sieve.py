"""What is sifted out decides about nothing, and what is kept is kept in order."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sbdiag.capture import sieve
from sbdiag.capture.blocks import Block, Extract
from sbdiag.capture.line_reader import LineReader, sets_state
from sbdiag.capture.lines import read_lines
from sbdiag.capture.marks import CANDIDATE, find_marks
from sbdiag.capture.rows import Rows
from sbdiag.capture.sieve import sift

STAMP = "2026-09-08 12:08:19.267"
MESSAGE = "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers"
OURS = f"{STAMP} E  kernel[0:42486c] (Sandbox) {MESSAGE}"
OTHER = f"{STAMP} Df trustd[312:1f2a] [com.apple.securityd:trust] nothing of note"
LINES = [
    OURS,
    OTHER,
    OTHER,
    OTHER.replace("nothing", "will allow nothing"),
    f"{STAMP}000-0800 0x858ae5   Error       0x0                  0      0    kernel: {MESSAGE}",
    f"{STAMP}000-0800 0x858ae5   Default     0x0                  9      0    trustd: (a) x",
    f"{STAMP}000+0200  localhost kernel[0]: (Sandbox) {MESSAGE}",
    f"{STAMP}000+0200  localhost trustd[9]: (a) [b:c] x",
    f"{STAMP} E  kernel[0:42486c] (Sandbox) ",
    MESSAGE,
    "a tag",
    '{"a": 1}',
    '{"a": "it will allow"}',
    "},{",
    "[{",
    '  "b" : 2,',
    f'  "eventMessage" : "{MESSAGE}",',
    f'{{"eventMessage":"{MESSAGE}","processID":0}}',
    '{"eventMessage":"nothing","processID":0}',
    '{"cut',
    "{",
    "}",
    "",
    "Violation: x",
    "--- last message repeated 3 times ---",
]
TABBED = [  # columns of Console, and what may be their tag
    '{"a\t12:00:00\tkernel\tSandbox: wc(1) deny(1) file-read-data',
    '{"b":1}',
    '{"c":1}',
]
LINES += TABBED
texts = st.lists(st.sampled_from(LINES), max_size=30).map(lambda lines: "\n".join(lines).encode())


def piece_of(text: bytes) -> Block:
    piece = Block(len(text))
    piece.fill(io.BytesIO(text).readinto)
    piece.finish()
    return piece


def extract(text: bytes) -> Extract:
    return sift(piece_of(text), find_marks(memoryview(text)))


def outcome(reader: LineReader) -> tuple[object, ...]:
    reader.finish()
    rows = reader.ledger.rows
    return rows.rows(), rows.unparsed("run").to_dict(), reader.ledger.tally, reader.notes()


@given(texts, texts)
@example(OURS.encode(), "\n".join(['{"a": 1}', OTHER, OTHER]).encode())
@example(b"", "\n".join([*TABBED, OTHER, OTHER, OURS]).encode())
@example(b"", "\n".join(['{"a⇥12:00:00⇥kernel⇥'.replace("⇥", "\t"), *TABBED[1:]] * 2).encode())
@example(b"", b"\n")
@example(b"", "\n".join([OTHER, MESSAGE, '{"a": 1}', OTHER, OTHER]).encode())
@example(OTHER.encode(), b"{\n" + OURS.encode())
def test_an_extract_is_read_as_the_whole(before: bytes, text: bytes) -> None:
    """Whatever stood above a piece, and however much of it is left out."""
    whole = LineReader(Rows())
    for line in read_lines([before + b"\n" + text]):
        whole.read(line)
    reader = LineReader(Rows())
    lines = list(read_lines([before + b"\n"]))
    for line in lines:
        reader.read(line)
    found = extract(text)
    block = Block.joined([found])
    place, number = 0, len(lines) + 1
    while place < block.end:
        stop, missing = block.next_gap(place, block.end)
        for line in read_lines([found.text[place:stop]]):
            reader.read(line._replace(number=number + line.number - 1))
        number += found.text.count(b"\n", place, stop) + missing
        if missing:
            assert reader.at_rest
            reader.leave_out(missing)
        place = stop
    assert outcome(reader) == outcome(whole)


@given(texts)
def test_all_lines_are_kept_or_counted(text: bytes) -> None:
    found = extract(text)
    assert found.text.count(b"\n") + found.left_out.sum() == text.count(b"\n")
    assert (np.diff(found.gaps) > 0).all()
    kept = found.text.split(b"\n")
    ours = [line for line in text.split(b"\n") if CANDIDATE.search(line)]
    assert [line for line in kept if CANDIDATE.search(line)] == ours
    starts = {place + 1 for place in range(len(found.text)) if found.text[place] == 10} | {0}
    assert starts >= {*found.marks.tolist(), *found.gaps.tolist()}
    assert [found.text[start:].split(b"\n")[0] for start in found.marks.tolist()] == ours


@pytest.mark.parametrize(
    ("noise", "ours"),
    [
        (LINES[1], LINES[0]),
        (LINES[5], LINES[4]),
        (LINES[7], LINES[6]),
        (LINES[18], LINES[17]),
        ('},{\n  "a" : 1,\n  "b" : 2', f'}},{{\n  "a" : 1,\n{LINES[16]}\n  "b" : 2'),
    ],
    ids=["compact", "default", "syslog", "ndjson", "json"],
)
def test_little_is_kept_of_a_log(noise: str, ours: str) -> None:
    text = "\n".join([*[noise] * 50, ours] * 10 + [noise] * 50).encode()
    found = extract(text)
    # each with the record behind it; and one at either end
    assert found.text.count(b"\n") <= 12 * 2 * (noise.count("\n") + 1)
    assert len(found.gaps) == 11


STAMPS = [
    STAMP,
    "2026-02-29 12:08:19.267",
    "2026-02-30 12:08:19.267",
    "2026-12-31 24:00:00.000000+1460",
]
COLUMNS = st.tuples(
    st.sampled_from(STAMPS)
    | st.from_regex(
        r"(19|20)[0-9]{2}-[0-3][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{3}"
    ),
    st.sampled_from([" E  kernel[0:1f] ", " Df a-b.c[7:0] ", "000+0200  localhost x[1]: "])
    | st.sampled_from(
        ["-0800 0x1 Error 0x0 0 0 kernel: ", " 0x1 E\u0661 0x0 0 0 x: ", " Z x[1:2] "]
    ),
    st.text("()[]:ab \"'\u00a0\t", max_size=12),
).map("".join)


@given(COLUMNS)
@example(f"{STAMP} E  kernel[0:1f] (a) [b:c] ")
@example("1969-12-31 12:08:19.267 E  kernel[0:1f] (a) x")
@example("1970-01-01 00:00:00.000 E  kernel[0:1f] (a) x")
@example("2026-02-29 12:08:19.267 E  kernel[0:1f] (a) x")
@example(f'{STAMP} E  kernel[0:1f] (a) [b:c] "')
@example(f"{STAMP} E  kernel[0:1f] (a) [b:c]\u00a0")
def test_plain_columns_set_the_state(text: str) -> None:
    if sieve._COLUMNS.match(text.encode()):
        assert sets_state(text)


def test_indented_text_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of a message that are indented, and no object far and wide."""
    text = "\n".join([OTHER, *["  key = value;"] * 20_000, OURS, *["  key = value;"] * 20_000])
    looked = 0

    class Data(bytearray):
        def find(self, sub: bytes, start: int = 0, stop: int = 2**60) -> int:  # type: ignore[override]
            nonlocal looked
            found = super().find(sub, start, stop)
            looked += (min(stop, len(self)) if found < 0 else found) - start
            return found

    piece = piece_of(text.encode())
    monkeypatch.setattr(piece, "data", Data(piece.data))
    found = sift(piece, find_marks(memoryview(text.encode())))
    assert len(found.marks) == 1
    assert looked < 5 * len(text)

"""Blocks come in order, with all bytes or with what was left out counted, in one thread or two."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest

from sbdiag.capture import block_stream
from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.blocks import Block
from sbdiag.capture.survey import survey

NOISE = b"2026-09-08 12:08:19.267 Df trustd[312:1f2a] [a:b] number %06d\n"
OURS = b"2026-09-08 12:08:19.267 E  kernel[0:1f2a] (Sandbox) Sandbox: wc(%06d) deny(1) signal\n"


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_stream, "_FIRST_BYTES", 500)
    monkeypatch.setattr(block_stream, "_PIECE_BYTES", 40_000)
    monkeypatch.setattr(block_stream, "_ROUND_PIECES", 4)


def surveyed(text: bytes, *, ahead: bool, capacity: int = 200_000) -> Iterator[Block]:
    """Read blocks and look at each, as the reader does."""
    for block in read_blocks(io.BytesIO(text).readinto, ahead=ahead, capacity=capacity):
        survey(block, 0, (), dense=False)
        yield block


@pytest.mark.parametrize("ahead", [False, True])
def test_a_block_stays_as_long_as_it_is_in_use(ahead: bool) -> None:
    text = b"".join(b"%06d\n" % number for number in range(5000))
    seen = []
    # no whole number of lines, so that each block carries the beginning of the next one
    for block in read_blocks(io.BytesIO(text).readinto, ahead=ahead, capacity=705):
        before = bytes(block.data[: block.end])
        time.sleep(0.0005)  # long enough for the thread to read the next one
        assert bytes(block.data[: block.end]) == before
        seen.append(before)
    assert b"".join(seen) == text


@pytest.mark.parametrize("ahead", [False, True])
def test_where_marks_are_rare_lines_are_left_out(ahead: bool) -> None:
    lines = [OURS % n if n % 500 == 77 else NOISE % n for n in range(20_000)]
    number = kept = 0
    seen = []
    for block in surveyed(b"".join(lines), ahead=ahead):
        before = bytes(block.data[: block.end])
        time.sleep(0.0005)
        assert bytes(block.data[: block.end]) == before
        place = 0
        while place < block.end:
            stop, missing = block.next_gap(place, block.end)
            for line in before[place:stop].splitlines(keepends=True):
                assert line == lines[number]
                seen += [number] if b"Sandbox" in line else []
                number, kept = number + 1, kept + 1
            number, place = number + missing, stop
    assert number == len(lines)
    assert seen == list(range(77, 20_000, 500))
    assert kept < len(lines) / 10


@pytest.mark.parametrize("ahead", [False, True])
def test_both_ways_by_turns(ahead: bool) -> None:
    rare, frequent = NOISE % 1 * 3000, OURS % 2 * 3000
    text = (rare + frequent) * 6
    lines = text.count(b"\n")
    sizes = []
    total = 0
    for block in surveyed(text, ahead=ahead, capacity=20_000):
        total += block.lines_between(0, block.end)
        sizes.append(block.lines_between(0, block.end) - block.data.count(b"\n", 0, block.end))
    assert total == lines
    switches = sum((a > 0) != (b > 0) for a, b in pairwise(sizes))
    assert switches >= 6


@pytest.mark.parametrize("ahead", [False, True])
def test_a_long_line_ends_the_sifting(ahead: bool) -> None:
    text = NOISE % 1 * 3000 + b"x" * 90_000 + b"\n" + NOISE % 2 * 3000
    assert sum(block.lines_between(0, block.end) for block in surveyed(text, ahead=ahead)) == 6001


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("sifted", [False, True])
def test_an_error_of_the_file_arrives_behind_what_was_read(sifted: bool, ahead: bool) -> None:
    file = io.BytesIO(b"a line\n" * 10_000)
    end = 10_000 if sifted else 300

    def fill(room: memoryview) -> int:
        if file.tell() > end:
            raise OSError("gone")
        return file.readinto(room[:64])

    pieces = read_blocks(fill, ahead=ahead, capacity=128)
    seen = b""
    for block in islice(pieces, 2):
        seen += bytes(block.data[: block.end])
        survey(block, 0, (), dense=not sifted)
    assert seen == b"a line\n" * (len(seen) // 7)
    assert len(seen) > 128
    with pytest.raises(OSError, match="gone"):
        list(pieces)


def test_a_reader_that_stops_early_stops_the_thread() -> None:
    asked = 0

    def fill(room: memoryview) -> int:
        nonlocal asked
        asked += 1
        room[:] = (NOISE % asked * (len(room) // len(NOISE % 1) + 1))[: len(room)]
        return len(room)

    blocks = read_blocks(fill, ahead=True, capacity=200_000)
    for block in islice(blocks, 5):
        survey(block, 0, (), dense=False)
    blocks.close()
    before = asked
    time.sleep(0.05)
    assert asked == before

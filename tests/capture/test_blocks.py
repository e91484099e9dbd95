"""Blocks end where lines do, and know where lines break and where some are missing."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture import blocks
from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.blocks import Block, Extract

PIECES = [b"\n", b"a", b"\n\n\n", b"\x0b\x8a", b"nine bytes", b"\n},{\n", b"},{\n"]
texts = st.lists(st.sampled_from(PIECES)).map(b"".join)


@pytest.fixture(autouse=True, scope="module")
def _short_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_PIECE_BYTES", 5)
        yield


@given(texts, st.integers(8, 64), st.data())
def test_every_break_is_found(text: bytes, capacity: int, data: st.DataObject) -> None:
    seen = b""
    for block in read_blocks(io.BytesIO(text).readinto, capacity=capacity):
        piece = bytes(block.data[: block.end])
        start = data.draw(st.integers(0, len(piece)))
        expected = [place for place in range(start, len(piece)) if piece[place] == ord("\n")]
        assert block.breaks(start).tolist() == expected
        stop = data.draw(st.integers(start, len(piece)))
        assert block.lines_between(start, stop) == piece.count(b"\n", start, stop)
        places = list(range(len(piece) + 1))
        before = [piece.count(b"\n", 0, place) for place in places]
        assert block.lines_before(np.array(places)).tolist() == before
        objects = [
            place
            for place in range(start, len(piece))
            if piece.startswith(b"},{\n", place) and (place == start or piece[place - 1] == 10)
        ]
        assert block.objects(start).tolist() == objects
        seen += piece
    assert seen == text


@pytest.mark.parametrize("length", range(20))
def test_what_follows_a_block_is_no_break_of_it(length: int) -> None:
    (block,) = read_blocks(io.BytesIO(b"\n" * length + b"x").readinto)
    block.data[block.end :] = b"\n" * (len(block.data) - block.end)
    assert np.array_equal(block.breaks(0), np.arange(length))
    assert block.lines_before(np.array([block.end])).tolist() == [length]


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=4), max_size=5))
def test_lines_are_counted_with_those_that_are_missing(
    pieces: list[list[tuple[int, int]]],
) -> None:
    """Each piece is a list of (lines missing, lines kept behind them); a block begins with one."""
    pieces = [[(0, 1)], *pieces]
    extracts, numbers, number = [], [], 0
    for piece in pieces:
        text, gaps, left_out = b"", [], []
        for missing, kept in piece:
            if missing:
                gaps.append(len(text))
                left_out.append(missing)
            number += missing
            for _ in range(kept):
                numbers.append(number)
                text += b"line\n"
                number += 1
        marks = np.arange(0, len(text), 5)
        extracts.append(Extract(text, marks, np.array(gaps, int), np.array(left_out, int)))
    block = Block.joined(extracts)
    starts = np.arange(0, block.end, 5)
    assert block.end == 5 * len(numbers)
    assert block.marks is not None
    assert block.marks.tolist() == starts.tolist()
    assert block.lines_before(starts).tolist() == numbers
    for first in range(0, len(numbers), 3):
        between = [block.lines_between(5 * first, place) for place in starts[first:].tolist()]
        assert between == [line - numbers[first] for line in numbers[first:]]
    # gap by gap, the same lines
    place, line, read = 0, 0, []
    while place < block.end:
        stop, missing = block.next_gap(place, block.end)
        read += range(line, line + (stop - place) // 5)
        place, line = stop, line + (stop - place) // 5 + missing
    assert read == numbers


@pytest.mark.parametrize("size", [9, 10, 11, 1000])
def test_the_rest_of_a_longer_block_fits(size: int) -> None:
    block = Block(10)
    block.begin(b"x" * size)
    assert block.fill(io.BytesIO(b"y" * 5000 + b"\n").readinto)
    assert block.data[:size] == b"x" * size
    assert block.data[size : block.size] == b"y" * (block.size - size)
    assert block.size > size

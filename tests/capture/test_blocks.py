"""Blocks end where lines do, and know where lines break."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.capture import blocks
from sbdiag.capture.blocks import read_blocks

PIECES = [b"\n", b"a", b"\n\n\n", b"\x0b\x8a", b"nine bytes"]
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
        places = sorted(data.draw(st.lists(st.integers(start, len(piece)))))
        counts = [piece.count(b"\n", low, high) for low, high in pairwise(places)]
        assert block.lines_between(places) == counts
        seen += piece
    assert seen == text


@pytest.mark.parametrize("length", range(20))
def test_what_follows_a_block_is_no_break_of_it(length: int) -> None:
    (block,) = read_blocks(io.BytesIO(b"\n" * length + b"x").readinto)
    block.data[block.end :] = b"\n" * (len(block.data) - block.end)
    assert np.array_equal(block.breaks(0), np.arange(length))


def test_lines_are_counted_without_a_look_at_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_PIECE_BYTES", 1000)
    (block,) = read_blocks(io.BytesIO(b"a line\n" * 100).readinto)
    seen = block.bytes

    class Looked:
        def __getitem__(self, part: slice) -> blocks.Bytes:
            assert part.stop <= 70
            return seen[part]

    monkeypatch.setattr(block, "bytes", Looked())
    assert block.lines_between([7, 35, 70]) == [4, 5]


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
def test_an_error_of_the_file_arrives_behind_what_was_read(ahead: bool) -> None:
    file = io.BytesIO(b"a line\n" * 100)

    def fill(room: memoryview) -> int:
        if file.tell() > 300:
            raise OSError("gone")
        return file.readinto(room[:64])

    pieces = read_blocks(fill, ahead=ahead, capacity=128)
    seen = b"".join(bytes(block.data[: block.end]) for block in islice(pieces, 2))
    assert seen == b"a line\n" * (len(seen) // 7)
    assert len(seen) > 200
    with pytest.raises(OSError, match="gone"):
        next(pieces)

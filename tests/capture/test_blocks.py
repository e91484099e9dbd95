"""Blocks end where lines do, and know where lines break."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.capture.blocks import read_blocks

PIECES = [b"\n", b"a", b"\n\n\n", b"\x0b\x8a", b"nine bytes"]
texts = st.lists(st.sampled_from(PIECES)).map(b"".join)


@given(texts, st.integers(8, 64), st.data())
def test_every_break_is_found(text: bytes, capacity: int, data: st.DataObject) -> None:
    seen = b""
    for block in read_blocks(io.BytesIO(text).readinto, capacity=capacity):
        piece = bytes(block.data[: block.end])
        start = data.draw(st.integers(0, len(piece)))
        expected = [place for place in range(start, len(piece)) if piece[place] == ord("\n")]
        assert block.breaks(start).tolist() == expected
        assert block.lines_between(start, block.end) == len(expected)
        seen += piece
    assert seen == text


@pytest.mark.parametrize("length", range(20))
def test_what_follows_a_block_is_no_break_of_it(length: int) -> None:
    (block,) = read_blocks(io.BytesIO(b"\n" * length + b"x").readinto)
    block.data[block.end :] = b"\n" * (len(block.data) - block.end)
    assert np.array_equal(block.breaks(0), np.arange(length))

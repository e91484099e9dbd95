"""Where records may stand, of all lines and of those with a mark."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.marks import find_marks
from sbdiag.capture.survey import Spots, _lines, _objects

PIECES = [b"\n", b"},{\n", b"\n},{\n", b"deny\n", b"it will allow", b"no mark in 24 bytes\n  {}\n"]
texts = st.lists(st.sampled_from(PIECES)).map(b"".join)


def listed(spots: Spots) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in spots), strict=True))


@given(texts, st.integers(8, 64), st.data())
def test_spots_are_all_or_those_with_a_mark(
    text: bytes, capacity: int, data: st.DataObject
) -> None:
    for block in read_blocks(io.BytesIO(text).readinto, capacity=capacity):
        piece = bytes(block.data[: block.end])
        begins = [0, *(place + 1 for place in range(len(piece)) if piece[place] == 10)]
        start = data.draw(st.sampled_from(begins))
        marks = np.array(find_marks(memoryview(piece)[start:]), dtype=np.int64) + start
        for spots, ends in (
            (_lines, [place - 1 for place in begins if place > start]),
            (
                _objects,
                [
                    place - 1
                    for place in [*begins, *[len(piece)] * block.between_objects]
                    if place > start and (piece[place:] or b"},{\n").startswith(b"},{\n")
                ],
            ),
        ):
            every = listed(spots(block, start, None))
            assert {end for _, end, _ in every} <= set(ends)
            for first, _, line in every:
                assert first in begins
                assert line == piece.count(b"\n", start, first)
                assert spots is _lines or piece.startswith(b"},{\n", first)
            with_mark = [one for one in every if ((marks >= one[0]) & (marks <= one[1])).any()]
            assert listed(spots(block, start, marks)) == with_mark
        assert [end for _, end, _ in listed(_lines(block, start, None))] == [
            place - 1 for place in begins if place > start
        ]

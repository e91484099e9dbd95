"""Where records may stand is the same, looked for mark by mark or line by line."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sbdiag.capture import survey
from sbdiag.capture.blocks import read_blocks
from sbdiag.capture.marks import find_marks
from sbdiag.capture.survey import Spots, _lines, _lines_around, _objects, _objects_around

PIECES = [b"\n", b"},{\n", b"\n},{\n", b"deny\n", b"it will allow", b"no mark in 24 bytes\n  {}\n"]
texts = st.lists(st.sampled_from(PIECES)).map(b"".join)


def listed(spots: Spots) -> list[list[int]]:
    return [column.tolist() for column in spots]


@given(texts, st.integers(8, 64))
def test_two_ways_to_the_same_spots(text: bytes, capacity: int) -> None:
    for block in read_blocks(io.BytesIO(text).readinto, capacity=capacity):
        breaks = block.breaks(0)
        marks = np.array(find_marks(memoryview(block.data)[: block.end]), dtype=np.int64)
        for slow, fast in ((_lines, _lines_around), (_objects, _objects_around)):
            assert listed(fast(block, 0, marks)) == listed(slow(block, 0, breaks, marks))


@given(texts, st.booleans())
@example(b"\n},{\n" + PIECES[-1] + b"deny\n},{\n", False)
def test_what_is_found_near_a_mark_is_an_object(text: bytes, between_objects: bool) -> None:
    text = b"},{\n" + text + b"\n"
    (block,) = read_blocks(io.BytesIO(text).readinto)
    block.between_objects = between_objects
    marks = np.array(find_marks(memoryview(text)), dtype=np.int64)
    objects = listed(_objects(block, 0, block.breaks(0), marks))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "_OBJECT_BYTES", 20)
        near = listed(_objects_around(block, 0, marks))
    assert {*zip(*near, strict=True)} <= {*zip(*objects, strict=True)}


@dataclass
class Looked:
    """A buffer that counts the bytes that a search may have to look at."""

    data: bytearray
    count: int = 0

    def find(self, text: bytes, start: int, stop: int) -> int:
        place = self.data.find(text, start, stop)
        self.count += (stop if place < 0 else place) - start
        return place

    def rfind(self, text: bytes, start: int, stop: int) -> int:
        place = self.data.rfind(text, start, stop)
        self.count += stop - (start if place < 0 else place)
        return place

    def startswith(self, text: bytes, start: int) -> bool:
        return self.data.startswith(text, start)


@pytest.mark.parametrize("begin", [b"", b"},{\n"], ids=["no object", "one without an end"])
def test_nothing_is_searched_again_for_each_mark(
    begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_OBJECT_BYTES", 8000)
    text = begin + (b"x" * 100 + b" deny\n") * 500
    (block,) = read_blocks(io.BytesIO(text).readinto)
    marks = np.array(find_marks(memoryview(text)), dtype=np.int64)
    looked = Looked(block.data)
    monkeypatch.setattr(block, "data", looked)
    assert listed(_objects_around(block, 0, marks)) == [[], [], []]
    assert looked.count < 4 * len(text)

"""A block: lines of a capture in a buffer, some of them perhaps left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import BytesAhoCorasick, MatchKind

PAD_BYTES: Final = 64
"""Behind the text of a block, so that one may look a little beyond its end."""

NEXT_OBJECT: Final = b"},{\n"
"""Between the records of an array; begins the second one."""
BETWEEN_OBJECTS: Final = b"\n" + NEXT_OBJECT
_TAIL_BYTES: Final = 16 * 1024  # records of an array are shorter
# Without the last break, which may be the first of the next one.
_ANY_OBJECT: Final = BytesAhoCorasick((BETWEEN_OBJECTS[:-1],), matchkind=MatchKind.LeftmostFirst)
_PIECE_BYTES: Final = 256 * 1024

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


class Extract(NamedTuple):
    """Lines of a capture, without those that decide about nothing.

    Attributes
    ----------
    text
        The lines that were kept.
    marks
        Where lines begin that can be ours.
    gaps, left_out
        Where lines are missing, in front of a line that was kept, and how many.
    """

    text: bytes
    marks: Places
    gaps: Places
    left_out: Places


class Block:
    """A piece of a capture.

    Attributes
    ----------
    data
        The buffer; its first `end` bytes are whole lines.
    bytes
        The same as numbers.
    size
        Bytes in use: the rest after `end` is the beginning of the next block.
    between_objects
        Whether the next block begins with the line that divides two records of an array.
    inside, whole
        Whether it begins within a line; false if all of it is a piece of one long line.
    marks
        Where marks are, or lines begin that have one; ``None`` if nobody has looked yet.
    marks_are_rare
        Whether somebody looked for marks, and found few.
    """

    def __init__(self, capacity: int) -> None:
        self._hold(bytearray(capacity + PAD_BYTES))
        self.size = self.end = 0
        self.inside, self.whole = False, True
        self.between_objects = self.marks_are_rare = False
        self.marks: Places | None = None
        self._gaps: Places = np.empty(0, dtype=np.int64)
        self._left_out: Places = np.zeros(1, dtype=np.int64)  # up to each gap

    @classmethod
    def joined(cls, extracts: Sequence[Extract]) -> Block:
        """Return one block of what was kept of consecutive pieces of a capture."""
        block = cls(0)
        block._hold(bytearray().join([*(extract.text for extract in extracts), bytes(PAD_BYTES)]))
        block.size = block.end = block.capacity
        before = np.cumsum([0, *(len(extract.text) for extract in extracts[:-1])]).tolist()
        parts = list(zip(extracts, before, strict=True))
        block.marks = np.concatenate([extract.marks + start for extract, start in parts])
        block._gaps = np.concatenate([extract.gaps + start for extract, start in parts])
        lines = np.concatenate([[0], *(extract.left_out for extract in extracts)])
        block._left_out = np.cumsum(lines, dtype=np.int64)
        return block

    def _hold(self, data: bytearray) -> None:
        self.capacity = len(data) - PAD_BYTES
        self.data = data
        self.bytes: Bytes = np.frombuffer(data, dtype=np.uint8)

    def begin(self, rest: bytes) -> None:
        """Begin anew with what is left of the block before, which may have been longer."""
        if len(rest) >= self.capacity:
            self._hold(bytearray(2 * len(rest) + PAD_BYTES))
        self.data[: len(rest)] = rest
        self.size = len(rest)
        self.marks_are_rare = False

    def fill(self, read: Callable[[memoryview], int]) -> bool:
        """Read until the block is full; return False at the end of the capture."""
        while self.size < self.capacity:
            with memoryview(self.data)[self.size : self.capacity] as room:
                added = read(room)
            if not added:
                return False
            self.size += added
        return True

    def close(self, *, objects: bool) -> bytes:
        """End the block with its last whole line, or record if `objects`; return the rest."""
        self.end = self.data.rfind(b"\n", 0, self.size) + 1
        place = -1
        if objects:
            place = self.data.rfind(BETWEEN_OBJECTS, max(0, self.size - _TAIL_BYTES), self.size)
        self.between_objects = place >= 0
        self.end = place + 1 or self.end
        self.whole = self.end > 0
        self.end = self.end or self.size
        return bytes(memoryview(self.data)[self.end : self.size])

    def breaks(self, start: int) -> Places:
        """Return where lines break from `start` on."""
        breaks = self.bytes[start : start + -(-(self.end - start) // 8) * 8] == ord("\n")
        breaks[self.end - start :] = False
        # eight bytes as a number, in which a line break is a byte of 1
        words = breaks.view("<u8")
        places = np.flatnonzero(words != 0)
        words = words[places]
        if (words & (words - 1)).any():  # two in one of them
            return np.flatnonzero(breaks) + start
        found: Places = 8 * places + (np.bitwise_count(words - 1) >> 3) + start
        return found

    def with_left_out(self, lines: Places, *, start: int, places: Places) -> Places:
        """Add to the lines that end from `start` to each place those that are missing there."""
        if not len(self._gaps):
            return lines
        gaps = np.searchsorted(self._gaps, np.append(places, start), side="right")
        missing = self._left_out[gaps]
        with_them: Places = lines + missing[:-1] - missing[-1]
        return with_them

    def next_gap(self, start: int, stop: int) -> tuple[int, int]:
        """Return where lines are missing behind `start`, and how many; at `stop` at the latest."""
        gap = np.searchsorted(self._gaps, start, side="right") if len(self._gaps) else 0
        if gap == len(self._gaps) or self._gaps[gap] > stop:
            return stop, 0
        return int(self._gaps[gap]), int(self._left_out[gap + 1] - self._left_out[gap])

    def lines_between(self, start: int, stop: int) -> int:
        """Count the lines that end from one place to another, and those that are missing there."""
        lines = np.array([sum(self._count(start, stop))])
        return int(self.with_left_out(lines, start=start, places=np.array([stop]))[0])

    def lines_before(self, places: Places) -> Places:
        """Return how many lines end before each place, those that are missing among them."""
        # a bit for each byte, and how many are set up to each word of 64
        breaks = self.bytes[: (self.end // 64 + 1) * 64] == ord("\n")
        words = np.packbits(breaks, bitorder="little").view("<u8")
        ones = np.bitwise_count(words)
        up_to = np.cumsum(ones, dtype=np.int64)
        word, bit = np.divmod(places, 64)
        below = (np.uint64(1) << bit.astype(np.uint64)) - np.uint64(1)
        lines: Places = up_to[word] - ones[word] + np.bitwise_count(words[word] & below)
        return self.with_left_out(lines, start=0, places=places)

    def objects(self, start: int) -> Places:
        """Return where lines begin, from `start` on, that divide two records of an array."""
        view = memoryview(self.data)[start : self.end]
        found = [place + 1 for _, place, _ in _ANY_OBJECT.find_matches_as_indexes(view)]
        if self.data.startswith(NEXT_OBJECT, start):
            found.insert(0, 0)
        places = np.array(found, dtype=np.int64) + start
        last = places + len(NEXT_OBJECT) - 1
        whole: Places = places[(last < self.end) & (self.bytes[last] == ord("\n"))]
        return whole

    def _count(self, start: int, stop: int) -> Iterator[int]:
        for low in range(start, stop, _PIECE_BYTES):  # which stay in the processor's cache
            breaks = self.bytes[low : min(low + _PIECE_BYTES, stop)] == ord("\n")
            yield int(np.count_nonzero(breaks))

    def finish(self) -> None:
        """End the block with the end of the capture."""
        self.end, self.whole, self.between_objects = self.size, True, False
        self.data[self.end : self.end + PAD_BYTES] = bytes(PAD_BYTES)  # an earlier block's

"""A capture as blocks of whole lines, in buffers that are used again.

Fresh memory costs more than the search of it, and memory must not grow with the capture.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

BLOCK_BYTES: Final = 8 * 1024 * 1024
FIRST_BYTES: Final = 64 * 1024
"""The first block; it shows how records are written, and a short capture needs no more."""
PAD_BYTES: Final = 64
"""Behind the text of a block, so that one may look a little beyond its end."""

_PIECE_BYTES: Final = 256 * 1024
NEXT_OBJECT: Final = b"},{\n"
"""Between the records of an array; begins the second one."""
BETWEEN_OBJECTS: Final = b"\n" + NEXT_OBJECT
_TAIL_BYTES: Final = 16 * 1024  # records of an array are shorter

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


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
    whole
        False if all of it is a piece of one long line.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.data = bytearray(capacity + PAD_BYTES)
        self.bytes: Bytes = np.frombuffer(self.data, dtype=np.uint8)
        self.size = self.end = 0
        self.whole = True
        self.between_objects = False

    def begin(self, rest: bytes) -> None:
        """Begin anew with what is left of the block before."""
        self.data[: len(rest)] = rest
        self.size = len(rest)

    def fill(self, read: Callable[[memoryview], int]) -> bool:
        """Read until the block is full; return False at the end of the capture."""
        while self.size < self.capacity:
            with memoryview(self.data)[self.size : self.capacity] as room:
                added = read(room)
            if not added:
                return False
            self.size += added
        return True

    def close(self) -> bytes:
        """End the block with its last whole line or record; return the rest."""
        self.end = self.data.rfind(b"\n", 0, self.size) + 1
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

    def lines_between(self, places: list[int]) -> list[int]:
        """Count the line breaks from each place to the next one."""
        counts = []
        low = high = 0
        for start, stop in pairwise(places):
            count = 0
            while start < stop:
                if not low <= start < high:  # a piece that stays in the processor's cache
                    low, high = start, min(start + _PIECE_BYTES, places[-1])
                    breaks = self.bytes[low:high] == ord("\n")
                piece = breaks[start - low : min(stop, high) - low]
                count += int(np.count_nonzero(piece))
                start += len(piece)
            counts.append(count)
        return counts

    def finish(self) -> None:
        """End the block with the end of the capture."""
        self.end, self.whole, self.between_objects = self.size, True, False
        self.data[self.end : self.end + PAD_BYTES] = bytes(PAD_BYTES)  # an earlier block's


def read_blocks(
    fill: Callable[[memoryview], int], *, ahead: bool = False, capacity: int = BLOCK_BYTES
) -> Generator[Block]:
    """Yield the blocks of a capture; each is valid until the next one is asked for.

    Parameters
    ----------
    fill
        Puts the next bytes into a buffer and says how many, 0 at the end.
    ahead
        Whether another thread reads the next block while one is in use. It cannot be interrupted
        before its bytes are there, so that a pipe should be read without.
    capacity
        The longest block, in bytes. The first ones are shorter.
    """
    if not ahead:
        yield from _blocks(fill, buffers=1, capacity=capacity)
        return
    blocks = _blocks(fill, buffers=2, capacity=capacity)
    with ThreadPoolExecutor(1, thread_name_prefix="sbdiag") as thread:
        coming = thread.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, blocks, None)
            yield block


def _blocks(fill: Callable[[memoryview], int], *, buffers: int, capacity: int) -> Generator[Block]:
    """Yield blocks, in so many buffers in turn."""
    ring = [Block(0)] * buffers
    size, rest = min(FIRST_BYTES, capacity), b""
    for turn in cycle(range(buffers)):
        if ring[turn].capacity < size:
            ring[turn] = Block(size)
        block = ring[turn]
        block.begin(rest)
        if not block.fill(fill):
            break
        rest = block.close()
        size = min(4 * size, capacity)
        yield block
    if block.size:
        block.finish()
        yield block

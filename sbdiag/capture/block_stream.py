"""A capture as blocks of whole lines, in buffers that are used again.

Fresh memory costs more than the search of it, and memory must not grow with the capture. Where
marks are rare, pieces that stay in the processor's cache are sifted, and a block holds what was
kept of many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from itertools import chain, cycle, repeat
from threading import Lock
from typing import Final

from sbdiag.capture.blocks import Block, Extract
from sbdiag.capture.marks import are_rare, find_marks
from sbdiag.capture.sieve import sift

BLOCK_BYTES: Final = 8 * 1024 * 1024
_FIRST_BYTES: Final = 64 * 1024  # shows how records are written; a short capture needs no more
_PIECE_BYTES: Final = 2 * 1024 * 1024
# What is sifted before it is read
_ROUND_PIECES: Final = 32
_ROUND_BYTES: Final = 2 * 1024 * 1024  # kept


def read_blocks(
    fill: Callable[[memoryview], int], *, ahead: bool = False, capacity: int = BLOCK_BYTES
) -> Generator[Block]:
    """Yield the blocks of a capture; each is valid until the next one is asked for.

    Parameters
    ----------
    fill
        Puts the next bytes into a buffer and says how many, 0 at the end.
    ahead
        Whether another thread reads what comes next while a block is in use. It cannot be
        interrupted before its bytes are there, so that a pipe should be read without.
    capacity
        The longest block, in bytes. The first ones are shorter.
    """
    source = _Source(fill)
    sizes = [size for size in (_FIRST_BYTES << 2 * n for n in range(10)) if size < capacity]
    whole = _Whole(source, chain(sizes, repeat(capacity)), buffers=2 if ahead else 1)
    with ThreadPoolExecutor(1, thread_name_prefix="sbdiag") if ahead else nullcontext() as thread:
        try:
            while not source.ended:
                yield from whole.blocks(thread)
                if not source.ended:
                    yield from _sifted(source, min(_PIECE_BYTES, capacity), thread)
        finally:
            source.ended = True  # the thread need not go on


class _Source:
    """What is still to come of a capture; one thread after the other takes from it."""

    def __init__(self, fill: Callable[[memoryview], int]) -> None:
        self.ended = False
        self._fill = fill
        self._rest = b""
        self._inside = False  # whether it goes on within a line
        self._taken = 0
        self._lock = Lock()

    def take(self, block: Block, *, objects: bool) -> int | None:
        """Fill a block with whole lines; return its number, ``None`` if there is nothing left.

        Parameters
        ----------
        objects
            Whether it should end between two records of an array, if it is one.
        """
        with self._lock:
            if self.ended:
                return None
            block.begin(self._rest)
            self.ended = True  # if the next line raises an error
            self.ended = not block.fill(self._fill)
            if self.ended:
                block.finish()
            else:
                self._rest = block.close(objects=objects)
            block.inside, self._inside = self._inside, not block.whole
            self._taken += 1
            return self._taken if block.size else None


class _Whole:
    """Blocks with all lines."""

    def __init__(self, source: _Source, sizes: Iterator[int], *, buffers: int) -> None:
        self._source = source
        self._sizes = sizes
        self._ring = [Block(0) for _ in range(buffers)]
        self._places = cycle(range(buffers))

    def blocks(self, thread: Executor | None) -> Generator[Block]:
        """Yield blocks, up to one in which marks turned out to be rare."""
        coming, enough = self._start(thread), True  # perhaps: the first one shows it
        while (block := coming()) is not None:
            following = None if enough else self._start(thread)
            yield block
            enough = block.marks_are_rare and block.whole
            if following is None and enough:
                return
            coming = self._start(thread) if following is None else following

    def _start(self, thread: Executor | None) -> Callable[[], Block | None]:
        """Begin to take the next block; return what waits for it."""
        return self._take if thread is None else thread.submit(self._take).result

    def _take(self) -> Block | None:
        size, place = next(self._sizes), next(self._places)
        if self._ring[place].capacity < size:
            self._ring[place] = Block(size)
        block = self._ring[place]
        return None if self._source.take(block, objects=True) is None else block


class _Round:
    """Some pieces of a capture, sifted by one thread or two."""

    def __init__(self, source: _Source) -> None:
        self.crowded = False
        self._source = source
        self._found: dict[int, Extract | Block] = {}
        self._kept = 0

    def work(self, buffer: list[Block], size: int) -> None:
        """Sift pieces until the round is over; the last one is kept if marks are not rare.

        Parameters
        ----------
        buffer
            One block or none: what to read into, here and in later rounds.
        size
            Of that block.
        """
        piece = buffer.pop() if buffer else Block(size)
        while not self.crowded and self._kept < _ROUND_BYTES and len(self._found) < _ROUND_PIECES:
            number = self._source.take(piece, objects=False)
            if number is None:
                break
            marks = find_marks(memoryview(piece.data)[: piece.end])
            if piece.inside or not piece.whole or not are_rare(len(marks), piece.end):
                self.crowded = True
                self._found[number] = piece
                return
            extract = sift(piece, marks)
            self._kept += len(extract.text)
            self._found[number] = extract
        buffer.append(piece)

    def blocks(self) -> Generator[Block]:
        """Yield what was found, in order."""
        extracts: list[Extract] = []
        for number in sorted(self._found):
            one = self._found[number]
            if isinstance(one, Block):
                if extracts:
                    yield Block.joined(extracts)
                    extracts = []
                yield one
            else:
                extracts.append(one)
        if extracts:
            yield Block.joined(extracts)


def _sifted(source: _Source, size: int, thread: Executor | None) -> Generator[Block]:
    """Yield blocks of the lines that must be read, up to a piece in which marks are not rare."""
    here: list[Block] = []
    there: list[Block] = []

    def begin() -> tuple[_Round, Future[None] | None]:
        coming = _Round(source)
        return coming, thread.submit(coming.work, there, size) if thread else None

    coming, helper = begin()
    while True:
        this = coming
        this.work(here, size)
        if helper is not None:
            helper.result()
        last = this.crowded or source.ended
        if not last:
            coming, helper = begin()
        yield from this.blocks()
        if last:
            return

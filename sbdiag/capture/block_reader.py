"""The fast reader: block by block, where the careful one need not look at every line.

A line without the marks of :mod:`~sbdiag.capture.marks` is not ours, but it can decide what a
later line is: whose message that stands in, or whether an object is open. So around each line with
a mark, and at the end of each block, the careful reader is given all lines since the last one that
:func:`~sbdiag.capture.line_reader.sets_state` knows to make good for whatever stood before it. What
lies between is counted and left out. Records of a shape that was seen before
(:mod:`~sbdiag.capture.shape`) are found by their columns and taken as the careful reader took the
one like them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from sbdiag.capture.blocks import BETWEEN_OBJECTS, Block
from sbdiag.capture.line_reader import LineReader, sets_state
from sbdiag.capture.lines import LINE_BYTES, LineCutter
from sbdiag.capture.marks import CANDIDATE
from sbdiag.capture.shape import Shape, learn
from sbdiag.capture.sieve import INDENTED, LINES_BACK
from sbdiag.capture.survey import Records, Survey, survey

MOST_SHAPES: Final = 8
STRICT_SHAPES: Final = 4
"""So many shapes are learned strictly."""
MOST_LESSONS: Final = 64
"""So many records are taken apart to learn a shape; a capture without one is read carefully."""
LESSON_BYTES: Final = 64 * 1024
"""A longer record teaches nothing."""
_CLOSE_BYTES: Final = 300
"""So close, on average, lines to be read are not told from the others: all are read."""
_TRIED: Final = 100  # of these, to learn from
_DENSE: Final = 4  # a block is dense if one byte in so many of the last block was taken


class BlockReader:
    """Reads a capture into the rows of a careful reader."""

    def __init__(self, reader: LineReader) -> None:
        self._reader = reader
        self._rows = reader.ledger.rows
        self._lines = LineCutter()
        self._shapes: tuple[Shape, ...] = ()
        self._lessons = 0
        self._dense = False
        self._block = Block(0)
        self._at = 0  # how far the block was read

    def read(self, blocks: Iterable[Block]) -> None:
        """Read consecutive blocks, to the end of the capture."""
        for block in blocks:
            self._read_block(block)
        for line in self._lines.finish():
            self._reader.read(line)
        self._reader.finish()

    def _read_block(self, block: Block) -> None:
        self._block, self._at = block, 0
        if self._lines.inside or not block.whole:  # a line that is longer than a block
            self._feed(block.end if not block.whole else self._line_end(0))
        while not self._follow(self._survey()):
            pass
        self._come_to(block.end)

    def _survey(self) -> Survey:
        return survey(self._block, self._at, self._shapes, dense=self._dense)

    def _follow(self, seen: Survey) -> bool:
        """Read what was surveyed; stop and return False when a shape was learned on the way."""
        records = seen.records(self._rows)
        data, end = self._block.data, self._block.end
        self._dense = int((records.stops - records.starts).sum()) * _DENSE > end - seen.start
        doubtful = seen.doubtful(records)
        crowded = len(doubtful) * _CLOSE_BYTES > end - seen.start
        for number, mark in enumerate(doubtful):
            if crowded and number == _TRIED:
                break
            if mark < self._at:
                continue
            self._take(records, seen, self._line_start(mark))
            if mark < self._at:
                continue
            start, stop = self._line_start(mark), self._line_end(mark)
            if CANDIDATE.search(data, start, stop):
                # the last record is doubtful only because nobody knows what follows
                learned = stop < end and self._learn(start, mark)
                self._come_to(start)
                self._feed(stop)
                if learned:
                    return False
        if crowded:
            self._feed(end)
        else:
            self._take(records, seen, end)
        return True

    def _take(self, records: Records, seen: Survey, place: int) -> None:
        """Take the records that begin between what was read and `place`."""
        last = int(np.searchsorted(records.starts, place))
        first = int(np.searchsorted(records.starts, self._at))
        while first < last:
            start = int(records.starts[first])
            while self._at < start and not self._reader.at_rest:
                self._feed(self._line_end(self._at))
            if self._at <= start:
                self._take_all(Records(*(column[first:last] for column in records)), seen)
                return
            first = int(np.searchsorted(records.starts, self._at))

    def _take_all(self, records: Records, seen: Survey) -> None:
        """Take records, and leave out what lies between them."""
        begin = int(records.starts[0])
        line = bytes(self._block.data[begin : self._block.data.find(b"\n", begin)])
        self._reader.interrupt(line.decode("utf-8", "replace").removesuffix("\r"))
        stop = int(records.stops[-1])
        before = int(records.line[0]) - self._block.lines_between(self._at, begin)
        lines = int(records.line[-1] + records.lines[-1]) - before
        self._rows.extend(
            records.ranks,
            micros=records.micros,
            writers=records.writers,
            lines=records.line + (self._lines.number - before),
        )
        taken = int(records.lines.sum())
        shape = seen.found[records.place[-1]][0].shape
        self._reader.enter_known(
            len(records.ranks),
            lines=taken,
            others=lines - taken,
            origin=None if shape.is_json else shape.sample.origin,
        )
        self._lines.number += lines
        self._at = stop

    def _learn(self, line: int, mark: int) -> bool:
        """Learn the shape of the record around a mark, if it has one that is new."""
        if len(self._shapes) >= MOST_SHAPES or self._lessons >= MOST_LESSONS:
            return False
        self._lessons += 1
        data, end = self._block.data, self._block.end
        start, stop = line, data.find(b"\n", mark, end)
        if data[line] in INDENTED:
            start = data.rfind(BETWEEN_OBJECTS, 0, mark) + 1
            stop = data.find(BETWEEN_OBJECTS, mark, end)
        loose = len(self._shapes) >= STRICT_SHAPES
        if not start < stop <= start + LESSON_BYTES:
            return False
        shape = learn(bytes(data[start:stop]), loose=loose)
        if shape is None or any(known.is_like(shape) for known in self._shapes):
            return False
        self._shapes = (*self._shapes, shape)
        return True

    def _come_to(self, place: int) -> None:
        """Have the careful reader in the state that it would have before the line at `place`."""
        while self._at < place and not self._reader.at_rest:
            self._feed(self._line_end(self._at))
        if self._at < place:
            between = place == self._block.end and self._block.between_objects
            self._leave_out(place if between else self._state_before(place))
            self._feed(place)

    def _state_before(self, place: int) -> int:
        """Return the start of the last line up to `place` that sets the state, else what is read.

        The line at `place` may be that line itself.
        """
        data, end = self._block.data, self._block.end
        start = place
        for _ in range(LINES_BACK):
            stop = self._line_end(start)
            if start < end and data[start] not in INDENTED and stop - start <= LINE_BYTES:
                text = data[start:stop].decode("utf-8", "replace")
                if sets_state(text.removesuffix("\n").removesuffix("\r")):
                    return start
            if start <= self._at:
                break
            start = self._line_start(start - 1)
        return self._at

    def _leave_out(self, place: int) -> None:
        """Count the lines up to `place` as not ours."""
        if place > self._at:
            lines = self._block.lines_between(self._at, place)
            self._reader.leave_out(lines)
            self._lines.number += lines
            self._at = place

    def _feed(self, place: int) -> None:
        """Read the lines up to `place` carefully."""
        while self._at < place:
            stop, left_out = self._block.next_gap(self._at, place)
            for line in self._lines.feed(bytes(self._block.data[self._at : stop])):
                self._reader.read(line)
            if left_out:
                self._reader.leave_out(left_out)
                self._lines.number += left_out
            self._at = stop

    def _line_start(self, place: int) -> int:
        return self._block.data.rfind(b"\n", self._at, place) + 1 or self._at

    def _line_end(self, place: int) -> int:
        end = self._block.end
        return self._block.data.find(b"\n", place, end) + 1 or end

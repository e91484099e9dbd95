"""What is kept of a piece of a capture in which few lines can be ours.

Around each line that can be ours, what the careful reader must see: all lines from one that
:func:`~sbdiag.capture.line_reader.sets_state` knows to make good for whatever stood before it, to
one behind which nothing is open. The same at both ends of the piece, so that it goes together with
any other. The lines between are counted and left out.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from sbdiag.capture.blocks import NEXT_OBJECT, Block, Extract
from sbdiag.capture.line_reader import sets_state
from sbdiag.capture.lines import LINE_BYTES
from sbdiag.capture.marks import CANDIDATE
from sbdiag.capture.styles import PLAIN_DATED

LINES_BACK: Final = 400
"""How far to look back for a line that sets the state before everything is kept instead."""
INDENTED: Final = b" \t\r\n"
"""What begins a line that sets no state."""

# What begins like an object on one line: whatever it goes on with, no open object contains it.
_OBJECT: Final = b'{"'
_ALONE: Final = rb'\{"[^\t\n]*+'  # all of such a line; behind a tab it may be columns
_OBJECT_LINE = re.compile(_ALONE + rb"(?:\n|\Z)")
_BRACKETS: Final = b"[{}"
_COLUMNS = re.compile(PLAIN_DATED)
# Two lines that are both columns, or both objects.
_PAIR = re.compile(
    rb"%(columns)b.*+\n%(columns)b.*+\n|%(object)b\n%(object)b\n"
    % {b"columns": PLAIN_DATED, b"object": _ALONE}
)
_AT_MARGIN: Final = b"\n}"  # the lines of a longer object are indented
_OBJECT_BYTES: Final = 16 * 1024  # it is shorter


def sift(piece: Block, marks: list[int]) -> Extract:
    """Return what must be read of a piece of whole lines, with these marks."""
    lines = _Lines(piece, marks)
    kept = [(0, lines.settled(0))]
    while lines.ours is not None:
        start, stop = lines.ours
        pair = _PAIR.match(piece.data, start, piece.end)
        lines.go_on()
        if pair is None or (lines.ours is not None and lines.ours[0] < pair.end()):
            begin = lines.state_before(start, kept[-1][1])
            alone = begin == start and bool(_OBJECT_LINE.match(piece.data, start, stop))
            kept.append((begin, lines.settled(stop, objects=alone)))
        else:  # as most are
            kept.append((start, pair.end()))
    kept.append((lines.state_before(piece.end, kept[-1][1]), piece.end))
    return _extract(piece, kept, lines.all_ours)


class _Lines:
    """Lines of a piece, gone through in order; a place is where one begins.

    Attributes
    ----------
    ours
        Start and end of the next line that can be ours.
    all_ours
        Where all begin up to that one.
    """

    def __init__(self, piece: Block, marks: list[int]) -> None:
        self._data, self._end = piece.data, piece.end
        self._marks = iter(marks)
        self._done = 0  # the lines up to there
        self.ours: tuple[int, int] | None = None
        self.all_ours: list[int] = []
        self.go_on()

    def go_on(self) -> None:
        """Go on to the next line that can be ours."""
        self.ours = None
        for mark in self._marks:
            if mark >= self._done:
                start = self._line_start(mark, self._done)
                self._done = self._line_end(mark)
                if CANDIDATE.search(self._data, start, self._done):
                    self.ours = start, self._done
                    self.all_ours.append(start)
                    return

    def settled(self, place: int, *, objects: bool = False) -> int:
        """Return the end of the first line from `place` on behind which nothing is open.

        With `objects`, the line above is an object on one line that was begun with nothing open.
        Nor is anything open behind it, or behind another one under it.
        """
        looked = 0  # what was looked through for the margin
        below = True  # right below a line that can be ours, whose tag may be an object
        while place < self._end:
            objects = objects and _OBJECT_LINE.match(self._data, place, self._end) is not None
            if self.ours is not None and self.ours[0] == place:
                place, below = self.ours[1], True
                self.go_on()
                continue
            start, place = place, self._line_end(place)
            if objects or self._settles(start, place, below=below):
                break
            below = False
            if start >= looked and self._data[start] in INDENTED:
                looked = start + _OBJECT_BYTES
                if near := self._data.find(_AT_MARGIN, place - 1, looked) + 1:
                    place = min(near, self._end, self.ours[0] if self.ours else near)
                    looked = place
        return place

    def _settles(self, start: int, stop: int, *, below: bool) -> bool:
        if below and self._data[start] in _BRACKETS:
            return self._data.startswith(NEXT_OBJECT, start)
        return self._sets_state(start, stop)

    def state_before(self, place: int, low: int) -> int:
        """Return the start of the last line up to `place` that sets the state, or `low`."""
        looked = self._end
        for _ in range(LINES_BACK):
            if place <= low:
                break
            if place < self._end:
                if self._data.startswith(_OBJECT, place):
                    return place
                if place <= looked and self._data[place] in INDENTED:
                    looked = max(low, place - _OBJECT_BYTES)
                    place = self._data.rfind(_AT_MARGIN, looked, place) + 1 or place
                if self._sets_state(place, self._line_end(place)):
                    return place
            place = self._line_start(place - 1, low)
        return low

    def _sets_state(self, start: int, stop: int) -> bool:
        if self._data[start] in INDENTED or stop - start > LINE_BYTES:  # of which some is read
            return False
        if _COLUMNS.match(self._data, start, stop):
            return True
        text = self._data[start:stop].decode("utf-8", "replace")
        return sets_state(text.removesuffix("\n").removesuffix("\r"))

    def _line_start(self, place: int, low: int) -> int:
        return self._data.rfind(b"\n", low, place) + 1 or low

    def _line_end(self, place: int) -> int:
        return self._data.find(b"\n", place, self._end) + 1 or self._end


def _extract(piece: Block, kept: list[tuple[int, int]], ours: list[int]) -> Extract:
    """Take out what is kept, and count the lines between."""
    view = memoryview(piece.data)
    texts: list[memoryview] = []
    marks: list[int] = []
    gaps: list[int] = []
    bounds: list[int] = []
    size = before = 0
    coming = iter([*ours, piece.end])
    mark = next(coming)
    for start, stop in kept:
        if start > before:
            gaps.append(size)
            bounds += (before, start)
        while mark < stop:
            marks.append(mark - start + size)
            mark = next(coming)
        texts.append(view[start:stop])
        size += stop - start
        before = stop
    before_them = piece.lines_before(np.array(bounds, dtype=np.int64))
    left_out = before_them[1::2] - before_them[::2]
    return Extract(b"".join(texts), np.array(marks, np.int64), np.array(gaps, np.int64), left_out)

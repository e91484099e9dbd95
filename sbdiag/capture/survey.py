"""What can be told of a block before its lines are read: where records of known shapes stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sbdiag.capture.blocks import NEXT_OBJECT, Block, Places
from sbdiag.capture.columns import Found, find_records
from sbdiag.capture.marks import are_rare, find_marks
from sbdiag.capture.rows import Rows
from sbdiag.capture.shape import Shape
from sbdiag.capture.styles import PLAIN_COLUMNS, read_header

_COLUMNS = re.compile(PLAIN_COLUMNS)


class Records(NamedTuple):
    """Records that need no reading, in order; one number for each.

    Attributes
    ----------
    starts, stops
        Where a record begins, and where the line after it does.
    line, lines
        How many lines of the survey end before it, and how many it has.
    ranks, micros, writers
        As :meth:`~sbdiag.capture.rows.Rows.extend` takes them.
    place
        Where its shape stands in the survey's `found`.
    """

    starts: Places
    stops: Places
    line: Places
    lines: Places
    ranks: Places
    micros: Places
    writers: Places
    place: Places


class Spots(NamedTuple):
    """Where records may stand: start, end (a line break, or that of all), lines before."""

    starts: Places
    ends: Places
    line: Places

    def where(self, rows: Places | npt.NDArray[np.bool_] | slice) -> Spots:
        """Return some of them."""
        return Spots(*(column[rows] for column in self))


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A block, or the rest of it, looked at from above.

    Attributes
    ----------
    block, start
        What was looked at.
    marks
        Where marks are; ``None`` if nobody looked, as most lines are records.
    found
        For each shape that has records here: these, and where they stand.
    """

    block: Block
    start: int
    marks: Places | None
    found: tuple[tuple[Found, Spots], ...]

    def records(self, rows: Rows) -> Records:
        """Return the records whose message is known, or can be read apart from its line."""
        parts = []
        for place, (found, spots) in enumerate(self.found):
            shape = found.shape
            ranks = np.array(shape.ranks(found.messages, rows), dtype=np.int64)[found.codes]
            # one number for all of them
            lines, writers, places = (
                np.broadcast_to(np.int64(number), ranks.shape)
                for number in (shape.lines, rows.writer_of(shape.sample), place)
            )
            part = Records(
                starts=spots.starts,
                stops=spots.ends + 1,
                line=spots.line,
                lines=lines,
                ranks=ranks,
                micros=found.micros,
                writers=writers,
                place=places,
            )
            good = ranks >= 0
            if not good.all():
                part = Records(*(column[good] for column in part))
            if len(part.starts):
                parts.append(part)
        if not parts:
            return Records(*(np.empty(0, dtype=np.int64) for _ in Records._fields))
        if len(parts) == 1:
            return parts[0]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        order = np.argsort(columns[0])
        return Records(*(column[order] for column in columns))

    def doubtful(self, records: Records) -> list[int]:
        """Return the marks outside `records`, in order: their lines must be read."""
        if self.marks is not None:
            before = np.searchsorted(records.starts, self.marks, side="right") - 1
            inside = before >= 0
            inside[inside] = self.marks[inside] < records.stops[before[inside]]
            doubtful: list[int] = self.marks[~inside].tolist()
            return doubtful
        view = memoryview(self.block.data)
        gap_starts = np.concatenate([[self.start], records.stops])
        gap_stops = np.concatenate([records.starts, [self.block.end]])
        gaps = np.flatnonzero(gap_starts < gap_stops)
        return [
            start + mark
            for start, stop in zip(gap_starts[gaps].tolist(), gap_stops[gaps].tolist(), strict=True)
            for mark in find_marks(view[start:stop])
        ]


def survey(block: Block, start: int, shapes: tuple[Shape, ...], *, dense: bool) -> Survey:
    """Look at a block from `start`, where a line begins; if `dense`, at every line of it."""
    marks = block.marks
    if marks is not None:
        marks = marks[np.searchsorted(marks, start) :]
    elif not dense:
        places = find_marks(memoryview(block.data)[start : block.end])
        marks = np.array(places, dtype=np.int64) + start
        block.marks_are_rare = are_rare(len(places), block.end - start)
    kinds = {shape.lines > 1 for shape in shapes}
    if not kinds:
        return Survey(block, start, marks, ())
    left = {several: (_objects if several else _lines)(block, start, marks) for several in kinds}
    found = []
    for shape in shapes:
        spots = left[shape.lines > 1]
        records = find_records(shape, block.bytes, spots.starts, spots.ends)
        if not len(records.rows):
            continue
        if len(records.rows) == len(spots.starts):
            found.append((records, spots))
            left[shape.lines > 1] = spots.where(records.rows[:0])
            continue
        found.append((records, spots.where(records.rows)))
        others = np.ones(len(spots.starts), dtype=bool)
        others[records.rows] = False
        left[shape.lines > 1] = spots.where(others)
    return Survey(block, start, marks, _apart(block, found))


def _lines(block: Block, start: int, marks: Places | None) -> Spots:
    """Return where lines stand, of those with a mark if marks are given."""
    breaks = block.breaks(start)
    starts = np.empty_like(breaks)
    starts[1:] = breaks[:-1] + 1
    starts[:1] = start
    before = block.with_left_out(np.arange(len(breaks)), start=start, places=starts)
    lines = Spots(starts, breaks, before)
    if marks is None:
        return lines
    with_marks = np.searchsorted(breaks, marks)
    with_marks = with_marks[np.diff(with_marks, prepend=-1) > 0]
    return lines.where(with_marks[with_marks < len(breaks)])  # the last line may have no end


def _objects(block: Block, start: int, marks: Places | None) -> Spots:
    """Return the same for the objects of an array, each from the line that ends the last one."""
    bounds = block.objects(start)
    if block.between_objects:
        bounds = np.append(bounds, block.end)
    starts, ends = bounds[:-1], bounds[1:] - 1
    if marks is not None:
        which = np.searchsorted(bounds, marks, side="right") - 1
        which = np.unique(which[(which >= 0) & (which < len(starts))])
        starts, ends = starts[which], ends[which]
    before = block.lines_before(np.append(starts, start))
    return Spots(starts, ends, before[:-1] - before[-1])


def _apart(block: Block, found: list[tuple[Found, Spots]]) -> tuple[tuple[Found, Spots], ...]:
    """Keep the records that the next line cannot belong to, nor repeat."""
    if not found:
        return ()
    starts = found[0][1].starts
    if len(found) > 1:
        starts = np.sort(np.concatenate([spots.starts for _, spots in found]))
    objects = [spots.starts for records, spots in found if records.shape.is_json]
    kept = []
    for records, spots in found:
        # where another record follows, and where something else does
        following = np.append(starts[1:], -1)
        if len(found) > 1:
            following = following[np.searchsorted(starts, spots.starts)]
        apart = following == spots.ends + 1
        if not records.shape.is_json and objects:  # a broken object under columns may be a tag
            apart &= ~np.isin(following, np.concatenate(objects))
        unsure = np.flatnonzero(~apart)
        stops = (spots.ends[unsure] + 1).tolist()
        apart[unsure] = [_ends_there(records.shape, block, stop) for stop in stops]
        if not apart.all():
            # often it is the last one alone, and the rest need not be copied
            which = slice(-1) if apart[:-1].all() else apart
            rows, micros, codes = records.rows[which], records.micros[which], records.codes[which]
            records = records._replace(rows=rows, micros=micros, codes=codes)
            spots = spots.where(which)
        kept.append((records, spots))
    return tuple(kept)


def _ends_there(shape: Shape, block: Block, stop: int) -> bool:
    """Return whether the line at `stop` shows that the record above it is complete."""
    data, end = block.data, block.end
    if shape.lines > 1:
        return data.startswith(NEXT_OBJECT, stop) or (stop == end and block.between_objects)
    if stop >= end:
        return False
    if shape.is_json:
        return data.startswith(b"{", stop)
    if _COLUMNS.match(data, stop, end):
        return True
    line = bytes(data[stop : data.find(b"\n", stop, end) + 1 or end])
    return read_header(line.decode("utf-8", "replace").rstrip("\r\n")) is not None

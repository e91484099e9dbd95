"""Captures into the denials frame: any style, any mixture, from a file or a pipe.

Columns: see :data:`~sbdiag.capture.frames.DENIALS`. Styles: see :mod:`~sbdiag.capture.styles`;
formats and encodings of files: :mod:`~sbdiag.capture.files`; the grammar of a message, with its
evidence: :mod:`~sbdiag.capture.message`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import pandas as pd

from sbdiag.capture.block_reader import BlockReader
from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.blocks import Block
from sbdiag.capture.files import Capture, Source, open_capture
from sbdiag.capture.line_reader import LineReader
from sbdiag.capture.progress import Progress, reporting
from sbdiag.capture.rows import Rows
from sbdiag.capture.times import time_zone

LONG_BYTES: Final = 16 * 1024 * 1024
"""A shorter capture is read before a thread is worth its start."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of every line.

    ``lines`` is the sum of the other four, for any bytes that can be unpacked. A line is what
    ends in a line break, or the rest after the last one. Three kinds of long lines count more than
    once: a line of several JSON objects counts once more for each record of ours in it that
    another object follows, a JSON string that holds log text once for each of its lines, and an
    array on a line of more than 1 MiB once for each piece of it that was read.

    Attributes
    ----------
    denials, unparsed
        As many as rows in the frame of that name.
    continuation
        Further lines of a record: its tag, its violation report, the rest of its JSON object,
        ``--- last message repeated 3 times ---``.
    not_ours
        Lines of other programs, banners, blank lines.
    """

    lines: int = 0
    denials: int = 0
    continuation: int = 0
    not_ours: int = 0
    unparsed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.lines + other.lines,
            self.denials + other.denials,
            self.continuation + other.continuation,
            self.not_ours + other.not_ours,
            self.unparsed + other.unparsed,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """One capture, read.

    Attributes
    ----------
    denials
        :data:`~sbdiag.capture.frames.DENIALS`, in the order of the lines.
    unparsed
        :data:`~sbdiag.capture.frames.UNPARSED`: lines that name the sandbox and do not parse.
    notes
        What was assumed or found out on the way, one sentence each: the zone of times that name
        none, the year of ASL lines, compressed data that breaks off.
    """

    denials: pd.DataFrame
    unparsed: pd.DataFrame
    counts: Counts
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """One capture as numbers and distinct messages: little to hand from process to process."""

    run: str
    rows: Rows
    counts: Counts
    notes: tuple[str, ...]
    modified: float | None

    def reading(self, tz: str | dt.tzinfo | None = None) -> Reading:
        """Build the frames."""
        denials, assumed = self.rows.denials(self.run, tz=tz, modified=self.modified)
        notes = (*self.notes, *assumed)
        return Reading(denials, self.rows.unparsed(self.run), self.counts, notes)


def read_capture(
    source: Source,
    *,
    tz: str | dt.tzinfo | None = None,
    run: str | None = None,
    progress: bool | Callable[[int, int | None], None] | None = None,
) -> Reading:
    """Read one capture.

    Parameters
    ----------
    source
        A path, an open binary file (a pipe will do), or the bytes themselves. Compression and
        encoding are told by the content.
    tz
        Zone of times that name none; by default UTC, and a note says so.
    run
        What the capture is called in the frame; by default the name of its file.
    progress
        True or False to force or forbid a progress bar; by default one appears on long files if
        somebody is there to see it. Or a function of (bytes read, bytes in all or None).

    Raises
    ------
    CaptureReadError
        If the file cannot be opened, or nothing in it can be decompressed.
    CaptureError
        If no zone is called `tz`, or the file is open as text.
    """
    time_zone(tz)
    return scan_capture(source, run=run, progress=progress).reading(tz)


def scan_capture(
    source: Source,
    *,
    run: str | None = None,
    progress: bool | Callable[[int, int | None], None] | None = None,
) -> Scanned:
    """Read one capture, all but its frames; parameters and errors as in :func:`read_capture`."""
    rows = Rows()
    reader = LineReader(rows)
    with open_capture(source) as capture:
        name = os.path.basename(capture.name) if run is None else run
        name = name.encode("utf-8", "backslashreplace").decode("utf-8")  # a name need not be text
        ahead = capture.size is not None and capture.size > LONG_BYTES
        blocks = read_blocks(capture.filler(), ahead=ahead)
        with closing(_watched(blocks, capture, reporting(progress, capture.size))) as watched:
            BlockReader(reader).read(watched)
        notes = (*capture.notes, *reader.notes())
        modified = capture.modified
    tally = reader.ledger.tally
    counts = Counts(tally.lines, tally.denials, tally.continuation, tally.not_ours, tally.unparsed)
    return Scanned(name, rows, counts, notes, modified)


def _watched(blocks: Generator[Block], capture: Capture, progress: Progress) -> Generator[Block]:
    """Pass the blocks on and say how far the file was read."""
    try:
        with closing(blocks):
            for block in blocks:
                progress.update(capture.done_bytes)
                yield block
    finally:
        progress.close()

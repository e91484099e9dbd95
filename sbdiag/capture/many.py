"""Several captures, each in a process of its own where that is worth the start of one."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

import pandas as pd

from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.blocks import Block
from sbdiag.capture.files import Source, open_capture
from sbdiag.capture.frames import DENIALS
from sbdiag.capture.marks import are_rare, find_marks
from sbdiag.capture.sources import sources
from sbdiag.capture.times import time_zone
from sbdiag.capture.unified_log import Reading, Scanned, read_capture, scan_capture
from sbdiag.errors import CaptureError

WORTH_BYTES: Final = 2 * 1024 * 1024 * 1024
"""A process starts, and hands its rows over, in the time in which another one reads so much."""
_PACKED: Final = (".gz", ".bz2", ".xz", ".zst")
_UNPACKED_TIMES: Final = 8  # unpacking takes about as long as reading so many times the bytes

Captures: TypeAlias = "Source | list[Source] | tuple[Source, ...]"


def read_denials(
    capture: Captures,
    *,
    tz: str | dt.tzinfo | None = None,
    progress: bool | Callable[[int, int | None], None] | None = None,
) -> pd.DataFrame:
    """Read the denials of one capture or several.

    Parameters
    ----------
    capture
        A path, an open binary file, a directory, a glob, or a list of these; a directory's files
        are told apart by content, and ``run`` is what :func:`~sbdiag.capture.sources.sources`
        calls them. Open files of a list come after its paths.
    tz, progress
        As for :func:`~sbdiag.capture.unified_log.read_capture`.

    Returns
    -------
    pandas.DataFrame
        :data:`~sbdiag.capture.frames.DENIALS`, capture after capture, in the order of the lines.

    Raises
    ------
    CaptureError
        As for :func:`~sbdiag.capture.unified_log.read_capture`.
    """
    given = list(capture) if isinstance(capture, list | tuple) else [capture]
    files: list[tuple[Source, str | None]] = [(one, None) for one in given]
    if paths := [one for one in given if isinstance(one, str | os.PathLike)]:
        named = [(each.file, each.run) for each in sources(paths) if each.kind == "capture"]
        files = [*named, *(pair for pair in files if pair[0] not in paths)]
    readings = read_all(files, tz=tz, progress=progress)
    return DENIALS.concat([reading.denials for reading in readings])


def read_all(
    files: Sequence[tuple[Source, str | None]],
    *,
    tz: str | dt.tzinfo | None = None,
    progress: bool | Callable[[int, int | None], None] | None = None,
    processes: int | None = None,
) -> list[Reading]:
    """Read captures; the result is the same with any number of processes.

    Parameters
    ----------
    files
        Captures and what each is called, as :func:`~sbdiag.capture.unified_log.read_capture`
        takes them.
    tz, progress
        As there. A bar is drawn for files that are read in this process.
    processes
        How many to use; by default as many as processors, if the files are long enough.

    Raises
    ------
    CaptureError
        As :func:`~sbdiag.capture.unified_log.read_capture`, for the first file that has one.
    """
    number = helpful_processes([file for file, _ in files]) if processes is None else processes
    if number < 2 or not all(isinstance(file, str | os.PathLike) for file, _ in files):
        return [read_capture(file, tz=tz, run=run, progress=progress) for file, run in files]
    time_zone(tz)
    # here, since few captures are long enough to need it
    from joblib import Parallel, delayed

    # a process that was there before has its own idea of where it is
    places = [os.path.abspath(os.fspath(file)) for file, _ in files]  # type: ignore[arg-type]
    tasks = (delayed(_scan)(place, run) for place, (_, run) in zip(places, files, strict=True))
    return [
        # what fails there fails here, in the words for this process
        read_capture(file, tz=tz, run=run) if scanned is None else scanned.reading(tz)
        for (file, run), scanned in zip(files, Parallel(n_jobs=number)(tasks), strict=True)
    ]


def _scan(file: Source, run: str | None) -> Scanned | None:
    """Read one capture in another process."""
    try:
        return scan_capture(file, run=run, progress=False)
    except CaptureError:
        return None


def helpful_processes(files: Sequence[Source]) -> int:
    """Return how many processes read these files fastest: one for each 2 GiB, as there are.

    Only files in which denials are rare count: to hand over many rows takes longer than to read
    them.
    """
    paths = [file for file in files if isinstance(file, str | os.PathLike)]
    sized = [(path, size) for path in paths if (size := _reading_bytes(path))]
    if sum(size for _, size in sized) < 2 * WORTH_BYTES:
        return 1
    sizes = [size for path, size in sized if _denials_are_rare(path)]
    return max(1, min(os.cpu_count() or 1, len(sizes), sum(sizes) // WORTH_BYTES))


def _denials_are_rare(file: str | os.PathLike[str]) -> bool:
    """Return whether few lines at the beginning of a file can be ours."""
    try:
        with open_capture(file) as capture, closing(read_blocks(capture.filler())) as blocks:
            first = next(blocks, Block(0))
            marks = find_marks(memoryview(first.data)[: first.end])
            return are_rare(len(marks), first.end)
    except CaptureError:  # the reader says so
        return False


def _reading_bytes(file: str | os.PathLike[str]) -> int:
    path = Path(file)
    try:
        size = path.stat().st_size if path.is_file() else 0
    except OSError:  # the reader says so
        return 0
    return size * (_UNPACKED_TIMES if path.suffix in _PACKED else 1)

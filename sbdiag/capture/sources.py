"""Which files an investigation consists of, told apart by their content.

``sources("run/")`` sorts a directory into captures, Lima logs and entitlement dumps. A directory
of directories is a series: each sub-directory is one run, in the natural order of the names.
"""

from __future__ import annotations

import glob
import io
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

from sbdiag.capture.codesign import is_entitlements
from sbdiag.capture.files import open_capture
from sbdiag.capture.lima import is_lima_log
from sbdiag.capture.message import Message, parse_line
from sbdiag.capture.styles import is_banner, read_header
from sbdiag.errors import CaptureError, CaptureReadError

Readable: TypeAlias = "str | os.PathLike[str] | BinaryIO"
Kind: TypeAlias = Literal["capture", "lima-log", "entitlements", "other"]

_GLOB: Final = re.compile(r"[*?\[]")
_HEAD_BYTES: Final = 64 * 1024
_JSON_RECORD: Final = re.compile(rb'"(?:eventMessage|machTimestamp|processImagePath)"\s*:')


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: where it is, what it is, and the run that it belongs to.

    The ``run`` of a log or dump that lies beside several captures and is named for none is empty;
    ``among`` are then the runs that it may be of. With both it has its run by the order in which
    files were named alone.
    """

    file: str | BinaryIO
    kind: Kind
    run: str
    among: tuple[str, ...] = ()


def sources(capture: Readable | Iterable[Readable] | Mapping[str, bytes]) -> tuple[Source, ...]:
    """List what `capture` names.

    Parameters
    ----------
    capture
        A path, an open binary file, a directory, a glob, or a list of these; or names with the
        bytes of their files, as an upload field has them. A file that is named (or matched by a
        glob) is taken as a capture whatever it holds; the files of a directory, and those handed
        over as bytes, are told apart by content.

    Returns
    -------
    tuple of Source
        In reading order; run names are unique per place. Files of a directory that are none of
        the three kinds have kind ``other`` and are not read.

    Raises
    ------
    CaptureReadError
        If a path does not exist, a glob matches nothing, or a directory holds no capture.
    CaptureError
        If the bytes of a capture are given without an open file around them.
    """
    if isinstance(capture, Mapping):
        return tuple(_handed_over(capture))
    if isinstance(capture, bytes | bytearray):
        raise CaptureError("a capture is a path or an open file; put bytes into io.BytesIO")
    if capture == "":
        raise CaptureReadError("the name of a capture is empty")
    if isinstance(capture, (str, os.PathLike)) or hasattr(capture, "read"):
        given: Sequence[Readable] = [capture]  # type: ignore[list-item]
    else:
        given = list(capture)
    groups = [group for one in given for group in _expand(one)]
    if not any(groups):
        raise CaptureReadError("no capture was given")
    return tuple(_apart(groups))


def _apart(groups: list[list[Source]]) -> Iterator[Source]:
    """Keep runs of one name from different places apart: by the directory, else by a number."""
    often = Counter(run for group in groups for run in {source.run for source in group} - {""})
    taken: set[str] = set()
    for group in groups:
        names: dict[str, str] = {"": ""}
        for source in group:
            if source.run not in names:
                # A name that is no text (it need not be, on disk) is shown by its bytes.
                name = source.run.encode("utf-8", "backslashreplace").decode("utf-8")
                if often[source.run] > 1 and isinstance(source.file, str):
                    name = f"{Path(source.file).absolute().parent.name}/{name}"
                number = next(
                    n for n in count(1) if (name if n == 1 else f"{name} ({n})") not in taken
                )
                names[source.run] = name if number == 1 else f"{name} ({number})"
                taken.add(names[source.run])
        for source in group:
            among = tuple(names[run] for run in source.among)
            yield replace(source, run=names[source.run], among=among)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which ``run-10`` follows ``run-9``."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in re.split(r"([0-9]+)", name)
        if part
    )


def _expand(one: Readable) -> list[list[Source]]:
    """List the sources of each place that `one` names."""
    if not isinstance(one, (str, os.PathLike)):
        name = getattr(one, "name", "")
        # A pipe calls itself <stdin>, and the command line calls it by a dash.
        name = Path(name).name if isinstance(name, str) and name not in {"", "<stdin>"} else "-"
        return [[Source(one, "capture", name)]]
    path = Path(one)
    if path.is_dir():
        return _directory(path)
    if path.exists():
        return [[Source(str(one), "capture", path.name)]]
    if isinstance(one, str) and _GLOB.search(one):
        matches = sorted((name for name in glob.glob(one)), key=natural)
        if not matches:
            raise CaptureReadError(f"no file matches {one!r}")
        return [group for match in matches for group in _expand(Path(match))]
    raise CaptureReadError(f"no such file or directory: {str(one)!r}")


def _directory(path: Path) -> list[list[Source]]:
    """List the files of one run, or of every run below."""
    below = sorted(
        (p for p in path.iterdir() if not p.name.startswith(".")), key=lambda p: natural(p.name)
    )
    files = [p for p in below if p.is_file()]
    runs = [(p, _run(p, p.name)) for p in below if p.is_dir()]
    series = [found for _, found in runs if any(source.kind == "capture" for source in found)]
    here = [Source(str(p), classify(p), p.name) for p in files]
    if series:
        # Files beside the runs (a manifest, a README) belong to none of them.
        return series
    if not any(source.kind == "capture" for source in here):
        raise CaptureReadError(f"no file of {str(path)!r} looks like a log of denials")
    return [_one_run(here, path.name)]


def _handed_over(files: Mapping[str, bytes]) -> list[Source]:
    """List files that came as bytes, as if they lay in one directory."""
    found = []
    for name in sorted(files, key=natural):
        stream = io.BytesIO(files[name])
        stream.name = name
        found.append(Source(stream, classify(files[name]), name))
    captures = [source.run for source in found if source.kind == "capture"]
    if not captures:
        names = ", ".join(source.run for source in found)
        raise CaptureReadError(f"none of these looks like a log of denials: {names or 'no file'}")
    return _one_run(found, captures[0])


def _run(path: Path, run: str) -> list[Source]:
    files = sorted((p for p in path.iterdir() if p.is_file()), key=lambda p: natural(p.name))
    found = [Source(str(p), classify(p), p.name) for p in files if not p.name.startswith(".")]
    return _one_run(found, run)


def _one_run(found: list[Source], run: str) -> list[Source]:
    """Give the files of one directory their run: one capture, one run; else a run a capture.

    Beside several captures, a log or dump is of the one that it is named for, else of no one run.
    What is none of ours keeps its own name, by which it is said not to be read.
    """
    captures = [source for source in found if source.kind == "capture"]
    if len(captures) <= 1:
        return [source if source.kind == "other" else replace(source, run=run) for source in found]
    return [
        source if source.kind in {"capture", "other"} else _beside(source, captures)
        for source in found
    ]


def _beside(source: Source, captures: list[Source]) -> Source:
    """Give a file the run of the capture whose name shares the part before the first dot."""
    stem = source.run.split(".")[0]
    same = [capture.run for capture in captures if capture.run.split(".")[0] == stem]
    if len(same) == 1:
        return replace(source, run=same[0])
    return replace(source, run="", among=tuple(capture.run for capture in captures))


def classify(path: Path | bytes) -> Kind:
    """Tell what a file is by its first lines, unpacked; ``other`` if it is nothing of ours."""
    head = _head(path)
    if is_entitlements(head):
        return "entitlements"
    if is_lima_log(head):
        return "lima-log"
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    logged = sum(1 for line in lines if _is_log(line))
    # A text that quotes a denial is not yet a log.
    return "capture" if logged * 2 >= len(lines) > 0 or _JSON_RECORD.search(head) else "other"


def _head(path: Path | bytes) -> bytes:
    head = b""
    try:
        with open_capture(path) as capture:
            for block in capture.blocks():
                head += block
                if len(head) >= _HEAD_BYTES:
                    break
    except CaptureReadError:
        return b""
    return head[:_HEAD_BYTES]


def _is_log(line: str) -> bool:
    return is_banner(line) or read_header(line) is not None or isinstance(parse_line(line), Message)

"""Bytes and text of a small input: a path, an open binary file, or the bytes themselves.

For dumps and application logs, which are read whole, unpacked if they are compressed (see
:mod:`~sbdiag.capture.files`). Text is decoded by content: byte order mark,
UTF-16 without one, else UTF-8 with broken bytes replaced; lines end in a line feed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

from sbdiag.capture.files import is_compressed, open_capture
from sbdiag.errors import CaptureError, SbdiagError

Source = str | os.PathLike[str] | BinaryIO | bytes

# Read whole into memory, so bounded: real dumps and hostagent logs are far below this.
LIMIT_BYTES: Final = 256 * 1024 * 1024

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def name_of(source: Source) -> str:
    """Return the name under which `source` is reported: its path, or ``<stream>``."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<stream>"


def run_of(source: Source) -> str:
    """Return the default ``run`` of `source`: the file's own name."""
    return Path(name_of(source)).name


def read_bytes(source: Source, error: type[SbdiagError]) -> bytes:
    """Return the bytes of `source`, unpacked.

    Compressed data that breaks off yields what came before.

    Raises
    ------
    error
        If the file cannot be opened, read or unpacked, or is larger than ``LIMIT_BYTES``.
    """
    data = _stored_bytes(source, error)
    return _unpacked(data, name_of(source), error) if is_compressed(data) else data


def _unpacked(data: bytes, name: str, error: type[SbdiagError]) -> bytes:
    blocks: list[bytes] = []
    size = 0
    try:
        with open_capture(data) as packed:
            for block in packed.blocks():
                blocks.append(block)
                size += len(block)
                if size > LIMIT_BYTES:
                    raise error(f"{name} unpacks to more than {LIMIT_BYTES} bytes")
    except CaptureError as cause:
        raise error(f"cannot unpack {name}: {cause.message}") from cause
    return b"".join(blocks)


def _stored_bytes(source: Source, error: type[SbdiagError]) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                data = file.read(LIMIT_BYTES + 1)
        else:
            data = source.read(LIMIT_BYTES + 1)
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the path, a closed file
        reason = getattr(cause, "strerror", None) or str(cause)
        raise error(f"cannot read {name_of(source)}: {reason}") from cause
    if not isinstance(data, bytes):
        raise error(f"{name_of(source)} was opened as text; open it in binary mode")
    if len(data) > LIMIT_BYTES:
        raise error(f"{name_of(source)} is larger than {LIMIT_BYTES} bytes")
    return data


def decode(data: bytes) -> str:
    """Return `data` as text whose lines end in a line feed; never fails."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            break
    else:
        text = data.decode(_guess_encoding(data), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _guess_encoding(data: bytes) -> str:
    """Tell UTF-16 without a mark by the null bytes that ASCII text leaves in it."""
    head = data[:512]
    pairs = len(head) // 2
    if pairs >= 4 and len(data) % 2 == 0:
        if head[1::2].count(0) > 0.7 * pairs and head[0::2].count(0) == 0:
            return "utf-16-le"
        if head[0::2].count(0) > 0.7 * pairs and head[1::2].count(0) == 0:
            return "utf-16-be"
    return "utf-8"

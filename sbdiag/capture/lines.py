"""Blocks of bytes into numbered lines of text, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

LINE_BYTES: Final = 1024 * 1024
"""A longer line is cut: a JSON array on one line between two objects, anything else here."""

_BETWEEN_OBJECTS: Final = b'},{"'  # cannot stand in a JSON string, where a quote is escaped


class Line(NamedTuple):
    """One line of a capture, or a piece of a very long one.

    Attributes
    ----------
    number
        1-based, of the line in its file.
    text
        Decoded from UTF-8, broken bytes as U+FFFD, without the line break (LF or CRLF).
    fresh
        False for the rest of a long line: its start is no place where a record may begin.
    """

    number: int
    text: str
    fresh: bool = True


def read_lines(blocks: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of consecutive blocks, the same wherever the blocks are divided."""
    number, carried, fresh = 1, b"", True
    for block in blocks:
        *whole, rest = block.split(b"\n")
        for data in whole:
            yield from _cut(number, carried + data, fresh)
            number, carried, fresh = number + 1, b"", True
        carried += rest
        while len(carried) > LINE_BYTES:
            piece, carried, between = _split(carried)
            yield _line(number, piece, fresh)
            fresh = between
    if carried:
        yield from _cut(number, carried, fresh)


def _cut(number: int, data: bytes, fresh: bool) -> Iterator[Line]:
    while len(data) > LINE_BYTES:
        piece, data, between = _split(data)
        yield _line(number, piece, fresh)
        fresh = between
    yield _line(number, data.removesuffix(b"\r"), fresh)


def _split(data: bytes) -> tuple[bytes, bytes, bool]:
    """Cut the start off a long line: piece, rest, and whether the cut is between two objects."""
    at = data.rfind(_BETWEEN_OBJECTS, 0, LINE_BYTES) + 2
    if at >= 2:
        return data[:at], data[at:], True
    at = LINE_BYTES
    while at > LINE_BYTES - 4 and 0x80 <= data[at] < 0xC0:  # inside a character
        at -= 1
    return data[:at], data[at:], False


def _line(number: int, data: bytes, fresh: bool) -> Line:
    return Line(number, data.decode("utf-8", "replace"), fresh)

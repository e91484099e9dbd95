"""Blocks of bytes into numbered lines of text, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

LINE_BYTES: Final = 1024 * 1024
"""A longer line is cut: a JSON array on one line between two objects, anything else here."""

Start: TypeAlias = Literal["new", "between", "rest"]

_BETWEEN_OBJECTS: Final = b'},{"'  # cannot stand in a JSON string, where a quote is escaped


class Line(NamedTuple):
    """One line of a capture, or a piece of a very long one.

    Attributes
    ----------
    number
        1-based, of the line in its file.
    text
        Decoded from UTF-8, broken bytes as U+FFFD, without the line break (LF or CRLF).
    start
        ``new`` for a line; for a further piece of a long one ``between``, if it was cut between
        two JSON objects, else ``rest``. A record can begin only in a new line, or in JSON.
    """

    number: int
    text: str
    start: Start = "new"


def read_lines(blocks: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of consecutive blocks, the same wherever the blocks are divided."""
    cutter = LineCutter()
    for block in blocks:
        yield from cutter.feed(block)
    yield from cutter.finish()


class LineCutter:
    """Cuts consecutive blocks into lines; :attr:`number` is that of the next line."""

    def __init__(self) -> None:
        self.number = 1
        self._carried: list[bytes] = []
        self._carried_bytes = 0
        self._start: Start = "new"

    @property
    def inside(self) -> bool:
        """Whether the last block ended within a line."""
        return self._carried_bytes > 0 or self._start != "new"

    def feed(self, block: bytes) -> Iterator[Line]:
        """Yield the lines that end in `block`, and pieces of a long one that does not."""
        *whole, rest = block.split(b"\n")
        for data in whole:
            if self._carried:
                data = b"".join((*self._carried, data))
                self._carried, self._carried_bytes = [], 0
            number, start = self.number, self._start
            self.number, self._start = number + 1, "new"
            yield from _pieces(number, data, start)
        if rest:
            self._carried.append(rest)
            self._carried_bytes += len(rest)
        if self._carried_bytes > LINE_BYTES:
            data = b"".join(self._carried)
            while len(data) > LINE_BYTES:
                piece, data, after = _split(data)
                yield _line(self.number, piece, self._start)
                self._start = after
            self._carried, self._carried_bytes = [data], len(data)

    def finish(self) -> Iterator[Line]:
        """Yield what stands after the last line break."""
        if self.inside:
            data = b"".join(self._carried)
            self._carried, self._carried_bytes = [], 0
            yield from _pieces(self.number, data, self._start)
            self._start = "new"


def _pieces(number: int, data: bytes, start: Start) -> Iterator[Line]:
    while len(data) > LINE_BYTES:
        piece, data, after = _split(data)
        yield _line(number, piece, start)
        start = after
    yield _line(number, data.removesuffix(b"\r"), start)


def _split(data: bytes) -> tuple[bytes, bytes, Start]:
    """Cut the start off a long line: piece, rest, and where it was cut."""
    at = data.rfind(_BETWEEN_OBJECTS, 0, LINE_BYTES) + 2
    if at >= 2:
        return data[:at], data[at:], "between"
    at = LINE_BYTES
    while at > LINE_BYTES - 4 and 0x80 <= data[at] < 0xC0:  # inside a character
        at -= 1
    return data[:at], data[at:], "rest"


def _line(number: int, data: bytes, start: Start) -> Line:
    return Line(number, data.decode("utf-8", "replace"), start)

"""Opening a capture: a path, an open binary file or a pipe; compressed or in UTF-16.

Formats are told by their first bytes, never by the name: gzip (RFC 1952), bzip2, xz (the .xz file
format 1.2), zstandard (RFC 8878), and the byte order marks of UTF-8 and UTF-16.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias, TypeGuard, cast

import zstandard

from sbdiag.errors import CaptureError, CaptureReadError

Source: TypeAlias = "str | os.PathLike[str] | BinaryIO | bytes"

BLOCK_BYTES: Final = 256 * 1024
_SNIFF_BYTES: Final = 4096
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


_FORMATS: Final[tuple[tuple[str, bytes, Callable[[BinaryIO], object]], ...]] = (
    ("gzip", b"\x1f\x8b\x08", lambda raw: gzip.GzipFile(fileobj=raw)),
    ("bzip2", b"BZh", lambda raw: bz2.BZ2File(raw)),
    ("xz", b"\xfd7zXZ\x00", lambda raw: lzma.LZMAFile(raw)),  # noqa: SIM115 - closes nothing
    ("zstandard", b"\x28\xb5\x2f\xfd", lambda raw: _ZstdFile(raw)),
)


def is_compressed(start: bytes) -> bool:
    """Tell by its first bytes whether a file is in one of the formats that are unpacked here."""
    return any(start.startswith(magic) for _name, magic, _open in _FORMATS)


Encoding: TypeAlias = Literal["utf-8", "utf-16-le", "utf-16-be"]
_MARKS: Final[tuple[tuple[bytes, Encoding], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(slots=True)
class Capture:
    """An open capture: its text as UTF-8 bytes, block by block.

    Attributes
    ----------
    name
        The path as given, or what the file object calls itself.
    size
        Bytes on disk, ``None`` for a pipe.
    modified
        Seconds since 1970 when the file was last written, ``None`` for anything but a path.
    notes
        What was found out about the file; complete after the last block.
    """

    name: str
    raw: BinaryIO
    size: int | None = None
    modified: float | None = None
    notes: list[str] = field(default_factory=list)
    done_bytes: int = 0
    _is_plain: bool = False  # nothing but a mark was taken off the text
    _closing: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, in blocks of any length but none empty.

        Raises
        ------
        CaptureReadError
            If nothing can be read. Compressed data that ends early or breaks later on yields what
            came before, and a note.
        """
        stream = _Counted(self)
        form, plain = self._decompressed(cast("BinaryIO", stream))
        # read1 hands over what came before a break, read would lose it with the error
        read: Callable[[int], bytes] = getattr(plain, "read1", plain.read)
        encoding: Encoding | None = None
        decoder: codecs.IncrementalDecoder | None = None
        got_any = False
        while True:
            try:
                block = read(BLOCK_BYTES)
            except _BROKEN as error:
                reason = str(error) or type(error).__name__
                if not got_any:
                    raise CaptureReadError(
                        f"cannot read {self.name} as {form}: {reason}"
                    ) from error
                self.notes.append(f"the {form} data of {self.name} breaks off: {reason}")
                return
            if encoding is None and block:
                block, encoding = self._sniff(plain, block)
                if encoding != "utf-8":
                    decoder = codecs.getincrementaldecoder(encoding)("replace")
                    self.notes.append(f"{self.name} is in {encoding.upper()}")
            last = not block
            if decoder is not None:
                block = decoder.decode(block, last).encode("utf-8", "replace")
            if block:
                got_any = True
                self._is_plain = form == "text" and encoding == "utf-8"
                yield block
            if last:
                return

    def filler(self) -> Callable[[memoryview], int]:
        """Return a function that puts the next bytes of the text in UTF-8 into a buffer.

        It returns how many it put there, 0 at the end. What it says and raises is what
        :meth:`blocks` does; plain text goes from the file into the buffer without a copy between.
        """
        blocks = self.blocks()
        left = memoryview(b"")
        into = self.raw.readinto if _is_plain_file(self.raw) else None

        def fill(buffer: memoryview) -> int:
            nonlocal left
            if not left and self._is_plain and into is not None:
                try:
                    count = into(buffer) or 0
                except OSError as error:
                    self.notes.append(f"the text data of {self.name} breaks off: {error}")
                    return 0
                self.done_bytes += count
                return count
            left = left or memoryview(next(blocks, b""))
            count = min(len(left), len(buffer))
            buffer[:count], left = left[:count], left[count:]
            return count

        return fill

    def _decompressed(self, stream: BinaryIO) -> tuple[str, BinaryIO]:
        """Unpack, twice if need be; a stream that is not compressed comes back as it is."""
        form = "text"
        for _ in range(2):
            peekable = _Peekable(stream)
            start = peekable.peek(8)
            opener = next((item for item in _FORMATS if start.startswith(item[1])), None)
            stream = cast("BinaryIO", peekable)
            if opener is None:
                break
            form = opener[0]
            stream = cast("BinaryIO", opener[2](stream))
        return form, stream

    def _sniff(self, plain: BinaryIO, block: bytes) -> tuple[bytes, Encoding]:
        """Tell the encoding by the mark, or by the zero bytes that ASCII has in UTF-16."""
        with suppress(*_BROKEN):  # the next read says so
            while len(block) < 4 and (more := plain.read(1)):
                block += more
        for mark, encoding in _MARKS:
            if block.startswith(mark):
                return block.removeprefix(mark), encoding
        sample = block[:_SNIFF_BYTES]
        even, odd = sample[::2], sample[1::2]
        if len(odd) >= 2 and odd.count(0) * 10 > len(odd) * 7 and even.count(0) * 10 < len(even):
            return block, "utf-16-le"
        if len(odd) >= 2 and even.count(0) * 10 > len(even) * 7 and odd.count(0) * 10 < len(odd):
            return block, "utf-16-be"
        return block, "utf-8"


def _is_plain_file(raw: object) -> TypeGuard[io.FileIO | io.BytesIO | io.BufferedReader]:
    """Whether a file may be read without a look at what each read brings."""
    if isinstance(raw, io.BufferedReader):
        raw = raw.raw
    return isinstance(raw, io.FileIO | io.BytesIO)


class _Counted(io.RawIOBase):
    """The raw file, counting what was read: progress without `tell`, which pipes lack."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        raw = self._capture.raw
        read = getattr(raw, "read1", raw.read)  # of a pipe: what is there, without waiting for more
        data = read(BLOCK_BYTES if size is None or size < 0 else size)
        if isinstance(data, str):
            raise CaptureError(f"{self._capture.name} is open as text; open it in binary mode")
        data = data or b""
        self._capture.done_bytes += len(data)
        return data


class _ZstdFile(io.RawIOBase):
    """Zstandard frames one after the other; a frame that ends early is an error, as in gzip."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._inside = False
        self._ahead = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece, however long; empty at the end."""
        while True:
            data = self._ahead or self._stream.read(BLOCK_BYTES)
            self._ahead = b""
            if not data:
                if self._inside:
                    raise EOFError("the last frame is not complete")
                return b""
            self._inside = True
            out = self._frame.decompress(data)
            if self._frame.eof:
                self._ahead = self._frame.unused_data
                self._frame = zstandard.ZstdDecompressor().decompressobj()
                self._inside = False
            if out:
                return out


class _Peekable(io.RawIOBase):
    """A stream whose first bytes can be looked at; short reads of a pipe are made whole."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""
        self._broken: Exception | None = None

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """Return the first bytes, fewer where the data ends or breaks; reading then tells why."""
        try:
            while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
                self._ahead += more
        except _BROKEN as error:
            self._broken = error
        return self._ahead

    def read(self, size: int = -1, /) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(BLOCK_BYTES), b""))
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        if self._broken is not None:
            raise self._broken
        return self._stream.read(size)

    def read1(self, size: int = -1, /) -> bytes:
        """Read what is there; what comes before a break is not lost with the error."""
        if self._ahead or self._broken is not None:
            return self.read(size)
        read1: Callable[[int], bytes] = getattr(self._stream, "read1", self._stream.read)
        return read1(size)

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer))
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


def open_capture(source: Source) -> Capture:
    """Open a capture.

    Raises
    ------
    CaptureReadError
        If the file cannot be opened.
    CaptureError
        If `source` is neither a path nor a file.
    """
    if isinstance(source, bytes | bytearray):
        return Capture("<bytes>", cast("BinaryIO", io.BytesIO(source)), size=len(source))
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        closing = ExitStack()
        try:
            raw = closing.enter_context(path.open("rb", buffering=0))
            status = os.fstat(raw.fileno())
        except OSError as error:
            closing.close()
            raise CaptureReadError(f"cannot open {source}: {error.strerror}") from error
        regular = status.st_size if path.is_file() else None
        return Capture(
            str(source),
            cast("BinaryIO", raw),
            size=regular,
            modified=status.st_mtime if regular is not None else None,
            _closing=closing,
        )
    if not hasattr(source, "read"):
        raise CaptureError(f"a capture is a path or an open file, not {type(source).__name__}")
    name = getattr(source, "name", None)
    return Capture(name if isinstance(name, str) else "<stream>", source)

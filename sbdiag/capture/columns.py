"""Records of one shape among the lines of a block, by arithmetic on columns of bytes.

Each step takes one piece of the shape for all lines at once: it looks at the bytes where the piece
should be, keeps the lines that have it, and moves on. Pieces in front of the message are taken from
the start of the record, those behind it from its end; what is left between them is the message.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sbdiag.capture.blocks import Bytes, Places
from sbdiag.capture.lines import LINE_BYTES
from sbdiag.capture.shape import RUN_BYTES, Piece, Run, Shape, Stamp
from sbdiag.capture.times import iso_moment

_Flags = npt.NDArray[np.bool_]

_IN_RUN: Final = {
    run: np.isin(np.arange(256, dtype=np.uint8), list(members))
    for run, members in {
        "digits": b"0123456789",
        "hex": b"0123456789abcdef",
        "spaces": b" ",
    }.items()
}
_MINUTE_BYTES: Final = 17  # 2026-09-08 12:08:
_SHORT_RUN: Final = 8  # most are no longer
_LONG_TEXT: Final = 64  # from here on, comparing byte by byte is the faster way
_WRONG: Final = -(10**12)


def _two_digits() -> npt.NDArray[np.int64]:
    """Return the number that two bytes write, by the number that they are; far below 0 if none."""
    value = np.full(256, _WRONG, dtype=np.int64)
    value[ord("0") : ord("9") + 1] = np.arange(10)
    return np.add.outer(value, 10 * value).reshape(-1)  # the first byte is the lower one


_TWO_DIGITS: Final = _two_digits()
_MINUTE: Final = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:")


class Found(NamedTuple):
    """The records of one shape among some candidates.

    Attributes
    ----------
    shape
        Their shape.
    rows
        Which candidates they are, in order.
    micros
        Their times, as the shape's sample counts them.
    codes, messages
        The message of each, as its place among the distinct ones.
    """

    shape: Shape
    rows: Places
    micros: Places
    codes: Places
    messages: list[bytes]


def find_records(shape: Shape, data: Bytes, starts: Places, ends: Places) -> Found:
    """Find those of the candidates from `starts` to `ends` (a line break, or the end of all)."""
    columns = _Columns(np.arange(len(starts)), starts, ends, np.zeros_like(starts))
    size = ends - starts  # the careful reader cuts what is longer
    columns = columns.where((size > shape.least_bytes) & (size <= LINE_BYTES))
    for piece in shape.before:
        good, moved, micros = _take(piece, data, columns.front, columns.back)
        columns = columns.moved(front=moved, micros=micros).where(good)
    for piece in reversed(shape.after):
        good, moved, micros = _take(piece, data, columns.back, columns.front, backwards=True)
        columns = columns.moved(back=moved, micros=micros).where(good)
    columns = columns.where(columns.front < columns.back)  # a message is not empty
    codes, messages = _distinct(data, columns.front, columns.back)
    return Found(shape, columns.rows, columns.micros + shape.shift_micros, codes, messages)


class _Columns(NamedTuple):
    """Candidates that fit so far, what is left of them between two places, and their times."""

    rows: Places
    front: Places
    back: Places
    micros: Places

    def moved(
        self,
        *,
        front: Places | int | None = None,
        back: Places | int | None = None,
        micros: Places | None = None,
    ) -> _Columns:
        return _Columns(
            rows=self.rows,
            front=self.front if front is None else self.front + front,
            back=self.back if back is None else self.back - back,
            micros=self.micros if micros is None else self.micros + micros,
        )

    def where(self, good: _Flags) -> _Columns:
        return self if good.all() else _Columns(*(column[good] for column in self))


def _take(
    piece: Piece, data: Bytes, at: Places, limit: Places, *, backwards: bool = False
) -> tuple[_Flags, Places | int, Places | None]:
    """Return which candidates have the piece at `at`, its length there, and its time, if any."""
    if isinstance(piece, bytes):
        return _take_fixed(piece, data, at, limit, backwards=backwards)
    if isinstance(piece, Stamp):
        return _take_stamp(piece, data, at, limit, backwards=backwards)
    return _take_run(piece, data, at, limit, backwards=backwards)


def _take_fixed(
    text: bytes, data: Bytes, at: Places, limit: Places, *, backwards: bool
) -> tuple[_Flags, int, None]:
    width = len(text)
    first, inside = _window(width, at, limit, backwards=backwards)
    first = first * inside
    if width < _LONG_TEXT:
        inside &= _texts(data, first, width) == text
    else:
        inside &= (_rows(data, first, width) == np.frombuffer(text, np.uint8)).all(axis=1)
    return inside, width, None


def _take_run(
    run: Run, data: Bytes, at: Places, limit: Places, *, backwards: bool
) -> tuple[_Flags, Places, None]:
    length = _run_length(run, data, at, _SHORT_RUN + 1, backwards=backwards)
    if (longer := np.flatnonzero(length == 0)).size:  # or no run at all
        length[longer] = _run_length(run, data, at[longer], RUN_BYTES + 1, backwards=backwards)
    end = at - length if backwards else at + length
    good = (length > 0) & (end >= limit if backwards else end <= limit)
    if run == "digits":  # a number of JSON has no zero in front
        good &= (length == 1) | (data[np.minimum(at, end)] != ord("0"))
    return good, length, None


def _run_length(
    run: Run, data: Bytes, at: Places, width: int, *, backwards: bool
) -> npt.NDArray[np.int64]:
    """Return how many bytes belong to the run from `at` on, 0 if none do or all of `width`."""
    first = np.maximum(at - width, 0) if backwards else np.minimum(at, len(data) - width)
    inside = _IN_RUN[run][_rows(data, first, width)]
    # the first byte that is no member, from the side where the run begins
    length: Places = (inside[:, ::-1] if backwards else inside).argmin(axis=1)
    length *= first == (at - width if backwards else at)
    return length


def _take_stamp(
    stamp: Stamp, data: Bytes, at: Places, limit: Places, *, backwards: bool
) -> tuple[_Flags, int, Places]:
    first, good = _window(stamp.width, at, limit, backwards=backwards)
    first = first * good
    # whole minutes: each is read once for the neighbours that share it
    new = np.zeros(len(at), dtype=bool)
    new[:1] = True
    for place in (0, 8, _MINUTE_BYTES - 8):  # eight bytes as a number; the last two overlap
        part = _numbers(data, first + place, "<u8")
        new[1:] |= part[1:] != part[:-1]
    heads = np.flatnonzero(new)
    texts = _texts(data, first[heads], _MINUTE_BYTES).tolist()
    read = np.array([_minute(text, stamp) for text in texts], dtype=np.int64)
    micros = np.repeat(read, np.diff(heads, append=len(at)))
    # seconds, two digits; the point; then the fraction, two digits at a time
    seconds = _two(data, first + _MINUTE_BYTES)
    good &= (micros >= 0) & (seconds >= 0) & (seconds < 60)
    good &= data[first + _MINUTE_BYTES + 2] == ord(".")
    micros += seconds * 1_000_000
    for place in range(stamp.digits // 2):
        digits = _two(data, first + _MINUTE_BYTES + 3 + 2 * place)
        good &= digits >= 0
        micros += digits * 10 ** (4 - 2 * place)
    if stamp.digits % 2:
        last = data[first + stamp.width - 1] - np.uint8(ord("0"))
        good &= last <= 9
        micros += last.astype(np.int64) * 10 ** (6 - stamp.digits)
    return good, stamp.width, micros


def _minute(text: bytes, stamp: Stamp) -> int:
    """Return the microseconds up to a whole minute."""
    if not _MINUTE.fullmatch(text) or text[10:11] != stamp.between:
        return _WRONG
    moment = iso_moment(text[:10].decode(), text[11:].decode() + "00", None)
    return _WRONG if moment is None else moment.micros


def _window(width: int, at: Places, limit: Places, *, backwards: bool) -> tuple[Places, _Flags]:
    """Return where a piece of this width begins, and whether it stays within the record."""
    first = at - width if backwards else at
    return first, (first >= limit if backwards else first + width <= limit)


def _texts(data: Bytes, first: Places, width: int) -> npt.NDArray[np.bytes_]:
    """Return the `width` bytes from each place on."""
    every = np.ndarray((len(data) - width + 1,), dtype=f"S{width}", buffer=data, strides=(1,))
    return every[first]


def _rows(data: Bytes, first: Places, width: int) -> Bytes:
    """Return the `width` bytes from each place on, one row each."""
    every = np.ndarray((len(data) - width + 1,), dtype=f"V{width}", buffer=data, strides=(1,))
    return every[first].view(np.uint8).reshape(len(first), width)


def _two(data: Bytes, first: Places) -> Places:
    """Return the number that the two bytes from each place on write, below 0 if none."""
    return np.take(_TWO_DIGITS, _numbers(data, first, "<u2"))


def _numbers(data: Bytes, first: Places, kind: str) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return the bytes from each place on as a number."""
    width = np.dtype(kind).itemsize
    every = np.ndarray((len(data) - width + 1,), dtype=kind, buffer=data, strides=(1,))
    return every[first]


def _distinct(data: Bytes, starts: Places, ends: Places) -> tuple[Places, list[bytes]]:
    """Return the distinct texts in order of appearance, and for each text which one it is."""
    if not len(starts):
        return starts, []
    bounds = np.empty(2 * len(starts), dtype=np.int32)  # texts, and what lies between them
    bounds[0::2], bounds[1::2] = starts, ends
    texts = pa.Array.from_buffers(
        pa.binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )
    every_other = np.arange(0, len(bounds) - 1, 2, dtype=np.int32)
    encoded = texts.take(pa.array(every_other)).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()

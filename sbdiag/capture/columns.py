"""Records of one shape among the lines of a block, by arithmetic on columns of bytes.

Each step takes one piece of the shape for all lines at once: it looks at the bytes where the piece
should be, keeps the lines that have it, and moves on. Pieces in front of the message are taken from
the start of the record, those behind it from its end; what is left between them is the message.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sbdiag.capture.blocks import Bytes
from sbdiag.capture.shape import RUN_BYTES, Piece, Run, Shape, Stamp
from sbdiag.capture.times import iso_moment

Places = npt.NDArray[np.int64]
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
_MINUTE: Final = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:")
_NO_MINUTE: Final = -1


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
    rows = np.flatnonzero(ends - starts > shape.least_bytes)
    columns = _Columns(rows, starts[rows], ends[rows], np.zeros(len(rows), dtype=np.int64))
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
        self, *, front: Places | int = 0, back: Places | int = 0, micros: Places | int = 0
    ) -> _Columns:
        return self._replace(
            front=self.front + front, back=self.back - back, micros=self.micros + micros
        )

    def where(self, good: _Flags) -> _Columns:
        return self if good.all() else _Columns(*(column[good] for column in self))


def _take(
    piece: Piece, data: Bytes, at: Places, limit: Places, *, backwards: bool = False
) -> tuple[_Flags, Places | int, Places | int]:
    """Return which candidates have the piece at `at`, its length there, and its microseconds."""
    if isinstance(piece, bytes):
        return _take_fixed(piece, data, at, limit, backwards=backwards)
    if isinstance(piece, Stamp):
        return _take_stamp(piece, data, at, limit, backwards=backwards)
    return _take_run(piece, data, at, limit, backwards=backwards)


def _take_fixed(
    text: bytes, data: Bytes, at: Places, limit: Places, *, backwards: bool
) -> tuple[_Flags, int, int]:
    first, inside = _window(len(text), at, limit, backwards=backwards)
    return inside & (_texts(data, first * inside, len(text)) == text), len(text), 0


def _take_run(
    run: Run, data: Bytes, at: Places, limit: Places, *, backwards: bool
) -> tuple[_Flags, Places, int]:
    width = RUN_BYTES + 1
    first = np.maximum(at - width, 0) if backwards else np.minimum(at, len(data) - width)
    window = _rows(data, first, width)
    inside = _IN_RUN[run][window]
    # the first byte that is no member, from the side where the run begins
    length = (inside[:, ::-1] if backwards else inside).argmin(axis=1)
    good = (length > 0) & (first == (at - width if backwards else at))
    good &= at - length >= limit if backwards else at + length <= limit
    if run == "digits":  # a number of JSON has no zero in front
        front = np.where(good, width - length, 0) if backwards else 0
        zero = window[np.arange(len(at)), front] == ord("0")
        good &= ~(zero & (length > 1))
    return good, length, 0


def _take_stamp(
    stamp: Stamp, data: Bytes, at: Places, limit: Places, *, backwards: bool
) -> tuple[_Flags, int, Places]:
    first, good = _window(stamp.width, at, limit, backwards=backwards)
    first = first * good
    # whole minutes: each is read once for the neighbours that share it
    minutes = _texts(data, first, _MINUTE_BYTES)
    heads = np.flatnonzero(np.concatenate([[True], minutes[1:] != minutes[:-1]])[: len(at)])
    read = np.array([_minute(text, stamp) for text in minutes[heads].tolist()], dtype=np.int64)
    whole = np.repeat(read, np.diff(heads, append=len(at)))
    # seconds and their fraction: digits times their weights, 12.345 as 12 345 000
    digits = _rows(data, first + _MINUTE_BYTES, stamp.width - _MINUTE_BYTES) - ord("0")
    good &= (whole != _NO_MINUTE) & (digits[:, 2] == (ord(".") - ord("0")) % 256)
    digits = np.delete(digits, 2, axis=1)
    good &= (digits <= 9).all(axis=1) & (digits[:, 0] <= 5)
    weights = 10 ** np.arange(7, 7 - digits.shape[1], -1, dtype=np.int64)
    return good, stamp.width, whole + digits.astype(np.int64) @ weights


def _minute(text: bytes, stamp: Stamp) -> int:
    """Return the microseconds up to a whole minute."""
    if not _MINUTE.fullmatch(text) or text[10:11] != stamp.between:
        return _NO_MINUTE
    moment = iso_moment(text[:10].decode(), text[11:].decode() + "00", None)
    return _NO_MINUTE if moment is None else moment.micros


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

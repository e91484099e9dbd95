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
import pyarrow.compute as pc

from sbdiag.capture.blocks import Bytes, Places
from sbdiag.capture.lines import LINE_BYTES
from sbdiag.capture.shape import RUN_BYTES, Piece, Run, Shape, Stamp
from sbdiag.capture.times import iso_moment

_Flags = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]

# Bytes are looked at eight at once: as a number whose lowest digit, to the base 256, is the first.
_EIGHT: Final = 8
_ONES: Final = 0x01010101_01010101
_HIGH: Final = 0x80808080_80808080

_MEMBERS: Final[dict[Run, tuple[bytes, ...]]] = {
    "digits": (b"09",),
    "hex": (b"09", b"af"),
    "spaces": (b"  ",),
}
"""What a run is made of: the first and the last of each range of bytes."""
_MINUTE: Final = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_SECONDS: Final = b":00.0000"  # behind the minute; two further digits may follow
_WRONG: Final = -(10**12)
_FEW: Final = 1000  # texts: to start the search for equal ones takes longer than the search
_FEW_WORDS: Final = 2  # a longer text is compared by Arrow


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
        columns = _take(piece, columns, data)
    for piece in reversed(shape.after):
        columns = _take(piece, columns, data, backwards=True)
    columns = columns.where(columns.front < columns.back)  # a message is not empty
    codes, messages = _distinct(data, columns.front, columns.back)
    return Found(shape, columns.rows, columns.micros + shape.shift_micros, codes, messages)


class _Columns(NamedTuple):
    """Candidates that fit so far, what is left of them between two places, and their times."""

    rows: Places
    front: Places
    back: Places
    micros: Places

    def where(self, good: _Flags) -> _Columns:
        return self if good.all() else _Columns(*(column[good] for column in self))


def _take(piece: Piece, columns: _Columns, data: Bytes, *, backwards: bool = False) -> _Columns:
    """Return the candidates that have the piece in front, or at their back, without it."""
    width: int | Places = 1
    if not isinstance(piece, str):
        width = len(piece) if isinstance(piece, bytes) else piece.width
    columns = columns.where(columns.back - columns.front >= width)
    rows, front, back, micros = columns
    first = back - width if backwards else front
    if isinstance(piece, bytes):
        good = _have_text(piece, data, first)
    elif isinstance(piece, Stamp):
        good, micros = _read_stamps(piece, data, first)
    else:
        good, width = _measure_runs(piece, data, back if backwards else front, backwards=backwards)
    if backwards:
        return _Columns(rows, front, back - width, micros).where(good)
    return _Columns(rows, front + width, back, micros).where(good)


def _have_text(text: bytes, data: Bytes, first: Places) -> _Flags:
    """Return where this text stands, of places in order that are as far apart as it is long."""
    if len(text) <= _FEW_WORDS * _EIGHT:
        words = _words(data, first, len(text))
        good = np.ones(len(first), dtype=bool)
        for place in range(words.shape[1]):
            part = text[_EIGHT * place : _EIGHT * (place + 1)]
            good &= words[:, place] & _word(b"\xff" * len(part)) == _word(part)
        return good
    found = pc.equal(_slices(data, first, first + len(text)), pa.scalar(text, pa.binary()))
    flags: _Flags = found.to_numpy(zero_copy_only=False)[::2]
    return flags


def _measure_runs(run: Run, data: Bytes, at: Places, *, backwards: bool) -> tuple[_Flags, Places]:
    """Return where a run begins, and how many bytes it has."""
    length = _members(run, data, at, backwards=backwards)
    longer = np.flatnonzero(length == _EIGHT)
    for _ in range(RUN_BYTES // _EIGHT):  # most are no longer
        if longer.size:
            reached = at[longer] - length[longer] if backwards else at[longer] + length[longer]
            more = _members(run, data, reached, backwards=backwards)
            length[longer] += more
            longer = longer[more == _EIGHT]
    good = (length > 0) & (length <= RUN_BYTES)
    if run == "digits":  # a number of JSON has no zero in front
        good &= (length == 1) | (data[at - length if backwards else at] != ord("0"))
    return good, length


def _members(run: Run, data: Bytes, at: Places, *, backwards: bool) -> Places:
    """Return how many of the eight bytes from `at` on belong to a run, up to the first other."""
    first = np.maximum(at - _EIGHT, 0) if backwards else at
    words = _words(data, first, _EIGHT)[:, 0]
    if backwards:
        words = words.byteswap()
    # the highest bit of each byte: whether it is in a range (without it, no sum carries over)
    low = words & ~np.uint64(_HIGH)
    inside = np.zeros_like(words)
    for least, most in _MEMBERS[run]:
        inside |= (low + (0x80 - least) * _ONES) & ~(low + (0x7F - most) * _ONES)
    outside = ~(inside & ~words) & _HIGH
    # the bits below the lowest one that is set, eight for each byte inside
    length: Places = (np.bitwise_count((outside & -outside) - 1) >> 3).astype(np.int64)
    length *= first == (at - _EIGHT if backwards else at)
    return length


def _read_stamps(stamp: Stamp, data: Bytes, first: Places) -> tuple[_Flags, Places]:
    """Return where a time stands, and which, in microseconds."""
    words = _words(data, first, stamp.width)
    # up to the minute, two words: each is read once for the neighbours that share it
    new = np.ones(len(first), dtype=bool)
    new[1:] = (words[1:, 0] != words[:-1, 0]) | (words[1:, 1] != words[:-1, 1])
    heads = np.flatnonzero(new)
    minutes = np.array([_minute(words[head, :2].tobytes(), stamp) for head in heads.tolist()])
    micros = np.repeat(minutes.astype(np.int64), np.diff(heads, append=len(first)))
    # behind it, a word of seconds and four digits of the fraction, and one of the rest
    good = micros >= 0
    texts = (_SECONDS[: 4 + stamp.digits], b"00"[: max(stamp.digits - 4, 0)])
    pairs = []
    for place, text in enumerate(text for text in texts if text):
        digits = words[:, 2 + place] ^ _word(text)
        digits &= _word(b"\xff" * len(text))
        # the highest bit: whether a digit is more than 9, and another byte more than none
        most = bytes(0x76 if byte == ord("0") else 0x7F for byte in text)
        good &= ((digits + _word(most)) | digits) & _HIGH == 0
        pairs.append(digits * 10 + (digits >> 8))  # each byte, and the one behind it
    seconds = pairs[0] >> 8 & 0xFF
    good &= seconds < 60
    hundredths = seconds * 100 + (pairs[0] >> 32 & 0xFF)
    fraction = (hundredths * 100 + (pairs[0] >> 48 & 0xFF)) * 100
    if len(pairs) > 1:
        fraction += pairs[1] & 0xFF
    return good, micros + fraction.astype(np.int64)


def _minute(text: bytes, stamp: Stamp) -> int:
    """Return the microseconds up to a whole minute."""
    if not _MINUTE.fullmatch(text) or text[10:11] != stamp.between:
        return _WRONG
    moment = iso_moment(text[:10].decode(), text[11:].decode() + ":00", None)
    return _WRONG if moment is None else moment.micros


def _words(data: Bytes, first: Places, width: int) -> _Words:
    """Return the `width` bytes from each place on, a row of words each; the last may be longer."""
    number = -(-width // _EIGHT)
    bytes_of = f"V{_EIGHT * number}"
    every = np.ndarray((len(data) - _EIGHT * number + 1,), bytes_of, buffer=data, strides=(1,))
    return every[first].view("<u8").reshape(len(first), number)


def _word(text: bytes) -> np.uint64:
    """Return up to eight bytes as a word."""
    return np.uint64(int.from_bytes(text, "little"))


def _distinct(data: Bytes, starts: Places, ends: Places) -> tuple[Places, list[bytes]]:
    """Return the distinct texts in order of appearance, and for each text which one it is."""
    if len(starts) < _FEW:
        view, places = data.data, dict[bytes, int]()
        texts = [bytes(view[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        codes = [places.setdefault(text, len(places)) for text in texts]
        return np.array(codes, dtype=np.int64), list(places)
    texts = _slices(data, starts, ends)
    every_other = np.arange(0, len(texts), 2, dtype=np.int32)
    encoded = texts.take(pa.array(every_other)).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()


def _slices(data: Bytes, starts: Places, ends: Places) -> pa.BinaryArray:
    """Return slices that follow each other, and between them what lies between them."""
    bounds = np.empty(2 * len(starts), dtype=np.int32)
    bounds[0::2], bounds[1::2] = starts, ends
    return pa.Array.from_buffers(
        pa.binary(), max(len(bounds) - 1, 0), [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )

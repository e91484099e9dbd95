"""Shapes: how the records of one writer are written, learned from one of them.

The records of a capture differ in little: the time, some numbers, the message. A shape is a record
taken apart into pieces: those that stay, and those that may differ without changing what the
careful reader makes of the rest. A record of that shape needs no reading: its message was read
before, or is read once, by the careful reader, in the place of the sample's own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from sbdiag.capture.json_log import is_json, read_text
from sbdiag.capture.line_reader import LineReader, sets_state
from sbdiag.capture.lines import read_lines
from sbdiag.capture.marks import CANDIDATE
from sbdiag.capture.message import Message
from sbdiag.capture.rows import Row, Rows
from sbdiag.capture.styles import Origin, read_header
from sbdiag.capture.times import iso_moment

Run: TypeAlias = Literal["digits", "hex", "spaces"]
Piece: TypeAlias = "bytes | Run | Stamp"

RUN_BYTES: Final = 20
"""The longest run: the digits of a number of 64 bits."""
KNOWN_BYTES: Final = 16 * 1024 * 1024
"""Distinct messages are kept for each shape up to about so many bytes; then it begins anew."""
_ENTRY_BYTES: Final = 150  # beside the text
_NEW: Final = -2  # no rank

_STAMP = re.compile(
    rb"(?P<date>\d{4}-\d\d-\d\d)(?P<between>[ T])"
    rb"(?P<clock>\d\d:\d\d:\d\d\.(?P<fraction>\d{1,6}))(?!\d)"
)
# What differs between the columns of two lines of one process: the thread, and what aligns it.
_THREAD = re.compile(rb"(?<=:)(?P<id>[0-9a-f]+)(?=\] )|(?<= 0x)(?P<thread>[0-9a-f]+)(?P<spaces> +)")
_IN_STRING = re.compile(rb'(?:[^"\\\n\t]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+')
_TOKEN = re.compile(rb'(?P<string>"(?:[^"\\\n]|\\.)*+")|(?P<number>\d++)(?![.eE])|[^"\d]++|.')
# Numbers that no two records share; and one that decides about a record, so that it must stay.
_VARYING: Final = frozenset({b'"threadID"', b'"machTimestamp"'})
_DECISIVE: Final = frozenset({b'"processID"'})
# What decides about a record beside its message is not read again.
_READ_TOO: Final = frozenset({b'"MetaData"', b'"metadata"', b'"composedMessage"', b'"finished"'})


@dataclass(frozen=True, slots=True)
class Stamp:
    """The place of a time such as ``2026-09-08 12:08:19.267``; a zone behind it is fixed.

    Attributes
    ----------
    between
        Between date and clock: a space or ``T``.
    digits
        How many digits follow the point.
    """

    between: bytes
    digits: int

    @property
    def width(self) -> int:
        """Length in bytes."""
        return 20 + self.digits


@dataclass(slots=True, eq=False)
class Shape:
    """One way in which records are written.

    Attributes
    ----------
    before, after
        Pieces in front of the message and behind it, up to the end of the record. The time is
        among the former in columns, and in JSON on either side.
    head, tail
        The same as they stand in the sample.
    sample
        What the careful reader made of the sample.
    lines
        How many lines a record has, its last line break not counted.
    shift_micros
        From the time as printed to that of the record: the zone.
    known
        Messages seen, as they stand in the log, and their rank among the rows; -1 for one that
        the careful reader must see in its place.
    known_bytes
        How much they take up, about.
    """

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    head: bytes
    tail: bytes
    sample: Row
    lines: int
    shift_micros: int
    known: dict[bytes, int] = field(default_factory=dict)
    known_bytes: int = 0

    @property
    def is_json(self) -> bool:
        """Whether a record is an object, in one line or in several."""
        return self.sample.style in ("json", "ndjson")

    def is_like(self, other: Shape) -> bool:
        """Return whether both fit the same records."""
        return (self.before, self.after) == (other.before, other.after)

    @property
    def least_bytes(self) -> int:
        """Length of all but the message, with runs of one byte."""
        return sum(
            len(piece) if isinstance(piece, bytes) else getattr(piece, "width", 1)
            for piece in (*self.before, *self.after)
        )

    def ranks(self, messages: list[bytes], rows: Rows) -> list[int]:
        """Return the ranks of messages among `rows`, each read in the sample's place; or -1."""
        known = self.known
        ranks = [known.get(message, _NEW) for message in messages]
        if _NEW in ranks:
            new = [message for message in messages if message not in known]
            known.update(zip(new, self._read(new, rows), strict=True))
            self.known_bytes += sum(map(len, new)) + _ENTRY_BYTES * len(new)
            ranks = [known[message] for message in messages]
        if self.known_bytes > KNOWN_BYTES:
            known.clear()
            self.known_bytes = 0
        return ranks

    def _read(self, messages: list[bytes], rows: Rows) -> list[int]:
        """Read new messages, all at once if that goes smoothly, else one by one."""
        if self.is_json:
            return [self._read_json(message, rows) for message in messages]
        records = [self.head + message + self.tail for message in messages]
        unusual = any(b"\t" in message or b"\n" in message for message in messages)
        read = None if unusual else read_apart(records)
        if read is None and len(messages) > 1:
            return [rank for message in messages for rank in self._read([message], rows)]
        if read is None:
            return [-1]
        return [rows.rank(row.message) if self.sample.is_like(row) else -1 for row in read]

    def _read_json(self, message: bytes, rows: Rows) -> int:
        """Read a message as that of the sample's object, which holds no structured record."""
        if not (_IN_STRING.fullmatch(message) and CANDIDATE.search(message)):
            return -1
        parsed = read_text(_string(message), self.sample.origin)
        return rows.rank(parsed) if isinstance(parsed, Message) else -1


def learn(record: bytes, *, loose: bool = False) -> Shape | None:
    """Take a record apart, all its lines but the last line break; ``None`` if it is unusual.

    Most numbers of a JSON record are the same in all records of one writer. With `loose` they may
    differ, which takes longer to see.
    """
    read = read_apart([record])
    row = read[0] if read else None
    first = record.partition(b"\n")[0].decode("utf-8", "replace")
    if row is None or row.moment is None or not sets_state(first.removesuffix("\r")):
        return None
    in_json = row.style in ("json", "ndjson")
    if in_json and record.startswith(b"}") and b"\n" not in record:
        return None  # the next line may end its object
    parts = _json_parts(record, loose=loose) if in_json else _column_parts(record, row.origin)
    kinds = [kind for kind, _ in parts]
    stamps = [text for kind, text in parts if isinstance(kind, Stamp)]
    if kinds.count("message") != 1 or len(stamps) != 1:
        return None
    text = stamps[0].decode("ascii")
    printed = iso_moment(text[:10], text[11:], None)
    if printed is None:
        return None
    where = kinds.index("message")
    if in_json and not _is_plain(record, parts[where][1], text):
        return None
    return Shape(
        before=_joined(parts[:where]),
        after=_joined(parts[where + 1 :]),
        head=b"".join(text for _, text in parts[:where]),
        tail=b"".join(text for _, text in parts[where + 1 :]),
        sample=row,
        lines=record.count(b"\n") + 1,
        shift_micros=row.moment.micros - printed.micros,
    )


def read_apart(records: list[bytes]) -> list[Row] | None:
    """Return what the careful reader makes of records, if each is one denial and no more."""
    rows = Rows()
    reader = LineReader(rows)
    in_array = records[0].startswith(b"}")  # where the line that ends one record begins the next
    for line in read_lines([b"\n".join(records), b"\n}" if in_array else b""]):
        reader.read(line)
    reader.finish()
    tally = reader.ledger.tally
    smooth = not (tally.unparsed or tally.not_ours or reader.notes())
    if not smooth or tally.denials != len(records):
        return None
    read = rows.rows()
    lines = records[0].count(b"\n") + 1
    in_step = all(row.line == 1 + lines * place for place, row in enumerate(read))
    return read if in_step else None


Part: TypeAlias = "tuple[Piece | Literal['message'], bytes]"


def _column_parts(record: bytes, origin: Origin) -> list[Part]:
    """Divide a line of columns that `origin` wrote: time, thread, message."""
    header = read_header(record.decode("utf-8", "replace"))
    stamp = _STAMP.match(record)
    if header is None or stamp is None or stamp["between"] != b" " or not record.isascii():
        return []
    message = header.message.encode()
    if not record.endswith(message) or not message[:1].isalnum():
        return []
    head = record[: -len(message)].decode()
    alone = read_header(head + "x")
    if alone is None or not header.origin == alone.origin == origin:
        return []  # the message shows who wrote it
    if '"' in head or is_json(head):  # a process called null: with some messages it is JSON
        return []
    columns = record[stamp.end() : -len(message)]
    parts: list[Part] = [(_stamp(stamp), stamp[0])]
    at = 0
    if thread := _THREAD.search(columns):
        digits = thread["id"] or thread["thread"]
        start = columns[: thread.start()]
        parts += [(start, start), ("hex", digits)]
        if thread["spaces"]:
            parts.append(("spaces", thread["spaces"]))
        at = thread.end()
    return [*parts, (columns[at:], columns[at:]), ("message", message)]


def _json_parts(record: bytes, *, loose: bool) -> list[Part]:
    """Divide a JSON object: time, numbers, message."""
    parts: list[Part] = []
    key = string = b""
    for token in _TOKEN.finditer(record):
        text = token[0]
        if token["string"]:
            string = text
            inner = text[1:-1]
            stamp = _STAMP.match(inner)
            if key == b'"eventMessage"':
                parts += [(b'"', b'"'), ("message", inner), (b'"', b'"')]
                continue
            if b"\\u" in text or text in _READ_TOO:  # a key may hide behind an escape
                return []
            if key == b'"timestamp"' and stamp:
                rest = inner[stamp.end() :] + b'"'
                parts += [(b'"', b'"'), (_stamp(stamp), stamp[0]), (rest, rest)]
            else:
                parts.append((text, text))
            continue
        if token["number"]:
            varies = key in _VARYING or (loose and key not in _DECISIVE)
            whole = parts and parts[-1][1][-1:] not in (b"-", b"+", b".", b"e", b"E")
            parts.append(("digits" if varies and whole else text, text))
        else:
            parts.append((text, text))
        # a key is a string that only a colon follows
        key = string if text.strip() == b":" else b""
        string = b""
    return parts


def _is_plain(record: bytes, message: bytes, stamp: str) -> bool:
    """Return whether message and time of an object stand where they should, and once."""
    text = record[record.index(b"{") :] + b"}" * record.startswith(b"}")
    try:
        fields = json.loads(text.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(fields, dict)
        and record.count(b'"timestamp"') == 1
        and str(fields.get("timestamp")).startswith(stamp)
        and fields.get("eventMessage") == _string(message)
    )


def _string(inner: bytes) -> str:
    """Read what stands between the quotes of a JSON string."""
    return str(json.loads(f'"{inner.decode("utf-8", "replace")}"', strict=False))


def _stamp(match: re.Match[bytes]) -> Stamp:
    return Stamp(match["between"], len(match["fraction"]))


def _joined(parts: list[Part]) -> tuple[Piece, ...]:
    """Join the fixed pieces that follow each other."""
    pieces: list[Piece] = []
    for kind, _ in parts:
        if kind == "message":
            continue
        if isinstance(kind, bytes) and pieces and isinstance(pieces[-1], bytes):
            pieces[-1] += kind
        elif kind != b"":
            pieces.append(kind)
    return tuple(pieces)

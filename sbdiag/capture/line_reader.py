"""The careful reader: line by line, any style, any mixture.

Each line goes into exactly one account. What a line is depends on the lines before it in three
ways only: it may belong to the record above it (a tag, a report, a target that was put on its own
line), to an open JSON object, or to the message of another process, which may hold line breaks and
print whatever it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sbdiag.capture.json_log import at_margin, is_json
from sbdiag.capture.json_reader import JsonReader
from sbdiag.capture.ledger import Ledger
from sbdiag.capture.lines import Line
from sbdiag.capture.marks import can_be_ours
from sbdiag.capture.message import (
    Malformed,
    Message,
    is_tag,
    parse_line,
    parse_message,
    takes_line,
)
from sbdiag.capture.quoted import read_quoted
from sbdiag.capture.report import continues_report, starts_report
from sbdiag.capture.rows import Rows
from sbdiag.capture.styles import TIMED, Header, Origin, is_banner, may_open, read_header

# syslogd folds equal lines that follow each other.
_REPEATED = re.compile(
    r"(?:\w{3} {1,2}\d{1,2} [\d:]{8}:? )?(?:[^\s\[\]]+ )?"
    r"--- last message repeated (?P<times>\d{1,9}) times? ---\s*+"
)


@dataclass(slots=True)
class _Pending:
    """A record whose further lines may still come."""

    header: Header
    number: int
    lines: list[str]
    parsed: Message | Malformed
    report: bool = False


class LineReader:
    """Reads lines into rows; call :meth:`finish` after the last one."""

    def __init__(self, rows: Rows) -> None:
        self.ledger = Ledger(rows)
        self._json = JsonReader(self.ledger, self._read_apart)
        self._pending: _Pending | None = None
        self._carried: tuple[Header, int] | None = None  # columns whose message is on the next line
        self._owner = _Owner()
        self._bare_among_headers = 0

    def read(self, line: Line) -> None:
        """Take the next line."""
        if self._json.inside:
            if line.start != "rest" and self._json.read(line):
                return
            self._json.close()
        if line.start == "new":
            self._read_line(line)
            return
        self._settle()
        if line.start == "between" and self._json.opens(line.text):
            self._json.read(line)

    @property
    def at_rest(self) -> bool:
        """Whether the lines that follow, if they cannot be ours, may be left out."""
        if self._pending is not None or self._carried is not None:
            return False
        return not (self._json.can_be_ours if self._json.inside else self.ledger.repeatable)

    def leave_out(self, lines: int) -> None:
        """Count lines without reading them, at rest and none of them able to be ours.

        The next line read must be the first of the capture that is left, or one of which
        :func:`sets_state` is true.
        """
        self.ledger.skip(lines + self._json.abandon())

    def interrupt(self, text: str) -> None:
        """Settle what is open before a line of which :func:`sets_state` is true."""
        if self._json.inside and not self.at_rest:
            self._json.end_before(text)
        self._settle()

    def enter_known(self, denials: int, *, lines: int, others: int, origin: Origin | None) -> None:
        """Count records that were added to the rows without reading, and what lay between them.

        Parameters
        ----------
        denials, lines
            How many records, and how many lines they have.
        others
            How many lines that are not ours stood before and between them.
        origin
            Who wrote the last one, if it has columns.
        """
        self.ledger.skip(others + self._json.abandon())
        self.ledger.enter_known(denials, further_lines=lines - denials)
        self._owner.origin = origin

    def finish(self) -> None:
        """Settle whatever is still open."""
        self._json.close()
        self._settle()

    def notes(self) -> tuple[str, ...]:
        """Say what a reader of the frame should know, one sentence each."""
        broken, bare, undated = (
            self._json.broken_objects,
            self._bare_among_headers,
            self.ledger.undated,
        )
        return tuple(
            note
            for number, note in (
                (broken, f"broken JSON records ({broken}): read line by line"),
                (bare, f"bare messages among log lines ({bare}): who wrote them is not shown"),
                (undated, f"times of day without a date ({undated}): left out"),
            )
            if number
        )

    def _read_line(self, line: Line) -> None:
        header = read_header(line.text) if may_open(line.text) else None
        if header is None and self._pending and self._continues(self._pending, line.text):
            self._pending.lines.append(line.text)
        elif header is None and self._json.opens(line.text):
            self._settle()
            self._owner.origin = None
            self._json.read(line)
        else:
            self._flush()
            ours = header is None and can_be_ours(line.text)
            self._read_text(line.number, line.text, header, ours=ours)

    def _read_apart(self, lines: list[tuple[int, str]]) -> None:
        """Read lines of text that stand apart from those around them."""
        self._settle()
        for number, text in lines:
            header = read_header(text)
            if header is None and self._pending and self._continues(self._pending, text):
                self._pending.lines.append(text)
            else:
                self._flush()
                self._read_text(number, text, header, ours=True)
        self._settle()
        self._owner.origin = None

    def _read_text(self, number: int, text: str, header: Header | None, *, ours: bool) -> None:
        if match := _REPEATED.fullmatch(text):
            self._drop_carried()
            self.ledger.repeat(int(match["times"]))
            return
        parsed: Message | Malformed | None = None
        if header is not None:
            self._drop_carried()
            header, parsed = self._read_message(header)
            if not header.message.strip():
                self._carried = (header, number)
                return
        elif ours and self._json.read_fragment(number, text):
            self._drop_carried()
            return
        elif ours and (quoted := read_quoted(text)):
            header, parsed = self._place(quoted.header), quoted.parsed
        if header is None or parsed is None:
            self._drop_carried()
            self.ledger.skip()
            return
        if self._carried is not None:
            number = self._carried[1]
            self._carried = None
            self.ledger.belongs()
        self._pending = _Pending(header, number, [header.message], parsed)

    def _read_message(self, header: Header) -> tuple[Header, Message | Malformed | None]:
        """Read the message behind log columns."""
        header = self._owner.take(header)
        parsed = parse_line(header.message)
        quoted = read_quoted(header.message) if parsed is None else None
        if quoted is not None and isinstance(quoted.parsed, Message):
            # the process added words of its own in front of a denial
            return replace(header, origin="other", message=quoted.header.message), quoted.parsed
        return header, parsed

    def _place(self, header: Header) -> Header:
        """Give a bare line the columns above it, or the doubt whose message it stands in."""
        if self._carried is not None:
            return replace(self._carried[0], message=header.message)
        owner = self._owner.origin
        if owner == "other":
            return replace(header, origin="other")
        self._bare_among_headers += owner is not None and header.style == "message"
        return header

    def _continues(self, pending: _Pending, text: str) -> bool:
        """Return whether a line without columns belongs to the record above it."""
        taken = len(pending.lines) - 1
        if pending.report:
            return not text.strip() or (continues_report(text) and parse_line(text) is None)
        if not text.strip():
            return False
        if takes_line(pending.parsed, text, taken):
            return True
        if taken or not isinstance(pending.parsed, Message):
            return False
        if starts_report(text) and pending.header.origin != "kernel":
            pending.report = True
            return True
        if pending.header.style == "xcode" or not is_tag(text, words=pending.header.style in TIMED):
            return False
        if self._json.opens(text):
            return self._json.may_be_tag(text)
        return not (read_quoted(text) or is_banner(text) or _REPEATED.fullmatch(text))

    def _flush(self) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        parsed: Message | Malformed | None = pending.parsed
        text = "\n".join(pending.lines)
        if len(pending.lines) > 1:
            parsed = parse_message(text, report=pending.header.origin != "kernel")
        self.ledger.enter(
            pending.header, parsed, pending.number, text, further_lines=len(pending.lines) - 1
        )

    def _drop_carried(self) -> None:
        if self._carried is not None:
            self._carried = None
            self.ledger.skip()

    def _settle(self) -> None:
        self._flush()
        self._drop_carried()


class _Owner:
    """Whose message a line without columns stands in: that of the last line with columns.

    Columns without a time, inside the message of another process, prove nothing.
    """

    def __init__(self) -> None:
        self.origin: Origin | None = None  # none as long as there was no line with columns

    def take(self, header: Header) -> Header:
        """Take the columns of a line; return them, or with the doubt that they stand in."""
        if self.origin == "other" and not _dated(header):
            return replace(header, origin="other")
        self.origin = header.origin
        return header


def _dated(header: Header) -> bool:
    return header.moment is not None or header.style == "console"


def sets_state(text: str) -> bool:
    """Return whether a line leaves the same state behind whatever stood before it, if not ours.

    A record that begins at the margin of a JSON text does. So do columns with a time and a
    message: no record, no message of several lines and no open object goes on beyond them.
    """
    if at_margin(text):
        return "\t" not in text and is_json(text)
    if not text[:1].isalnum() or not may_open(text) or is_json(text):
        return False
    header = read_header(text)
    return header is not None and _dated(header) and bool(header.message.strip())

"""The careful reader: line by line, any style, any mixture.

Each line is put into exactly one account of :class:`Counts`. What a line is depends on the lines
before it in three ways only: it may belong to the record above (a tag, a report, a target that
was put on its own line), to an open JSON object, or to the message of another process, which may
hold line breaks and print whatever it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sbdiag.capture.json_log import (
    JsonObject,
    JsonRegion,
    embedded_lines,
    is_json,
    is_log_record,
    read_cut_event,
    read_object,
    read_record,
)
from sbdiag.capture.lines import Line
from sbdiag.capture.message import Malformed, Message, is_tag, parse_line, parse_message, takes_line
from sbdiag.capture.quoted import read_quoted
from sbdiag.capture.report import continues_report, starts_report
from sbdiag.capture.rows import Rows
from sbdiag.capture.styles import TIMED, Header, Origin, is_banner, read_header

# syslogd folds equal lines that follow each other.
_REPEATED = re.compile(
    r"(?:\w{3} {1,2}\d{1,2} [\d:]{8}:? )?(?:[^\s\[\]]+ )?"
    r"--- last message repeated (?P<times>\d{1,9}) times? ---\s*"
)
_MAY_BE_OURS = re.compile(r"deny|allow|Sandbox|System Policy|Protobox")
_MAY_BE_HEADER = re.compile(
    r"\d|[JFMASOND][a-z]{2} |[^\t]{0,40}\t|\s*(?:\.\.\. |0x|[A-Z]\w+\s+0x|error |kernel|sandboxd)"
)


@dataclass(slots=True)
class Tally:
    """Lines by account, while they are read; see :class:`~sbdiag.capture.unified_log.Counts`."""

    lines: int = 0
    denials: int = 0
    continuation: int = 0
    not_ours: int = 0
    unparsed: int = 0


@dataclass(slots=True)
class _Pending:
    """A record whose further lines may still come."""

    header: Header
    number: int
    lines: list[str]
    parsed: Message | Malformed
    report: bool = False
    tagged: bool = False


class LineReader:
    """Reads lines into rows; call :meth:`finish` after the last one."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.tally = Tally()
        self.broken_objects = 0
        self.bare_among_headers = 0
        self._region = JsonRegion()
        self._pending: _Pending | None = None
        self._carried: tuple[Header, int] | None = None  # columns whose message is on the next line
        self._owner: Origin | None = None  # of the last line with columns, and of lines under it
        self._after_record = False

    def read(self, line: Line) -> None:
        """Take the next line."""
        number, text, fresh = line
        if not fresh:
            self._settle()
            self._count("not_ours")
            return
        if self._region.inside:
            if not self._region.breaks(text):
                self._read_json(number, text)
                return
            self._salvage(self._region.give_up())
        self._read_text(number, text, json=True)

    def finish(self) -> None:
        """Settle whatever is still open."""
        self._settle()

    def notes(self) -> tuple[str, ...]:
        """Say what a reader of the frame should know, one sentence each."""
        notes = []
        if self.broken_objects:
            notes.append(f"broken JSON records ({self.broken_objects}): read line by line")
        if self.bare_among_headers:
            notes.append(
                f"bare messages among log lines ({self.bare_among_headers}): "
                "the text does not show who wrote them"
            )
        return tuple(notes)

    def _settle(self) -> None:
        if self._region.inside:
            self._salvage(self._region.give_up())
        self._flush()
        self._drop_carried()

    # -- lines of text -------------------------------------------------------------------------

    def _read_text(self, number: int, text: str, *, json: bool) -> None:
        if self._pending is not None and self._continues(self._pending, text):
            self._pending.lines.append(text)
            return
        self._flush()
        if json and self._region.opens(text):
            if is_json(text):
                self._drop_carried()
                self._read_json(number, text)
                return
            if '{"' in text[:8]:  # a record on one line that breaks off
                self._drop_carried()
                start = text.index("{")
                self._salvage(JsonObject(text[start:], [(number, text)], "ndjson", whole=False))
                return
        self._read_plain(number, text)

    def _read_plain(self, number: int, text: str) -> None:
        if match := _REPEATED.fullmatch(text):
            self._drop_carried()
            if self._after_record:
                self.rows.repeat_last(int(match["times"]))
            self._count("continuation" if self._after_record else "not_ours")
            return
        ours = _MAY_BE_OURS.search(text) is not None
        header = parsed = None
        if _MAY_BE_HEADER.match(text):
            header = read_header(text)
        if header is None and ours and (quoted := read_quoted(text)):
            header, parsed = self._place(quoted.header, number), quoted.parsed
        elif header is not None:
            header, parsed = self._read_message(header)
            self._drop_carried()
        if header is not None and parsed is None and not header.message.strip():
            self._carried = (header, number)
            return
        if header is None or parsed is None:
            self._drop_carried()
            self._after_record = False
            self._count("not_ours")
            return
        if self._carried is not None:
            number = self._carried[1]
            self._carried = None
            self._count("continuation")
        self._pending = _Pending(header, number, [header.message], parsed)

    def _read_message(self, header: Header) -> tuple[Header, Message | Malformed | None]:
        """Read the message behind log columns."""
        if header.moment is None and header.style != "console" and self._owner == "other":
            header = replace(header, origin="other")  # columns inside another process's message
        else:
            self._owner = header.origin
        parsed = parse_line(header.message)
        quoted = read_quoted(header.message) if parsed is None else None
        if quoted is not None and isinstance(quoted.parsed, Message):
            # the process added words of its own in front of a denial
            return replace(header, origin="other", message=quoted.header.message), quoted.parsed
        return header, parsed

    def _place(self, header: Header, number: int) -> Header:
        """Give a bare line the columns above it, or the doubt whose message it stands in."""
        if self._carried is not None:
            above = self._carried[0]
            return replace(above, message=header.message)
        if self._owner == "other":
            return replace(header, origin="other")
        if self._owner is not None and header.style == "message":
            self.bare_among_headers += 1
        return header

    def _continues(self, pending: _Pending, text: str) -> bool:
        """Return whether a line belongs to the record above it."""
        taken = len(pending.lines) - 1
        if pending.report:
            return not text.strip() or (
                continues_report(text) and parse_line(text) is None and read_header(text) is None
            )
        if not text.strip():
            return False
        if takes_line(pending.parsed, text, taken):
            return read_header(text) is None
        if taken or not isinstance(pending.parsed, Message):
            return False
        if starts_report(text) and pending.header.origin != "kernel":
            pending.report = True
            return True
        if pending.header.style == "xcode" or not is_tag(text, words=pending.header.style in TIMED):
            return False
        return not (self._opens_record(text) or is_banner(text) or _REPEATED.fullmatch(text))

    def _opens_record(self, text: str) -> bool:
        if read_header(text) is not None or read_quoted(text) is not None:
            return True
        if not self._region.opens(text):
            return False
        # A tag may be JSON; a log record, or a piece of one, is none.
        whole = read_object(JsonObject(text, [], "ndjson")) if is_json(text) else None
        return whole is None or "eventMessage" in whole or "finished" in whole

    def _flush(self) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        text = "\n".join(pending.lines)
        parsed = parse_message(text, report=pending.header.origin != "kernel")
        self._add(pending.header, parsed, pending.number, text)
        for _ in pending.lines[1:]:
            self._count("not_ours" if parsed is None else "continuation")

    def _drop_carried(self) -> None:
        if self._carried is not None:
            self._carried = None
            self._count("not_ours")

    # -- JSON ----------------------------------------------------------------------------------

    def _read_json(self, number: int, text: str) -> None:
        began_inside = self._region.inside
        found = self._region.feed(number, text)
        for item in found:
            self._read_object(item)
        if not (found or began_inside or self._region.inside):  # brackets of the array alone
            self._count("not_ours")

    def _read_object(self, found: JsonObject) -> None:
        self._owner, self._after_record = None, False
        value = read_object(found)
        if value is None:
            self._salvage(found)
        elif (record := read_record(value, found.style)) is not None:
            header, parsed = record
            self._add(header, parsed, found.lines[0][0], header.message)
            self._count("continuation", len(found.lines) - 1)
        else:
            self._count("not_ours", len(found.lines))
            if not is_log_record(value) and _MAY_BE_OURS.search(found.text):
                self._read_embedded(value, found.lines[0][0])

    def _read_embedded(self, value: object, number: int) -> None:
        """Read log text that a JSON report holds in its strings."""
        for text in embedded_lines(value):
            self._read_text(number, text, json=False)
        self._flush()
        self._drop_carried()
        self._owner = None

    def _salvage(self, cut: JsonObject) -> None:
        """Read an object that is none: the pairs before the break, else line by line."""
        self.broken_objects += 1
        value = read_object(replace(cut, whole=False))
        record = None if value is None else read_record(value, cut.style)
        if record is not None:
            header, parsed = record
            self._add(header, parsed, cut.lines[0][0], header.message)
            self._count("continuation", len(cut.lines) - 1)
            return
        for number, text in cut.lines:
            event = read_cut_event(text)
            if event is None:
                self._read_text(number, text, json=False)
            else:
                self._flush()
                self._drop_carried()
                self._add(Header(cut.style, "other", text), event, number, text)
        self._flush()
        self._drop_carried()

    # -- accounts ------------------------------------------------------------------------------

    def _add(
        self, header: Header, parsed: Message | Malformed | None, number: int, text: str
    ) -> None:
        self._after_record = isinstance(parsed, Message)
        if parsed is None:
            self._count("not_ours")
        elif isinstance(parsed, Malformed):
            self.rows.add_unparsed(number, text, parsed.reason)
            self._count("unparsed")
        else:
            self.rows.add(
                parsed,
                moment=header.moment,
                style=header.style,
                origin=header.origin,
                line=number,
            )
            self._count("denials")

    def _count(self, account: str, lines: int = 1) -> None:
        setattr(self.tally, account, getattr(self.tally, account) + lines)
        self.tally.lines += lines

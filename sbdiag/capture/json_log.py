"""The JSON styles of ``log``: one pretty-printed array, or one object a line.

A record is an object with ``eventMessage``, ``timestamp``, ``processID``, ``processImagePath``,
``senderImagePath`` … (``log stream --style ndjson`` on macOS 26: testdata of
nocktechnologies/nocklock). The objects are cut out of the text one by one, so that an array of
any length is read in bounded memory. An object that cannot be read gives its lines back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sbdiag.capture.marks import can_be_ours
from sbdiag.capture.message import Malformed, Message, parse_message
from sbdiag.capture.report import Structured, clean, structured_record
from sbdiag.capture.styles import Header, Origin, Style
from sbdiag.capture.times import Moment, iso_moment

OBJECT_CHARS: Final = 4 * 1024 * 1024
"""A longer object is not read as one: real records have about a thousand characters."""

_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]]')
# A line of JSON, its strings whole.
_LEGAL = re.compile(r'(?:[\s{}\[\]:,]++|"(?:[^"\\]++|\\.)*+"|-?\d[\d.eE+\-]*+|true|false|null)*+')
_OPENS = re.compile(r"\s*+(?:\}?\s*+\]?,?\s*+)?\[?\s*+\{")
# A record begins at the margin; inside a record, everything is indented.
_MARGIN = re.compile(r"(?:\}\s*,\s*|\[)?\{")
_PAIR = re.compile(r'(?P<key>"(?:[^"\\]++|\\.)*+")\s*+:\s*+(?P<value>"(?:[^"\\]++|\\.)*+"|-?\d++)?')
_STAMP = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[ T](?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)"
    r"(?P<zone>[+-]\d\d:?\d\d|Z)?"
)
_EVENT = re.compile(r'"(?:eventMessage|composedMessage)"\s*+:\s*+(?P<value>"(?:[^"\\]++|\\.)*+"?)')
_NAMED = re.compile(r'"(?:\d+ duplicate reports? for )?(?:Sandbox|System Policy|Protobox): ')
BREAKS_OFF: Final = "a JSON record that breaks off within a message that names the sandbox"
_TEXTS: Final = ("eventMessage", "composedMessage")
_RECORDS: Final = ("MetaData", "metadata", "composedMessage")
SANDBOXD: Final = "/usr/libexec/sandboxd"


@dataclass(slots=True)
class JsonObject:
    """One object as it stood in the capture: its text, and the lines that it is spread over.

    `shared`: another object begins in its only line, and counts that line. `can_be_ours`: one of
    its lines holds what each record holds.
    """

    text: str
    lines: list[tuple[int, str]]
    style: Style
    whole: bool = True
    shared: bool = False
    can_be_ours: bool = True


@dataclass(slots=True)
class JsonRegion:
    """Cuts objects out of consecutive lines. Feed it lines while :attr:`inside` is true."""

    _depth: int = 0
    _parts: list[str] = field(default_factory=list)
    _lines: list[tuple[int, str]] = field(default_factory=list)
    _chars: int = 0
    can_be_ours: bool = False
    """Whether a line of the open object holds what each record holds."""

    @property
    def inside(self) -> bool:
        """Whether an object is open."""
        return self._depth > 0

    def opens(self, line: str) -> bool:
        """Return whether `line` begins an object, whole or not."""
        return _OPENS.match(line) is not None

    def breaks(self, line: str, *, margin: bool = True) -> bool:
        """Return whether `line` shows that the open object will never be complete.

        `margin` says whether it begins at the margin, where a record would begin.
        """
        if self._chars + len(line) > OBJECT_CHARS:
            return True
        if margin and _MARGIN.match(line) and not (line[0] == "}" and self._depth == 1):
            return True
        return not is_json(line)

    def feed(self, number: int, line: str) -> list[JsonObject]:
        """Take one line; return the objects that end in it, in order.

        A line such as ``},{`` belongs to the object that begins in it.
        """
        found: list[JsonObject] = []
        start = 0
        ours = can_be_ours(line)
        if self.inside:
            self._lines.append((number, line))
            self.can_be_ours = self.can_be_ours or (ours and not _MARGIN.match(line))
        for match in _BRACKET.finditer(line):
            mark = match[0]
            if mark in "{[" and (self._depth or mark == "{"):
                if not self._depth:
                    start, self.can_be_ours = match.start(), ours
                    self._lines = [(number, line[start:])]
                    if found and len(found[-1].lines) > 1:
                        found[-1].lines.pop()
                    elif found:
                        found[-1].shared = True
                self._depth += 1
            elif mark in "}]" and self._depth:
                self._depth -= 1
                if not self._depth:
                    self._parts.append(line[start : match.end()])
                    found.append(self._take())
        if self._depth:
            self._parts.append(line[start:])
            self._chars += len(line) - start
        return found

    def end(self) -> JsonObject:
        """Return the open object, which the next line ends before it begins another one."""
        self._depth = 0
        self._parts.append("}")
        found = self._take()
        found.style = "json"
        return found

    def give_up(self) -> JsonObject:
        """Return the open object as far as it goes."""
        self._depth = 0
        cut = self._take()
        cut.whole = False
        return cut

    def _take(self) -> JsonObject:
        style: Style = "json" if len(self._lines) > 1 else "ndjson"
        found = JsonObject("\n".join(self._parts), self._lines, style, can_be_ours=self.can_be_ours)
        self._parts, self._lines, self._chars = [], [], 0
        return found


def at_margin(line: str) -> bool:
    """Return whether `line` begins a record where only records begin."""
    return _MARGIN.match(line) is not None


def is_json(line: str) -> bool:
    """Return whether `line` can stand in a JSON text: whole strings, numbers, brackets."""
    return _LEGAL.fullmatch(line) is not None


def read_object(found: JsonObject) -> Mapping[str, object] | None:
    """Read an object; of one that breaks off, the pairs before the break; ``None`` if none are."""
    if found.whole:
        try:
            value = json.loads(found.text, strict=False)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
    return _first_pairs(found.text) or None


def is_log_record(record: Mapping[str, object]) -> bool:
    """Return whether an object is an entry of a log, ours or not, or the last line of ndjson."""
    return "eventMessage" in record or "composedMessage" in record or "finished" in record


def read_record(
    record: Mapping[str, object], style: Style
) -> tuple[Header, Message | Malformed] | None:
    """Read one log record; ``None`` if it is not ours."""
    text = next((value for key in _TEXTS if isinstance(value := record.get(key), str)), None)
    structured = next(
        (found for key in _RECORDS if (found := structured_record(record.get(key)))), None
    )
    if text is None:
        return None
    origin = record_origin(record)
    parsed = read_text(text, origin, structured=structured)
    if parsed is None:
        return None
    return Header(style, origin, clean(text), _moment(record.get("timestamp"))), parsed


def read_text(
    text: str, origin: Origin, *, structured: Structured | None = None
) -> Message | Malformed | None:
    """Read the text of a log record by `origin`; ``None`` if it is not ours."""
    return parse_message(clean(text), record=structured, report=origin != "kernel")


def read_cut_event(line: str) -> Message | Malformed | None:
    """Read the message in one line of a record that broke off; nobody knows whose it was."""
    match = _EVENT.search(line)
    if match is None:
        return None
    try:
        parsed = parse_message(clean(json.loads(match["value"])))
    except ValueError:  # the text itself breaks off
        return Malformed(BREAKS_OFF) if _NAMED.match(match["value"]) else None
    return parsed


def record_origin(record: Mapping[str, object]) -> Origin:
    """Return who wrote a record; ``reported`` where its writer was left out."""
    pid, image = record.get("processID"), record.get("processImagePath")
    if pid is None and image is None:
        return "reported"
    if pid == 0 and image in (None, "/kernel", "kernel"):
        return "kernel"
    return "sandboxd" if image == SANDBOXD else "other"


def embedded_texts(value: object) -> Iterator[str]:
    """Yield all strings in a JSON value that is no log record, in order.

    A crash report (``.ips``, ``filteredLog``) and a tool's own report hold log text in this way.
    """
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield clean(item)
        elif isinstance(item, Mapping):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            stack.extend(reversed(item))


def _moment(stamp: object) -> Moment | None:
    match = _STAMP.fullmatch(stamp) if isinstance(stamp, str) else None
    return iso_moment(match["date"], match["clock"], match["zone"]) if match else None


def _first_pairs(text: str) -> dict[str, object]:
    """Read the pairs of the outermost object up to where it breaks, from its opening bracket."""
    pairs: dict[str, object] = {}
    depth, at = 0, 0
    while at < len(text):
        if depth == 1 and (pair := _PAIR.match(text, at)):
            value = pair["value"]
            if value is not None:
                try:
                    pairs[json.loads(pair["key"])] = json.loads(value)
                except ValueError:
                    return pairs
            at = pair.end()
        elif bracket := _BRACKET.match(text, at):
            depth += bracket[0] in "{["
            depth -= bracket[0] in "}]"
            at = bracket.end()
        elif text[at] == '"':
            return pairs
        else:
            at += 1
    return pairs

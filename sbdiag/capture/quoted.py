"""Denials without log columns: quoted in an issue, printed by a build tool, pasted into a text.

Nobody but the person who quoted it says where such a line comes from: its origin is ``reported``.
Words of another program in front of it (``PWQP: Sandbox: …``) make it ``other``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sbdiag.capture.message import Malformed, Message, parse_line
from sbdiag.capture.styles import Header, Style

# What people and tools put in front of a quoted line; removed in this order.
_WRAPPERS: Final[tuple[tuple[str, str], ...]] = (
    (r"\ufeff?[\s>*+#|`•-]*+", "quotation, list and comment marks"),
    (r"\[\.\.\.\]\s*+", "columns that the author cut"),
    (r"(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(?:\.\d+)?Z?\s++", "a time, as build servers add it"),
    (r"\(Sandbox\)\s*+", "the sender column alone"),
)
_WRAPPER = re.compile("".join(f"(?:{pattern})?" for pattern, _ in _WRAPPERS))
_XCODE = re.compile(r"(?:.*?\s)?(?:error|warning|note): (?=(?:Sandbox|System Policy): )")
_PLACE = re.compile(r" \(in target '[^']*' from project '[^']*'\)")
# Words after a denial that are not its detail: an author's arrow; the rest of a JSON record.
_ARROW: Final = "   ← "
_JSON_TAIL = re.compile(r'",\s*+"[\w-]+"\s*+:.*\}$')
_NAMED = re.compile(r"(?:\d+ duplicate reports? for )?(?:Sandbox|System Policy|Protobox):\s")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quoted line: its pretended columns, and the message read."""

    header: Header
    parsed: Message | Malformed


def read_quoted(line: str) -> Quoted | None:
    """Read a line without log columns; ``None`` if it is no denial and does not begin like one."""
    if match := _XCODE.match(line):
        text = line[match.end() :]
        place = text.rfind(" (in target '")
        if place >= 0 and _PLACE.fullmatch(text.rstrip(), place):
            text = text[:place]
        return _quoted(text, "xcode")
    wrapper = _WRAPPER.match(line)
    assert wrapper is not None  # every wrapper is optional
    text = line[wrapper.end() :].partition(_ARROW)[0]
    if "`" in line[: wrapper.end()]:
        text = text.rstrip("`")
    if text.endswith("}"):
        text = _JSON_TAIL.sub("", text)
    quoted = _quoted(text, "message")
    if quoted is not None:
        return quoted
    named = _NAMED.search(text)
    if named is None:
        return None
    text = text[named.start() :]
    parsed = parse_line(text)
    return Quoted(Header("message", "other", text), parsed) if isinstance(parsed, Message) else None


def _quoted(text: str, style: Style) -> Quoted | None:
    parsed = parse_line(text)
    return None if parsed is None else Quoted(Header(style, "reported", text), parsed)

"""XML property lists as they stand in codesign dumps: whole, cut, broken, or edited by hand.

A whole file could go through ``plistlib``; an excerpt of a terminal cannot, and neither tells on
which line a key stands. So there is one scanner for all of them: it keeps the keys whose values
are whole, and says whether the list was. Nothing is resolved or expanded but the five named
entities and numeric references; a document type that declares entities of its own is refused.

Format: Apple's ``PropertyList-1.0.dtd``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sbdiag.capture.entitlement_document import DEEPEST, Document, Entry, Value
from sbdiag.errors import EntitlementsError, Location

#: Where a property list, or a fragment of one, begins.
START: Final = re.compile(r"<\?xml|<!DOCTYPE\s+plist|<plist\b|<dict\s*/?>|<key>")

_TAG: Final = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z]+)(?P<rest>[^<>]*)>")
_LEAVES: Final = ("key", "string", "integer", "real", "data", "date")
_REFERENCE: Final = re.compile(
    r"&(?:#(?P<decimal>\d{1,7})|#x(?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>\w+));"
)
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# Keys are dotted words. People mark lines with arrows and emoji; those are not part of the key.
_KEY: Final = re.compile(r"\s*(?P<key>\S+)(?:\s[^A-Za-z0-9]*)?")
_NEXT_HEADER: Final = re.compile(r"^[ \t]*Executable=", re.MULTILINE)


@dataclass(slots=True)
class _Container:
    kind: str
    items: list[tuple[str, Value, str, int]] = field(default_factory=list)
    key: str | None = None
    key_line: int = 0

    def put(self, value: Value, kind: str, line: int) -> bool:
        """Add a value; ``False`` if a dictionary has no key for it."""
        if self.kind == "array":
            self.items.append(("", value, kind, line))
            return True
        if self.key is None:
            return False
        self.items.append((self.key, value, kind, self.key_line))
        self.key = None
        return True

    def value(self) -> Value:
        if self.kind == "array":
            return [value for _key, value, _kind, _line in self.items]
        return {key: value for key, value, _kind, _line in self.items}


class _Scanner:
    def __init__(self, text: str, start: int, line: int, name: str) -> None:
        self.text = text
        self.at = start
        self.counted = start
        self.line = line
        self.name = name
        self.stack: list[_Container] = []
        self.entries: list[Entry] = []
        self.complete = True

    def line_at(self, position: int) -> int:
        """Return the line of `position`, which never goes back."""
        self.line += self.text.count("\n", self.counted, position)
        self.counted = position
        return self.line

    def refuse(self, reason: str, position: int) -> EntitlementsError:
        return EntitlementsError(reason, Location(self.name, self.line_at(position)))

    def read(self) -> int:
        """Scan to the end of the list; return the position behind it."""
        text = self.text
        in_plist = prolog = False
        while True:
            opening = text.find("<", self.at)
            if opening < 0:
                return self.stop_early(len(text))
            if text.startswith(("<?", "<!--", "<![CDATA["), opening):
                if text.startswith("<?xml", opening) and prolog:
                    return self.stop_early(opening)
                prolog = True
                self.at = self.skip(opening)
                continue
            if text.startswith("<!", opening):
                prolog = True
                self.at = self.doctype(opening)
                continue
            tag = _TAG.match(text, opening)
            if tag is None:
                self.complete = False
                self.at = opening + 1
                continue
            name, closing = tag["name"], bool(tag["close"])
            if name == "plist":
                if closing:
                    self.close_all()
                    return tag.end()
                if in_plist or self.stack or self.entries:
                    return self.stop_early(opening)
                in_plist = prolog = True
                self.at = tag.end()
                if tag["rest"].endswith("/"):
                    return self.at
                continue
            prolog = True
            if self.element(tag, name, closing) and not in_plist:
                return self.at

    def stop_early(self, position: int) -> int:
        """End an unfinished list at `position`, or before the next executable's header."""
        if self.stack:
            self.complete = False
        self.close_all()
        header = _NEXT_HEADER.search(self.text, self.at, position)
        return header.start() if header else position

    def close_all(self) -> None:
        while self.stack:
            self.complete = False
            container = self.stack.pop()
            if not self.stack:
                self.finish(container)

    def finish(self, root: _Container) -> None:
        if root.kind == "dict":
            self.entries.extend(
                Entry(key, value, kind, line) for key, value, kind, line in root.items
            )
        else:
            self.complete = False

    def skip(self, opening: int) -> int:
        """Pass over a comment, an instruction or stray character data."""
        start = self.text[opening : opening + 4]
        end = "-->" if start == "<!--" else "?>" if start.startswith("<?") else "]]>"
        position = self.text.find(end, opening)
        if position < 0:
            self.complete = False
            return len(self.text)
        return position + len(end)

    def doctype(self, opening: int) -> int:
        end = self.text.find(">", opening)
        subset = self.text.find("[", opening, end if end >= 0 else len(self.text))
        if subset >= 0 or self.text.startswith("<!ENTITY", opening):
            raise self.refuse("the property list declares entities of its own; refused", opening)
        if end < 0:
            self.complete = False
            return len(self.text)
        return end + 1

    def element(self, tag: re.Match[str], name: str, closing: bool) -> bool:
        """Take in one tag; ``True`` if it closed the outermost dictionary."""
        self.at = tag.end()
        empty = tag["rest"].endswith("/")
        if closing:
            return self.closed(name)
        if name in ("dict", "array"):
            if len(self.stack) >= DEEPEST:
                raise self.refuse(
                    "the property list nests deeper than entitlements do", tag.start()
                )
            self.stack.append(_Container(name))
            return self.closed(name) if empty else False
        if not self.stack:
            self.stack.append(_Container("dict"))  # a fragment: keys without their dictionary
        if name in ("true", "false"):
            self.put(name == "true", "bool", tag.start())
            return False
        if name not in _LEAVES:
            self.complete = False
            return False
        text = "" if empty else self.leaf(name)
        if text is not None:
            self.take(name, text, tag.start())
        return False

    def take(self, name: str, text: str, position: int) -> None:
        top = self.stack[-1]
        if name == "key":
            match = _KEY.fullmatch(text)
            if top.kind == "array" or top.key is not None or match is None:
                self.complete = False
            if top.kind == "dict" and match is not None:
                top.key, top.key_line = match["key"], self.line_at(position)
            return
        stripped = text.strip()
        if name in ("string", "data", "date"):
            plain = "".join(stripped.split()) if name == "data" else stripped
            self.put(plain, name, position)
            return
        try:
            number = float(stripped) if name == "real" else int(stripped, 0)
        except ValueError:
            self.complete = False
            top.key = None
            return
        self.put(number, name, position)

    def put(self, value: Value, kind: str, position: int) -> None:
        if not self.stack[-1].put(value, kind, self.line_at(position)):
            self.complete = False

    def leaf(self, name: str) -> str | None:
        """Return the text up to the closing tag; ``None``, and the key forgotten, if it is cut."""
        parts = []
        while True:
            opening = self.text.find("<", self.at)
            if opening < 0:
                break
            parts.append(_unescape(self.text[self.at : opening]))
            if self.text.startswith(f"</{name}>", opening):
                self.at = opening + len(name) + 3
                return "".join(parts)
            if not self.text.startswith(("<!--", "<![CDATA["), opening):
                break
            end = self.skip(opening)
            if self.text.startswith("<![CDATA[", opening):
                parts.append(self.text[opening + 9 : end - 3])
            self.at = end
        self.complete = False
        if self.stack[-1].kind == "dict":
            self.stack[-1].key = None
        return None

    def closed(self, name: str) -> bool:
        if name not in ("dict", "array"):
            self.complete = self.complete and name in ("true", "false")
            return False
        if not any(container.kind == name for container in self.stack):
            self.complete = False
            return False
        while True:
            container = self.stack.pop()
            if container.key is not None:
                self.complete = False
            matches = container.kind == name
            if not self.stack:
                self.finish(container)
                return matches
            self.put(container.value(), container.kind, self.counted)
            if matches:
                return False
            self.complete = False


def read_xml(text: str, start: int = 0, *, line: int = 1, name: str) -> tuple[Document, int]:
    """Read the property list that begins at `start`.

    Parameters
    ----------
    text, start
        The whole dump and the position of the list (see ``START``) in it.
    line
        1-based line of `start`.
    name
        File name for the place in an error.

    Returns
    -------
    tuple of Document and int
        The keys, and the position behind the list.

    Raises
    ------
    EntitlementsError
        If the list declares entities of its own, or nests deeper than any real one.
    """
    scanner = _Scanner(text, start, line, name)
    end = scanner.read()
    return Document(tuple(scanner.entries), scanner.complete), end


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if match["name"] is not None:
            return _ENTITIES.get(match["name"], match[0])
        number = int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
        usable = 0 < number <= 0x10FFFF and not 0xD800 <= number < 0xE000
        return chr(number) if usable else match[0]

    return _REFERENCE.sub(replace, text)

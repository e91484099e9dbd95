"""The ``[Dict]`` / ``[Key]`` / ``[Value]`` text that codesign prints since macOS 12.

::

    [Dict]
        [Key] com.apple.security.virtualization
        [Value]
            [Bool] true

Indentation tells where a nested array or dictionary ends. Excerpts have lost it, lost the
``[Dict]``, or stand on one line; then the grammar alone decides, which leaves one thing open: a key
behind a dictionary inside an array is read as that dictionary's.

No documentation of this notation was found; its shape is that of the dumps in
``tests/capture/entitlements/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sbdiag.capture.entitlement_document import DEEPEST, Document, Entry, Value

_SCALARS: Final = {
    "bool": "bool",
    "boolean": "bool",
    "int": "integer",
    "integer": "integer",
    "number": "integer",
    "real": "real",
    "float": "real",
    "double": "real",
    "string": "string",
    "data": "data",
    "date": "date",
}
_STRUCTURE: Final = ("dict", "array", "key", "value")
_NAMES: Final = "|".join((*_STRUCTURE, *_SCALARS))
_TAG: Final = re.compile(rf"\[(?P<name>{_NAMES})\][ \t]?", re.IGNORECASE)
_LINE: Final = re.compile(rf"\s*\[(?:{_NAMES})\](?=\s|$)", re.IGNORECASE)
_STARTS: Final = re.compile(r"\s*\[(?:Dict|Key)\](?=\s|$)", re.IGNORECASE)
_ELLIPSIS: Final = re.compile(r"\s*\[?(?:\.\.\.|…)\]?\s*")
_CUT_TAG: Final = re.compile(r"\s*\[[A-Z][a-z]*\]?\s*")


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    text: str
    indent: int
    line: int


@dataclass(slots=True)
class _Container:
    kind: str
    indent: int
    items: list[tuple[str, Value, str, int]] = field(default_factory=list)
    key: str | None = None
    key_line: int = 0


def starts_abstract(line: str) -> bool:
    """Tell whether `line` begins a dump in this notation."""
    return _STARTS.match(line) is not None


def is_ellipsis(line: str) -> bool:
    """Tell whether `line` is an author's mark for lines left out."""
    return _ELLIPSIS.fullmatch(line) is not None


def read_abstract(lines: list[str], start: int) -> tuple[Document, int]:
    """Read the dump that begins on ``lines[start]``.

    Returns
    -------
    tuple of Document and int
        The keys, and the index of the first line that is no longer part of the dump.
    """
    tags, end, complete = _collect(lines, start)
    indented = len({tag.indent for tag in tags}) > 1
    builder = _Builder(indented)
    for tag in tags:
        builder.take(tag)
    return builder.finish(complete), end


def _collect(lines: list[str], start: int) -> tuple[list[_Tag], int, bool]:
    """Return the tags of one dump, the index behind it, and whether nothing was left out."""
    tags: list[_Tag] = []
    complete = True
    base = _indent(lines[start])
    index = end = start
    while index < len(lines):
        text = lines[index]
        if _LINE.match(text):
            indent = _indent(text)
            another = index > start and indent <= base and _starts_dict(text)
            if another and not _waits_for_value(tags):
                break
            tags.extend(_line_tags(text, indent, index + 1))
            index = end = index + 1
        elif is_ellipsis(text) or (_CUT_TAG.fullmatch(text) and _is_last(lines, index)):
            complete = False
            index = end = index + 1
        elif tags and tags[-1].name == "string" and (rest := _rest_of_string(lines, index)):
            last = tags[-1]
            whole = "\n".join([last.text, *lines[index : index + rest]])
            tags[-1] = _Tag("string", whole, last.indent, last.line)
            index = end = index + rest
        elif text.strip():
            break
        else:
            index += 1
    return tags, end, complete


def _rest_of_string(lines: list[str], index: int) -> int:
    """Count the lines from `index` on that stand between two lines of one dump."""
    for number in range(index, len(lines)):
        line = lines[number]
        if _LINE.match(line):
            return 0 if _starts_dict(line) else number - index
        if line.lstrip().startswith(("Executable=", "<?xml", "<plist")):
            break
    return 0


def _is_last(lines: list[str], index: int) -> bool:
    return not any(line.strip() for line in lines[index + 1 :])


def _starts_dict(line: str) -> bool:
    return line.lstrip()[:6].lower() == "[dict]"


def _waits_for_value(tags: list[_Tag]) -> bool:
    return bool(tags) and tags[-1].name in ("value", "array", "key")


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def _line_tags(text: str, indent: int, line: int) -> list[_Tag]:
    """Split one line into its tags; a line that begins with a string is one string."""
    found = list(_TAG.finditer(text))
    first = found[0]["name"].lower()
    if first == "string":
        return [_Tag("string", text[found[0].end() :], indent, line)]
    tags = []
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        name = match["name"].lower()
        tags.append(_Tag(_SCALARS.get(name, name), text[match.end() : end].strip(), indent, line))
    return tags


class _Builder:
    def __init__(self, indented: bool) -> None:
        self.indented = indented
        self.root = _Container("dict", -1)
        self.stack = [self.root]
        self.complete = True

    @property
    def top(self) -> _Container:
        return self.stack[-1]

    def take(self, tag: _Tag) -> None:
        if tag.name == "dict" and self.top is self.root and self.root.key is None:
            return  # the outermost dictionary, which excerpts leave out
        if self.indented:
            while len(self.stack) > 1 and tag.indent <= self.top.indent:
                self.pop()
        if tag.name == "value":
            return
        if tag.name == "key":
            while self.top.kind == "array":
                self.pop()
            self.drop_key()
            self.top.key, self.top.key_line = tag.text, tag.line
        elif tag.name in ("dict", "array"):
            if len(self.stack) > DEEPEST:
                self.complete = False
                return
            self.stack.append(_Container(tag.name, tag.indent))
        else:
            self.scalar(tag)

    def scalar(self, tag: _Tag) -> None:
        value = _scalar(tag)
        if value is None:
            self.complete = False
            self.top.key = None
            return
        while self.top.kind == "dict" and self.top.key is None and len(self.stack) > 1:
            self.pop()
        self.put(value, tag.name, tag.line)

    def put(self, value: Value, kind: str, line: int) -> None:
        top = self.top
        if top.kind == "array":
            top.items.append(("", value, kind, line))
        elif top.key is None:
            self.complete = False
        else:
            top.items.append((top.key, value, kind, top.key_line))
            top.key = None

    def pop(self) -> None:
        self.drop_key()
        done = self.stack.pop()
        value: Value = (
            [item[1] for item in done.items]
            if done.kind == "array"
            else {item[0]: item[1] for item in done.items}
        )
        self.put(value, done.kind, 0)

    def drop_key(self) -> None:
        """Forget a key that got no value."""
        if self.top.key is not None:
            self.complete = False
            self.top.key = None

    def finish(self, complete: bool) -> Document:
        while len(self.stack) > 1:
            self.pop()
        self.drop_key()
        entries = tuple(Entry(key, value, kind, line) for key, value, kind, line in self.root.items)
        return Document(entries, self.complete and complete)


def _scalar(tag: _Tag) -> Value | None:
    text = tag.text.strip()
    if tag.name == "bool":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            text.lower()
        )
    try:
        if tag.name == "integer":
            return int(text, 0)
        if tag.name == "real":
            return float(text)
    except ValueError:
        return None
    return tag.text.rstrip("\r") if tag.name == "string" else text

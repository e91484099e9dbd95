r"""JSON with comments and trailing commas, each value with the line it stands on.

The standard reader gives no lines for values, and an error about a profile must say where. What
nono's own reader may take beyond that (names without quotes, missing commas) is refused here.

Source: nolabs-ai/nono ``crates/nono-cli/src/jsonc.rs`` (comments and trailing commas are allowed).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbdiag.errors import ExportError, Location

Value: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"

MAX_DEPTH: Final = 100
_MAX_NUMBER: Final = 300
_SKIP: Final = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_WORD: Final = re.compile("|".join(_WORDS))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the 1-based line on which it begins; an object's keys keep their order.

    Attributes
    ----------
    value
        A ``dict`` or ``list`` of nodes, or what the JSON says.
    line
        Where it begins; for a value in an object, where its key stands.
    """

    value: Value
    line: int


def read_jsonc(text: str, *, path: str) -> Node:
    """Read one value; a byte order mark and comments around it are no part of it.

    Raises
    ------
    ExportError
        With path, line and column, where the text is no JSON, a key is given twice, or values lie
        in each other more than 100 deep.
    """
    reader = _Reader(text.removeprefix("\ufeff"), path)
    found = reader.value(0)
    reader.skip()
    if reader.place < len(reader.text):
        raise reader.error("something stands behind the value")
    return found


class _Reader:
    """One pass over the text; `place` is the next character, `line` the line it stands on."""

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path = text, path
        self.place, self.line, self.line_start = 0, 1, 0

    def error(self, message: str) -> ExportError:
        column = self.place - self.line_start + 1
        return ExportError(f"no JSON: {message}", Location(self.path, self.line, column))

    def skip(self) -> None:
        match = _SKIP.match(self.text, self.place)
        assert match is not None
        self._advance(match.end())
        if self.text.startswith("/*", self.place):
            raise self.error("a comment that does not end")

    def value(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} deep")
        self.skip()
        line = self.line
        start = self.text[self.place : self.place + 1]
        if start == "{":
            return Node(self._object(depth), line)
        if start == "[":
            return Node(self._array(depth), line)
        if start == '"':
            return Node(self._string(), line)
        return Node(self._scalar(), line)

    def _object(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        self._take("{")
        while not self._ends("}"):
            line = self.line
            if not self.text.startswith('"', self.place):
                raise self.error("a key in quotes is expected")
            key = self._string()
            if key in found:
                raise self.error(f"the key {key!r} is given twice")
            self.skip()
            self._take(":")
            found[key] = Node(self.value(depth + 1).value, line)
            self._between("}")
        return found

    def _array(self, depth: int) -> list[Node]:
        found: list[Node] = []
        self._take("[")
        while not self._ends("]"):
            found.append(self.value(depth + 1))
            self._between("]")
        return found

    def _ends(self, end: str) -> bool:
        self.skip()
        if self.text.startswith(end, self.place):
            self.place += 1
            return True
        return False

    def _between(self, end: str) -> None:
        """Step over the comma behind an item; none is needed before the end."""
        self.skip()
        if not self.text.startswith(end, self.place):
            self._take(",")

    def _take(self, wanted: str) -> None:
        if not self.text.startswith(wanted, self.place):
            raise self.error(f"{wanted!r} is expected")
        self.place += len(wanted)

    def _string(self) -> str:
        match = _STRING.match(self.text, self.place)
        if match is None:
            raise self.error("a string that does not end, or holds a control character")
        try:
            found = json.loads(match[0])
        except json.JSONDecodeError as error:
            raise self.error(error.msg) from error
        if _SURROGATE.search(found):
            raise self.error("a string that is no text: half a surrogate pair")
        self.place = match.end()
        return str(found)

    def _scalar(self) -> bool | int | float | None:
        word = _WORD.match(self.text, self.place)
        if word is not None:
            self.place = word.end()
            return _WORDS[word[0]]
        number = _NUMBER.match(self.text, self.place)
        if number is None or len(number[0]) > _MAX_NUMBER:
            raise self.error("a value is expected")
        self.place = number.end()
        found: int | float = json.loads(number[0])
        return found

    def _advance(self, end: int) -> None:
        newlines = self.text.count("\n", self.place, end)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rindex("\n", self.place, end) + 1
        self.place = end

r"""The reader: text of a profile to S-expressions with their places; strings and comments back.

The syntax is that of TinySCHEME 1.38 with the raw strings that Seatbelt adds (the sources of
0xbf00/simbple and the profiles in knightsc/sandbox_profiles show both):

* ``;`` and ``#!`` comment to the end of the line; ``#|…|#`` is no TinySCHEME, generators write it
  all the same: skipped, with a warning;
* ``"…"`` knows ``\n \t \r \" \xHH \ooo``; a backslash before any other character is dropped;
* ``#"…"`` is raw and ends at the next quote, whatever stands before it;
* ``#t #f``, ``#b #o #d #x`` integers, ``#\c`` characters, ``' ` , ,@`` and dotted pairs.

Strings of Seatbelt are bytes. Here they are text decoded as UTF-8, in which a byte that is not
UTF-8 is a surrogate U+DC80 to U+DCFF, as :func:`os.fsdecode` has it; any other lone surrogate
(JSON can carry one) stands for its three bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbdiag.errors import Location, ProfileSyntaxError
from sbdiag.seatbelt.rules import Symbol

MAX_DEPTH: Final = 500
_DELIMITERS: Final = frozenset('()";\f\t\v\n\r ')
_SPACE: Final = frozenset(" \t\n\r\f\v")
_PREFIXES: Final = {"'": "quote", "`": "quasiquote", ",": "unquote", ",@": "unquote-splicing"}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_NAMED_CHARS: Final = {"space": " ", "newline": "\n", "return": "\r", "tab": "\t"}
# WebKit keeps its profiles as .sb.in, for the C preprocessor.
_PREPROCESSOR: Final = frozenset(
    {"#if", "#ifdef", "#ifndef", "#elif", "#else", "#endif", "#include", "#define", "#undef"}
)
_ATOM: Final = re.compile(r"[^()\";\f\t\v\n\r ]+")
_STRING_STOP: Final = re.compile(r"[\"\\]")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]+")
_REAL: Final = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?")
_RADIX: Final = {
    "b": (2, re.compile(r"[+-]?[01]+")),
    "o": (8, re.compile(r"[+-]?[0-7]+")),
    "d": (10, _DECIMAL),
    "x": (16, re.compile(r"[+-]?[0-9a-fA-F]+")),
}
# A C long; also keeps Python from converting digits without end.
_INTEGERS: Final = range(-(2**63), 2**63)
_MAX_DIGITS: Final = 70
# A surrogate that stands for itself, not for a byte, as bytes: U+D800 to U+DC7F, U+DD00 to U+DFFF.
_LONE: Final = re.compile(rb"\xed(?:[\xa0-\xb1][\x80-\xbf]|[\xb4-\xbf][\x80-\xbf])")


class Nil:
    """The empty list; there is one, ``NIL``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "()"


NIL: Final = Nil()


@dataclass(frozen=True, slots=True)
class Char:
    r"""A character, ``#\a``."""

    value: str


class Pair:
    """A pair; never changed once it is complete, so no list is a circle.

    Attributes
    ----------
    car, cdr
        The two halves; a list is a pair whose cdr is a list.
    location
        Where the list that starts with this pair opens; ``None`` inside a list and for pairs
        that a program made.
    place
        Where the datum in ``car`` stands, ``None`` as above.
    """

    __slots__ = ("car", "cdr", "location", "place")

    def __init__(
        self,
        car: Value,
        cdr: Value,
        location: Location | None = None,
        place: Location | None = None,
    ) -> None:
        self.car = car
        self.cdr = cdr
        self.location = location
        self.place = place

    def __repr__(self) -> str:
        return f"<pair at {self.location}>"


# What a program computes with: str, int, float, bool, Symbol, Char, Nil, Pair, and procedures.
Value: TypeAlias = object


@dataclass(frozen=True, slots=True)
class Datum:
    """One datum of the outermost level and the place where it starts."""

    value: Value
    location: Location


@dataclass(frozen=True, slots=True)
class Text:
    """A text that was read: its data in order, and what deserves a warning."""

    data: tuple[Datum, ...]
    warnings: tuple[str, ...] = ()


class _List:
    """A list that is still open: what encloses a datum while it is read."""

    __slots__ = ("closed", "items", "location", "places", "prefix", "tail")

    def __init__(self, location: Location, prefix: str | None = None) -> None:
        self.location = location
        self.prefix = prefix  # quote and its kin close themselves after one datum
        self.items: list[Value] = []
        self.places: list[Location] = []
        self.tail: Value = None  # what stands after the dot; None: no dot yet
        self.closed = False  # the datum after the dot has been read

    def build(self) -> Value:
        value: Value = NIL if self.tail is None else self.tail
        for index in range(len(self.items) - 1, -1, -1):
            opens = self.location if index == 0 else None
            value = Pair(self.items[index], value, opens, self.places[index])
        return value


class _Reader:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.at = 0
        self.line = 1
        self.line_start = 0  # index of the first character of the line
        self.counted = 0  # newlines before this index are in `line`
        self.stack: list[_List] = []
        self.data: list[Datum] = []
        self.warnings: list[str] = []

    def place(self, index: int) -> Location:
        """Return the location of `index`, which never goes back."""
        newlines = self.text.count("\n", self.counted, index)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rindex("\n", self.counted, index) + 1
        self.counted = max(self.counted, index)
        return Location(self.path, self.line, index - self.line_start + 1)

    def fail(self, message: str, index: int) -> ProfileSyntaxError:
        return ProfileSyntaxError(message, self.place(index))

    def read(self) -> Text:
        text, end = self.text, len(self.text)
        while self.at < end:
            start, char = self.at, text[self.at]
            if char in _SPACE:
                self.at += 1
            elif char == ";" or text.startswith("#!", start):
                self._skip_line()
            elif text.startswith("#|", start):
                self._skip_block()
            elif char == "(":
                self.at += 1
                self._open(_List(self.place(start)))
            elif char == ")":
                self.at += 1
                self._close(start)
            elif char in "'`,":
                mark = ",@" if text.startswith(",@", start) else char
                self.at += len(mark)
                self._open(_List(self.place(start), _PREFIXES[mark]))
            elif char == '"':
                self.at += 1
                where = self.place(start)
                self._add(self._string(start), where)
            elif text.startswith('#"', start):
                where = self.place(start)
                self._add(self._raw_string(start), where)
            else:
                where = self.place(start)
                self._word(start, where)
        if self.stack:
            unclosed = self.stack[-1]
            what = "list" if unclosed.prefix is None else unclosed.prefix
            raise ProfileSyntaxError(f"the text ends inside this {what}", unclosed.location)
        return Text(tuple(self.data), tuple(self.warnings))

    def _skip_line(self) -> None:
        newline = self.text.find("\n", self.at)
        self.at = len(self.text) if newline < 0 else newline + 1

    def _skip_block(self) -> None:
        where = self.place(self.at)
        close = self.text.find("|#", self.at + 2)
        if close < 0:
            raise ProfileSyntaxError("the text ends inside this #| comment", where)
        self.at = close + 2
        self.warnings.append(f"Seatbelt does not know #|…|# comments ({where})")

    def _open(self, opened: _List) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise ProfileSyntaxError(f"nested deeper than {MAX_DEPTH} lists", opened.location)
        self.stack.append(opened)

    def _close(self, index: int) -> None:
        if not self.stack:
            raise self.fail("this closing parenthesis has no opening one", index)
        if self.stack[-1].prefix is not None:
            raise self.fail(f"nothing to {self.stack[-1].prefix} before this parenthesis", index)
        closing = self.stack.pop()
        if closing.tail is not None and not closing.closed:
            raise self.fail("nothing stands between the dot and the parenthesis", index)
        self._add(closing.build(), closing.location)

    def _add(self, value: Value, where: Location) -> None:
        while self.stack and self.stack[-1].prefix is not None:
            prefix = self.stack.pop()
            inner = Pair(value, NIL, None, where)
            value = Pair(Symbol(prefix.prefix), inner, prefix.location, prefix.location)
            where = prefix.location
        if not self.stack:
            self.data.append(Datum(value, where))
            return
        top = self.stack[-1]
        if top.closed:
            raise ProfileSyntaxError("only one datum may follow a dot", where)
        if top.tail is not None:
            top.tail, top.closed = value, True
            return
        top.items.append(value)
        top.places.append(where)

    def _string(self, start: int) -> str:
        text, parts = self.text, []
        escaped = False
        while True:
            found = _STRING_STOP.search(text, self.at)
            stop = len(text) if found is None else found.start()
            parts.append(_bytes(text[self.at : stop]))
            if stop >= len(text) or (text[stop] == "\\" and stop + 1 >= len(text)):
                raise self.fail("the text ends inside this string", start)
            if text[stop] == '"':
                self.at = stop + 1
                return _text(b"".join(parts)) if escaped else text[start + 1 : stop]
            escaped = True
            self.at = stop + 1
            parts.append(self._escape(stop))

    def _escape(self, backslash: int) -> bytes:
        char = self.text[self.at]
        if char in "xX":
            digits = self.text[self.at + 1 : self.at + 3]
            if not re.fullmatch("[0-9a-fA-F]{2}", digits):
                raise self.fail(r"\x needs two hexadecimal digits", backslash)
            self.at += 3
            return bytes((int(digits, 16),))
        if char in "01234567":
            match = re.compile("[0-3]?[0-7]{1,2}").match(self.text, self.at)
            digits = match[0] if match else char
            self.at += len(digits)
            return bytes((int(digits, 8),))
        self.at += 1
        return _bytes(_ESCAPES.get(char, char))

    def _raw_string(self, start: int) -> str:
        close = self.text.find('"', start + 2)
        if close < 0:
            raise self.fail("the text ends inside this string", start)
        self.at = close + 1
        return self.text[start + 2 : close]

    def _word(self, start: int, where: Location) -> None:
        if self.text.startswith("#\\", start) and start + 2 < len(self.text):
            match = _ATOM.match(self.text, start + 3)  # the character itself may be a delimiter
            self.at = start + 3 if match is None else match.end()
            name = self.text[start + 2 : self.at]
            self._add(_char(name, where), where)
            return
        match = _ATOM.match(self.text, start)
        self.at = start + 1 if match is None else match.end()
        word = self.text[start : self.at]
        if word == ".":
            self._dot(where)
        elif word.startswith("#"):
            self._add(_sharp(word, where), where)
        else:
            number = number_of(word, where)
            self._add(Symbol(word) if number is None else number, where)

    def _dot(self, where: Location) -> None:
        top = self.stack[-1] if self.stack else None
        if top is None or top.prefix is not None or not top.items or top.tail is not None:
            raise ProfileSyntaxError("a dot may stand before the last datum of a list only", where)
        top.tail = NIL


def _char(name: str, where: Location) -> Char:
    if len(name) == 1:
        return Char(name)
    if name.lower() in _NAMED_CHARS:
        return Char(_NAMED_CHARS[name.lower()])
    if re.fullmatch("[xX][0-9a-fA-F]{1,2}", name):
        return Char(_text(bytes((int(name[1:], 16),))))
    raise ProfileSyntaxError(f"no such character: {visible('#' + chr(92) + name)}", where)


def _sharp(word: str, where: Location) -> Value:
    if word in {"#t", "#f"}:
        return word == "#t"
    if word[1:2] in _RADIX:
        base, digits = _RADIX[word[1]]
        if digits.fullmatch(word, 2):
            return _integer(word[2:], base, where)
    if word in _PREPROCESSOR:
        raise ProfileSyntaxError(f"{word} is a line for the C preprocessor: run that first", where)
    raise ProfileSyntaxError(f"undefined sharp expression: {visible(word[:40])}", where)


def number_of(word: str, where: Location | None = None) -> int | float | None:
    """Return the number that a word spells, ``None`` for a symbol.

    Raises
    ------
    ProfileSyntaxError
        For an integer that no C ``long`` holds.
    """
    if _DECIMAL.fullmatch(word):
        return _integer(word, 10, where)
    return float(word) if len(word) < 400 and _REAL.fullmatch(word) else None


def _integer(digits: str, base: int, where: Location | None) -> int:
    value = int(digits, base) if len(digits) <= _MAX_DIGITS else None
    if value is None or value not in _INTEGERS:
        raise ProfileSyntaxError("this integer does not fit into 64 bits", where)
    return value


def read(text: str, *, path: str = "<profile>") -> Text:
    """Read every datum of a text.

    Parameters
    ----------
    text
        The profile; bytes that are not UTF-8 as surrogates, see the head of this room.
    path
        Name for the locations.

    Raises
    ------
    ProfileSyntaxError
        Unbalanced parentheses, an unfinished string, a bad escape, an unknown ``#`` word, or
        lists nested deeper than ``MAX_DEPTH``; nothing else for any text.
    """
    return _Reader(text, path).read()


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b"".join(
            c.encode("utf-8", "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass")
            for c in text
        )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        parts, at = [], 0
        for match in _LONE.finditer(data):
            parts.append(data[at : match.start()].decode("utf-8", "surrogateescape"))
            parts.append(match[0].decode("utf-8", "surrogatepass"))
            at = match.end()
        return "".join(parts) + data[at:].decode("utf-8", "surrogateescape")


def quote(text: str) -> str:
    r"""Write any string as a ``"…"`` literal that reads back as the same string.

    Quotes and backslashes are escaped; what does not print (controls, line and paragraph
    separators, directions, surrogates) is written as the bytes it stands for, ``\xHH``, so no
    text can end the string, hide in it or make the file unwritable. A row of surrogates that
    together are the bytes of a character reads back as that character: it is the same name.

    Examples
    --------
    >>> print(quote('a "b"'), quote("tab\there"), quote("\u202e"))
    "a \"b\"" "tab\there" "\xe2\x80\xae"
    """
    if text.isprintable():
        text = text.replace("\\", r"\\").replace('"', r"\"")
    else:
        text = "".join(map(_quoted, text))
    return f'"{text}"'


def _quoted(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    named = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}.get(char)
    return named or "".join(f"\\x{byte:02x}" for byte in _bytes(char))


def visible(text: str) -> str:
    r"""Make what does not print visible, ``\x1b`` or ``\u202e``: for messages and comments."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def comment(text: str) -> str:
    r"""Write text as ``;`` comment lines, one for each line of the text.

    Nothing in the text can end the comment or move the cursor: only the line feeds of the text
    make lines, every other character that does not print becomes visible (``\r``, ``\x1b``).

    Examples
    --------
    >>> print(comment("seen once\n(allow default)"))
    ; seen once
    ; (allow default)
    """
    return "\n".join(f"; {visible(line)}".rstrip() for line in text.split("\n"))

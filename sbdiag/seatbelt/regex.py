r"""Regular expressions of the policy language, matched in linear time with three answers.

The dialect is POSIX-ERE-like: ``. * + ? | ( ) [ ] [^ ] ^ $ \`` and nothing else is attested in
1177 regexes of real profiles. Without anchors it searches. ``^`` stands only at the start or behind
``(`` or ``|``; anything else is refused (orbit 495). What is not attested (``\w``, ``{n}``,
``*?``) is not guessed: such a piece may match anything or nothing, and the answer is ``None``
wherever that makes a difference; ``(?:`` leaves the whole expression unknown.

The matcher simulates an automaton, so that no pattern and no text makes it backtrack; the sets of
states it meets are kept beside the pattern. Whether Apple's matcher compares bytes or characters is
not known, so beyond ASCII both readings must agree; likewise for case in paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

Case: TypeAlias = Literal["sensitive", "disputed"]

MAX_WORK: Final = 2_000_000
"""States times characters beyond which a match is not tried and the answer is unknown."""

_CACHED_STATES: Final = 2_000
_QUANTIFIERS: Final = "*+?"


class UnreadableRegexError(ValueError):
    """An expression without an attested meaning; never leaves this module."""


class _Set(NamedTuple):
    """A set of characters, or all but these."""

    members: frozenset[str]
    negated: bool = False

    def holds(self, char: str, fold: bool) -> bool:
        listed = char in self.members or (fold and char.swapcase() in self.members)
        return listed != self.negated


_ANY: Final = _Set(frozenset(), negated=True)
_NONE: Final = _Set(frozenset())

# When a way between two states is open: always, at the start, at the end, or only possibly.
_Condition: TypeAlias = Literal["", "^", "$", "?"]
_Fragment: TypeAlias = tuple[int, int]


@dataclass(slots=True)
class _State:
    """Ways on that take no character, and at most one step that takes one."""

    ways: list[tuple[int, _Condition]] = field(default_factory=list)
    sure: _Set = _NONE
    possible: _Set = _NONE
    after: int = -1


@dataclass(slots=True)
class _Frame:
    """One parenthesis while it is read; `last` is the piece that a quantifier would repeat."""

    branches: list[_Fragment] = field(default_factory=list)
    done: _Fragment | None = None
    last: _Fragment | None = None


class _Reader:
    """Reads an expression into states with a stack of its own, so depth is no matter."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.states: list[_State] = []
        self.doubts: list[str] = []
        self.outer_branches = 0
        self.frames = [_Frame()]
        self.start, self.accept = self._read()

    def _new(self) -> int:
        self.states.append(_State())
        return len(self.states) - 1

    def _way(self, source: int, target: int, condition: _Condition = "") -> None:
        self.states[source].ways.append((target, condition))

    def _step(self, sure: _Set, possible: _Set) -> _Fragment:
        start, end = self._new(), self._new()
        state = self.states[start]
        state.sure, state.possible, state.after = sure, possible, end
        return start, end

    def _doubtful(self, why: str) -> _Fragment:
        """Return a piece that matches any text in one reading and nothing in the other."""
        self.doubts.append(why)
        start, end = self._step(_NONE, _ANY)
        self._way(start, end, "?")
        self._way(end, start, "?")
        return start, end

    def _anchor(self, condition: _Condition) -> _Fragment:
        start, end = self._new(), self._new()
        self._way(start, end, condition)
        return start, end

    def _settle(self) -> None:
        """Append the last piece to what is done: nothing can repeat it any more."""
        frame = self.frames[-1]
        if frame.last is not None:
            if frame.done is None:
                frame.done = frame.last
            else:
                self._way(frame.done[1], frame.last[0])
                frame.done = (frame.done[0], frame.last[1])
            frame.last = None

    def _add(self, piece: _Fragment) -> None:
        self._settle()
        self.frames[-1].last = piece

    def _end_branch(self) -> None:
        self._settle()
        frame = self.frames[-1]
        if frame.done is None:
            self.doubts.append("an empty alternative")
            frame.done = self._anchor("?")
        frame.branches.append(frame.done)
        frame.done = None

    def _end_group(self) -> _Fragment:
        self._end_branch()
        branches = self.frames.pop().branches
        self.outer_branches = len(branches)  # of the whole expression, once all is read
        if len(branches) == 1:
            return branches[0]
        start, end = self._new(), self._new()
        for first, last in branches:
            self._way(start, first)
            self._way(last, end)
        return start, end

    def _read(self) -> _Fragment:
        text, at = self.text, 0
        if not text:
            raise UnreadableRegexError("an empty expression")
        while at < len(text):
            char, frame = text[at], self.frames[-1]
            width = 1
            if char == "(":
                if text.startswith("(?", at):
                    raise UnreadableRegexError("`(?` is not known to be in the dialect")
                self._settle()
                self.frames.append(_Frame())
            elif char == ")":
                if len(self.frames) == 1:
                    raise UnreadableRegexError("a `)` without its `(`")
                self._add(self._end_group())
            elif char == "|":
                self._end_branch()
            elif char in _QUANTIFIERS:
                while at + width < len(text) and text[at + width] in _QUANTIFIERS:
                    width += 1
                self._repeat(text[at : at + width])
            elif char == "^":
                if frame.done is not None or frame.last is not None:
                    raise UnreadableRegexError("unexpected ^ operator in middle of expression")
                frame.done = self._anchor("^")
            elif char == "$":
                self._settle()
                last = text[at + 1 : at + 2] in {"", ")", "|"}
                if not last:
                    self.doubts.append("a `$` in the middle")
                self._add(self._anchor("$" if last else "?"))
                self._settle()
            elif char == "[":
                width = self._bracket(at)
            elif char == "{":
                width = self._braces(at)
            elif char == "\\":
                escaped, width = text[at + 1 : at + 2], 2
                if escaped == "" or (escaped.isascii() and escaped.isalnum()):
                    self._add(self._doubtful(f"`\\{escaped}`"))
                else:
                    self._add(self._step(_Set(frozenset(escaped)), _Set(frozenset(escaped))))
            else:
                listed = _ANY if char == "." else _Set(frozenset(char))
                self._add(self._step(listed, listed))
            at += width
        if len(self.frames) > 1:
            raise UnreadableRegexError("a `(` without its `)`")
        return self._end_group()

    def _repeat(self, signs: str) -> None:
        frame = self.frames[-1]
        if frame.last is None:
            raise UnreadableRegexError("a quantifier without anything to repeat")
        first, last = frame.last
        before, after = self._new(), self._new()
        self._way(before, first)
        self._way(last, after)
        if signs[0] in "*+":
            self._way(after, before)
        if signs[0] in "*?":
            self._way(before, after)
        if len(signs) > 1:  # lazy, possessive, or a repetition repeated
            self.doubts.append(f"`{signs[:4]}`")
            self._way(before, after, "?")
            self._way(after, before, "?")
            if "+" in signs[1:]:
                gate = self._new()
                self._way(after, gate, "?")
                after = gate
        frame.last = (before, after)

    def _braces(self, at: int) -> int:
        """Read ``{n}``: an interval or plain text, so the piece before it is in doubt as well."""
        end = self.text.find("}", at)
        if end < 0:
            raise UnreadableRegexError("a `{` without its `}`")
        self.frames[-1].last = None
        self._add(self._doubtful("`{…}`"))
        return end + 1 - at

    def _bracket(self, opening: int) -> int:
        text, at = self.text, opening + 1
        negated = text.startswith("^", at)
        at += negated
        if text.startswith("]", at):
            raise UnreadableRegexError("a `]` first in brackets")
        sure: set[str] = set()
        possible: set[str] = set()
        open_ended = False
        while not text.startswith("]", at):
            char, following = text[at : at + 1], text[at + 1 : at + 2]
            if char == "" or (char == "[" and following in {":", ".", "="}):
                raise UnreadableRegexError("a `[` that cannot be read")
            if char == "\\":  # an escape, or a backslash beside the character
                if following in {"", "]", "-"}:
                    raise UnreadableRegexError("an escape in brackets that cannot be read")
                self.doubts.append(f"`\\{following}` in brackets")
                possible |= {char, following}
                if following.isascii() and following.isalnum():
                    open_ended = True
                else:
                    sure.add(following)
                at += 2
            elif following == "-" and text[at + 2 : at + 3] not in {"", "]"}:
                upper = text[at + 2]
                if upper in "\\[" or not 0 <= ord(upper) - ord(char) <= 4096:
                    raise UnreadableRegexError("a range in brackets that cannot be read")
                sure.update(map(chr, range(ord(char), ord(upper) + 1)))
                at += 3
            else:
                sure.add(char)
                at += 1
        least = _Set(frozenset(sure))
        most = _ANY if open_ended else _Set(frozenset(sure | possible))
        if negated:
            least, most = _Set(most.members, not most.negated), _Set(least.members, True)
        self._add(self._step(least, most))
        return at + 1 - opening


class _Automaton:
    """One reading of an expression: with or without what is only possible, one rule for case."""

    def __init__(self, reader: _Reader, *, possible: bool, fold: bool) -> None:
        self._states = reader.states
        self._start = reader.start
        self._accept = reader.accept
        self._possible = possible
        self._fold = fold
        self._reset()

    def _reset(self) -> None:
        self._ids: dict[frozenset[int], int] = {}
        self._sets: list[frozenset[int]] = []
        self._moves: list[dict[str, int]] = []
        self._ends: list[bool | None] = []
        self._stuck: list[bool] = []
        self._first: int | None = None

    def _closure(self, seeds: set[int], *, start: bool, end: bool) -> frozenset[int]:
        found = set(seeds)
        pending = list(seeds)
        while pending:
            for target, condition in self._states[pending.pop()].ways:
                open_way = (
                    condition == ""
                    or (condition == "^" and start)
                    or (condition == "$" and end)
                    or (condition == "?" and self._possible)
                )
                if open_way and target not in found:
                    found.add(target)
                    pending.append(target)
        return frozenset(found)

    def _identify(self, states: frozenset[int]) -> int:
        known = self._ids.get(states)
        if known is None:
            known = self._ids[states] = len(self._sets)
            self._sets.append(states)
            self._moves.append({})
            self._ends.append(None)
            # Behind an anchor that did not hold nothing can step any more, whatever follows.
            self._stuck.append(all(self._states[number].after < 0 for number in states))
        return known

    def _move(self, current: int, char: str) -> int:
        """Follow `char` from one set of states; a search may also begin anew here."""
        reached = {self._start}
        for number in self._sets[current]:
            state = self._states[number]
            listed = state.possible if self._possible else state.sure
            if state.after >= 0 and listed.holds(char, self._fold):
                reached.add(state.after)
        following = self._identify(self._closure(reached, start=False, end=False))
        self._moves[current][char] = following
        return following

    def search(self, text: str) -> bool:
        """Whether the expression is found in `text`."""
        if len(self._sets) > _CACHED_STATES:
            self._reset()
        if self._first is None:
            first = self._closure({self._start}, start=True, end=False)
            self._first = self._identify(first)
        current = self._first
        if self._accept in self._sets[current]:
            return True
        if not text:
            empty = self._closure({self._start}, start=True, end=True)
            return self._accept in empty
        for char in text:
            if self._stuck[current]:
                return False
            following = self._moves[current].get(char)
            current = self._move(current, char) if following is None else following
            if self._accept in self._sets[current]:
                return True
        ends = self._ends[current]
        if ends is None:
            seeds = set(self._sets[current])
            ends = self._accept in self._closure(seeds, start=False, end=True)
            self._ends[current] = ends
        return ends


class Regex:
    """One expression, read once.

    Parameters
    ----------
    pattern
        As the profile's string holds it, after the string's own escapes.

    Attributes
    ----------
    error
        Why the whole expression is unknown, ``None`` if it could be read.
    doubts
        The pieces that are not attested, in order; empty for an ordinary expression.
    prefix
        What every text that matches must begin with, case aside; empty where nothing is certain.
    needed
        What every ASCII text that matches holds once it is in lower case; empty where nothing is
        certain.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.error: str | None = None
        self.doubts: tuple[str, ...] = ()
        self.prefix = ""
        self.needed = ""
        self._automata: dict[tuple[bool, bool, bool], _Automaton] = {}
        try:
            self._characters = _Reader(pattern)
        except UnreadableRegexError as error:
            self.error = str(error)
        else:
            self.doubts = tuple(dict.fromkeys(self._characters.doubts))
            if self._characters.outer_branches == 1:
                runs = _plain_runs(pattern)
                if pattern.startswith("^") and runs and runs[0][0] == 1:
                    self.prefix = runs[0][1]
                self.needed = max((run for _, run in runs), key=len, default="").lower()

    @cached_property
    def _bytes(self) -> _Reader:
        return _Reader(_as_bytes(self.pattern))

    def search(self, text: str, *, case: Case = "sensitive") -> bool | None:
        """Say whether the expression is found in `text`.

        Parameters
        ----------
        text
            What the access names.
        case
            ``disputed``: both with and without regard to case, ``None`` if that differs.

        Returns
        -------
        bool or None
            ``None`` where the readings of the expression disagree, where it cannot be read, and
            where states times characters exceed :data:`MAX_WORK`.
        """
        if self.error is not None or len(self._characters.states) * len(text) > MAX_WORK:
            return None
        if text.isascii() and self.needed.isascii() and self.needed not in text.lower():
            return False
        answers = set()
        for fold in (True, False) if case == "disputed" else (False,):
            for in_bytes in (
                (False,) if text.isascii() and self.pattern.isascii() else (False, True)
            ):
                for possible in (True, False) if self.doubts else (True,):
                    answers.add(self._search(text, in_bytes, possible, fold))
                    if len(answers) > 1:
                        return None
        return answers.pop()

    def _search(self, text: str, in_bytes: bool, possible: bool, fold: bool) -> bool:
        key = (in_bytes, possible, fold)
        automaton = self._automata.get(key)
        if automaton is None:
            reader = self._bytes if in_bytes else self._characters
            automaton = _Automaton(reader, possible=possible, fold=fold)
            self._automata[key] = automaton
        return automaton.search(_as_bytes(text) if in_bytes else text)


def _plain_runs(pattern: str) -> list[tuple[int, str]]:
    """Return the runs of plain characters that every match holds, with the place of each.

    Of an expression that can be read and has one branch: what stands outside of parentheses and
    brackets and is not repeated.
    """
    runs: list[tuple[int, str]] = []
    run, begin, at, depth = "", 0, 0, 0
    while at < len(pattern):
        char, width, plain = pattern[at], 1, True
        if char == "\\":
            char, width = pattern[at + 1 : at + 2], 2
            plain = not (char == "" or (char.isascii() and char.isalnum()))
        elif char == "[":
            width, plain = pattern.index("]", at) + 1 - at, False
        elif char in ".*+?()|{}^$":
            depth += (char == "(") - (char == ")")
            plain = False
        repeated = pattern[at + width : at + width + 1] in {"*", "+", "?", "{"}
        if plain and depth == 0 and not repeated:
            begin = begin if run else at
            run += char
        elif run:
            runs.append((begin, run))
            run = ""
        if char == "{" and width == 1:
            width = pattern.index("}", at) + 1 - at
        at += width
    return [*runs, (begin, run)] if run else runs


def _as_bytes(text: str) -> str:
    """Spell the bytes of UTF-8 as characters, those beyond ASCII as ones without case."""
    spelled = text.encode("utf-8", "surrogatepass")
    return "".join(chr(byte if byte < 0x80 else 0xE000 + byte) for byte in spelled)


def regex_error(pattern: str) -> str | None:
    """Return why Seatbelt would refuse an expression, ``None`` if nothing says that it would.

    Only a ``^`` in the middle is attested (orbit 495: exit status 65).
    """
    error = Regex(pattern).error
    return error if error is not None and "^" in error else None

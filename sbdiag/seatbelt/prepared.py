"""The rules of a profile, sorted by operation and ready to be tried.

Most rules name a path or a service outright. They are found through a dictionary, so that an access
is compared with the few rules that can concern it and not with thousands; the answer is the same as
that of trying all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbdiag.seatbelt.filters import FilterKind, Form, filters, spelling, symbols
from sbdiag.seatbelt.matching import (
    MAX_NESTING,
    Matcher,
    any_of,
    number_of,
    prepare,
    told_number,
)
from sbdiag.seatbelt.network import fixed_port
from sbdiag.seatbelt.operations import meanings
from sbdiag.seatbelt.paths import is_odd, normal, widely_folded
from sbdiag.seatbelt.regex import MAX_WORK, Regex
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Argument, Filter, Rule

# (kind, value): ("literal", "/a/b"), ("subpath", "/a"), ("global-name", "com.apple.x"), and
# ("begins", "/users/you/") for prefixes and for regexes that begin with plain text,
# ("holds", "/cache/") for other regexes with plain text in them, ("remote-port", "443") for
# addresses, ("fsctl-command", "26671") for numbers. A key is coarser than the comparison (no case,
# no composition), so that it also finds the rules of which it is unknown whether they match.
_Key: TypeAlias = tuple[str, str]

# So short that no search is too much work: a character takes five states at most.
_SHORT_REGEX: Final = 200
_SHORT_PATH: Final = MAX_WORK // _SHORT_REGEX // 5

_PATH_KEYS: Final = frozenset({"literal", "subpath", "begins", "holds"})
_PORT_KINDS: Final = {"local": "local-port", "remote": "remote-port"}
_PORTS: Final = {kind: side for side, kind in _PORT_KINDS.items()}
_MACH: Final = frozenset({"global-name", "local-name", "xpc-service-name"})
_NAMES: Final = frozenset({"name-pattern", "name-pattern-ci"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One filtered rule of one operation.

    Attributes
    ----------
    rule
        As the profile says it.
    place
        Its number among all rules of the profile, from 0.
    matcher
        Its filters, any of which suffices.
    """

    rule: Rule
    place: int
    matcher: Matcher


class OperationRules:
    """The rules that name one operation.

    Attributes
    ----------
    filtered
        Rules with filters, the last of the profile first: the order in which they are tried.
    rules
        The same rules without their matchers.
    bare
        Rules without filters, each with its place, in the order of the profile.
    """

    def __init__(
        self,
        operation: str,
        rules: Sequence[tuple[int, Rule]],
        before: OperationRules | None = None,
    ) -> None:
        self.operation = operation
        self._before = before if before is not None and before.filtered else None
        self.bare = tuple((place, rule) for place, rule in rules if not rule.filters)
        own = tuple(
            Entry(rule, place, any_of(prepare(written, operation) for written in rule.filters))
            for place, rule in reversed(rules)
            if rule.filters
        )
        self._own = len(own)
        self.filtered: tuple[Entry, ...] = own
        self.rules: tuple[Rule, ...] = tuple(entry.rule for entry in own)
        if before is not None:
            self.bare = before.bare + self.bare
            self.filtered += before.filtered
            self.rules += before.rules
        self._found: dict[str, dict[str, list[int]]] = {}
        self._always: list[int] = []
        for at, entry in enumerate(own):
            keys = _keys_of_any(entry.rule.filters)
            if keys is None:
                self._always.append(at)
            else:
                for kind, value in keys:
                    self._found.setdefault(kind, {}).setdefault(value, []).append(at)
        self._lengths = {len(start) for start in self._found.get("begins", ())}

    @property
    def unfiltered(self) -> tuple[int, Rule] | None:
        """The last rule without filters and its place, ``None`` if there is none."""
        return self.bare[-1] if self.bare else None

    def candidates(self, request: Request) -> Iterator[tuple[int, Entry]]:
        """Yield, in the order of trying, every rule that may match, with its turn from 0."""
        for turn in self._turns(request):
            yield turn, self.filtered[turn]
        if self._before is not None:
            for turn, entry in self._before.candidates(request):
                yield turn + self._own, entry

    def _turns(self, request: Request) -> Iterable[int]:
        turns = set(self._always)
        for kind, found in self._found.items():
            values = self._values_of(kind, request)
            for some in found.values() if values is None else map(found.get, values):
                turns.update(some or ())
        return sorted(turns)

    def _values_of(self, kind: str, request: Request) -> Iterable[str] | None:
        """Return where rules of a kind stand that may match; ``None``: all must be tried."""
        if kind in _PATH_KEYS:
            if request.socket == "ip":
                return ()
            if not request.paths or (
                kind == "holds" and max(map(len, request.paths)) > _SHORT_PATH
            ):
                return None
            keys = map(_path_key, request.paths)
            return [at for key in keys for at in self._path_values(kind, key)]
        if kind in _PORTS:
            return _port_values(kind, request)
        of_kind = filters()[kind]
        if of_kind.argument == "integer-or-symbol":
            number = told_number(kind, request)
            return None if number is None else (str(number),)
        service = request.value("xpc-service-name")
        answering = () if service is None or kind != "global-name" else (service,)
        value = request.value(kind)
        if value is not None:
            return (_name_key(of_kind, value), *answering)
        told = kind in _MACH and any(request.value(other) for other in _MACH)
        return answering if told else None

    def _path_values(self, kind: str, path: str) -> Iterator[str]:
        if kind == "begins":
            yield from (path[:length] for length in self._lengths)
        elif kind == "holds":
            yield from (text for text in self._found[kind] if text in path)
        else:
            yield path
            at = path.find("/", 1) if kind == "subpath" else 0
            while at > 0:
                yield path[:at]
                at = path.find("/", at + 1)


def _port_values(kind: str, request: Request) -> list[str] | None:
    """Return the port of the end that a filter is about, ``None`` where the line leaves it open."""
    if request.socket == "unix":
        return []
    ends = request.ends()
    if not ends or any(end.side != _PORTS[kind] or end.port == "*" for end in ends):
        return None
    return [str(int(end.port)) for end in ends]


def _keys_of_any(written: Iterable[Filter], depth: int = 0) -> list[_Key] | None:
    """Return keys of which a request must have one for any of the filters to hold."""
    found: list[_Key] = []
    for part in written:
        keys = _keys(part, depth)
        if keys is None:
            return None
        found += keys
    return found


def _keys(written: Filter, depth: int) -> list[_Key] | None:
    if depth > MAX_NESTING:
        return None
    parts = [part for part in written.arguments if isinstance(part, Filter)]
    if written.name == "require-any" and len(parts) == len(written.arguments) and parts:
        return _keys_of_any(parts, depth + 1)
    if written.name == "require-all" and len(parts) == len(written.arguments):
        # Every part must hold, so the keys of any one of them will do.
        found = (_keys(part, depth + 1) for part in parts)
        return next((keys for keys in found if keys is not None), None)
    if written.name in _PORT_KINDS:
        port = fixed_port(written.arguments)
        return None if port is None else [(_PORT_KINDS[written.name], port)]
    known = spelling(written.name)
    if known is not None and filters()[known.filter].argument == "integer-or-symbol":
        return _number_keys(known.filter, written.arguments)
    texts = [part for part in written.arguments if isinstance(part, str)]
    if known is None or len(texts) != len(written.arguments) or not texts:
        return None
    kind = filters()[known.filter]
    if kind.name == "path":
        of_paths = [_key_of_pattern(known.form, text) for text in texts]
        return [key for key in of_paths if key is not None] if all(of_paths) else None
    if kind.argument in _NAMES and known.form == "literal":
        return [(kind.name, _name_key(kind, text)) for text in texts]
    return None


def _number_keys(kind: str, arguments: tuple[Argument, ...]) -> list[_Key] | None:
    numbers = [number_of(argument, symbols(kind)) for argument in arguments]
    if kind == "target" or None in numbers or not numbers:
        return None
    return [(kind, str(number)) for number in numbers]


def _key_of_pattern(form: Form, pattern: str) -> _Key | None:
    """Return what a path must have to match or be unknown; ``None`` where that is not certain."""
    if form == "regex":
        # A regex knows no composition: beyond ASCII it regards other things than the key.
        regex = Regex(pattern)
        plain = "".join(itertools.takewhile(str.isascii, regex.prefix))
        if not plain and regex.needed.isascii() and len(pattern) <= _SHORT_REGEX:
            return ("holds", regex.needed) if regex.needed else None
        form, pattern = "prefix", plain
    elif "${" in pattern:
        form, pattern = "prefix", pattern[: pattern.index("${")]
    elif form != "prefix" and is_odd(pattern):
        pattern = normal(pattern)
    if form == "prefix":
        # Marks that follow in the path may be sorted before those at the end of the pattern.
        while pattern and not pattern[-1].isascii():
            pattern = pattern[:-1]
    if pattern == "" or (form == "subpath" and pattern == "/"):
        return None
    return "begins" if form == "prefix" else form, _path_key(pattern)


def _path_key(path: str) -> str:
    """Fold a path or a pattern; the dotless i because regexes take it for an ``I``."""
    return path.lower() if path.isascii() else widely_folded(path).replace("ı", "i")


def _name_key(kind: FilterKind, name: str) -> str:
    return name if kind.case == "sensitive" else name.lower()


class Prepared:
    """All rules of a profile by operation, in one reading of the names it uses.

    Parameters
    ----------
    rules
        In the order of the profile.
    version
        Language version, which says what the names stand for.
    reading
        Which meaning to take where a name has several: 0 or 1.
    before
        The prepared rules that stand before these: they are not prepared anew.
    """

    def __init__(
        self, rules: Sequence[Rule], version: int, reading: int, before: Prepared | None = None
    ) -> None:
        self._before = before
        self.count: int = len(rules) if before is None else before.count + len(rules)
        self._named: dict[str, list[tuple[int, Rule]]] = {}
        self._ready: dict[str, OperationRules] = {}
        self.ambiguous: bool = before is not None and before.ambiguous
        for place, rule in enumerate(rules, start=self.count - len(rules)):
            for name in dict.fromkeys(rule.operations):
                readings = meanings(name, version)
                self.ambiguous = self.ambiguous or len(readings) > 1
                for operation in readings[min(reading, len(readings) - 1)] if readings else ():
                    named = self._named.setdefault(operation, [])
                    if not named or named[-1][0] != place:
                        named.append((place, rule))

    def of(self, operation: str) -> OperationRules:
        """Return the rules that name `operation` itself."""
        ready = self._ready.get(operation)
        if ready is None:
            before = None if self._before is None else self._before.of(operation)
            own = self._named.get(operation, ())
            ready = before if before and not own else OperationRules(operation, own, before)
            self._ready[operation] = ready
        return ready

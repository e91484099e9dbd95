"""Which rules an access must be compared with: an index by what their filters name.

Most rules name a path, a service or a number outright, many of them several together. They are
found through dictionaries, one behind the other, so that those of one path with many commands are
told apart too. What is found holds every rule that may match; nothing is said of those found.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from sbdiag.seatbelt.filters import FilterKind, Form, filters, spelling, symbols
from sbdiag.seatbelt.matching import MAX_NESTING, number_of, told_number
from sbdiag.seatbelt.network import fixed_port
from sbdiag.seatbelt.paths import is_odd, normal, widely_folded
from sbdiag.seatbelt.regex import MAX_WORK, Regex
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Argument, Filter

# (kind, value): ("literal", "/a/b"), ("subpath", "/a"), ("global-name", "com.apple.x"), and
# ("begins", "/users/you/") for prefixes and for regexes that begin with plain text,
# ("holds", "/cache/") for other regexes with plain text in them, ("remote-port", "443") for
# addresses, ("fsctl-command", "26671") for numbers. A key is coarser than the comparison (no case,
# no composition), so that it also finds the rules of which it is unknown whether they match.
_Key: TypeAlias = tuple[str, str]
# Keys of which a request must have all.
_Way: TypeAlias = tuple[_Key, ...]

# So many parts of a require-all tell rules apart; those of the rules that we propose are three.
_MOST_KEYS: Final = 4
# So short that no search is too much work: a character takes five states at most.
_SHORT_REGEX: Final = 200
_SHORT_PATH: Final = MAX_WORK // _SHORT_REGEX // 5

_PATH_KEYS: Final = frozenset({"literal", "subpath", "begins", "holds"})
_PORT_KINDS: Final = {"local": "local-port", "remote": "remote-port"}
_PORTS: Final = {kind: side for side, kind in _PORT_KINDS.items()}
_MACH: Final = frozenset({"global-name", "local-name", "xpc-service-name"})
_NAMES: Final = frozenset({"name-pattern", "name-pattern-ci"})


class Index:
    """The turns of rules by one key that a request must have, and below it by the next one.

    What does not ask for a key stands in `_turns`. Of prefixes the lengths are known, and of
    directories the longest: a long path is not cut at places where none can be found.
    """

    __slots__ = ("_found", "_lengths", "_longest", "_turns")

    def __init__(self) -> None:
        self._turns: list[int] = []
        self._found: dict[str, dict[str, Index]] = {}
        self._lengths: frozenset[int] = frozenset()
        self._longest = 0

    def add(self, turn: int, written: Iterable[Filter]) -> None:
        """Put the rule of a turn where requests come by of which one of its filters may hold."""
        for way in _ways_of_any(written):
            self._add(turn, way)

    def turns(self, request: Request) -> list[int]:
        """Return, ascending, the turns of all rules that may match."""
        found: set[int] = set()
        self._find(request, found)
        return sorted(found)

    def _add(self, turn: int, way: _Way) -> None:
        if not way:
            self._turns.append(turn)
            return
        kind, value = way[0]
        found = self._found.setdefault(kind, {})
        if value not in found:
            found[value] = Index()
            if kind == "begins" and len(value) not in self._lengths:
                self._lengths |= {len(value)}
            elif kind == "subpath":
                self._longest = max(self._longest, len(value))
        found[value]._add(turn, way[1:])

    def _find(self, request: Request, turns: set[int]) -> None:
        turns.update(self._turns)
        for kind, found in self._found.items():
            values = self._values_of(kind, request)
            for below in found.values() if values is None else map(found.get, values):
                if below is not None:
                    below._find(request, turns)

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
            while 0 < at <= self._longest:
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


def _ways_of_any(written: Iterable[Filter]) -> list[_Way]:
    """Return ways of which a request must have one for any of the filters to hold."""
    found: list[_Way] = []
    for part in written:
        found += _ways(part, 0)
    # the way without keys is open to all
    return [()] if () in found else found


def _ways(written: Filter, depth: int) -> list[_Way]:
    if depth > MAX_NESTING:
        return [()]
    parts = [part for part in written.arguments if isinstance(part, Filter)]
    if len(parts) == len(written.arguments) and parts:
        if written.name == "require-any":
            return [way for part in parts for way in _ways(part, depth + 1)]
        if written.name == "require-all":
            return _ways_of_all([_ways(part, depth + 1) for part in parts])
    return [(key,) for key in _keys(written) or ()] or [()]


def _ways_of_all(parts: list[list[_Way]]) -> list[_Way]:
    """Return the ways of the first part that has any, longer by what others leave no choice of.

    Every part must hold, so the keys of some of them will do.
    """
    first, *others = [ways for ways in parts if () not in ways] or [[()]]
    further = tuple(key for ways in others if len(ways) == 1 for key in ways[0])
    return [(*way, *further)[:_MOST_KEYS] for way in first]


def _keys(written: Filter) -> list[_Key] | None:
    """Return keys of which a request must have one for a single filter to hold."""
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

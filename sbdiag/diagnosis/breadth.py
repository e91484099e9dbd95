"""How much wider than its evidence a rule is: a number that sorts, and words.

=========  =====================================================================================
number     what the rule admits
=========  =====================================================================================
0          what was asked, as far as a log line tells one access from another
1 to 2     the same names for more operations than were asked for; the more, the wider
2 to 3     a class that the line does not tell apart: every host of a port, every other process
3 to 4     names that were never seen, below a directory; the higher it lies, the wider
4 to 5     every use of its operations; the more operations, the wider
=========  =====================================================================================

``(subpath "/")`` is 4: it holds every path. The scale compares rules of one report; it does not
weigh what an operation can do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.filters import spelling
from sbdiag.seatbelt.operations import canonical, members, operations
from sbdiag.seatbelt.rules import Filter, Rule

EXACT: Final = 0.0
_OPERATIONS: Final = 1.0
CLASS: Final = 2.0
"""From here on a rule admits more than a log line tells."""
_DIRECTORY: Final = 3.0
UNSEEN: Final = _DIRECTORY
"""From here on a rule admits names that were never seen."""
_WHOLE: Final = 4.0

# Within a class: which hosts, and whether one port.
_HOSTS: Final = {"localhost": 0.0, "*": 0.5}
_EVERY_PORT: Final = 0.25
# Filters whose value stands for many: words of a target process.
_CLASSES: Final = frozenset({"target"})
_PATTERNS: Final = frozenset({"subpath", "prefix", "regex"})
# How many operations are named before the rest is only counted.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Breadth:
    """How much more than its evidence a rule admits.

    Attributes
    ----------
    number
        See the table of this module, to three decimals; 0 is exact.
    words
        The same for a reader; empty where it is exact.
    """

    number: float
    words: str


def breadth(rule: Rule, asked: Iterable[Access]) -> Breadth:
    """Measure a rule against the accesses that asked for it.

    Parameters
    ----------
    rule
        An allow rule.
    asked
        The distinct accesses that it answers.
    """
    accesses = tuple(asked)
    if not rule.filters:
        share = len(_admitted(rule.operations)) / len(operations())
        return Breadth(round(_WHOLE + share, 3), f"every use of {' and '.join(rule.operations)}")
    handed_on = any(name.startswith("file-issue-extension") for name in rule.operations)
    measured = (_filter(part, handed_on=handed_on) for part in rule.filters)
    widest = max(measured, key=lambda found: found.number)
    if widest.number > EXACT:
        return widest
    more = _not_asked(rule, accesses)
    if not more:
        return Breadth(EXACT, "")
    named = ", ".join(more[:_NAMED])
    rest = len(more) - _NAMED
    return Breadth(
        round(_OPERATIONS + len(more) / len(operations()), 3),
        named + (f" and {rest} more operations" if rest > 0 else "") + " as well",
    )


def _admitted(names: Iterable[str]) -> tuple[str, ...]:
    """Return the single operations that a rule of these names reaches, in table order."""
    reached = _reached(names)
    return tuple(name for name in operations() if name in reached)


def _reached(names: Iterable[str]) -> set[str]:
    return {each for name in names for one in (canonical(name) or ()) for each in _leaves(one)}


def _leaves(name: str) -> tuple[str, ...]:
    return members(name) if operations()[name].group else (name,)


def _not_asked(rule: Rule, accesses: tuple[Access, ...]) -> tuple[str, ...]:
    # A log line may name a group itself, `file-write*`: it asks for all of it.
    more = _reached(rule.operations) - _reached({access.operation for access in accesses})
    return tuple(name for name in operations() if name in more) if more else ()


def _filter(part: Filter, *, handed_on: bool) -> Breadth:
    inner = [
        (each.name, _filter(each, handed_on=handed_on))
        for each in part.arguments
        if isinstance(each, Filter)
    ]
    if part.name == "require-all" and inner:
        return _all(inner)
    if part.name == "require-any" and inner:
        return max((found for _, found in inner), key=lambda found: found.number)
    if part.name == "require-not":
        return Breadth(_WHOLE, "everything but what the filter names")
    if part.name in {"remote", "local"}:
        return _address(part)
    if part.name in _CLASSES:
        kind = ", ".join(map(str, part.arguments))
        return Breadth(CLASS + 0.5, f"every process of the kind '{kind}'")
    if part.name in _PATTERNS or part.name.endswith(("-prefix", "-regex", "-subpath")):
        return _pattern(part)
    if part.name == "literal" and handed_on:
        # The filter takes one path, the extension that may be issued for it a whole directory.
        return Breadth(_pattern(part).number, "everything below this path, if it is a directory")
    return Breadth(EXACT, "")


def _all(parts: list[tuple[str, Breadth]]) -> Breadth:
    """Measure what must hold together: of one kind the narrowest counts, of several the widest."""
    kinds: dict[str, Breadth] = {}
    for name, found in parts:
        known = spelling(name)
        kind = name if known is None else known.filter
        if kind not in kinds or found.number < kinds[kind].number:
            kinds[kind] = found
    return max(kinds.values(), key=lambda found: found.number)


def _address(part: Filter) -> Breadth:
    host, _, port = str(part.arguments[-1]).rpartition(":")
    number = CLASS + _HOSTS.get(host, _HOSTS["*"]) + (_EVERY_PORT if port == "*" else 0)
    if host == "localhost":
        who = "this machine's own addresses, not loopback alone"
    else:
        who = "every host" if part.name == "remote" else "every local address"
    return Breadth(number, f"{who}, {'every port' if port == '*' else f'port {port}'}")


def _pattern(part: Filter) -> Breadth:
    """Measure by the pattern that lies highest."""
    depths = [
        len([name for name in each.split("/") if name])
        for each in part.arguments
        if isinstance(each, str)
    ]
    number = _DIRECTORY + 1 / (1 + min(depths, default=0))
    directory = part.name.endswith("subpath")
    words = "everything below this directory" if directory else "every name that the pattern takes"
    return Breadth(round(number, 3), words)

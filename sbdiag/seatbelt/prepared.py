"""The rules of a profile, sorted by operation and ready to be tried.

An access is compared with the few rules that can concern it (see :mod:`.index`) and not with
thousands; the answer is the same as that of trying all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sbdiag.seatbelt.index import Index
from sbdiag.seatbelt.matching import Matcher, any_of, prepare
from sbdiag.seatbelt.operations import meanings
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Rule


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
        self._index = Index()
        for at, entry in enumerate(own):
            self._index.add(at, entry.rule.filters)

    @property
    def unfiltered(self) -> tuple[int, Rule] | None:
        """The last rule without filters and its place, ``None`` if there is none."""
        return self.bare[-1] if self.bare else None

    def candidates(self, request: Request) -> Iterator[tuple[int, Entry]]:
        """Yield, in the order of trying, every rule that may match, with its turn from 0."""
        for turn in self._index.turns(request):
            yield turn, self.filtered[turn]
        if self._before is not None:
            for turn, entry in self._before.candidates(request):
                yield turn + self._own, entry


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

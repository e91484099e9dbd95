"""The rules we propose, each with the evidence that asked for it; not yet a file.

A :class:`RuleSet` is frozen: :mod:`sbdiag.export` turns it into text, :mod:`.verify` proves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sbdiag.seatbelt.rules import Rule

Widen: TypeAlias = Literal["known", "none", "siblings"]
XpcKind: TypeAlias = Literal["both", "xpc-service-name", "global-name"]
PathKind: TypeAlias = Literal["file", "directory", "unknown"]
WithheldReason: TypeAlias = Literal[
    "doubtful-origin",
    "allow-report",
    "system-policy",
    "forbidden",
    "already-allowed",
    "sensitive",
    "noise",
    "hidden",
    "no-filter",
    "no-known-rule",
    "unknown-operation",
]


@dataclass(frozen=True, slots=True)
class MinimalRule:
    """One proposed rule and why it stands there.

    Attributes
    ----------
    rule
        What Seatbelt is told: one action, operations and filters.
    denials
        Row labels of the denials frame that asked for it, ascending; never empty.
    purpose
        One sentence for a reader of the profile.
    source
        Where the shape of the rule or the width of the table entry is attested.
    grade
        ``A`` shipped or measured, ``B`` follows from the filter table, ``C`` inference.
    entry
        The table entry whose width was taken (``lima-state``), ``None`` for an exact rule.
    path_kind
        For path rules: whether the target is known to be a file or a directory.
    widened_from
        Targets seen in the evidence, where the rule is wider than they are.
    breadth
        How much more than the evidence it admits, in words; empty where it is exact.
    breadth_number
        The same as a number that sorts, see :mod:`~sbdiag.diagnosis.breadth`; 0 is exact.
    narrower
        The exact rules that answer the same denials, where the language has them and this rule
        is wider; ``widen="none"`` proposes them.
    warning
        What a reader should know before pasting it; empty where there is nothing.
    apart
        ``sensitive`` or ``noise`` for a rule that was asked for by name; written apart.
    """

    rule: Rule
    denials: tuple[int, ...]
    purpose: str
    source: str
    grade: Literal["A", "B", "C"] = "A"
    entry: str | None = None
    path_kind: PathKind = "unknown"
    widened_from: tuple[str, ...] = ()
    breadth: str = ""
    breadth_number: float = 0.0
    narrower: tuple[Rule, ...] = ()
    warning: str = ""
    apart: Literal["", "sensitive", "noise"] = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Denials that get no rule on their own: which class, why, and the rows.

    ``rules`` holds what is written if it is asked for by `name` (sensitive, noise).
    """

    reason: WithheldReason
    explanation: str
    denials: tuple[int, ...]
    rules: tuple[MinimalRule, ...] = ()
    source: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Proposed rules in the order they are printed, and what was withheld.

    Iterating gives the :class:`MinimalRule` values. Every denial row is in at least one rule or
    exactly one withheld class.
    """

    rules: tuple[MinimalRule, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    widen: Widen = "known"
    xpc: XpcKind = "both"
    notes: tuple[str, ...] = field(default=())

    def __iter__(self) -> Iterator[MinimalRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

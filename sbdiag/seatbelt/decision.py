"""The answer to one access, and the values it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.explain import explain
from sbdiag.seatbelt.prepared import Prepared
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Action, Rule

Verdict: TypeAlias = Literal["allow", "deny", "unknown"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule of which it is unknown whether it matches, and why."""

    rule: Rule | None
    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the chain.

    Attributes
    ----------
    operation
        Whose rules were consulted.
    filtered
        All its filtered rules, in the order in which they are tried.
    tried
        How many of them were tried.
    doubts
        Those of the tried ones that may match.
    unfiltered
        The unfiltered rule that was consulted, if the walk came to it.
    decided
        The rule that decided here, ``None`` where the walk went on.
    """

    operation: str
    filtered: tuple[Rule, ...] = field(repr=False)
    tried: int
    doubts: tuple[Doubt, ...] = ()
    unfiltered: Rule | None = None
    decided: Rule | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a profile to one access.

    Attributes
    ----------
    verdict
        ``unknown`` where the file cannot settle it.
    rule
        The rule that decided; ``None`` for an implicit answer and for unknown.
    chain
        The operations that were consulted, in order.
    reason
        One sentence: why this verdict.
    doubts
        Rules of which it is unknown whether they match, whether or not that mattered.
    evidence
        Keys of :data:`sbdiag.seatbelt.evidence.EVIDENCE` that the answer leans on beside the
        procedure itself.
    access
        What was asked.
    request, prepared
        The same with its context, and the rules it was put to, for :meth:`explain`.
    """

    verdict: Verdict
    rule: Rule | None
    chain: tuple[Step, ...]
    reason: str
    doubts: tuple[Doubt, ...] = ()
    evidence: tuple[str, ...] = ()
    access: Access = field(default=Access(""), repr=False)
    request: Request | None = field(default=None, repr=False, compare=False)
    prepared: Prepared | None = field(default=None, repr=False, compare=False)

    def explain(self) -> str:
        """Write the decision out like a proof.

        Returns
        -------
        str
            Lines: the verdict; for each operation in the order in which it was consulted the
            rules that were tried, matched or may match; how the walk ended; the rules that match
            as well but could not help, and why not; the evidence. What does not print is shown
            escaped.
        """
        return explain(self)

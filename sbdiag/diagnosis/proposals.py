"""What can be decided about some denials, and the rules that follow from the decisions.

:func:`proposals` gathers the accesses that one rule could answer, :func:`ways` says how else they
could be answered, :func:`decided_rules` writes the rules, and :func:`admitted` finds what they
allow though it was not wanted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet, Widen, Withheld
from sbdiag.diagnosis.selection import AccessKey, Decisions, named
from sbdiag.diagnosis.verify import CLOSED
from sbdiag.seatbelt.profile import Profile

WIDTHS: Final[tuple[Widen, ...]] = ("none", "known", "siblings")


@dataclass(frozen=True, slots=True)
class Asked:
    """One distinct access: its key, how often it was refused, by whom, and the first row."""

    key: AccessKey
    refusals: int
    processes: tuple[str, ...]
    row: int

    @property
    def text(self) -> str:
        """Its names in one text, for finding it, letters' case aside."""
        return " ".join((*self.key, *self.processes)).casefold()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can be accepted, rejected or widened at once.

    Attributes
    ----------
    widest
        The widest rule that could be written for it.
    accesses
        What it would answer.
    text
        Its names in one text, for finding it.
    """

    widest: MinimalRule
    accesses: tuple[Asked, ...]
    text: str = field(repr=False)

    @property
    def keys(self) -> tuple[AccessKey, ...]:
        """The keys of the accesses."""
        return tuple(asked.key for asked in self.accesses)

    @property
    def refusals(self) -> int:
        """How often its accesses were refused."""
        return sum(asked.refusals for asked in self.accesses)


@dataclass(frozen=True, slots=True)
class Proposals:
    """All that can be decided about some denials.

    Attributes
    ----------
    proposals
        One for each rule under ``widen="siblings"``, in the order in which they are printed; each
        access is in one of them. Classes that were asked for by name come last.
    offers
        Withheld classes that can be asked for by name.
    withheld
        The other withheld classes.
    """

    proposals: tuple[Proposal, ...]
    offers: tuple[Withheld, ...]
    withheld: tuple[Withheld, ...]


def proposals(
    denials: pd.DataFrame, decisions: Decisions, *, profile: Profile | None = None
) -> Proposals:
    """Say what can be decided; of `decisions`, only what names kinds and classes counts.

    What is rejected or widened changes nothing here: proposals stay where they are while one
    decides about them.
    """
    widest = minimal_rules(denials, profile=profile, widen="siblings", xpc=decisions.xpc)
    offers = tuple(each for each in widest.withheld if each.rules)
    asked_for = [rule for each in offers if decisions.asks_for(each) for rule in each.rules]
    distinct = _Distinct(denials)
    found = []
    for rule in (*widest.rules, *asked_for):
        accesses = distinct.take(rule.denials)
        if accesses:
            text = "\n".join(asked.text for asked in accesses)
            found.append(Proposal(rule, accesses, text))
    return Proposals(
        tuple(found), offers, tuple(each for each in widest.withheld if not each.rules)
    )


def ways(
    proposal: Proposal,
    denials: pd.DataFrame,
    decisions: Decisions,
    *,
    profile: Profile | None = None,
) -> dict[Widen, RuleSet]:
    """Return the ways of widening a proposal that differ, the narrowest first."""
    if proposal.widest.entry is None or proposal.widest.apart:
        return {}
    rows = denials.loc[list(proposal.widest.denials)]
    found: dict[Widen, RuleSet] = {}
    for widen in WIDTHS:
        rules = minimal_rules(rows, profile=profile, widen=widen, xpc=decisions.xpc)
        if all(rules.rules != other.rules for other in found.values()):
            found[widen] = rules
    return found if len(found) > 1 else {}


def decided_rules(
    denials: pd.DataFrame, decisions: Decisions, *, profile: Profile | None = None
) -> RuleSet:
    """Return the minimal rules for the denials that are not rejected."""
    return minimal_rules(
        denials[~_rejected(denials, decisions)],
        profile=profile,
        widen=decisions.widen,
        xpc=decisions.xpc,
        sensitive=decisions.sensitive,
        noise=decisions.noise,
        widened=decisions.widened,
    )


def admitted(
    denials: pd.DataFrame, decisions: Decisions, rules: RuleSet, *, profile: Profile | None = None
) -> tuple[AccessKey, ...]:
    """Return the accesses that are allowed although rejected, or held back as sensitive.

    A wide rule admits them: what one does not want must be refused by leaving that rule out too,
    or by making it narrower.
    """
    base = CLOSED if profile is None else profile
    after = base.with_rules(each.rule for each in rules)
    held = {row for each in rules.withheld if each.reason == "sensitive" for row in each.denials}
    unwanted = _rejected(denials, decisions) | denials.index.isin(held)
    return tuple(
        key
        for key in _Distinct(denials[unwanted]).keys
        if after.decide(key[0], key[1] or None).verdict == "allow"
        and base.decide(key[0], key[1] or None).verdict != "allow"
    )


def _coded(denials: pd.DataFrame) -> tuple[np.ndarray, list[AccessKey]]:
    """Return the access of every row as a code, and the keys by code in order of appearance."""
    if not len(denials):
        return np.zeros(0, dtype=np.intp), []
    grouped = denials.groupby(["operation", "target"], sort=False, observed=True, dropna=False)
    codes = grouped.ngroup().to_numpy()
    first = denials.iloc[np.unique(codes, return_index=True)[1]]
    pairs = zip(named(first["operation"]), named(first["target"]), strict=True)
    return codes, [(str(operation), str(target)) for operation, target in pairs]


def _rejected(denials: pd.DataFrame, decisions: Decisions) -> np.ndarray:
    if not decisions.rejected:
        return np.zeros(len(denials), dtype=bool)
    codes, keys = _coded(denials)
    rejected = np.fromiter((key in decisions.rejected for key in keys), bool, len(keys))
    mine: np.ndarray = rejected[codes]
    return mine


class _Distinct:
    """The distinct accesses of some denials, each handed out once."""

    def __init__(self, denials: pd.DataFrame) -> None:
        codes, self.keys = _coded(denials)
        times = (denials["duplicates"].fillna(0) + 1).to_numpy(dtype="int64")
        self._refusals = np.bincount(codes, weights=times, minlength=len(self.keys))
        self._processes: defaultdict[int, dict[str, None]] = defaultdict(dict)
        pairs = pd.DataFrame({"code": codes, "process": named(denials["process"]).to_numpy()})
        for code, process in pairs.drop_duplicates().itertuples(index=False):
            self._processes[code][process] = None
        labels = denials.index.to_numpy()
        self._first = labels[np.unique(codes, return_index=True)[1]].tolist()
        self._of_row = dict(zip(labels.tolist(), codes.tolist(), strict=True))
        self._taken: set[int] = set()

    def take(self, rows: Iterable[int]) -> tuple[Asked, ...]:
        """Return the accesses of these rows that were not taken before, in the frame's order."""
        codes = sorted({self._of_row[row] for row in rows} - self._taken)
        self._taken.update(codes)
        return tuple(
            Asked(
                self.keys[code],
                int(self._refusals[code]),
                tuple(self._processes[code]),
                self._first[code],
            )
            for code in codes
        )

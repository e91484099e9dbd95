"""One state of the explorer: what was chosen, and all that follows from it.

An :class:`Exploration` is a frozen value without widgets; ``select``, ``decide`` and ``write``
return the next one. What follows is computed when it is asked for, by the floors below; nothing is
decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from sbdiag.diagnosis import proposals as deciding
from sbdiag.diagnosis.proposals import Asked, Proposal, Proposals
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet, Widen
from sbdiag.diagnosis.selection import AccessKey, Decisions, Selection, named
from sbdiag.diagnosis.verify import verify
from sbdiag.display.plot_data.lanes import Lanes
from sbdiag.display.plot_data.timeline import TimelineData, timeline_data
from sbdiag.display.reported import Explorable
from sbdiag.export.account import Export
from sbdiag.export.nono import to_nono
from sbdiag.export.sb import to_sb

SbForm: TypeAlias = Literal["fragment", "deny-default", "import-system"]

# Stops of the time range: more cannot be told apart by hand.
_MOST_STOPS: Final = 200
# From so many rules on, the proof is made when it is asked for.
_MOST_PROVED: Final = 1000


@dataclass(frozen=True, slots=True)
class Writing:
    """How the rules are written: the form of the ``.sb``, and what the nono profile leaves out."""

    sb: SbForm = "fragment"
    omit_granted: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Where the chosen denials went; the four add up to `chosen`."""

    chosen: int
    answered: int
    rejected: int
    withheld: int


@dataclass(frozen=True)
class Exploration:
    """What was chosen about a report, and what follows.

    Attributes
    ----------
    report
        What was read; row labels below are those of its denials frame.
    selection
        Which denials count.
    decisions
        What becomes of them.
    writing
        How the rules are written.
    """

    report: Explorable
    selection: Selection = field(default_factory=Selection)
    decisions: Decisions = field(default_factory=Decisions)
    writing: Writing = field(default_factory=Writing)

    @classmethod
    def of(cls, report: Explorable) -> Exploration:
        """Return the state in which exploring a report begins: its own rules."""
        return cls(report, decisions=Decisions(widen=report.widen, xpc=report.xpc))

    def select(self, selection: Selection) -> Exploration:
        """Choose other denials; decisions about accesses stay."""
        return replace(self, selection=selection)

    def decide(self, decisions: Decisions) -> Exploration:
        """Decide otherwise about the same denials."""
        after = replace(self, decisions=decisions)
        kept = ["denials", "milestones"]
        asked = ("xpc", "sensitive", "noise")
        if all(getattr(decisions, name) == getattr(self.decisions, name) for name in asked):
            kept.append("proposals")
        return self._hand_on(after, kept)

    def write(self, writing: Writing) -> Exploration:
        """Write the same rules otherwise."""
        kept = ["denials", "milestones", "proposals", "rules", "verification", "admitted"]
        return self._hand_on(replace(self, writing=writing), kept)

    def _hand_on(self, after: Exploration, names: Iterable[str]) -> Exploration:
        """Give what was computed already to a state in which it is the same."""
        after.__dict__.update({n: self.__dict__[n] for n in names if n in self.__dict__})
        return after

    @cached_property
    def denials(self) -> pd.DataFrame:
        """The denials that count."""
        return self.selection.of(self.report.denials)

    @cached_property
    def milestones(self) -> pd.DataFrame:
        """The milestones of the same runs and time."""
        return self.selection.of_milestones(self.report.milestones)

    @cached_property
    def proposals(self) -> Proposals:
        """What can be decided."""
        return deciding.proposals(self.denials, self.decisions, profile=self.report.profile)

    @cached_property
    def rules(self) -> RuleSet:
        """The rules that follow from the decisions."""
        return deciding.decided_rules(self.denials, self.decisions, profile=self.report.profile)

    @cached_property
    def verification(self) -> pd.DataFrame:
        """The proof of the rules; see :func:`sbdiag.diagnosis.verify.verify`."""
        return verify(self.rules, self.denials, profile=self.report.profile)

    @cached_property
    def admitted(self) -> tuple[AccessKey, ...]:
        """Accesses that the rules allow although they were rejected or held back."""
        return deciding.admitted(
            self.denials, self.decisions, self.rules, profile=self.report.profile
        )

    @cached_property
    def sb(self) -> Export:
        """The rules as Seatbelt text."""
        form = self.writing.sb
        return to_sb(
            self.rules,
            denials=self.denials,
            whole=form != "fragment",
            base="deny-default" if form == "fragment" else form,
        )

    @cached_property
    def nono(self) -> Export:
        """The rules as a nono profile."""
        return to_nono(self.rules, omit_granted=self.writing.omit_granted)

    @property
    def proves_at_once(self) -> bool:
        """Whether the rules are few enough to be proved at every step."""
        return len(self.rules) <= _MOST_PROVED

    @property
    def account(self) -> Account:
        """Count where the chosen denials went."""
        answered = len({row for each in self.rules for row in each.denials})
        withheld = sum(len(each.denials) for each in self.rules.withheld)
        chosen = len(self.denials)
        return Account(chosen, answered, chosen - answered - withheld, withheld)

    def timeline(self, lanes: Lanes = "operation") -> TimelineData:
        """Compute the timeline of the chosen denials."""
        stages = self.report.stages
        return timeline_data(
            self.denials, self.milestones, lanes=lanes, stages=stages if len(stages) else None
        )

    def matching(self, text: str) -> tuple[Proposal, ...]:
        """Return the proposals in which each word of `text` occurs, letters' case aside."""
        words = text.casefold().split()
        return tuple(
            each for each in self.proposals.proposals if all(word in each.text for word in words)
        )

    def accesses_of(self, proposal: Proposal, text: str) -> tuple[Asked, ...]:
        """Return the accesses of a proposal, those in which each word of `text` occurs first."""
        words = text.casefold().split()

        def lacks(asked: Asked) -> bool:
            names = asked.text
            return not all(word in names for word in words)

        return tuple(sorted(proposal.accesses, key=lacks)) if words else proposal.accesses

    def rules_of(self, proposal: Proposal) -> tuple[MinimalRule, ...]:
        """Return the rules that now answer accesses of a proposal."""
        numbers = sorted({n for a in proposal.accesses for n in self._rules_of_row.get(a.row, ())})
        return tuple(self.rules.rules[n] for n in numbers)

    @cached_property
    def _rules_of_row(self) -> dict[int, list[int]]:
        """Numbers of the rules by the first row of each access."""
        firsts = {asked.row for each in self.proposals.proposals for asked in each.accesses}
        found: dict[int, list[int]] = {}
        for number, rule in enumerate(self.rules):
            for row in firsts.intersection(rule.denials):
                found.setdefault(row, []).append(number)
        return found

    def ways(self, proposal: Proposal) -> dict[Widen, RuleSet]:
        """Return the ways of widening a proposal that differ; none where there is one way only."""
        return deciding.ways(proposal, self.denials, self.decisions, profile=self.report.profile)

    def way(self, proposal: Proposal, ways: dict[Widen, RuleSet]) -> Widen:
        """Return which of `ways` holds for a proposal now."""
        width = self.decisions.widened.get(proposal.keys[0], self.decisions.widen)
        if width in ways:
            return width
        # Of the ways that do the same, the narrowest was kept.
        order = deciding.WIDTHS
        narrower = [each for each in ways if order.index(each) < order.index(width)]
        return narrower[-1] if narrower else next(iter(ways))

    def is_accepted(self, key: AccessKey) -> bool:
        """Whether an access may have a rule."""
        return key not in self.decisions.rejected


def choosable(report: Explorable, column: Literal["run", "process", "operation"]) -> pd.Series:
    """Return the names in a column of the denials and how often each was refused.

    Runs stand in their order, others by how often they were refused.
    """
    times = report.denials["duplicates"].fillna(0).astype("int64") + 1
    counts = times.groupby(named(report.denials[column]), sort=False).sum()
    if column != "run":
        return counts.sort_values(ascending=False, kind="stable")
    return counts


def time_stops(report: Explorable) -> tuple[pd.Timestamp, ...]:
    """Return the times between which one can choose: those of the denials, thinned out evenly."""
    times = report.denials["time"].dropna().drop_duplicates().sort_values()
    if len(times) > _MOST_STOPS:
        times = times.iloc[np.linspace(0, len(times) - 1, _MOST_STOPS).round().astype(int)]
    return tuple(times)

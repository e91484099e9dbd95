"""The proposed rules beside the runs that asked for them: what ``plot_rules`` draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.display.reported import HasRules
from sbdiag.display.visible import counted, is_missing, visible, visible_lines
from sbdiag.seatbelt.text import rule_text

Breadth: TypeAlias = Literal["exact", "wider", "whole operation"]
BREADTHS: Final[tuple[Breadth, ...]] = ("exact", "wider", "whole operation")
# A longer picture is looked at by nobody, and beyond some thousand rows drawn by no canvas.
MOST_ROWS: Final = 40


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule: its text, who asked for it, and how much wider than that it is.

    Attributes
    ----------
    lines
        The rule as SBPL, line by line.
    by_run
        Refusals that it answers, one number for each run.
    targets
        How many different targets the refusals named.
    breadth
        ``exact`` where it admits what was seen; ``wider`` where a filter admits more; ``whole
        operation`` where it has no filter.
    proof
        What the verification says, in words; empty where there is none.
    """

    lines: tuple[str, ...]
    by_run: tuple[int, ...]
    targets: int
    breadth: Breadth
    proof: str

    @property
    def evidence(self) -> str:
        """What was seen, in words."""
        return f"{counted(sum(self.by_run), 'refusal')}, {counted(self.targets, 'target')}"


@dataclass(frozen=True, slots=True)
class RulesData:
    """The rules in the order they are printed, and the runs in the order of the capture.

    Of many rules `rows` holds the first :data:`MOST_ROWS`; `more` is the number of the others.
    """

    runs: tuple[str, ...]
    rows: tuple[RuleRow, ...]
    more: int = 0

    def latest(self, most: int) -> RulesData:
        """Return at most so many columns: of more runs the earlier ones share the first."""
        earlier = len(self.runs) - most + 1
        if earlier <= 1:
            return self
        rows = tuple(
            replace(row, by_run=(sum(row.by_run[:earlier]), *row.by_run[earlier:]))
            for row in self.rows
        )
        return RulesData((f"{earlier:,} earlier", *self.runs[earlier:]), rows, self.more)


def rules_data(report: HasRules) -> RulesData:
    """Set the rules of a report against the runs and the evidence that asked for them.

    Raises
    ------
    FrameError
        If the denials frame lacks a column.
    """
    denials = DENIALS.check(report.denials, need=("run", "duplicates", "target", "verdict"))
    runs = list(dict.fromkeys("" if is_missing(run) else str(run) for run in denials["run"]))
    proofs = _proofs(report.verification)
    rows = tuple(
        _row(rule, denials.loc[list(rule.denials)], runs, proofs.get(at, ""))
        for at, rule in enumerate(report.rules.rules[:MOST_ROWS])
    )
    more = len(report.rules) - len(rows)
    return RulesData(tuple(visible(run) for run in runs), rows, more)


def _row(rule: MinimalRule, seen: pd.DataFrame, runs: list[str], proof: str) -> RuleRow:
    occurrences = seen["duplicates"].fillna(0) + 1
    totals = occurrences.groupby(seen["run"].fillna("")).sum()
    return RuleRow(
        lines=visible_lines(rule_text(rule.rule)),
        by_run=tuple(int(totals.get(run, 0)) for run in runs),
        targets=int(seen["target"].nunique()),
        breadth=breadth_of(rule),
        proof=proof,
    )


def breadth_of(rule: MinimalRule) -> Breadth:
    """Return how much more a rule admits than what was seen."""
    if not rule.rule.filters:
        return "whole operation"
    return "wider" if rule.breadth or rule.widened_from else "exact"


def _proofs(verification: pd.DataFrame) -> dict[int, str]:
    return {
        int(at): proof_text(str(with_all), str(necessary))
        for at, with_all, necessary in zip(
            verification["rule"], verification["with_all"], verification["necessary"], strict=True
        )
    }


def proof_text(with_all: str, necessary: str) -> str:
    """Return what replay proved of a rule: that it suffices, and that it is needed."""
    suffices = {"allow": "sufficient", "deny": "not sufficient"}.get(with_all)
    needed = {"yes": "necessary", "no": "not necessary"}.get(necessary)
    if suffices and needed:
        return f"{suffices} and {needed}, by replay"
    if suffices or needed:
        return (
            f"{suffices or needed} by replay, {'necessity' if suffices else 'sufficiency'} unknown"
        )
    return "replay settles neither whether it suffices nor whether it is needed"

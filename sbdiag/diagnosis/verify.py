"""Prove the proposed rules: together they allow what they answer, and none can be left out.

The proof is by evaluation (:mod:`sbdiag.seatbelt`), on top of the profile that was given, or of
``(version 1) (deny default)`` where none was. Where the evaluator cannot tell, the answer is
*unknown* with the reason; a proof is never assumed.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
import pandas as pd

from sbdiag.capture.frames import Column, Schema
from sbdiag.diagnosis.accesses import distinct_accesses
from sbdiag.diagnosis.ruleset import RuleSet
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.decision import Verdict
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.text import one_line, rule_text

VERIFICATION: Final = Schema(
    "verification",
    (
        Column("rule", "Int64", "place in RuleSet.rules"),
        Column("text", "str", "the rule as Seatbelt reads it"),
        Column("denials", "object", "row labels of the denials that it answers"),
        Column(
            "with_all",
            "category",
            "the worst verdict on them with all rules",
            ("allow", "deny", "unknown"),
        ),
        Column(
            "necessary", "category", "is one of them refused without it", ("yes", "no", "unknown")
        ),
        Column("refused_without", "Int64", "the denial that is refused without the rule"),
        Column("reason", "str", "why it is not plainly allow and yes; empty where it is"),
        Column("breadth", "Float64", "how much wider than its denials it is, 0 exact: see breadth"),
        Column("wider", "str", "the same in words; empty where it is exact"),
        Column("narrower", "str", "exact rules that would do, one a line; empty where none is"),
    ),
)

# Where no profile was given, the rules are proved on top of the one that refuses everything.
CLOSED: Final = Profile(version=1, rules=(Rule("deny", ("default",)),))

_WORST: Final = ("deny", "unknown", "allow")


def verify(
    rules: RuleSet, denials: pd.DataFrame, *, profile: Profile | None = None
) -> pd.DataFrame:
    """Say for each rule whether it is sufficient with the others and necessary beside them.

    Parameters
    ----------
    rules
        From :func:`sbdiag.minimal_rules` on the same `denials`.
    denials
        The denials that the rules point at, by row label.
    profile
        What is in force already; ``None`` stands for ``(version 1) (deny default)``.

    Returns
    -------
    DataFrame
        Columns of :data:`VERIFICATION`, one row a rule in the order of the set.
    """
    base = CLOSED if profile is None else profile
    proposed = tuple(each.rule for each in rules)
    everything = base.with_rules(proposed)
    number, accesses = distinct_accesses(denials)
    asked = [Request(access) for access in accesses]
    with_all: dict[int, tuple[Verdict, str]] = {}
    without: dict[tuple[int, ...], Profile] = {(): base}
    rows = []
    for index, (each, mine) in enumerate(zip(rules, _asked(rules, denials, number), strict=True)):
        for access in mine:
            if access not in with_all:
                decision = everything.decide_request(asked[access])
                with_all[access] = decision.verdict, decision.reason
        worst, reason = min((with_all[access] for access in mine), key=_badness)
        necessary, refused, why = "no", None, ""
        for access, first in mine.items():
            able = (place - len(base.rules) for place in everything.concerned(asked[access]))
            others = tuple(sorted(place for place in able if place >= 0 and place != index))
            if others not in without:
                without[others] = base.with_rules(tuple(proposed[i] for i in others))
            decision = without[others].decide_request(asked[access])
            if decision.verdict == "deny":
                necessary, refused, why = "yes", first, ""
                break
            if decision.verdict == "unknown" and necessary == "no":
                necessary, refused = "unknown", first
                why = f"without it: {decision.reason}"
        if necessary == "no":
            reasons = [_needless(base, accesses[access]) for access in mine]
            why = "; ".join(dict.fromkeys(reasons))
        rows.append(
            {
                "rule": index,
                "text": rule_text(each.rule),
                "denials": each.denials,
                "with_all": worst,
                "necessary": necessary,
                "refused_without": refused,
                "reason": "; ".join(
                    part
                    for part in (
                        f"with all rules: {reason}" if worst != "allow" else "",
                        why,
                    )
                    if part
                ),
                "breadth": each.breadth_number,
                "wider": each.breadth,
                "narrower": "\n".join(one_line(rule) for rule in each.narrower),
            }
        )
    return VERIFICATION.frame(rows)


def _badness(answer: tuple[Verdict, str]) -> int:
    return _WORST.index(answer[0])


def _asked(rules: RuleSet, denials: pd.DataFrame, number: np.ndarray) -> list[dict[int, int]]:
    """Return for each rule the accesses that its denials ask for, each with the first of them.

    `number` is that of the access of each row; the accesses stand in its order.
    """
    counts = [len(each.denials) for each in rules]
    labels = np.fromiter(chain.from_iterable(each.denials for each in rules), np.int64, sum(counts))
    rule = np.repeat(np.arange(len(counts)), counts)
    access = number[denials.index.get_indexer(pd.Index(labels))]
    first = ~pd.Series(rule * len(denials) + access).duplicated().to_numpy()
    found: list[dict[int, int]] = [{} for _ in counts]
    for at, asked, label in sorted(
        zip(rule[first].tolist(), access[first].tolist(), labels[first].tolist(), strict=True)
    ):
        found[at][asked] = label
    return found


def _needless(base: Profile, access: Access) -> str:
    """Say what allows an access without a rule that may be left out."""
    alone = base.decide_access(access)
    if alone.verdict != "allow":
        return "the other rules answer its denials without it"
    if alone.rule is None:
        return alone.reason
    return f"the profile allows its denials without it, by {one_line(alone.rule)}"

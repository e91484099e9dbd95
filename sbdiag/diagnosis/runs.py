"""A series of runs: which rule was asked for in which, and which run first showed what."""

from __future__ import annotations

import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.ruleset import RuleSet


def rule_runs(rules: RuleSet, denials: pd.DataFrame) -> pd.DataFrame:
    """Count, for each rule, the refused accesses of each run that it answers.

    Returns
    -------
    DataFrame
        One row a rule in the order of the RuleSet (index ``rule``); a column a run in the order
        of first appearance, with occurrences (``duplicates + 1``) as Int64; last ``first_seen``,
        the run that showed it first.
    """
    DENIALS.check(denials, need=("run", "duplicates"))
    runs = list(dict.fromkeys(denials["run"].dropna()))
    times = denials["duplicates"].fillna(0) + 1
    rows = []
    for each in rules:
        mine = list(each.denials)
        counts = times.loc[mine].groupby(denials.loc[mine, "run"]).sum()
        first = next((run for run in runs if counts.get(run, 0)), None)
        rows.append({**{run: int(counts.get(run, 0)) for run in runs}, "first_seen": first})
    table = pd.DataFrame(rows, columns=[*runs, "first_seen"])
    table.index.name = "rule"
    return table.astype({**dict.fromkeys(runs, "Int64"), "first_seen": "str"})

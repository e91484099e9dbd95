"""A series of runs: which rule was asked for in which, and which run first showed what."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.ruleset import RuleSet


def run_order(
    runs: Sequence[str], denials: pd.DataFrame, milestones: pd.DataFrame
) -> tuple[tuple[str, ...], str]:
    """Put the runs in the order of their first times, if each has one.

    Parameters
    ----------
    runs
        The captures in the order of their files; runs of `milestones` alone are added.
    denials, milestones
        By whose times a run began.

    Returns
    -------
    tuple
        The runs, and what is to be said of their order: empty where it is that of the files and
        the times agree. Where a run has no time the order is that of the files, with runs that
        are a log alone first.
    """
    alone = [run for run in dict.fromkeys(milestones["run"].dropna()) if run not in set(runs)]
    names = (*alone, *runs)
    if len(names) < 2:
        return names, ""
    times = pd.concat([denials[["run", "time"]], milestones[["run", "time"]]]).dropna()
    first = times.groupby("run")["time"].min()
    unknown = [run for run in names if run not in first.index]
    if unknown:
        said = f"the runs stand in the order of their files: {len(unknown)} of {len(names)} have"
        return names, f"{said} no time to go by"
    ordered = tuple(sorted(names, key=lambda run: first[run]))
    if tuple(run for run in ordered if run in set(runs)) == tuple(runs):
        return ordered, ""
    return ordered, "the runs stand in the order of their times, which is not that of their files"


def rule_runs(rules: RuleSet, denials: pd.DataFrame, runs: Sequence[str] = ()) -> pd.DataFrame:
    """Count, for each rule, the refused accesses of each run that it answers.

    Parameters
    ----------
    rules, denials
        A RuleSet and the denials it was made from.
    runs
        All runs in their order, those without a denial among them; by default those of `denials`.

    Returns
    -------
    DataFrame
        One row a rule in the order of the RuleSet (index ``rule``); a column a run in their
        order, with occurrences (``duplicates + 1``) as Int64; last ``first_seen``,
        the run that showed it first.
    """
    DENIALS.check(denials, need=("run", "duplicates"))
    runs = list(dict.fromkeys([*runs, *denials["run"].dropna()]))
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

from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.replay import REPLAY, replay
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet
from sbdiag.diagnosis.runs import rule_runs
from sbdiag.diagnosis.verify import verify
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.rules import Filter, Rule


def _denials(*rows: tuple[str, str | None], runs: tuple[str, ...] = ()) -> pd.DataFrame:
    records = []
    for number, (operation, target) in enumerate(rows):
        access = parse_access(operation, target)
        records.append(
            {
                "verdict": "deny",
                "operation": operation,
                "target": target,
                "target_kind": access.kind,
                "target_name": access.name,
                "layer": "profile",
                "origin": "kernel",
                "duplicates": number,
                "run": runs[number] if runs else "r",
            }
        )
    return DENIALS.frame(records)


A, B = ("file-read-data", "/Users/you/a"), ("file-read-data", "/Users/you/b")


def _rule(*filters: Filter, denials: tuple[int, ...] = (0,)) -> MinimalRule:
    return MinimalRule(Rule("allow", ("file-read-data",), filters), denials, "p", "s")


def test_minimal_rules_are_sufficient_and_necessary() -> None:
    frame = _denials(A, B, A)
    proof = verify(minimal_rules(frame), frame)
    assert list(proof["with_all"]) == ["allow", "allow"]
    assert list(proof["necessary"]) == ["yes", "yes"]
    assert list(proof["refused_without"]) == [0, 1]
    assert list(proof["reason"]) == ["", ""]


def test_a_rule_that_another_covers_is_not_necessary() -> None:
    rules = RuleSet(
        (
            _rule(Filter("literal", (A[1],))),
            _rule(Filter("subpath", ("/Users/you",)), denials=(0, 1)),
        )
    )
    proof = verify(rules, _denials(A, B))
    assert list(proof["necessary"]) == ["no", "yes"]
    assert proof.loc[1, "refused_without"] == 1
    assert pd.isna(proof.loc[0, "refused_without"])
    assert proof.loc[0, "reason"]


def test_a_rule_that_does_not_answer_its_denial_is_found_out() -> None:
    proof = verify(RuleSet((_rule(Filter("literal", ("/elsewhere",))),)), _denials(A))
    assert proof.loc[0, "with_all"] == "deny"


def test_the_given_profile_is_the_base_of_the_proof() -> None:
    profile = parse_profile(
        '(version 1)(allow default)(deny file-read-data (literal "/Users/you/a"))'
    )
    frame = _denials(A, B)
    everything = RuleSet(
        tuple(_rule(Filter("literal", (path,)), denials=(n,)) for n, (_, path) in enumerate((A, B)))
    )
    proof = verify(everything, frame, profile=profile)
    assert list(proof["necessary"]) == ["yes", "no"]


@pytest.mark.parametrize(
    ("profile", "operation", "target", "reason"),
    [
        (None, "file-read-data", A[1], "the other rules answer"),
        ("(version 1)(allow default)", "file-read-data", A[1], "by (allow default)"),
        (
            "(version 1)(deny default)(allow file-read*)",
            "file-read-data",
            A[1],
            "the profile allows its denials without it, by (allow file-read*)",
        ),
        ("(version 1)(deny default)", "file-link", A[1], "under (version 1) file-link is allowed"),
    ],
)
def test_what_makes_a_rule_needless_is_named(
    profile: str | None, operation: str, target: str | None, reason: str
) -> None:
    """Two rules alike: each is needless beside the other, or beside what is in force."""
    rule = MinimalRule(Rule("allow", (operation,)), (0,), "p", "s")
    base = None if profile is None else parse_profile(profile)
    proof = verify(RuleSet((rule, rule)), _denials((operation, target)), profile=base)
    assert list(proof["necessary"]) == ["no", "no"]
    assert reason in proof.loc[0, "reason"]


def test_replay_gives_one_verdict_a_denial_under_the_same_labels() -> None:
    frame = _denials(A, B, A).set_axis([7, 8, 9])
    profile = parse_profile(
        '(version 1)\n(deny default)\n(allow file-read* (literal "/Users/you/a"))', path="p.sb"
    )
    verdicts = replay(frame, profile)
    assert list(verdicts.columns) == REPLAY.names
    assert list(verdicts.index) == [7, 8, 9]
    assert list(verdicts["verdict"]) == ["allow", "deny", "allow"]
    assert verdicts.loc[7, "location"] == "p.sb:3:1"
    assert "default" in verdicts.loc[8, "rule"]
    assert replay(frame.iloc[:0], profile).empty


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rule_runs_counts_occurrences_and_says_which_run_was_first(count: int) -> None:
    frame = _denials(*[A, B, A][:count], runs=("x", "x", "y")[:count])
    table = rule_runs(minimal_rules(frame), frame)
    assert len(table) == min(count, 2)
    if count == 3:
        assert list(table["x"]) == [1, 2]
        assert list(table["y"]) == [3, 0]
        assert list(table["first_seen"]) == ["x", "x"]


def test_a_wide_rule_that_lifts_none_of_its_denials_is_not_proposed() -> None:
    path = "/private/var/run/resolv.conf"
    frame = _denials(("file-read-data", path))
    profile = parse_profile(
        f'(version 1)(deny default)(allow file-read* (subpath "/private/var"))'
        f'(deny file-read-data (literal "{path}"))'
    )
    rules = minimal_rules(frame, profile=profile)
    assert [each.rule.operations for each in rules] == [("file-read-data",)]
    assert list(verify(rules, frame, profile=profile)["necessary"]) == ["yes"]

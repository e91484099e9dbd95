from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sbdiag
from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.compare import CHANGES, CHECK, alters, changes, check, passes
from sbdiag.seatbelt.profile import Profile, parse_profile

SAMPLES = Path(__file__).parents[2] / "sample_logs"
HEAD = "(version 3)\n(deny default)\n"


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {
        "verdict": "deny",
        "layer": "profile",
        "origin": "kernel",
        "operation": "file-read-data",
        "target": "/a",
        "run": "r",
    }
    return DENIALS.frame([{**usual, **row} for row in rows])


def in_force(text: str) -> Profile:
    return parse_profile(HEAD + text, path="a.sb")


def test_each_distinct_access_is_answered_once_with_the_deciding_rule() -> None:
    denials = frame(
        {"duplicates": 3}, {"target": "/b"}, {}, {"operation": "lsopen", "target": None}
    )
    table = check(denials, in_force('(allow file-read* (literal "/a"))'))
    assert list(table.columns) == CHECK.names
    assert list(table["verdict"]) == ["deny", "deny", "allow"]
    assert list(table["operation"]) == ["file-read-data", "lsopen", "file-read-data"]
    allowed = table.iloc[2]
    assert (allowed["occurrences"], allowed["denials"]) == (5, (0, 2))
    assert allowed["rule"] == '(allow file-read* (literal "/a"))'
    assert allowed["location"] == "a.sb:3:1"
    assert table.iloc[0]["location"] == "a.sb:2:1"


def test_a_process_that_was_started_again_is_the_same_target() -> None:
    row = {"operation": "mach-task-name", "target": "others [x(1)]"}
    table = check(frame(row, {**row, "target": "others [x(22)]"}), in_force(""))
    assert list(table["occurrences"]) == [2]
    assert list(table["target"]) == ["others [x(1)]"]


def test_one_access_seen_in_two_ways_counts_once_unless_it_is_set_apart() -> None:
    denials = frame({}, {"origin": "sandboxd"}, {"verdict": "allow"}, {"origin": "other"})
    table = check(denials, in_force(""))
    assert list(zip(table["apart"], table["denials"], strict=True)) == [
        ("", (0, 1, 2)),
        ("doubtful-origin", (3,)),
    ]
    assert table["apart_reason"].iloc[1]


def test_an_empty_capture_passes() -> None:
    table = check(frame(), in_force(""))
    assert list(table.columns) == CHECK.names
    assert passes(table)


@pytest.mark.parametrize(
    ("row", "plain", "unknown_ok", "strict"),
    [
        ({}, False, False, False),
        ({"target": "/allowed"}, True, True, True),
        ({"target": "<private>"}, False, True, False),
        ({"layer": "system-policy"}, True, True, True),
        ({"origin": "other"}, True, True, True),
        ({"operation": "forbidden-exec-sugid", "target": "/bin/ps"}, True, True, True),
        ({"target": "/Users/you/.ssh/id_ed25519"}, True, True, False),
        ({"target": "/dev/dtracehelper"}, True, True, False),
    ],
)
def test_what_counts_against_a_profile(
    row: dict[str, object], plain: bool, unknown_ok: bool, strict: bool
) -> None:
    table = check(frame(row), in_force('(allow file-read* (literal "/allowed"))'))
    assert passes(table) is plain
    assert passes(table, unknown_ok=True) is unknown_ok
    assert passes(table, strict=True) is strict


@pytest.mark.parametrize("sample", ["lima-vz", "coding-agent"])
def test_a_profile_with_the_proposed_rules_passes_the_capture_they_come_from(sample: str) -> None:
    report = sbdiag.analyze(SAMPLES / sample)
    profile = parse_profile(report.to_sb(whole=True).text, path="rules.sb")
    assert passes(check(report.denials, profile))
    assert not passes(check(report.denials, parse_profile(HEAD)))


def test_changes_between_two_profiles_on_one_capture() -> None:
    denials = frame(
        {"target": "/a"},
        {"target": "/b", "duplicates": 1},
        {"target": "/c"},
        {"operation": "mach-lookup", "target": "n (xpc)"},
        {"target": "/a"},
    )
    before = in_force('(allow file-read* (literal "/a"))(allow file-read-data (literal "/c"))')
    after = in_force(
        '(allow file-read* (literal "/b") (literal "/c"))(allow mach-lookup (global-name "n"))'
    )
    table = changes(denials, before, after)
    assert list(table.columns) == CHANGES.names
    assert list(zip(table["change"], table["target"], table["occurrences"], strict=True)) == [
        ("removed", "/a", 2),
        ("added", "/b", 2),
        ("unclear", "n (xpc)", 1),
        ("same", "/c", 1),
    ]
    assert list(table["before"]) == ["allow", "deny", "deny", "allow"]
    assert list(table["after"]) == ["deny", "allow", "unknown", "allow"]
    assert table["location_before"].iloc[0] == "a.sb:3:1"
    assert table["rule_after"].iloc[1].startswith("(allow file-read*")
    assert "disagree" in table["reason_after"].iloc[2]
    assert alters(table)
    same = changes(denials, before, before)
    assert set(same["change"]) == {"same"}
    assert not alters(same)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"target": "/Users/you/.ssh/id"}, True),
        ({"layer": "system-policy"}, False),
        ({"origin": "other"}, False),
    ],
)
def test_a_change_counts_where_a_profile_decides(row: dict[str, object], told: bool) -> None:
    table = changes(frame(row), in_force(""), in_force("(allow file-read*)"))
    assert list(table["change"]) == ["added"]
    assert alters(table) is told

"""The write-up's case with a profile in force that holds half of the rules, and its mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

import sbdiag
from sbdiag.diagnosis.compare import check, passes
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.text import one_line

SAMPLE = Path(__file__).parents[1] / "sample_logs" / "lima-vz"
AGENT = """\
(version 1)
(deny default)
(allow process*)
(allow file-read* (subpath "/usr") (subpath "/System"))
;; Lima
(allow mach-task-name)
(allow file-read* (subpath "/Users/you/.lima"))
(allow file-read* file-write* (subpath "/Users/you/Library/Caches/lima"))
(deny file-write-create (literal "/Users/you/Library/Caches/lima"))
(allow file-read* (literal "/etc/resolv.conf"))
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profiles") / "agent.sb"
    path.write_text(AGENT, "utf-8")
    return path


@pytest.fixture(scope="module")
def report(agent: Path) -> sbdiag.Report:
    return sbdiag.analyze(SAMPLE, profile=agent)


def test_only_what_is_missing_is_proposed(report: sbdiag.Report) -> None:
    extension = "com.apple.virtualization.extension"
    assert [one_line(each.rule) for each in report.rules] == [
        '(allow mach-lookup (xpc-service-name "com.apple.Virtualization.VirtualMachine")'
        ' (global-name "com.apple.Virtualization.VirtualMachine"))',
        f'(allow generic-issue-extension (extension-class "{extension}.fuse"))',
        f'(allow generic-issue-extension (extension-class "{extension}.rosetta-directory-share"))',
        '(allow file-read* (literal "/private/var/run/resolv.conf"))',
        # Reading ~/.lima is granted, writing there is not.
        '(allow file-write* (subpath "/Users/you/.lima"))',
        '(allow file-write-create (literal "/Users/you/Library/Caches/lima"))',
    ]


def test_a_rule_that_a_narrower_deny_defeats_is_told_and_named(report: sbdiag.Report) -> None:
    (exact,) = [each for each in report.rules if each.rule.operations == ("file-write-create",)]
    assert "agent.sb:9:1  (deny file-write-create" in exact.warning


def test_the_rules_behind_the_profile_are_sufficient_and_necessary(
    report: sbdiag.Report, agent: Path
) -> None:
    proof = report.verification
    assert set(proof["with_all"]) == {"allow"}
    both = parse_profile(agent.read_text("utf-8") + report.to_sb().text)
    assert passes(check(report.denials, both))
    assert set(proof["necessary"]) == {"yes"}


def test_the_mistake_of_the_write_up_is_found_by_evaluation(report: sbdiag.Report) -> None:
    frame = report.findings
    (row,) = frame[frame["finding"] == "profile-path-missed"].to_dict("records")
    assert "/private/var/run/resolv.conf" in row["title"]
    assert "agent.sb:10:1" in row["detail"]
    assert set(report.denials.loc[list(row["denials"]), "target"]) == {
        "/private/var/run/resolv.conf"
    }


def test_what_the_profile_allows_and_was_refused_is_a_finding(report: sbdiag.Report) -> None:
    frame = report.findings
    (row,) = frame[frame["finding"] == "profile-allows-it"].to_dict("records")
    assert "agent.sb:6:1  (allow mach-task-name)" in row["detail"]
    shown = report.denials.loc[list(row["denials"])]
    assert "mach-task-name" in set(shown["operation"].astype(str))
    assert set(report.rules.withheld[0].denials) <= set(report.denials.index)


def test_without_a_profile_nothing_is_said_of_one() -> None:
    frame = sbdiag.analyze(SAMPLE).findings
    assert not frame["finding"].astype(str).str.startswith("profile-").any()

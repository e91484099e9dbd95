"""The write-up, end to end: `analyze` on the bundled series gives its rules and its claims."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sbdiag
from sbdiag.seatbelt.scheme import evaluate

SAMPLE = Path(__file__).parents[1] / "sample_logs" / "lima-vz"


@pytest.fixture(scope="module")
def report() -> sbdiag.Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


def _without_comments(text: str) -> str:
    kept = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(";")
    ]
    return re.sub(r"\s+", " ", " ".join(kept))


def test_the_seatbelt_rules_are_the_articles(report: sbdiag.Report) -> None:
    ours, theirs = report.to_sb().text, (SAMPLE / "expected" / "article.sb").read_text("utf-8")
    assert _without_comments(ours) == _without_comments(theirs)
    head = "(version 1)\n"
    assert evaluate(head + ours).rules == evaluate(head + theirs).rules


def test_the_nono_profile_is_the_articles(report: sbdiag.Report) -> None:
    ours = json.loads(report.to_nono().text)
    theirs = json.loads((SAMPLE / "expected" / "article.json").read_text("utf-8"))
    assert ours.pop("meta") == {"name": "sbdiag"}
    assert ours == theirs
    assert list(ours) == list(theirs)


def test_nothing_is_lost(report: sbdiag.Report) -> None:
    counts = report.counts
    assert counts.denials == len(report.denials) == 21
    assert counts.unparsed == len(report.unparsed) == 0
    assert counts.lines == counts.denials + counts.continuation + counts.not_ours + counts.unparsed


@pytest.mark.parametrize(
    ("run", "stage", "status"),
    [
        ("01-calibration", "xpc-lookup", "not seen"),
        ("02-mach-lookup", "entitlement", "reached"),
        ("02-mach-lookup", "xpc-lookup", "refused"),
        ("02-mach-lookup", "task-name", "not seen"),
        ("03-task-name", "xpc-lookup", "reached"),
        ("03-task-name", "task-name", "refused"),
        ("04-extensions", "virtiofs-extension", "refused"),
        ("04-extensions", "rosetta-extension", "refused"),
        ("05-files-and-dns", "lima-files", "refused"),
        ("05-files-and-dns", "dns", "refused"),
        ("06-ready", "running", "reached"),
        ("06-ready", "ready", "reached"),
    ],
)
def test_each_run_gets_one_stage_further(
    report: sbdiag.Report, run: str, stage: str, status: str
) -> None:
    row = report.stages.set_index(["run", "stage"]).loc[(run, stage)]
    assert row["status"] == status
    if status == "refused":
        assert row["denials"] or row["milestones"]


@pytest.mark.parametrize(
    ("finding", "run", "claim"),
    [
        ("calibration", "01-calibration", "Logging works"),
        ("start-stopped", "02-mach-lookup", "com.apple.Virtualization.VirtualMachine"),
        ("start-stopped", "03-task-name", "task name"),
        ("start-stopped", "04-extensions", "virtio-fs"),
        ("start-stopped", "05-files-and-dns", "its own state"),
        ("rosetta-red-herring", "02-mach-lookup", "only the last line"),
        ("rosetta-refused", "04-extensions", "the VM boots"),
        ("resolv-conf-symlink", "05-files-and-dns", "/etc/resolv.conf"),
        ("entitlement-present", "", "com.apple.security.virtualization"),
        ("log-is-silent", "", "does not name what was refused"),
        ("task-name-disputed", "", "mach-task-name"),
        ("ready", "06-ready", "READY"),
        ("lower-bound", "", "lower bound"),
    ],
)
def test_each_claim_is_a_finding_with_evidence(
    report: sbdiag.Report, finding: str, run: str, claim: str
) -> None:
    frame = report.findings
    mine = frame[(frame["finding"] == finding) & frame["run"].fillna("").str.contains(run)]
    assert len(mine) == 1
    row = mine.iloc[0]
    assert claim in row["title"]
    evidence = {"denials": report.denials, "milestones": report.milestones}
    for name, rows in evidence.items():
        assert all(label in rows.index for label in row[name])
    if finding != "lower-bound":
        assert row["denials"] or row["milestones"] or row["entitlements"]


def test_every_rule_is_proved_or_says_why_not(report: sbdiag.Report) -> None:
    proof = report.verification.set_index("text")
    assert list(proof["necessary"]) == ["yes"] * len(report.rules)
    lookup = next(text for text in proof.index if "mach-lookup" in text)
    # Field reports disagree on whether a global-name answers a lookup printed as (xpc).
    assert proof.loc[lookup, "with_all"] == "unknown"
    assert proof.loc[lookup, "reason"]
    assert set(proof["with_all"].drop(lookup)) == {"allow"}


def test_with_both_kinds_of_name_every_rule_is_proved() -> None:
    both = sbdiag.analyze(SAMPLE)
    assert set(both.verification["with_all"]) == {"allow"}
    assert set(both.verification["necessary"]) == {"yes"}


def test_the_rule_by_run_table_says_which_run_first_showed_what(report: sbdiag.Report) -> None:
    first = list(report.rule_runs()["first_seen"])
    assert first == [
        "02-mach-lookup",
        "03-task-name",
        "04-extensions",
        "04-extensions",
        "05-files-and-dns",
        "05-files-and-dns",
        "05-files-and-dns",
    ]


def test_the_same_input_gives_the_same_bytes(report: sbdiag.Report) -> None:
    again = sbdiag.analyze(str(SAMPLE), xpc="global-name")
    assert again.to_sb().text == report.to_sb().text
    assert again.to_nono().text == report.to_nono().text
    assert again._repr_html_() == report._repr_html_()

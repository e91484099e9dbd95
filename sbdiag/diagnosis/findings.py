"""What the evidence means, as a frame of findings with the rows that each rests on.

:func:`findings` gathers the conclusions about a VM start (:mod:`.stops`, :mod:`.causes`), about the
profile that was given (:mod:`.profile_findings`), and those that any capture may give: denials that
no rule lifts, lines of doubtful origin, noise, sensitive targets, rules to look at twice, and what
the files cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Final

import pandas as pd

from sbdiag.capture.frames import DENIALS, Column, Schema
from sbdiag.diagnosis.causes import (
    ARTICLE,
    Evidence,
    Finding,
    Severity,
    joined,
    labels,
    start_findings,
)
from sbdiag.diagnosis.profile_findings import profile_findings
from sbdiag.diagnosis.ruleset import Withheld
from sbdiag.diagnosis.stops import stop_findings
from sbdiag.seatbelt.text import one_line

SEVERITIES: Final[tuple[Severity, ...]] = ("cause", "warning", "note")

FINDINGS: Final = Schema(
    "findings",
    (
        Column("finding", "category", "identifier"),
        Column("severity", "category", "a cause, something to look at, or background", SEVERITIES),
        Column("run", "str", "which run, or runs; missing where it belongs to none"),
        Column("title", "str", "the conclusion, one sentence"),
        Column("detail", "str", "why, and what to do"),
        Column("source", "str", "where the fact behind it is attested"),
        Column("denials", "object", "row labels of the denials frame"),
        Column("milestones", "object", "row labels of the milestones frame"),
        Column("entitlements", "object", "row labels of the entitlements frame"),
    ),
)

# What a withheld class of denials means: identifier, severity, one sentence.
_WITHHELD: Final[dict[str, tuple[str, Severity, str]]] = {
    "system-policy": (
        "no-rule-lifts",
        "warning",
        "System Policy refused these: no rule of your profile can lift them.",
    ),
    "forbidden": (
        "forbidden",
        "warning",
        "These are forbidden to every sandboxed process: no allow rule lifts them.",
    ),
    "doubtful-origin": (
        "doubtful-origin",
        "warning",
        "Some lines look like denials but were not written by the kernel or sandboxd.",
    ),
    "sensitive": (
        "sensitive-target",
        "warning",
        "Some targets hold secrets: no rule is proposed unless it is asked for by name.",
    ),
    "noise": (
        "known-noise",
        "note",
        "Some denials are known noise: programs go on without them.",
    ),
    "allow-report": (
        "allow-report",
        "note",
        "Some lines report an access that was allowed; they ask for no rule.",
    ),
    "already-allowed": (
        "profile-allows-it",
        "warning",
        "The given profile allows these, and still they were refused.",
    ),
    "hidden": (
        "hidden-target",
        "warning",
        "Some denials hide their target (<private>): no rule can be written for them.",
    ),
    "unknown-operation": (
        "unknown-operation",
        "warning",
        "Some denials name an operation that no table knows: no rule is guessed for them.",
    ),
    "no-known-rule": (
        "no-known-rule",
        "warning",
        "Some denials name an operation of which no table tells what rule answers it.",
    ),
    "no-filter": (
        "no-filter",
        "warning",
        "Some denials get no rule: their line does not say for certain what was refused, or the "
        "language has no filter for it.",
    ),
}


def findings(evidence: Evidence) -> pd.DataFrame:
    """Draw every conclusion that the evidence supports.

    Returns
    -------
    DataFrame
        Columns of :data:`FINDINGS`; causes first, then warnings, then notes, each group in the
        order of the runs. Never empty where there are denials: a capture is a lower bound.
    """
    DENIALS.check(evidence.denials)
    found = _united(
        [
            *stop_findings(evidence),
            *start_findings(evidence),
            *profile_findings(evidence),
            *_general(evidence),
        ]
    )
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return FINDINGS.frame([{**asdict(each), "run": each.run or None} for each in found])


def _united(found: list[Finding]) -> list[Finding]:
    """Say once what holds for several runs, with the rows of all of them."""
    same: dict[tuple[str, str, str], list[Finding]] = {}
    for each in found:
        same.setdefault((each.finding, each.title, each.detail), []).append(each)
    return [
        replace(
            group[0],
            run=", ".join(each.run for each in group if each.run),
            denials=joined(each.denials for each in group),
            milestones=joined(each.milestones for each in group),
            entitlements=joined(each.entitlements for each in group),
        )
        for group in same.values()
    ]


def _general(evidence: Evidence) -> Iterator[Finding]:
    yield from _calibration(evidence.denials)
    yield from _withheld(evidence)
    yield from _broad(evidence)
    yield from _unparsed(evidence.unparsed)
    if len(evidence.denials):
        yield Finding(
            "lower-bound",
            "note",
            "A capture is a lower bound: more may have been refused than it shows.",
            "The kernel drops denials (field report, macOS 14.2: all of 30 for a platform binary,"
            " 14 of 30 for an ad-hoc signed one), a log predicate can miss some, and a program"
            " that stops at the first refusal never asks for the rest. Allow, run, look again.",
            "field report (measured on 14.2); " + ARTICLE,
        )
    elif evidence.set_aside:
        yield Finding(
            "other-processes",
            "warning",
            f"None of the {evidence.set_aside} denials is of the process that was asked for.",
            "The notes list the processes there are. A process is compared as it is printed: the"
            " kernel cuts names, and a helper has a name of its own.",
            "",
        )
    elif evidence.unparsed.empty:
        yield Finding(
            "no-denials",
            "warning",
            "No denial was found.",
            "That is no proof that nothing was refused: check the capture with a denial that you"
            " understand (read /etc/sudoers under the sandbox) and with a wider predicate.",
            ARTICLE,
        )


def _calibration(denials: pd.DataFrame) -> Iterator[Finding]:
    """Find the known denial by which one sees that the log shows denials at all."""
    rows = denials[
        (denials["target_name"] == "/private/etc/sudoers")
        & (denials["operation"] == "file-read-data")
        & (denials["verdict"] == "deny")
    ]
    for run, mine in rows.groupby("run", sort=False):
        yield Finding(
            "calibration",
            "note",
            "Logging works, if you provoked it: the refusal to read /etc/sudoers is there.",
            "If you had it read under the sandbox on purpose, its denial came through and needs no "
            "rule. If you did not, look which program asked for it.",
            ARTICLE,
            str(run),
            denials=labels(mine),
        )


def _withheld(evidence: Evidence) -> Iterator[Finding]:
    """Say once for each reason which denials got no rule, and class by class why."""
    groups: dict[str, list[Withheld]] = {}
    for each in evidence.rules.withheld:
        if each.reason != "already-allowed" or evidence.profile is None:
            groups.setdefault(each.reason, []).append(each)
    for reason, group in groups.items():
        identifier, severity, title = _WITHHELD[reason]
        yield Finding(
            identifier,
            severity,
            title,
            " ".join(f"{each.name}: {each.explanation}".removeprefix(": ") for each in group),
            "; ".join(dict.fromkeys(each.source for each in group if each.source)),
            denials=joined(each.denials for each in group),
        )


def _broad(evidence: Evidence) -> Iterator[Finding]:
    for rule in evidence.rules:
        if rule.warning:
            yield Finding(
                "broad-rule",
                "warning",
                f"A proposed rule to look at twice: {one_line(rule.rule)}",
                f"{rule.warning} {rule.breadth}".strip(),
                rule.source,
                denials=rule.denials,
            )


def _unparsed(unparsed: pd.DataFrame) -> Iterator[Finding]:
    if len(unparsed):
        places = ", ".join(f"{row.run}:{row.line}" for row in unparsed.head(5).itertuples())
        yield Finding(
            "unparsed",
            "warning",
            f"{len(unparsed)} lines name the sandbox and could not be read; they are kept.",
            f"See Report.unparsed for why: {places}{' …' if len(unparsed) > 5 else ''}.",
            "",
        )

"""The sections of a page, each from a report to markup; empty where there is nothing to say."""

from __future__ import annotations

from typing import Any, Final, cast

import pandas as pd

from sbdiag.diagnosis.ruleset import MinimalRule, Withheld, WithheldReason
from sbdiag.display.answer import answer
from sbdiag.display.html_evidence import denial_evidence, evidence, unparsed_table
from sbdiag.display.html_parts import (
    Content,
    Html,
    badge,
    block,
    code,
    element,
    folded,
    join,
    listed,
    paragraph,
    table,
)
from sbdiag.display.plot_data.rules import breadth_of, proof_text
from sbdiag.display.plot_data.startup import Rung, startup_data
from sbdiag.display.reported import Reported
from sbdiag.display.visible import counted, is_missing, visible
from sbdiag.seatbelt.text import rule_text

_COUNTS: Final = (
    ("denials", "records of a denial"),
    ("continuation", "further lines of a record"),
    ("not_ours", "lines that are not about the sandbox"),
    ("unparsed", "lines that name the sandbox and could not be read"),
)
_CLASSES: Final[dict[WithheldReason, str]] = {
    "system-policy": "System Policy refused",
    "forbidden": "forbidden to every sandboxed process",
    "allow-report": "reports of an allowed access",
    "doubtful-origin": "lines of doubtful origin",
    "sensitive": "sensitive targets",
    "noise": "known noise",
    "no-filter": "no certain target, or no filter for it",
    "no-known-rule": "operations that no known rule answers",
    "hidden": "targets that the log hides",
    "already-allowed": "allowed already, and refused all the same",
    "unknown-operation": "operations that no table knows",
}
_GRADES: Final = {
    "A": "shipped in a profile, or measured",
    "B": "follows from the table of filters",
    "C": "inferred",
}


def answer_section(report: Reported) -> Html:
    """Say what stopped the start, and what was looked at."""
    said = answer(report)
    first, *others = said.sentences
    parts = [
        paragraph(first, class_="lead"),
        *([listed(others)] if len(others) > 1 else map(paragraph, others)),
        paragraph(said.scope, class_="aside"),
    ]
    redacted = paragraph(
        "This report is redacted: names of persons, machines and teams are stand-ins.",
        class_="redacted",
    )
    return join(
        (
            element("div", *parts, class_="answer" if said.stopped else "answer calm"),
            redacted if report.redacted else "",
        )
    )


def stages_section(report: Reported) -> Html:
    """Show the stages of the start, one column for each run, and the evidence of each refusal."""
    data = startup_data(report)
    if not data.rungs:
        return Html("")
    one = len(data.runs) == 1
    rows = [
        (_stage_cell(rung), *(badge(status) for status in rung.statuses)) for rung in data.rungs
    ]
    head = ("stage", *(("status",) if one else data.runs))
    records = cast("list[dict[str, Any]]", report.stages.to_dict("records"))
    details = [
        _stage_details(report, record) for record in records if record["status"] == "refused"
    ]
    return _section("Stages of the start", table(head, rows), *details)


def _stage_cell(rung: Rung) -> Content:
    if rung.required == "yes":
        return rung.title
    kind = "optional" if rung.required == "no" else "may be optional"
    return join((rung.title, element("span", f" ({kind})", class_="aside")))


def _stage_details(report: Reported, record: dict[str, Any]) -> Html:
    run = "" if is_missing(record["run"]) else f"{visible(record['run'])}: "
    rules = [
        block(rule_text(rule.rule))
        for rule in report.rules
        if not set(rule.denials).isdisjoint(record["denials"])
    ]
    fails = visible(record["fails_as"])
    return folded(
        join((run, badge("refused"), " ", visible(record["title"]))),
        paragraph(f"Seen as: {fails}") if fails else "",
        *([paragraph("Lifted by:"), *rules] if rules else []),
        _source(record["source"]),
        evidence(report, record),
    )


def findings_section(report: Reported) -> Html:
    """List the conclusions, causes first, each with the rows it rests on."""
    records = cast("list[dict[str, Any]]", report.findings.to_dict("records"))
    return (
        _section("Findings", *(_finding(report, record) for record in records))
        if records
        else Html("")
    )


def _finding(report: Reported, record: dict[str, Any]) -> Html:
    run = "" if is_missing(record["run"]) else f" (run {visible(record['run'])})"
    severity = visible(record["severity"])
    return folded(
        join(
            (badge(severity), " ", visible(record["title"]), element("span", run, class_="aside"))
        ),
        paragraph(visible(record["detail"])),
        _source(record["source"]),
        evidence(report, record),
        unfolded=severity == "cause",
    )


def rules_section(report: Reported) -> Html:
    """Show the proposed rules with their reasons, and all of them as one text."""
    rules = list(report.rules)
    if not rules:
        return _section("Rules", paragraph("No rule is proposed."))
    proofs = {int(row["rule"]): row for _, row in report.verification.iterrows()}
    everything = "\n\n".join(rule_text(each.rule) for each in rules)
    return _section(
        "Rules",
        *(_rule(report, each, proofs.get(at)) for at, each in enumerate(rules)),
        folded("All rules as one text", block(everything)),
    )


def _rule(report: Reported, each: MinimalRule, proof: pd.Series | None) -> Html:
    facts: list[Content] = [
        f"{breadth_of(each)}: admits {each.breadth}" if each.breadth else breadth_of(each)
    ]
    if each.widened_from:
        seen = join(part for name in each.widened_from[:5] for part in (" ", code(name)))
        more = len(each.widened_from) - 5
        facts.append(join(("seen were only", seen, f" and {more:,} more" if more > 0 else "")))
    if proof is not None:
        reason = "" if is_missing(proof["reason"]) else visible(proof["reason"])
        text = proof_text(str(proof["with_all"]), str(proof["necessary"]))
        facts.append(f"{text}: {reason}" if reason else text)
    facts.append(f"source: {each.source} (grade {each.grade}: {_GRADES[each.grade]})")
    warning = paragraph(badge("warning"), " ", each.warning) if each.warning else ""
    return element(
        "div",
        paragraph(each.purpose),
        block(rule_text(each.rule)),
        warning,
        listed(facts),
        denial_evidence(report, each.denials),
        class_="rule",
    )


def withheld_section(report: Reported) -> Html:
    """List the denials that get no rule on their own, and why."""
    if not report.rules.withheld:
        return Html("")
    return _section(
        "Denials without a rule", *(_withheld(report, each) for each in report.rules.withheld)
    )


def _withheld(report: Reported, each: Withheld) -> Html:
    asked: list[Content] = []
    if each.rules:
        asked = [
            paragraph("Could be written if it is asked for by name:"),
            *(block(rule_text(rule.rule)) for rule in each.rules),
        ]
    name = f"{_CLASSES[each.reason]}: {counted(len(each.denials), 'denial')}"
    return folded(
        name,
        paragraph(each.explanation),
        _source(each.source),
        *asked,
        denial_evidence(report, each.denials),
    )


def counts_section(report: Reported) -> Html:
    """Count what was read and what was not, and what was assumed while reading."""
    counts = report.counts
    rows = [
        (text, element("span", f"{getattr(counts, name):,}", class_="number"))
        for name, text in _COUNTS
    ]
    rows.append(("all lines", element("span", f"{counts.lines:,}", class_="number")))
    parts = [table(("what was read", "lines"), rows)]
    if len(report.unparsed):
        parts.append(
            folded(
                f"{counted(len(report.unparsed), 'line')} not read", unparsed_table(report.unparsed)
            )
        )
    notes = [*report.notes, *report.rules.notes]
    assumed = _section("Assumptions", listed(notes)) if notes else Html("")
    return join((_section("Read and not read", *parts), assumed))


def _section(title: str, *content: Content) -> Html:
    return element("section", element("h2", title), *content)


def _source(source: object) -> Content:
    text = visible(source)
    return paragraph(f"Source: {text}", class_="aside") if text else ""

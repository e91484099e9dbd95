"""A report as plain values for JSON: for scripts that do not speak Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet
from sbdiag.errors import ExportError
from sbdiag.export.account import Entries, Export
from sbdiag.seatbelt.text import rule_text


def frame_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame with their labels, as values that JSON holds exactly.

    Times become ISO 8601 with microseconds, what is missing null, tuples lists, and a real that
    JSON has no number for its name (``inf``).

    Raises
    ------
    ExportError
        A cell holds something else, such as bytes, which would not come back as they were.
    """
    rows = []
    for label, row in zip(frame.index, frame.to_dict("records"), strict=True):
        rows.append({"row": int(label), **{str(key): _plain(value) for key, value in row.items()}})
    return rows


def rules_record(rules: RuleSet) -> dict[str, Any]:
    """Return the rules with their evidence, and the classes that were withheld."""
    return {
        "widen": rules.widen,
        "xpc": rules.xpc,
        "rules": [_rule(each) for each in rules],
        "withheld": [
            {
                "reason": each.reason,
                "explanation": each.explanation,
                "denials": list(each.denials),
                "source": each.source,
                "rules": [_rule(rule) for rule in each.rules],
            }
            for each in rules.withheld
        ],
        "notes": list(rules.notes),
    }


def export_record(export: Export) -> dict[str, Any]:
    """Return what an export says of each rule, and what its user should know; not its text."""

    def reasons(entries: Entries) -> list[dict[str, str]]:
        return [{"rule": rule_text(each.rule), "reason": reason} for each, reason in entries]

    return {
        "exact": [rule_text(each.rule) for each in export.exact],
        "widened": reasons(export.widened),
        "already_granted": reasons(export.already_granted),
        "unrepresented": reasons(export.unrepresented),
        "notes": list(export.notes),
    }


def _rule(each: MinimalRule) -> dict[str, Any]:
    return {
        "text": rule_text(each.rule),
        "denials": list(each.denials),
        "purpose": each.purpose,
        "source": each.source,
        "grade": each.grade,
        "entry": each.entry,
        "widened_from": list(each.widened_from),
        "breadth": each.breadth,
        "breadth_number": each.breadth_number,
        "narrower": [rule_text(rule) for rule in each.narrower],
        "warning": each.warning,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, pd.Timestamp):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if isinstance(value, (bool, int, float, str)):
        return None if value != value else value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    raise ExportError(f"a cell of type {type(value).__name__} has no exact form in JSON")


def report_record(report: Any) -> dict[str, Any]:
    """Every part of a :class:`sbdiag.analysis.Report` as values that ``json.dumps`` takes."""
    return {
        "counts": {name: int(report.runs[name].sum()) for name in report.runs.columns[1:]},
        "runs": report.runs.to_dict("records"),
        "notes": list(report.notes),
        "redacted": report.redacted,
        "profile": report.profile
        and {
            "path": report.profile.path,
            "unknown_imports": list(report.profile.unknown_imports),
            "warnings": list(report.profile.warnings),
        },
        "denials": frame_records(report.denials),
        "unparsed": frame_records(report.unparsed),
        "entitlements": frame_records(report.entitlements),
        "milestones": frame_records(report.milestones),
        "stages": frame_records(report.stages),
        "findings": frame_records(report.findings),
        "rules": rules_record(report.rules),
        "verification": frame_records(report.verification),
    }

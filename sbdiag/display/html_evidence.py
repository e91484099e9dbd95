"""Rows of the frames as evidence: few enough to read, with the labels to find the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import pandas as pd

from sbdiag.display.html_parts import Content, Html, code, element, folded, join, paragraph, table
from sbdiag.display.reported import Reported
from sbdiag.display.visible import counted, is_missing, visible

_MOST_ROWS: Final = 20


def evidence(report: Reported, record: Any) -> Html:
    """Return the rows that a stage or finding points at, folded, one table a frame."""
    parts = [
        _rows(report.denials, record["denials"], "denial", denial_table),
        _rows(report.milestones, record["milestones"], "milestone", milestone_table),
        _rows(report.entitlements, record["entitlements"], "entitlement", entitlement_table),
    ]
    return join(part for part in parts if part is not None)


def denial_evidence(report: Reported, labels: Sequence[int]) -> Html:
    """Return rows of the denials frame, folded."""
    return _rows(report.denials, labels, "denial", denial_table) or Html("")


def _rows(
    frame: pd.DataFrame, labels: Sequence[int], noun: str, write: Callable[[pd.DataFrame], Html]
) -> Html | None:
    if not len(labels):
        return None
    # A label that is not in the frame (rows were taken out of it) is counted, not shown.
    first = frame.loc[[label for label in labels[:_MOST_ROWS] if label in frame.index]]
    more = len(labels) - len(first)
    rest = [paragraph(f"and {counted(more, 'more row')}", class_="aside")] if more else []
    return folded(counted(len(labels), noun), write(first), *rest)


def denial_table(rows: pd.DataFrame) -> Html:
    """Return rows of the denials frame as a table."""
    return table(
        ("row", "run", "line", "time", "process", "operation", "target"),
        [
            (
                visible(label),
                visible(row["run"]),
                visible(row["line"]),
                clock(row["time"]),
                code(visible(row["process"]) + _pid(row["pid"])),
                code(row["operation"]),
                join((code(row["target"]), _repeats(row["duplicates"]), _tag(row["tag"]))),
            )
            for label, row in rows.iterrows()
        ],
    )


def milestone_table(rows: pd.DataFrame) -> Html:
    """Return rows of the milestones frame as a table."""
    return table(
        ("row", "run", "line", "time", "level", "message"),
        [
            (
                visible(label),
                visible(row["run"]),
                visible(row["line"]),
                clock(row["time"]),
                visible(row["level"]),
                join((code(row["message"]), _tag(row["error"]))),
            )
            for label, row in rows.iterrows()
        ],
    )


def entitlement_table(rows: pd.DataFrame) -> Html:
    """Return rows of the entitlements frame as a table."""
    return table(
        ("row", "executable", "state", "key", "value", "what it is for"),
        [
            (
                visible(label),
                code(row["executable"]),
                visible(row["state"]),
                code(row["key"]),
                code(row["value"]),
                visible(row["purpose"]),
            )
            for label, row in rows.iterrows()
        ],
    )


def unparsed_table(rows: pd.DataFrame) -> Html:
    """Return lines that name the sandbox and were not read, as a table."""
    shown = table(
        ("run", "line", "why", "text"),
        [
            (visible(row["run"]), visible(row["line"]), visible(row["reason"]), code(row["text"]))
            for _, row in rows.head(_MOST_ROWS).iterrows()
        ],
    )
    more = len(rows) - _MOST_ROWS
    rest = paragraph(f"and {counted(more, 'more line')}", class_="aside") if more > 0 else Html("")
    return join((shown, rest))


def clock(time: Any) -> str:
    """Return a time in UTC to the millisecond, empty where there is none."""
    return "" if is_missing(time) else f"{time:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"


def _pid(pid: Any) -> str:
    return "" if is_missing(pid) else f"({pid})"


def _repeats(duplicates: Any) -> Content:
    """Say how often a row happened, where it was more than once."""
    if is_missing(duplicates) or not duplicates:
        return ""
    return element("span", f" ×{int(duplicates) + 1:,}", class_="aside")


def _tag(text: Any) -> Content:
    """Return what stands below a line: the profile's message, or the attached error."""
    return (
        ""
        if is_missing(text)
        else join((element("br"), element("span", visible(text), class_="aside")))
    )

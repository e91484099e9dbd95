"""A report as text for a terminal: 80 columns, colours only where asked for.

Log text is hostile: a program chooses the names it is refused, so every text passes
:func:`~sbdiag.display.visible.visible` before it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pandas as pd

from sbdiag.diagnosis.breadth import CLASS
from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.display.answer import answer
from sbdiag.display.page import Page
from sbdiag.display.reported import Reported
from sbdiag.display.visible import counted, shorten, visible
from sbdiag.seatbelt.text import one_line, rule_text

# A terminal shows the most frequent; the page and the frame hold all.
_MOST_ACCESSES: Final = 20
_MOST_FINDINGS: Final = 40
_MOST_RULES: Final = 20
_MOST_NOTES: Final = 12
# As many columns as 80 hold.
_MOST_RUNS: Final = 14
_RUNS_WIDTH: Final = 64
# Shape as well as colour: the ladder reads without it.
_SIGNS: Final = {"reached": "+", "refused": "x", "not seen": "·", "unknown": "?"}


def report_text(
    report: Reported, *, notes: Iterable[str] = (), width: int = 80, colour: bool = False
) -> str:
    """Say what was denied, where the start stopped, what it means and which rules lift it.

    Parameters
    ----------
    report
        What :func:`sbdiag.analyze` gave.
    notes
        Sentences to put before the notes of the report.
    width
        Columns of the terminal; lines are wrapped to it, names never cut.
    colour
        Write ANSI colours.
    """
    page = Page(width, colour)
    lines = [
        *_headline(report, page),
        *_startup(report, page),
        *_denied(report, page),
        *_findings(report, page),
        *_rules(report, page),
        *_counts(report, (*notes, *report.notes), page),
    ]
    return "\n".join(lines) + "\n"


def _headline(report: Reported, page: Page) -> Iterator[str]:
    said = answer(report)
    yield from page.wrap(said.scope + (" Names are redacted." if report.redacted else ""))
    for sentence in said.sentences:
        yield from page.wrap(sentence, first="  ", rest="    ")


def _startup(report: Reported, page: Page) -> Iterator[str]:
    if report.stages.empty:
        return
    yield from page.head("Start of the VM")
    runs = list(enumerate(dict.fromkeys(report.stages["run"]), 1))
    earlier = len(runs) - _MOST_RUNS
    if earlier > 0:
        yield f"  … {counted(earlier, 'earlier run')}"
        runs = runs[earlier:]
    for number, run in runs:
        yield from page.wrap(f"{number:<2} {run}", first="  ", rest="     ")
    yield "  " + " " * 20 + "  ".join(f"{number:>2}" for number, _ in runs)
    for stage, rows in report.stages.groupby("stage", sort=False, observed=True):
        status = dict(zip(rows["run"], rows["status"], strict=True))
        cells = "  ".join(
            " " + page.paint(_SIGNS[str(status[run])], str(status[run])) for _, run in runs
        )
        yield f"  {stage!s:<20}{cells}"
    yield "  " + "   ".join(f"{sign} {name}" for name, sign in _SIGNS.items())


def _denied(report: Reported, page: Page) -> Iterator[str]:
    if report.denials.empty:
        return
    yield from page.head("Denied")
    denied = report.denials[report.denials["verdict"] == "deny"]
    times = denied["duplicates"].fillna(0) + 1
    shown = times.groupby([denied["operation"].astype("str"), denied["target"].fillna("")]).sum()
    most = shown.sort_values(ascending=False, kind="stable").head(_MOST_ACCESSES).reset_index()
    for row in _records(most):
        text = f"{int(row['duplicates']):>5}  {row['operation']} {row['target']}"
        yield from page.wrap(text, first="  ", rest=" " * 9)
    if len(shown) > _MOST_ACCESSES:
        yield f"         … and {len(shown) - _MOST_ACCESSES:,} other accesses"


def _findings(report: Reported, page: Page) -> Iterator[str]:
    if report.findings.empty:
        return
    yield from page.head("Findings")
    for row in _records(report.findings.head(_MOST_FINDINGS)):
        severity = str(row["severity"])
        where = (
            f" [{shorten(visible(row['run']), _RUNS_WIDTH)}]" if isinstance(row["run"], str) else ""
        )
        yield f"  {page.paint(severity, severity)}{where}"
        title = f"{row['title']}{_rows(row['denials'])}"
        yield from page.wrap(title, first="    ", rest="    ")
        if severity != "note":
            yield from page.wrap(str(row["detail"]), first="      ", rest="      ")
    if len(report.findings) > _MOST_FINDINGS:
        more = counted(len(report.findings) - _MOST_FINDINGS, "more finding")
        yield f"  … and {more}; --json has them all"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _rows(labels: tuple[int, ...]) -> str:
    if not labels:
        return ""
    shown = ", ".join(str(label) for label in labels[:6])
    return f" (denials {shown}{', …' if len(labels) > 6 else ''})"


def _rules(report: Reported, page: Page) -> Iterator[str]:
    yield from page.head("Rules")
    proof = {row["rule"]: row for row in _records(report.verification)}
    for number, each in enumerate(report.rules.rules[:_MOST_RULES]):
        yield from ("  " + visible(line) for line in rule_text(each.rule).split("\n"))
        said = [f"{each.purpose}{_rows(each.denials)}"]
        if number in proof:
            row = proof[number]
            said.append(f"with all rules: {row['with_all']}; needed: {row['necessary']}")
            said += [f"because {row['reason']}"] if row["reason"] else []
        said += _wider(each)
        said += [f"careful: {each.warning}"] if each.warning else []
        for text in said:
            yield from page.wrap(text, first="      ; ", rest="      ;   ")
    if len(report.rules) > _MOST_RULES:
        more = counted(len(report.rules) - _MOST_RULES, "more rule")
        yield f"  … and {more}; --sb FILE writes them all"
    if not len(report.rules):
        yield "  none: nothing here can be lifted by a rule"


def _wider(each: MinimalRule) -> Iterator[str]:
    """Say how much wider than the evidence a rule is, and what would be narrower."""
    if not each.breadth_number:
        return
    yield f"wider than asked (breadth {each.breadth_number:.2f}): {each.breadth}"
    if len(each.narrower) == 1:
        yield f"narrower: {one_line(each.narrower[0])}"
    elif each.narrower:
        yield f"narrower: {len(each.narrower)} exact rules (--widen none)"
    elif each.breadth_number >= CLASS:
        yield "narrower: the language has no form that is"


def _counts(report: Reported, notes: Sequence[str], page: Page) -> Iterator[str]:
    counts = report.counts
    yield from page.head("Read")
    yield from page.wrap(
        f"{counted(counts.lines, 'line')} = {counted(counts.denials, 'denial')}"
        f" + {counts.continuation:,} continuing a denial + {counts.not_ours:,} not ours"
        f" + {counts.unparsed:,} unparsed",
        first="  ",
    )
    for note in notes[:_MOST_NOTES]:
        yield from page.wrap(note, first="  ", rest="    ")
    if len(notes) > _MOST_NOTES:
        more = counted(len(notes) - _MOST_NOTES, "more note")
        yield f"  … and {more}; --json has them all"

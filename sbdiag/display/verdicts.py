"""What profiles answer, as text for a terminal: ``check``, ``explain`` and ``diff``.

Names in a capture and text in a profile are hostile alike; every line passes
:func:`~sbdiag.display.visible.visible`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pandas as pd

from sbdiag.diagnosis.compare import CHANGES, CHECK, UNDECIDABLE
from sbdiag.display.page import Page
from sbdiag.display.visible import counted, is_missing, shorten
from sbdiag.seatbelt.decision import Decision
from sbdiag.seatbelt.profile import Profile

_SIGNS: Final = {"deny": "x", "unknown": "?", "allow": "+"}
_CHANGE_SIGNS: Final = {"removed": "-", "added": "+", "unclear": "?"}
_HEADS: Final = {"deny": "Denied", "unknown": "Unknown", "allow": "Allowed"}
_CHANGE_HEADS: Final = {
    "removed": "Removed: allowed before, denied after",
    "added": "Added: denied before, allowed after",
    "unclear": "Unclear: one of the two is unknown",
}
# Of what is allowed, a terminal shows the most frequent; the frame holds all.
_MOST_ALLOWED: Final = 20
_MOST_WARNINGS: Final = 12
_RULE_WIDTH: Final = 160
_INDENT: Final = " " * 10


def check_text(
    checked: pd.DataFrame,
    *,
    name: str,
    notes: Iterable[str] = (),
    width: int = 80,
    colour: bool = False,
) -> str:
    """Show what a profile answers to the accesses of a capture.

    Parameters
    ----------
    checked
        From :func:`sbdiag.diagnosis.compare.check`.
    name
        How to call the profile.
    notes
        Sentences to end with, such as imports that were not found.
    width, colour
        See :func:`sbdiag.display.terminal.report_text`.
    """
    CHECK.check(checked)
    page = Page(width, colour)
    counts = checked[checked["apart"] == ""]
    apart = checked[checked["apart"] != ""]
    totals = ", ".join(
        f"{int((counts['verdict'] == verdict).sum()):,} {head.lower()}"
        for verdict, head in _HEADS.items()
    )
    lines = page.wrap(
        f"{name}: {counted(len(counts), 'access', 'accesses')}: {totals}"
        + (f"; {len(apart):,} set apart." if len(apart) else ".")
    )
    for verdict, head in _HEADS.items():
        rows = counts[counts["verdict"] == verdict]
        if len(rows):
            lines += page.head(head)
            most = _MOST_ALLOWED if verdict == "allow" else len(rows)
            for row in _records(rows.head(most)):
                lines += _access(row, _SIGNS[verdict], verdict, page)
                lines += _decided(row, "", page)
                if verdict != "allow" and not is_missing(row["first"]):
                    lines += _below(f"first seen at {row['first']}", page)
            if len(rows) > most:
                lines.append(f"{_INDENT}… and {len(rows) - most:,} more")
    if len(apart):
        lines += page.head("Set apart: not held against the profile")
        for row in _records(apart):
            lines += _access(row, _SIGNS[str(row["verdict"])], str(row["verdict"]), page)
            lines += _below(f"{row['apart']}: {row['apart_reason']}", page)
    return _text(lines, notes, page)


def changes_text(
    changed: pd.DataFrame,
    *,
    before: str,
    after: str,
    notes: Iterable[str] = (),
    width: int = 80,
    colour: bool = False,
) -> str:
    """Show what another profile changes for the accesses of a capture.

    Parameters
    ----------
    changed
        From :func:`sbdiag.diagnosis.compare.changes`.
    before, after
        How to call the two profiles.
    notes, width, colour
        As for :func:`check_text`.
    """
    CHANGES.check(changed)
    page = Page(width, colour)
    apart = changed["apart"].isin(UNDECIDABLE)
    counts = changed[~apart]
    count = {name: int((counts["change"] == name).sum()) for name in (*_CHANGE_SIGNS, "same")}
    totals = ", ".join(f"{number:,} {name}" for name, number in count.items())
    lines = page.wrap(
        f"{before} → {after}: {counted(len(counts), 'access', 'accesses')}: {totals}"
        + (f"; {int(apart.sum()):,} set apart." if apart.any() else ".")
    )
    for change, head in _CHANGE_HEADS.items():
        rows = counts[counts["change"] == change]
        if len(rows):
            lines += page.head(head)
        for row in _records(rows):
            lines += _access(row, _CHANGE_SIGNS[change], change, page)
            lines += _decided(row, "before", page)
            lines += _decided(row, "after", page)
            if row["apart"]:
                lines += _below(f"{row['apart']}: {row['apart_reason']}", page)
    same = counts[counts["change"] == "same"]
    if len(same):
        lines += page.head("Same")
        for verdict, head in _HEADS.items():
            number = int((same["before"] == verdict).sum())
            if number:
                lines.append(f"  {number:>5,}  {head.lower()} by both")
    if apart.any():
        lines += page.head("Set apart: no profile decides these")
        for row in _records(changed[apart]):
            lines += _access(row, " ", "same", page)
            lines += _below(f"{row['apart']}: {row['apart_reason']}", page)
    return _text(lines, notes, page)


def explain_text(
    decision: Decision, *, notes: Iterable[str] = (), width: int = 80, colour: bool = False
) -> str:
    """Show a decision as :meth:`~sbdiag.seatbelt.decision.Decision.explain` writes it, wrapped."""
    page = Page(width, colour)
    lines: list[str] = []
    for line in decision.explain().split("\n"):
        indent = " " * (len(line) - len(line.lstrip()))
        lines += page.wrap(line.strip(), first=indent, rest=f"{indent}  ")
    verdict = decision.verdict
    at = next(n for n, line in enumerate(lines) if line.endswith(f" {verdict}") or line == verdict)
    lines[at] = lines[at].removesuffix(verdict) + page.paint(verdict, verdict)
    return _text(lines, notes, page)


def profile_notes(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Say which imports of profiles were not found, and what was noticed while reading them."""
    return tuple(dict.fromkeys(note for profile in profiles for note in _noticed(profile)))


def _noticed(profile: Profile) -> Iterator[str]:
    if profile.unknown_imports:
        yield (
            f"{profile.path} imports what was not found: {', '.join(profile.unknown_imports)}. What"
            " its rules say is unknown. Imports are looked for where --import-path says."
        )
    for warning in profile.warnings[:_MOST_WARNINGS]:
        yield f"{profile.path}: {warning}"
    more = len(profile.warnings) - _MOST_WARNINGS
    if more > 0:
        yield f"{profile.path}: … and {counted(more, 'more warning')} (Profile.warnings)"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _access(row: dict[str, Any], sign: str, style: str, page: Page) -> list[str]:
    asked = " ".join(
        str(row[name]) for name in ("operation", "target") if not is_missing(row[name])
    )
    head = f"  {sign} {int(row['occurrences']):>5,}  "
    first, *rest = page.wrap(asked, first=head, rest=f"{_INDENT}  ")
    return [first.replace(sign, page.paint(sign, style), 1), *rest]


def _decided(row: dict[str, Any], which: str, page: Page) -> list[str]:
    """Say which rule decided, or why none did."""
    suffix = f"_{which}" if which else ""
    verdict = row[which or "verdict"]
    rule, place = row[f"rule{suffix}"], row[f"location{suffix}"]
    if verdict == "unknown" or is_missing(rule):
        said = str(row[f"reason{suffix}"])
    else:
        said = f"{'' if is_missing(place) else f'{place}  '}{shorten(str(rule), _RULE_WIDTH)}"
    return _below(f"{which}: {verdict}, {said}" if which else said, page)


def _below(text: str, page: Page) -> list[str]:
    return page.wrap(text, first=_INDENT, rest=f"{_INDENT}  ")


def _text(lines: Iterable[str], notes: Iterable[str], page: Page) -> str:
    said = [*lines, *_notes(notes, page)]
    return "\n".join(said) + "\n"


def _notes(notes: Iterable[str], page: Page) -> Iterator[str]:
    given = tuple(notes)
    if given:
        yield from page.head("Notes")
    for note in given:
        yield from page.wrap(note, first="  ", rest="    ")

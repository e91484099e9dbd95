"""A profile against a capture, and two profiles against each other on one capture.

:func:`check` answers for macOS what audit2why answers for SELinux: for each distinct access that a
capture shows, what the profile says and which rule decides. :func:`changes` says what is different
under another profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from sbdiag.capture.frames import DENIALS, Column, Schema
from sbdiag.diagnosis.accesses import AskedAs, asked_accesses
from sbdiag.diagnosis.withheld import Class, withheld_class
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.compare import diff
from sbdiag.seatbelt.decision import Decision
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.text import one_line

# In the order in which they are shown.
VERDICTS: Final = ("deny", "unknown", "allow")
DIRECTIONS: Final = ("removed", "added", "unclear", "same")

# Accesses that do not count against a profile: no profile decides the first three, and a profile
# is right to refuse the others (see :mod:`sbdiag.diagnosis.withheld`).
UNDECIDABLE: Final = ("doubtful-origin", "system-policy", "forbidden")
RIGHTLY_REFUSED: Final = ("sensitive", "noise")
APART: Final = (*UNDECIDABLE, *RIGHTLY_REFUSED)

_ASKED: Final = (
    Column("operation", "category", "what was asked"),
    Column("target", "str", "the detail verbatim; missing where there is none"),
    Column(
        "apart",
        "category",
        "why it does not count: no profile decides it, or refusing it is right; empty: it counts",
        ("", *APART),
    ),
    Column("apart_reason", "str", "the same in words; empty where it counts"),
    Column("occurrences", "Int64", "how often the capture shows it, duplicates included"),
    Column("denials", "object", "row labels of the denials frame"),
    Column("first", "str", "run:line of the first of them; missing where it is not told"),
)

CHECK: Final = Schema(
    "check",
    (
        *_ASKED,
        Column("verdict", "category", "what the profile says", VERDICTS),
        Column("rule", "str", "the rule that decided; missing where none did"),
        Column("location", "str", "path:line:column of that rule; missing where none has one"),
        Column("reason", "str", "why, in words"),
    ),
)

CHANGES: Final = Schema(
    "changes",
    (
        *_ASKED,
        Column(
            "change",
            "category",
            "added: allowed only after; removed: only before; unclear: one of the two is unknown",
            DIRECTIONS,
        ),
        Column("before", "category", "what the first profile says", VERDICTS),
        Column("rule_before", "str", "the rule that decided there; missing where none did"),
        Column("location_before", "str", "where that rule stands"),
        Column("reason_before", "str", "why, in words"),
        Column("after", "category", "what the second profile says", VERDICTS),
        Column("rule_after", "str", "the rule that decided there; missing where none did"),
        Column("location_after", "str", "where that rule stands"),
        Column("reason_after", "str", "why, in words"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One access, why it is set apart if it is, and the rows that show it."""

    access: Access
    cause: Class | None
    rows: tuple[int, ...]
    occurrences: int
    first: str | None

    def record(self) -> dict[str, object]:
        return {
            "operation": self.access.operation,
            "target": self.access.detail,
            "apart": "" if self.cause is None else self.cause.reason,
            "apart_reason": "" if self.cause is None else self.cause.explanation,
            "occurrences": self.occurrences,
            "denials": self.rows,
            "first": self.first,
        }


def check(denials: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Say what a profile answers to each distinct access of a capture.

    Parameters
    ----------
    denials
        A denials frame. Lines that report an allowed access count too: the program makes it.
    profile
        From :func:`sbdiag.read_profile`.

    Returns
    -------
    DataFrame
        Columns of :data:`CHECK`. One row an access and reason for setting it apart; refused
        ones first, then unknown ones, each group by falling number of occurrences.
    """
    found = [(entry, profile.decide_access(entry.access)) for entry in _entries(denials)]
    found.sort(key=lambda one: VERDICTS.index(one[1].verdict))
    return CHECK.frame(
        {**entry.record(), "verdict": decision.verdict, **_answer(decision)}
        for entry, decision in found
    )


def passes(checked: pd.DataFrame, *, unknown_ok: bool = False, strict: bool = False) -> bool:
    """Say whether a profile allows all that counts in a check.

    Parameters
    ----------
    checked
        From :func:`check`.
    unknown_ok
        Let pass what the profile's file does not settle.
    strict
        Count sensitive targets and known noise, which a profile is right to refuse, as well.
    """
    counted = checked["apart"].isin(["", *(RIGHTLY_REFUSED if strict else ())])
    passing = ["allow", "unknown"] if unknown_ok else ["allow"]
    return bool(checked.loc[counted, "verdict"].isin(passing).all())


def changes(denials: pd.DataFrame, before: Profile, after: Profile) -> pd.DataFrame:
    """Say for each distinct access of a capture what another profile changes.

    Parameters
    ----------
    denials
        A denials frame.
    before, after
        The two profiles.

    Returns
    -------
    DataFrame
        Columns of :data:`CHANGES`; what is lost first, then what is won, what is not settled,
        and what stays, each group by falling number of occurrences.
    """
    entries = _entries(denials)
    answers = {one.access: one for one in diff(before, after, (e.access for e in entries))}
    found = [(entry, answers[entry.access]) for entry in entries]
    found.sort(key=lambda one: DIRECTIONS.index(one[1].direction))
    return CHANGES.frame(
        {
            **entry.record(),
            "change": one.direction,
            "before": one.before.verdict,
            **_answer(one.before, "_before"),
            "after": one.after.verdict,
            **_answer(one.after, "_after"),
        }
        for entry, one in found
    )


def alters(changed: pd.DataFrame) -> bool:
    """Say whether anything changes that a profile decides; `changed` is from :func:`changes`."""
    decided = ~changed["apart"].isin(UNDECIDABLE)
    return bool((changed.loc[decided, "change"] != "same").any())


def _entries(denials: pd.DataFrame) -> list[_Entry]:
    """Group the rows; lines that differ in origin or layer alone ask for the same access."""
    DENIALS.check(denials, need=("duplicates", "run", "line"))
    found: dict[tuple[object, str], tuple[Access, Class | None, list[int]]] = {}
    for group in asked_accesses(denials):
        cause = _apart(group)
        key = (_meant(group.access), "" if cause is None else cause.reason)
        found.setdefault(key, (group.access, cause, []))[2].extend(group.rows)
    times = (denials["duplicates"].fillna(0) + 1).astype("int64")
    of = dict(zip(denials.index.tolist(), times.tolist(), strict=True))
    firsts = denials.loc[[min(rows) for *_, rows in found.values()], ["run", "line"]]
    places = zip(firsts["run"], firsts["line"], strict=True)
    entries = [
        _Entry(
            access,
            cause,
            tuple(sorted(rows)),
            sum(of[row] for row in rows),
            f"{run}:{line}" if pd.notna(run) and pd.notna(line) else None,
        )
        for (access, cause, rows), (run, line) in zip(found.values(), places, strict=True)
    ]
    # Ties of the later sorting stay in this order, which is that of the names.
    return sorted(entries, key=lambda entry: -entry.occurrences)


def _meant(access: Access) -> object:
    """Return what no two different requests share: a target process of another pid is the same."""
    if access.value("pid") is None:
        return access
    return access.operation, tuple(each for each in access.values if each[0] != "pid")


def _apart(group: AskedAs) -> Class | None:
    # A line that reports an allowed access asks for it like any other.
    verdict = "deny" if group.verdict == "allow" else group.verdict
    cause = withheld_class(group.access, verdict=verdict, layer=group.layer, origin=group.origin)
    return cause if cause is not None and cause.reason in APART else None


def _answer(decision: Decision, suffix: str = "") -> dict[str, object]:
    rule = decision.rule
    place = None if rule is None else rule.location
    return {
        f"rule{suffix}": None if rule is None else one_line(rule),
        f"location{suffix}": None if place is None else str(place),
        f"reason{suffix}": decision.reason,
    }

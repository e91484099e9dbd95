"""Which operations are consulted for one access, and what happens when no rule of them decides.

The order is that of the fallback table. Where sources disagree on an operation there are two plans,
and an answer counts only if both give it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from sbdiag.seatbelt.operations import operations
from sbdiag.seatbelt.rules import Action

ALWAYS_ALLOWED: Final = (("signal", "self"), ("mach-task-name", "self"))
"""Operation and target that libsandbox allows in every profile (policy.scm)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One reading of the tables for an operation.

    Attributes
    ----------
    members
        Operations whose rules are consulted, in order.
    ending
        What happens when none of them decides.
    why
        Why it ends so, for a reader.
    evidence
        Keys of :data:`sbdiag.seatbelt.evidence.EVIDENCE`.
    """

    members: tuple[str, ...]
    ending: Action
    why: str
    evidence: tuple[str, ...]


@cache
def plans(name: str, version: int) -> tuple[Plan, ...]:
    """Return how the tables say an operation is walked: one plan, or two where they disagree.

    Parameters
    ----------
    name
        An operation of the table.
    version
        Language version, 1 to 3.

    Returns
    -------
    tuple of Plan
        Disputed are: terminals that deny (nobody measured that ``default`` does not reach them)
        and, under versions 2 and 3, those that allow; the implicit allows of version 1, which the
        table of 10.15 ends at the operation while those of 12 and later consult its groups first;
        under version 2 whether it has implicit allows at all.
    """
    found = dict.fromkeys(_plan(name, version, newer) for newer in (False, True))
    return tuple(found)


def _plan(name: str, version: int, newer: bool) -> Plan:
    members: list[str] = []
    floor: Plan | None = None
    at: str | None = name
    while at is not None:
        row = operations()[at]
        members.append(at)
        if row.terminal is not None and not (newer and (row.terminal == "deny" or version != 1)):
            return Plan(
                tuple(members),
                row.terminal,
                f"{at} is terminal: without a rule of its own it is {row.terminal}, "
                "and (default) does not reach it",
                ("libsandbox-13.0",),
            )
        implicit = _implicit(at, version, newer)
        if implicit is not None and floor is None:
            floor = Plan(
                (),
                "allow",
                f"under (version 1) {at} is allowed where no rule decides, whatever (default) "
                "says; this depends on the system's version",
                implicit,
            )
            if not newer:
                return Plan(tuple(members), floor.ending, floor.why, floor.evidence)
        at = row.parent
    if floor is not None:
        return Plan(tuple(members[:-1]), floor.ending, floor.why, floor.evidence)
    return Plan(tuple(members), "deny", "no rule decides, and without one everything is denied", ())


def _implicit(name: str, version: int, newer: bool) -> tuple[str, ...] | None:
    row = operations()[name]
    if row.implicit == "allow" and (version == 1 or (version == 2 and not newer)):
        return row.implicit_evidence
    if row.implicit == "disputed" and version == 1 and newer:
        return row.implicit_evidence
    return None

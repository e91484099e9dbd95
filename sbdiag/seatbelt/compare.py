"""What changes between two profiles for the accesses of a capture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.decision import Decision
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.request import NOTHING_KNOWN, Context

Direction: TypeAlias = Literal["added", "removed", "same", "unclear"]


@dataclass(frozen=True, slots=True)
class Change:
    """One access under two profiles.

    Attributes
    ----------
    access
        What was asked.
    before, after
        The two answers.
    """

    access: Access
    before: Decision
    after: Decision

    @property
    def direction(self) -> Direction:
        """``added``: allowed only after; ``removed``: only before; ``unclear``: one is unknown."""
        verdicts = (self.before.verdict, self.after.verdict)
        if verdicts[0] == verdicts[1]:
            return "same"
        if "unknown" in verdicts:
            return "unclear"
        return "added" if verdicts[1] == "allow" else "removed"


def diff(
    before: Profile,
    after: Profile,
    accesses: Iterable[Access],
    *,
    context: Context = NOTHING_KNOWN,
) -> tuple[Change, ...]:
    """Ask two profiles for the same accesses.

    Parameters
    ----------
    before, after
        The profiles.
    accesses
        What to ask; each distinct one is asked once.
    context
        What the accesses do not tell.

    Returns
    -------
    tuple of Change
        One for each distinct access, in the order of first appearance.
    """
    return tuple(
        Change(
            access,
            before.decide_access(access, context=context),
            after.decide_access(access, context=context),
        )
        for access in dict.fromkeys(accesses)
    )

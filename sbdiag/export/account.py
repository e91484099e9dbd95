"""What left the house, and what was lost on the way: the account of one export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sbdiag.diagnosis.ruleset import MinimalRule

Entries: TypeAlias = tuple[tuple[MinimalRule, str], ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The text for a target, and each rule in exactly one of the four accounts below it.

    Attributes
    ----------
    text
        What to write to a file; ends in a newline.
    exact
        Rules that the text says as they are.
    widened
        Rules for which the target allows more than they do, each with what.
    already_granted
        Rules that the target's base allows anyway, each with which part of it does.
    unrepresented
        Rules that the text does not hold, each with the reason.
    notes
        What the user of the text should know, one sentence each.
    """

    text: str
    exact: tuple[MinimalRule, ...] = ()
    widened: Entries = ()
    already_granted: Entries = ()
    unrepresented: Entries = ()
    notes: tuple[str, ...] = ()

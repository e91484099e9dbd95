"""Rules by the construct of nono that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sbdiag.errors import Location
from sbdiag.seatbelt.rules import Filter, Rule

BASE: Final = "nono's base"
STATE: Final = "nono's own state is protected"
RAW: Final = "unsafe_macos_seatbelt_rules"
PARENTS: Final = "directories above what is opened"


@dataclass(frozen=True, slots=True)
class Block:
    """Rules of one construct, in order.

    Attributes
    ----------
    origin
        The construct, as its comment names it.
    rules
        The rules; a raw one is its text.
    refuses
        Whether they refuse what lies at a path whatever a grant says.
    location
        Where a raw rule stands in the profile.
    """

    origin: str
    rules: tuple[Rule | str, ...]
    refuses: bool = False
    location: Location | None = None


def allow(operations: str, *filters: Filter) -> Rule:
    """Return an allow rule of operations that are parted by spaces."""
    return Rule("allow", tuple(operations.split()), filters)


def deny(operations: str, *filters: Filter) -> Rule:
    """Return a deny rule of operations that are parted by spaces."""
    return Rule("deny", tuple(operations.split()), filters)


def group_origin(name: str) -> str:
    """Return what the blocks of a group are called."""
    return f"group {name}"

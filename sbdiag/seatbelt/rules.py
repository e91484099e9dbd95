"""Rules as frozen values: what a profile says once it has been evaluated.

A rule is ``(action operation… filter… (with modifier…))``. Several filters mean *any of them*;
``require-all``, ``require-any`` and ``require-not`` are filters whose arguments are filters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sbdiag.errors import Location

Action: TypeAlias = Literal["allow", "deny"]


class Symbol(str):
    """A bare word of the language, such as ``self`` in ``(target self)``; prints without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class IoCommand:
    """``(_IO "t" 21)``: the number of an ioctl or fsctl, group character times 256 plus number."""

    group: str
    number: int

    @property
    def value(self) -> int:
        """The number the kernel compares."""
        return self.number + 256 * ord(self.group)


# A pattern is a plain string whichever way (``"…"`` or ``#"…"``) the profile wrote it.
Argument: TypeAlias = "str | int | bool | Symbol | IoCommand | Filter"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its name as the language spells it and its arguments in order."""

    name: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Modifier:
    """One ``(with name argument)``; never changes allow into deny."""

    name: str
    argument: str | int | Symbol | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a profile; ``location`` says where it stands and does not count for equality."""

    action: Action
    operations: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    location: Location | None = field(default=None, compare=False)

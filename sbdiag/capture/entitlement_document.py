"""What every notation of an entitlement dump comes down to: keys with values, and how it ended."""

from __future__ import annotations

import base64
import datetime
import plistlib
from dataclasses import dataclass
from typing import Final

from sbdiag.errors import EntitlementsError

# bool, integer, real, string, data (base64 text), date (ISO text), array, dict
Value = bool | int | float | str | list["Value"] | dict[str, "Value"]


# Real entitlements nest two or three levels; a hostile file nests until something breaks.
DEEPEST: Final = 32
_MOST_VALUES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the outermost dictionary; `line` is 1-based, ``None`` in a binary file."""

    key: str
    value: Value
    type: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One dictionary of entitlements.

    `complete` is ``False`` where the text breaks off, leaves something out (``...``) or is broken:
    `entries` are then the keys whose values are whole, and a key that is not among them may still
    be there.
    """

    entries: tuple[Entry, ...]
    complete: bool = True


def type_of(value: Value) -> str:
    """Return the type name of a value that was not written as data or date."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "real"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "dict"


def read_binary_plist(data: bytes, *, name: str) -> Document:
    """Read a binary property list whose root is a dictionary.

    Raises
    ------
    EntitlementsError
        If it is damaged, has another root, or nests deeper or holds more than any real one.
    """
    try:
        root = plistlib.loads(data, fmt=plistlib.FMT_BINARY)
    # plistlib lets what a damaged table of offsets provokes through
    except (
        plistlib.InvalidFileException,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        MemoryError,
        RecursionError,
    ) as cause:
        raise EntitlementsError(f"{name} is a damaged binary property list") from cause
    if not isinstance(root, dict):
        raise EntitlementsError(f"{name} is a property list, but no dictionary of entitlements")
    budget = [_MOST_VALUES]
    entries = []
    for key, item in root.items():
        value, kind = _plain(item, name, 1, budget)
        entries.append(Entry(str(key), value, kind))
    return Document(tuple(entries))


def _plain(item: object, name: str, depth: int, budget: list[int]) -> tuple[Value, str]:
    """Return a plistlib value in plain types, and its type name."""
    budget[0] -= 1
    if depth > DEEPEST or budget[0] < 0:
        raise EntitlementsError(f"{name} nests deeper or holds more than entitlements do")
    if isinstance(item, bool | int | float | str):
        return item, type_of(item)
    if isinstance(item, bytes):
        return base64.b64encode(item).decode("ascii"), "data"
    if isinstance(item, datetime.datetime):
        return f"{item.isoformat()}Z", "date"
    if isinstance(item, list):
        return [_plain(part, name, depth + 1, budget)[0] for part in item], "array"
    if isinstance(item, dict):
        return {
            str(key): _plain(part, name, depth + 1, budget)[0] for key, part in item.items()
        }, "dict"
    if isinstance(item, plistlib.UID):
        return item.data, "integer"
    raise EntitlementsError(f"{name} holds a value that entitlements cannot have")

"""A nono profile as JSON with comments: read, and checked as far as the contract is known.

nono takes comments and trailing commas (JSONC), and refuses unknown keys; ``meta.name`` is required
wherever ``meta`` stands (nolabs-ai/nono v0.74, profile loader).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from sbdiag.errors import ExportError, Location

FILESYSTEM_KEYS: Final = (
    "allow",
    "read",
    "write",
    "allow_file",
    "read_file",
    "write_file",
    "deny",
    "bypass_protection",
    "suppress_save_prompt",
    "ignore",
    "unix_socket",
    "unix_socket_bind",
    "unix_socket_dir",
    "unix_socket_dir_bind",
    "unix_socket_subtree",
    "unix_socket_subtree_bind",
)


@dataclass(frozen=True, slots=True)
class NonoProfile:
    """What a preview needs of a nono profile.

    Attributes
    ----------
    filesystem
        Paths by field, as written; conditions (``when``) other than macOS are left out.
    rules
        ``unsafe_macos_seatbelt_rules``.
    include, exclude
        Groups.
    block
        ``network.block``.
    notes
        What stands in the profile and is not previewed.
    """

    filesystem: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    block: bool = False
    notes: tuple[str, ...] = ()


def read_nono(text: str, *, path: str = "<nono>") -> NonoProfile:
    """Read the text of a nono profile.

    Raises
    ------
    ExportError
        With file and line, if the text is no JSON; with the key, if a value is of the wrong type.
    """
    try:
        document = json.loads(_plain_json(text.removeprefix("\ufeff"), path))
    except json.JSONDecodeError as error:
        place = Location(path, error.lineno, error.colno)
        raise ExportError(f"no JSON: {error.msg}", place) from error
    except RecursionError as error:
        raise ExportError(f"no JSON that nono reads: nested too deep ({path})") from error
    top = _object(document, "the profile", path)
    meta = top.get("meta")
    if meta is not None and not isinstance(_object(meta, "meta", path).get("name"), str):
        raise ExportError(f"meta.name is required where meta stands ({path})")
    notes: list[str] = []
    files = _object(top.get("filesystem", {}), "filesystem", path)
    network = _object(top.get("network", {}), "network", path)
    groups = _object(top.get("groups", {}), "groups", path)
    notes += [
        f"filesystem.{key} is not a key of nono's" for key in files if key not in FILESYSTEM_KEYS
    ]
    notes += [
        f"{key} is not previewed"
        for key in top
        if key not in {"meta", "filesystem", "network", "groups", "unsafe_macos_seatbelt_rules"}
    ]
    notes += [f"network.{key} is not previewed" for key in network if key != "block"]
    return NonoProfile(
        filesystem={
            key: _paths(files[key], f"filesystem.{key}", path, notes)
            for key in FILESYSTEM_KEYS
            if key in files
        },
        rules=_strings(
            top.get("unsafe_macos_seatbelt_rules", []), "unsafe_macos_seatbelt_rules", path
        ),
        include=_paths(groups.get("include", []), "groups.include", path, notes),
        exclude=_paths(groups.get("exclude", []), "groups.exclude", path, notes),
        block=network.get("block") is True,
        notes=tuple(notes),
    )


def _object(value: Any, name: str, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ExportError(f"{name} must be an object ({path})")
    return value


def _strings(value: Any, name: str, path: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ExportError(f"{name} must be a list of strings ({path})")
    return tuple(value)


def _paths(value: Any, name: str, path: str, notes: list[str]) -> tuple[str, ...]:
    """Read a list whose entries may carry a condition: ``{"path": …, "when": "macos:>=15"}``."""
    if not isinstance(value, list):
        raise ExportError(f"{name} must be a list ({path})")
    found = []
    for each in value:
        text = each.get("path", each.get("name")) if isinstance(each, dict) else each
        if not isinstance(text, str):
            raise ExportError(f"{name} must hold paths ({path})")
        when = each.get("when") if isinstance(each, dict) else None
        if isinstance(when, str):
            if not when.startswith("macos"):
                continue
            if when != "macos":
                notes.append(f"{name}: {text!r} counts only when {when}; taken as if it did")
        found.append(text)
    return tuple(found)


def _plain_json(text: str, path: str) -> str:
    """Blank comments and trailing commas; every other character keeps its line and column."""
    out = list(text)
    place, quoted = 0, False
    comma = -1
    while place < len(text):
        character = text[place]
        if quoted:
            if character == "\\":
                place += 1
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted, comma = True, -1
        elif text.startswith(("//", "/*"), place):
            long = text[place + 1] == "*"
            end = text.find("*/" if long else "\n", place + 2)
            if end < 0 and long:
                line = text.count("\n", 0, place) + 1
                raise ExportError("a comment that does not end", Location(path, line))
            end = len(text) if end < 0 else end + (2 if long else 0)
            for index in range(place, end):
                out[index] = text[index] if text[index] == "\n" else " "
            place = end
            continue
        elif character == ",":
            comma = place
        elif character in "]}":
            if comma >= 0:
                out[comma] = " "
            comma = -1
        elif not character.isspace():
            comma = -1
        place += 1
    return "".join(out)

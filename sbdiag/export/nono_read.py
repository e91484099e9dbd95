"""A nono profile as read: its values under flat keys, each with the line it stands on.

Unknown keys are errors as they are for nono, ``meta.name`` is required wherever ``meta`` stands,
and what a base profile says is merged as nono merges it: lists grow, other values of the child win.

Source: nolabs-ai/nono ``crates/nono-cli/src/profile/mod.rs``, v0.66.0 and v0.74.0.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sbdiag.errors import ExportError, Location
from sbdiag.export.nono_jsonc import Node, read_jsonc
from sbdiag.export.nono_keys import ALIASES, KEYS, MODES, OPTIONAL, POLICY, SECTIONS, Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a list: where it stands, and the conditions of which one must hold."""

    text: str
    location: Location
    when: tuple[str, ...] = ()


# What a key holds: entries, numbers, a word, a flag, whether it holds anything, or nothing (null).
Held: TypeAlias = (
    "tuple[Entry, ...] | tuple[int, ...] | tuple[tuple[int, int], ...] | str | bool | None"
)


@dataclass(frozen=True, slots=True)
class NonoProfile:
    """What a preview needs of a nono profile.

    Attributes
    ----------
    path
        As the caller named it.
    name
        ``meta.name``, empty where there is no ``meta``.
    values
        By flat key, ``filesystem.allow``; only the keys that the profile has.
    overrides
        ``platform_overrides.macos``.
    lines
        Where each key stands, by flat key.
    """

    path: str
    name: str = ""
    values: Mapping[str, Held] = field(default_factory=dict)
    overrides: NonoProfile | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def entries(self, key: str) -> tuple[Entry, ...]:
        """Return the texts under a key of kind ``paths``, ``names`` or ``strings``."""
        held = self.values.get(key) or ()  # null is as good as nothing
        assert isinstance(held, tuple)
        return tuple(one for one in held if isinstance(one, Entry))

    def word(self, key: str, default: str) -> str:
        """Return the mode under a key."""
        held = self.values.get(key)
        return held if isinstance(held, str) else default

    def flag(self, key: str) -> bool:
        """Return the flag under a key, false where it is not given."""
        return self.values.get(key) is True

    def numbers(self, key: str) -> tuple[int, ...]:
        """Return the ports under a key."""
        held = self.values.get(key) or ()  # null is as good as nothing
        assert isinstance(held, tuple)
        return tuple(one for one in held if isinstance(one, int))

    def ranges(self, key: str) -> tuple[tuple[int, int], ...]:
        """Return the ranges of ports under a key."""
        held = self.values.get(key) or ()  # null is as good as nothing
        assert isinstance(held, tuple)
        return tuple(one for one in held if isinstance(one, tuple))

    def where(self, key: str) -> Location | None:
        """Return where a key stands."""
        return Location(self.path, self.lines[key]) if key in self.lines else None


def read_nono(text: str, *, path: str = "<nono>") -> NonoProfile:
    """Read the text of a nono profile, without what it extends.

    Raises
    ------
    ExportError
        With path and line: the text is no JSON, a key is unknown, a value of the wrong kind.
    """
    return _Reading(path).profile(read_jsonc(text, path=path))


def from_values(values: Mapping[str, object], *, path: str) -> NonoProfile:
    """Make a profile of plain values, for the profiles that nono brings along."""
    return read_nono(json.dumps(values), path=path)


def merge(base: NonoProfile, child: NonoProfile) -> NonoProfile:
    """Return `child` on top of `base`: as nono merges what a profile extends with the profile."""
    values = dict(base.values)
    for key, held in child.values.items():
        before = values.get(key)
        if isinstance(held, tuple) and isinstance(before, tuple):
            values[key] = _grown(before, held)
        elif key == "network.block" and before is True:
            continue
        elif key == "workdir.access" and held == "none":
            values.setdefault(key, held)
        elif held is None and key != "network.network_profile":
            # A missing value, and a null, inherit; only this one is taken away by null.
            values.setdefault(key, held)
        elif key in _ANY_OF and held is False and before is True:
            continue
        else:
            values[key] = held
    overrides = child.overrides or base.overrides
    if child.overrides is not None and base.overrides is not None:
        overrides = merge(base.overrides, child.overrides)
    lines = {**base.lines, **child.lines}
    return NonoProfile(child.path, child.name, values, overrides, lines)


# Lists of which only is known whether they hold anything: an empty one adds nothing to a base.
_ANY_OF: Final = frozenset({"network.allow_domain", "network.custom_credentials"})


def _grown(before: tuple[object, ...], held: tuple[object, ...]) -> Held:
    """Append what is new; texts are the same whatever line they stand on."""
    seen: dict[object, object] = {}
    for one in (*before, *held):
        seen.setdefault((one.text, one.when) if isinstance(one, Entry) else one, one)
    return tuple(seen.values())  # type: ignore[return-value]  # of one kind, as both were


class _Reading:
    """The reading of one file; every error ends in its path and a line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[str, Held] = {}
        self.lines: dict[str, int] = {}
        self.overrides: NonoProfile | None = None

    def error(self, message: str, node: Node) -> ExportError:
        return ExportError(message, Location(self.path, node.line))

    def profile(self, top: Node, *, inside: bool = False) -> NonoProfile:
        for name, node in self._object(top, "the profile").items():
            if name in SECTIONS:
                for inner, value in self._object(node, name).items():
                    self._key(f"{name}.{inner}", value)
            elif name == "policy":
                self._policy(node)
            elif name == "platform_overrides":
                self._overrides(node, inside=inside)
            else:
                self._key(name, node)
            if name == "meta" and "meta.name" not in self.lines:
                raise self.error("nono requires meta.name wherever meta stands", node)
            if name == "extends" and inside:
                raise self.error("nono allows no extends inside platform_overrides", node)
        name_held = self.values.get("meta.name", "")
        found = name_held if isinstance(name_held, str) else ""
        return NonoProfile(self.path, found, self.values, self.overrides, self.lines)

    def _overrides(self, node: Node, *, inside: bool) -> None:
        if inside:
            raise self.error("nono allows no platform_overrides inside each other", node)
        self.lines["platform_overrides"] = node.line
        for system, value in self._object(node, "platform_overrides").items():
            if system not in {"macos", "linux", "windows"}:
                raise self.error(f"platform_overrides has no {system!r}", value)
            if value.value is not None:
                read = _Reading(self.path).profile(value, inside=True)
                self.overrides = read if system == "macos" else self.overrides

    def _policy(self, node: Node) -> None:
        for name, value in self._object(node, "policy").items():
            if name not in POLICY:
                raise self._unknown(f"policy.{name}", value, (f"policy.{one}" for one in POLICY))
            if POLICY[name]:
                self._store(POLICY[name], self._entries(f"policy.{name}", value, None), value)

    def _key(self, written: str, node: Node) -> None:
        key = ALIASES.get(written, written)
        kind = KEYS.get(key)
        if kind is None or key in {"policy", "platform_overrides"}:
            raise self._unknown(written, node, (*KEYS, *ALIASES))
        if node.value is None and key in OPTIONAL:
            self._store(key, None, node)
        elif kind != "any":
            self._store(key, self._held(written, key, kind, node), node)
        elif node.value not in (None, [], {}, False):
            self.lines[key] = node.line

    def _unknown(self, written: str, node: Node, known: object) -> ExportError:
        near = difflib.get_close_matches(written, list(known), 1)  # type: ignore[call-overload]
        hint = f"; did you mean {near[0]}?" if near else ""
        return self.error(f"{written!r} is no key of a nono profile{hint}", node)

    def _store(self, key: str, held: Held, node: Node) -> None:
        before = self.values.get(key)
        if isinstance(before, tuple) and isinstance(held, tuple):
            held = _grown(before, held)
        self.values[key] = held
        self.lines[key] = node.line

    def _held(self, written: str, key: str, kind: Kind, node: Node) -> Held:
        readers: dict[Kind, Callable[[], Held]] = {
            "paths": lambda: self._entries(written, node, "path"),
            "names": lambda: self._entries(written, node, "name"),
            "strings": lambda: self._entries(written, node, None),
            "one or more": lambda: self._entries(written, _listed(node), None),
            "ports": lambda: tuple(self._port(written, one) for one in self._list(node, written)),
            "ranges": lambda: self._ranges(written, node),
            "flag": lambda: self._flag(written, node),
            "text": lambda: self._text(written, node),
            "mode": lambda: self._mode(written, key, node),
            "present": lambda: isinstance(node.value, str) or bool(node.value),
        }
        return readers[kind]()

    def _entries(self, written: str, node: Node, inner: str | None) -> tuple[Entry, ...]:
        return tuple(self._entry(written, one, inner) for one in self._list(node, written))

    def _entry(self, written: str, node: Node, inner: str | None) -> Entry:
        place = Location(self.path, node.line)
        if isinstance(node.value, str):
            return Entry(node.value, place)
        if inner is None or not isinstance(node.value, dict):
            raise self.error(f"{written} must hold strings", node)
        if inner not in node.value:
            raise self.error(f"an entry of {written} lacks {inner!r}", node)
        for name, value in node.value.items():
            if name not in {inner, "when"}:
                raise self._unknown(f"{written}[].{name}", value, ())
        when: tuple[str, ...] = ()
        if "when" in node.value:
            conditions = _listed(node.value["when"])
            name = f"when of {written}"
            when = tuple(self._text(name, one) for one in self._list(conditions, name))
            if not when:
                raise self.error(f"{name} must not be empty", node)
        return Entry(self._text(f"{inner} of {written}", node.value[inner]), place, when)

    def _port(self, written: str, node: Node) -> int:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFFFF:
            raise self.error(f"{written} must hold ports, 0 to 65535", node)
        return value

    def _ranges(self, written: str, node: Node) -> tuple[tuple[int, int], ...]:
        found = []
        for one in self._list(node, written):
            ends = [self._port(written, end) for end in self._list(one, written)]
            if len(ends) != 2 or not 0 < ends[0] <= ends[1]:
                raise self.error(f"{written} must hold ranges, [first, last]", one)
            found.append((ends[0], ends[1]))
        return tuple(found)

    def _flag(self, written: str, node: Node) -> bool:
        if not isinstance(node.value, bool):
            raise self.error(f"{written} must be true or false", node)
        return node.value

    def _text(self, written: str, node: Node) -> str:
        if not isinstance(node.value, str):
            raise self.error(f"{written} must be a string", node)
        return node.value

    def _mode(self, written: str, key: str, node: Node) -> str:
        found = self._text(written, node)
        if found not in MODES[key]:
            raise self.error(f"{written} must be one of {', '.join(MODES[key])}", node)
        return found

    def _object(self, node: Node, name: str) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            raise self.error(f"{name} must be an object", node)
        return node.value

    def _list(self, node: Node, name: str) -> list[Node]:
        if not isinstance(node.value, list):
            raise self.error(f"{name} must be a list", node)
        return node.value


def _listed(node: Node) -> Node:
    return Node([node], node.line) if isinstance(node.value, str) else node

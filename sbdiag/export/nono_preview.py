"""The Seatbelt text that nono would apply, which it no longer prints.

``debug!`` printed the whole text up to v0.66; later versions print its size alone. The text here
is made from the profile by the rules of nono's source (see :mod:`.nono_emit`), so that it can be
read, evaluated, and replayed against a capture. Every block has a comment that names the construct
it comes from. What a file cannot tell is a parameter here, and what was assumed becomes a note.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from sbdiag.errors import ExportError, ProfileError, ProfileReadError
from sbdiag.export.nono_blocks import Block
from sbdiag.export.nono_emit import emit
from sbdiag.export.nono_groups import (
    BUILT_IN,
    DEFAULT,
    ELSEWHERE,
    GROUPS,
    REQUIRED_ELSEWHERE,
    SINCE_074,
    Version,
)
from sbdiag.export.nono_keys import NEW_KEYS, NOT_PREVIEWED
from sbdiag.export.nono_read import Entry, NonoProfile, from_values, merge, read_nono
from sbdiag.export.nono_setting import LINKS, Exists, Setting
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.sexpr import comment
from sbdiag.seatbelt.text import one_line

Source: TypeAlias = "str | Path"

DEFAULT_HOME: Final = "/Users/you"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_MAX_DEPTH: Final = 10


@dataclass(frozen=True)
class Preview:
    """What nono would apply.

    Attributes
    ----------
    text
        A whole profile, with a comment for each block.
    profile
        The same, evaluated. Its warnings are the notes. Where a base or a group is not given, it
        is as a profile with an import that was not found: nearly every answer is *unknown*.
    notes
        What was assumed, and what is left out, one sentence each.
    blocks
        The rules by the construct they come from, in order.
    lines
        The 1-based line of the comment of each block.
    """

    text: str
    profile: Profile
    notes: tuple[str, ...]
    blocks: tuple[Block, ...] = ()
    lines: tuple[int, ...] = ()

    def block_of(self, rule: Rule) -> Block | None:
        """Return the block that a rule of `profile` stands in."""
        location = rule.location
        if location is None or location.path != self.profile.path or not self.lines:
            return None
        number = bisect_right(self.lines, location.line) - 1
        return self.blocks[number] if number >= 0 else None


def preview_nono(
    source: Source,
    *,
    home: str = DEFAULT_HOME,
    workdir: str | None = None,
    environment: Mapping[str, str] | None = None,
    user_authored: bool = True,
    extends: Mapping[str, Source] = _NOTHING,
    exists: Exists = None,
    links: Mapping[str, str] = _NOTHING,
    macos: str | None = None,
    proxy_port: int | None = None,
    version: Version = "0.74",
    path: str | None = None,
) -> Preview:
    """Show the Seatbelt text that nono makes of a profile.

    Parameters
    ----------
    source
        A ``Path`` is a file; a ``str`` is the JSON itself, such as ``Export.text``.
    home
        The user's home directory.
    workdir
        What ``$WORKDIR`` stands for, and what ``workdir.access`` opens; without it both are left
        out.
    environment
        Variables of the shell in which nono starts. Without it a path that names one whose value
        nono does not know by itself is left out; and so are the rules for ``PATH``.
    user_authored
        Whether the user wrote the profile; of others nono drops the raw rules (since v0.67).
    extends
        The profiles that ``extends`` may name, by that name. Those that nono brings along are
        known, and beside a `source` that is a file the files ``<name>.json`` are. Any other makes
        the answers *unknown*.
    exists
        The paths that exist, or a function that tells; without it all do. nono skips a directory
        that does not exist.
    links
        Symbolic links and what they resolve to, beside ``/etc``, ``/tmp`` and ``/var``.
    macos
        The version of macOS for conditions such as ``macos:>=15``; without it they count as met.
    proxy_port
        The port of nono's proxy, where the profile asks for it; nono chooses one at each start.
    version
        Which nono: ``0.66`` or ``0.74``.
    path
        How errors call a `source` that is no file.

    Returns
    -------
    Preview

    Raises
    ------
    ExportError
        With path and line: the text is no nono profile, or nono refuses it.
    ProfileReadError
        A file cannot be read.
    ProfileError
        Seatbelt would refuse a raw rule; nono finds out when it starts.
    """
    name = path or (str(source) if isinstance(source, Path) else "<nono>")
    if not home.startswith("/") or home == "/":
        raise ExportError(f"the home directory must be an absolute path, not {home!r}")
    setting = Setting(
        home=home.rstrip("/"),
        workdir=workdir,
        environment=environment,
        exists=exists,
        links={**LINKS, **links},
        macos=macos,
        version=version,
        user_authored=user_authored,
        proxy_port=proxy_port,
    )
    unknown: list[str] = []
    blocks = _blocks(source, name, extends, setting, unknown)
    text, lines = _text(blocks)
    return _preview(text, blocks, lines, name, tuple(setting.notes), tuple(unknown))


def seatbelt_blocks(text: str, *, home: str = DEFAULT_HOME) -> tuple[Block, ...]:
    """Return only the rules of :func:`preview_nono` for JSON, without evaluating them."""
    return _blocks(text, "<nono>", {}, Setting(home=home), [])


def _blocks(
    source: Source,
    name: str,
    extends: Mapping[str, Source],
    setting: Setting,
    unknown: list[str],
) -> tuple[Block, ...]:
    own = read_nono(_read(source), path=name)
    given = _Bases(extends, setting, unknown).resolved(own, _directory(source), ())
    if given.overrides is not None:
        given = replace(merge(given, given.overrides), name=given.name)
    _about(given, setting)
    groups = _groups(given, setting, unknown)
    blocks = emit(given, groups, setting)
    if setting.exists is None:
        setting.note("paths are taken to exist; nono silently skips a directory that does not")
    setting.note("no links are resolved but /etc, /tmp, /var and those that are given")
    return blocks


def _preview(
    text: str,
    blocks: tuple[Block, ...],
    lines: tuple[int, ...],
    name: str,
    notes: tuple[str, ...],
    unknown: tuple[str, ...],
) -> Preview:
    called = f"<preview of {name}>"
    try:
        profile = parse_profile(text, path=called, missing_import="unknown")
    except ProfileError as error:
        place = error.location
        if place is None or place.path != called:
            raise
        block = blocks[max(0, bisect_right(lines, place.line) - 1)]
        # Same class: a limit stays a limit.
        raise type(error)(f"{block.origin}: {error.message}", block.location or place) from error
    missing = (*profile.unknown_imports, *unknown)
    profile = replace(
        profile,
        warnings=(*profile.warnings, *notes),
        unknown_imports=missing,
        settled_from=None if unknown else profile.settled_from,
    )
    return Preview(text, profile, notes, blocks, lines)


def _text(blocks: tuple[Block, ...]) -> tuple[str, tuple[int, ...]]:
    parts = ["(version 1)\n(deny default)\n"]
    lines = []
    line = 3
    for block in blocks:
        rules = (rule if isinstance(rule, str) else one_line(rule) for rule in block.rules)
        part = "\n".join(["", comment(block.origin), *rules, ""])
        lines.append(line + 1)
        line += part.count("\n")
        parts.append(part)
    return "".join(parts), tuple(lines)


def _read(source: Source) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text("utf-8")
    except OSError as error:
        raise ProfileReadError(f"cannot read {source}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ExportError(f"{source} is no UTF-8: {error.reason}") from error


def _directory(source: Source) -> Path | None:
    return source.parent if isinstance(source, Path) else None


class _Bases:
    """Finds what a profile extends: given by the caller, a file beside it, or nono's own."""

    def __init__(self, given: Mapping[str, Source], setting: Setting, unknown: list[str]) -> None:
        self.given, self.setting, self.unknown = given, setting, unknown

    def resolved(
        self, child: NonoProfile, directory: Path | None, chain: tuple[str, ...]
    ) -> NonoProfile:
        """Merge the bases of `child` from left to right, and then itself."""
        base: NonoProfile | None = None
        for entry in child.entries("extends"):
            if entry.text in chain:
                circle = " -> ".join((*chain, entry.text))
                raise ExportError(f"profiles extend each other: {circle}", entry.location)
            if len(chain) >= _MAX_DEPTH:
                raise ExportError("nono follows extends 10 profiles deep", entry.location)
            found = self._base(entry, directory, child.path)
            if found is None:
                self.setting.note(f"extends: {entry.text} is not given, so what it adds is unknown")
                self.unknown.append(f"{entry.text} (extends)")
                continue
            one = self.resolved(*found, (*chain, entry.text))
            base = one if base is None else merge(base, one)
        return child if base is None else merge(base, child)

    def _base(
        self, entry: Entry, directory: Path | None, path: str
    ) -> tuple[NonoProfile, Path | None] | None:
        name = entry.text
        plain = all(part.replace("-", "").isalnum() and part.isascii() for part in name.split("/"))
        if name in self.given:
            source = self.given[name]
            called = str(source) if isinstance(source, Path) else f"<{name}>"
            return read_nono(_read(source), path=called), _directory(source)
        beside = directory / f"{name}.json" if directory is not None and plain else None
        if beside is not None and beside.is_file() and str(beside) != path:
            return read_nono(_read(beside), path=str(beside)), directory
        known = BUILT_IN.get(name)
        if known is not None:
            return from_values({"meta": {"name": name}, **known}, path=f"<nono's {name}>"), None
        if name.count("/") > 1 or not all(name.split("/")) or name.startswith((".", "~")):
            raise ExportError(f"no name of a profile: {name!r}", entry.location)
        return None


def _groups(given: NonoProfile, setting: Setting, unknown: list[str]) -> tuple[str, ...]:
    """Return the groups that count: those of every profile, the included, without the excluded."""
    excluded = set()
    for entry in given.entries("groups.exclude"):
        if setting.applies(entry, f"groups.exclude: {entry.text}"):
            group = GROUPS.get(entry.text)
            if entry.text in REQUIRED_ELSEWHERE or (group is not None and group.required):
                raise ExportError(f"nono requires the group {entry.text}", entry.location)
            excluded.add(entry.text)
    found = dict.fromkeys(() if given.name == "default" else DEFAULT)
    for entry in given.entries("groups.include"):
        if entry.text in ELSEWHERE or not setting.applies(entry, f"groups.include: {entry.text}"):
            continue
        if entry.text in GROUPS and (setting.version != "0.66" or not _is_new(entry.text)):
            found[entry.text] = None
        elif entry.text not in excluded:
            setting.note(
                f"groups.include: {entry.text} is no group of nono's own {setting.version}, which "
                "refuses it unless a pack brings it along: what it adds is unknown"
            )
            unknown.append(f"{entry.text} (group)")
    return tuple(name for name in found if name not in excluded)


def _is_new(name: str) -> bool:
    return (name, "") in SINCE_074


def _about(given: NonoProfile, setting: Setting) -> None:
    """Take notes about keys that are not previewed, or that the version does not have."""
    for key in _noted(given):
        setting.note(f"{key} is not previewed: {NOT_PREVIEWED[key]}")
    if setting.version == "0.66":
        for key in given.lines:
            if key in NEW_KEYS:
                setting.note(f"{key} is no key that v0.66 knows; it refuses the profile")


def _noted(given: NonoProfile) -> Iterator[str]:
    for key in NOT_PREVIEWED:
        if key in given.lines and given.values.get(key, True) not in (False, None, ()):
            yield key

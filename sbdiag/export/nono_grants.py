"""The paths that a nono profile opens: of its groups and its own, in nono's order.

Source: nolabs-ai/nono ``crates/nono-cli/src/capability_ext.rs`` (``from_profile``), ``policy.rs``
(``add_fs_capability``), ``protected_paths.rs`` and ``crates/nono/src/capability.rs``
(``deduplicate``), v0.66.0 and v0.74.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.errors import ExportError
from sbdiag.export.nono_groups import FILES, GROUPS, PROTECTED, places
from sbdiag.export.nono_read import Entry, NonoProfile
from sbdiag.export.nono_setting import Setting

# Field of `filesystem`: with everything below, to read, to write.
FIELDS: Final[tuple[tuple[str, bool, bool, bool], ...]] = (
    ("allow", True, True, True),
    ("read", True, True, False),
    ("write", True, False, True),
    ("allow_file", False, True, True),
    ("read_file", False, True, False),
    ("write_file", False, False, True),
)
# Field for sockets: how far it reaches, and whether it may bind.
_SOCKETS: Final[tuple[tuple[str, str, bool], ...]] = (
    ("unix_socket", "file", False),
    ("unix_socket_bind", "file", True),
    ("unix_socket_dir", "children", False),
    ("unix_socket_dir_bind", "children", True),
    ("unix_socket_subtree", "subtree", False),
    ("unix_socket_subtree_bind", "subtree", True),
)

_SPECIAL: Final = frozenset(".+*?()[]{}|^$\\")


@dataclass(frozen=True, slots=True)
class Grant:
    """One opened path.

    Attributes
    ----------
    original, resolved
        As the profile names it, expanded, and with links resolved; nono writes rules for both.
    whole
        With everything below it, otherwise exactly the path.
    reads, writes
        What it is opened for.
    origin
        The construct that opens it.
    own
        By the profile itself and not by a group: some things only such a grant does.
    """

    original: str
    resolved: str
    whole: bool
    reads: bool
    writes: bool
    origin: str
    own: bool = True

    @property
    def forms(self) -> tuple[str, ...]:
        """The paths that get rules, the resolved one first."""
        return tuple(dict.fromkeys((self.resolved, self.original)))


@dataclass(frozen=True, slots=True)
class Socket:
    """One Unix socket, or those of a directory, that may be connected or also bound."""

    original: str
    resolved: str
    scope: str
    binds: bool
    origin: str

    @property
    def forms(self) -> tuple[str, ...]:
        """The paths that get rules, the resolved one first."""
        return tuple(dict.fromkeys((self.resolved, self.original)))


def group_grants(name: str, setting: Setting) -> Iterator[Grant]:
    """Yield what a group opens; a place that does not exist is skipped."""
    group = GROUPS[name]
    for written, reads, writes in (
        (group.read, True, False),
        (group.write, False, True),
        (group.both, True, True),
    ):
        for place in places(group, written, setting.version):
            origin = f"group {name}: {place}"
            path = setting.expand(place, origin=origin)
            if path is not None and setting.present(path):
                resolved = setting.resolve(path)
                whole = place not in FILES
                yield Grant(path, resolved, whole, reads, writes, origin, own=False)


def own_grants(given: NonoProfile, setting: Setting) -> Iterator[Grant]:
    """Yield what the profile's own fields open.

    Raises
    ------
    ExportError
        A path on, in or above nono's own state, which nono refuses.
    """
    roots = protected(setting)
    for name, whole, reads, writes in FIELDS:
        for origin, entry, path in expanded(given, f"filesystem.{name}", setting):
            if whole and "*" in path and setting.version != "0.66":
                setting.note(f"{origin}: a pattern, which nono looks up on the disk; left out")
                continue
            check_state(setting.resolve(path), whole, given, roots, entry)
            if whole and not setting.present(path):
                setting.note(f"{origin}: does not exist, and nono skips a missing directory")
                continue
            yield Grant(path, setting.resolve(path), whole, reads, writes, origin)


def sockets(given: NonoProfile, setting: Setting) -> Iterator[tuple[Socket, Grant | None]]:
    """Yield the sockets that the profile opens, each with the path that is opened for it."""
    roots = protected(setting)
    for name, scope, binds in _SOCKETS:
        for origin, entry, path in expanded(given, f"filesystem.{name}", setting):
            whole = scope != "file"
            check_state(setting.resolve(path), whole, given, roots, entry)
            resolved = setting.resolve(path)
            socket = Socket(path, resolved, scope, binds, origin)
            if setting.present(path):
                yield socket, Grant(path, resolved, whole, True, binds, origin)
            elif binds and not whole:
                # The file comes to be when it is bound, so its directory is opened.
                parent = next(paths.ancestors(path))
                yield socket, Grant(parent, setting.resolve(parent), True, True, True, origin)
            else:
                setting.note(f"{origin}: does not exist, and nono skips it")


def expanded(given: NonoProfile, key: str, setting: Setting) -> Iterator[tuple[str, Entry, str]]:
    """Yield origin, entry and path of the entries under a key that count and are known."""
    for entry in given.entries(key):
        origin = f"{key}: {entry.text}"
        if setting.applies(entry, origin):
            path = setting.expand(entry.text, origin=origin, location=entry.location)
            if path is not None:
                yield origin, entry, path


def protected(setting: Setting) -> tuple[str, ...]:
    """Return where nono keeps its own state."""
    found = (setting.expand(place, origin="nono's own state") for place in PROTECTED)
    return tuple(sorted({setting.resolve(path) for path in found if path is not None}))


def check_state(
    resolved: str, whole: bool, given: NonoProfile, roots: tuple[str, ...], entry: Entry
) -> None:
    """Raise an error where a path may not be opened: nono's own state is there, or below it."""
    for root in roots:
        inside = paths.below(resolved, root)
        above = whole and paths.below(root, resolved)
        if inside or (above and not given.flag("allow_parent_of_protected")):
            raise _refused(entry, root, above=above and not inside)


def _refused(entry: Entry, root: str, *, above: bool) -> ExportError:
    hint = " unless allow_parent_of_protected is true" if above else ""
    return ExportError(
        f"nono refuses to open {entry.text!r}: its own state is {root}{hint}", entry.location
    )


def one_each(grants: Iterable[Grant]) -> list[Grant]:
    """Leave one grant for each path and width: the profile's own before those of groups.

    Grants of one kind that read and write become one that does both; of others the one that does
    both is kept.
    """
    kept: dict[tuple[str, bool], Grant] = {}
    for new in grants:
        key = (new.original, new.whole)
        old = kept.get(key)
        if old is None:
            kept[key] = new
            continue
        both = new.reads and new.writes
        takes = new.own if new.own != old.own else both and not (old.reads and old.writes)
        winner = new if takes else old
        if (old.reads, old.writes) == (new.writes, new.reads) and not both:
            winner = replace(winner, reads=True, writes=True)
        if takes:
            # What is kept stands where it stood in the profile.
            del kept[key]
        kept[key] = winner
    return list(kept.values())


def escaped(path: str) -> str:
    """Return the pattern that takes exactly `path`."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in path)

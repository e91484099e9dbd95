"""What nono refuses whatever is granted, and the exceptions to it.

Source: nolabs-ai/nono ``crates/nono-cli/src/policy.rs`` (``add_deny_access_rules``,
``add_glob_deny_rules``, ``apply_deny_overrides``, ``apply_macos_keychain_db_exception``) and
``crates/nono/src/sandbox/macos.rs`` (``has_explicit_keychain_db_access``), v0.66.0 and v0.74.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sbdiag.diagnosis import paths
from sbdiag.errors import ExportError
from sbdiag.export.nono_blocks import Block, allow, deny, group_origin
from sbdiag.export.nono_grants import Grant, escaped, expanded
from sbdiag.export.nono_groups import GROUPS, KEYCHAINS, places
from sbdiag.export.nono_read import NonoProfile
from sbdiag.export.nono_setting import Setting
from sbdiag.seatbelt.rules import Filter, Rule


def forms_of(path: str, setting: Setting) -> tuple[str, ...]:
    """Return a path and what it resolves to: a refusal is written for both."""
    return tuple(dict.fromkeys((path, setting.resolve(path))))


def group_denies(name: str, setting: Setting) -> tuple[str, ...]:
    """Return the paths that a group refuses; they need not exist."""
    group = GROUPS[name]
    found = (
        setting.expand(place, origin=group_origin(name))
        for place in places(group, group.deny, setting.version)
    )
    return tuple(form for path in found if path is not None for form in forms_of(path, setting))


def denying(forms: Iterable[str], *, sockets_too: bool = True) -> Iterator[Rule]:
    """Yield the rules for refused paths: what they are called stays readable."""
    for path in forms:
        where = Filter("subpath", (path,))
        yield allow("file-read-metadata", where)
        yield deny("file-read-data", where)
        yield deny("file-write*", where)
        if sockets_too:
            yield deny("network-outbound", Filter("path", (path,)))


def group_blocks(name: str, setting: Setting) -> Iterator[Block]:
    """Yield the rules of a group that are no grants: refusals, and links by their own name."""
    group = GROUPS[name]
    yield Block(group_origin(name), tuple(denying(group_denies(name, setting))), refuses=True)
    if group.unlink:
        yield Block(group_origin(name), (deny("file-write-unlink"),))
    links = (allow("file-read*", Filter("subpath", (link,))) for link in group.links)
    yield Block(f"{group_origin(name)}, its links", tuple(links))


def is_pattern(path: str, setting: Setting) -> bool:
    """Tell whether the version of nono takes a path for a pattern."""
    return "*" in path and setting.version != "0.66"


def profile_denies(given: NonoProfile, setting: Setting) -> Iterator[Block]:
    """Yield what ``filesystem.deny`` makes of paths, and of patterns."""
    for origin, entry, path in expanded(given, "filesystem.deny", setting):
        if not is_pattern(path, setting):
            yield Block(origin, tuple(denying(forms_of(path, setting))), refuses=True)
            continue
        setting.note(f"{origin}: nono refuses what it finds on the disk by name as well")
        before, _, behind = path.partition("*")
        directory, _, start = before.rpartition("/")
        rest = f"{start}*{behind}"
        if any(one in rest for one in "?[]"):
            raise ExportError(f"nono takes only * and ** in a pattern: {path!r}", entry.location)
        where = Filter("regex", (f"^{escaped(setting.resolve(directory or '/'))}/{_glob(rest)}$",))
        yield Block(
            origin,
            (
                allow("file-read-metadata", where),
                deny("file-read-data", where),
                deny("file-write*", where),
                deny("network-outbound", where),
            ),
            refuses=True,
        )


def _glob(pattern: str) -> str:
    found = ""
    while pattern:
        for glob, regex in (("**/", "(?:.*/)?"), ("**", ".*"), ("*", "[^/]*")):
            if pattern.startswith(glob):
                found, pattern = found + regex, pattern[len(glob) :]
                break
        else:
            found, pattern = found + escaped(pattern[0]), pattern[1:]
    return found


def bypassed_blocks(
    given: NonoProfile, own: list[Grant], setting: Setting
) -> Iterator[tuple[str, str, Block]]:
    """Yield the two forms and the block of each path that `bypass_protection` opens again."""
    for origin, entry, path in expanded(given, "filesystem.bypass_protection", setting):
        if is_pattern(path, setting):
            setting.note(f"{origin}: a pattern, which nono looks up on the disk; left out")
            continue
        if not setting.present(path):
            setting.note(f"{origin}: does not exist, and nono skips it")
            continue
        resolved = setting.resolve(path)
        covering = [
            grant
            for grant in own
            if resolved == grant.resolved or (grant.whole and paths.below(resolved, grant.resolved))
        ]
        if not covering:
            raise ExportError(
                f"nono refuses bypass_protection {entry.text!r}: nothing opens the path",
                entry.location,
            )
        rules = []
        for form in dict.fromkeys((resolved, path)):
            where = Filter("subpath", (form,))
            if any(grant.reads for grant in covering):
                rules.append(allow("file-read-data", where))
            if any(grant.writes for grant in covering):
                rules.append(allow("file-write*", where))
        yield resolved, path, Block(origin, tuple(rules))


def exactly_refused(
    denied: Iterable[str], bypassed: list[tuple[str, str, Block]]
) -> frozenset[str]:
    """Return the refused paths; a grant for exactly one of them is dropped."""
    return frozenset(
        path
        for path in denied
        if not any(
            paths.below(path, form)
            for resolved, written, _ in bypassed
            for form in (resolved, written)
        )
    )


def keychain_blocks(grants: Iterable[Grant], setting: Setting) -> Iterator[Block]:
    """Yield the exception for a grant of exactly a keychain's file."""
    files = _keychains(setting)
    for grant in grants:
        counts = grant.own or setting.version == "0.66"
        if grant.whole or not counts or grant.resolved not in files:
            continue
        directory = escaped(grant.resolved.rpartition("/")[0])
        filters = (
            Filter("literal", (grant.resolved,)),
            Filter("regex", (rf"^{directory}/\.fl[0-9A-Fa-f]+$",)),
            Filter(
                "regex",
                (rf"^{directory}/[^/]+/(?:[^/]+\.db(?:-(?:wal|shm))?|user\.kb)$",),
            ),
        )
        operations = [
            *(("file-read-data", "file-read*") if grant.reads else ()),
            *(("file-write-data", "file-write*") if grant.writes else ()),
        ]
        rules = (allow(operation, one) for one in filters for operation in operations)
        yield Block(f"keychain exception, {grant.origin}", tuple(rules))


def _keychains(setting: Setting) -> frozenset[str]:
    found = (setting.expand(place, origin="keychains") for place in KEYCHAINS)
    return frozenset(path for path in found if path is not None)


def keychain_opened(grants: Iterable[Grant], setting: Setting) -> bool:
    """Whether a grant for a keychain lifts the denies of the services that read it."""
    files = _keychains(setting)
    if setting.version == "0.66":
        return any(not files.isdisjoint(grant.forms) for grant in grants)
    return any(
        any(paths.below(file, form) for file in files for form in grant.forms)
        if grant.whole
        else not files.isdisjoint(grant.forms)
        for grant in grants
        if grant.own
    )

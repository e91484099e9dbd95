"""The Seatbelt rules that nono makes of a profile, as blocks in its order.

Order and rules follow ``generate_profile`` of nolabs-ai/nono ``crates/nono/src/sandbox/macos.rs``;
the rules it calls platform rules follow ``crates/nono-cli/src/policy.rs``, ``capability_ext.rs``,
``sandbox_prepare.rs`` and ``protected_paths.rs``, at v0.66.0 and v0.74.0. What nono writes in hash
order is sorted here, and a pattern may escape a character in another way: the rules are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.errors import ExportError, Location
from sbdiag.export.nono_blocks import BASE, PARENTS, RAW, STATE, Block, allow, deny
from sbdiag.export.nono_grants import (
    Grant,
    Socket,
    check_state,
    escaped,
    expanded,
    group_grants,
    one_each,
    own_grants,
    protected,
    sockets,
)
from sbdiag.export.nono_groups import DENIED_SERVICES, GROUPS
from sbdiag.export.nono_network import network
from sbdiag.export.nono_raw import fault
from sbdiag.export.nono_read import Entry, NonoProfile
from sbdiag.export.nono_refusals import (
    bypassed_blocks,
    denying,
    exactly_refused,
    forms_of,
    group_blocks,
    group_denies,
    is_pattern,
    keychain_blocks,
    keychain_opened,
    profile_denies,
)
from sbdiag.export.nono_setting import Setting
from sbdiag.seatbelt.rules import Filter, Rule, Symbol

# The rule for a file written by way of a temporary one beside it, which is then renamed.
_ATOMIC: Final = {
    "0.66": (("file-write*",), "[0-9]+"),
    "0.74": (("file-write*", "file-read-metadata"), "[0-9a-f]+"),
}


def emit(given: NonoProfile, groups: tuple[str, ...], setting: Setting) -> tuple[Block, ...]:
    """Return the blocks of a profile whose bases are merged already.

    Parameters
    ----------
    given
        The profile.
    groups
        The groups that count, in order.
    setting
        What is assumed; takes the notes.

    Raises
    ------
    ExportError
        What nono refuses.
    """
    opened = [grant for name in groups for grant in group_grants(name, setting)]
    own = list(own_grants(given, setting))
    atomic = [grant for grant in own if grant.writes and not grant.whole]
    connected: list[Socket] = []
    for socket, grant in sockets(given, setting):
        connected.append(socket)
        own += [] if grant is None else [grant]
    bypassed = list(bypassed_blocks(given, own, setting))
    refused = [path for name in groups for path in group_denies(name, setting)]
    for _, _, path in expanded(given, "filesystem.deny", setting):
        refused += () if is_pattern(path, setting) else forms_of(path, setting)
    gone = exactly_refused(refused, bypassed)
    grants = [one for one in (*opened, *own) if one.whole or gone.isdisjoint(one.forms)]
    keychain = list(keychain_blocks(grants, setting))
    grants = one_each((*grants, *_workdir(given, setting)))
    blocks = [
        _base(given, grants, setting),
        *_file_blocks(grants),
        *(block for name in groups for block in group_blocks(name, setting)),
        *(_atomic(grant, setting) for grant in atomic),
        *profile_denies(given, setting),
        *(block for *_, block in bypassed),
        *keychain,
        *_raw(given, setting),
        Block(STATE, tuple(denying(protected(setting), sockets_too=False)), refuses=True),
        *(_deletable(grants, setting) if any(GROUPS[name].unlink for name in groups) else ()),
        *_search_path(setting),
        *(Block(origin, rules) for origin, rules in network(given, connected, setting)),
    ]
    return tuple(block for block in blocks if block.rules)


# --- the base -------------------------------------------------------------------------------


def _base(given: NonoProfile, grants: Iterable[Grant], setting: Setting) -> Block:
    own = Filter("target", (Symbol("self"),)), Filter("target", (Symbol("same-sandbox"),))

    def scoped(operation: str, key: str) -> Iterator[Rule]:
        if given.word(key, "isolated") == "allow_all":
            yield allow(operation)
        else:
            yield from (allow(operation, target) for target in own)

    services = () if keychain_opened(grants, setting) else DENIED_SERVICES
    rules = [
        allow("process-exec*"),
        allow("process-fork"),
        *scoped("process-info*", "security.process_info_mode"),
        allow("sysctl-read"),
        allow("mach-lookup"),
        *(deny("mach-lookup", Filter("global-name", (name,))) for name in services),
        allow("mach-per-user-lookup"),
        allow("mach-task-name"),
        deny("mach-priv*"),
        allow("ipc-posix-shm-read-data"),
        allow("ipc-posix-shm-write-data"),
        allow("ipc-posix-shm-write-create"),
    ]
    if given.word("security.ipc_mode", "") == "full":
        rules.append(allow("ipc-posix-sem*"))
    rules += scoped("signal", "security.signal_mode")
    rules += [allow("system-fsctl"), allow("system-info")]
    rules.append(allow("file-read*", Filter("literal", ("/",))))
    return Block(BASE, tuple(rules))


# --- what is opened -------------------------------------------------------------------------


def _file_blocks(grants: list[Grant]) -> Iterator[Block]:
    parents = {
        up for grant in grants for form in grant.forms for up in paths.ancestors(form) if up != "/"
    }
    yield Block(
        PARENTS,
        tuple(allow("file-read-metadata", Filter("literal", (up,))) for up in sorted(parents)),
    )
    readable = [grant for grant in grants if grant.reads]
    yield from _opening("file-map-executable", readable)
    terminals = (
        Filter("literal", ("/dev/tty",)),
        Filter("regex", ("^/dev/ttys[0-9]+$",)),
        Filter("regex", ("^/dev/pty[a-z][0-9a-f]+$",)),
    )
    yield Block("terminals", tuple(allow("file-ioctl", one) for one in terminals))
    yield from _opening("file-ioctl", grants)
    yield Block("terminals", (allow("pseudo-tty"),))
    yield from _opening("file-read*", readable)
    yield from _opening("file-write*", [grant for grant in grants if grant.writes])


def _opening(operation: str, grants: Iterable[Grant]) -> Iterator[Block]:
    """Yield one block for each construct; the places of a group stand together."""
    for origin, members in groupby(
        grants, key=lambda grant: grant.origin if grant.own else grant.origin.partition(":")[0]
    ):
        yield Block(
            origin,
            tuple(
                allow(operation, Filter("subpath" if grant.whole else "literal", (form,)))
                for grant in members
                for form in grant.forms
            ),
        )


def _workdir(given: NonoProfile, setting: Setting) -> Iterator[Grant]:
    access = given.word("workdir.access", "none")
    if access == "none":
        return
    path = None if setting.workdir is None else setting.workdir.rstrip("/")
    if not path:
        setting.note(f"workdir.access: {access}: the working directory is not given; left out")
        return
    setting.note(
        "workdir.access: granted only if the user agrees when nono starts; taken as agreed"
    )
    reads, writes = access != "write", access != "read"
    entry = Entry(path, given.where("workdir.access") or Location(given.path, 1))
    check_state(setting.resolve(path), True, given, protected(setting), entry)
    yield Grant(path, setting.resolve(path), True, reads, writes, f"workdir.access: {access}")


# --- rules beside the grants ----------------------------------------------------------------


def _temporary(path: str, setting: Setting) -> Filter:
    return Filter("regex", (rf"^{escaped(path)}\.tmp\.[0-9]+\.{_ATOMIC[setting.version][1]}$",))


def _atomic(grant: Grant, setting: Setting) -> Block:
    operations = " ".join(_ATOMIC[setting.version][0])
    rules = (allow(operations, _temporary(form, setting)) for form in grant.forms)
    return Block(f"{grant.origin}, its temporary file", tuple(rules))


def _raw(given: NonoProfile, setting: Setting) -> Iterator[Block]:
    entries = given.entries(RAW)
    if entries and not setting.user_authored and setting.version != "0.66":
        setting.note(
            f"{RAW}: dropped, as nono (since v0.67) takes them only from a profile that the user "
            "wrote: a file among the user's profiles, or one named by its path"
        )
        return
    for number, entry in enumerate(entries, 1):
        wrong = fault(entry.text)
        if wrong is not None:
            raise ExportError(f"nono refuses raw rule {number}: {wrong}", entry.location)
        yield Block(f"{RAW}, number {number}", (entry.text,), location=entry.location)


def _deletable(grants: Iterable[Grant], setting: Setting) -> Iterator[Block]:
    found: set[Filter] = set()
    for grant in grants:
        if grant.writes:
            form = "subpath" if grant.whole else "literal"
            found |= {Filter(form, (path,)) for path in grant.forms}
            if not grant.whole and setting.version != "0.66":
                found |= {_temporary(path, setting) for path in grant.forms}
    ordered = sorted(found, key=lambda one: (one.name, one.arguments[0]))
    yield Block(
        "group unlink_protection, what may be deleted",
        tuple(allow("file-write-unlink", one) for one in ordered),
    )


def _search_path(setting: Setting) -> Iterator[Block]:
    """Yield what lets a command be looked for in PATH: names, not contents."""
    if setting.version == "0.66":
        return
    given = (setting.environment or {}).get("PATH")
    if given is None:
        setting.note(
            "PATH is not given: nono also allows file-read-metadata on its directories and what "
            "lies directly in them"
        )
        return
    found = dict.fromkeys(part for part in given.split(":") if part.startswith("/"))
    above = dict.fromkeys(
        up for part in found for up in paths.ancestors(part) if up != "/" and up not in found
    )
    rules = []
    for part in found:
        rules.append(allow("file-read-metadata", Filter("literal", (part,))))
        direct = Filter("regex", (f"^{escaped(part)}/[^/]+$",))
        rules.append(allow("file-read-metadata", direct))
    rules += [allow("file-read-metadata", Filter("literal", (up,))) for up in above]
    yield Block("directories of PATH", tuple(rules))

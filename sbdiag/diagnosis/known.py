"""What is known by name: directories a product owns, system files, services of a VM start.

An entry of `PLACES` is wider than the evidence on purpose: using a file touches its data, metadata
and attributes, and a product keeps making new names in its own directory. So an entry carries its
operations, its width, the reason, and the source of that reason. Only ``widen="known"`` (and
``"siblings"``) looks here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import PathKind
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.operations import fallback_chain
from sbdiag.seatbelt.rules import Filter, Rule

_ARTICLE: Final = (
    "Brent Fitzgerald, Starting a VM from a macOS sandbox (2026): with these rules the VM boots"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A directory or file that one product or the system owns.

    Attributes
    ----------
    name
        What the rule's `entry` says.
    path
        Absolute, or ``~/…`` for any home directory.
    operations
        What the rule allows there; a refused operation that falls back to one of them brings the
        entry in.
    width
        ``subpath`` for a directory with everything below it, ``literal`` for one file.
    path_kind, purpose, source, warning
        See :class:`~sbdiag.diagnosis.ruleset.MinimalRule`.
    written
        Whether a start is attested to need writing there, whatever was refused first.
    """

    name: str
    path: str
    operations: tuple[str, ...]
    width: Literal["subpath", "literal"]
    path_kind: PathKind
    purpose: str
    source: str
    warning: str = ""
    written: bool = False


_READ_WRITE: Final = ("file-read*", "file-write*")

PLACES: Final[tuple[Place, ...]] = (
    Place(
        "lima-state",
        "~/.lima",
        _READ_WRITE,
        "subpath",
        "directory",
        "Lima keeps the state, disks and sockets of its instances here.",
        f"{_ARTICLE}; Lima's documentation of LIMA_HOME",
        warning="Lima's own SSH key for its guests lies below it, in _config.",
        written=True,
    ),
    Place(
        "lima-cache",
        "~/Library/Caches/lima",
        _READ_WRITE,
        "subpath",
        "directory",
        "Lima keeps downloaded guest images here.",
        _ARTICLE,
        written=True,
    ),
    Place(
        "colima-state",
        "~/.colima",
        _READ_WRITE,
        "subpath",
        "directory",
        "Colima keeps its configuration and, in _lima, the state of its VMs here.",
        "abiosoft/colima config/files.go: configBaseDir, limaDir",
        warning="Inferred: colima.yaml and Lima's SSH key (_lima/_config) lie below it; whoever "
        "writes here steers what colima and its VMs do outside this sandbox.",
    ),
    Place(
        "colima-cache",
        "~/Library/Caches/colima",
        _READ_WRITE,
        "subpath",
        "directory",
        "Colima keeps downloaded images here.",
        "abiosoft/colima config/files.go: cacheDir (os.UserCacheDir)",
    ),
    Place(
        "tart-home",
        "~/.tart",
        _READ_WRITE,
        "subpath",
        "directory",
        "Tart keeps its VMs and its image cache here.",
        "cirruslabs/tart Sources/tart/Config.swift: tartHomeDir, tartCacheDir",
        warning="Inferred: the configuration and disk of each VM lie below it; whoever writes here "
        "steers what tart runs outside this sandbox.",
    ),
    Place(
        "resolv.conf",
        "/private/var/run/resolv.conf",
        ("file-read*",),
        "literal",
        "file",
        "The system's DNS servers; /etc/resolv.conf is a link to it.",
        _ARTICLE,
    ),
)
# None lies in another one.
_PLACES_AT: Final = {place.path: place for place in PLACES}

_ONLY_READ: Final = "Only reads were refused below it; the rule opens it for writing too."

# The kernel cuts process names to 32 bytes in a target, to 16 elsewhere.
_VM_HOST: Final = "com.apple.Virtualization.VirtualMachine"
_VM_HOST_AS_PRINTED: Final = frozenset({_VM_HOST, _VM_HOST[:32], _VM_HOST[:31]})
VM_HOST_ENTRY: Final = "vz-host-task-name"


@dataclass(frozen=True, slots=True)
class Subject:
    """A name that says more than its operation does."""

    kinds: tuple[str, ...]
    name: str
    purpose: str
    source: str
    warning: str = ""


SUBJECTS: Final[tuple[Subject, ...]] = (
    Subject(
        ("xpc-service-name", "global-name"),
        _VM_HOST,
        "Virtualization looks up the XPC service that hosts the guest.",
        f"{_ARTICLE} with global-name; an ablation on macOS 27 needs xpc-service-name",
        warning="A guest's NAT traffic does not pass this sandbox's network rules.",
    ),
    Subject(
        ("extension-class",),
        "com.apple.virtualization.extension.fuse",
        "Lets the VM host share directories with the guest (virtio-fs).",
        _ARTICLE,
    ),
    Subject(
        ("extension-class",),
        "com.apple.virtualization.extension.rosetta-directory-share",
        "Lets the guest run x86-64 programs through Rosetta; the VM boots without it.",
        _ARTICLE,
    ),
)


@dataclass(frozen=True, slots=True)
class Widened:
    """A known rule that answers one access, and the entry it comes from."""

    rule: Rule
    entry: str
    purpose: str
    source: str
    path_kind: PathKind = "unknown"
    breadth: str = ""
    warning: str = ""


def known_rule(access: Access) -> Widened | None:
    """Return the rule of the table entry that answers `access`, ``None`` where none does.

    A place matches a clean absolute path by whole components, below any home directory for
    ``~/…``; a path that the kernel would not print matches nothing.
    """
    if access.operation == "mach-task-name":
        return _vm_host(access)
    path = access.value("path")
    if path is None or paths.fault(path) is not None or not paths.plain(path):
        return None
    found = _place(path)
    if found is None or not set(fallback_chain(access.operation)) & set(found[0].operations):
        return None
    place, at = found
    return Widened(
        Rule("allow", place.operations, (Filter(place.width, (at,)),)),
        place.name,
        place.purpose,
        place.source,
        place.path_kind,
        "everything below this directory" if place.width == "subpath" else "",
        place.warning,
    )


def only_read(entry: str | None, accesses: Iterable[Access]) -> str:
    """Say that a place is opened for writing though nothing below it was refused to be written.

    Empty where there was, where `entry` is no place that is opened so, and where a start is
    attested to write there.
    """
    place = next((place for place in PLACES if place.name == entry), None)
    if place is None or place.written or "file-write*" not in place.operations:
        return ""
    refused = {access.operation for access in accesses}
    return "" if any("file-write*" in fallback_chain(name) for name in refused) else _ONLY_READ


def place_of(path: str) -> Place | None:
    """Return the place of the table that `path` lies in, ``None`` where none does."""
    if paths.fault(path) is not None or not paths.plain(path):
        return None
    found = _place(path)
    return None if found is None else found[0]


def _place(path: str) -> tuple[Place, str] | None:
    """Return the place that a clean path lies in, and where it is."""
    home = paths.home_of(path) or ""
    written = paths.tilde(path, home) if home else path
    for at in (written, *paths.ancestors(written)):
        place = _PLACES_AT.get(at)
        if place is not None and (at == written or place.width == "subpath"):
            return place, home + at.removeprefix("~")
    return None


def _vm_host(access: Access) -> Widened | None:
    """Widen the task name of the VM host: the article measured the rule without a filter."""
    if access.value("target") != "others" or access.value("process") not in _VM_HOST_AS_PRINTED:
        return None
    return Widened(
        Rule("allow", ("mach-task-name",)),
        VM_HOST_ENTRY,
        "Virtualization watches the process that hosts the guest, which launchd started outside "
        "this sandbox.",
        f"{_ARTICLE}; measured without a filter",
        breadth="the task name of every process",
        warning="Narrower: (allow mach-task-name (target others)), used six times in profiles of "
        "macOS 26.4.1, not measured for a VM start. A VM on macOS 27 started with this refused.",
    )


def subject_of(access: Access) -> Subject | None:
    """Return what is known about the name that `access` asks for, ``None`` if nothing is."""
    if access.operation.startswith("file-"):
        return None
    values = set(access.values)
    return next(
        (
            subject
            for subject in SUBJECTS
            if any((kind, subject.name) in values for kind in subject.kinds)
        ),
        None,
    )

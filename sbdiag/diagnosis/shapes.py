"""Which filter answers a refused operation: the tightest the language has, and none invented.

`SHAPES` is the table, tightest row of an operation first, each with its grade and evidence: ``A``
shipped profile or measured, ``B`` follows from the filter table of libsandbox 13.0 (dumped by
blacktop/ipsw) and a seen log line, ``C`` field report or inference. :mod:`.exact` writes rules from
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from sbdiag.seatbelt.rules import Filter, Symbol

Grade = Literal["A", "B", "C"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One row: an operation whose line tells these kinds is answered by these filters.

    Attributes
    ----------
    operations
        Exact names; one that ends in ``-`` is a prefix.
    kinds
        What the line must tell, in the order it is printed; several become a ``require-all``.
        Empty: the operation has no filter of its own, or the line cannot supply one.
    grade, source
        How well the row is attested, and where.
    purpose
        One sentence for a reader of the profile.
    warning
        What that reader should know; empty where there is nothing.
    constant
        Filters that do not come from the line.
    """

    operations: tuple[str, ...]
    kinds: tuple[str, ...]
    grade: Grade
    purpose: str
    source: str
    warning: str = ""
    constant: tuple[Filter, ...] = ()


_SHIPPED: Final = "Apple's shipped profiles"
_TABLE: Final = "libsandbox 13.0 filter table"
_FILE: Final = "Reads or changes this one file or directory entry."
_EXTENSION: Final = (
    "Hands another process the right to this file, or to this directory and all that it holds."
)
_ISSUER: Final = "The issuer may also need the matching file-read or file-write right itself."
_LISTEN: Final = (
    "listen() also asks for network-inbound, and (allow network-inbound (local ip …)) alone "
    "covers the bind (microsoft/mxc 7e01c740)."
)
_NO_FILTER: Final = "The language has no filter for this operation."
_SOCKETS: Final[tuple[tuple[tuple[str, ...], Grade], ...]] = (
    (("socket-domain", "socket-type", "socket-protocol"), "B"),
    (("socket-domain", "socket-protocol"), "A"),
    (("socket-domain", "socket-type"), "B"),
    (("socket-domain",), "A"),
)

SHAPES: Final[tuple[Shape, ...]] = (
    Shape(
        ("file-issue-extension",),
        ("extension-class", "path"),
        "A",
        _EXTENSION,
        "Chromium gpu.sb; field report of the tested form",
        warning=_ISSUER,
    ),
    Shape(
        ("file-issue-extension",),
        ("path",),
        "B",
        _EXTENSION,
        f"{_TABLE}: category path",
        warning=f"The line does not say which class of extension: this allows all. {_ISSUER}",
    ),
    Shape(
        ("file-ioctl",),
        ("path", "ioctl-command"),
        "B",
        "Sends one device command to this file.",
        f"{_TABLE}: categories path and ioctl; _IO form in Apple's platform profile",
    ),
    Shape(
        ("file-ioctl",),
        ("path",),
        "A",
        "Sends device commands to this file.",
        _SHIPPED,
    ),
    Shape(("file-",), ("path",), "A", _FILE, _SHIPPED),
    Shape(
        ("qtn-user",),
        ("path",),
        "B",
        "Changes the quarantine mark of this file.",
        f"{_TABLE}: path",
    ),
    Shape(("qtn-user",), (), "A", "Changes quarantine marks.", _SHIPPED, warning=_NO_FILTER),
    Shape(
        ("process-exec*",),
        ("path",),
        "A",
        "Runs this program.",
        "Apple's shipped profiles; process-exec is the version 1 alias of process-exec*",
    ),
    Shape(
        ("process-exec-interpreter",),
        ("path",),
        "A",
        "Runs this program as the interpreter of a script.",
        _SHIPPED,
    ),
    Shape(("process-fork",), (), "A", "Starts child processes.", _SHIPPED, warning=_NO_FILTER),
    Shape(
        ("process-info-listpids",),
        (),
        "A",
        "Lists the processes of the machine.",
        f"{_TABLE}: no target category",
        warning=_NO_FILTER,
    ),
    Shape(
        ("process-info-", "process-info*"),
        ("target",),
        "A",
        "Asks for facts about processes of this kind.",
        "Mozilla's content profile: (allow process-info-pidinfo … (target self))",
    ),
    Shape(
        ("process-codesigning", "process-codesigning*", "process-codesigning-", "process-legacy-"),
        ("target",),
        "A",
        "Asks for the code signing state of processes of this kind.",
        "Apple's application.sb",
        warning="Renamed in macOS 13.0 and 14.4: the name must be one that your system knows.",
    ),
    Shape(
        ("process-codesigning-status*",),
        (),
        "A",
        "Asks for its own code signing state.",
        "Apple's application.sb",
        warning="Renamed in macOS 13.0 and 14.4: the name must be one that your system knows.",
        constant=(Filter("target", (Symbol("self"),)),),
    ),
    Shape(("mach-lookup",), ("global-name",), "A", "Reaches this system service.", _SHIPPED),
    Shape(
        ("mach-lookup",),
        ("xpc-service-name",),
        "A",
        "Reaches this XPC service.",
        "Chromium gpu.sb and WebKit use xpc-service-name; the article booted a VM with "
        "global-name, a macOS 27 ablation with xpc-service-name only",
    ),
    Shape(
        ("mach-lookup",),
        ("local-name",),
        "A",
        "Reaches this service of its own process.",
        "Apple's com.apple.KeyboardAccessAgent.sb names (per-pid) beside local-name-prefix",
    ),
    Shape(
        ("mach-register",),
        ("global-name",),
        "A",
        "Offers this service.",
        "Apple's shipped profiles; Chromium",
    ),
    Shape(
        ("mach-register",),
        ("local-name",),
        "A",
        "Offers this service within its own process.",
        'Apple\'s system.sb: (allow mach-register (local-name-prefix ""))',
    ),
    Shape(("mach-register",), ("xpc-service-name",), "B", "Offers this XPC service.", _TABLE),
    Shape(
        ("mach-cross-domain-lookup",),
        ("global-name",),
        "B",
        "Reaches this service of another launchd domain.",
        f"{_TABLE} accepts a name",
        warning="Other notes know no filter here; if it is refused, write the operation alone.",
    ),
    Shape(
        ("mach-cross-domain-lookup",),
        (),
        "B",
        "Reaches services of another launchd domain.",
        _TABLE,
        warning=_NO_FILTER,
    ),
    *(
        Shape(
            ("mach-issue-extension",),
            kinds,
            "B",
            "Hands another process the right to reach a service.",
            f"{_TABLE}; used in profiles of macOS 26.4.1; no log line seen",
        )
        for kinds in (
            ("extension-class", "global-name"),
            ("extension-class", "xpc-service-name"),
            ("extension-class", "local-name"),
            ("extension-class",),
        )
    ),
    Shape(
        ("generic-issue-extension",),
        ("extension-class",),
        "A",
        "Hands another process a right of this class.",
        "the article: with these rules the VM boots",
    ),
    Shape(
        ("iokit-issue-extension",),
        ("extension-class",),
        "B",
        "Hands another process the right to open a driver.",
        f"{_TABLE}; used in profiles of macOS 26.4.1; no log line seen",
    ),
    Shape(
        ("mach-task-name",),
        ("target",),
        "A",
        "Gets the name of another process's task, to watch it.",
        "six uses of (target …) on mach-task-name in profiles of macOS 26.4.1",
    ),
    Shape(
        ("mach-priv-task-port", "mach-task-"),
        ("target",),
        "A",
        "Gets a port on the task of another process.",
        "sandbox-runtime: (allow mach-priv-task-port (target same-sandbox))",
        warning="A task port may control the process; mach-priv-task-port also grants "
        "mach-task-name (fallback table, macOS 12 and later).",
    ),
    Shape(
        ("mach-priv-host-port", "mach-bootstrap"),
        (),
        "B",
        "Uses a port of the system itself.",
        _TABLE,
        warning=_NO_FILTER,
    ),
    Shape(
        ("signal",),
        ("target", "signal-number"),
        "B",
        "Sends this signal to processes of this kind.",
        f"{_TABLE}: categories target and signal",
    ),
    Shape(("signal",), ("target",), "A", "Sends signals to processes of this kind.", _SHIPPED),
    Shape(("sysctl-read",), ("sysctl-name",), "A", "Reads this kernel value.", _SHIPPED),
    Shape(
        ("sysctl-write",),
        ("sysctl-name",),
        "A",
        "Writes this kernel value, or reads it with a buffer passed along.",
        "Apple's shipped profiles; codex: a read of kern.grade_cputype logs as sysctl-write",
        warning="Under (version 1) sysctl-write is an alias of sysctl*: reading is allowed too.",
    ),
    Shape(("network-",), ("unix-socket",), "A", "Uses this local socket.", "Chromium; system.sb"),
    Shape(
        ("network-",),
        ("remote",),
        "A",
        "Connects to other machines on this port.",
        "microsoft/mxc issue 946: a host can only be * or localhost",
    ),
    Shape(
        ("network-bind",),
        ("local",),
        "B",
        "Binds this local port.",
        f"{_TABLE}; microsoft/mxc 7e01c740",
        warning=_LISTEN,
    ),
    Shape(
        ("network-outbound",),
        ("local",),
        "B",
        "Sends from this local port.",
        f"{_TABLE}; no log line seen",
        warning="To any host: the line does not tell the other end.",
    ),
    Shape(
        ("network-",),
        ("local",),
        "A",
        "Accepts connections on this port.",
        'measured: (local ip "localhost:*") (agent-safehouse commit 8b81516)',
    ),
    *(
        Shape(
            ("system-socket",),
            kinds,
            grade,
            "Opens sockets of this family.",
            "sandbox-runtime and nono: (require-all (socket-domain …) (socket-protocol …))",
        )
        for kinds, grade in _SOCKETS
    ),
    Shape(
        ("system-socket",),
        (),
        "C",
        "Opens sockets.",
        "old lines tell nothing about the socket",
        warning="The line does not say which family: this allows all of them.",
    ),
    Shape(
        ("ipc-posix-sem*",),
        ("ipc-posix-name",),
        "A",
        "Uses this semaphore.",
        "system.sb, codex; ipc-posix-sem is the version 1 alias of ipc-posix-sem*",
    ),
    Shape(
        ("ipc-posix-shm*",),
        ("ipc-posix-name",),
        "A",
        "Uses this shared memory.",
        "system.sb, codex; ipc-posix-shm is unbound under (version 3)",
    ),
    Shape(
        ("ipc-posix-",),
        ("ipc-posix-name",),
        "A",
        "Uses this shared memory or semaphore.",
        "system.sb, codex",
    ),
    Shape(
        ("iokit-open-user-client",),
        ("iokit-user-client-class",),
        "A",
        "Opens this kind of driver connection.",
        "system profiles of macOS 26; field report",
    ),
    Shape(
        ("iokit-open-service", "iokit-open", "iokit-open*"),
        ("iokit-registry-entry-class",),
        "A",
        "Opens this kind of driver.",
        "Apple's system.sb of macOS 15; under (version 1) iokit-user-client-class is an alias "
        "of iokit-registry-entry-class",
    ),
    *(
        Shape(
            ("iokit-get-properties", "iokit-set-properties"),
            kinds,
            "A",
            "Reads or sets a property of this kind of driver.",
            "Mozilla's profile, iokit-get-properties inside with-filter",
        )
        for kinds in (
            ("iokit-registry-entry-class", "iokit-property"),
            ("iokit-registry-entry-class",),
        )
    ),
    Shape(
        ("user-preference-", "managed-preference-"),
        ("preference-domain",),
        "A",
        "Reads or writes this preference domain.",
        "Apple's shipped profiles; newer logs print the domain in lower case, where the filter "
        "does not tell case apart",
    ),
    Shape(
        ("system-info",),
        ("info-type",),
        "A",
        "Asks for this fact about the system.",
        'profiles of macOS 26.4.1: (info-type "net.link.addr")',
    ),
    Shape(
        ("system-fsctl",),
        ("fsctl-command",),
        "A",
        "Sends one command to a file system.",
        "63 uses of _IO in Apple's profiles",
    ),
    Shape(("system-fcntl",), ("fcntl-command",), "B", "Uses one file descriptor command.", _TABLE),
    Shape(
        ("system-privilege",),
        ("privilege-id",),
        "B",
        "Uses one privilege of the super-user.",
        f"{_TABLE}; usually refused by System Policy instead",
    ),
    Shape(
        ("syscall-unix",), ("syscall-number",), "A", "Makes this system call.", "Chromium common.sb"
    ),
    Shape(
        ("appleevent-send",),
        ("appleevent-destination",),
        "A",
        "Sends Apple events to this application.",
        "profiles of macOS 26.4.1",
        warning="The user is still asked for consent (TCC).",
    ),
    Shape(
        ("authorization-right-obtain",),
        ("right-name",),
        "A",
        "Obtains this authorization right.",
        "Apple's authd.sb; no log line seen",
    ),
    Shape(
        ("distributed-notification-post", "darwin-notification-post"),
        ("notification-name",),
        "A",
        "Posts this notification.",
        f"{_SHIPPED}; {_TABLE}",
    ),
    Shape(
        ("nvram-",),
        ("nvram-variable",),
        "A",
        "Uses this firmware variable.",
        "Apple's application.sb",
    ),
    *(
        Shape((operation,), (), "A", purpose, _SHIPPED, warning=_NO_FILTER)
        for operation, purpose in (
            ("lsopen", "Opens documents and applications through LaunchServices."),
            ("hid-control", "Controls input devices."),
            ("job-creation", "Creates launchd jobs."),
            ("pseudo-tty", "Opens pseudo terminals."),
            ("device-camera", "Uses the camera."),
            ("device-microphone", "Uses the microphone."),
            ("dynamic-code-generation", "Makes memory executable."),
        )
    ),
)


@cache
def shapes_of(operation: str) -> tuple[Shape, ...]:
    """Return the rows for an operation of the table, tightest first; empty if no row knows it."""
    return tuple(shape for shape in SHAPES if _names(shape, operation))


def _names(shape: Shape, operation: str) -> bool:
    return any(
        operation.startswith(name) if name.endswith("-") else operation == name
        for name in shape.operations
    )

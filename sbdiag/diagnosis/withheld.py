"""Denials that get no rule on their own, by table: which class, why, and who says so.

Sensitive places and known noise can be asked for by name (``sensitive=("ssh-keys",)``); everything
else here has no rule that would help, or is no evidence of a refusal.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final, get_args

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import WithheldReason
from sbdiag.diagnosis.sensitive import sensitive_entry
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.profile import Profile

# In which order classes are shown.
CLASS_ORDER: Final[tuple[WithheldReason, ...]] = get_args(WithheldReason)


@dataclass(frozen=True, slots=True)
class Class:
    """Why a denial is withheld; `name` is the table entry to ask for it, where one can."""

    reason: WithheldReason
    explanation: str
    source: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Noise:
    """Accesses that programs make and do without."""

    name: str
    operations: tuple[str, ...]
    kind: str
    values: tuple[str, ...]
    explanation: str
    source: str


NOISE: Final[tuple[Noise, ...]] = (
    Noise(
        "dtrace-helper",
        ("file-read-data", "file-write-data", "file-read-metadata", "file-ioctl"),
        "path",
        ("/dev/dtracehelper",),
        "dyld offers a program's DTrace probes here at every start, and goes on without.",
        "curl, qlmanage and codex are refused it and run; DYLD_USE_DTRACE=0 stops it",
    ),
    Noise(
        "logging",
        ("mach-lookup",),
        "global-name",
        ("com.apple.diagnosticd", "com.apple.logd"),
        "Only a program's own log messages need this.",
        "os_log's daemons; git, curl, mpv and codex are refused them and run",
    ),
    Noise(
        "text-encoding",
        ("file-read-data", "file-read-metadata"),
        "path",
        ("~/.CFUserTextEncoding",),
        "CoreFoundation looks up the user's text encoding at start, and has a default.",
        "swift-corelibs-foundation CFStringEncodings; curl is refused it and runs",
    ),
    Noise(
        "autofs-nowait",
        ("file-read-data", "file-read-metadata"),
        "path",
        ("/dev/autofs_nowait",),
        "CoreFoundation asks not to wait for automounted disks, and goes on without.",
        "CoreFoundation CFFileUtilities: openAutoFSNoWait may return -1; curl and ollama run",
    ),
)

# The name of the refusal decides, and no rule of the profile lifts it.
FORBIDDEN: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "forbidden-exec-sugid",
        "A set-user-id program: only (allow process-exec* … (with no-sandbox)) runs it, outside "
        "the sandbox.",
        "Homebrew and codex do so for /bin/ps",
    ),
    (
        "forbidden-sandbox-reinit",
        "A sandbox inside a sandbox: they do not nest.",
        "many field reports",
    ),
    (
        "forbidden-link-priv",
        "A hard link to a file that the process may not use: allow the operation in angle "
        "brackets on the first path instead.",
        "field report",
    ),
    (
        "forbidden-map-ls-database",
        "The LaunchServices database: it goes through the lookup of its service instead.",
        "field report",
    ),
    ("forbidden-", "No rule of a profile lifts this refusal.", "field report"),
)

# Where Seatbelt's own policy allows the access whatever the profile says.
_ALWAYS: Final = (("signal", "self"), ("mach-task-name", "self"))

_DOUBTFUL: Final = Class(
    "doubtful-origin",
    "Neither the kernel nor sandboxd wrote this line: any program can print one like it.",
    "the unified log names the sender of each line",
)
_ALLOWED_REPORT: Final = Class(
    "allow-report",
    "Allowed, and reported because the profile says (with report).",
    "lines of sing-box and curl under (allow … (with report))",
)
_SYSTEM_POLICY: Final = Class(
    "system-policy",
    "System Policy refused it (SIP, TCC or the platform profile): no rule of yours helps.",
    "field reports",
)
_SELF: Final = Class(
    "already-allowed",
    "Seatbelt always allows this on the process itself: something else refused it.",
    "policy.scm in libsandbox (knightsc/sandbox_profiles)",
)


# What a program names as it likes, where nothing need follow it in the line.
_GOES_ON: Final = frozenset(
    {
        "appleevent-destination",
        "global-name",
        "iokit-property",
        "ipc-posix-name",
        "notification-name",
        "nvram-variable",
        "path",
        "preference-domain",
        "right-name",
        "sysctl-name",
        "unix-socket",
    }
)
_MAY_BE_CUT: Final = (
    "A line stands under this denial: the message of a rule, or the rest of a name with a line end "
    "in it. Then this rule is for another file; the profile in force would tell."
)


def withheld_class(access: Access, *, verdict: str, layer: str, origin: str) -> Class | None:
    """Return why `access` gets no rule on its own; ``None`` where it may.

    Parameters
    ----------
    access
        What was refused.
    verdict, layer, origin
        As in the denials frame; an empty text where the frame does not say.
    """
    if origin == "other":
        return _DOUBTFUL
    if verdict == "allow":
        return _ALLOWED_REPORT
    if layer == "system-policy":
        return _SYSTEM_POLICY
    for name, explanation, source in FORBIDDEN:
        if access.operation.startswith(name):
            return Class("forbidden", explanation, source)
    if (access.operation, access.value("target")) in _ALWAYS:
        return _SELF
    secret = sensitive_entry(access)
    if secret is not None:
        return Class("sensitive", secret.explanation, secret.source, secret.name)
    return _noise(access)


def messages_of_rules(tagged: Iterable[tuple[Access, str]]) -> frozenset[str]:
    """Return the lines that stand under the denials of different accesses.

    They are messages of rules, most likely: the rest of a name stands under that name alone. A
    program could make two such names, and would gain rules for two others that it may ask for
    anyway.
    """
    under: dict[str, set[Access]] = {}
    for access, tag in tagged:
        under.setdefault(tag, set()).add(access)
    return frozenset(tag for tag, accesses in under.items() if tag and len(accesses) > 1)


def cut_short(
    access: Access, tag: str, profile: Profile | None, messages: Container[str] = ()
) -> str:
    """Say whether the name of an access may go on in the line under the denial.

    A rule's ``(with message …)`` stands in that line, and so does what follows a line end in the
    name of a file: a program that makes a file ``/a``, line end, ``b`` is refused what reads as
    ``/a``. It gains nothing by that, since it could ask for ``/a``; but a rule for ``/a`` would
    not help it.

    Parameters
    ----------
    access, tag
        What was refused, and the line under it.
    profile
        What was in force: its messages are none of a name.
    messages
        Other lines that are taken for messages, see :func:`messages_of_rules`.

    Returns
    -------
    str
        The doubt to warn of, empty where there is none.
    """
    goes_on = any(
        kind in _GOES_ON and (access.detail or "").endswith(value) for kind, value in access.values
    )
    if not goes_on or tag in messages or (profile is not None and _says(profile, tag)):
        return ""
    return _MAY_BE_CUT


def _says(profile: Profile, tag: str) -> bool:
    """Return whether a rule of the profile has a message in which the line stands."""
    lines = {line.strip() for line in tag.split("\n")}
    return any(
        lines <= {line.strip() for line in modifier.argument.split("\n")}
        for rule in profile.rules
        for modifier in rule.modifiers
        if modifier.name == "message" and isinstance(modifier.argument, str)
    )


def _noise(access: Access) -> Class | None:
    for entry in NOISE:
        if access.operation not in entry.operations:
            continue
        value = access.value(entry.kind)
        if value is not None and not {value, paths.tilde(value)}.isdisjoint(entry.values):
            return Class("noise", entry.explanation, entry.source, entry.name)
    return None

"""What one request asks for, taken out of the detail that the kernel prints.

``parse_access("signal", "others [Safari(5085)] signum:15")`` gives the filter kinds that decide
the request (``target`` others, ``signal-number`` 15) and what only describes it (``process``,
``pid``). The reader fills ``target_kind`` and ``target_name`` from the first value; the evaluator
and the rule writer use all of them.

The shapes are those of real lines (see ``tests/seatbelt/test_access.py``); which kind an
operation's bare detail is of follows the filter table of libsandbox 13.0 (blacktop/ipsw dump) and
Apple's own profiles, see ``SUBJECTS``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# What the bare detail of an operation names. First match wins; a trailing star is a prefix.
# kind, and the evidence: shipped (Apple's or a browser's profiles), table (libsandbox 13.0), log.
SUBJECTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("file-*", "path", "shipped"),
    ("process-exec*", "path", "shipped"),
    ("fs-snapshot*", "path", "table"),
    ("forbidden-link-priv*", "path", "log"),
    ("mach-lookup", "global-name", "shipped"),
    ("mach-register", "global-name", "shipped"),
    ("mach-cross-domain-lookup", "global-name", "log"),
    ("mach-issue-extension", "extension-class", "table"),
    ("generic-issue-extension", "extension-class", "log"),
    ("iokit-issue-extension", "extension-class", "table"),
    ("mach-task-*", "target", "shipped"),
    ("mach-priv-task-port", "target", "shipped"),
    ("process-info*", "target", "shipped"),
    ("process-codesigning*", "target", "shipped"),
    ("signal", "target", "shipped"),
    ("sysctl-*", "sysctl-name", "shipped"),
    ("ipc-posix-*", "ipc-posix-name", "shipped"),
    ("iokit-open-user-client", "iokit-user-client-class", "shipped"),
    ("iokit-open*", "iokit-registry-entry-class", "shipped"),
    ("iokit-*", "iokit-registry-entry-class", "shipped"),
    ("user-preference-*", "preference-domain", "shipped"),
    ("managed-preference-*", "preference-domain", "table"),
    ("system-info", "info-type", "shipped"),
    ("system-fsctl", "fsctl-command", "shipped"),
    ("system-fcntl", "fcntl-command", "table"),
    ("system-privilege", "privilege-id", "table"),
    ("syscall-unix", "syscall-number", "shipped"),
    ("appleevent-send", "appleevent-destination", "shipped"),
    ("authorization-right-obtain", "right-name", "shipped"),
    ("distributed-notification-post", "notification-name", "shipped"),
    ("darwin-notification-post", "notification-name", "table"),
    ("nvram-*", "nvram-variable", "shipped"),
)

TARGETS: Final = ("self", "pgrp", "others", "children", "same-sandbox", "initproc")

# ``key:value`` pairs of composed details; a value runs to the next key, so paths keep spaces.
_KEYS: Final = {
    "path": "path",
    "target": "path",
    "extension-class": "extension-class",
    "ioctl-command": "ioctl-command",
    "iokit-class": "iokit-registry-entry-class",
    "property": "iokit-property",
    "domain": "socket-domain",
    "type": "socket-type",
    "protocol": "socket-protocol",
    "signum": "signal-number",
    "global-name": "global-name",
    "xpc-service-name": "xpc-service-name",
    "local-name": "local-name",
}
# Which keys an operation composes its detail of: any other colon belongs to the value.
_COMPOSED: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("file-ioctl", ("path", "ioctl-command")),
    ("socket-ioctl", ("path", "ioctl-command")),
    ("file-issue-extension", ("target", "extension-class")),
    ("generic-issue-extension", ("extension-class",)),
    ("mach-issue-extension", ("extension-class", "global-name", "xpc-service-name", "local-name")),
    ("iokit-issue-extension", ("extension-class", "iokit-class")),
    ("iokit-get-properties", ("iokit-class", "property")),
    ("iokit-set-properties", ("iokit-class", "property")),
    ("system-socket", ("domain", "type", "protocol")),
)
_TARGET = re.compile(
    rf"(?P<target>{'|'.join(TARGETS)})"
    r"(?:\s+\[(?P<process>.*?)(?:\((?P<pid>-?\d+)\))?\])?"
    r"(?:\s+signum:(?P<signum>\d+))?"
)
_ADDRESS = re.compile(
    r"(?:(?P<side>remote|local):)?(?P<host>\*|\[[^\]]*\]|[0-9A-Fa-f.:]+|localhost):(?P<port>\*|\d+)"
)
_HIDDEN = re.compile(r"\A\s*\Z|<private>|<…>\Z|(?:\A|/)(?:\.{3,4}|…)|(?:\.\.\.|…)\Z")
_MACH_SUFFIX: Final = (
    (" (xpc)", "xpc-service-name"),
    (" (per-pid)", "local-name"),
)
_SIDES: Final = {"network-outbound": "remote", "network-bind": "local", "network-inbound": "local"}


@dataclass(frozen=True, slots=True)
class Access:
    """One request, as the evaluator sees it.

    Attributes
    ----------
    operation
        Exact name, with its star if the log printed one.
    values
        ``(kind, value)`` in printed order. Kinds are filter names, and beside them
        ``unix-socket`` (a path under ``network-*``), ``process`` and ``pid`` (description only).
        ``xpc-service-name`` stands for the printed ``(xpc)``: field reports disagree on
        whether a ``global-name`` rule answers it, so an evaluator must say *unknown* there.
    detail
        The detail verbatim, ``None`` where there was none.
    """

    operation: str
    values: tuple[tuple[str, str], ...] = ()
    detail: str | None = None

    @property
    def kind(self) -> str | None:
        """The kind of the first value: what the request is about."""
        return self.values[0][0] if self.values else None

    @property
    def name(self) -> str | None:
        """The first value: what the request is about."""
        return self.values[0][1] if self.values else None

    def value(self, kind: str) -> str | None:
        """Return the value of one kind, ``None`` if the detail does not say."""
        return next((value for key, value in self.values if key == kind), None)


def subject_kind(operation: str) -> str | None:
    """Return the kind that the bare detail of `operation` names, ``None`` if no table row knows."""
    for pattern, kind, _evidence in SUBJECTS:
        if operation == pattern or (pattern.endswith("*") and operation.startswith(pattern[:-1])):
            return kind
    return None


def parse_access(operation: str, detail: str | None) -> Access:
    """Read the printed detail of one request.

    Parameters
    ----------
    operation
        The operation as printed, ``file-read-data`` or ``process-exec*``.
    detail
        What stands behind it, verbatim; ``None`` or empty where nothing does.

    Returns
    -------
    Access
        With no values where the detail is absent, hidden (``<private>``), cut (by the kernel
        with ``<…>`` at its size limit, by an author with ``...`` for a part of a path) or of a
        shape that no known line has; the detail itself is always kept.
    """
    if not detail or _HIDDEN.search(detail):
        return Access(operation, (), detail or None)
    return Access(operation, _values(operation, detail), detail)


def _values(operation: str, detail: str) -> tuple[tuple[str, str], ...]:
    if operation.startswith("network-"):
        return _network(operation, detail)
    for name, keys in _COMPOSED:
        if operation == name:
            composed = _pairs(detail, keys)
            if composed or operation == "file-issue-extension":  # no line has its path alone
                return composed
    kind = subject_kind(operation)
    if kind == "target":
        return _target(detail)
    if kind == "global-name":
        for suffix, suffix_kind in _MACH_SUFFIX:
            if detail.endswith(suffix):
                return ((suffix_kind, detail.removesuffix(suffix)),)
    return () if kind is None else ((kind, detail),)


def _pairs(detail: str, keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Split ``path:/dev/a b ioctl-command:(_IO "t" 21)`` at its known keys.

    A program chooses the path, so a path may itself hold `` extension-class:``: each key is cut
    at its *last* place, the kernel's own, working from the end.
    """
    found: list[tuple[str, str]] = []
    rest = detail
    for key in reversed(keys):
        mark = f"{key}:"
        at = 0 if rest.startswith(mark) and rest.rfind(f" {mark}") < 0 else rest.rfind(f" {mark}")
        if at < 0:
            continue
        start = at if rest.startswith(mark, at) else at + 1
        found.append((_KEYS[key], rest[start + len(mark) :]))
        rest = rest[:at].rstrip()
    return tuple(reversed(found)) if not rest else ()


def _target(detail: str) -> tuple[tuple[str, str], ...]:
    match = _TARGET.fullmatch(detail.replace("\\[", "[").replace("\\]", "]"))
    if match is None:
        return ()
    values = [("target", match["target"])]
    values += [("signal-number", match["signum"])] if match["signum"] else []
    values += [("process", match["process"])] if match["process"] else []
    values += [("pid", match["pid"])] if match["pid"] else []
    return tuple(values)


def _network(operation: str, detail: str) -> tuple[tuple[str, str], ...]:
    if detail.startswith("/"):
        return (("unix-socket", detail),)
    match = _ADDRESS.fullmatch(detail)
    if match is None:
        return ()
    side = match["side"] or _SIDES.get(operation.rstrip("*"), "remote")
    return ((side, f"{match['host']}:{match['port']}"),)

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
    ("qtn-user", "path", "table"),
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

# What a value must look like before it is believed: a program chooses paths and names, the rest is
# the kernel's. Kinds without a row take any text.
_COMMAND = r'\(_IO "(?:[^"\\]|\\.)" \d+\)|\d+|0x[0-9A-Fa-f]+'
_SHAPES: Final[dict[str, re.Pattern[str]]] = {
    kind: re.compile(shape, re.DOTALL)
    for kind, shape in {
        "path": r"/.*",
        "extension-class": r"\S+",
        "ioctl-command": _COMMAND,
        "fsctl-command": _COMMAND,
        "fcntl-command": r"\d+",
        "privilege-id": r"\d+",
        "syscall-number": r"\d+",
        "socket-domain": r"-?\d+",
        "socket-type": r"-?\d+",
        "socket-protocol": r"-?\d+",
        "iokit-registry-entry-class": r"\S+",
        "iokit-user-client-class": r"\S+",
        "sysctl-name": r"\S+",
        "info-type": r"\S+",
        "right-name": r"\S+",
        "appleevent-destination": r"\S+",
    }.items()
}

# Details of ``key:value`` pairs, the fullest form first. Groups are kinds with ``_`` for ``-``.
# Only one value of a form is free text; the shape of every other one says where it ends.
_EXTENSION = r"extension-class:(?P<extension_class>\S+)"
_IOKIT = r"iokit-class:(?P<iokit_registry_entry_class>\S+)"
_IOCTL = (
    rf"path:(?P<path>/.*) ioctl-command:(?P<ioctl_command>{_COMMAND})",
    r"path:(?P<path>/.*)",
    rf"ioctl-command:(?P<ioctl_command>{_COMMAND})",
)
_PROPERTY = (rf"{_IOKIT} property:(?P<iokit_property>.+)", _IOKIT)
_COMPOSED: Final[dict[str, tuple[re.Pattern[str], ...]]] = {
    operation: tuple(re.compile(form, re.DOTALL) for form in forms)
    for operation, forms in {
        "file-ioctl": _IOCTL,
        "socket-ioctl": _IOCTL,
        "file-issue-extension": (rf"target:(?P<path>/.*) {_EXTENSION}", r"target:(?P<path>/.*)"),
        "generic-issue-extension": (_EXTENSION,),
        "mach-issue-extension": (
            rf"{_EXTENSION} global-name:(?P<global_name>.+)",
            rf"{_EXTENSION} xpc-service-name:(?P<xpc_service_name>.+)",
            rf"{_EXTENSION} local-name:(?P<local_name>.+)",
            _EXTENSION,
        ),
        "iokit-issue-extension": (rf"{_EXTENSION} {_IOKIT}", _EXTENSION),
        "iokit-get-properties": _PROPERTY,
        "iokit-set-properties": _PROPERTY,
        "system-socket": (
            r"domain:(?P<socket_domain>-?\d+)"
            r"(?: type:(?P<socket_type>-?\d+))?(?: protocol:(?P<socket_protocol>-?\d+))?",
        ),
    }.items()
}
_TARGET = re.compile(
    rf"(?P<target>{'|'.join(TARGETS)})"
    r"(?:\s+\[(?P<process>.*?)(?:\((?P<pid>-?\d+)\))?\])?"
    r"(?:\s+signum:(?P<signum>\d+))?"
)
_ADDRESS = re.compile(
    r"(?:(?P<side>remote|local):)?(?P<host>\*|\[[^\]]*\]|[0-9A-Fa-f.:]+|localhost):(?P<port>\*|\d{1,5})"
)
# ``forbidden-link-priv<file-read*> /source /link``: two paths, parted only where one way is left.
_LINK = re.compile(r"\s*(?P<source>/(?:(?! +/).)*) +/(?:(?! +/).)*")
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
        for key, value in self.values:
            if key == kind:
                return value
        return None


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
        with ``<…>`` at its size limit, by an author with ``...`` for a part of a path), of a
        shape that no known line has, or where a chosen path could be read in two ways; the
        detail itself is always kept.
    """
    if not detail or _HIDDEN.search(detail):
        return Access(operation, (), detail or None)
    return Access(operation, _values(operation, detail), detail)


def _values(operation: str, detail: str) -> tuple[tuple[str, str], ...]:
    if operation.startswith("network-"):
        return _network(operation, detail)
    for form in _COMPOSED.get(operation, ()):
        match = form.fullmatch(detail)
        if match is not None:
            return _composed(operation, detail, match)
    kind = subject_kind(operation)
    if kind == "target":
        return _target(detail)
    if kind == "global-name" and detail.strip() in {suffix.strip() for suffix, _ in _MACH_SUFFIX}:
        return ()
    if kind == "global-name":
        for suffix, suffix_kind in _MACH_SUFFIX:
            if detail.endswith(suffix) and len(detail) > len(suffix):
                return ((suffix_kind, detail.removesuffix(suffix)),)
    if operation.startswith("forbidden-link-priv"):
        link = _LINK.fullmatch(detail)
        return () if link is None else (("path", link["source"]),)
    if kind is None or not _has_shape(kind, detail):
        return ()
    return ((kind, detail),)


def _has_shape(kind: str, value: str) -> bool:
    shape = _SHAPES.get(kind)
    return shape is None or shape.fullmatch(value) is not None


def _composed(operation: str, detail: str, match: re.Match[str]) -> tuple[tuple[str, str], ...]:
    values = tuple(
        (group.replace("_", "-"), value) for group, value in match.groupdict().items() if value
    )
    # A program chooses the path. One that itself ends like a full detail, ``/x ioctl-command:(…)``,
    # leaves two readings: the kernel's pair behind it, or none printed and the path ends there.
    fullest = _COMPOSED[operation][0]
    if "path" in match.groupdict() and fullest.fullmatch(detail[: match.end("path")]):
        return ()
    return values


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

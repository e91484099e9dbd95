"""One access into the rule that allows exactly it, as far as the language can say that.

The rule names the operation as the log prints it, never its group: a group's rule loses to any
narrower rule that stands in the profile already (Homebrew, nono pull 971).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import XpcKind
from sbdiag.diagnosis.shapes import Shape, shapes_of
from sbdiag.seatbelt.access import TARGETS, Access
from sbdiag.seatbelt.filters import symbols
from sbdiag.seatbelt.operations import canonical, fallback_chain, operations
from sbdiag.seatbelt.rules import Argument, Filter, IoCommand, Rule, Symbol

# What `(xpc)` becomes, by the caller's choice: several are one any-of rule.
XPC_FORMS: Final[Mapping[XpcKind, tuple[str, ...]]] = {
    "both": ("xpc-service-name", "global-name"),
    "xpc-service-name": ("xpc-service-name",),
    "global-name": ("global-name",),
}
XPC_NOTES: Final[Mapping[XpcKind, str]] = {
    "both": "Field reports disagree on which kind of name answers (xpc): both are written.",
    "xpc-service-name": "If it stays refused, allow the global-name of the same service too.",
    "global-name": "If it stays refused, allow the xpc-service-name of the same service too.",
}

# A rule for what needs none under (version 1): the denial itself shows what else was in force.
IMPLICIT_NOTE: Final = (
    "Under (version 1) this is allowed where no rule decides: the profile in force denies it by a "
    "rule, or is of another version."
)

# Signs that the log hid or cut a value (os_log redaction; a limit on the message's length; bytes
# that were no text): a rule made from the rest would be another rule.
_HIDDEN: Final = ("<private>", "<mask.hash", "<…>", "\ufffd")

_IO_COMMAND: Final = re.compile(r'\(_IO "([!#-\[\]-~])" (\d{1,10})\)')
_LOOPBACK: Final = re.compile(r"127(\.\d+){3}|\[?::1\]?|localhost")


@dataclass(frozen=True, slots=True)
class Shaped:
    """The exact rule for one access, and the row it comes from."""

    rule: Rule
    shape: Shape


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no rule can be written from a line."""

    reason: Literal["hidden", "no-filter", "no-known-rule", "unknown-operation"]
    explanation: str


def exact_rule(access: Access, *, xpc: XpcKind = "both") -> Shaped | Refused:
    """Return the rule that allows exactly `access`, as far as the language can say it.

    Parameters
    ----------
    access
        What the line asks for (:func:`sbdiag.seatbelt.access.parse_access`).
    xpc
        Which kind of name answers ``mach-lookup X (xpc)``.

    Returns
    -------
    Shaped or Refused
        Refused where the log hides the value, where its detail gives no filter and the
        operation alone would allow far more than was asked, where no row of `SHAPES` knows the
        operation, or where the name is none.
    """
    if any(mark in (access.detail or "") for mark in _HIDDEN):
        return Refused("hidden", "The log hides or cuts what was refused.")
    operation = _written(access.operation)
    if operation is None:
        return Refused(
            "unknown-operation",
            "Not an operation that a rule could name; one unknown name makes Seatbelt refuse "
            "the whole profile.",
        )
    if not paths.plain(access.detail or ""):
        return Refused(
            "no-filter",
            "A name with a control character in it (a line end, an escape) or with bytes that are "
            "no text: a log does not show such a name as it is, so no rule is made of it.",
        )
    told = {kind for kind, _ in access.values}
    rows = shapes_of(operation)
    if not rows:
        return Refused(
            "no-known-rule",
            "The language has this operation, but no evidence tells which filter answers its "
            "lines; the operation alone would allow all of it.",
        )
    shape = next((row for row in rows if told.issuperset(row.kinds)), None)
    if shape is None:
        return Refused(
            "no-filter",
            "The line does not say what was asked for, and the operation alone would allow "
            "everything of its kind.",
        )
    return _shaped(access, operation, shape, xpc)


def implicitly_allowed(operation: str) -> bool:
    """Tell whether ``(version 1)`` allows an operation that no rule decides (operations table)."""
    rows = [operations()[name] for name in fallback_chain(operation)]
    return any("allow" in (row.implicit, row.terminal) for row in rows)


def _written(operation: str) -> str | None:
    """Return the name to write: the printed one, or what it is an alias of; None for neither."""
    if operation in operations():
        return None if operation == "default" else operation
    meaning = canonical(operation)
    return meaning[0] if meaning and len(meaning) == 1 else None


def _shaped(access: Access, operation: str, shape: Shape, xpc: XpcKind) -> Shaped | Refused:
    filters: list[Filter] = []
    for kind in shape.kinds:
        written = _filter(kind, access.value(kind) or "", operation)
        if isinstance(written, Refused):
            return written
        filters.append(written)
    if shape.kinds == ("xpc-service-name",):
        filters = [Filter(kind, filters[0].arguments) for kind in XPC_FORMS[xpc]]
    elif len(filters) > 1:
        filters = [Filter("require-all", tuple(filters))]
    filters += shape.constant
    rule = Rule("allow", (operation,), tuple(filters))
    return Shaped(rule, shape)


def _filter(kind: str, value: str, operation: str) -> Filter | Refused:
    if kind in {"path", "unix-socket"}:
        wrong = paths.fault(value)
        if wrong is not None:
            return Refused("no-filter", f"The kernel prints no such path: {wrong}.")
        return Filter("literal", (value,))
    if kind in {"remote", "local"}:
        return _address(kind, value, operation)
    write = _WRITERS.get(kind)
    if write is None:
        return Filter(kind, (value,))
    argument = write(value)
    if argument is None:
        return Refused("no-filter", f"The {kind} of the line cannot be read.")
    return Filter(kind, (argument,))


def _address(side: str, value: str, operation: str) -> Filter | Refused:
    host, _, port = value.rpartition(":")
    if port != "*":
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):
            return Refused("no-filter", "The port of the line cannot be one.")
        port = str(int(port))
    if port in {"0", "*"}:
        # Who binds port 0 asks for any free port, and a filter knows 1-65535 or *. At the other
        # end nobody listens there.
        if side == "remote" or operation == "network-outbound":
            return Refused(
                "no-filter",
                f"The line names port {port}, which is none to connect to: a rule could only allow "
                "every port of every host.",
            )
        port = "*"
    where = "localhost" if _LOOPBACK.fullmatch(host) else "*"
    return Filter(side, (Symbol("ip"), f"{where}:{port}"))


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 11 else None


def _word(kind: str) -> Callable[[str], Argument | None]:
    """Write the number the kernel prints as the word the language has for it, if it has one."""

    def write(value: str) -> Argument | None:
        number = _number(value)
        if number is None:
            return None
        return next((Symbol(word) for word, n in symbols(kind).items() if n == number), number)

    return write


def _command(value: str) -> Argument | None:
    match = _IO_COMMAND.fullmatch(value)
    return IoCommand(match[1], int(match[2])) if match else _number(value)


_WRITERS: Final[Mapping[str, Callable[[str], Argument | None]]] = {
    "target": lambda value: Symbol(value) if value in TARGETS else None,
    "signal-number": _word("signal-number"),
    "socket-domain": _word("socket-domain"),
    "socket-type": _word("socket-type"),
    "socket-protocol": _number,
    "privilege-id": _number,
    "syscall-number": _word("syscall-number"),
    "ioctl-command": _command,
    "fsctl-command": _command,
    "fcntl-command": _command,
}

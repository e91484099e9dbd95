"""What a profile calls to make filters and modifiers, with the argument checks of Seatbelt.

The filters come from the tables of :mod:`sbdiag.seatbelt.filters`. A filter keeps the name that the
profile gave it (``literal``, ``path-literal``, ``iokit-user-client-class``), so it prints as it
was written; :func:`sbdiag.seatbelt.filters.spelling` says which filter that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

from sbdiag.errors import Location, ProfileError, ProfileLimitError
from sbdiag.seatbelt.filters import FIXED, FilterKind, filter_names, filters, spelling, symbols
from sbdiag.seatbelt.machine import Machine
from sbdiag.seatbelt.regex import regex_error
from sbdiag.seatbelt.rules import Argument, Filter, IoCommand, Modifier, Symbol
from sbdiag.seatbelt.sexpr import Value
from sbdiag.seatbelt.text import is_word
from sbdiag.seatbelt.values import (
    Control,
    FilterValue,
    ModifierName,
    ModifierValue,
    Unknown,
    is_string,
    plain_argument,
    show,
    type_name,
)

Place = Location | None
UNKNOWN_FILTER: Final = "%unknown"
"""Name of a filter of which a missing import holds a part; its one argument is what was asked."""

_PATTERNS: Final = ("path-pattern", "name-pattern", "name-pattern-ci", "string")
_ADDRESS: Final = re.compile(r"(?P<host>.*):(?P<port>[^:]*)", re.DOTALL)
_SOCKET: Final = ("unix-socket", "unix")
# Few words, the same in every dumped version: any other one is a mistake. The rest grows with the
# system (numbers of system calls, ioctl commands), so a word that is not listed gets a warning.
_CLOSED: Final = frozenset(
    {"local", "remote", "target", "semaphore-owner", "vnode-type", "socket-type", "signal-number"}
)
_META: Final = ("require-all", "require-any", "require-not")

Use: TypeAlias = Literal["allow", "deny", "both"]


@dataclass(frozen=True, slots=True)
class ModifierKind:
    """One modifier: the actions that take it, and what its argument is, if it has one."""

    use: Use
    argument: Literal["none", "string", "signal", "integer", "any"] = "none"


# Modifier table of libsandbox 13.0, the same in 15 (blacktop/ipsw, 0x3c3e/sandblaster); the last
# five are aliases or deprecated names of the version 1 prelude.
MODIFIERS: Final[dict[str, ModifierKind]] = {
    "report": ModifierKind("allow"),
    "no-sandbox": ModifierKind("allow"),
    "grant": ModifierKind("allow"),
    "no-times": ModifierKind("allow"),
    "user-approval": ModifierKind("allow", "any"),
    "default-sandbox": ModifierKind("allow", "any"),
    "assign-storage-class": ModifierKind("allow", "string"),
    "no-approval-prompt": ModifierKind("allow"),
    "no-storage-class": ModifierKind("allow"),
    "message-filter": ModifierKind("allow", "any"),
    "no-report": ModifierKind("deny"),
    "errno": ModifierKind("deny", "integer"),
    "send-signal": ModifierKind("both", "signal"),
    "message": ModifierKind("both", "string"),
    "telemetry": ModifierKind("both", "any"),
    "telemetry-backtrace": ModifierKind("both", "any"),
    "authority": ModifierKind("both", "any"),
    "sip-override": ModifierKind("both", "any"),
    "enable-state-flag": ModifierKind("both", "string"),
    "rootless": ModifierKind("both", "any"),
    "no-log": ModifierKind("deny"),
    "no-profile": ModifierKind("allow"),
    "rootless-modifier": ModifierKind("both", "any"),
    "no-callout": ModifierKind("both"),
    "partial-symbolication": ModifierKind("both"),
    "termination": ModifierKind("both"),
}


def filter_value(
    machine: Machine, name: str, arguments: Sequence[Argument], inner: Sequence[FilterValue] = ()
) -> FilterValue:
    """Return a filter as a value, held to the limits on size and nesting."""
    depth = 1 + max((value.depth for value in inner), default=0)
    size = 1 + len(arguments) + sum(value.size for value in inner)
    if depth > machine.limits.nesting:
        raise ProfileLimitError(f"filters nested deeper than {machine.limits.nesting}")
    if size > machine.limits.output:
        raise ProfileLimitError(f"a filter larger than {machine.limits.output:,} parts")
    return FilterValue(Filter(name, tuple(arguments)), size, depth)


def as_filter(machine: Machine, value: Value) -> FilterValue | None:
    """Return a value as a filter; one that a missing import holds as a filter of unknown name."""
    if isinstance(value, Unknown):
        return value.filter or filter_value(machine, UNKNOWN_FILTER, (value.text,))
    return value if isinstance(value, FilterValue) else None


def _wrong(name: str, expected: str, value: Value) -> ProfileError:
    kind = spelling(name)
    return ProfileError(
        f"invalid data type of {kind.filter if kind else name} filter;"
        f" expected {expected}, got {type_name(value)}"
    )


def _make(
    name: str, kind: FilterKind, machine: Machine, arguments: list[Value], _where: Place
) -> Value:
    if any(isinstance(argument, Unknown) for argument in arguments):
        return Unknown(f"({name} {' '.join(map(show, arguments))})"[:200])
    if kind.argument == "network":
        return _network(name, machine, arguments)
    if not arguments and kind.argument != "boolean":
        raise ProfileError(f"not enough arguments to {name}")
    check = _check_of(kind)
    return filter_value(
        machine, name, [check(machine, name, kind, argument) for argument in arguments]
    )


def _check_of(kind: FilterKind) -> Callable[[Machine, str, FilterKind, Value], Argument]:
    if kind.argument in _PATTERNS:
        return _pattern
    return _boolean if kind.argument == "boolean" else _number


def _pattern(_machine: Machine, name: str, kind: FilterKind, value: Value) -> Argument:
    if not isinstance(value, str) or not is_string(value):
        raise _wrong(name, "string" if kind.argument == "string" else "pattern", value)
    form = spelling(name)
    error = regex_error(value) if form is not None and form.form == "regex" else None
    if error is not None:
        raise ProfileError(f"regex {show(value)}: {error}")
    return value


def _number(machine: Machine, name: str, kind: FilterKind, value: Value) -> Argument:
    if isinstance(value, Symbol):
        words = symbols(kind.name)
        if value not in words:
            if kind.name in _CLOSED or not is_word(value):
                raise machine.unbound(value, None, words)
            machine.warn(f"{name}: {value} is not among the words of macOS 15.2")
        return value
    if isinstance(value, bool) or not isinstance(value, int | IoCommand):
        raise _wrong(name, "integer", value)
    return value


def _boolean(_machine: Machine, name: str, _kind: FilterKind, value: Value) -> Argument:
    if not isinstance(value, bool):
        raise _wrong(name, "boolean", value)
    return value


def _network(name: str, machine: Machine, arguments: list[Value]) -> Value:
    """Make ``(remote ip "host:port" …)`` or the older ``(remote unix-socket path-filter …)``."""
    if not arguments:
        raise ProfileError(f"not enough arguments to {name}")
    protocol, *rest = arguments
    if not isinstance(protocol, Symbol):
        raise _wrong(name, "protocol", protocol)
    if protocol in _SOCKET:
        inner = [as_filter(machine, value) for value in rest]
        for value, found in zip(rest, inner, strict=True):
            if found is None:
                raise _wrong(name, "path filter", value)
        paths = [value for value in inner if value is not None]
        return filter_value(machine, name, [protocol, *(path.filter for path in paths)], paths)
    kind = filters()["remote"]
    if protocol not in symbols(kind.name):
        raise machine.unbound(protocol, None, (*symbols(kind.name), *_SOCKET))
    addresses = []
    for value in rest:
        if not isinstance(value, str) or not is_string(value):
            raise _wrong(name, "network address", value)
        addresses.append(_address(machine, value))
    return filter_value(machine, name, [protocol, *addresses])


def _address(machine: Machine, text: str) -> str:
    """Check ``host:port`` as Seatbelt does: host ``*`` or ``localhost``, port 1-65535 or ``*``."""
    match = _ADDRESS.fullmatch(text)
    if match is None:  # one of Apple's profiles has such an address
        machine.warn(f"network address {show(text)} has no port; what it matches is not known")
        return text
    if match["host"] not in {"*", "localhost"}:
        raise ProfileError(f"host must be * or localhost in network address {show(text)}")
    port = match["port"]
    number = int(port) if re.fullmatch("[0-9]{1,5}", port) else 0
    if port != "*" and not 1 <= number <= 65535:
        raise ProfileError(f"port must be * or 1 to 65535 in network address {show(text)}")
    return text


def _meta(name: str, machine: Machine, arguments: list[Value], _where: Place) -> Value:
    inner = []
    for argument in arguments:
        value = as_filter(machine, argument)
        if value is None:
            raise ProfileError(
                f"{name}: argument must be: filter, got {type_name(argument)} {show(argument)}"
            )
        inner.append(value)
    if name == "require-not" and len(inner) != 1:
        raise ProfileError(f"require-not: takes one filter, got {len(inner)}")
    return filter_value(machine, name, [value.filter for value in inner], inner)


def _entitlement(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    """Make ``(require-entitlement name [filter])``."""
    if not arguments or len(arguments) > 2:
        raise ProfileError("require-entitlement: takes a name and at most one filter")
    name, *rest = arguments
    if isinstance(name, Unknown):
        return Unknown(f"(require-entitlement {show(name)})")
    if not isinstance(name, str) or not is_string(name):
        raise _wrong("require-entitlement", "string", name)
    inner = [value for value in (as_filter(machine, value) for value in rest) if value is not None]
    if len(inner) != len(rest):
        raise ProfileError(f"require-entitlement: {show(rest[0])} is no filter")
    return filter_value(
        machine, "require-entitlement", [name, *(value.filter for value in inner)], inner
    )


def _entitlement_value(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    if len(arguments) != 1:
        raise ProfileError("entitlement-value: needs 1 argument")
    value = arguments[0]
    if isinstance(value, bool):
        return filter_value(machine, "%entitlement-boolean", [value])
    if not isinstance(value, str) or not is_string(value):
        raise ProfileError("entitlement-value argument must be string or boolean")
    return filter_value(machine, "%entitlement-string", [value])


def _fixed(name: str, machine: Machine, arguments: list[Value], _where: Place) -> Value:
    if arguments:
        raise ProfileError(f"too many arguments to {name}")
    return filter_value(machine, name, [])


def _extension(name: str, machine: Machine, arguments: list[Value], _where: Place) -> Value:
    if arguments:
        raise ProfileError("too many arguments")
    return filter_value(machine, "extension", [name])


def _path_ancestors(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    """Make the filter of every directory above each path, the root included, not the path."""
    found: list[FilterValue] = []
    for path in arguments:
        if isinstance(path, Unknown):
            return Unknown(f"(path-ancestors {show(path)})")
        if not isinstance(path, str) or not is_string(path):
            raise ProfileError(f"path-ancestors: argument must be: string, got {type_name(path)}")
        if not path.startswith(("/", "${")):
            raise ProfileError("path must start with a /")
        cuts = [at for at, char in enumerate(path.rstrip("/")) if char == "/"]
        machine.charge(len(cuts) + sum(cuts) // 256)
        found += [filter_value(machine, "literal", [path[:cut] or "/"]) for cut in cuts]
    return filter_value(machine, "require-any", [value.filter for value in found], found)


def _with(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    """Make ``(with modifier [argument])``."""
    if not arguments or not isinstance(arguments[0], ModifierName):
        raise ProfileError(f"with: {show(arguments[0]) if arguments else '()'} is no modifier")
    name, rest = arguments[0].name, arguments[1:]
    kind = MODIFIERS[name].argument
    if len(rest) > 1 or (kind == "none" and rest):
        raise ProfileError(f"too many arguments to modifier {name}")
    if not rest and kind not in {"none", "any"}:
        raise ProfileError(f"not enough arguments to modifier {name}")
    if not rest:
        return ModifierValue(Modifier(name))
    value = plain_argument(rest[0])
    valid = {
        "string": is_string(value),
        "signal": isinstance(value, Symbol | int) and not isinstance(value, bool),
        "integer": isinstance(value, Symbol | int) and not isinstance(value, bool),
        "any": True,
    }[kind]
    valid = valid and (not isinstance(value, Symbol) or is_word(value))
    if not valid or not isinstance(value, str | int):
        raise ProfileError(f"modifier {name}: expected {kind}, got {type_name(rest[0])}")
    return ModifierValue(Modifier(name, value))


# What the extensions of the version 1 prelude are called, as shipped profiles spell them out.
_EXTENSIONS: Final = {
    "container": "com.apple.sandbox.container",
    "executable-bundle": "com.apple.sandbox.executable",
    "application-group": "com.apple.sandbox.application-group",
    "system-container": "com.apple.sandbox.system-container",
    "system-group": "com.apple.sandbox.system-group",
}


def _filter_controls() -> dict[str, Value]:
    """Return a procedure for each name under which a profile can make a filter."""
    found: dict[str, Value] = {}
    for name in filter_names():
        form = spelling(name)
        if form is None:
            continue
        kind = filters()[form.filter]
        words = frozenset(symbols(kind.name))
        takes_words = kind.argument == "integer-or-symbol" and kind.name not in _CLOSED
        if kind.argument == "network":
            words |= frozenset(_SOCKET)
        found[name] = Control(name, partial(_make, name, kind), None if takes_words else words)
    return found


def constructors() -> dict[str, Value]:
    """Return the filters, metafilters, modifiers and their helpers by name."""
    found = _filter_controls()
    found |= {name: Control(name, partial(_meta, name)) for name in _META}
    found |= {name: Control(name, partial(_fixed, name)) for name in FIXED}
    found |= {
        name: Control(name, partial(_extension, value)) for name, value in _EXTENSIONS.items()
    }
    found |= {name: ModifierName(name) for name in MODIFIERS if name not in found}
    return found | {
        "require-entitlement": Control("require-entitlement", _entitlement),
        "entitlement-value": Control("entitlement-value", _entitlement_value),
        "path-ancestors": Control("path-ancestors", _path_ancestors),
        "with": Control("with", _with, frozenset(symbols("signal-number"))),
    }

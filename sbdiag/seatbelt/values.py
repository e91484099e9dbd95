"""What a profile's program computes with, beside the data that the reader makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sbdiag.errors import Location, ProfileError
from sbdiag.seatbelt.rules import Argument, Filter, IoCommand, Modifier, Symbol
from sbdiag.seatbelt.sexpr import NIL, Char, Pair, Value, quote, visible
from sbdiag.seatbelt.text import filter_text

if TYPE_CHECKING:
    from sbdiag.seatbelt.machine import Machine

_SHOWN: Final = 120  # characters of a value in a message


class Scope:
    """Names of one block and the block around it."""

    __slots__ = ("names", "outer")

    def __init__(self, names: dict[str, Value], outer: Scope | None = None) -> None:
        self.names = names
        self.outer = outer

    def find(self, name: str) -> Scope | None:
        """Return the innermost scope that binds `name`."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        return scope


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A procedure that the profile wrote; `rest` takes the arguments beyond `parameters`."""

    parameters: tuple[str, ...]
    rest: str | None
    body: Value
    scope: Scope
    name: str = "lambda"


@dataclass(frozen=True, slots=True, eq=False)
class Macro:
    """A procedure from a form to the form that is evaluated in its place."""

    transformer: Value


@dataclass(frozen=True, slots=True, eq=False)
class Syntax:
    """A special form: gets its form unevaluated."""

    name: str
    expand: Callable[[Machine, Pair, Scope, Location | None], Value]


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """A procedure on plain values, with the kinds of its arguments.

    ``kinds`` has a letter for each: ``s`` string, ``n`` number, ``i`` integer, ``c`` character,
    ``y`` symbol, ``p`` pair, ``l`` list (handed over as a Python list), ``.`` anything. At least
    ``required`` of them must be there; with ``repeats`` the last may come again.
    """

    name: str
    kinds: str
    function: Callable[..., Value]
    required: int
    repeats: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A procedure that calls procedures or touches the profile that is being made.

    ``symbols`` are the bare words that may stand as its operands although no variable has their
    name, ``None`` for any word.
    """

    name: str
    call: Callable[[Machine, list[Value], Location | None], Value]
    symbols: frozenset[str] | None = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class OperationValue:
    """An operation as a value, by the name that the profile gave it."""

    name: str


@dataclass(frozen=True, slots=True)
class FilterValue:
    """A filter as a value, with what bounds its writing: nodes in its tree and depth of it."""

    filter: Filter
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class ModifierName:
    """A modifier before ``with`` has given it its argument."""

    name: str


@dataclass(frozen=True, slots=True)
class ModifierValue:
    """A modifier as a value."""

    modifier: Modifier


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only a missing import could tell; `text` is what was asked."""

    text: str
    filter: FilterValue | None = None  # the same as a filter, if a rule can hold it


def is_string(value: Value) -> bool:
    """Tell strings from symbols, which are strings to Python."""
    return isinstance(value, str) and not isinstance(value, Symbol)


def is_true(value: Value) -> bool:
    """Return whether a test passes: all but ``#f``; what is unknown is an error."""
    if isinstance(value, Unknown):
        raise ProfileError(f"the test depends on {value.text}, which a missing import defines")
    return value is not False


def list_of(items: Iterable[Value], tail: Value = NIL) -> Value:
    """Make a list; `tail` instead of its end."""
    for item in reversed(list(items)):
        tail = Pair(item, tail)
    return tail


def items_of(value: Value) -> list[Value] | None:
    """Return the elements of a list, ``None`` for what is no proper list."""
    items = []
    while isinstance(value, Pair):
        items.append(value.car)
        value = value.cdr
    return items if value is NIL else None


def plain_argument(value: Value) -> Argument | None:
    """Return a value as it stands in a rule, ``None`` if it cannot stand there."""
    if isinstance(value, FilterValue):
        return value.filter
    return value if isinstance(value, str | int | IoCommand) else None


_TYPES: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    (IoCommand, "integer"),
    (float, "real"),
    (Symbol, "symbol"),
    (str, "string"),
    (Char, "character"),
    (Pair, "list"),
    (type(NIL), "empty list"),
    (FilterValue, "filter"),
    (OperationValue, "operation"),
    ((ModifierName, ModifierValue), "modifier"),
    ((Closure, Primitive, Control), "procedure"),
    ((Macro, Syntax), "syntax"),
)


def type_name(value: Value) -> str:
    """Return the word for the type of a value in messages."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "unknown value")


def show(value: Value) -> str:
    """Write a value for a message: never longer than a line, whatever its size or depth."""
    parts: list[str] = []
    length = 0
    todo: list[tuple[str, Value]] = [("datum", value)]
    while todo and length <= _SHOWN:
        kind, item = todo.pop()
        if isinstance(item, Pair):
            todo += [("rest", item.cdr), ("datum", item.car)]
            text = "(" if kind == "datum" else " "
        elif kind == "datum":
            text = _atom(item)
        else:
            text = ")" if item is NIL else f" . {_atom(item)})"
        parts.append(text)
        length += len(text)
    text = "".join(parts)
    return text if length <= _SHOWN else text[:_SHOWN] + "…"


def _atom(value: Value) -> str:
    if isinstance(value, bool):
        return "#t" if value else "#f"
    if isinstance(value, Symbol):
        return visible(value[:_SHOWN])
    if isinstance(value, str):
        return quote(value[:_SHOWN])
    if isinstance(value, OperationValue | Unknown):
        return value.name if isinstance(value, OperationValue) else value.text
    if isinstance(value, FilterValue) and value.size <= _SHOWN:
        return filter_text(value.filter)
    if isinstance(value, int | float):
        return str(value)
    return "()" if value is NIL else f"#<{type_name(value)}>"

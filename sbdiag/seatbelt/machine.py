"""The machine that runs a profile's program, on a stack of its own.

An expression is evaluated in steps; what remains to be done with its value waits on the stack as
a callable. A step returns a value, or ``PENDING`` after it has asked for the next expression.
Python's own stack stays flat, so deep recursion in a profile ends at ``Limits.depth`` and calls in
tail position take no room, as in Scheme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Final

from sbdiag.errors import Location, ProfileError, ProfileLimitError
from sbdiag.seatbelt.rules import Filter, Symbol
from sbdiag.seatbelt.sexpr import NIL, Char, Datum, Pair, Value, visible
from sbdiag.seatbelt.text import is_word
from sbdiag.seatbelt.values import (
    Closure,
    Control,
    FilterValue,
    Macro,
    Primitive,
    Scope,
    Syntax,
    Unknown,
    is_string,
    items_of,
    list_of,
    plain_argument,
    show,
    type_name,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a program that goes on without end is stopped.

    Attributes
    ----------
    steps
        Expressions evaluated and elements handled; the largest public profiles need some 30,000.
    depth
        Calls that wait for another one.
    characters
        Length of one string.
    output
        Filters and operations in all rules together.
    nesting
        Filters inside filters.
    imports
        Imports inside imports.
    """

    steps: int = 1_000_000
    depth: int = 20_000
    characters: int = 1_000_000
    output: int = 200_000
    nesting: int = 100
    imports: int = 20


PENDING: Final = object()
_KINDS: Final = {
    "s": "string",
    "n": "number",
    "i": "integer",
    "c": "character",
    "y": "symbol",
    "p": "pair",
    "l": "list",
}


class Machine:
    """One run of a program.

    Attributes
    ----------
    globals
        Names of the outermost level.
    missing
        Imports that were not found; while there are any, a name without a binding is `Unknown`.
    warnings
        What the run noticed, in order.
    unsettle
        Called where a missing import, or what it defines, may have made rules.
    """

    def __init__(self, names: dict[str, Value], limits: Limits) -> None:
        self.globals = Scope(names)
        self.limits = limits
        self.missing: list[str] = []
        self.unsettle: Callable[[], None] = lambda: None
        self.warnings: list[str] = []
        self._warned: set[str] = set()
        self._steps = 0
        self._stack: list[Callable[[Value], Value]] = []
        self._next: tuple[Value, Scope, Location | None] = (NIL, self.globals, None)
        self._where: Location | None = None
        self.hint = ""  # ends the message about a name without a binding

    # The loop

    def run(self, data: Iterable[Datum]) -> None:
        """Evaluate the data of a text, in order, at the outermost level.

        Raises
        ------
        ProfileError
            With the place of the form, whatever the reason.
        """
        try:
            for datum in data:
                value = self.evaluate(datum.value, self.globals, datum.location)
                while True:
                    while value is PENDING:
                        value = self._step(*self._next)
                    if not self._stack:
                        break
                    value = self._stack.pop()(value)
                if isinstance(value, Unknown):
                    self._where = datum.location
                    self.warn(f"left out, a missing import defines it: {value.text}")
        except ProfileError as error:
            if error.location is not None or self._where is None:
                raise
            raise type(error)(error.message, self._where) from None

    def charge(self, steps: int) -> None:
        """Count steps, and stop at the limit."""
        self._steps += steps
        if self._steps > self.limits.steps:
            raise ProfileLimitError(f"not finished after {self.limits.steps:,} steps", self._where)

    def warn(self, message: str) -> None:
        """Note something that Seatbelt would accept without a word, with its place."""
        text = message if self._where is None else f"{message} ({self._where})"
        if text not in self._warned:
            self._warned.add(text)
            self.warnings.append(text)

    def push(self, frame: Callable[[Value], Value]) -> None:
        """Let `frame` have the value of what is evaluated next."""
        if len(self._stack) >= self.limits.depth:
            raise ProfileLimitError(f"deeper than {self.limits.depth:,} calls", self._where)
        self._stack.append(frame)

    def evaluate(self, expression: Value, scope: Scope, where: Location | None) -> Value:
        """Ask for an expression to be evaluated next; return ``PENDING``."""
        self._next = (expression, scope, where)
        return PENDING

    def sequence(self, body: Value, scope: Scope, where: Location | None) -> Value:
        """Ask for the expressions of a body; the value is the last one's."""
        if not isinstance(body, Pair):
            return NIL
        if body.cdr is not NIL:
            rest = body.cdr
            self.push(lambda _: self.sequence(rest, scope, where))
        return self.evaluate(body.car, scope, body.place or where)

    def _step(self, expression: Value, scope: Scope, where: Location | None) -> Value:
        self.charge(1)
        if isinstance(expression, Symbol):
            return self.lookup(expression, scope, where)
        if not isinstance(expression, Pair):
            return expression
        form, head = expression, expression.car
        where = form.location or where
        self._where = where
        if isinstance(head, Symbol):
            return self._operate(form, scope, where, self.lookup(head, scope, form.place or where))
        self.push(partial(self._operate, form, scope, where))
        return self.evaluate(head, scope, form.place or where)

    def _operate(self, form: Pair, scope: Scope, where: Location | None, operator: Value) -> Value:
        if isinstance(operator, Syntax):
            return operator.expand(self, form, scope, where)
        if isinstance(operator, Macro):
            self.push(lambda expansion: self.evaluate(expansion, scope, where))
            return self.apply(operator.transformer, [form], where)
        return self.operands(operator, form.cdr, scope, where)

    def operands(
        self, operator: Value, expressions: Value, scope: Scope, where: Location | None
    ) -> Value:
        """Ask for a list of expressions to be evaluated, then for `operator` to be called."""
        return self._operands(operator, expressions, [], scope, where, None)

    def _operands(
        self,
        operator: Value,
        rest: Value,
        values: list[Value],
        scope: Scope,
        where: Location | None,
        value: Value,
    ) -> Value:
        """Evaluate the operands from `rest` on; `value` belongs to the one before, if not None."""
        if value is not None:
            values.append(value)
        while isinstance(rest, Pair):
            operand = rest.car
            if isinstance(operand, Pair):
                self.push(partial(self._operands, operator, rest.cdr, values, scope, where))
                return self.evaluate(operand, scope, rest.place or where)
            if isinstance(operand, Symbol):
                values.append(self._operand(operator, operand, scope, rest.place or where))
            else:
                values.append(operand)
            self.charge(1)
            rest = rest.cdr
        if rest is not NIL:
            raise ProfileError("the operands are no list", where)
        return self.apply(operator, values, where)

    def _operand(
        self, operator: Value, name: Symbol, scope: Scope, where: Location | None
    ) -> Value:
        """Return the value of a bare operand; filters take words such as ``self`` as they are."""
        if isinstance(operator, Control) and scope.find(name) is None:
            if operator.symbols is None or name in operator.symbols:
                return name
            if operator.symbols and not self.missing:
                raise self.unbound(name, where, operator.symbols)
        return self.lookup(name, scope, where)

    # Names

    def lookup(self, name: Symbol, scope: Scope, where: Location | None) -> Value:
        """Return what a name is bound to, as Seatbelt complains if it is not."""
        found = scope.find(name)
        if found is not None:
            return found.names[name]
        if self.missing:
            return Unknown(name)
        raise self.unbound(name, where)

    def unbound(
        self, name: str, where: Location | None, among: Iterable[str] | None = None
    ) -> ProfileError:
        """Return Seatbelt's error for a name without a binding, with the nearest known one."""
        known = [str(known) for known in (self.globals.names if among is None else among)]
        close = get_close_matches(name, sorted(known), n=1, cutoff=0.75) if len(name) < 80 else []
        hint = f"; did you mean {close[0]}?" if close else self.hint
        return ProfileError(f"unbound variable: {visible(name[:80])}{hint}", where)

    # Calls

    def apply(self, procedure: Value, arguments: list[Value], where: Location | None) -> Value:
        """Call a procedure; the value may be ``PENDING``."""
        self._where = where or self._where
        if isinstance(procedure, Closure):
            return self._call(procedure, arguments, where)
        if isinstance(procedure, Control):
            return procedure.call(self, arguments, where)
        if isinstance(procedure, Primitive):
            return self._compute(procedure, arguments)
        if isinstance(procedure, Unknown):
            self.unsettle()
            return _asked(procedure, arguments)
        raise ProfileError(f"illegal function: {show(procedure)} is no procedure", where)

    def _call(self, closure: Closure, arguments: list[Value], where: Location | None) -> Value:
        count = len(closure.parameters)
        if len(arguments) < count:
            raise ProfileError(f"not enough arguments to {visible(closure.name)}", where)
        if len(arguments) > count and closure.rest is None:
            raise ProfileError(f"too many arguments to {visible(closure.name)}", where)
        names = dict(zip(closure.parameters, arguments, strict=False))
        if closure.rest is not None:
            names[closure.rest] = list_of(arguments[count:])
        return self.sequence(closure.body, Scope(names, closure.scope), where)

    def _compute(self, primitive: Primitive, arguments: list[Value]) -> Value:
        name, kinds = primitive.name, primitive.kinds
        if len(arguments) < primitive.required:
            raise ProfileError(f"{name}: needs at least {primitive.required} argument(s)")
        if len(arguments) > len(kinds) and not primitive.repeats:
            raise ProfileError(f"{name}: needs at most {len(kinds)} argument(s)")
        for argument in arguments:
            if isinstance(argument, Unknown):
                return Unknown(f"({name} {' '.join(map(show, arguments))})"[:200])
        checked = list(arguments)
        for index, argument in enumerate(arguments):
            kind = kinds[min(index, len(kinds) - 1)]
            if kind == "l":
                items = items_of(argument)
                self.charge(0 if items is None else len(items))
                checked[index] = argument if items is None else items
                valid = items is not None
            else:
                self.charge(len(argument) >> 8 if isinstance(argument, str) else 0)
                valid = _is_of(kind, argument)
            if not valid:
                raise ProfileError(
                    f"{name}: argument {index + 1} must be: {_KINDS[kind]},"
                    f" got {type_name(argument)} {show(argument)}"
                )
        return self.result(primitive.function(*checked))

    def result(self, value: Value) -> Value:
        """Hold a computed value to the limits, and make lists of Python's lists."""
        if isinstance(value, list):
            self.charge(len(value))
            return list_of(value)
        if isinstance(value, str):
            if len(value) > self.limits.characters:
                raise ProfileLimitError(
                    f"a string longer than {self.limits.characters:,} characters"
                )
            self.charge(len(value) >> 8)
        elif type(value) is int and not -(2**63) <= value < 2**63:
            raise ProfileError("integer overflow: the result does not fit into 64 bits")
        return value


def _is_of(kind: str, value: Value) -> bool:
    match kind:
        case ".":
            return True
        case "s":
            return is_string(value)
        case "n":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "i":
            return isinstance(value, int) and not isinstance(value, bool)
        case "c":
            return isinstance(value, Char)
        case "y":
            return isinstance(value, Symbol)
        case _:
            return isinstance(value, Pair)


def _asked(unknown: Unknown, arguments: list[Value]) -> Unknown:
    """Return the call of a procedure that a missing import defines, as a filter if it could be."""
    text = " ".join((unknown.text, *map(show, arguments)))
    plain = [plain_argument(argument) for argument in arguments]
    if any(argument is None for argument in plain) or not is_word(unknown.text):
        return Unknown(f"({text})"[:200])
    inner = [argument for argument in arguments if isinstance(argument, FilterValue)]
    size = 1 + len(arguments) + sum(argument.size for argument in inner)
    depth = 1 + max((argument.depth for argument in inner), default=0)
    called = Filter(unknown.text, tuple(argument for argument in plain if argument is not None))
    return Unknown(f"({text})"[:200], FilterValue(called, size, depth))

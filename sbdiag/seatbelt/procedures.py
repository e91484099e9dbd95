"""The procedures of TinySCHEME that profiles use: lists, strings, numbers, predicates.

What could change a value in place (``set-car!``, ``string-set!``) is left out: no public profile
uses it, and without it no list can be a circle. Strings count characters, TinySCHEME's bytes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial, reduce
from itertools import pairwise
from typing import Any, Final

from sbdiag.errors import Location, ProfileError, ProfileSyntaxError
from sbdiag.seatbelt.machine import Machine
from sbdiag.seatbelt.rules import IoCommand, Symbol
from sbdiag.seatbelt.sexpr import NIL, Char, Pair, Value, number_of, read
from sbdiag.seatbelt.values import (
    Closure,
    Control,
    FilterValue,
    Primitive,
    Unknown,
    is_string,
    is_true,
    items_of,
    list_of,
    show,
)

Number = int | float
Place = Location | None
_REGEX_META: Final = frozenset("^.[$()|*+?{\\")  # what regex-quote of Seatbelt escapes


def is_eqv(left: Value, right: Value) -> bool:
    """Compare as ``eqv?``: same object, or equal number, character, symbol or boolean."""
    if left is right:
        return True
    if type(left) is not type(right) or (isinstance(left, float) and math.isnan(left)):
        return False
    return isinstance(left, int | float | Symbol | Char | IoCommand) and left == right


def is_equal(machine: Machine, left: Value, right: Value) -> bool:
    """Compare as ``equal?``, lists by their elements; each element costs a step."""
    todo = [(left, right)]
    while todo:
        a, b = todo.pop()
        machine.charge(1)
        if a is b:
            continue
        if isinstance(a, Pair) and isinstance(b, Pair):
            todo += [(a.cdr, b.cdr), (a.car, b.car)]
        elif not (is_eqv(a, b) or (is_string(a) and is_string(b) and a == b)):
            return False
    return True


# Numbers


def _divide(*numbers: Number) -> Number:
    def step(left: Number, right: Number) -> Number:
        if right == 0:
            raise ProfileError("/: division by zero")
        exact = isinstance(left, int) and isinstance(right, int) and left % right == 0
        return left // right if exact else left / right

    return reduce(step, numbers if len(numbers) > 1 else (1, *numbers))


def _multiply(*numbers: Number) -> Number:
    product: Number = 1
    for number in numbers:
        product *= number
        if isinstance(product, int) and abs(product) >= 2**63:
            break  # the machine refuses it; no need to make it longer still
    return product


def _subtract(*numbers: Number) -> Number:
    return -numbers[0] if len(numbers) == 1 else reduce(operator.sub, numbers)


def _whole(name: str, function: Callable[[int, int], int]) -> Primitive:
    def divide(left: int, right: int) -> int:
        if right == 0:
            raise ProfileError(f"{name}: division by zero")
        return function(left, right)

    return Primitive(name, "ii", divide, 2)


def _quotient(left: int, right: int) -> int:
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    """Return a comparison of each argument with the next one."""
    return lambda *values: all(test(left, right) for left, right in pairwise(values))


def _number_text(number: Number, base: int = 10) -> str:
    if base == 10 or isinstance(number, float):
        return repr(number)
    if base not in {2, 8, 16}:
        raise ProfileError("number->string: the base must be 2, 8, 10 or 16")
    return format(number, {2: "b", 8: "o", 16: "x"}[base])


def _parse_number(text: str, base: int = 10) -> Value:
    try:
        if base == 10:
            number = number_of(text)
            return False if number is None else number
        letter = {2: "b", 8: "o", 16: "x"}.get(base)
        data = read(f"#{letter}{text}").data if letter else ()
    except ProfileSyntaxError:
        return False
    value = data[0].value if len(data) == 1 else False
    return value if isinstance(value, int) else False


# Strings and characters


def _char_at(text: str, index: int) -> Char:
    if not 0 <= index < len(text):
        raise ProfileError(f"string-ref: out of bounds: {index} of {len(text)}")
    return Char(text[index])


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if not 0 <= start <= end <= len(text):
        raise ProfileError(f"substring: out of bounds: {start} to {end} of {len(text)}")
    return text[start:end]


def _make_string(count: int, char: Char | None = None) -> str:
    if not 0 <= count <= 1_000_000:
        raise ProfileError(f"make-string: no such length: {count}")
    return (" " if char is None else char.value) * count


def _text_of(chars: list[Value]) -> str:
    if not all(isinstance(char, Char) for char in chars):
        raise ProfileError("list->string: the list must hold characters")
    return "".join(char.value for char in chars if isinstance(char, Char))


def _char_of(code: int) -> Char:
    if not 0 <= code < 256:
        raise ProfileError(f"integer->char: no byte: {code}")
    return Char(chr(code))


def _code_of(char: Char) -> int:
    return ord(char.value)


def regex_quote(text: str) -> str:
    """Escape a string for use in a regex, as ``regex-quote`` of Seatbelt does."""
    return "".join(f"\\{char}" if char in _REGEX_META else char for char in text)


def _io_command(group: str, number: int) -> IoCommand:
    if len(group) != 1 or ord(group) > 255:
        raise ProfileError(f"_IO: the group must be one character, got {show(group)}")
    return IoCommand(group, number)


# Lists


def _list_tail(items: list[Value], count: int) -> list[Value]:
    if not 0 <= count <= len(items):
        raise ProfileError(f"list-tail: out of bounds: {count} of {len(items)}")
    return items[count:]


def _list_ref(items: list[Value], index: int) -> Value:
    if not 0 <= index < len(items):
        raise ProfileError(f"list-ref: out of bounds: {index} of {len(items)}")
    return items[index]


def _take(items: list[Value], count: int) -> list[Value]:
    if not 0 <= count <= len(items):
        raise ProfileError(f"take: out of bounds: {count} of {len(items)}")
    return items[:count]


def _flatten(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    """Return the leaves of nested lists, last first: so TinySCHEME's ``flatten`` orders them."""
    if len(arguments) != 1 or (arguments[0] is not NIL and not isinstance(arguments[0], Pair)):
        raise ProfileError("flatten: needs 1 list")
    leaves: list[Value] = []
    todo: list[Value] = [arguments[0]]
    while todo:
        machine.charge(1)
        value = todo.pop()
        if isinstance(value, Pair):
            todo += [value.cdr, value.car]
        elif value is not NIL:
            leaves.append(value)
    return list_of(leaves[::-1])


def _walk(name: str, path: str) -> Primitive:
    """Return ``cadr`` and its kin; `path` from the right, ``da`` for ``cadr``."""

    def walk(value: Value) -> Value:
        for step in path:
            if not isinstance(value, Pair):
                raise ProfileError(f"{name}: argument 1 must be: pair, got {show(value)}")
            value = value.car if step == "a" else value.cdr
        return value

    return Primitive(name, ".", walk, 1)


def _walks() -> tuple[Primitive, ...]:
    paths = [""]
    for _ in range(4):
        paths += [p + step for p in paths for step in "ad" if len(p) == len(paths[-1])]
    return tuple(_walk(f"c{path[::-1]}r", path) for path in dict.fromkeys(paths) if path)


def _append(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    if not arguments:
        return NIL
    result = arguments[-1]
    for value in reversed(arguments[:-1]):
        items = items_of(value)
        if isinstance(value, Unknown) or items is None:
            raise ProfileError(f"append: argument must be: list, got {show(value)}")
        machine.charge(len(items))
        result = list_of(items, result)
    return result


def _found(
    name: str, deep: bool, pick: bool, machine: Machine, arguments: list[Value], _where: Place
) -> Value:
    """Look for the first argument among elements (``member``) or keys (``assoc``)."""
    if len(arguments) != 2:
        raise ProfileError(f"{name}: needs 2 arguments")
    wanted, rest = arguments
    if isinstance(wanted, Unknown) or isinstance(rest, Unknown):
        return Unknown(f"({name} {show(wanted)} {show(rest)})")
    while isinstance(rest, Pair):
        machine.charge(1)
        item = rest.car
        if pick and not isinstance(item, Pair):
            raise ProfileError(f"{name}: the elements must be pairs, got {show(item)}")
        key = item.car if pick and isinstance(item, Pair) else item
        if is_equal(machine, wanted, key) if deep else is_eqv(wanted, key):
            return item if pick else rest
        rest = rest.cdr
    return False


def _is_list(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    if len(arguments) != 1:
        raise ProfileError("list?: needs 1 argument")
    items = items_of(arguments[0])
    machine.charge(len(items or ()))
    return arguments[0] if isinstance(arguments[0], Unknown) else items is not None


def _equal(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    if len(arguments) != 2:
        raise ProfileError("equal?: needs 2 arguments")
    return is_equal(machine, *arguments)


# Procedures that call procedures


def _apply(machine: Machine, arguments: list[Value], where: Place) -> Value:
    if len(arguments) < 2:
        raise ProfileError("apply: needs a procedure and a list")
    procedure, *first, last = arguments
    items = [last] if isinstance(last, Unknown) else items_of(last)
    if items is None:
        raise ProfileError(f"apply: the last argument must be: list, got {show(last)}")
    machine.charge(len(items))
    return machine.apply(procedure, first + items, where)


def _rows(name: str, machine: Machine, lists: list[Value]) -> list[list[Value]]:
    columns = []
    for value in lists:
        items = items_of(value)
        if items is None:
            raise ProfileError(f"{name}: argument must be: list, got {show(value)}")
        columns.append(items)
    machine.charge(sum(map(len, columns)))
    return [list(row) for row in zip(*columns, strict=False)]


def _each(
    name: str,
    finish: Callable[[list[list[Value]], list[Value]], Value],
    machine: Machine,
    arguments: list[Value],
    where: Place,
) -> Value:
    """Call a procedure for each row of lists, then make the result of rows and values."""
    if len(arguments) < 2:
        raise ProfileError(f"{name}: needs a procedure and a list")
    if any(isinstance(argument, Unknown) for argument in arguments[1:]):
        return Unknown(f"({name} {' '.join(map(show, arguments))})"[:200])
    rows = _rows(name, machine, arguments[1:])
    values: list[Value] = []

    def proceed() -> Value:
        if len(values) == len(rows):
            return machine.result(finish(rows, values))
        machine.push(collect)
        return machine.apply(arguments[0], rows[len(values)], where)

    def collect(value: Value) -> Value:
        values.append(value)
        return proceed()

    return proceed()


def _kept(wanted: bool, rows: list[list[Value]], values: list[Value]) -> list[Value]:
    return [row[0] for row, value in zip(rows, values, strict=True) if is_true(value) is wanted]


def _foldr(machine: Machine, arguments: list[Value], where: Place) -> Value:
    """Fold a list as the ``foldr`` of TinySCHEME does: from the left, ``(f so-far element)``."""
    if len(arguments) != 3:
        raise ProfileError("foldr: needs a procedure, a start and a list")
    procedure, start, elements = arguments
    rows = _rows("foldr", machine, [elements])

    def proceed(index: int, value: Value) -> Value:
        if index == len(rows):
            return value
        machine.push(partial(proceed, index + 1))
        return machine.apply(procedure, [value, *rows[index]], where)

    return proceed(0, start)


def _error(_machine: Machine, arguments: list[Value], where: Place) -> Value:
    parts = (str(part) if is_string(part) else show(part) for part in arguments)
    message = " ".join(parts)[:500].replace("\n", " ")
    raise ProfileError(message or "the profile calls error", where)


def _eval(machine: Machine, arguments: list[Value], where: Place) -> Value:
    if len(arguments) != 1:
        raise ProfileError("eval: needs 1 argument")
    return machine.evaluate(arguments[0], machine.globals, where)


def _is_defined(machine: Machine, arguments: list[Value], _where: Place) -> Value:
    return (
        bool(arguments) and isinstance(arguments[0], str) and arguments[0] in machine.globals.names
    )


def _nothing(_machine: Machine, _arguments: list[Value], _where: Place) -> Value:
    return NIL


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | IoCommand) and not isinstance(value, bool)


def _strings(fold: bool) -> tuple[Primitive, ...]:
    """Return the comparisons of strings and of characters."""
    tests = {"=": operator.eq, "<": operator.lt, ">": operator.gt}
    tests |= {"<=": operator.le, ">=": operator.ge}
    ci = "-ci" if fold else ""

    def key(value: Any) -> str:
        text = value.value if isinstance(value, Char) else value
        return text.lower() if fold else text

    return tuple(
        Primitive(
            f"{kind}{ci}{sign}?", kind[0] * 2, lambda a, b, test=test: test(key(a), key(b)), 2
        )
        for kind in ("string", "char")
        for sign, test in tests.items()
    )


PROCEDURES: Final[tuple[Primitive | Control, ...]] = (
    Primitive("+", "n", lambda *numbers: sum(numbers), 0, True),
    Primitive("*", "n", _multiply, 0, True),
    Primitive("-", "n", _subtract, 1, True),
    Primitive("/", "n", _divide, 1, True),
    Primitive("=", "n", _compare(operator.eq), 1, True),
    Primitive("<", "n", _compare(operator.lt), 1, True),
    Primitive(">", "n", _compare(operator.gt), 1, True),
    Primitive("<=", "n", _compare(operator.le), 1, True),
    Primitive(">=", "n", _compare(operator.ge), 1, True),
    _whole("quotient", _quotient),
    _whole("remainder", lambda left, right: left - right * _quotient(left, right)),
    _whole("modulo", operator.mod),
    Primitive("abs", "n", abs, 1),
    Primitive("min", "n", lambda *numbers: min(numbers), 1, True),
    Primitive("max", "n", lambda *numbers: max(numbers), 1, True),
    Primitive("zero?", "n", lambda number: number == 0, 1),
    Primitive("positive?", "n", lambda number: number > 0, 1),
    Primitive("negative?", "n", lambda number: number < 0, 1),
    Primitive("even?", "i", lambda number: number % 2 == 0, 1),
    Primitive("odd?", "i", lambda number: number % 2 == 1, 1),
    Primitive("succ", "i", lambda number: number + 1, 1),
    Primitive("pred", "i", lambda number: number - 1, 1),
    Primitive("number->string", "ni", _number_text, 1),
    Primitive("string->number", "si", _parse_number, 1),
    Primitive("_IO", "si", _io_command, 2),
    Primitive("string-append", "s", lambda *parts: "".join(parts), 0, True),
    Primitive("string-length", "s", len, 1),
    Primitive("string-ref", "si", _char_at, 2),
    Primitive("substring", "sii", _substring, 2),
    Primitive("string-copy", "s", lambda text: text, 1),
    Primitive("make-string", "ic", _make_string, 1),
    Primitive("string", "c", lambda *chars: "".join(char.value for char in chars), 0, True),
    Primitive("string->list", "s", lambda text: [Char(char) for char in text], 1),
    Primitive("list->string", "l", _text_of, 1),
    Primitive("string->symbol", "s", Symbol, 1),
    Primitive("symbol->string", "y", str, 1),
    Primitive("regex-quote", "s", regex_quote, 1),
    Primitive("char->integer", "c", _code_of, 1),
    Primitive("integer->char", "i", _char_of, 1),
    Primitive("char-upcase", "c", lambda char: Char(char.value.upper()[:1]), 1),
    Primitive("char-downcase", "c", lambda char: Char(char.value.lower()[:1]), 1),
    *_strings(fold=False),
    *_strings(fold=True),
    *_walks(),
    Primitive("cons", "..", Pair, 2),
    Primitive("list", ".", lambda *items: list(items), 0, True),
    Primitive("length", "l", len, 1),
    Primitive("reverse", "l", lambda items: items[::-1], 1),
    Primitive("list-tail", "li", _list_tail, 2),
    Primitive("list-ref", "li", _list_ref, 2),
    Primitive("take", "li", _take, 2),
    Primitive("drop", "li", _list_tail, 2),
    Primitive("null?", ".", lambda value: value is NIL, 1),
    Primitive("pair?", ".", lambda value: isinstance(value, Pair), 1),
    Primitive("atom?", ".", lambda value: not isinstance(value, Pair), 1),
    Primitive("string?", ".", is_string, 1),
    Primitive("symbol?", ".", lambda value: isinstance(value, Symbol), 1),
    Primitive("boolean?", ".", lambda value: isinstance(value, bool), 1),
    Primitive("char?", ".", lambda value: isinstance(value, Char), 1),
    Primitive("number?", ".", _is_number, 1),
    Primitive("integer?", ".", lambda value: _is_number(value) and not isinstance(value, float), 1),
    Primitive("procedure?", ".", lambda v: isinstance(v, Closure | Primitive | Control), 1),
    Primitive("sbpl-filter?", ".", lambda value: isinstance(value, FilterValue), 1),
    Primitive("not", ".", lambda value: not is_true(value), 1),
    Primitive("eq?", "..", is_eqv, 2),
    Primitive("eqv?", "..", is_eqv, 2),
    Control("list?", _is_list),
    Control("equal?", _equal),
    Control("append", _append),
    Control("flatten", _flatten),
    Control("memq", partial(_found, "memq", False, False)),
    Control("memv", partial(_found, "memv", False, False)),
    Control("member", partial(_found, "member", True, False)),
    Control("assq", partial(_found, "assq", False, True)),
    Control("assv", partial(_found, "assv", False, True)),
    Control("assoc", partial(_found, "assoc", True, True)),
    Control("apply", _apply),
    Control("map", partial(_each, "map", lambda _rows, values: values)),
    Control("for-each", partial(_each, "for-each", lambda _rows, _values: True)),
    Control("filter", partial(_each, "filter", partial(_kept, True))),
    Control(
        "partition",
        partial(
            _each,
            "partition",
            lambda rows, values: [
                list_of(_kept(True, rows, values)),
                list_of(_kept(False, rows, values)),
            ],
        ),
    ),
    Control("foldr", _foldr),
    Control("error", _error),
    Control("throw", _error),
    Control("eval", _eval),
    Control("defined?", _is_defined),
    Control("display", _nothing),
    Control("newline", _nothing),
    Control("write", _nothing),
    Control("print", _nothing),
)

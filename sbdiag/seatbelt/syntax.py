"""The special forms: what gets its form unevaluated.

As in TinySCHEME they are values that names are bound to, so a profile may bind the names anew.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sbdiag.errors import Location, ProfileError
from sbdiag.seatbelt.machine import Machine
from sbdiag.seatbelt.procedures import is_eqv
from sbdiag.seatbelt.rules import Symbol
from sbdiag.seatbelt.sexpr import NIL, Pair, Value
from sbdiag.seatbelt.values import (
    Closure,
    Control,
    Macro,
    Scope,
    Syntax,
    is_true,
    items_of,
    list_of,
    show,
    type_name,
)

Place = Location | None
_ELSE: Final = Symbol("else")
_ARROW: Final = Symbol("=>")
_LOOP: Final = Symbol("do loop")  # the space keeps it apart from every name that can be read


def _parts(machine: Machine, form: Pair, least: int, most: int | None = None) -> list[Value]:
    """Return what stands behind the head of a form; long forms cost steps."""
    parts = items_of(form.cdr)
    machine.charge(len(parts or ()) >> 3)
    if parts is None or len(parts) < least or (most is not None and len(parts) > most):
        raise ProfileError(f"syntax error in {show(form)}", form.location)
    return parts


def _tail(form: Pair, skip: int) -> Value:
    """Return the body of a form: the pairs behind its first `skip` parts, with their places."""
    rest: Value = form.cdr
    for _ in range(skip):
        rest = rest.cdr if isinstance(rest, Pair) else NIL
    return rest


def _quote(machine: Machine, form: Pair, _scope: Scope, _where: Place) -> Value:
    return _parts(machine, form, 1, 1)[0]


def _if(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    parts = _parts(machine, form, 2)
    if len(parts) > 3:  # as TinySCHEME has it; one of Apple's profiles does that
        machine.warn("if has more than two branches; the third and later ones are never taken")

    def choose(value: Value) -> Value:
        if is_true(value):
            return machine.evaluate(parts[1], scope, where)
        return machine.evaluate(parts[2], scope, where) if len(parts) > 2 else NIL

    machine.push(choose)
    return machine.evaluate(parts[0], scope, where)


def _guarded(wanted: bool, machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    test, *_ = _parts(machine, form, 1)
    body = _tail(form, 1)
    machine.push(
        lambda value: machine.sequence(body, scope, where) if is_true(value) is wanted else NIL
    )
    return machine.evaluate(test, scope, where)


def _begin(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    _parts(machine, form, 0)
    return machine.sequence(form.cdr, scope, where)


def _name(value: Value, form: Pair) -> Symbol:
    if isinstance(value, Symbol):
        return value
    raise ProfileError(f"a name is due, got {type_name(value)} {show(value)}", form.location)


def _parameters(value: Value, form: Pair) -> tuple[tuple[str, ...], str | None]:
    names = []
    while isinstance(value, Pair):
        names.append(_name(value.car, form))
        value = value.cdr
    return tuple(names), None if value is NIL else _name(value, form)


def _closure(parameters: Value, form: Pair, skip: int, scope: Scope, name: str) -> Closure:
    names, rest = _parameters(parameters, form)
    return Closure(names, rest, _tail(form, skip), scope, name)


def _lambda(machine: Machine, form: Pair, scope: Scope, _where: Place) -> Value:
    return _closure(_parts(machine, form, 1)[0], form, 1, scope, "lambda")


def _define(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    target, *values = _parts(machine, form, 1)
    if isinstance(target, Pair):
        name = _name(target.car, form)
        scope.names[name] = _closure(target.cdr, form, 1, scope, name)
        return name
    name = _name(target, form)
    if len(values) > 1:  # as TinySCHEME has it; two of Apple's profiles rely on that
        machine.warn(f"define of {show(name)} has more than one value; the first is taken")

    def bind(value: Value) -> Value:
        scope.names[name] = value
        return name

    machine.push(bind)
    return machine.evaluate(values[0] if values else NIL, scope, where)


def _set(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    target, expression = _parts(machine, form, 2, 2)
    name = _name(target, form)

    def assign(value: Value) -> Value:
        found = scope.find(name)
        if found is None:
            raise machine.unbound(name, where)
        found.names[name] = value
        return value

    machine.push(assign)
    return machine.evaluate(expression, scope, where)


def _bindings(machine: Machine, value: Value, form: Pair) -> tuple[list[Symbol], Value]:
    """Return the names and the list of expressions of ``((name expression) …)``."""
    names, expressions = [], []
    bindings = items_of(value)
    if bindings is None:
        raise ProfileError(f"bad syntax of binding {show(value)}", form.location)
    for binding in bindings:
        parts = items_of(binding)
        if parts is None or len(parts) < 2:
            raise ProfileError(f"bad syntax of binding {show(binding)}", form.location)
        names.append(_name(parts[0], form))
        expressions.append(parts[1])
        if len(parts) > 2:  # as TinySCHEME has it; one of Apple's profiles relies on that
            machine.warn(f"{show(parts[0])} is given more than one value; the first is taken")
    return names, list_of(expressions)


def _let(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    first, *_ = _parts(machine, form, 1)
    if isinstance(first, Symbol):
        return _named_let(machine, form, scope, where)
    names, expressions = _bindings(machine, first, form)
    body = _tail(form, 1)

    def enter(machine: Machine, values: list[Value], where: Place) -> Value:
        inner = Scope(dict(zip(names, values, strict=True)), scope)
        return machine.sequence(body, inner, where)

    return machine.operands(Control("let", enter), expressions, scope, where)


def _named_let(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    name, bindings, *_ = _parts(machine, form, 2)
    loop = _name(name, form)
    names, expressions = _bindings(machine, bindings, form)
    inner = Scope({}, scope)
    inner.names[loop] = closure = Closure(tuple(names), None, _tail(form, 2), inner, loop)
    return machine.operands(closure, expressions, scope, where)


def _let_in_order(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    """Evaluate ``let*`` and ``letrec``: in TinySCHEME both bind one after the other in one block.

    So a procedure of a ``let*`` may call itself; Apple's application.sb relies on it.
    """
    names, expressions = _bindings(machine, _parts(machine, form, 1)[0], form)
    body = _tail(form, 1)
    inner = Scope({}, scope)
    todo = list(zip(names, items_of(expressions) or [], strict=True))

    def proceed(index: int) -> Value:
        if index == len(todo):
            return machine.sequence(body, inner, where)
        name, expression = todo[index]

        def bind(value: Value) -> Value:
            inner.names[name] = value
            return proceed(index + 1)

        machine.push(bind)
        return machine.evaluate(expression, inner, where)

    return proceed(0)


def _logic(stop: bool, machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    """Evaluate ``or`` (stops at the first true value) or ``and`` (at the first false one)."""
    parts = _parts(machine, form, 0)

    def proceed(index: int) -> Value:
        if index < len(parts) - 1:
            machine.push(lambda value: value if is_true(value) is stop else proceed(index + 1))
        return machine.evaluate(parts[index], scope, where)

    return proceed(0) if parts else not stop


def _clause(value: Value, form: Pair) -> Pair:
    if isinstance(value, Pair):
        return value
    raise ProfileError(f"bad clause {show(value)}", form.location)


def _cond(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    clauses = [_clause(part, form) for part in _parts(machine, form, 0)]

    def proceed(index: int) -> Value:
        if index == len(clauses):
            return NIL
        clause = clauses[index]
        if clause.car == _ELSE and isinstance(clause.car, Symbol):
            return machine.sequence(clause.cdr, scope, where)
        machine.push(partial(chosen, index))
        return machine.evaluate(clause.car, scope, clause.location or where)

    def chosen(index: int, value: Value) -> Value:
        if not is_true(value):
            return proceed(index + 1)
        clause = clauses[index]
        if not isinstance(clause.cdr, Pair):
            return value
        parts = _parts(machine, clause, 1)
        if parts[0] == _ARROW and isinstance(parts[0], Symbol) and len(parts) == 2:
            machine.push(lambda receiver: machine.apply(receiver, [value], where))
            return machine.evaluate(parts[1], scope, where)
        return machine.sequence(clause.cdr, scope, where)

    return proceed(0)


def _case(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    key, *rest = _parts(machine, form, 1)
    clauses = [_clause(part, form) for part in rest]

    def choose(value: Value) -> Value:
        for clause in clauses:
            data = items_of(clause.car)
            machine.charge(len(data or ()) >> 3)
            otherwise = isinstance(clause.car, Symbol) and clause.car == _ELSE
            if otherwise or any(is_eqv(datum, value) for datum in data or ()):
                return machine.sequence(clause.cdr, scope, where)
        return NIL

    machine.push(choose)
    return machine.evaluate(key, scope, where)


def _do(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    """Rewrite ``(do ((name start step)…) (test value…) body…)`` as a named let."""
    variables, end, *_ = _parts(machine, form, 2)
    bindings, steps = [], []
    for variable in items_of(variables) or []:
        parts = items_of(variable)
        if parts is None or not 2 <= len(parts) <= 3:
            raise ProfileError(f"bad syntax of binding {show(variable)}", form.location)
        bindings.append(list_of(parts[:2]))
        steps.append(parts[-1] if len(parts) == 3 else parts[0])
    clause = _clause(end, form)
    again = list_of([_LOOP, *steps])
    body = list_of([_BEGIN, *(items_of(_tail(form, 2)) or []), again])
    test = list_of([_IF, clause.car, Pair(_BEGIN, clause.cdr), body])
    loop = list_of([_LET, _LOOP, list_of(bindings), test])
    return machine.evaluate(loop, scope, where)


def _macro(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    """Evaluate ``(macro (name form) body…)`` or ``(macro name procedure)``."""
    target, *values = _parts(machine, form, 1)
    if isinstance(target, Pair):
        name = _name(target.car, form)
        scope.names[name] = Macro(_closure(target.cdr, form, 1, scope, name))
        return name
    if len(values) != 1:
        raise ProfileError(f"syntax error in {show(form)}", form.location)
    return _bind_macro(machine, _name(target, form), values[0], scope, where, spread=False)


def _define_macro(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    """Evaluate ``(define-macro (name parameter…) body…)``: the macro gets the parts apart."""
    target, *values = _parts(machine, form, 1)
    if isinstance(target, Pair):
        name = _name(target.car, form)
        scope.names[name] = Macro(_spread(_closure(target.cdr, form, 1, scope, name)))
        return name
    if len(values) != 1:
        raise ProfileError(f"syntax error in {show(form)}", form.location)
    return _bind_macro(machine, _name(target, form), values[0], scope, where, spread=True)


def _bind_macro(
    machine: Machine, name: Symbol, expression: Value, scope: Scope, where: Place, *, spread: bool
) -> Value:
    def bind(procedure: Value) -> Value:
        scope.names[name] = Macro(_spread(procedure) if spread else procedure)
        return name

    machine.push(bind)
    return machine.evaluate(expression, scope, where)


def _spread(procedure: Value) -> Control:
    def call(machine: Machine, arguments: list[Value], where: Place) -> Value:
        form = arguments[0]
        parts = items_of(form.cdr) if isinstance(form, Pair) else None
        if parts is None:
            raise ProfileError(f"syntax error in {show(form)}", where)
        machine.charge(len(parts) >> 3)
        return machine.apply(procedure, parts, where)

    return Control("macro", call)


def _quasiquote(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    return machine.evaluate(_template(_parts(machine, form, 1, 1)[0], 1), scope, where)


def _template(template: Value, level: int) -> Value:
    """Return the form that builds `template`, which stands inside `level` quasiquotes."""
    return list_of([_BUILD, template, level]) if isinstance(template, Pair) else _quoted(template)


def _quoted(value: Value) -> Value:
    return list_of([_QUOTE, value]) if isinstance(value, Symbol) else value


def _escaped(value: Value, word: str) -> bool:
    """Tell whether a value is ``(word x)``."""
    return (
        isinstance(value, Pair)
        and isinstance(value.car, Symbol)
        and value.car == word
        and isinstance(value.cdr, Pair)
        and value.cdr.cdr is NIL
    )


def _build(machine: Machine, form: Pair, scope: Scope, where: Place) -> Value:
    """Build one pair of a quasiquoted template: its car, then its cdr, each with a step."""
    template, level = _parts(machine, form, 2, 2)
    assert isinstance(template, Pair)
    assert isinstance(level, int)
    if _escaped(template, "unquote") and level == 1:
        return machine.evaluate(_parts(machine, template, 1)[0], scope, where)
    inner = level
    if isinstance(template.car, Symbol):
        inner += template.car == "quasiquote"
        inner -= template.car in {"unquote", "unquote-splicing"} and level > 1
    splice = level == 1 and _escaped(template.car, "unquote-splicing")

    def with_car(car: Value) -> Value:
        machine.push(partial(join, car))
        return machine.evaluate(_template(template.cdr, inner), scope, where)

    def join(car: Value, cdr: Value) -> Value:
        if not splice:
            return Pair(car, cdr, template.location, template.place)
        items = items_of(car)
        if items is None:
            raise ProfileError(f"unquote-splicing needs a list, got {show(car)}", where)
        machine.charge(len(items))
        return list_of(items, cdr)

    machine.push(with_car)
    if splice and isinstance(template.car, Pair):
        return machine.evaluate(_parts(machine, template.car, 1)[0], scope, where)
    return machine.evaluate(_template(template.car, inner), scope, where)


_QUOTE: Final = Syntax("quote", _quote)
_BUILD: Final = Syntax("quasiquote", _build)
_IF: Final = Syntax("if", _if)
_BEGIN: Final = Syntax("begin", _begin)
_LET: Final = Syntax("let", _let)

SYNTAX: Final = (
    _QUOTE,
    _IF,
    _BEGIN,
    _LET,
    Syntax("quasiquote", _quasiquote),
    Syntax("when", partial(_guarded, True)),
    Syntax("unless", partial(_guarded, False)),
    Syntax("lambda", _lambda),
    Syntax("define", _define),
    Syntax("set!", _set),
    Syntax("let*", _let_in_order),
    Syntax("letrec", _let_in_order),
    Syntax("or", partial(_logic, True)),
    Syntax("and", partial(_logic, False)),
    Syntax("cond", _cond),
    Syntax("case", _case),
    Syntax("do", _do),
    Syntax("macro", _macro),
    Syntax("define-macro", _define_macro),
)

"""``allow`` and ``deny`` as the procedures they are, and the forms that wrap them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sbdiag.errors import Location, ProfileError, ProfileLimitError
from sbdiag.seatbelt.constructors import MODIFIERS, as_filter, filter_value
from sbdiag.seatbelt.filters import FIXED, accepts, spelling
from sbdiag.seatbelt.machine import Machine
from sbdiag.seatbelt.operations import meanings
from sbdiag.seatbelt.rules import Action, Filter, Modifier, Rule
from sbdiag.seatbelt.sexpr import NIL, Pair, Value
from sbdiag.seatbelt.values import (
    Control,
    FilterValue,
    ModifierValue,
    OperationValue,
    Scope,
    Syntax,
    Unknown,
    items_of,
    show,
    type_name,
)

Place = Location | None
Injection = Callable[[Machine, list[Value]], list[Value]]

ACTIONS: Final = ("allow", "deny")


@dataclass(slots=True)
class Draft:
    """The profile that is being made: its rules so far, and the version once it is named."""

    rules: list[Rule] = field(default_factory=list)
    version: int | None = None
    size: int = 0
    settled_from: int = 0  # rules from here on stand behind whatever a missing import may add

    def unsettle(self) -> None:
        """Note that rules which are not known may stand here."""
        self.settled_from = len(self.rules)


def action(name: Action, draft: Draft) -> Control:
    """Return the procedure that adds a rule to a draft."""
    return Control(name, partial(_act, name, draft))


def _act(
    name: Action, draft: Draft, machine: Machine, arguments: list[Value], where: Place
) -> Value:
    operations: list[str] = []
    filters: list[FilterValue] = []
    modifiers: list[Modifier] = []
    for argument in arguments:
        found = as_filter(machine, argument)
        if isinstance(argument, OperationValue):
            operations.append(argument.name)
        elif isinstance(argument, ModifierValue):
            modifiers.append(_checked(name, argument.modifier))
        elif found is not None:
            filters.append(found)
        else:
            raise ProfileError(
                f"{name}: argument must be: operation, filter or modifier,"
                f" got {type_name(argument)} {show(argument)}",
                where,
            )
    if not operations:
        raise ProfileError(f"{name}: no operation is named", where)
    draft.size += len(operations) + sum(value.size for value in filters) + len(modifiers)
    if draft.size > machine.limits.output:
        raise ProfileLimitError(f"rules of more than {machine.limits.output:,} parts", where)
    machine.charge(len(arguments))
    rule = Rule(
        name,
        tuple(operations),
        tuple(value.filter for value in filters),
        tuple(modifiers),
        where,
    )
    _check_use(machine, rule, draft.version or 1)
    draft.rules.append(rule)
    if any(isinstance(argument, Unknown) for argument in arguments):
        draft.unsettle()  # it may be an operation that the rule names as well
    return NIL


def _checked(name: Action, modifier: Modifier) -> Modifier:
    use = MODIFIERS[modifier.name].use
    if use not in {name, "both"}:
        raise ProfileError(f"modifier {modifier.name} does not apply to {name}")
    return modifier


def _check_use(machine: Machine, rule: Rule, version: int) -> None:
    """Warn of a filter on an operation that the table of libsandbox 13.0 keeps it from.

    No error: seven of Apple's own profiles of 10.15 have such rules (a ``literal`` on
    ``user-preference-read``, a ``global-name`` on ``ipc-posix-shm-read-data``), and load.
    """
    names = {leaf for filter_ in rule.filters for leaf in _leaves(machine, filter_)}
    for operation in rule.operations:
        if operation == "default":
            continue  # stands for every operation
        meant = {each for meaning in meanings(operation, version) for each in meaning}
        for name in sorted(names):
            form = spelling(FIXED[name][0] if name in FIXED else name)
            if form is None or not meant:
                continue
            if all(accepts(each, form.filter) == "no" for each in meant):
                machine.warn(f"filter {name} does not apply to operation {operation}")


def _leaves(machine: Machine, filter_: Filter) -> list[str]:
    """Return the names of the filters in a tree, bounded in depth when it was made."""
    found, todo = [], [filter_]
    while todo:
        item = todo.pop()
        found.append(item.name)
        machine.charge(1)
        if item.name not in {"local", "remote", "from", "to"}:  # a socket's path is its own matter
            todo += [argument for argument in item.arguments if isinstance(argument, Filter)]
    return found


# with-filter, with-modifier and with-operations: while their rules are evaluated, `allow` and
# `deny` are bound to procedures that add something to each rule (version 1 prelude).


def _inject_filter(extra: Value) -> Injection:
    def inject(machine: Machine, arguments: list[Value]) -> list[Value]:
        added = as_filter(machine, extra)
        if added is None:
            raise ProfileError(f"with-filter: {show(extra)} is no filter")
        values = [(argument, as_filter(machine, argument)) for argument in arguments]
        filters = [found for _, found in values if found is not None]
        others = [argument for argument, found in values if found is None]
        if not filters:
            return [added, *others]
        either = filters[0]
        if len(filters) > 1:
            either = filter_value(machine, "require-any", [f.filter for f in filters], filters)
        both = filter_value(machine, "require-all", [either.filter, added.filter], [either, added])
        return [both, *others]

    return inject


def _inject_modifier(extra: Value) -> Injection:
    return lambda _machine, arguments: [extra, *arguments]


def _inject_operations(extra: Value) -> Injection:
    operations = items_of(extra)
    if operations is None:
        raise ProfileError(f"with-operations: needs a list of operations, got {show(extra)}")
    return lambda _machine, arguments: [*operations, *arguments]


def _wrap(
    injection: Callable[[Value], Injection],
    machine: Machine,
    form: Pair,
    scope: Scope,
    where: Place,
) -> Value:
    if not isinstance(form.cdr, Pair):
        raise ProfileError(f"syntax error in {show(form)}", where)
    rules = form.cdr.cdr
    names = machine.globals.names

    def enter(extra: Value) -> Value:
        inject = injection(extra)
        saved = {name: names[name] for name in ACTIONS}
        for name, procedure in saved.items():
            names[name] = _wrapper(name, procedure, inject)

        def leave(_value: Value) -> Value:
            names.update(saved)
            return NIL

        machine.push(leave)
        return machine.sequence(rules, scope, where)

    machine.push(enter)
    return machine.evaluate(form.cdr.car, scope, form.cdr.place or where)


def _wrapper(name: str, procedure: Value, inject: Injection) -> Control:
    def call(machine: Machine, arguments: list[Value], where: Place) -> Value:
        # A step of its own: wrappers of wrappers must not pile up on Python's stack.
        injected = inject(machine, arguments)
        machine.charge(len(injected) >> 2)
        machine.push(lambda _: machine.apply(procedure, injected, where))
        return NIL

    return Control(name, call)


def _message_filter(
    draft: Draft, machine: Machine, form: Pair, scope: Scope, where: Place
) -> Value:
    """Evaluate ``(apply-message-filter rules…)``: rules on the messages, not on the operation."""
    kept = len(draft.rules)

    def leave(_value: Value) -> Value:
        inner = draft.rules[kept:]
        del draft.rules[kept:]
        if any(rule.action == "deny" for rule in inner):
            # Measured on 14.4.1 (Protonk/sandbox-boostrap, gate-witnesses): EPERM when applied.
            machine.warn("a deny inside apply-message-filter needs an entitlement of Apple's")
        return ModifierValue(Modifier("message-filter"))

    machine.warn("rules inside apply-message-filter are checked and left out of the decision")
    machine.push(leave)
    return machine.sequence(form.cdr, scope, where)


def action_names(draft: Draft) -> dict[str, Value]:
    """Return what a profile makes rules with."""
    return {
        "allow": action("allow", draft),
        "deny": action("deny", draft),
        "with-filter": Syntax("with-filter", partial(_wrap, _inject_filter)),
        "with-modifier": Syntax("with-modifier", partial(_wrap, _inject_modifier)),
        "with-operations": Syntax("with-operations", partial(_wrap, _inject_operations)),
        "apply-message-filter": Syntax("apply-message-filter", partial(_message_filter, draft)),
    }

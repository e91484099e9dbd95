"""Rules as a person would write them: those of one operation and filter kind in one form.

``(allow op (literal "/a"))`` and ``(allow op (literal "/b"))`` become one form with two filters,
which means the same: several filters of a rule are any of them. Each form keeps the rules it was
made of, so provenance is not lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.seatbelt.rules import Rule


@dataclass(frozen=True, slots=True)
class Form:
    """One form, and the rules that stand in it, in order."""

    rule: Rule
    members: tuple[MinimalRule, ...]


def forms(rules: Iterable[MinimalRule]) -> tuple[Form, ...]:
    """Put rules with the same action, operations, filter kinds and modifiers into one form.

    A form stands where its first rule stood; rules that are written apart stay apart, and a rule
    without filters stays alone.
    """
    found: dict[tuple[object, ...], list[MinimalRule]] = {}
    for minimal in rules:
        rule = minimal.rule
        kinds = tuple(filter_.name for filter_ in rule.filters)
        key = (minimal.apart, rule.action, rule.operations, kinds, rule.modifiers)
        found.setdefault(key, []).append(minimal)
    return tuple(
        Form(
            replace(
                members[0].rule,
                filters=tuple(one for member in members for one in member.rule.filters),
            ),
            tuple(members),
        )
        for members in found.values()
    )

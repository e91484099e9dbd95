"""Decisions written out like a proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sbdiag.errors import ProfileError
from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.operations import operations
from sbdiag.seatbelt.prepared import Prepared
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.sexpr import visible
from sbdiag.seatbelt.text import filter_text, modifier_text

if TYPE_CHECKING:
    from sbdiag.seatbelt.decision import Decision, Step

_SHOWN: Final = 5
_WIDTH: Final = 160


@dataclass(frozen=True, slots=True)
class Overruled:
    """A rule that matches the access but could not decide it, and why."""

    rule: Rule
    why: str


def overruled(decision: Decision) -> tuple[Overruled, ...]:
    """Return the rules that match, say something else than the verdict, and could not help.

    Returns
    -------
    tuple of Overruled
        In the order in which they would have been consulted; empty for an unknown verdict and for
        a name that is no operation. Rules that only may match are not among them.
    """
    request, prepared = decision.request, decision.prepared
    if decision.verdict == "unknown" or request is None or prepared is None:
        return ()
    found = [
        other
        for other in _beaten(decision, request, prepared)
        if other.rule.action != decision.verdict
    ]
    return tuple(found)


def _beaten(decision: Decision, request: Request, prepared: Prepared) -> Iterator[Overruled]:
    last = decision.chain[-1]
    own = prepared.of(last.operation)
    for turn, entry in own.candidates(request):
        if turn >= last.tried and entry.matcher(request).matches:
            yield Overruled(entry.rule, "it stands before the rule that decided: the last one wins")
    if own.unfiltered is not None and decision.rule is not own.unfiltered[1]:
        yield Overruled(
            own.unfiltered[1],
            "it has no filter: a filtered rule of the same operation stands above it, "
            "whatever the order",
        )
    above = operations()[last.operation].parent
    while above is not None:
        group = prepared.of(above)
        if decision.rule is None:
            why = f"rules of {above} do not reach {last.operation}"
        else:
            why = (
                f"it names {above}: rules of {last.operation} itself are consulted first, "
                "whatever the order"
            )
        for _turn, entry in group.candidates(request):
            if entry.matcher(request).matches:
                yield Overruled(entry.rule, why)
        if group.unfiltered is not None:
            yield Overruled(group.unfiltered[1], why)
        above = operations()[above].parent


def explain(decision: Decision) -> str:
    """Write a decision out; see :meth:`sbdiag.seatbelt.decision.Decision.explain`."""
    access = decision.access
    asked = access.operation if access.detail is None else f"{access.operation} {access.detail}"
    lines = [f"{visible(asked)}: {decision.verdict}", f"  {visible(decision.reason)}"]
    for number, step in enumerate(decision.chain, start=1):
        lines += _step_lines(number, step)
    if decision.chain and decision.chain[-1].decided is None:
        lines.append("   No rule decides.")
    beaten = overruled(decision)
    if beaten:
        lines.append(f"Matches too and says {beaten[0].rule.action}, but does not help:")
        lines += [f"  {rule_line(other.rule)}\n    {other.why}" for other in beaten[:_SHOWN]]
        if len(beaten) > _SHOWN:
            lines.append(f"  and {len(beaten) - _SHOWN} more")
    if decision.evidence:
        lines.append("Evidence:")
        lines += [f"  {EVIDENCE[key].grade}: {EVIDENCE[key].text}" for key in decision.evidence]
    return "\n".join(lines)


def _step_lines(number: int, step: Step) -> list[str]:
    total = len(step.filtered)
    if not total and step.unfiltered is None:
        return [f"{number}. {step.operation}: no rule names it"]
    head = f"{number}. {step.operation}: "
    if total:
        head += f"{total} filtered rule{'s' * (total > 1)}, the last one first, {step.tried} tried"
    else:
        head += "no filtered rule"
    lines = [head]
    doubtful = [doubt.rule for doubt in step.doubts if doubt.rule is not None]
    decided = step.decided if step.decided is not step.unfiltered else None
    passed = [
        rule
        for rule in step.filtered[: step.tried]
        if rule is not decided and not any(rule is other for other in doubtful)
    ]
    lines += [f"   does not match: {rule_line(rule)}" for rule in passed[:_SHOWN]]
    if len(passed) > _SHOWN:
        lines.append(f"   does not match: {len(passed) - _SHOWN} more")
    for doubt in step.doubts:
        if doubt.rule is not None:
            lines.append(f"   may match: {rule_line(doubt.rule)}\n     {visible(doubt.why)}")
    if decided is not None:
        lines.append(f"   matches: {rule_line(decided)}")
    elif step.unfiltered is not None:
        lines.append(f"   without filter: {rule_line(step.unfiltered)}")
    return lines


def rule_line(rule: Rule) -> str:
    """Write a rule on one line behind its place, cut where it is too long; for messages."""
    parts = [rule.action, *rule.operations]
    try:
        parts += [filter_text(part) for part in rule.filters]
        parts += [modifier_text(part) for part in rule.modifiers]
    except ProfileError:  # a rule made by hand, of values that the language cannot write
        parts += [repr(part) for part in (*rule.filters, *rule.modifiers)]
    text = visible(f"({' '.join(parts)})")
    text = text if len(text) <= _WIDTH else f"{text[: _WIDTH - 2]}…)"
    return text if rule.location is None else f"{visible(str(rule.location))}  {text}"

"""What a profile answers to one access: allow, deny or unknown, with the way it was reached.

The procedure is not "the last match wins". For the operation, then for its fallback parent, and so
on: its filtered rules, the last first, of which the first that matches decides; else its last
unfiltered rule; an operation that the table calls terminal, and under version 1 one with an
implicit allow, ends the walk; ``default`` without a rule denies. Evidence: `homebrew` (filtered
rules stand above unfiltered ones), `nono-971` (an operation's own rules stand above its group's),
`mxc-network` (order among filtered rules; network-bind falls back to network-inbound).

A rule of which it is unknown whether it matches does not end the walk. It makes the verdict unknown
only if the walk without it ends in another verdict. Where sources disagree on a table (see
:func:`sbdiag.seatbelt.plans.plans`) every reading is walked, and only what all of them say is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sbdiag.seatbelt.decision import Decision, Doubt, Step, Verdict
from sbdiag.seatbelt.operations import (
    GROUPS_PRINTED,
    close_names,
    fallback_chain,
    meanings,
    members,
    operation,
    operations,
    other_names,
)
from sbdiag.seatbelt.plans import ALWAYS_ALLOWED, Plan, plans
from sbdiag.seatbelt.prepared import OperationRules, Prepared
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Action, Rule


@dataclass(frozen=True, slots=True)
class Basis:
    """What decisions about one profile need; built once for it.

    Attributes
    ----------
    prepared
        Its rules in each reading of the names it uses.
    version
        Its language version.
    missing
        Imports that could not be read; their rules are not known.
    settled_from
        Rules from this place on stand behind the last of them.
    """

    prepared: tuple[Prepared, ...]
    version: int
    missing: tuple[str, ...] = ()
    settled_from: int = 0


def decide(basis: Basis, request: Request) -> Decision:
    """Answer one request.

    Parameters
    ----------
    basis
        The prepared rules of a profile.
    request
        Access and context. An operation may carry its star, and may be an alias that older logs
        print. A group that the kernel does not consult as such is answered only if all its
        operations are.
    """
    name = request.operation
    row = operation(name)
    if row is None:
        alias = meanings(name, 1)
        if len(alias) != 1 or len(alias[0]) != 1:
            return _nameless(request)
        name = alias[0][0]
        row = operations()[name]
    if row.group and name not in GROUPS_PRINTED:
        return _decide_group(basis, request, name)
    return _decide(basis, request, name)


def concerned(basis: Basis, request: Request) -> set[int]:
    """Return the places of the rules that can matter to a request; without the rest it is the same.

    They are those of the operations that are consulted, in any reading of the names: the ones
    without filters, and the ones of which a filter may match.
    """
    name = request.operation
    found: set[int] = set()
    for prepared in basis.prepared:
        for each in (*fallback_chain(name), *members(name)):
            rules = prepared.of(each)
            found.update(place for place, _ in rules.bare)
            found.update(
                entry.place
                for _, entry in rules.candidates(request)
                if entry.matcher(request).matches is not False
            )
    return found


def _nameless(request: Request) -> Decision:
    name = request.operation
    logged = other_names().get(name.partition("<")[0])
    if logged is not None and logged.kind == "log-only":
        reason = f"{name} is no operation of a profile: {logged.note}"
        return Decision("unknown", None, (), reason, (), logged.evidence, request.access)
    close = close_names(name)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    reason = f"{name} is no operation of the table{hint}"
    return Decision("unknown", None, (), reason, access=request.access)


def _decide_group(basis: Basis, request: Request, name: str) -> Decision:
    """Answer for a whole group: certain only if every operation of it gets the same answer."""
    own = _decide(basis, request, name)
    for member in members(name):
        other = _decide(basis, request, member)
        if other.verdict != own.verdict:
            reason = (
                f"{name} is a group: by itself {own.verdict}, but {member} is {other.verdict}, as "
                f"{other.reason}"
            )
            return replace(own, verdict="unknown", rule=None, reason=reason)
    return own


def _decide(basis: Basis, request: Request, name: str) -> Decision:
    answers = [
        _walk(basis, prepared, plan, request)
        for prepared in basis.prepared
        for plan in plans(name, basis.version)
    ]
    first = answers[0]
    for other in answers[1:]:
        if other.verdict != first.verdict:
            reason = (
                f"the sources disagree on how {name} is decided: {first.verdict} "
                f"({first.reason}), or {other.verdict} ({other.reason})"
            )
            evidence = tuple(dict.fromkeys((*first.evidence, *other.evidence)))
            return replace(first, verdict="unknown", rule=None, reason=reason, evidence=evidence)
    return first


def _walk(basis: Basis, prepared: Prepared, plan: Plan, request: Request) -> Decision:
    steps: list[Step] = []
    doubts: list[Doubt] = []
    for number, member in enumerate(plan.members):
        step, place = _consult(prepared.of(member), request)
        steps.append(step)
        doubts += step.doubts
        behind_imports = number == 0 and place is not None and place >= basis.settled_from
        if basis.missing and not behind_imports:
            why = f"the rules of {', '.join(basis.missing)} are not known"
            doubts += [Doubt(None, "allow", why), Doubt(None, "deny", why)]
        always = number == 0 and (member, request.value("target")) in ALWAYS_ALLOWED
        if always and place is None:
            why = f"libsandbox allows {member} on the process itself in every profile"
            return _conclude("allow", None, steps, doubts, why, ("policy.scm",), request, prepared)
        rule = step.decided
        if rule is not None:
            if always:
                why = "libsandbox allows this too, and it is not known which of the two comes last"
                doubts.append(Doubt(None, "allow", why))
            why = _says(step, rule)
            return _conclude(rule.action, rule, steps, doubts, why, (), request, prepared)
    return _conclude(plan.ending, None, steps, doubts, plan.why, plan.evidence, request, prepared)


def _consult(rules: OperationRules, request: Request) -> tuple[Step, int | None]:
    """Try the rules of one operation; return the place of a filtered rule that decided as well."""
    doubts: list[Doubt] = []
    for turn, entry in rules.candidates(request):
        answer = entry.matcher(request)
        if answer.matches:
            step = Step(rules.operation, rules.rules, turn + 1, tuple(doubts), decided=entry.rule)
            return step, entry.place
        if answer.matches is None:
            doubts.append(Doubt(entry.rule, entry.rule.action, answer.why))
    bare = rules.unfiltered
    rule = None if bare is None else bare[1]
    step = Step(rules.operation, rules.rules, len(rules.rules), tuple(doubts), rule, rule)
    return step, None


def _says(step: Step, rule: Rule) -> str:
    place = f" ({rule.location})" if rule.location is not None else ""
    if rule is step.unfiltered:
        return f"the last unfiltered rule of {step.operation} says {rule.action}{place}"
    return f"the last filtered rule of {step.operation} that matches says {rule.action}{place}"


def _conclude(
    action: Action,
    rule: Rule | None,
    steps: list[Step],
    doubts: list[Doubt],
    reason: str,
    evidence: tuple[str, ...],
    request: Request,
    prepared: Prepared,
) -> Decision:
    verdict: Verdict = action
    against = next((doubt for doubt in doubts if doubt.action != action), None)
    if against is not None:
        verdict = "unknown"
        subject = "what is not in the file" if against.rule is None else "a rule that may match"
        if against.rule is not None and against.rule.location is not None:
            subject = f"the rule at {against.rule.location}"
        reason = f"{subject} would {against.action}: {against.why}; otherwise {action}, as {reason}"
    return Decision(
        verdict,
        rule if verdict == action else None,
        tuple(steps),
        reason,
        tuple(doubts),
        evidence,
        request.access,
        request,
        prepared,
    )

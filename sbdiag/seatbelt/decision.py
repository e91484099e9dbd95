"""What a profile answers to one access: allow, deny or unknown, with the way it was reached.

The procedure is not "the last match wins". For the operation, then for its fallback parent, and so
on: its filtered rules, the last first, of which the first that matches decides; else its last
unfiltered rule; an operation that the table calls terminal, and under version 1 one with an
implicit allow, ends the walk; ``default`` without a rule denies. Evidence: `homebrew` (filtered
rules stand above unfiltered ones), `nono-971` (an operation's own rules stand above its group's),
`mxc-network` (order among filtered rules; network-bind falls back to network-inbound).

A rule of which it is unknown whether it matches does not end the walk. It makes the verdict unknown
only if the walk without it ends in another verdict. Where sources disagree on a table (see
:func:`plans`) every reading is walked, and only what all of them say is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, TypeAlias

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.operations import (
    GROUPS_PRINTED,
    close_names,
    leaves,
    meanings,
    operation,
    operations,
    other_names,
)
from sbdiag.seatbelt.prepared import OperationRules, Prepared
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Action, Rule

Verdict: TypeAlias = Literal["allow", "deny", "unknown"]

ALWAYS_ALLOWED: Final = (("signal", "self"), ("mach-task-name", "self"))
"""Operation and target that libsandbox allows in every profile (policy.scm)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One reading of the tables for an operation.

    Attributes
    ----------
    members
        Operations whose rules are consulted, in order.
    ending
        What happens when none of them decides.
    why
        Why it ends so, for a reader.
    evidence
        Keys of :data:`sbdiag.seatbelt.evidence.EVIDENCE`.
    """

    members: tuple[str, ...]
    ending: Action
    why: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule of which it is unknown whether it matches, and why."""

    rule: Rule | None
    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the chain.

    Attributes
    ----------
    operation
        Whose rules were consulted.
    filtered
        All its filtered rules, in the order in which they are tried.
    tried
        How many of them were tried.
    doubts
        Those of the tried ones that may match.
    unfiltered
        The unfiltered rule that was consulted, if the walk came to it.
    decided
        The rule that decided here, ``None`` where the walk went on.
    """

    operation: str
    filtered: tuple[Rule, ...] = field(repr=False)
    tried: int
    doubts: tuple[Doubt, ...] = ()
    unfiltered: Rule | None = None
    decided: Rule | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a profile to one access.

    Attributes
    ----------
    verdict
        ``unknown`` where the file cannot settle it.
    rule
        The rule that decided; ``None`` for an implicit answer and for unknown.
    chain
        The operations that were consulted, in order.
    reason
        One sentence: why this verdict.
    doubts
        Rules of which it is unknown whether they match, whether or not that mattered.
    evidence
        Keys of :data:`sbdiag.seatbelt.evidence.EVIDENCE` that the answer leans on beside the
        procedure itself.
    access
        What was asked.
    """

    verdict: Verdict
    rule: Rule | None
    chain: tuple[Step, ...]
    reason: str
    doubts: tuple[Doubt, ...] = ()
    evidence: tuple[str, ...] = ()
    access: Access = field(default=Access(""), repr=False)


@cache
def plans(name: str, version: int) -> tuple[Plan, ...]:
    """Return how the tables say an operation is walked: one plan, or two where they disagree.

    Parameters
    ----------
    name
        An operation of the table.
    version
        Language version, 1 to 3.

    Returns
    -------
    tuple of Plan
        Disputed are: terminals that deny (nobody measured that ``default`` does not reach them)
        and, under versions 2 and 3, those that allow; the implicit allows of version 1, which the
        table of 10.15 ends at the operation while those of 12 and later consult its groups first;
        under version 2 whether it has implicit allows at all.
    """
    found = dict.fromkeys(_plan(name, version, newer) for newer in (False, True))
    return tuple(found)


def _plan(name: str, version: int, newer: bool) -> Plan:
    members: list[str] = []
    floor: Plan | None = None
    at: str | None = name
    while at is not None:
        row = operations()[at]
        members.append(at)
        if row.terminal is not None and not (newer and (row.terminal == "deny" or version != 1)):
            return Plan(
                tuple(members),
                row.terminal,
                f"{at} is terminal: without a rule of its own it is {row.terminal}, "
                "and (default) does not reach it",
                ("libsandbox-13.0",),
            )
        implicit = _implicit(at, version, newer)
        if implicit is not None and floor is None:
            floor = Plan(
                (),
                "allow",
                f"under (version 1) {at} is allowed where no rule decides, whatever (default) "
                "says; this depends on the system's version",
                implicit,
            )
            if not newer:
                return Plan(tuple(members), floor.ending, floor.why, floor.evidence)
        at = row.parent
    if floor is not None:
        return Plan(tuple(members[:-1]), floor.ending, floor.why, floor.evidence)
    return Plan(tuple(members), "deny", "no rule decides, and without one everything is denied", ())


def _implicit(name: str, version: int, newer: bool) -> tuple[str, ...] | None:
    row = operations()[name]
    if row.implicit == "allow" and (version == 1 or (version == 2 and not newer)):
        return row.implicit_evidence
    if row.implicit == "disputed" and version == 1 and newer:
        return row.implicit_evidence
    return None


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
    for leaf in leaves(name):
        other = _decide(basis, request, leaf)
        if other.verdict != own.verdict:
            reason = (
                f"{name} is a group: {own.verdict} by its own rules, but {leaf} is {other.verdict}"
            )
            return Decision(
                "unknown", None, own.chain, reason, own.doubts, own.evidence, request.access
            )
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
            return Decision(
                "unknown",
                None,
                first.chain,
                reason,
                first.doubts,
                tuple(dict.fromkeys((*first.evidence, *other.evidence))),
                request.access,
            )
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
            return _conclude("allow", None, steps, doubts, why, ("policy.scm",), request)
        rule = step.decided
        if rule is not None:
            if always:
                why = "libsandbox allows this too, and it is not known which of the two comes last"
                doubts.append(Doubt(None, "allow", why))
            return _conclude(rule.action, rule, steps, doubts, _says(step, rule), (), request)
    return _conclude(plan.ending, None, steps, doubts, plan.why, plan.evidence, request)


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
    kind = "last unfiltered rule" if rule is step.unfiltered else "last filtered rule that matches"
    place = f" ({rule.location})" if rule.location is not None else ""
    return f"the {kind} of {step.operation} says {rule.action}{place}"


def _conclude(
    action: Action,
    rule: Rule | None,
    steps: list[Step],
    doubts: list[Doubt],
    reason: str,
    evidence: tuple[str, ...],
    request: Request,
) -> Decision:
    against = next((doubt for doubt in doubts if doubt.action != action), None)
    if against is None:
        return Decision(action, rule, tuple(steps), reason, tuple(doubts), evidence, request.access)
    subject = "a rule that may match"
    if against.rule is not None and against.rule.location is not None:
        subject = f"the rule at {against.rule.location}"
    elif against.rule is None:
        subject = "something outside the file"
    reason = f"{subject} would {against.action}: {against.why}; otherwise {action}, as {reason}"
    return Decision("unknown", None, tuple(steps), reason, tuple(doubts), evidence, request.access)

"""What a profile in force changes about the rules that are proposed beside it.

A rule of several operations drops those that the profile grants already, and an access whose rule
is defeated by a narrower one of the profile gets its exact rule as well. Where that one loses too,
the rule of the profile that defeats it is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sbdiag.diagnosis.drafting import add, draft_of
from sbdiag.diagnosis.drafts import Apart, Asked, Draft
from sbdiag.diagnosis.exact import Shaped, exact_rule
from sbdiag.diagnosis.ruleset import XpcKind
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.cover import covers_all
from sbdiag.seatbelt.explain import rule_line
from sbdiag.seatbelt.operations import fallback_chain
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.rules import Filter, Rule


def lacking(draft: Draft, profile: Profile) -> Draft:
    """Return the draft without the operations that the profile grants in all that it reaches.

    An operation that one of its accesses needs stays; the others go where the rule that allows
    them takes everything that the draft's filters take.
    """
    needed = {name for asked in draft.asked for name in fallback_chain(asked.access.operation)}
    kept = tuple(
        name
        for name in draft.rule.operations
        if name in needed or not _granted(draft.rule.filters, name, profile)
    )
    return replace(draft, rule=replace(draft.rule, operations=kept))


def _granted(filters: tuple[Filter, ...], operation: str, profile: Profile) -> bool:
    match filters:
        case (Filter("literal" | "subpath", (str() as path,)),):
            decision = profile.decide_access(Access(operation, (("path", path),), path))
            return (
                decision.verdict == "allow"
                and decision.rule is not None
                and covers_all(decision.rule.filters, filters, operation)
            )
    return False


def held(drafts: Iterable[Draft], profile: Profile) -> tuple[Draft, ...]:
    """Return the drafts, with a warning on those that the profile holds already, word for word.

    Such a rule is proposed where it is unknown whether it answers the access. That the access was
    refused with it in force speaks against it.
    """
    at: dict[tuple[str, Filter | None], Rule] = {}
    for rule in profile.rules:
        if rule.action == "allow":
            for name in rule.operations:
                at |= {(name, one): rule for one in rule.filters or (None,)}
    found = []
    for draft in drafts:
        parts = [(n, one) for n in draft.rule.operations for one in draft.rule.filters or (None,)]
        if all(part in at for part in parts):
            text = f"The profile holds this already, and it was refused: {rule_line(at[parts[0]])}"
            found.append(_warned(draft, text))
        else:
            found.append(draft)
    return tuple(found)


def beside(drafts: Iterable[Draft], profile: Profile, *, xpc: XpcKind) -> tuple[Draft, ...]:
    """Return the drafts, and exact ones for accesses whose rule the profile defeats.

    A rule that is defeated for all its accesses is left out. Whatever is refused even so bears a
    warning that names the rule of the profile.
    """
    drafts = tuple(drafts)
    added: dict[tuple[Apart, Rule], Draft] = {}
    useless: Counter[tuple[Apart, Rule]] = Counter()
    for draft, asked, defeating in _refused(drafts, drafts, profile):
        if asked.exact != draft.rule:
            exact = exact_rule(asked.access, xpc=xpc)
            assert isinstance(exact, Shaped)  # it was when the draft was made
            one = draft_of(
                asked.access, asked.rows, exact, widen="none", xpc=xpc, apart=draft.apart
            )
            add(added, _warned(one, f"A wider rule is defeated here by {defeating}"))
            useless[draft.apart, draft.rule] += 1
    kept = [each for each in drafts if useless[each.apart, each.rule] < len(each.asked)]
    both = (*kept, *added.values())
    lost = {
        (draft.apart, draft.rule): defeating
        for draft, asked, defeating in _refused(both, both, profile)
        if asked.exact == draft.rule
    }
    return tuple(
        _warned(draft, f"Not enough beside a rule of the profile: {lost[key]}")
        if (key := (draft.apart, draft.rule)) in lost
        else draft
        for draft in both
    )


def _refused(
    drafts: Iterable[Draft], rules: Iterable[Draft], profile: Profile
) -> list[tuple[Draft, Asked, str]]:
    """List the accesses that stay refused with `rules`, each with the rule that refuses it."""
    with_all = profile.with_rules(draft.rule for draft in rules)
    found = []
    for draft in drafts:
        for asked in draft.asked:
            decision = with_all.decide_access(asked.access)
            if decision.verdict == "deny":
                rule = decision.rule
                found.append((draft, asked, decision.reason if rule is None else rule_line(rule)))
    return found


def _warned(draft: Draft, text: str) -> Draft:
    return replace(draft, warning=" ".join(filter(None, (draft.warning, text))))

"""What is wrong with a profile by itself, whatever is asked of it.

Rules that can never match (a path below an alias, a relative path, a filter that the operation does
not take), rules that a later one always anticipates, allows that a deny of a narrower operation
defeats, and what ``(deny default)`` does not cover. Each finding names its rule and its evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.cover import covers_all
from sbdiag.seatbelt.filters import FIXED, accepts, spelling
from sbdiag.seatbelt.operations import meanings, members, operations
from sbdiag.seatbelt.paths import (
    ALIASES,
    DATA_VOLUME,
    LINKS,
    is_below_alias,
    is_odd,
    normal,
    resolved,
)
from sbdiag.seatbelt.plans import plans
from sbdiag.seatbelt.prepared import Entry, OperationRules, Prepared
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.regex import Regex
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Filter, Rule

Kind: TypeAlias = Literal[
    "dead-path", "doubtful-path", "dead-filter", "shadowed", "defeated", "not-lifted", "implicit"
]


@dataclass(frozen=True, slots=True)
class ProfileFinding:
    """One thing a reader of the profile should know.

    Attributes
    ----------
    kind
        ``dead-path`` and ``dead-filter`` can never match; ``doubtful-path`` is disputed;
        ``shadowed``: a later rule always comes first; ``defeated``: a deny of a narrower operation
        holds against this allow; ``not-lifted``: this unfiltered rule does not lift filtered ones;
        ``implicit``: what this ``default`` does not cover.
    rule
        The rule concerned.
    reason
        One sentence.
    evidence
        Keys of :data:`sbdiag.seatbelt.evidence.EVIDENCE`.
    operations
        Of those that the rule names or stands for: the ones concerned.
    other
        The rule that stands against it, where there is one.
    pattern, instead
        The path pattern concerned, and what was probably meant, where that is known.
    """

    kind: Kind
    rule: Rule
    reason: str
    evidence: tuple[str, ...]
    operations: tuple[str, ...] = ()
    other: Rule | None = None
    pattern: str | None = None
    instead: str | None = None


def lint(profile: Profile) -> tuple[ProfileFinding, ...]:
    """Return the findings about a profile, in the order of its rules.

    Parameters
    ----------
    profile
        Evaluated. Where imports are missing their rules are not considered.
    """
    prepared = Prepared(profile.rules, profile.version, 0)
    found: list[ProfileFinding] = []
    for place, rule in enumerate(profile.rules):
        names = _operations(rule, profile.version)
        found += _paths(rule, profile.rules)
        found += _filters(rule, names)
        found += _shadowed(place, rule, names, prepared)
        found += _defeated(rule, names, prepared)
        found += _not_lifted(place, rule, names, prepared)
        found += _implicit(rule, profile)
    return tuple(found)


def _operations(rule: Rule, version: int) -> tuple[str, ...]:
    named = [readings[0] for name in rule.operations if (readings := meanings(name, version))]
    return tuple(dict.fromkeys(each for meaning in named for each in meaning))


def _leaf_filters(rule: Rule) -> Iterator[Filter]:
    pending = list(reversed(rule.filters))
    while pending:
        part = pending.pop()
        inner = [each for each in part.arguments if isinstance(each, Filter)]
        if inner:
            pending += reversed(inner)
        else:
            yield part


# Paths


def _paths(rule: Rule, rules: tuple[Rule, ...]) -> Iterator[ProfileFinding]:
    for part in _leaf_filters(rule):
        known = spelling(part.name)
        if known is None or known.filter != "path":
            continue
        for pattern in part.arguments:
            if isinstance(pattern, str):
                finding = _path(rule, known.form, pattern)
                if finding is not None and not _stands_beside(finding, part.name, rules):
                    yield replace(finding, pattern=pattern)


def _path(rule: Rule, form: str, pattern: str) -> ProfileFinding | None:
    text = Regex(pattern).prefix if form == "regex" else pattern
    if is_below_alias(text) or (form == "subpath" and text in ALIASES):
        target = resolved(text)
        return ProfileFinding(
            "dead-path",
            rule,
            f"{pattern!r} never meets a file: the kernel compares resolved paths, and "
            f"{text!r} resolves to {target!r}",
            ("mxc-paths", "anchor-runs"),
            instead=target if form != "regex" else _resolved_regex(pattern, text, target),
        )
    if form == "literal" and text in LINKS:
        return ProfileFinding(
            "doubtful-path",
            rule,
            f"{pattern!r} is a link: the rule meets the link itself, and what is read through it "
            f"is {LINKS[text]!r}",
            ("mxc-paths",),
            instead=LINKS[text],
        )
    if text.startswith(f"{DATA_VOLUME}/") and form != "regex":
        return ProfileFinding(
            "doubtful-path",
            rule,
            f"{pattern!r} meets only what is not reached through a firmlink: /Users, /private and "
            "others are matched without the data volume's prefix",
            ("field-report",),
            instead=text[len(DATA_VOLUME) :],
        )
    if form in {"regex", "prefix"}:
        return None
    if not text.startswith("/"):
        return ProfileFinding("dead-path", rule, f"{pattern!r} is no absolute path", ("inferred",))
    if "/../" in text or text.endswith("/.."):
        return ProfileFinding(
            "dead-path",
            rule,
            f"{pattern!r} is not resolved when the profile is compiled, so it meets nothing",
            ("anchor-runs",),
            instead=normal(text),
        )
    if is_odd(text):
        return ProfileFinding(
            "doubtful-path",
            rule,
            f"reports conflict on whether {pattern!r} meets anything: write it without the slash "
            "at the end, doubled slashes and dots",
            ("mxc-paths", "sandbox-coverage"),
            instead=normal(text),
        )
    return None


def _resolved_regex(pattern: str, text: str, target: str) -> str | None:
    """Put what the alias adds behind the anchor; the rest may hold escapes and stays."""
    added = target.removesuffix(text)
    return f"^{added}{pattern[1:]}" if target.endswith(text) else None


def _stands_beside(finding: ProfileFinding, name: str, rules: tuple[Rule, ...]) -> bool:
    """Whether the profile says the same of the resolved path too, so that nothing is missing."""
    wanted = set(finding.rule.operations)
    for rule in rules:
        if rule.action == finding.rule.action and wanted <= set(rule.operations):
            for part in _leaf_filters(rule):
                if part.name == name and finding.instead in part.arguments:
                    return True
    return False


# Filters that an operation does not take


def _filters(rule: Rule, names: tuple[str, ...]) -> Iterator[ProfileFinding]:
    for part in dict.fromkeys(_leaf_filters(rule)):
        known = spelling(FIXED[part.name][0] if part.name in FIXED else part.name)
        if known is None:
            continue
        refused = tuple(
            name for name in names if name != "default" and accepts(name, known.filter) == "no"
        )
        if refused:
            yield ProfileFinding(
                "dead-filter",
                rule,
                f"{part.name} is not a filter of {', '.join(refused)}: it matches nothing there",
                ("libsandbox-13.0", "field-report"),
                refused,
            )


# Rules against rules


def _shadowed(
    place: int, rule: Rule, names: tuple[str, ...], prepared: Prepared
) -> Iterator[ProfileFinding]:
    """Find the rule that anticipates this one for every operation it names."""
    found: list[Rule] = []
    for name in names:
        other = _anticipates(place, rule, name, prepared)
        if other is None:
            return
        found.append(other)
    if found:
        same = all(other.action == rule.action for other in found)
        effect = "says the same" if same else f"says {found[0].action}"
        yield ProfileFinding(
            "shadowed",
            rule,
            f"it never decides: a later rule takes all that it takes and {effect}",
            ("mxc-network",) if rule.filters else ("inferred",),
            names,
            found[0],
        )


def _anticipates(place: int, rule: Rule, name: str, prepared: Prepared) -> Rule | None:
    rules = prepared.of(name)
    if not rule.filters:
        last = rules.unfiltered
        return last[1] if last is not None and last[0] > place else None
    for entry in _entries(rules, rule):
        if entry.place <= place:
            return None
        if covers_all(entry.rule.filters, rule.filters, name):
            return entry.rule
    return None


def _entries(rules: OperationRules, rule: Rule) -> Iterator[Entry]:
    """Yield, last first, the rules that can take all that `rule` takes."""
    probe = _probe(rule, rules.operation)
    if probe is None:
        yield from rules.filtered
    else:
        yield from (entry for _turn, entry in rules.candidates(probe))


def _probe(rule: Rule, name: str) -> Request | None:
    """Return a request that the rule takes: whatever takes all of the rule takes this as well."""
    part = rule.filters[0]
    known = spelling(part.name)
    value = part.arguments[0] if part.arguments else None
    if known is None or known.form in {"regex", "prefix"} or not isinstance(value, str):
        return None
    if known.filter not in {"path", "global-name"} or (known.filter == "path" and is_odd(value)):
        return None
    return Request(Access(name, ((known.filter, value),)))


def _defeated(rule: Rule, names: tuple[str, ...], prepared: Prepared) -> Iterator[ProfileFinding]:
    """Find denies of narrower operations inside of which an allow of their group lies."""
    if rule.action != "allow":
        return
    for name in names:
        if name == "default" or not operations()[name].group:
            continue
        for below in _below(name):
            other = _deny_around(rule, below, names, prepared)
            if other is not None:
                yield ProfileFinding(
                    "defeated",
                    rule,
                    f"it does not reach {below}: rules that name {below} are consulted before "
                    f"those of {name}, whatever the order",
                    ("nono-971",),
                    (below,),
                    other,
                )


def _below(name: str) -> Iterator[str]:
    found: dict[str, None] = {}
    for leaf in members(name):
        member: str | None = leaf
        while member is not None and member != name:
            found[member] = None
            member = operations()[member].parent
    yield from found


def _deny_around(rule: Rule, below: str, names: tuple[str, ...], prepared: Prepared) -> Rule | None:
    if below in names:
        return None
    rules = prepared.of(below)
    if not rule.filters:
        bare = rules.unfiltered
        return bare[1] if bare is not None and bare[1].action == "deny" else None
    for entry in _entries(rules, rule):
        if covers_all(entry.rule.filters, rule.filters, below):
            return entry.rule if entry.rule.action == "deny" else None
    bare = rules.unfiltered
    return bare[1] if bare is not None and bare[1].action == "deny" else None


def _not_lifted(
    place: int, rule: Rule, names: tuple[str, ...], prepared: Prepared
) -> Iterator[ProfileFinding]:
    if rule.filters:
        return
    for name in names:
        rules = prepared.of(name)
        against = [
            entry.rule
            for entry in rules.filtered
            if entry.place < place and entry.rule.action != rule.action
        ]
        if against and rules.unfiltered is not None and rules.unfiltered[0] == place:
            yield ProfileFinding(
                "not-lifted",
                rule,
                f"it stands behind {len(against)} filtered rule{'s' * (len(against) > 1)} of "
                f"{name} that say {against[0].action} but does not lift them",
                ("homebrew", "mxc-network"),
                (name,),
                against[0],
            )


def _implicit(rule: Rule, profile: Profile) -> Iterator[ProfileFinding]:
    if rule.filters or rule.action != "deny" or "default" not in rule.operations:
        return
    if profile.version != 1:
        return
    named = {name for other in profile.rules for name in _operations(other, 1)}
    uncovered = tuple(
        row.name
        for row in operations().values()
        if row.implicit == "allow"
        and row.terminal is None
        and not named.intersection(plans(row.name, 1)[-1].members)
    )
    if uncovered:
        yield ProfileFinding(
            "implicit",
            rule,
            "under (version 1) it does not cover "
            f"{', '.join(uncovered)}: without a rule of their own these stay allowed",
            ("libsandbox-10.15", "mozilla-implicit", "safehouse-26"),
            uncovered,
        )

"""What a capture shows about the profile that was given, and what is wrong with it by itself.

Everything here is found by evaluation: each refused access is put to the profile, and to the
profile with its doubtful paths written as the kernel resolves them. So a rule on
``/etc/resolv.conf`` is found by what it would allow if it named the file behind the link, not by
its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sbdiag.diagnosis.accesses import asked_accesses
from sbdiag.diagnosis.causes import Evidence, Finding, Severity, joined
from sbdiag.diagnosis.withheld import withheld_class
from sbdiag.seatbelt.decision import Decision
from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.explain import overruled, rule_line
from sbdiag.seatbelt.lint import ProfileFinding, lint
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.rules import Argument, Filter, Rule

# How many rules one finding names before the rest is only counted.
_NAMED: Final = 5

# What lint found and no access of the capture shows: identifier, severity, one sentence.
_BY_ITSELF: Final[Mapping[str, tuple[str, Severity, str]]] = {
    "dead-path": ("profile-dead-path", "warning", "Can never match, because of the path"),
    "doubtful-path": ("profile-doubtful-path", "note", "May never match, because of the path"),
    "dead-filter": (
        "profile-dead-filter",
        "warning",
        "Can never match, since the operation does not take the filter",
    ),
    "shadowed": ("profile-shadowed", "note", "Never decides, since a later rule comes first"),
    "defeated": ("profile-defeated", "note", "Defeated in part by a deny of a narrower operation"),
    "not-lifted": ("profile-not-lifted", "note", "Does not lift the filtered rules before it"),
    "implicit": ("profile-implicit", "note", "Does not cover what version 1 allows implicitly"),
}


@dataclass(frozen=True, slots=True)
class _Refused:
    """One access that was refused, its rows, and what the profile says to it.

    `alone` is what its own text says where imports are missing.
    """

    decision: Decision
    alone: Decision
    rows: tuple[int, ...]


def profile_findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield what can be said about the profile in force; nothing where none was given.

    Denials that no profile decides, and those that a profile is right to refuse, are left out.
    """
    profile = evidence.profile
    if profile is None:
        return
    refused = _refused(evidence, profile)
    remarks = lint(profile)
    corrected = _Corrected(profile, remarks)
    yield from _not_found(profile, refused)
    yield from _allowed(refused)
    yield from corrected.shown(refused)
    yield from _defeated(refused)
    yield from _unsettled(refused)
    shown = {(other.rule, each.alone.rule) for each in refused for other in overruled(each.alone)}
    yield from _by_itself(
        each
        for each in remarks
        if each not in corrected.told and (each.rule, each.other) not in shown
    )


def _refused(evidence: Evidence, profile: Profile) -> tuple[_Refused, ...]:
    found = []
    alone = _alone(profile)
    for group in asked_accesses(evidence.denials):
        cause = withheld_class(
            group.access, verdict=group.verdict, layer=group.layer, origin=group.origin
        )
        if cause is None or cause.reason == "already-allowed":
            decision = profile.decide_access(group.access)
            own = decision if alone is profile else alone.decide_access(group.access)
            found.append(_Refused(decision, own, group.rows))
    return tuple(found)


def _alone(profile: Profile) -> Profile:
    return replace(profile, unknown_imports=()) if profile.unknown_imports else profile


def _not_found(profile: Profile, refused: Iterable[_Refused]) -> Iterator[Finding]:
    if profile.unknown_imports:
        yield Finding(
            "profile-import",
            "warning",
            "The profile imports what was not found, so what it answers to these is unknown: "
            f"{', '.join(profile.unknown_imports)}.",
            "What their rules say is not known; only an operation's own filtered rules behind the "
            "last import are certain. Name the directories that hold them as the import path.",
            "",
            denials=joined(
                each.rows
                for each in refused
                if each.decision.verdict == "unknown" and each.alone.verdict != "unknown"
            ),
        )


def _allowed(refused: Iterable[_Refused]) -> Iterator[Finding]:
    """Find denials that the profile allows: then something else than this profile refused them."""
    allowed = [each for each in refused if each.decision.verdict == "allow"]
    if allowed:
        reasons = [
            rule_line(rule) if (rule := each.decision.rule) is not None else each.decision.reason
            for each in allowed
        ]
        yield Finding(
            "profile-allows-it",
            "warning",
            "The given profile allows these, and still they were refused.",
            "Another profile was in force, another layer refused them, or the evidence is wrong. "
            f"Allowed by: {_listed(reasons)}.",
            "replay against the profile",
            denials=joined(each.rows for each in allowed),
        )


class _Corrected:
    """The profile with each doubtful or dead path written as the kernel resolves it.

    Attributes
    ----------
    told
        Remarks of lint that :meth:`shown` has said.
    """

    def __init__(self, profile: Profile, remarks: Iterable[ProfileFinding]) -> None:
        self.told: set[ProfileFinding] = set()
        self._remarks: dict[Rule, list[ProfileFinding]] = {}
        meant: dict[int, Rule] = {}
        for remark in remarks:
            if remark.kind in {"dead-path", "doubtful-path"} and remark.instead is not None:
                before = meant.get(id(remark.rule), remark.rule)
                meant[id(remark.rule)] = _written(before, remark)
                self._remarks.setdefault(remark.rule, []).append(remark)
        self._originals = {id(meant[id(rule)]): rule for rule in profile.rules if id(rule) in meant}
        rules = tuple(meant.get(id(rule), rule) for rule in profile.rules)
        self._profile = replace(_alone(profile), rules=rules)

    def shown(self, refused: Iterable[_Refused]) -> Iterator[Finding]:
        """Yield the rules that would allow what was refused, had they named it."""
        if not self._originals:
            return
        found: dict[Rule, list[_Refused]] = {}
        for each in refused:
            if each.alone.verdict != "allow":
                now = self._profile.decide_access(each.decision.access)
                original = self._originals.get(id(now.rule))
                if now.verdict == "allow" and original is not None:
                    found.setdefault(original, []).append(each)
        for rule, these in found.items():
            remarks = list(dict.fromkeys(self._remarks[rule]))
            self.told.update(remarks)
            instead = ", ".join(dict.fromkeys(str(each.instead) for each in remarks))
            yield Finding(
                "profile-path-missed",
                "warning",
                f"The profile means to allow what was refused, but names another path: {instead} "
                "is what the kernel asks for.",
                f"{rule_line(rule)} — {_sentences(each.reason for each in remarks)}",
                _sources(key for each in remarks for key in each.evidence),
                denials=joined(each.rows for each in these),
            )


def _written(rule: Rule, remark: ProfileFinding) -> Rule:
    """Return the rule with the remark's pattern replaced by what was meant."""
    assert remark.instead is not None
    assert remark.pattern is not None
    pattern, instead = remark.pattern, remark.instead

    def argument(value: Argument) -> Argument:
        if isinstance(value, Filter):
            return replace(value, arguments=tuple(map(argument, value.arguments)))
        return instead if value == pattern else value

    filters = tuple(
        replace(part, arguments=tuple(map(argument, part.arguments))) for part in rule.filters
    )
    return replace(rule, filters=filters)


def _defeated(refused: Iterable[_Refused]) -> Iterator[Finding]:
    """Find allows that match what was refused and do not help against the rule that decided."""
    found: dict[Rule, dict[str, list[_Refused]]] = {}
    for each in refused:
        decision = each.alone
        if decision.verdict == "deny" and decision.rule is not None:
            for other in overruled(decision):
                beaten = f"{rule_line(other.rule)}: {other.why}"
                found.setdefault(decision.rule, {}).setdefault(beaten, []).append(each)
    for rule, allows in found.items():
        yield Finding(
            "profile-allow-defeated",
            "warning",
            f"Allowed by one rule and refused by another: {rule_line(rule)} decides.",
            f"These match too and do not help: {_listed(allows)}.",
            _sources(("nono-971", "homebrew", "mxc-network")),
            denials=joined(each.rows for some in allows.values() for each in some),
        )


def _unsettled(refused: Iterable[_Refused]) -> Iterator[Finding]:
    unknown = [each for each in refused if each.alone.verdict == "unknown"]
    if unknown:
        yield Finding(
            "profile-unsettled",
            "note",
            "The profile's text does not settle whether it allows these.",
            _sentences(each.alone.reason for each in unknown),
            "replay against the profile",
            denials=joined(each.rows for each in unknown),
        )


def _by_itself(remarks: Iterable[ProfileFinding]) -> Iterator[Finding]:
    """Say once for each kind what lint found and no access of the capture shows."""
    kinds: dict[str, list[ProfileFinding]] = {}
    for each in remarks:
        kinds.setdefault(each.kind, []).append(each)
    for kind, (identifier, severity, claim) in _BY_ITSELF.items():
        group = kinds.get(kind)
        if group is None:
            continue
        count = len({id(each.rule) for each in group})
        yield Finding(
            identifier,
            severity,
            f"{claim}{_of_operations(group)}: {count} rule{'s' * (count > 1)} of the profile.",
            _listed(f"{rule_line(each.rule)}: {each.reason}{_against(each)}" for each in group)
            + ".",
            _sources(key for each in group for key in each.evidence),
        )


def _of_operations(group: Iterable[ProfileFinding]) -> str:
    """Name the operations where the claim says nothing without them."""
    names = dict.fromkeys(
        name for each in group if each.kind == "implicit" for name in each.operations
    )
    shown = [*names][:_NAMED]
    rest = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f" ({', '.join(shown)}{rest})" if shown else ""


def _against(remark: ProfileFinding) -> str:
    return "" if remark.other is None else f" ({rule_line(remark.other)})"


def _listed(texts: Iterable[str]) -> str:
    named = list(dict.fromkeys(texts))
    more = len(named) - _NAMED
    return "; ".join(named[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _sentences(reasons: Iterable[str]) -> str:
    return _listed(reasons) + "."


def _sources(keys: Iterable[str]) -> str:
    return "; ".join(f"{EVIDENCE[key].grade}: {EVIDENCE[key].text}" for key in dict.fromkeys(keys))

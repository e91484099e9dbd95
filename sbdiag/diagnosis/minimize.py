"""Denials into the fewest rules that answer them, each with the rows that asked for it.

Distinct accesses are decided once; the number of rows costs only the grouping. What comes out does
not depend on the order of the rows, except that rows are named by their labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis import paths
from sbdiag.diagnosis.drafts import Apart, Asked, Draft, absorbed, opened_directories
from sbdiag.diagnosis.exact import (
    IMPLICIT_NOTE,
    XPC_NOTES,
    Refused,
    Shaped,
    exact_rule,
    implicitly_allowed,
)
from sbdiag.diagnosis.finish import APART, finished, printed_order
from sbdiag.diagnosis.known import known_rule, subject_of
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet, Widen, Withheld, XpcKind
from sbdiag.diagnosis.sensitive import SENSITIVE
from sbdiag.diagnosis.withheld import CLASS_ORDER, NOISE, Class, withheld_class
from sbdiag.errors import FrameError
from sbdiag.seatbelt.access import Access, parse_access
from sbdiag.seatbelt.rules import Rule

_NEEDED: Final = ("operation", "target", "verdict", "layer", "origin")


class Decided(Protocol):
    """What a profile answers: ``allow``, ``deny`` or ``unknown``."""

    @property
    def verdict(self) -> str:
        """``allow``, ``deny`` or ``unknown``."""


class Deciding(Protocol):
    """What is asked of a profile here; :class:`sbdiag.seatbelt.profile.Profile` is one."""

    def decide_access(self, access: Access, /) -> Decided:
        """Decide one access."""

    def with_rules(self, rules: Iterable[Rule], /) -> Deciding:
        """Return the profile with rules appended."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows that ask for one access in one way."""

    access: Access
    verdict: str
    layer: str
    origin: str
    rows: tuple[int, ...]


def minimal_rules(
    denials: pd.DataFrame,
    *,
    profile: Deciding | None = None,
    widen: Widen = "known",
    xpc: XpcKind = "both",
    sensitive: Iterable[str] = (),
    noise: Iterable[str] = (),
    widened: Mapping[tuple[str, str], Widen] = MappingProxyType({}),
) -> RuleSet:
    """Propose the fewest rules that answer the denials.

    Parameters
    ----------
    denials
        A denials frame; of its columns operation, target, verdict, layer and origin are used.
        Its index must be unique integers: rules name rows by it.
    profile
        The profile in force. With it, only what it does not allow already gets a rule, and an
        exact rule stands beside a wider one that a narrower rule of the profile defeats.
    widen
        ``known``: a directory or file of the table in :mod:`~sbdiag.diagnosis.known` is opened
        as the table says. ``none``: exact operations on exact targets. ``siblings``: ``known``,
        and a directory with three or more seen names is opened as a whole.
    xpc
        Which kind of name answers ``mach-lookup X (xpc)``: field reports disagree.
    sensitive, noise
        Entries of the tables in :mod:`~sbdiag.diagnosis.withheld` that get rules all the same,
        written apart.
    widened
        Single accesses, by operation and target (empty where there is none), for which another
        value than `widen` was chosen.

    Returns
    -------
    RuleSet
        Sorted as it is printed. Every row is in at least one rule or in exactly one withheld
        class.

    Raises
    ------
    FrameError
        A column is missing, or the index is no unique integers.
    ValueError
        An unknown option, or a name in `sensitive` or `noise` that no table has.
    """
    DENIALS.check(denials, need=_NEEDED)
    for asked_width in (widen, *widened.values()):
        if asked_width not in {"known", "none", "siblings"}:
            raise ValueError(f"widen is known, none or siblings, not {asked_width!r}")
    if xpc not in XPC_NOTES:
        raise ValueError(f"xpc is {', '.join(XPC_NOTES)}, not {xpc!r}")
    asked_for: dict[Apart, frozenset[str]] = {
        "sensitive": _names("sensitive", sensitive, [entry.name for entry in SENSITIVE]),
        "noise": _names("noise", noise, [entry.name for entry in NOISE]),
    }
    withheld: defaultdict[Class, list[_Group]] = defaultdict(list)
    # Drafts whose directory may be opened, and those that stay as they are.
    opening: dict[tuple[Apart, Rule], Draft] = {}
    drafts: dict[tuple[Apart, Rule], Draft] = {}
    undecided: set[int] = set()
    for group in _distinct(denials):
        cause = withheld_class(
            group.access, verdict=group.verdict, layer=group.layer, origin=group.origin
        )
        apart = _apart(cause, asked_for)
        if cause is not None and not apart:
            withheld[cause].append(group)
            continue
        exact = exact_rule(group.access, xpc=xpc)
        if isinstance(exact, Refused):
            withheld[Class(exact.reason, exact.explanation)].append(group)
            continue
        verdict = "deny" if profile is None else profile.decide_access(group.access).verdict
        if verdict == "allow":
            withheld[_ALREADY].append(group)
            continue
        if verdict == "unknown":
            undecided.update(group.rows)
        width = widened.get((group.access.operation, group.access.detail or ""), widen)
        draft = _draft(group, exact, widen="none" if apart else width, xpc=xpc, apart=apart)
        _add(opening if width == "siblings" else drafts, draft)
    for draft in opened_directories(opening.values()):
        _add(drafts, draft)
    found: Iterable[Draft] = absorbed(sorted(drafts.values(), key=printed_order))
    if profile is not None:
        found = (*found, *_defeated(found, profile, xpc=xpc))
    found = sorted(found, key=printed_order)
    return RuleSet(
        rules=finished(found, undecided),
        withheld=_withheld(withheld, xpc=xpc),
        widen=widen,
        xpc=xpc,
        notes=_notes(found, undecided),
    )


_ALREADY: Final = Class(
    "already-allowed",
    "The profile already allows this: another profile was in force, another layer refused it, or "
    "the evidence is wrong.",
)


def _names(option: str, asked: Iterable[str], known: list[str]) -> frozenset[str]:
    if isinstance(asked, str):
        raise ValueError(f"{option} is a list of names, not one text")
    names = frozenset(asked)
    for name in sorted(names.difference(known)):
        raise ValueError(f"{option} knows {', '.join(known)}, not {name!r}")
    return names


def _apart(cause: Class | None, asked_for: Mapping[Apart, frozenset[str]]) -> Apart:
    """Return the part of the profile for a class that was asked for by name."""
    if cause is None:
        return ""
    return next(
        (part for part, names in asked_for.items() if cause.reason == part and cause.name in names),
        "",
    )


def _distinct(denials: pd.DataFrame) -> list[_Group]:
    """Group the rows by what they ask for, sorted by that and not by where they stand."""
    index = denials.index
    if len(denials) == 0:
        return []
    if not pd.api.types.is_integer_dtype(index.dtype) or not index.is_unique:
        raise FrameError("the index of the denials frame must be unique integers (reset_index)")
    codes = (
        denials.groupby(list(_NEEDED), sort=False, observed=True, dropna=False).ngroup().to_numpy()
    )
    order = np.lexsort((index.to_numpy(), codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    firsts = denials[list(_NEEDED)].iloc[order[starts]].astype("object")
    labels = index.to_numpy()[order].tolist()
    ends = [*starts[1:].tolist(), len(labels)]
    groups = [
        _Group(
            parse_access(operation or "", target),
            verdict or "",
            layer or "",
            origin or "",
            tuple(labels[start:end]),
        )
        for (operation, target, verdict, layer, origin), start, end in zip(
            firsts.where(firsts.notna(), None).itertuples(index=False), starts, ends, strict=True
        )
    ]
    return sorted(groups, key=_content)


def _content(group: _Group) -> tuple[str, ...]:
    access = group.access
    return (access.operation, access.detail or "", group.verdict, group.layer, group.origin)


def _add(drafts: dict[tuple[Apart, Rule], Draft], draft: Draft) -> None:
    """Put a draft with the others; one that has the same rule brings only its accesses."""
    key = (draft.apart, draft.rule)
    same = drafts.get(key)
    drafts[key] = draft if same is None else replace(same, asked=same.asked + draft.asked)


def _draft(group: _Group, exact: Shaped, *, widen: Widen, xpc: XpcKind, apart: Apart) -> Draft:
    asked = (Asked(group.access, exact.rule, group.rows),)
    place = None if widen == "none" else known_rule(group.access)
    if place is not None:
        return Draft(
            rule=place.rule,
            asked=asked,
            purpose=place.purpose,
            source=place.source,
            grade="A",
            entry=place.entry,
            path_kind=place.path_kind,
            breadth=place.breadth,
            warning=place.warning,
            apart=apart,
        )
    subject = subject_of(group.access)
    warnings = [exact.shape.warning, subject.warning if subject else ""]
    if exact.shape.kinds == ("xpc-service-name",):
        warnings.append(XPC_NOTES[xpc])
    if implicitly_allowed(group.access.operation):
        warnings.append(IMPLICIT_NOTE)
    path = group.access.value("path") or ""
    if any(path != alias and paths.below(path, alias) for alias in paths.ALIASES):
        warnings.append("The kernel prints this path below /private: this rule may match nothing.")
    return Draft(
        rule=exact.rule,
        asked=asked,
        purpose=subject.purpose if subject else exact.shape.purpose,
        source=subject.source if subject else exact.shape.source,
        grade=exact.shape.grade,
        warning=" ".join(filter(None, warnings)),
        apart=apart,
    )


def _defeated(drafts: Iterable[Draft], profile: Deciding, *, xpc: XpcKind) -> Iterator[Draft]:
    """Yield exact rules for accesses whose wider rule is defeated by a rule of the profile."""
    drafts = tuple(drafts)
    with_all = profile.with_rules(draft.rule for draft in drafts)
    extra: dict[tuple[Apart, Rule], Draft] = {}
    for draft in drafts:
        for asked in draft.asked:
            if asked.exact == draft.rule or with_all.decide_access(asked.access).verdict != "deny":
                continue
            exact = exact_rule(asked.access, xpc=xpc)
            assert isinstance(exact, Shaped)  # it was when the draft was made
            group = _Group(asked.access, "", "", "", asked.rows)
            one = _draft(group, exact, widen="none", xpc=xpc, apart=draft.apart)
            beside = "Beside the wider rule: a narrower rule of the profile defeats that one here."
            _add(extra, replace(one, warning=" ".join(filter(None, (one.warning, beside)))))
    yield from extra.values()


def _withheld(classes: Mapping[Class, list[_Group]], *, xpc: XpcKind) -> tuple[Withheld, ...]:
    def offered(cause: Class, groups: list[_Group]) -> tuple[MinimalRule, ...]:
        """Return the rules that asking for the entry by name would give."""
        part = next((part for part in APART[1:] if part == cause.reason), None)
        if part is None:
            return ()
        drafts: dict[tuple[Apart, Rule], Draft] = {}
        for group in groups:
            exact = exact_rule(group.access, xpc=xpc)
            if isinstance(exact, Shaped):
                _add(drafts, _draft(group, exact, widen="none", xpc=xpc, apart=part))
        return finished(absorbed(sorted(drafts.values(), key=printed_order)), set())

    return tuple(
        Withheld(
            reason=cause.reason,
            explanation=cause.explanation,
            denials=tuple(sorted(row for group in classes[cause] for row in group.rows)),
            rules=offered(cause, classes[cause]),
            source=cause.source,
            name=cause.name,
        )
        for cause in sorted(
            classes, key=lambda one: (CLASS_ORDER.index(one.reason), one.name, one.explanation)
        )
    )


def _notes(drafts: Iterable[Draft], undecided: set[int]) -> tuple[str, ...]:
    drafts = tuple(drafts)
    homes = {
        home
        for draft in drafts
        for asked in draft.asked
        if (home := paths.home_of(asked.access.value("path") or "")) is not None
    }
    notes = []
    if len(homes) > 1:
        notes.append(f"The rules name files of {len(homes)} home directories.")
    if any(draft.entry == "siblings" for draft in drafts):
        notes.append("Directories were opened because some of their names were asked for.")
    if undecided:
        notes.append(
            "Denials for which the profile alone does not settle whether it allows them, given "
            f"rules all the same: {len(undecided)}."
        )
    return tuple(notes)

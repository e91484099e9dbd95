"""Denials into the fewest rules that answer them, each with the rows that asked for it.

Distinct accesses are decided once; the number of rows costs only the grouping. What comes out does
not depend on the order of the rows, except that rows are named by their labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import pandas as pd

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.accesses import AskedAs, asked_accesses
from sbdiag.diagnosis.delta import beside, held, lacking
from sbdiag.diagnosis.drafting import add, draft_of
from sbdiag.diagnosis.drafts import Apart, Draft, absorbed, opened_directories
from sbdiag.diagnosis.exact import (
    XPC_NOTES,
    Refused,
    Shaped,
    exact_rule,
)
from sbdiag.diagnosis.finish import APART, finished, printed_order
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet, Widen, Withheld, XpcKind
from sbdiag.diagnosis.sensitive import ENTRIES
from sbdiag.diagnosis.withheld import (
    CLASS_ORDER,
    NOISE,
    Class,
    cut_short,
    messages_of_rules,
    withheld_class,
)
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.rules import Rule


def minimal_rules(
    denials: pd.DataFrame,
    *,
    profile: Profile | None = None,
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
        A denials frame; of its columns operation, target, verdict, layer, origin and, where it
        is there, tag are used.
        Its index must be unique integers: rules name rows by it.
    profile
        The profile in force. With it, only what it does not allow already gets a rule, and an
        exact rule stands beside a wider one that a narrower rule of the profile defeats (see
        :mod:`.delta`).
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
    for asked_width in (widen, *widened.values()):
        if asked_width not in {"known", "none", "siblings"}:
            raise ValueError(f"widen is known, none or siblings, not {asked_width!r}")
    if xpc not in XPC_NOTES:
        raise ValueError(f"xpc is {', '.join(XPC_NOTES)}, not {xpc!r}")
    asked_for: dict[Apart, frozenset[str]] = {
        "sensitive": _names("sensitive", sensitive, [entry.name for entry in ENTRIES]),
        "noise": _names("noise", noise, [entry.name for entry in NOISE]),
    }
    withheld: defaultdict[Class, list[AskedAs]] = defaultdict(list)
    # Drafts whose directory may be opened, and those that stay as they are.
    opening: dict[tuple[Apart, Rule], Draft] = {}
    drafts: dict[tuple[Apart, Rule], Draft] = {}
    undecided: set[int] = set()
    groups = asked_accesses(denials, by_tag=True)
    messages = messages_of_rules((group.access, group.tag) for group in groups)
    for group in groups:
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
        doubt = cut_short(group.access, group.tag, profile, messages) if group.tag else ""
        verdict = "deny" if profile is None else profile.decide_access(group.access).verdict
        if verdict == "allow":
            withheld[_ALREADY].append(group)
            continue
        if verdict == "unknown":
            undecided.update(group.rows)
        width = widened.get((group.access.operation, group.access.detail or ""), widen)
        draft = draft_of(
            group.access,
            group.rows,
            exact,
            widen="none" if apart else width,
            xpc=xpc,
            apart=apart,
        )
        if doubt and draft.entry is None:
            draft = replace(draft, warning=" ".join(filter(None, (draft.warning, doubt))))
        add(opening if width == "siblings" else drafts, draft)
    for draft in opened_directories(opening.values()):
        add(drafts, draft)
    found: Sequence[Draft] = absorbed(sorted(drafts.values(), key=printed_order))
    if profile is not None:
        found = held((lacking(draft, profile) for draft in found), profile)
        found = sorted(beside(found, profile, xpc=xpc), key=printed_order)
    return RuleSet(
        rules=finished(found),
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


def _withheld(classes: Mapping[Class, list[AskedAs]], *, xpc: XpcKind) -> tuple[Withheld, ...]:
    def offered(cause: Class, groups: list[AskedAs]) -> tuple[MinimalRule, ...]:
        """Return the rules that asking for the entry by name would give."""
        part = next((part for part in APART[1:] if part == cause.reason), None)
        if part is None:
            return ()
        drafts: dict[tuple[Apart, Rule], Draft] = {}
        for group in groups:
            exact = exact_rule(group.access, xpc=xpc)
            if isinstance(exact, Shaped):
                draft = draft_of(group.access, group.rows, exact, widen="none", xpc=xpc, apart=part)
                add(drafts, draft)
        return finished(absorbed(sorted(drafts.values(), key=printed_order)))

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


def _notes(drafts: Sequence[Draft], undecided: set[int]) -> tuple[str, ...]:
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

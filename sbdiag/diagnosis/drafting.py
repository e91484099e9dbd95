"""One access into a draft: its exact rule or that of a known place, and what to say of it."""

from __future__ import annotations

from dataclasses import replace

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.drafts import Apart, Asked, Draft
from sbdiag.diagnosis.exact import IMPLICIT_NOTE, XPC_NOTES, Shaped, implicitly_allowed
from sbdiag.diagnosis.known import known_rule, subject_of
from sbdiag.diagnosis.ruleset import Widen, XpcKind
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.rules import Rule


def add(drafts: dict[tuple[Apart, Rule], Draft], draft: Draft) -> None:
    """Put a draft with the others; one that has the same rule brings only its accesses."""
    key = (draft.apart, draft.rule)
    same = drafts.get(key)
    drafts[key] = draft if same is None else replace(same, asked=same.asked + draft.asked)


def draft_of(
    access: Access,
    rows: tuple[int, ...],
    exact: Shaped,
    *,
    widen: Widen,
    xpc: XpcKind,
    apart: Apart,
) -> Draft:
    """Return the rule for one access: of the known place it lies in, else the exact one."""
    asked = (Asked(access, exact.rule, rows),)
    place = None if widen == "none" else known_rule(access)
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
    subject = subject_of(access)
    warnings = [exact.shape.warning, subject.warning if subject else ""]
    if exact.shape.kinds == ("xpc-service-name",):
        warnings.append(XPC_NOTES[xpc])
    if implicitly_allowed(access.operation):
        warnings.append(IMPLICIT_NOTE)
    path = access.value("path") or ""
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

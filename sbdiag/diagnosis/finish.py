"""Drafts into the rules that are shown: their order, breadth and kind of path."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.breadth import UNSEEN, breadth
from sbdiag.diagnosis.drafts import Apart, Draft
from sbdiag.diagnosis.known import only_read
from sbdiag.diagnosis.ruleset import MinimalRule, PathKind
from sbdiag.seatbelt.rules import Filter, Rule

# In which order operations are written; the first that fits. What none fits stands at `""`.
_ORDER: Final = (
    "mach-lookup",
    "mach-register",
    "mach-task-",
    "mach-",
    "generic-issue-extension",
    "iokit-issue-extension",
    "file-issue-extension",
    "process-",
    "signal",
    "sysctl-",
    "syscall-",
    "system-",
    "iokit-",
    "ipc-",
    "user-preference-",
    "managed-preference-",
    "",
    "network-",
    "file-",
)
APART: Final[tuple[Apart, ...]] = ("", "sensitive", "noise")
# What is executed or opened as a device or socket is no directory.
_FILES: Final = ("process-exec", "file-map-executable", "file-ioctl", "network-")


def printed_order(draft: Draft) -> tuple[object, ...]:
    """Sort key: part, kind of operation, groups before exact operations, filters."""
    return printed(draft.rule, draft.apart)


def printed(rule: Rule, apart: Apart) -> tuple[object, ...]:
    """Sort key of a rule in the part of the profile that is its own; see `printed_order`."""
    operations = rule.operations
    place = next(
        (at for at, start in enumerate(_ORDER) if start and operations[0].startswith(start)),
        _ORDER.index(""),
    )
    return (
        APART.index(apart),
        place,
        not operations[0].endswith("*"),
        -len(operations),
        operations,
        tuple(filter_.name for filter_ in rule.filters),
        repr(rule.filters),
    )


def finished(drafts: Iterable[Draft]) -> tuple[MinimalRule, ...]:
    """Turn drafts into rules."""
    drafts = tuple(drafts)
    seen = {
        path
        for draft in drafts
        for asked in draft.asked
        if (path := asked.access.value("path")) and paths.fault(path) is None
    }
    directories = {directory for path in seen for directory in paths.ancestors(path)}
    return tuple(_finish(draft, directories) for draft in drafts)


def _finish(draft: Draft, directories: set[str]) -> MinimalRule:
    narrower = {asked.access.detail or "" for asked in draft.asked if asked.exact != draft.rule}
    accesses = [asked.access for asked in draft.asked]
    measured = breadth(draft.rule, accesses)
    words = draft.breadth or measured.words
    if narrower and draft.entry is not None and measured.number >= UNSEEN:
        words = f"{words}; {len(narrower)} seen"
    exact = {asked.exact for asked in draft.asked}
    if draft.rule in exact:
        exact = set()
    rows = draft.asked[0].rows  # ascending already
    if len(draft.asked) > 1:
        rows = tuple(sorted(chain.from_iterable(asked.rows for asked in draft.asked)))
    return MinimalRule(
        rule=draft.rule,
        denials=rows,
        purpose=draft.purpose,
        source=draft.source,
        grade=draft.grade,
        entry=draft.entry,
        path_kind=_path_kind(draft, directories),
        widened_from=tuple(sorted(narrower)),
        breadth=words,
        breadth_number=measured.number,
        narrower=tuple(sorted(exact, key=lambda rule: printed(rule, ""))),
        warning=" ".join(filter(None, (draft.warning, only_read(draft.entry, accesses)))),
        apart=draft.apart,
    )


def _path_kind(draft: Draft, directories: set[str]) -> PathKind:
    if draft.path_kind != "unknown":
        return draft.path_kind
    match draft.rule.filters:
        case (Filter("literal", (str() as path,)),):
            if path in directories:
                return "directory"
            return "file" if draft.rule.operations[0].startswith(_FILES) else "unknown"
    return "unknown"

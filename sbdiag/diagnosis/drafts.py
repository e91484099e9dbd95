"""Rules while they are being worked out: one rule, and the distinct accesses that it answers.

``minimize`` makes one draft for each distinct rule, ``siblings`` may widen some, :func:`absorbed`
drops those that another one makes unnecessary; whatever happens, each access stays with a rule
that answers it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal, TypeAlias

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import PathKind
from sbdiag.diagnosis.sensitive import sensitive_place
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.operations import fallback_chain
from sbdiag.seatbelt.rules import Filter, Rule, Symbol

Apart: TypeAlias = Literal["", "sensitive", "noise"]

# From how many seen names on a directory is opened, where the caller asked for siblings.
SIBLINGS: Final = 3
# Operations for which a directory stands for its files; never execution, links or extensions.
# With what the rule for the directory is for.
_SIBLING_OPERATIONS: Final = {
    "file-read-": "Reads what lies in this directory.",
    "file-write-": "Changes what lies in this directory.",
    "file-test-existence": "Asks which names exist in this directory.",
}
_OPENED: Final = (
    "Opened because several of its names were asked for: names that were never seen are admitted "
    "too."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One distinct access, what it takes exactly, and the rows that ask for it (ascending)."""

    access: Access
    exact: Rule
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule in the making; see :class:`~sbdiag.diagnosis.ruleset.MinimalRule`."""

    rule: Rule
    asked: tuple[Asked, ...]
    purpose: str
    source: str
    grade: Literal["A", "B", "C"]
    entry: str | None = None
    path_kind: PathKind = "unknown"
    breadth: str = ""
    warning: str = ""
    apart: Apart = ""


def opened_directories(drafts: Iterable[Draft]) -> tuple[Draft, ...]:
    """Widen exact files of one directory to the directory, where enough of them were seen.

    Only what `_SIBLING_OPERATIONS` names, only from `SIBLINGS` distinct names of one operation
    on, and never a directory that :func:`paths.may_open` or the table of sensitive places keeps.
    """
    kept: list[Draft] = []
    families: defaultdict[tuple[str, str, Apart], list[Draft]] = defaultdict(list)
    for draft in drafts:
        directory = _directory(draft)
        if directory is None:
            kept.append(draft)
        else:
            families[draft.rule.operations[0], directory, draft.apart].append(draft)
    for (operation, directory, _), family in families.items():
        if len(family) < SIBLINGS or not paths.may_open(directory) or sensitive_place(directory):
            kept += family
            continue
        warnings = dict.fromkeys(draft.warning for draft in family)
        kept.append(
            replace(
                family[0],
                rule=Rule("allow", (operation,), (Filter("subpath", (directory,)),)),
                asked=tuple(asked for draft in family for asked in draft.asked),
                purpose=next(
                    purpose
                    for start, purpose in _SIBLING_OPERATIONS.items()
                    if operation.startswith(start)
                ),
                source='widen="siblings": the width was asked for, no report attests it',
                grade="C",
                entry="siblings",
                path_kind="directory",
                breadth="everything below this directory",
                warning=" ".join((_OPENED, *filter(None, warnings))),
            )
        )
    return tuple(kept)


def _directory(draft: Draft) -> str | None:
    if draft.entry is not None or not draft.rule.operations[0].startswith(
        tuple(_SIBLING_OPERATIONS)
    ):
        return None
    match draft.rule.filters:
        case (Filter("literal", (str() as path,)),) if path != "/" and paths.plain(path):
            return next(paths.ancestors(path))
    return None


def absorbed(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Drop every draft that another one makes unnecessary, and give its accesses to that one.

    A rule is unnecessary where another, of the same operation or of one it falls back to, has no
    filter or a wider one for each of its own: ``network-bind`` beside ``network-inbound`` of the
    same port, one file beside its directory. Rules that are written apart keep to themselves.
    """
    hosts: dict[tuple[Apart, str], dict[Filter | None, list[int]]] = {}
    for index, draft in enumerate(drafts):
        for operation in draft.rule.operations:
            of_operation = hosts.setdefault((draft.apart, operation), {})
            for one in draft.rule.filters or (None,):
                of_operation.setdefault(one, []).append(index)

    def host(index: int) -> int:
        """Return the first other draft that covers this one, or the draft itself."""
        draft = drafts[index]
        common: set[int] | None = None
        for operation in draft.rule.operations:
            keys = ((draft.apart, parent) for parent in fallback_chain(operation))
            near = [hosts[key] for key in keys if key in hosts]
            for one in draft.rule.filters or (None,):
                found = {
                    at
                    for wide in ((None,) if one is None else (None, *wider(one)))
                    for of_operation in near
                    for at in of_operation.get(wide, ())
                }
                common = found if common is None else common & found
        return min((common or set()) - {index}, default=index)

    answering: defaultdict[int, list[Asked]] = defaultdict(list)
    for index, draft in enumerate(drafts):
        at = index
        while (further := host(at)) != at:
            at = further
        answering[at] += draft.asked
    return tuple(
        replace(drafts[at], asked=tuple(sorted(asked, key=lambda one: one.rows)))
        for at, asked in sorted(answering.items())
    )


def wider(filter_: Filter) -> Iterator[Filter]:
    """Yield `filter_` and the filters that match whatever it matches, as far as is certain."""
    yield filter_
    match filter_:
        case Filter("literal" | "subpath" as name, (str() as path,)) if paths.fault(path) is None:
            above = paths.ancestors(path)
            for directory in (path, *above) if name == "literal" else above:
                yield Filter("subpath", (directory,))
        case Filter("remote" | "local" as side, (Symbol() as protocol, str() as address)):
            host, _, port = address.rpartition(":")
            for wide in (f"*:{port}", f"{host}:*", "*:*"):
                if wide != address:
                    yield Filter(side, (protocol, wide))
        case Filter("require-all", arguments):
            parts = [argument for argument in arguments if isinstance(argument, Filter)]
            for one in parts:
                yield from wider(one)
            for size in range(2, len(parts)):
                for some in combinations(parts, size):
                    yield Filter("require-all", some)

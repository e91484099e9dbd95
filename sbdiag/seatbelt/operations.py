"""The operations: their fallback parents, what happens without a rule, and their other names.

Tables: ``tables/operations.tsv`` (216 names, macOS 10.12 to 26) and ``tables/names.tsv`` (aliases,
names without effect, names that only logs print). The parent of an operation is the one whose rules
are consulted when no rule of the operation itself decides; it is *not* always the shorter name
(``network-bind`` falls back to ``network-inbound``, ``mach-task-name`` to ``mach-task-inspect``).
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final, Literal, TypeAlias, cast

from sbdiag.seatbelt.evidence import read_table
from sbdiag.seatbelt.rules import Action

Implicit: TypeAlias = Literal["allow", "disputed"]
# What one name means: several operations at once. Several meanings: sources disagree.
Meaning: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes
    ----------
    name
        With its star where it is a group, ``file-read*``.
    group
        Whether other operations fall back to it.
    parent
        The operation consulted next, ``None`` for ``default``. Of a terminal operation: the parent
        its name suggests, consulted only in the second reading of a disputed table.
    parent_evidence
        Key of :data:`sbdiag.seatbelt.evidence.EVIDENCE`.
    terminal
        What happens without a rule of its own, where the table says that ``default`` does not
        reach it; else ``None``.
    implicit
        What ``(version 1)`` does where neither a rule of it nor of its groups decides, whatever
        ``default`` says; ``disputed`` where that is not settled; ``None`` for most.
    implicit_evidence
        Keys of the evidence for `implicit`.
    parent_10_15
        The parent on macOS 10.15 and before, where it was another one.
    categories
        Filter categories it accepts beside the universal ones; ``None`` where no table tells.
    modifiers
        Modifiers that it alone accepts.
    seen
        Systems whose tables or (with a star) profiles name it.
    """

    name: str
    group: bool
    parent: str | None
    parent_evidence: str
    terminal: Action | None
    implicit: Implicit | None
    implicit_evidence: tuple[str, ...]
    parent_10_15: str | None
    categories: tuple[str, ...] | None
    modifiers: tuple[str, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherName:
    """A name that is no operation itself.

    Attributes
    ----------
    kind
        ``alias`` for other operations, ``no-op`` (accepted, does nothing), ``log-only``.
    meanings
        Of an alias: the operations it stands for. More than one meaning: the sources disagree.
    versions
        Language versions in which it is bound.
    """

    name: str
    kind: Literal["alias", "no-op", "log-only"]
    meanings: tuple[Meaning, ...]
    versions: tuple[int, ...]
    evidence: tuple[str, ...]
    note: str


def _some(cell: str) -> tuple[str, ...]:
    return () if cell in {"", "-", "?"} else tuple(cell.split(","))


@cache
def operations() -> dict[str, Operation]:
    """Return all operations by name, in the order of libsandbox's table."""
    rows = (
        Operation(
            name,
            group == "group",
            None if parent == "-" else parent,
            parent_evidence,
            None if terminal == "-" else cast(Action, terminal),
            None if implicit == "-" else cast(Implicit, implicit),
            _some(implicit_evidence),
            None if parent_10_15 == "-" else parent_10_15,
            None if categories == "?" else _some(categories),
            _some(modifiers),
            _some(seen),
        )
        for (
            name,
            group,
            parent,
            parent_evidence,
            terminal,
            implicit,
            implicit_evidence,
            parent_10_15,
            categories,
            _categories_evidence,
            modifiers,
            seen,
        ) in read_table("operations.tsv")
    )
    return {row.name: row for row in rows}


@cache
def other_names() -> dict[str, OtherName]:
    """Return aliases, names without effect and names that only logs print, by name."""
    rows = (
        OtherName(
            name,
            cast(Literal["alias", "no-op", "log-only"], kind),
            tuple(tuple(meaning.split("+")) for meaning in meanings.split("|") if meaning),
            tuple(int(version) for version in _some(versions)),
            _some(evidence),
            note,
        )
        for name, kind, meanings, versions, evidence, note in read_table("names.tsv")
    )
    return {row.name: row for row in rows}


def operation(name: str) -> Operation | None:
    """Return the operation of this exact name, ``None`` if there is none."""
    return operations().get(name)


def meanings(name: str, version: int = 1) -> tuple[Meaning, ...]:
    """Return what a name in a rule stands for under a version of the language.

    Parameters
    ----------
    name
        As the profile writes it.
    version
        1, 2 or 3.

    Returns
    -------
    tuple of tuple of str
        One entry where it is settled, two where sources disagree (``sysctl-write``,
        ``iokit-open``); an empty meaning for a name without effect; nothing at all for a name that
        is not bound, which makes Seatbelt refuse the whole profile.
    """
    other = other_names().get(name)
    if other is not None and other.kind != "log-only" and version in other.versions:
        return other.meanings if other.kind == "alias" else ((),)
    return ((name,),) if name in operations() else ()


def canonical(name: str, version: int = 1) -> Meaning | None:
    """Return the operations that a name stands for, by the first of its :func:`meanings`.

    ``None`` for a name that is not bound under `version`.
    """
    readings = meanings(name, version)
    return readings[0] if readings else None


@cache
def _chain(name: str) -> tuple[str, ...]:
    row = operation(name)
    if row is None:
        return ()
    return (name, *(_chain(row.parent) if row.parent is not None else ()))


def fallback_chain(name: str, version: int = 1) -> tuple[str, ...]:
    """Return the operations whose rules can decide `name`, in the order they are consulted.

    Parameters
    ----------
    name
        An operation, or an alias of exactly one.
    version
        Language version: a terminal operation, and under version 1 one with an implicit allow,
        is not reached by ``default``, so the chain ends before it (or at once for a terminal).

    Returns
    -------
    tuple of str
        Empty for a name that is no operation. See :mod:`sbdiag.seatbelt.plans` for the
        operations whose place in the chain is disputed.
    """
    meaning = canonical(name, version) if name not in operations() else (name,)
    return _consulted(meaning[0], version) if meaning and len(meaning) == 1 else ()


@cache
def _consulted(name: str, version: int) -> tuple[str, ...]:
    chain = _chain(name)
    for at, member in enumerate(chain):
        row = operations()[member]
        if row.terminal is not None:
            return chain[: at + 1]
        if row.implicit == "allow" and version == 1:
            return chain[:-1]
    return chain


@cache
def members(name: str) -> tuple[str, ...]:
    """Return the operations of a group that a kernel asks about, in table order.

    Those that fall back to it, without the groups among them (names with a star) and without
    terminals, which no rule of the group reaches.
    """
    return tuple(
        row.name
        for row in operations().values()
        if row.terminal is None and name in _chain(row.name) and not row.name.endswith("*")
    )


GROUPS_PRINTED: Final = ("process-exec*", "process-codesigning-status*")
"""Groups that the kernel itself consults and prints, star and all (log lines)."""


def close_names(name: str, *, limit: int = 3) -> tuple[str, ...]:
    """Return bound names that resemble `name`, best first, for a "did you mean"."""
    known = [*operations(), *(row.name for row in other_names().values() if row.kind != "log-only")]
    starred = [f"{name}*"] if f"{name}*" in known else []
    found = get_close_matches(name[:100], known, n=limit, cutoff=0.75)
    return tuple(dict.fromkeys([*starred, *found]))[:limit]

"""The filters: what they compare, how they are spelled, their symbols, and where each is accepted.

Tables: ``tables/filters.tsv`` (97 filters of macOS 15.2, forms and case rules),
``tables/symbols.tsv`` (bare words and their numbers) and ``tables/observed.tsv`` (filters that
profiles of macOS 26.4.1 use on an operation, known to the 13.0 table or not). Which operation
accepts which category is a column of ``tables/operations.tsv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias, cast

from sbdiag.seatbelt.evidence import read_table
from sbdiag.seatbelt.operations import operation

ArgumentKind: TypeAlias = Literal[
    "path-pattern",
    "name-pattern",
    "name-pattern-ci",
    "string",
    "integer-or-symbol",
    "bitfield",
    "boolean",
    "network",
]
Form: TypeAlias = Literal["literal", "prefix", "subpath", "regex"]
Case: TypeAlias = Literal["path", "sensitive", "insensitive", "newer-insensitive"]
Acceptance: TypeAlias = Literal["table", "universal", "observed", "no", "unknown"]

UNIVERSAL_CATEGORIES: Final = ("extension", "process", "system", "sandbox")
"""Categories that every operation accepts (libsandbox 13.0)."""

METAFILTERS: Final = ("require-all", "require-any", "require-not", "require-entitlement")
"""Filters whose arguments are filters (`require-entitlement`: a name, then at most one filter)."""


@dataclass(frozen=True, slots=True)
class FilterKind:
    """One filter of the language.

    Attributes
    ----------
    name
        Canonical name, ``path`` for what profiles write as ``literal``.
    number
        Its number in libsandbox 15.2.
    category
        What operations accept or refuse it by.
    argument
        What its argument is.
    case
        ``path``: literal, prefix and subpath ignore case, for regexes the sources disagree.
        ``newer-insensitive``: since some version between 13.0 and 15.2. ``None``: not text.
    forms
        Spelling of each form it has, ``literal`` first.
    prerequisite
        A filter that must stand beside it.
    in_13
        Whether libsandbox 13.0 knows it.
    """

    name: str
    number: int
    category: str
    argument: ArgumentKind
    case: Case | None
    forms: dict[Form, str]
    prerequisite: str | None
    in_13: bool


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a filter name as written means: which filter, in which form."""

    filter: str
    form: Form


# Names that the version 1 prelude binds to others, and names of one fixed argument.
_ALIASES: Final[dict[str, str]] = {
    "literal": "path",
    "path-literal": "path",
    "prefix": "path-prefix",
    "regex": "path-regex",
    "mount-relative-literal": "mount-relative-path",
    "mount-relative-regex": "mount-relative-path-regex",
    "from": "local",
    "to": "remote",
    "granted-extensions": "extension",
    "mach-extension": "extension",
    "iokit-user-client-class": "iokit-registry-entry-class",
    "iokit-user-client-class-prefix": "iokit-registry-entry-class-prefix",
    "iokit-user-client-class-regex": "iokit-registry-entry-class-regex",
}
FIXED: Final[dict[str, tuple[str, str]]] = {
    "process-is-plugin": ("process-attribute", "is-plugin"),
    "process-is-installer": ("process-attribute", "is-installer"),
    "debug-mode": ("system-attribute", "sandbox-debug-mode"),
    "tty": ("vnode-type", "TTY"),
}
"""Filters without argument: the filter and symbol they stand for (version 1 prelude)."""


def _cell(cell: str) -> str | None:
    return None if cell == "-" else cell


@cache
def filters() -> dict[str, FilterKind]:
    """Return all filters by canonical name, in libsandbox's order."""
    found = {}
    for (
        name,
        number,
        category,
        argument,
        case,
        literal,
        prefix,
        subpath,
        regex,
        needs,
        in_13,
    ) in read_table("filters.tsv"):
        spelled = {"literal": literal, "prefix": prefix, "subpath": subpath, "regex": regex}
        forms = {cast(Form, form): text for form, text in spelled.items() if text != "-"}
        found[name] = FilterKind(
            name,
            int(number),
            category,
            cast(ArgumentKind, argument),
            cast("Case | None", _cell(case)),
            forms or {"literal": name},
            _cell(needs),
            in_13 == "yes",
        )
    return found


@cache
def _spellings() -> dict[str, Spelling]:
    plain = {
        text: Spelling(kind.name, form)
        for kind in filters().values()
        for form, text in kind.forms.items()
    }
    return plain | {alias: plain[name] for alias, name in _ALIASES.items()}


def spelling(name: str) -> Spelling | None:
    """Return what a filter name as a profile writes it means, ``None`` for no such name.

    Metafilters (:data:`METAFILTERS`), the names of :data:`FIXED` and ``path-ancestors`` are not
    among them.
    """
    return _spellings().get(name)


def filter_names() -> tuple[str, ...]:
    """Return every name under which a profile can write a filter, sorted."""
    return tuple(sorted({*_spellings(), *METAFILTERS, *FIXED, "path-ancestors"}))


@cache
def _symbols() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, number, symbol in read_table("symbols.tsv"):
        found.setdefault(name, {})[symbol] = int(number)
    return found


def symbols(filter_name: str) -> dict[str, int]:
    """Return the bare words that a filter takes and the numbers they stand for.

    Source: libsandbox of macOS 15.2 (0x3c3e/sandblaster), which names one symbol a number;
    ``AF_UNIX`` from profiles in use. Empty for filters without symbols.
    """
    return _symbols().get(filter_name, {})


@cache
def symbol_names() -> frozenset[str]:
    """Return all bare words that some filter takes: names that are bound in a profile."""
    return frozenset(symbol for words in _symbols().values() for symbol in words)


@cache
def _observed() -> dict[str, frozenset[str]]:
    return {name: frozenset(seen.split(",")) for name, seen in read_table("observed.tsv")}


def accepts(operation_name: str, filter_name: str) -> Acceptance:
    """Say whether an operation accepts a filter, and by which evidence.

    Parameters
    ----------
    operation_name
        Exact operation, not an alias.
    filter_name
        Canonical filter name (:func:`spelling` gives it).

    Returns
    -------
    str
        ``table`` (libsandbox 13.0), ``universal``, ``observed`` (Apple's profiles of 26.4.1),
        ``no``, or ``unknown`` where the operation or the filter is newer than the 13.0 table.
    """
    kind = filters().get(filter_name)
    row = operation(operation_name)
    if kind is None or row is None:
        return "unknown"
    if kind.category in UNIVERSAL_CATEGORIES:
        return "universal"
    if row.categories is not None and kind.category in row.categories:
        return "table"
    if filter_name in _observed().get(operation_name, frozenset()):
        return "observed"
    return "unknown" if row.categories is None or not kind.in_13 else "no"

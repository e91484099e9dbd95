"""Whether one filter takes everything that another one takes.

Certain answers only: ``False`` means "not shown", not "shown to be false". Used to find rules that
cannot decide anything because a later one always comes first.
"""

from __future__ import annotations

from collections.abc import Iterable

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.filters import filters, spelling
from sbdiag.seatbelt.matching import prepare
from sbdiag.seatbelt.paths import is_odd, match_path
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Filter

_MAX_DEPTH = 20


def covers_all(wide: Iterable[Filter], narrow: Iterable[Filter], operation: str) -> bool:
    """Whether each filter of `narrow` is covered by some filter of `wide`; no filter takes all."""
    wide, narrow = tuple(wide), tuple(narrow)
    if not wide:
        return True
    return bool(narrow) and all(
        any(covers(outer, inner, operation) for outer in wide) for inner in narrow
    )


def covers(wide: Filter, narrow: Filter, operation: str, depth: int = 0) -> bool:
    """Whether every request that `narrow` takes is taken by `wide` as well.

    Parameters
    ----------
    wide, narrow
        Filters of rules that name `operation`.
    operation
        An operation that accepts both.
    """
    if depth > _MAX_DEPTH:
        return False
    if wide == narrow:
        return True
    inner = _parts(narrow)
    if narrow.name == "require-all":
        if any(covers(wide, part, operation, depth + 1) for part in inner):
            return True
    elif narrow.name == "require-any":
        return bool(inner) and all(covers(wide, part, operation, depth + 1) for part in inner)
    outer = _parts(wide)
    if wide.name == "require-any":
        return any(covers(part, narrow, operation, depth + 1) for part in outer)
    if wide.name == "require-all":
        return bool(outer) and all(covers(part, narrow, operation, depth + 1) for part in outer)
    return _covers_values(wide, narrow, operation)


def _parts(written: Filter) -> list[Filter]:
    return [part for part in written.arguments if isinstance(part, Filter)]


def _covers_values(wide: Filter, narrow: Filter, operation: str) -> bool:
    known, inner = spelling(wide.name), spelling(narrow.name)
    values = [part for part in narrow.arguments if isinstance(part, str)]
    if known is None or inner is None or known.filter != inner.filter:
        return False
    if not values or len(values) != len(narrow.arguments):
        return False
    if inner.form == "literal":
        if filters()[inner.filter].argument not in {"path-pattern", "name-pattern"}:
            return False
        matcher = prepare(wide, operation)
        return all(
            matcher(Request(Access(operation, ((inner.filter, value),)))).matches is True
            for value in values
            if not (inner.filter == "path" and is_odd(value))
        )
    if inner.filter != "path" or inner.form == "regex":
        return False
    patterns = [part for part in wide.arguments if isinstance(part, str)]
    return all(
        any(_covers_path(known.form, pattern, inner.form, value) for pattern in patterns)
        for value in values
    )


def _covers_path(form: str, pattern: str, inner: str, value: str) -> bool:
    """Whether a subpath or prefix lies inside another one."""
    if is_odd(pattern) or (inner == "subpath" and is_odd(value)):
        return False
    if form == "prefix":
        return match_path("prefix", pattern, value).matches is True
    if form == "subpath" and inner == "subpath":
        return match_path("subpath", pattern, value).matches is True
    if form == "subpath" and inner == "prefix" and pattern != "/":
        return match_path("prefix", f"{pattern}/", value).matches is True
    return form == "subpath" and pattern == "/" and value.startswith("/")

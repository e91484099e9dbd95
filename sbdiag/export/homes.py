"""Home directories in rules: which one they name, and writing it as a parameter."""

from __future__ import annotations

from collections.abc import Iterable

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.errors import ExportError
from sbdiag.seatbelt.rules import Argument, Filter


def one_home(rules: Iterable[MinimalRule]) -> str | None:
    """Return the home directory that the paths of the rules lie in, if it is exactly one."""
    homes = {
        home
        for minimal in rules
        for path in _paths(minimal.rule.filters)
        if (home := paths.home_of(path)) is not None
    }
    return homes.pop() if len(homes) == 1 else None


def checked_home(home: str | None) -> str | None:
    """Return a home directory that was given, without slashes at its end.

    Raises
    ------
    ExportError
        It is no absolute path below the root, or not in its plain form.
    """
    if home is None:
        return None
    directory = home.rstrip("/")
    parts = directory.split("/")
    if parts[0] or len(parts) < 2 or {"", ".", ".."} & set(parts[1:]) or not paths.plain(home):
        raise ExportError(f"home is an absolute path such as /Users/you, not {home!r}")
    return directory


def by_parameter(filter_: Filter, home: str | None) -> Filter:
    """Write paths below `home` as ``(string-append (param "HOME") "/…")``; None changes nothing."""
    if home is None:
        return filter_
    path = path_of(filter_)
    if path is None:
        return Filter(filter_.name, tuple(_nested(one, home) for one in filter_.arguments))
    if not paths.below(path, home):
        return filter_
    param = Filter("param", ("HOME",))
    rest = path[len(home) :]
    return Filter(filter_.name, (Filter("string-append", (param, rest)) if rest else param,))


def path_of(filter_: Filter) -> str | None:
    """Return the path of a path filter, ``None`` for any other."""
    match filter_:
        case Filter("literal" | "subpath", (str() as path,)):
            return path
    return None


def _nested(argument: Argument, home: str) -> Argument:
    return by_parameter(argument, home) if isinstance(argument, Filter) else argument


def _paths(filters: Iterable[Argument]) -> list[str]:
    found: list[str] = []
    for one in filters:
        if isinstance(one, Filter):
            path = path_of(one)
            found += _paths(one.arguments) if path is None else [path]
    return found

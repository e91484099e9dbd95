"""What nono grants and refuses before a profile says anything: asked of its preview.

An access that the preview of an empty profile allows is granted already, and by which construct
is what the deciding rule says. The blanket ``(allow mach-lookup)`` and ``(allow mach-task-name)``
are in v0.30, v0.60, v0.66 and v0.74 and in the macOS wheel of nono-py 0.16.0 (nolabs-ai/nono,
``crates/nono/src/sandbox/macos.rs``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from sbdiag.diagnosis import paths
from sbdiag.export.nono_blocks import STATE
from sbdiag.export.nono_preview import DEFAULT_HOME, Preview, preview_nono
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.filters import spelling
from sbdiag.seatbelt.operations import canonical, members, operations
from sbdiag.seatbelt.rules import Filter, IoCommand, Rule
from sbdiag.seatbelt.text import one_line

_PATHS = frozenset({"path", "unix-socket"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What nono's base says to some accesses.

    Attributes
    ----------
    granted
        The construct and the rule that allow all of them; ``None`` where not all are allowed.
    refused
        The construct that refuses one of them for good: no grant opens it.
    """

    granted: str | None = None
    refused: str | None = None


@cache
def base_preview() -> Preview:
    """Return the preview of an empty user profile, for the home directory `DEFAULT_HOME`."""
    return preview_nono("{}")


def standing(accesses: Iterable[Access], *, home: str | None = None) -> Standing:
    """Ask nono's base about accesses.

    Parameters
    ----------
    accesses
        What a rule is for; none of them is granted.
    home
        The home directory; by default any directory of a user is taken for it.
    """
    reasons: dict[str, None] = {}
    granted = False
    every = True
    for access in accesses:
        granted = True
        decision = base_preview().profile.decide_access(_at_home(access, home))
        rule = decision.rule
        block = None if rule is None else base_preview().block_of(rule)
        if decision.verdict == "deny" and block is not None and block.refuses:
            return Standing(refused=block.origin)
        if decision.verdict != "allow" or rule is None or block is None:
            every = False
        else:
            reasons[f"{block.origin}: {one_line(rule)}"] = None
    return Standing(granted="; ".join(reasons) if granted and every else None)


def refused_below(directory: str, *, home: str | None = None) -> tuple[tuple[str, str], ...]:
    """Return construct and place of what nono refuses below a directory, in nono's order."""
    directory = _path_at_home(directory, home)
    found = (
        (block.origin, str(rule.filters[0].arguments[0]))
        for block in base_preview().blocks
        if block.refuses
        for rule in block.rules
        if isinstance(rule, Rule) and rule.operations == ("file-read-data",)
    )
    return tuple((origin, place) for origin, place in found if paths.below(place, directory))


def holds_state(directory: str, *, home: str | None = None) -> bool:
    """Tell whether nono's own state lies in a directory: nono refuses to open it then."""
    return any(origin == STATE for origin, _ in refused_below(directory, home=home))


def accesses_of(rule: Rule) -> tuple[Access, ...] | None:
    """Return accesses that stand for all of a rule; ``None`` where a filter has no such.

    A group of operations stands for each of its members: some of them may be refused.
    """
    found: list[Access] = []
    for operation in _single(rule.operations):
        if not rule.filters:
            found.append(Access(operation))
        for each in rule.filters:
            for values in _values(operation, each):
                if values is None:
                    return None
                found.append(Access(operation, values))
    return tuple(found)


def _single(names: Iterable[str]) -> Iterator[str]:
    known = operations()
    for name in names:
        for each in canonical(name) or (name,):
            yield from members(each) if each in known and known[each].group else (each,)


def _at_home(access: Access, home: str | None) -> Access:
    """Move an access into the home directory of the preview: one serves all of them."""
    values = tuple(
        (kind, _path_at_home(value, home) if kind in _PATHS else value)
        for kind, value in access.values
    )
    return access if values == access.values else replace(access, values=values)


def _path_at_home(path: str, home: str | None) -> str:
    short = paths.tilde(path, home)
    return DEFAULT_HOME + short[1:] if short != path else path


def _values(operation: str, one: Filter) -> Iterator[tuple[tuple[str, str], ...] | None]:
    if one.name == "require-all":
        parts = [part for part in one.arguments if isinstance(part, Filter)]
        found = [next(_values(operation, part), None) for part in parts]
        whole = [values for values in found if values is not None]
        yield (
            tuple(pair for values in whole for pair in values) if len(whole) == len(found) else None
        )
        return
    known = spelling(one.name)
    if one.name in {"remote", "local"} and len(one.arguments) == 2:
        yield ((one.name, str(one.arguments[1])),)
    elif known is None or known.form in {"prefix", "regex"} or not one.arguments:
        yield None
    else:
        for argument in one.arguments:
            if isinstance(argument, Filter):
                yield None
            elif isinstance(argument, IoCommand):
                yield ((known.filter, f'(_IO "{argument.group}" {argument.number})'),)
            else:
                yield from _named(operation, one.name, known.filter, str(argument))


def _named(
    operation: str, form: str, kind: str, value: str
) -> Iterator[tuple[tuple[str, str], ...]]:
    if kind == "path" and operation.startswith("network-"):
        kind = "unix-socket"
    yield ((kind, value),)
    if form == "subpath":
        yield ((kind, f"{value.rstrip('/')}/any"),)

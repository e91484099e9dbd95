"""What nono grants and refuses before a profile says anything: asked of the evaluated preview.

The base grants ``mach-lookup`` and ``mach-task-name`` whole in v0.30, v0.60, v0.66 and v0.74 and in
the macOS wheel of nono-py 0.16.0 (nolabs-ai/nono, ``crates/nono/src/sandbox/macos.rs``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sbdiag.diagnosis import paths
from sbdiag.export.nono_groups import PROTECTED, REFUSED
from sbdiag.export.nono_preview import DEFAULT_HOME, Preview, preview_nono
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.filters import spelling
from sbdiag.seatbelt.rules import Filter, IoCommand, Rule
from sbdiag.seatbelt.text import rule_text


@cache
def base_preview() -> Preview:
    """Return the preview of an empty user profile, for the home directory `DEFAULT_HOME`."""
    return preview_nono("{}")


def granted(rule: Rule) -> str | None:
    """Return which part of nono's base allows all that `rule` does; ``None`` if none does.

    Each operation and filter of the rule becomes an access that the base is asked about. A place
    that one of nono's groups refuses, or below which it refuses something, is never granted.
    """
    reasons = []
    for access in _accesses(rule):
        if access is None:
            return None
        reason = _granted(access)
        if reason is None:
            return None
        reasons.append(reason)
    return "; ".join(dict.fromkeys(reasons))


def refused_by(path: str, *, recursive: bool = False) -> str | None:
    """Return the group that refuses `path`, or with `recursive` anything below it; else None."""
    short = paths.tilde(path)
    for group, places in (*REFUSED, ("nono's own state", PROTECTED)):
        for place in places:
            if paths.below(short, place) or (recursive and paths.below(place, short)):
                return group
    return None


def _granted(access: Access) -> str | None:
    preview = base_preview()
    decision = preview.profile.decide_access(access)
    if decision.verdict != "allow" or decision.rule is None:
        return None
    location = decision.rule.location
    origin = "" if location is None else _origin(preview.text, location.line)
    return f"{origin}, {' '.join(rule_text(decision.rule).split())}"


def _origin(text: str, line: int) -> str:
    """Return the comment of the block that a line stands in."""
    above = text.split("\n")[: line - 1]
    return next((each[2:] for each in reversed(above) if each.startswith("; ")), "")


def _accesses(rule: Rule) -> Iterator[Access | None]:
    """Yield accesses that all of the rule stands for; ``None`` where a filter has no such."""
    for operation in rule.operations:
        if not rule.filters:
            yield Access(operation)
        for each in rule.filters:
            for values in _values(operation, each):
                yield None if values is None else Access(operation, values)


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
) -> Iterator[tuple[tuple[str, str], ...] | None]:
    if kind != "path":
        yield ((kind, value),)
        return
    if refused_by(value, recursive=form == "subpath"):
        yield None
        return
    kind = "unix-socket" if operation.startswith("network-") else kind
    # One preview serves every home directory.
    if (home := paths.home_of(value)) is not None:
        value = DEFAULT_HOME + value[len(home) :]
    yield ((kind, value),)
    if form == "subpath":
        yield ((kind, f"{value.rstrip('/')}/any"),)

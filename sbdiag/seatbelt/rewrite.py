"""A profile with other texts in it: the same rules about other names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeGuard

from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.rules import Argument, Filter, Rule, Symbol


def texts_of(profile: Profile) -> Iterator[str]:
    """Yield every text in which a profile can name something of its author's machine."""
    if profile.path is not None:
        yield profile.path
    yield from profile.warnings
    yield from profile.unknown_imports
    for rule in profile.rules:
        if rule.location is not None:
            yield rule.location.path
        for filter_ in rule.filters:
            yield from _texts(filter_)
        for modifier in rule.modifiers:
            if isinstance(modifier.argument, str):
                yield modifier.argument


def rewritten(profile: Profile, text: Callable[[str], str]) -> Profile:
    """Return `profile` with `text` applied to every string; words of the language stay."""
    return replace(
        profile,
        rules=tuple(_rule(rule, text) for rule in profile.rules),
        path=None if profile.path is None else text(profile.path),
        warnings=tuple(map(text, profile.warnings)),
        unknown_imports=tuple(map(text, profile.unknown_imports)),
    )


def _rule(rule: Rule, text: Callable[[str], str]) -> Rule:
    return replace(
        rule,
        filters=tuple(_filter(each, text) for each in rule.filters),
        modifiers=tuple(
            replace(each, argument=text(each.argument)) if _is_string(each.argument) else each
            for each in rule.modifiers
        ),
        location=rule.location and replace(rule.location, path=text(rule.location.path)),
    )


def _filter(filter_: Filter, text: Callable[[str], str]) -> Filter:
    def argument(value: Argument) -> Argument:
        if isinstance(value, Filter):
            return _filter(value, text)
        return text(value) if _is_string(value) else value

    return replace(filter_, arguments=tuple(map(argument, filter_.arguments)))


def _is_string(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, Symbol)


def _texts(filter_: Filter) -> Iterator[str]:
    for value in filter_.arguments:
        if isinstance(value, Filter):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value

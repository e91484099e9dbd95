"""Whether a filter matches a request: yes, no, or unknown with the reason.

A filter is prepared once (:func:`prepare`) and then asked for each request. ``require-all``,
``require-any`` and ``require-not`` are three-valued (Kleene): an unknown part makes the whole
unknown only where its answer would change it. What cannot be settled away from the machine,
extensions, entitlements, the state of the system, is unknown unless the context tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from sbdiag.seatbelt.filters import FIXED, FilterKind, accepts, filters, spelling, symbols
from sbdiag.seatbelt.network import Side, match_address
from sbdiag.seatbelt.paths import NO, YES, Answer, PathForm, combine, is_odd, match_path
from sbdiag.seatbelt.regex import Regex
from sbdiag.seatbelt.request import Extension, Request
from sbdiag.seatbelt.rules import Argument, Filter, IoCommand

Matcher: TypeAlias = Callable[[Request], Answer]

MAX_NESTING: Final = 150

# Which filter takes a target process printed as some word: yes, no, by the sandbox, or not known.
# The kernel prints one word, the narrowest that fits; `others` is exactly others (26.4.1 profiles
# and field reports of process-info and signal). Evidence: field-report; rows with None: inferred.
_TARGETS: Final[dict[tuple[str, str], bool | None]] = {
    ("self", "others"): False,
    ("self", "children"): False,
    ("self", "initproc"): False,
    ("self", "same-sandbox"): True,
    ("others", "self"): False,
    ("others", "children"): False,
    ("others", "pgrp"): False,
    ("others", "initproc"): False,
    ("children", "self"): False,
    ("children", "initproc"): False,
    ("pgrp", "initproc"): False,
    ("same-sandbox", "self"): False,
    ("same-sandbox", "initproc"): False,
    ("initproc", "self"): False,
    ("initproc", "children"): False,
    ("initproc", "pgrp"): False,
    ("initproc", "same-sandbox"): False,
}

_MACH_KINDS: Final = ("global-name", "local-name", "xpc-service-name")
_PATH_FILTERS: Final = frozenset({"path"})


def prepare(written: Filter, operation: str) -> Matcher:
    """Make one filter of a rule ready for comparing.

    Parameters
    ----------
    written
        The filter as the evaluated profile holds it.
    operation
        The operation that the rule names: it decides which filters can apply at all.
    """
    return _prepare(written, operation, 0)


def _prepare(written: Filter, operation: str, depth: int) -> Matcher:
    name = written.name
    if depth > MAX_NESTING:
        return _always(Answer(None, "filters nested too deep"))
    if name in {"require-all", "require-any", "require-not"}:
        inner = [
            _prepare(part, operation, depth + 1)
            for part in written.arguments
            if isinstance(part, Filter)
        ]
        if len(inner) != len(written.arguments) or not inner:
            return _always(Answer(None, f"{name} without filters"))
        if name == "require-not":
            return (
                _not(inner[0]) if len(inner) == 1 else _always(Answer(None, "require-not of many"))
            )
        return _all(inner) if name == "require-all" else any_of(inner)
    if name == "require-entitlement":
        return _entitlement(written.arguments)
    if name == "path-ancestors":
        return _ancestors(written.arguments)
    if name in FIXED and not written.arguments:
        kind_name, symbol = FIXED[name]
        return _guarded(_number(kind_name, (symbol,)), kind_name, operation)
    known = spelling(name)
    if known is None:
        return _always(Answer(None, f"{name} is no filter of the table"))
    kind = filters()[known.filter]
    return _guarded(_leaf(kind, known.form, written.arguments), kind.name, operation)


def _leaf(kind: FilterKind, form: str, arguments: tuple[Argument, ...]) -> Matcher:
    if kind.argument == "network":
        return _address(kind.name, arguments)
    if kind.name == "extension":
        return _extension(arguments)
    if kind.name == "target":
        return any_of([_target(argument) for argument in arguments])
    if kind.name in {"%entitlement-is-present", "%entitlement-is-bool-true"}:
        return _entitlement(arguments)
    if kind.argument == "integer-or-symbol":
        return _number(kind.name, arguments)
    if kind.argument in {"path-pattern", "name-pattern", "name-pattern-ci", "string"}:
        patterns = [argument for argument in arguments if isinstance(argument, str)]
        if len(patterns) != len(arguments) or not patterns:
            return _always(Answer(None, f"{kind.name} without a pattern"))
        return any_of([_pattern(kind, form, pattern) for pattern in patterns])
    return _always(Answer(None, f"{kind.name} is about a state that only the system knows"))


def _always(answer: Answer) -> Matcher:
    return lambda request: answer


def _guarded(inner: Matcher, kind: str, operation: str) -> Matcher:
    """Let a filter that the operation does not accept match nothing.

    Some systems refuse to compile such a profile, on others the rule never matches (field-report:
    ``process-exec*`` in one rule with ``(target self)``).
    """
    if accepts(operation, kind) != "no":
        return inner

    def match(request: Request) -> Answer:
        if inner(request).matches:
            return Answer(None, f"{operation} does not accept {kind} by the table of 13.0")
        return NO

    return match


# Three-valued logic


def any_of(inner: Iterable[Matcher]) -> Matcher:
    """Return a matcher that holds if any of `inner` does; a rule's filters are joined so."""
    parts = tuple(inner)
    if len(parts) == 1:
        return parts[0]

    def match(request: Request) -> Answer:
        doubt: Answer = NO
        for part in parts:
            answer = part(request)
            if answer.matches:
                return answer
            if answer.matches is None and doubt.matches is not None:
                doubt = answer
        return doubt

    return match


def _all(parts: list[Matcher]) -> Matcher:
    def match(request: Request) -> Answer:
        doubt: Answer = YES
        for part in parts:
            answer = part(request)
            if answer.matches is False:
                return NO
            if answer.matches is None and doubt.matches is not None:
                doubt = answer
        return doubt

    return match


def _not(part: Matcher) -> Matcher:
    def match(request: Request) -> Answer:
        answer = part(request)
        return answer if answer.matches is None else Answer(not answer.matches)

    return match


# Text: paths and names


def _pattern(kind: FilterKind, form: str, pattern: str) -> Matcher:
    if kind.name in _PATH_FILTERS:
        return _path(form, pattern)
    if form == "regex":
        return _regex(kind, pattern)
    if kind.argument == "path-pattern":
        return _other_path(kind, form, pattern)
    if kind.name in _MACH_KINDS:
        return _mach(kind.name, _text_test(kind, form, pattern))
    return _named(kind, _text_test(kind, form, pattern))


def _path(form: str, pattern: str) -> Matcher:
    regex = Regex(pattern) if form == "regex" else None

    def compare(path: str) -> Answer:
        if regex is None:
            return match_path(_path_form(form), pattern, path)
        return _regex_answer(regex, path, disputed=True)

    def match(request: Request) -> Answer:
        if request.socket == "ip":
            return NO  # a path filter on network-* takes AF_UNIX only
        if not request.paths:
            return Answer(None, "the line does not tell the path")
        if len(request.paths) == 1:
            return compare(request.paths[0])
        return combine(
            [compare(path) for path in request.paths],
            "the path is not in the form that the kernel resolves to",
        )

    return match


def _path_form(form: str) -> PathForm:
    return "prefix" if form == "prefix" else "subpath" if form == "subpath" else "literal"


def _other_path(kind: FilterKind, form: str, pattern: str) -> Matcher:
    def compare(value: str) -> Answer:
        return match_path(_path_form(form), pattern, value)

    return _named(kind, compare)


def _regex(kind: FilterKind, pattern: str) -> Matcher:
    regex = Regex(pattern)
    disputed = kind.case != "sensitive"

    def compare(value: str) -> Answer:
        return _regex_answer(regex, value, disputed=disputed)

    return _mach(kind.name, compare) if kind.name in _MACH_KINDS else _named(kind, compare)


def _regex_answer(regex: Regex, value: str, *, disputed: bool) -> Answer:
    found = regex.search(value, case="disputed" if disputed else "sensitive")
    if found is not None:
        return YES if found else NO
    if regex.error is not None:
        return Answer(None, f"the regex is not attested: {regex.error}")
    if regex.doubts:
        return Answer(None, f"the regex holds what is not attested: {', '.join(regex.doubts)}")
    return Answer(None, "sources disagree on whether regexes regard case, or it is too long")


def _text_test(kind: FilterKind, form: str, pattern: str) -> Callable[[str], Answer]:
    starts = form == "prefix"

    def compare(value: str) -> Answer:
        if value == pattern or (starts and value.startswith(pattern)):
            return YES
        if kind.case in {"insensitive", "newer-insensitive"}:
            folded, wanted = value.lower(), pattern.lower()
            if folded == wanted or (starts and folded.startswith(wanted)):
                # Newer systems print the domain in lower case; elsewhere the version decides.
                if kind.case == "insensitive" or value == folded:
                    return YES
                return Answer(None, f"{kind.name} regards case on older systems")
        return NO

    return compare


def _named(kind: FilterKind, compare: Callable[[str], Answer]) -> Matcher:
    name = kind.name

    def match(request: Request) -> Answer:
        value = request.value(name)
        return Answer(None, f"the line does not tell {name}") if value is None else compare(value)

    return match


def _mach(name: str, compare: Callable[[str], Answer]) -> Matcher:
    """Compare a service name: each lookup is of one kind, but reports disagree on ``(xpc)``."""

    def match(request: Request) -> Answer:
        value = request.value(name)
        if value is not None:
            return compare(value)
        service = request.value("xpc-service-name")
        if name == "global-name" and service is not None:
            answer = compare(service)
            if answer.matches is False:
                return NO
            return Answer(None, "reports disagree on whether global-name answers an (xpc) lookup")
        if any(request.value(kind) is not None for kind in _MACH_KINDS):
            return NO
        return Answer(None, f"the line does not tell {name}")

    return match


# Numbers and symbols


def _number(name: str, arguments: tuple[Argument, ...]) -> Matcher:
    known = symbols(name)
    numbers = {number_of(argument, known) for argument in arguments}

    def match(request: Request) -> Answer:
        if _told(name, request) is None:
            return Answer(None, f"the line does not tell {name}")
        number = told_number(name, request)
        if number in numbers and number is not None:
            return YES
        if None in numbers or number is None:
            return Answer(None, f"{name} has a value that is not in the table")
        return NO

    return match


def _told(name: str, request: Request) -> str | None:
    if name == "socket-domain" and request.socket == "unix":
        return request.value(name) or "1"
    return request.value(name)


def told_number(name: str, request: Request) -> int | None:
    """Return the number that a request tells for a filter; ``None`` for none, or one unread."""
    value = _told(name, request)
    return None if value is None else symbols(name).get(value, _printed_number(value))


def number_of(argument: Argument, known: Mapping[str, int]) -> int | None:
    """Return the number that a filter's argument stands for, ``None`` for an unknown word."""
    if isinstance(argument, IoCommand):
        return argument.value if len(argument.group) == 1 else None
    if isinstance(argument, (bool, Filter)):
        return None
    return argument if isinstance(argument, int) else known.get(argument)


def _printed_number(value: str) -> int | None:
    """Read ``83``, ``0x20`` or ``(_IO "t" 83)``."""
    if value.startswith('(_IO "') and value.endswith(")"):
        group, quote, number = value[len('(_IO "') : -1].rpartition('" ')
        group = group.removeprefix("\\") or group
        return 256 * ord(group) + int(number) if quote and len(group) == 1 else None
    digits = value.removeprefix("-")
    if digits.isascii() and digits.isdecimal():
        return int(value)
    return int(value, 16) if value.startswith("0x") else None


def _target(argument: Argument) -> Matcher:
    wanted = str(argument)

    def match(request: Request) -> Answer:
        printed = request.value("target")
        if printed is None:
            return Answer(None, "the line does not tell the target process")
        if printed == wanted:
            return YES
        answer = _TARGETS.get((printed, wanted))
        if answer is not None:
            return YES if answer else NO
        if wanted == "same-sandbox":
            same = request.context.same_sandbox
            if same is not None:
                return YES if same else NO
            return Answer(None, f"whether `{printed}` is in the same sandbox is not printed")
        return Answer(None, f"whether `{printed}` is also {wanted} is not printed")

    return match


# Network


def _address(name: str, arguments: tuple[Argument, ...]) -> Matcher:
    side: Side = "local" if name == "local" else "remote"
    protocol = str(arguments[0]) if arguments else ""
    rest = arguments[1:]
    if protocol in {"unix", "unix-socket"}:
        inner = [_prepare(part, "network-outbound", 1) for part in rest if isinstance(part, Filter)]
        if len(inner) != len(rest):
            return _always(
                Answer(None, f"{side} unix-socket with something else than a path filter")
            )
        path = any_of(inner) if inner else _always(YES)

        def match_unix(request: Request) -> Answer:
            if request.socket is None:
                return Answer(None, "the line does not tell the socket")
            return path(request) if request.socket == "unix" else NO

        return match_unix
    pattern = rest[0] if rest else "*:*"
    if not isinstance(pattern, str) or len(rest) > 1 or not protocol:
        return _always(Answer(None, f"{side} without an address pattern"))

    def match(request: Request) -> Answer:
        if request.socket == "unix":
            return NO
        if request.socket is None:
            return Answer(None, "the line does not tell the address")
        answers = [
            match_address(side, protocol, pattern, request.operation, printed, request.known)
            for printed in request.ends()
        ]
        if not answers:
            return Answer(None, "the address has no shape that is known")
        return combine(answers, "the line does not say which end of the connection it prints")

    return match


# Tokens and rights


def _extension(arguments: tuple[Argument, ...]) -> Matcher:
    wanted = [argument for argument in arguments if isinstance(argument, str)]

    def match(request: Request) -> Answer:
        held = request.context.extensions
        if held is None:
            return Answer(None, "which extensions the process holds is not in the file")
        answers = [_covers(token, request) for token in held if token.kind in wanted]
        if any(answer.matches for answer in answers):
            return YES
        return next((answer for answer in answers if answer.matches is None), NO)

    return match if len(wanted) == len(arguments) else _always(Answer(None, "extension of what?"))


def _covers(token: Extension, request: Request) -> Answer:
    """Whether a held token is good for what the request names: a path covers all below it."""
    if token.target is None:
        return YES
    if request.paths:
        answers = [match_path("subpath", token.target, path) for path in request.paths]
        return combine(answers, "the path is not in the form that the kernel resolves to")
    name = request.access.name
    if name is None:
        return Answer(None, "the line does not tell what the extension would have to cover")
    return YES if name == token.target else NO


def _entitlement(arguments: tuple[Argument, ...]) -> Matcher:
    name = arguments[0] if arguments else None

    def match(request: Request) -> Answer:
        held = request.context.entitlements
        if held is None or not isinstance(name, str):
            return Answer(None, "the entitlements of the program are not in the file")
        if name not in held:
            return NO
        return YES if len(arguments) == 1 else Answer(None, f"the value of {name} is not known")

    return match


def _ancestors(arguments: tuple[Argument, ...]) -> Matcher:
    """Read ``(path-ancestors p)``: the root and every directory above p, not p itself."""
    paths = [part for part in arguments if isinstance(part, str)]
    if not paths or len(paths) != len(arguments) or any(is_odd(path) for path in paths):
        return _always(Answer(None, "path-ancestors of something that is no path"))

    def above(path: str, descendant: str) -> Answer:
        if path == "/":
            return NO if descendant == "/" else YES
        if len(path) >= len(descendant):
            return NO
        return match_path("subpath", path, descendant)

    def match(request: Request) -> Answer:
        if request.socket == "ip":
            return NO
        if not request.paths:
            return Answer(None, "the line does not tell the path")
        answers = [above(path, descendant) for path in request.paths for descendant in paths]
        if any(answer.matches for answer in answers) and len(request.paths) == 1:
            return YES
        return combine(answers, "the path is not in the form that the kernel resolves to")

    return match

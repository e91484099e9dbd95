r"""Rules as the language writes them: one filter a line, patterns raw where they can be.

Whatever a value holds, the text reads back as that one value (``sexpr.quote`` for strings); a
value that the language has no writing for is an error, never a guess::

    (allow file-read*
        (literal "/private/var/run/resolv.conf")
        (regex #"^/Users/you/Library/Caches/lima/.*\.img$"))
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from sbdiag.errors import ProfileError
from sbdiag.seatbelt.rules import Argument, Filter, IoCommand, Modifier, Rule, Symbol
from sbdiag.seatbelt.sexpr import number_of, quote, visible

_WIDTH: Final = 100
_INDENT: Final = "    "
_WORD: Final = re.compile(r"[^()\";#'`,.\s][^()\";\s]*")
_META: Final = ("require-all", "require-any", "require-not")


def rule_text(rule: Rule) -> str:
    r"""Write one rule; several lines where it has filters, without a newline at the end.

    Raises
    ------
    ProfileError
        For an operation, filter or symbol whose name is no word of the language.

    Examples
    --------
    >>> print(rule_text(Rule("allow", ("mach-task-name",))))
    (allow mach-task-name)
    >>> print(rule_text(Rule("allow", ("file-read*",), (Filter("literal", ("/a",)),))))
    (allow file-read*
        (literal "/a"))
    """
    head = " ".join((rule.action, *map(_word, rule.operations)))
    modifiers = tuple(map(modifier_text, rule.modifiers))
    if not rule.filters:
        return f"({' '.join((head, *modifiers))})"
    lines = [_nested(filter_, _INDENT) for filter_ in rule.filters]
    return f"({head}\n" + "\n".join((*lines, *(_INDENT + m for m in modifiers))) + ")"


def one_line(rule: Rule) -> str:
    """Write one rule on one line (a line feed inside a raw pattern aside); see `rule_text`."""
    head = rule_text(replace(rule, filters=(), modifiers=())).removesuffix(")")
    parts = (*map(filter_text, rule.filters), *map(modifier_text, rule.modifiers))
    return f"{' '.join((head, *parts))})"


def filter_text(filter_: Filter) -> str:
    """Write one filter on one line (a line feed inside a raw pattern aside); see `rule_text`."""
    parts = (_argument(filter_.name, argument) for argument in filter_.arguments)
    return f"({' '.join((_word(filter_.name), *parts))})"


def modifier_text(modifier: Modifier) -> str:
    """Write one modifier, ``(with no-log)`` or ``(with message "T")``; see `rule_text`."""
    parts = ["with", _word(modifier.name)]
    if modifier.argument is not None:
        parts.append(_argument(modifier.name, modifier.argument))
    return f"({' '.join(parts)})"


def _nested(filter_: Filter, indent: str) -> str:
    """Write a filter behind its indent; ``require-*`` that are too long for a line, as a tree."""
    line = indent + filter_text(filter_)
    inner = [argument for argument in filter_.arguments if isinstance(argument, Filter)]
    if filter_.name not in _META or len(line) <= _WIDTH or len(inner) < len(filter_.arguments):
        return line
    branches = [_nested(branch, indent + _INDENT) for branch in inner]
    return f"{indent}({filter_.name}\n" + "\n".join(branches) + ")"


def _argument(name: str, argument: Argument) -> str:
    if isinstance(argument, Filter):
        return filter_text(argument)
    if isinstance(argument, IoCommand):
        return f"(_IO {quote(argument.group)} {argument.number})"
    if isinstance(argument, Symbol):
        return _word(argument)
    if isinstance(argument, bool):
        return "#t" if argument else "#f"
    if isinstance(argument, int):
        octal = name == "file-mode" and argument >= 0
        return f"#o{argument:04o}" if octal else str(argument)
    # Raw, a pattern keeps its single backslashes; a quote or a control has no raw writing.
    if name.endswith("regex") and argument.isprintable() and '"' not in argument:
        return f'#"{argument}"'
    return quote(argument)


def is_word(name: str) -> bool:
    """Return whether a name reads back as one symbol."""
    return bool(_WORD.fullmatch(name)) and name.isprintable() and number_of(name) is None


def _word(name: str) -> str:
    if not is_word(name):
        raise ProfileError(f"no word of the language: {visible(name)!r}")
    return name

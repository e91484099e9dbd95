"""A RuleSet as Seatbelt text: a fragment to paste, or a whole profile.

Every rule carries a comment: what it is for, which lines of which capture asked for it, how much
wider than they it is, and what to know before pasting it. Log text goes into strings by
:func:`sbdiag.seatbelt.sexpr.quote` and into comments by :func:`sbdiag.seatbelt.sexpr.comment`, so
that no name can end either.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet
from sbdiag.errors import ExportError
from sbdiag.export.account import Export
from sbdiag.export.forms import Form, forms
from sbdiag.export.homes import by_parameter, one_home
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.sexpr import comment, visible
from sbdiag.seatbelt.text import filter_text, rule_text

Base: TypeAlias = Literal["deny-default", "import-system"]
Home: TypeAlias = Literal["absolute", "param"]

_INDENT: Final = "    "
_WIDTH: Final = 92
# How many places of a rule are named before the rest is only counted.
_PLACES: Final = 4

# What a whole profile starts with. Apple's own profiles import system.sb the same way; it lets a
# program start at all (dyld, libraries, notifications) and is found by sandbox-exec in
# /System/Library/Sandbox/Profiles.
_HEADS: Final[Mapping[Base, tuple[str, ...]]] = {
    "deny-default": ("(version 1)", "(deny default)"),
    "import-system": ("(version 1)", "(deny default)", '(import "system.sb")'),
}
_PARTS: Final = {
    "sensitive": "Asked for by name: sensitive places.",
    "noise": "Asked for by name: known noise, which programs do without.",
}


def to_sb(
    rules: RuleSet,
    *,
    denials: pd.DataFrame | None = None,
    whole: bool = False,
    base: Base = "deny-default",
    home: Home | None = None,
) -> Export:
    """Write rules as Seatbelt text.

    Parameters
    ----------
    rules
        What :func:`~sbdiag.diagnosis.minimize.minimal_rules` proposed.
    denials
        The frame they were made from: comments then name capture and line (``run:line``),
        otherwise row labels.
    whole
        A whole profile that starts with `base`, instead of a fragment to paste.
    base
        ``deny-default`` refuses all that the rules do not allow, a program's start included;
        ``import-system`` adds Apple's ``system.sb``.
    home
        ``param``: paths below the home directory by ``(param "HOME")``; ``absolute`` (also
        `None`): as the log has them.

    Returns
    -------
    Export
        Everything is in `exact`, since the rules are Seatbelt's own.

    Raises
    ------
    ExportError
        There is no such `base` or `home`.
    """
    if base not in _HEADS:
        raise ExportError(f"base is {' or '.join(_HEADS)}, not {base!r}")
    if home not in {None, "absolute", "param"}:
        raise ExportError(f"home is absolute or param, not {home!r}")
    notes = []
    directory = one_home(rules) if home == "param" else None
    if home == "param" and directory is None:
        notes.append("Paths stay absolute: the rules do not name exactly one home directory.")
    if directory is not None:
        notes.append('Start it with the home directory: sandbox-exec -D HOME="$HOME" -f FILE …')
    if whole and base == "deny-default":
        notes.append("Alone this profile lets no program start: add what yours needs to begin.")
    places = _places(rules, denials)
    blocks = ["\n".join(_HEADS[base])] if whole else []
    blocks.append(comment(_title(rules)))
    part = ""
    for form in forms(rules):
        if form.members[0].apart != part:
            part = form.members[0].apart
            blocks.append(comment(_PARTS[part]))
        blocks.append(_block(form, places, directory))
    blocks += [comment(text) for text in _withheld(rules)]
    return Export(text="\n\n".join(blocks) + "\n", exact=rules.rules, notes=tuple(notes))


def _title(rules: RuleSet) -> str:
    labels = np.fromiter(chain.from_iterable(minimal.denials for minimal in rules), np.int64)
    rows = len(pd.unique(labels))
    if not rules.rules:
        return "No rules: no denial that a rule would lift."
    return f"{_count(len(rules), 'rule')} for {_count(rows, 'denial')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _block(form: Form, places: Mapping[int, str], home: str | None) -> str:
    """Write one form; each filter has its own rule's comment right above it."""
    if len(form.members) == 1:
        rule = replace(
            form.rule, filters=tuple(by_parameter(one, home) for one in form.rule.filters)
        )
        only = form.members[0]
        return f"{_comment(only, places, only.purpose, only.warning)}\n{rule_text(rule)}"
    head = rule_text(Rule(form.rule.action, form.rule.operations)).removesuffix(")")
    lines = []
    told: dict[str, str] = {}
    purpose = ""
    for member in form.members:
        written = [filter_text(by_parameter(one, home)) for one in member.rule.filters]
        # What the form has told already is not told again, but a warning is not left out: without
        # it, one could not tell this rule from those that have none.
        shown = "" if member.purpose == purpose else member.purpose
        again = told.get(member.warning)
        warning = member.warning if again is None else f"as for {again} above."
        lines.append(textwrap.indent(_comment(member, places, shown, warning), _INDENT))
        purpose = member.purpose
        if member.warning:
            told.setdefault(member.warning, written[0])
        lines += [_INDENT + each for each in written]
    return "\n".join((head, *lines)) + ")"


def _comment(minimal: MinimalRule, places: Mapping[int, str], purpose: str, warning: str) -> str:
    where = [places[row] for row in minimal.denials[:_PLACES]]
    more = len(minimal.denials) - len(where)
    asked = f"Asked for by {', '.join(where)}" + (f" and {more} more." if more else ".")
    told = [purpose, asked]
    if minimal.breadth:
        told.append(f"Wider than the evidence: {minimal.breadth}.")
    if warning:
        told.append(f"Note: {warning}")
    return comment("\n".join(line for text in told if text for line in _wrapped(text)))


def _wrapped(text: str) -> list[str]:
    text = visible(text)
    if len(text) <= _WIDTH and text == text.strip():
        return [text] if text else []
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _withheld(rules: RuleSet) -> list[str]:
    if not rules.withheld:
        return []
    lines = ["Denials that got no rule:"]
    for withheld in rules.withheld:
        name = f", {withheld.name}" if withheld.name else ""
        lines += _wrapped(
            f"{len(withheld.denials)} {withheld.reason}{name}: {withheld.explanation}"
        )
    return ["\n".join(lines)]


def _places(rules: RuleSet, denials: pd.DataFrame | None) -> dict[int, str]:
    rows = sorted({row for minimal in rules for row in minimal.denials[:_PLACES]})
    if denials is None:
        return {row: f"row {row}" for row in rows}
    DENIALS.check(denials, need=("run", "line"))
    found = denials.loc[rows, ["run", "line"]].astype("object")
    known = found.notna().all(axis="columns")
    return {
        row: f"{run}:{line}" if told else f"row {row}"
        for row, run, line, told in zip(rows, found["run"], found["line"], known, strict=True)
    }

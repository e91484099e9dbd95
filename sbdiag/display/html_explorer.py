"""What the explorer's HTML widgets hold; each function returns the whole value of one."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final, cast

import pandas as pd

from sbdiag.diagnosis.proposals import Asked, Proposal
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet, Withheld
from sbdiag.display.answer import answer
from sbdiag.display.exploration import Exploration
from sbdiag.display.html_evidence import denial_table
from sbdiag.display.html_parts import (
    Content,
    Html,
    badge,
    block,
    code,
    element,
    folded,
    join,
    listed,
    paragraph,
    table,
)
from sbdiag.display.html_style import EXPLORER, FRAGMENT
from sbdiag.display.plot_data.rules import breadth_of
from sbdiag.display.reported import Explorable
from sbdiag.display.visible import counted, is_missing, visible
from sbdiag.export.account import Entries, Export
from sbdiag.seatbelt.text import rule_text

_MOST_ROWS: Final = 60
_MOST_LINES: Final = 400
_MOST_PROOFS: Final = 200
_ACCOUNTS: Final = (
    ("widened", "allows more than the rules say"),
    ("already_granted", "granted by its base already"),
    ("unrepresented", "cannot be said in it"),
)


def style_value() -> str:
    """Return the style that all the others rely on."""
    return element("style", Html(FRAGMENT + EXPLORER)).markup


def heading_value(report: Explorable) -> str:
    """Say what is explored: how the start ended, and what was looked at."""
    said = answer(report)
    first, *others = said.sentences
    redacted = paragraph("Names are stand-ins: this report is redacted.", class_="redacted")
    box = element(
        "div",
        paragraph(first, class_="lead"),
        folded(counted(len(others), "cause"), listed(others)) if others else "",
        paragraph(said.scope, class_="aside"),
        class_="answer" if said.stopped else "answer calm",
    )
    return _value(box, redacted if report.redacted else "")


def title_value(text: str, aside: str = "") -> str:
    """Return a heading above a part of the explorer; both texts are ours."""
    return label_value(text, aside, kind="label big")


def label_value(text: str, aside: str = "", *, kind: str = "label") -> str:
    """Return a heading above a control; the texts are ours."""
    return _value(
        element("span", text, class_=kind),
        element("span", f" {aside}", class_="aside") if aside else "",
    )


def denials_value(denials: pd.DataFrame) -> str:
    """Return the first rows of the chosen denials as a table."""
    shown = denials.head(_MOST_ROWS)
    more = len(denials) - len(shown)
    rest = f"and {counted(more, 'more denial')}: choose fewer above" if more else ""
    return _value(
        element("div", denial_table(shown), class_="scroll") if len(shown) else "",
        paragraph(rest, class_="aside") if rest else "",
        "" if len(shown) else paragraph("No denial is chosen.", class_="aside"),
    )


def account_value(state: Exploration) -> str:
    """Say where the chosen denials went."""
    account = state.account
    parts = [f"{account.answered:,} answered by {counted(len(state.rules), 'rule')}"]
    parts += [f"{account.rejected:,} rejected"] if account.rejected else []
    parts += [f"{account.withheld:,} held back"] if account.withheld else []
    whole = f"Of {counted(account.chosen, 'chosen denial')}: {', '.join(parts)}."
    return _value(paragraph(whole), _admitted(state))


def _admitted(state: Exploration) -> Content:
    names = state.admitted
    if not names:
        return ""
    shown = [code(" ".join(key)) for key in names[:10]]
    more = [f"and {counted(len(names) - 10, 'more access', 'more accesses')}"]
    return element(
        "div",
        paragraph(
            badge("warning"),
            " You did not want these, but a wider rule admits them. Widen that rule less, or"
            " reject it.",
        ),
        listed([*shown, *(more if len(names) > 10 else [])]),
        class_="admitted",
    )


def proposal_value(proposal: Proposal, rules: Sequence[MinimalRule], accepted: int) -> str:
    """Return one proposal: the rules that it comes to now, or that it is rejected."""
    total = len(proposal.accesses)
    if not accepted:
        seen = rule_text(proposal.widest.rule)
        return _value(
            element("div", block(seen), class_="rejected"), paragraph("rejected", class_="aside")
        )
    facts: list[Content] = [badge(breadth_of(rules[0])) if len(rules) == 1 else ""]
    facts.append(element("span", f" {rules[0].purpose}" if rules else " no rule is needed"))
    if accepted < total:
        facts.append(element("b", f" {accepted} of {counted(total, 'access', 'accesses')}."))
    shown = "\n".join(rule_text(each.rule) for each in rules[:12])
    more = len(rules) - 12
    warnings = dict.fromkeys(each.warning for each in rules if each.warning)
    breadth = dict.fromkeys(each.breadth for each in rules if each.breadth)
    return _value(
        block(shown) if rules else "",
        paragraph(f"and {counted(more, 'more rule')}", class_="aside") if more > 0 else "",
        paragraph(*facts),
        *(paragraph(f"Wider than the evidence: {text}.", class_="aside") for text in breadth),
        *(paragraph(badge("warning"), f" {text}", class_="small") for text in warnings),
    )


def access_value(asked: Asked) -> str:
    """Return one access: operation, target, how often and to whom it was refused."""
    operation, target = asked.key
    by = ", ".join(visible(name) or "(no process)" for name in asked.processes[:3])
    more = ", …" if len(asked.processes) > 3 else ""
    times = f" ×{asked.refusals:,}" if asked.refusals > 1 else ""
    return _value(
        code(operation),
        " ",
        code(target),
        element("span", f"{times} {by}{more}", class_="aside"),
    )


def offer_value(offer: Withheld) -> str:
    """Return a withheld class that can be asked for."""
    return _value(
        element("b", offer.name),
        f" ({counted(len(offer.denials), 'denial')}): {offer.explanation}",
    )


def withheld_value(withheld: Sequence[Withheld]) -> str:
    """Return the classes for which no rule can be asked."""
    if not withheld:
        return ""
    items = [f"{counted(len(each.denials), 'denial')}: {each.explanation}" for each in withheld]
    title = "Held back, with no rule to ask for"
    return _value(folded(title, listed(items)))


def export_value(export: Export, name: str, kind: str, count: int) -> str:
    """Return a text that leaves the house: a link that saves it, what is lost, and the text."""
    data = base64.b64encode(export.text.encode()).decode()
    link = element("a", f"Save {name}", href=f"data:{kind};base64,{data}", download=name)
    lines = export.text.rstrip("\n").split("\n")
    more = len(lines) - _MOST_LINES
    cut = paragraph(f"and {counted(more, 'more line')} in the file", class_="aside")
    return _value(
        paragraph(
            element("span", link, class_="download"),
            element("span", f" {counted(count, 'rule')}", class_="aside"),
        ),
        *(_lost(getattr(export, field), text) for field, text in _ACCOUNTS),
        *(paragraph(f"Note: {note}", class_="aside") for note in export.notes),
        element("div", block("\n".join(lines[:_MOST_LINES])), class_="scroll tall"),
        cut if more > 0 else "",
    )


def _lost(entries: Entries, text: str) -> Content:
    if not entries:
        return ""
    return folded(
        f"{counted(len(entries), 'rule')}: {text}",
        listed(join((code(rule_text(rule.rule)), f": {why}")) for rule, why in entries[:20]),
    )


def verification_value(rules: RuleSet, verification: pd.DataFrame) -> str:
    """Return the proof: is each rule enough with the others, and can none be left out."""
    if not len(rules):
        return _value(paragraph("No rule is proposed.", class_="aside"))
    rows = cast("list[dict[str, Any]]", verification.to_dict("records"))
    proved = sum(row["with_all"] == "allow" and row["necessary"] == "yes" for row in rows)
    shown = [
        (
            block(str(row["text"])),
            badge(str(row["with_all"])),
            badge(str(row["necessary"])),
            "" if is_missing(row["reason"]) else visible(row["reason"]),
        )
        for row in rows[:_MOST_PROOFS]
    ]
    more = len(rows) - _MOST_PROOFS
    head = ("rule", "with all rules", "needed", "why it is not plain")
    return _value(
        paragraph(f"{proved} of {counted(len(rows), 'rule')} proved sufficient and necessary."),
        element("div", table(head, shown), class_="scroll tall"),
        paragraph(f"and {counted(more, 'more rule')}", class_="aside") if more > 0 else "",
    )


def plain_value(text: str) -> str:
    """Return a sentence of ours."""
    return _value(paragraph(text, class_="aside"))


def error_value(text: str) -> str:
    """Return what went wrong; the text may name a file."""
    return _value(paragraph(badge("failed"), f" {visible(text)}", class_="error"))


def _value(*content: Content) -> str:
    return element("div", *content, class_="sbdiag").markup

"""What an export says of itself, as text for a terminal: beside the file, not in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbdiag.display.page import Page
from sbdiag.display.visible import counted, shorten, shorten_list
from sbdiag.export.account import Entries, Export
from sbdiag.seatbelt.text import one_line

# Of each account; all of them are in the Export.
_MOST: Final = 8
_RULE_WIDTH: Final = 160
_REASON_WIDTH: Final = 480


def export_text(export: Export, *, name: str, width: int = 80, colour: bool = False) -> str:
    """Say what was written, what the target makes of it, and what its user should know.

    Parameters
    ----------
    export
        What :func:`sbdiag.to_sb` or :func:`sbdiag.to_nono` gave.
    name
        The file that its text was written to.
    width, colour
        See :func:`sbdiag.display.terminal.report_text`.
    """
    page = Page(width, colour)
    accounts = {
        "wider than asked": export.widened,
        "granted already": export.already_granted,
        "not in the file": export.unrepresented,
    }
    totals = [f"{counted(len(export.exact), 'rule')} to the letter"]
    totals += [f"{len(entries):,} {head}" for head, entries in accounts.items() if entries]
    lines = page.wrap(f"Wrote {name}: {', '.join(totals)}.")
    for head, entries in accounts.items():
        lines += _account(head, entries, page)
    if export.notes:
        lines.append("  " + page.paint("To know", "head"))
    for note in export.notes:
        lines += page.wrap(f"- {note}", first="    ", rest="      ")
    return "\n".join(lines) + "\n"


def _account(head: str, entries: Entries, page: Page) -> Iterator[str]:
    if not entries:
        return
    yield "  " + page.paint(head.capitalize(), "head")
    for minimal, reason in entries[:_MOST]:
        rule = shorten(one_line(minimal.rule), _RULE_WIDTH)
        yield from page.wrap(rule, first="    ", rest="      ")
        yield from page.wrap(shorten_list(reason, _REASON_WIDTH), first="      ", rest="      ")
    if len(entries) > _MOST:
        yield f"    … and {len(entries) - _MOST:,} more"

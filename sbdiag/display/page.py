"""Text for a terminal: its width, its colours, and how a paragraph is laid on it."""

from __future__ import annotations

import textwrap
from typing import Final

from sbdiag.display.visible import visible

_STYLES: Final = {
    "cause": "31;1",
    "warning": "33",
    "note": "2",
    "refused": "31;1",
    "reached": "32",
    "not seen": "2",
    "allow": "32",
    "deny": "31;1",
    "added": "32",
    "removed": "31;1",
    "unclear": "33",
    "same": "2",
    "unknown": "33",
    "head": "1",
}


class Page:
    """Width and colour of what is written, and how a paragraph is laid on it."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = max(40, width)
        self.colour = colour

    def paint(self, text: str, style: str) -> str:
        """Return `text` in the colour of a status or verdict, as it is where none is wanted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour else text

    def head(self, text: str) -> list[str]:
        """Return the heading of a part, behind an empty line."""
        return ["", self.paint(text, "head")]

    def wrap(self, text: str, *, first: str = "", rest: str = "  ") -> list[str]:
        """Return a paragraph made visible, in lines; a name is never cut."""
        return textwrap.wrap(
            visible(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]

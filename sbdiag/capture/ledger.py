"""Where every line ends up: rows of the two frames, and one account for each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sbdiag.capture.message import Malformed, Message
from sbdiag.capture.rows import Rows
from sbdiag.capture.styles import Header

Account: TypeAlias = Literal["denials", "continuation", "not_ours", "unparsed"]


@dataclass(slots=True)
class Tally:
    """Lines by account, while they are read; see :class:`~sbdiag.capture.unified_log.Counts`."""

    denials: int = 0
    continuation: int = 0
    not_ours: int = 0
    unparsed: int = 0

    @property
    def lines(self) -> int:
        """All lines counted so far."""
        return self.denials + self.continuation + self.not_ours + self.unparsed


class Ledger:
    """Enters records into the rows and counts lines; a line can be counted only here."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.tally = Tally()
        self.undated = 0
        self._repeatable = False

    def enter(
        self,
        header: Header,
        parsed: Message | Malformed | None,
        number: int,
        text: str,
        *,
        further_lines: int = 0,
    ) -> None:
        """Enter what one message turned out to be, and count its lines.

        Parameters
        ----------
        header
            Its columns.
        parsed
            A denial, a text that names the sandbox and is none, or ``None``: not ours.
        number, text
            Where it begins, and as it was read.
        further_lines
            How many lines it has beside the first.
        """
        self._repeatable = isinstance(parsed, Message)
        if isinstance(parsed, Message):
            self.rows.add(
                parsed,
                moment=header.moment,
                style=header.style,
                origin=header.origin,
                line=number,
            )
            self.tally.denials += 1
            self.undated += header.style == "console" and header.moment is None
        elif isinstance(parsed, Malformed):
            self.rows.add_unparsed(number, text, parsed.reason)
            self.tally.unparsed += 1
        else:
            self.tally.not_ours += 1 + further_lines
            return
        self.tally.continuation += further_lines

    @property
    def repeatable(self) -> bool:
        """Whether the last line read was a denial's, so that it can be said to be repeated."""
        return self._repeatable

    def enter_known(self, denials: int, *, further_lines: int = 0) -> None:
        """Count denials that were added to the rows, and that nothing can repeat."""
        self._repeatable = False
        self.tally.denials += denials
        self.tally.continuation += further_lines

    def skip(self, lines: int = 1) -> None:
        """Count lines that are not ours."""
        self._repeatable = False
        self.tally.not_ours += lines

    def belongs(self) -> None:
        """Count a line that belongs to the record after it."""
        self.tally.continuation += 1

    def repeat(self, times: int) -> None:
        """Take ``--- last message repeated N times ---``."""
        if self._repeatable:
            self.rows.repeat_last(times)
            self.tally.continuation += 1
        else:
            self.tally.not_ours += 1

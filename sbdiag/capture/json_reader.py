"""Objects of a JSON capture into the ledger; what is broken goes back to the reader of lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sbdiag.capture.json_log import (
    JsonObject,
    JsonRegion,
    embedded_texts,
    is_json,
    is_log_record,
    read_cut_event,
    read_object,
    read_record,
)
from sbdiag.capture.ledger import Ledger
from sbdiag.capture.lines import Line
from sbdiag.capture.marks import can_be_ours
from sbdiag.capture.styles import Header, Style

_CUT_RECORD = re.compile(r"\s*+[\[,}\s]*+\{\s*+\"")


class JsonReader:
    """Reads regions of JSON.

    Parameters
    ----------
    ledger
        Where records go.
    read_text
        Reads lines of text that stand together, as (number, text) pairs: those of a broken
        object, or of a string that holds log text.
    """

    def __init__(self, ledger: Ledger, read_text: Callable[[list[tuple[int, str]]], None]) -> None:
        self.broken_objects = 0
        self._ledger = ledger
        self._read_text = read_text
        self._region = JsonRegion()

    @property
    def inside(self) -> bool:
        """Whether an object is open, so that the next line is for this reader."""
        return self._region.inside

    @property
    def can_be_ours(self) -> bool:
        """Whether the open object, as far as it goes, may be ours."""
        return self._region.can_be_ours

    def end_before(self, text: str) -> None:
        """End the open object as a line would that begins a record at the margin, or columns."""
        if self._region.breaks(text):
            self.close()
        else:
            self._read_object(self._region.end())

    def abandon(self) -> int:
        """Forget an open object that is not ours; return how many lines it has."""
        return len(self._region.give_up().lines) if self.inside else 0

    def opens(self, text: str) -> bool:
        """Return whether `text` begins an object, whole or cut."""
        return self._region.opens(text) and (is_json(text) or _CUT_RECORD.match(text) is not None)

    def may_be_tag(self, text: str) -> bool:
        """Return whether JSON under a denial is its tag: one object, and no log record."""
        value = read_object(JsonObject(text, [], "ndjson")) if is_json(text) else None
        return value is not None and not is_log_record(value)

    def read_fragment(self, number: int, text: str) -> bool:
        """Read one line of a record whose other lines are broken; False if it is none of ours."""
        event = read_cut_event(text) if '"' in text else None
        if event is None:
            return False
        style: Style = "json" if text.lstrip()[:1] == '"' else "ndjson"
        self._ledger.enter(Header(style, "other", text), event, number, text)
        return True

    def read(self, line: Line) -> bool:
        """Take the next line; return False if it ends the open object early and is still to do."""
        if self.inside and self._region.breaks(line.text, margin=line.start == "new"):
            self.close()
            return False
        if not self.inside and not is_json(line.text):  # one record on one line, cut
            start = line.text.index("{")
            text, lines = line.text[start:], [(line.number, line.text)]
            ours = can_be_ours(line.text)
            self._salvage(JsonObject(text, lines, "ndjson", whole=False, can_be_ours=ours))
            return True
        was_inside = self.inside
        found = self._region.feed(line.number, line.text)
        for item in found:
            self._read_object(item)
        if not (found or was_inside or self.inside):  # the brackets of an array
            self._ledger.skip()
        return True

    def close(self) -> None:
        """Give up an open object: the capture or the region ends within it."""
        if self.inside:
            self._salvage(self._region.give_up())

    def _read_object(self, found: JsonObject) -> None:
        if not found.can_be_ours:
            self._ledger.skip(len(found.lines) - found.shared)
            return
        value = read_object(found)
        if value is None:
            self._salvage(found)
            return
        first, further = found.lines[0][0], len(found.lines) - 1
        record = read_record(value, found.style)
        if record is not None:
            header, parsed = record
            self._ledger.enter(header, parsed, first, header.message, further_lines=further)
            return
        self._ledger.skip(1 + further - found.shared)
        if not is_log_record(value):
            for text in embedded_texts(value):
                self._read_text([(first, line) for line in text.split("\n")])

    def _salvage(self, cut: JsonObject) -> None:
        """Read an object that is none: the pairs before the break, else line by line."""
        if not cut.can_be_ours:
            self._ledger.skip(len(cut.lines) - cut.shared)
            return
        self.broken_objects += 1
        value = read_object(replace(cut, whole=False))
        record = None if value is None else read_record(value, cut.style)
        if record is not None:
            header, parsed = record
            further = len(cut.lines) - 1
            self._ledger.enter(
                header, parsed, cut.lines[0][0], header.message, further_lines=further
            )
            return
        self._read_text(cut.lines)

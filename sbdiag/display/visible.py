r"""Log text made fit to be looked at: nothing in it acts, nothing hides.

Programs choose their own file and process names, so a name may hold control characters, or marks
that turn the writing direction around (U+202E) or take no room (U+200B). Everywhere in display/
such characters are printed as ``\u202e``, the way the language floor prints them. What stays is
what Python calls printable: letters, digits, punctuation, symbols, and the ordinary space.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from sbdiag.seatbelt import sexpr

ELLIPSIS: Final = "…"
_AFTER_COMMA: Final = re.compile(r"(?<=[,;]) ")
# A letter seldom bears more than two accents; a pile of them would run over its neighbours.
_MOST_MARKS: Final = 3


def visible(value: object) -> str:
    r"""Return the text of `value` with every character that does not print named instead.

    Missing values (``None``, NaN, NaT, ``pd.NA``) give an empty text.

    Examples
    --------
    >>> visible("safe\u202etxt.exe")
    'safe\\u202etxt.exe'
    """
    text = "" if is_missing(value) else sexpr.visible(str(value))
    if text.isascii():
        return text
    marks = 0
    out: list[str] = []
    for char in text:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        out.append(char if marks <= _MOST_MARKS else named(char))
    return "".join(out)


def visible_lines(text: object) -> tuple[str, ...]:
    """Return the lines of a text of ours (a rule), each made visible; none for a missing text."""
    return () if is_missing(text) else tuple(visible(line) for line in str(text).split("\n"))


def named(char: str) -> str:
    r"""Return what stands for one character that cannot be shown: ``\x1b``, ``\u202e``."""
    return ascii(char)[1:-1]


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` characters, cut in the middle.

    The end of a path says more than its middle, and so does the end of a service name.
    """
    if len(text) <= width:
        return text
    keep = max(width - 1, 0)
    head = (keep + 1) // 2
    tail = keep - head
    return text[:head] + ELLIPSIS + (text[-tail:] if tail else "")


def shorten_list(text: str, width: int) -> str:
    """Return `text` in at most `width` characters, left out in the middle from comma to comma.

    A text whose first part alone takes half of it is cut where it must be (:func:`shorten`).
    """
    if len(text) <= width:
        return text
    parts = _AFTER_COMMA.split(text)
    room = width - len(f" {ELLIPSIS} ")
    head = _fitting(parts, room // 2)
    if not head:
        return shorten(text, width)
    tail = _fitting(parts[::-1], room - len(" ".join(head)))[::-1]
    return " ".join((*head, ELLIPSIS, *tail))


def _fitting(parts: Sequence[str], room: int) -> list[str]:
    """Return the first parts that have room with a space between them."""
    ends = accumulate(len(part) + 1 for part in parts)
    return [part for part, end in zip(parts, ends, strict=True) if end - 1 <= room]


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 denial``, ``1,204 denials``: the number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def is_missing(value: object) -> bool:
    """Whether `value` is one of the ways to say that nothing stands there."""
    # NaN and NaT differ from themselves; pd.NA answers neither yes nor no.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)

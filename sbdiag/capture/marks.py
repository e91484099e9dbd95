r"""What a line must hold to be ours: the words that the fast reader searches for.

Derived from :mod:`~sbdiag.capture.message`, branch by branch; ``tests/capture/test_marks.py``
holds the two together.

================================= ==========================================================
a line is ours because            so it holds
================================= ==========================================================
it names its layer                ``Sandbox:``, ``System Policy:`` or ``Protobox:``
it counts duplicates              ``duplicate report``
it is a denial without a layer,   ``deny(1``, or ``(12) deny`` with any white space and
or one that is cut short          perhaps ``System Policy:`` between
it is a structured record         ``"deny"``, as JSON writes it, quoted or quoted twice
one of these is written in JSON   ``\u00``, which begins an escaped letter of ASCII
with escapes
================================= ==========================================================

and ``allow`` in the place of ``deny``.
"""

from __future__ import annotations

import re
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind

MARKS: Final = (b"deny", b"allow", b"box:", b"Policy:", b"duplicate report", b"\\u00")
"""Each line that is ours holds one of these."""

_RARE_BYTES: Final = 4000  # so far apart, on average

# All marks in one pass of vector instructions, which the library has for leftmost matches only.
_ANY_MARK: Final = BytesAhoCorasick(MARKS, matchkind=MatchKind.LeftmostFirst)


def _candidate(high: str) -> str:
    """Return the table above as a pattern; `high` is the class of characters beyond ASCII."""
    space = rf"(?:[\s\x1c-\x1f{high}]|\\(?:[bfnrt]|u[0-9a-fA-F]{{4}}))"
    return (
        r"(?:Sandbox|System\ Policy|Protobox):|duplicate\ report|(?:deny|allow)\(\d"
        rf"|\){space}+(?:System\ Policy:{space}+)?(?:deny|allow)"
        r'|"(?:deny|allow)\\*"|\\u00[2-7]'
    )


CANDIDATE: Final = re.compile(_candidate("\x80-\xff").encode("latin-1"))
"""The same in undecoded bytes; takes any byte beyond ASCII for white space."""
_CANDIDATE_TEXT = re.compile(_candidate("\x80-\U0010ffff"))


def find_marks(data: memoryview) -> list[int]:
    """Return where marks begin, in order; of two that overlap, the first."""
    return [start for _, start, _ in _ANY_MARK.find_matches_as_indexes(data)]


def are_rare(marks: int, size: int) -> bool:
    """Return whether so few marks stand in so many bytes that they are better sifted."""
    return marks * _RARE_BYTES <= size


def can_be_ours(text: str) -> bool:
    """Return whether `text` holds what each record, and each line that fails to be one, holds."""
    return _CANDIDATE_TEXT.search(text) is not None

"""What nono itself checks of a raw Seatbelt rule, which is little.

Source: nolabs-ai/nono ``crates/nono/src/capability.rs`` (``validate_platform_rule``); the check
runs when nono starts on macOS, not in ``nono profile validate``. Names of operations and filters,
and whether the text is one rule, are not looked at: Seatbelt finds out.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t\n\x0c\r]+ | ;[^\n]*)
    | (?P<comment>\#\|)
    | (?P<paren>[()])
    | "(?P<string>(?:[^"\\]|\\.)*)(?P<end>"?)
    | (?P<word>[^ \t\n\x0c\r()";\#][^ \t\n\x0c\r()"]* | \#[^ \t\n\x0c\r()"]*)
    """,
    re.VERBOSE | re.DOTALL,
)
# What Rust's `trim` takes off; Python's `strip` knows four controls more.
_SPACE: Final = "".join(
    one for one in map(chr, range(0x3001)) if one.isspace() and not "\x1c" <= one <= "\x1f"
)
# Openings that nono refuses: everything, for reading or writing.
_WHOLE: Final = {
    ("allow", "file-read*", "subpath", "/"): "read",
    ("allow", "file-write*", "subpath", "/"): "write",
}


def fault(rule: str) -> str | None:
    """Say why nono refuses a raw rule; ``None`` where it takes it."""
    text = rule.strip(_SPACE)
    if not text.startswith("("):
        return "it must begin with '('"
    tokens: list[str] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match is not None, text[place:]
        place = match.end()
        if match["comment"] is not None:
            place = text.find("|#", place) + 2
            if place < 2:
                return "a comment does not end"
        elif match["string"] is not None:
            if not match["end"]:
                return "a string does not end"
            tokens.append(re.sub(r"\\(.)", r"\1", match["string"], flags=re.DOTALL))
        elif match["space"] is None:
            tokens.append(match[0])
    return _fault(tokens)


def _fault(tokens: list[str]) -> str | None:
    depth = 0
    for token in tokens:
        # A string that is one parenthesis counts as one.
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth < 0:
            break
    if depth:
        return "its parentheses do not match"
    words = [token for token in tokens if token not in {"(", ")"}]
    for four in zip(words, words[1:], words[2:], words[3:], strict=False):
        if four in _WHOLE:
            return f"it opens everything to {_WHOLE[four]}"
    return None

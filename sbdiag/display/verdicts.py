"""What a profile says about the accesses of a capture, as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from sbdiag.diagnosis.compare import CHANGES, CHECK
from sbdiag.display.visible import counted, visible

_COLOURS: Final = {
    "deny": "31;1",
    "unknown": "33",
    "allow": "32",
    "removed": "31;1",
    "added": "32",
    "unclear": "33",
    "same": "2",
}


def check_text(checked: pd.DataFrame, *, width: int = 80, colour: bool = False) -> str:
    """Write the table of :func:`sbdiag.diagnosis.compare.check`.

    Each access with its verdict, how often it was asked, the rule that decided and where it
    stands. Accesses that do not count come last, with the reason.
    """
    CHECK.check(checked)
    lines: list[str] = []
    counts = checked[checked["apart"] == ""]
    for row in _records(counts):
        lines += _head(row, str(row["verdict"]), width, colour)
        lines += _decided(row, "", width)
    lines += _apart(checked, width)
    tally = counts["verdict"].value_counts()
    summary = ", ".join(
        f"{int(tally.get(name, 0))} {name}" for name in ("deny", "unknown", "allow")
    )
    return "\n".join([*lines, f"{counted(len(counts), 'access', 'accesses')}: {summary}"]) + "\n"


def changes_text(changed: pd.DataFrame, *, width: int = 80, colour: bool = False) -> str:
    """Write the table of :func:`sbdiag.diagnosis.compare.changes`; what stays is only counted."""
    CHANGES.check(changed)
    lines: list[str] = []
    counts = changed[changed["apart"] == ""]
    for row in _records(counts[counts["change"] != "same"]):
        lines += _head(row, str(row["change"]), width, colour)
        for side in ("before", "after"):
            lines += _decided(row, f"_{side}", width, f"{side}: {row[side]}, ")
    lines += _apart(changed, width)
    tally = counts["change"].value_counts()
    summary = ", ".join(
        f"{int(tally.get(name, 0))} {name}" for name in ("removed", "added", "unclear", "same")
    )
    return "\n".join([*lines, f"{counted(len(counts), 'access', 'accesses')}: {summary}"]) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _wrap(text: str, width: int, indent: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        max(40, width),
        initial_indent=indent,
        subsequent_indent=indent if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _head(row: dict[str, Any], word: str, width: int, colour: bool) -> Iterator[str]:
    target = "" if pd.isna(row["target"]) else f" {row['target']}"
    first, *rest = _wrap(
        f"{word:<8}{int(row['occurrences']):>5}  " + visible(f"{row['operation']}{target}"),
        width,
        "",
        " " * 15,
    )
    painted = f"\x1b[{_COLOURS[word]}m{word}\x1b[0m" if colour else word
    yield painted + first[len(word) :]
    yield from rest


def _decided(row: dict[str, Any], suffix: str, width: int, said: str = "") -> Iterator[str]:
    rule, location = row[f"rule{suffix}"], row[f"location{suffix}"]
    if isinstance(rule, str):
        place = f" ({location})" if isinstance(location, str) else ""
        yield from _wrap(visible(f"{said}{rule}{place}"), width, " " * 15, " " * 17)
    else:
        yield from _wrap(visible(f"{said}{row[f'reason{suffix}']}"), width, " " * 15, " " * 17)


def _apart(frame: pd.DataFrame, width: int) -> Iterator[str]:
    for row in _records(frame[frame["apart"] != ""]):
        target = "" if pd.isna(row["target"]) else f" {row['target']}"
        text = f"does not count: {row['operation']}{target} ({row['apart']}: {row['apart_reason']})"
        yield from _wrap(visible(text), width, "", "    ")

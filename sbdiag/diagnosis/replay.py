"""Ask a profile, off the Mac, about every access that a capture shows refused."""

from __future__ import annotations

from typing import Final

import pandas as pd

from sbdiag.capture.frames import Column, Schema
from sbdiag.diagnosis.accesses import distinct_accesses
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.text import rule_text

REPLAYED: Final = ("allow", "deny", "unknown")

REPLAY: Final = Schema(
    "replay",
    (
        Column("operation", "category", "what was asked"),
        Column("target", "str", "the detail verbatim"),
        Column("verdict", "category", "what the profile says", REPLAYED),
        Column("rule", "str", "the rule that decided; missing where none did"),
        Column("location", "str", "path:line:column of that rule"),
        Column("reason", "str", "why, in words"),
    ),
)


def replay(denials: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Decide each denial under `profile`.

    Parameters
    ----------
    denials
        A denials frame; each distinct pair of ``operation`` and ``target`` is decided once.
    profile
        From :func:`sbdiag.read_profile`.

    Returns
    -------
    DataFrame
        Columns of :data:`REPLAY`, one row a denial in the same order under the same labels.
        *unknown* where a file cannot tell; ``reason`` then says what it would take.
    """
    number, accesses = distinct_accesses(denials)
    rows: list[dict[str, object]] = []
    for access in accesses:
        decision = profile.decide_access(access)
        rows.append(
            {
                "operation": access.operation,
                "target": access.detail,
                "verdict": decision.verdict,
                "rule": None if decision.rule is None else rule_text(decision.rule),
                "location": _place(decision.rule),
                "reason": decision.reason,
            }
        )
    return REPLAY.frame(rows).iloc[number].set_axis(denials.index)


def _place(rule: object) -> str | None:
    location = getattr(rule, "location", None)
    return None if location is None else str(location)

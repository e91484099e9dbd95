"""Replaying 100,000 denials with 5,000 distinct accesses, and how it grows with the rules.

``python benchmarks/decisions.py``: a table of seconds, decisions a second, and the ratio to the
row above. Times are of one run on one machine; the ratios say more.
"""

from __future__ import annotations

import random
import time

import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.replay import replay
from sbdiag.seatbelt.profile import Profile, parse_profile

ROWS, DISTINCT = 100_000, 5_000
RULES = (250, 500, 1_000, 2_000, 4_000)
OPERATIONS = ("file-read-data", "file-read-metadata", "file-write-create", "mach-lookup")


def denials(rows: int, distinct: int) -> pd.DataFrame:
    """Make rows that ask for each of `distinct` accesses, common ones far more often."""
    draw = random.Random(1)
    accesses = [
        (
            operation,
            f"com.example.s{n}" if operation == "mach-lookup" else f"/Users/you/d{n % 97}/f{n}",
        )
        for n in range(distinct)
        for operation in (OPERATIONS[n % len(OPERATIONS)],)
    ]
    weights = [1 / (n + 1) for n in range(distinct)]
    chosen = [*accesses, *draw.choices(accesses, weights, k=rows - distinct)]
    return DENIALS.frame(
        {
            "operation": [operation for operation, _ in chosen],
            "target": [target for _, target in chosen],
            **{
                name: [None] * rows for name in DENIALS.names if name not in {"operation", "target"}
            },
        }
    )


def profile(rules: int) -> Profile:
    """Make a profile of literals, directories, names and regexes, as large ones are."""
    forms = (
        '(allow file-read* (literal "/Users/you/d{a}/f{n}"))',
        '(deny file-write* (subpath "/Users/you/d{a}/x{n}"))',
        '(allow mach-lookup (global-name "com.example.s{n}"))',
        '(allow file-read-metadata (regex #"^/Users/you/d{a}/[a-f]{n}$"))',
    )
    lines = [forms[n % len(forms)].format(a=n % 97, n=n) for n in range(rules)]
    return parse_profile("\n".join(["(version 1)", "(deny default)", *lines]))


def main() -> None:
    """Print the table."""
    frame = denials(ROWS, DISTINCT)
    print(f"{ROWS:,} denials, {DISTINCT:,} distinct accesses")
    print(f"{'rules':>8} {'seconds':>9} {'decisions/s':>12} {'to the row above':>17}")
    before = None
    for rules in RULES:
        policy = profile(rules)
        began = time.perf_counter()
        replay(frame, policy)
        seconds = time.perf_counter() - began
        ratio = "" if before is None else f"{seconds / before:.2f}"
        print(f"{rules:>8,} {seconds:>9.2f} {ROWS / seconds:>12,.0f} {ratio:>17}")
        before = seconds


if __name__ == "__main__":
    main()

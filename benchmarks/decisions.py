"""How many accesses a profile decides in a second, and how that grows with its rules.

Rules and accesses are made up after real profiles (a third subpaths, a third literals, the rest
service names, regexes and ``require-all``) and real captures; the same ones every time. For each
number of rules, in seconds of one run:

* read: parsing and evaluating the text of the profile;
* first: all distinct accesses for the first time, which sorts and prepares the rules;
* decide: all of them again, and how many a second;
* replay: all denials of the capture, as a frame;
* check: the table of ``sbdiag check``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.measure import Size, Table, best
from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.accesses import distinct_accesses
from sbdiag.diagnosis.compare import check
from sbdiag.diagnosis.replay import replay
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.profile import parse_profile

RULES = (20, 200, 2_000, 20_000)
COUNT = 100_000
DISTINCT = 5_000

_SEED = 20260527
_FILES = ("file-read-data", "file-read-metadata", "file-write-data", "file-write-create")
_GROUPS = ("file-read*", "file-write*", "file-read* file-write*", "file-read-data")


def profile_text(rules: int) -> str:
    """Write a profile of so many rules."""
    draw = random.Random(_SEED)
    lines = ["(version 1)", "(deny default)"]
    for number in range(rules - 1):
        action = "deny" if draw.random() < 0.2 else "allow"
        path = _path(draw)
        match number % 12:
            case 0 | 1 | 2 | 3:
                rule = f'{draw.choice(_GROUPS)} (subpath "{path}")'
            case 4 | 5 | 6 | 7:
                rule = f'{draw.choice(_GROUPS)} (literal "{path}/{number}")'
            case 8 | 9:
                rule = f'mach-lookup (global-name "com.apple.service{draw.randrange(3000)}")'
            case 10:
                rule = f'file-read* (regex #"^{path}/[^/]+\\.(plist|dylib)$")'
            case _:
                rule = f'file-read* (require-all (subpath "{path}") (vnode-type REGULAR-FILE))'
        lines.append(f"({action} {rule})")
    return "\n".join(lines)


def capture(denials: int, distinct: int) -> pd.DataFrame:
    """Return a frame of so many denials with so many distinct accesses."""
    draw = random.Random(_SEED + 1)
    kinds: dict[tuple[str, str], None] = {}
    while len(kinds) < distinct:
        match draw.randrange(10):
            case 0 | 1:
                kinds["mach-lookup", f"com.apple.service{draw.randrange(3000)}"] = None
            case 2:
                kinds["network-outbound", f"remote:*:{draw.randrange(65536)}"] = None
            case _:
                kinds[draw.choice(_FILES), f"{_path(draw)}/{draw.randrange(50)}.plist"] = None
    named = list(kinds)
    drawn = named + draw.choices(named, k=denials - distinct)
    same = {"verdict": "deny", "layer": "profile", "origin": "kernel", "duplicates": 0, "run": "a"}
    columns: dict[str, object] = {name: [None] * denials for name in DENIALS.names}
    columns |= {name: [value] * denials for name, value in same.items()}
    columns |= {
        "operation": [operation for operation, _ in drawn],
        "target": [target for _, target in drawn],
        "line": list(range(1, denials + 1)),
    }
    return DENIALS.frame(columns)


def _path(draw: random.Random) -> str:
    parts = [f"d{draw.randrange(8)}" for _ in range(draw.randrange(1, 5))]
    return "/".join(("/Users/you", *parts))


def decisions(size: Size, folder: Path) -> Table:
    """Decide, replay and check many denials under profiles of several sizes."""
    del folder
    heads = ("rules", "read", "first", "decide", "decisions a second", "replay", "check")
    count = size.of(COUNT)
    denials = capture(count, min(DISTINCT, max(1, count // 20)))

    def rows() -> Iterator[tuple[str, ...]]:
        _, accesses = distinct_accesses(denials)
        for rules in RULES:
            yield row(profile_text(size.of(rules)), denials, accesses)

    return Table("decisions", heads, rows())


def row(text: str, denials: pd.DataFrame, accesses: list[Access]) -> tuple[str, ...]:
    """Measure with one profile."""
    read = best(lambda: parse_profile(text), 1)
    profile = read.result

    def decide_all() -> None:
        for access in accesses:
            profile.decide_access(access)

    first, decide = best(decide_all, 1), best(decide_all, 1)
    replayed = best(lambda: replay(denials, profile), 1)
    checked = best(lambda: check(denials, profile), 1)
    seconds = (f"{one.seconds:.2f}" for one in (read, first, decide))
    return (
        f"{len(profile.rules):,}",
        *seconds,
        f"{len(accesses) / decide.seconds:,.0f}",
        f"{replayed.seconds:.2f}",
        f"{checked.seconds:.2f}",
    )

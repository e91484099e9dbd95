"""How many accesses a profile decides in a second, and how that grows with its rules.

Run from the clone: ``python -m benchmarks.decisions``. Rules and accesses are made up after real
profiles (a third subpaths, a third literals, the rest service names, regexes and ``require-all``)
and real captures; the same numbers every time. Printed are, for each number of rules:

* read: parsing and evaluating the text of the profile;
* first: all distinct accesses for the first time, which sorts and prepares the rules;
* decide: all of them again, and how many a second;
* replay: all denials of the capture, as a frame;
* check: the table of ``sbdiag check``.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.accesses import distinct_accesses
from sbdiag.diagnosis.compare import check
from sbdiag.diagnosis.replay import replay
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.profile import parse_profile

T = TypeVar("T")

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


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return a result, and the seconds that it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def measured(text: str, denials: pd.DataFrame, accesses: Sequence[Access]) -> str:
    """Return the columns of one line of the table."""
    profile, read = timed(lambda: parse_profile(text))

    def decide_all() -> None:
        for access in accesses:
            profile.decide_access(access)

    _, first = timed(decide_all)
    _, decide = timed(decide_all)
    _, replayed = timed(lambda: replay(denials, profile))
    _, checked = timed(lambda: check(denials, profile))
    seconds = f"{read:>8.2f}{first:>8.2f}{decide:>8.2f}"
    return f"{seconds}{len(accesses) / decide:>8,.0f}{replayed:>8.2f}{checked:>8.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--denials", type=int, default=100_000)
    parser.add_argument("--distinct", type=int, default=5_000)
    parser.add_argument("--rules", type=int, nargs="+", default=[20, 200, 2_000, 20_000])
    options = parser.parse_args(arguments)
    denials = capture(options.denials, options.distinct)
    accesses = [one.access for one in distinct_accesses(denials)]
    print(f"{len(denials):,} denials, {len(accesses):,} distinct accesses; seconds")
    heads = ("read", "first", "decide", "per s", "replay", "check")
    print(f"{'rules':>8}" + "".join(f"{head:>8}" for head in heads))
    for rules in options.rules:
        print(f"{rules:>8,}" + measured(profile_text(rules), denials, accesses), flush=True)


if __name__ == "__main__":
    main()

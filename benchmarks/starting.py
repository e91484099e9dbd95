"""What importing costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Size, Table, goal

LIMIT = 1.3
NO_COMPILED = "PYTHONDONTWRITEBYTECODE"
PANDAS = "import pandas"


def start(size: Size, folder: Path) -> Table:
    """Compare imports with that of pandas, each in processes of its own, by turns."""
    del folder
    heads = ("statement", "time", f"times `{PANDAS}`", "goal")
    statements = (PANDAS, "import sbdiag", "from sbdiag import read_denials, analyze")

    def rows() -> Iterator[tuple[str, ...]]:
        turns = [[_seconds(one) for one in statements] for _ in range(2 * size.times + 1)]
        pandas, *others = map(min, zip(*turns, strict=True))
        yield (f"`{PANDAS}`", f"{pandas:.3f} s", "1", "")
        for statement, seconds in zip(statements[1:], others, strict=True):
            ratio = seconds / pandas
            reached = goal(ratio, LIMIT, "at most")
            yield (f"`{statement}`", f"{seconds:.3f} s", f"{ratio:.2f}", reached)

    return Table("start", heads, rows())


def _seconds(statement: str) -> float:
    """Return how long a statement takes in a new process, without the start of the interpreter.

    From the second turn on all modules have their compiled files, as those of installed packages.
    """
    code = f"import time; s = time.perf_counter(); {statement}; print(time.perf_counter() - s)"
    environment = {key: value for key, value in os.environ.items() if key != NO_COMPILED}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return float(done.stdout)

"""What importing costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Size, Table, goal

LIMIT = 1.3
PANDAS = "import pandas"


def start(size: Size, folder: Path) -> Table:
    """Compare imports with that of pandas, each in processes of its own, by turns."""
    heads = ("statement", "time", f"times `{PANDAS}`", "goal")
    statements = (PANDAS, "import sbdiag", "from sbdiag import read_denials, analyze")

    def rows() -> Iterator[tuple[str, ...]]:
        turns = [[_seconds(one, folder) for one in statements] for _ in range(2 * size.times + 1)]
        pandas, *others = map(min, zip(*turns, strict=True))
        yield (f"`{PANDAS}`", f"{pandas:.3f} s", "1", "")
        for statement, seconds in zip(statements[1:], others, strict=True):
            ratio = seconds / pandas
            reached = goal(ratio, LIMIT, "at most")
            yield (f"`{statement}`", f"{seconds:.3f} s", f"{ratio:.2f}", reached)

    return Table("start", heads, rows())


def _seconds(statement: str, folder: Path) -> float:
    """Return how long a statement takes in a new process, without the start of the interpreter.

    As installed packages have them, all modules have their compiled files, from the second turn on.
    """
    code = f"import time; s = time.perf_counter(); {statement}; print(time.perf_counter() - s)"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return float(done.stdout)

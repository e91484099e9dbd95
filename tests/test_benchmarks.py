from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SMALL = ["--denials", "300", "--distinct", "60", "--rules", "5", "60"]
ROOT = Path(__file__).parents[1]


def test_the_benchmark_of_decisions_prints_its_table() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.decisions", *SMALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    title, head, *rows = done.stdout.splitlines()
    assert title == "300 denials, 60 distinct accesses; seconds"
    assert [row.split()[0] for row in rows] == ["5", "60"]
    assert all(len(row.split()) == len(head.replace("per s", "per_s").split()) for row in rows)
    assert done.stderr == ""

"""How many instructions the hot path takes: a figure that a busy machine does not change.

Each work runs under callgrind in two sizes; the difference, divided by what the larger has more of,
leaves out the start of Python. ``python -m benchmarks.instructions WORK FILE`` is what runs there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, TypeAlias

import sbdiag
from benchmarks.captures import write_dense, write_sparse
from benchmarks.measure import MIB, Size, Table
from benchmarks.starting import NO_COMPILED

Work: TypeAlias = Literal["read", "rules"]
Count: TypeAlias = Callable[[Work, Path], int]

DENSE = ((10_000, 500), (50_000, 500))
"""Lines and distinct accesses of the small and of the large capture."""
ACCESSES = ((2_000, 200), (2_000, 1_200))
SPARSE_BYTES = (MIB, 9 * MIB)
KEPT = Path("out", "callgrind")
"""Where the profiles are kept, for ``callgrind_annotate``."""


def run(work: Work, path: Path) -> None:
    """Do what is counted."""
    denials = sbdiag.read_denials(path, progress=False)
    if work == "rules":
        sbdiag.minimal_rules(denials)


def instructions(size: Size, folder: Path, *, count: Count | None = None) -> Table:
    """Count the instructions of reading and of making rules.

    Sizes are as they are whatever the scale, so that figures of different runs compare.
    """
    del size
    heads = ("work", "more in the large capture", "instructions each")

    def rows() -> Iterator[tuple[str, ...]]:
        if count is None and not shutil.which("valgrind"):
            yield ("valgrind is not installed", "", "")
            return
        files = dict(_captures(folder))

        def counted(name: str) -> int:
            work: Work = "rules" if name.startswith("accesses") else "read"
            return (count or callgrind)(work, files[name])

        with ThreadPoolExecutor(os.cpu_count()) as threads:  # load does not change what is counted
            taken = dict(zip(files, threads.map(counted, files), strict=True))
        denials = DENSE[1][0] - DENSE[0][0]
        accesses = ACCESSES[1][1] - ACCESSES[0][1]
        for name, label, more, unit in (
            ("dense", "`read_denials`, dense compact", denials, "denials"),
            ("sparse", "`read_denials`, sparse compact", _more_lines(files), "lines"),
            (
                "accesses",
                "`read_denials` and `minimal_rules`",
                accesses,
                "accesses, denials as before",
            ),
        ):
            each = (taken[f"{name}-large"] - taken[f"{name}-small"]) / more
            yield (label, f"{more:,} {unit}", f"{each:,.0f}")

    return Table("instructions", heads, rows())


def _captures(folder: Path) -> Iterator[tuple[str, Path]]:
    for n, suffix in enumerate(("small", "large")):
        for name, (lines, distinct) in (("dense", DENSE[n]), ("accesses", ACCESSES[n])):
            path = folder / f"{name}-{suffix}"
            write_dense(path, "compact", lines, distinct=distinct)
            yield path.name, path
        path = folder / f"sparse-{suffix}"
        write_sparse(path, "compact", SPARSE_BYTES[n])
        yield path.name, path


def _more_lines(files: dict[str, Path]) -> int:
    small, large = (files[f"sparse-{s}"].read_bytes().count(b"\n") for s in ("small", "large"))
    return large - small


def callgrind(work: Work, path: Path) -> int:
    """Run a work under callgrind, keep its profile, and return the instructions it took.

    Hashes of text differ from one Python to the next unless told not to, and with them the work of
    every dict. Compiled files of modules count as work if they are not there: a run before makes
    them.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    profile = KEPT / f"{path.name}.out"
    python = [sys.executable, "-m", "benchmarks.instructions", work, str(path)]
    environment = {key: value for key, value in os.environ.items() if key != NO_COMPILED}
    environment |= {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", *python]
    subprocess.run(python, check=True, env=environment)
    subprocess.run(command, check=True, env=environment, capture_output=True)
    found = re.search(r"^(?:summary|totals): (\d+)", profile.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"callgrind counted nothing: {profile}")
    return int(found[1])


if __name__ == "__main__":
    kind, name = sys.argv[1:]
    run("rules" if kind == "rules" else "read", Path(name))

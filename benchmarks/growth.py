"""Ten times the input, and how many times the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.captures import write_dense, write_sparse
from benchmarks.measure import MIB, Size, Table, goal, mib, race
from benchmarks.reading import DISTINCT, read
from benchmarks.rules import distinct, write_rules

SPARSE_BYTES = 64 * MIB
DENSE_LINES = 200_000
DENIALS = 100_000
LIMIT = 10.5


def growth(size: Size, folder: Path) -> Table:
    """Compare each input with one ten times as long; no more distinct accesses are in it."""
    heads = ("input", "once", "ten times", "times the time", "goal")
    small, large = folder / "small", folder / "large"

    def row(name: str, work: Callable[[Path], object]) -> tuple[str, ...]:
        ten, one = race(lambda: work(large), lambda: work(small), size.times)
        small.unlink()
        large.unlink()
        ratio = ten.seconds / one.seconds
        seconds = (f"{one.seconds:.3f} s", f"{ten.seconds:.3f} s")
        return (name, *seconds, f"{ratio:.2f}", goal(ratio, LIMIT, "at most"))

    def rows() -> Iterator[tuple[str, ...]]:
        for path, times in ((small, 1), (large, 10)):
            write_sparse(path, "compact", size.of(SPARSE_BYTES) * times)
        yield row(f"`read_denials`, sparse compact, {mib(size.of(SPARSE_BYTES))}", read)

        lines = size.of(DENSE_LINES)
        for path, times in ((small, 1), (large, 10)):
            write_dense(path, "compact", lines * times, distinct=DISTINCT)
        yield row(f"`read_denials`, dense compact, {lines:,} denials", read)

        lines = size.of(DENIALS)
        for path, times in ((small, 1), (large, 10)):
            write_dense(path, "compact", lines * times, distinct=distinct(lines))
        yield row(f"`analyze` and `to_sb`, {lines:,} denials", write_rules)

    return Table("growth", heads, rows())

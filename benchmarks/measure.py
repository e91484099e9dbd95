"""Taking times, and tables of what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
U = TypeVar("U")

PATIENCE = 10.0
"""What took so many seconds in all is not run again."""
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Size:
    """How large everything is and how often it runs; the defaults are those of the goals.

    Attributes
    ----------
    scale
        1 for the sizes of the goals, less for a quick look.
    times
        How many runs the best is taken of.
    """

    scale: float = 1.0
    times: int = 3

    def of(self, full: int) -> int:
        """Return a size (bytes, lines) at this scale."""
        return max(1, round(full * self.scale))


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows are measured as they are asked for.

    Attributes
    ----------
    name
        The part of the benchmark, and of ``docs/benchmarks.md``, that it is.
    """

    name: str
    heads: tuple[str, ...]
    rows: Iterator[tuple[str, ...]]

    def markdown(self) -> Iterator[str]:
        """Yield the lines of the table in Markdown, each as soon as it is known."""
        yield _line(self.heads)
        yield "|" + "---|" * len(self.heads)
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ValueError(f"{row} is no row of {self.heads}")
            yield _line(row)


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


class WorkError(Exception):
    """What was measured did not do the same work; its times say nothing."""


def same(what: str, ours: object, theirs: object) -> None:
    """Hold that two tools found the same."""
    if ours != theirs:
        raise WorkError(f"{what}: {ours} here, {theirs} there")


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """The shortest time of some runs in seconds, and what the first gave."""

    seconds: float
    result: T


def best(work: Callable[[], T], times: int, *, patience: float | None = None) -> Timed[T]:
    """Return the best of some runs; with `patience`, no more once they took so many seconds."""
    result, shortest = _timed(work)
    total = shortest
    for _ in range(times - 1):
        if patience is None or total < patience:
            taken = _timed(work)[1]
            total, shortest = total + taken, min(shortest, taken)
    return Timed(shortest, result)


def race(ours: Callable[[], T], theirs: Callable[[], U], times: int) -> tuple[Timed[T], Timed[U]]:
    """Return the best of each, run by turns so that what else the machine does meets both.

    The other one has `PATIENCE`: it does not run again after that many seconds.
    """
    result, first = _timed(ours)
    other, second = _timed(theirs)
    mine, total = first, second
    for _ in range(times - 1):
        mine = min(mine, _timed(ours)[1])
        if total < PATIENCE:
            taken = _timed(theirs)[1]
            total, second = total + taken, min(second, taken)
    return Timed(mine, result), Timed(second, other)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def goal(value: float, limit: float, kind: Literal["at least", "at most"] = "at least") -> str:
    """Write a goal and whether it is reached."""
    reached = value >= limit if kind == "at least" else value <= limit
    return f"{kind} {limit:g}: {'reached' if reached else 'missed'}"


def mib(size: int) -> str:
    """Write a size."""
    return f"{size / MIB:,.0f} MiB" if size >= MIB else f"{size / 1024:,.0f} KiB"

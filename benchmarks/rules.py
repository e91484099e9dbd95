"""From a capture to written rules, against the tools that do it on Linux."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sbdiag
from benchmarks.captures import write_dense
from benchmarks.measure import PATIENCE, Size, Table, best, goal, same
from benchmarks.rule_tools import Tool, tools

DENIALS = 1_000_000
DISTINCT = 5_000
LIMITS = {"audit2allow": 20, "aa-logprof": 1}


def distinct(denials: int) -> int:
    """Return how many distinct accesses so many denials have, here and in growth."""
    return min(DISTINCT, max(1, denials // 20))


def write_rules(path: Path) -> str:
    """Read a capture, draw every conclusion, and write the rules in SBPL."""
    return sbdiag.analyze(path, progress=False).to_sb().text


def rules(size: Size, folder: Path) -> Table:
    """Compare with audit2allow and aa-logprof."""
    heads = ("tool", "seconds", "lines a second", "sbdiag is times as fast", "goal")
    lines = size.of(DENIALS)
    accesses = distinct(lines)

    def rows() -> Iterator[tuple[str, ...]]:
        path = folder / "denials.log"
        write_dense(path, "compact", lines, distinct=accesses)
        ours = best(lambda: write_rules(path), size.times)
        path.unlink()
        name = f"`analyze` and `to_sb`, {lines:,} denials, {accesses:,} distinct accesses"
        yield (name, f"{ours.seconds:.2f}", f"{lines / ours.seconds:,.0f}", "", "")
        for tool in tools():
            if isinstance(tool, str):
                yield (tool, "", "", "", "")
                continue
            seconds = _seconds(tool, folder / "audit.log", lines, accesses, size.times)
            ratio = seconds / ours.seconds
            speed = (f"{seconds:.2f}", f"{lines / seconds:,.0f}", f"{ratio:.1f}")
            yield (f"{tool.name}, as many", *speed, goal(ratio, LIMITS[tool.name]))

    return Table("rules", heads, rows())


def _seconds(tool: Tool, log: Path, lines: int, accesses: int, times: int) -> float:
    tool.write(log, lines, accesses)
    timed = best(lambda: tool.run(log), times, patience=PATIENCE)
    log.unlink()
    same(f"accesses that {tool.name} allows", timed.result, accesses)
    return timed.seconds

"""Reading: against grep and plain loops, its memory, and several files at once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from benchmarks.captures import Style, write_dense, write_sparse
from benchmarks.comparators import differing, grep, loop_compact, loop_ndjson
from benchmarks.measure import MIB, Size, Table, best, goal, mib, race, same
from sbdiag import read_denials

SPARSE_BYTES = 256 * MIB
HUGE_BYTES = 2048 * MIB
HUGE_LIMIT_MIB = 400
DENSE_LINES = 2_100_000
DENSE_NDJSON_LINES = 275_000  # about 256 MiB
DISTINCT = 2_000
FILES = 4
STYLES: tuple[Style, ...] = ("compact", "ndjson", "json")
LONG_BYTES = 1536 * MIB


def read(path: Path) -> pd.DataFrame:
    """Read as everything here does: without a progress bar."""
    return read_denials(path, progress=False)


def sparse(size: Size, folder: Path) -> Table:
    """Compare with grep on captures of a whole machine."""
    heads = ("capture", "denials", "`read_denials`", "`grep -cF`", "times as fast", "goal")

    def row(style: Style) -> tuple[str, ...]:
        path = folder / f"sparse.{style}"
        written = write_sparse(path, style, size.of(SPARSE_BYTES))
        name = f"sparse {style}, {mib(path.stat().st_size)}"
        if shutil.which("grep"):
            ours, theirs = race(lambda: read(path), lambda: grep(path), size.times)
            same("lines that name the sandbox", written, theirs.result)
            ratio = theirs.seconds / ours.seconds
            rest = (f"{theirs.seconds:.3f} s", f"{ratio:.2f}", goal(ratio, 1))
        else:
            ours = best(lambda: read(path), size.times)
            rest = ("not installed", "", "")
        same("denials", len(ours.result), written)
        path.unlink()
        return (name, f"{written:,}", f"{ours.seconds:.3f} s", *rest)

    return Table("sparse", heads, (row(style) for style in STYLES))


def dense(size: Size, folder: Path) -> Table:
    """Compare with plain loops on captures that are nothing but denials."""
    heads = ("capture", "`read_denials`", "plain loop", "times as fast", "goal")

    def row(
        style: Style, lines: int, loop: Callable[[Path], pd.DataFrame], limit: float
    ) -> tuple[str, ...]:
        path = folder / f"dense.{style}"
        write_dense(path, style, lines, distinct=DISTINCT)
        name = f"dense {style}, {lines:,} denials, {mib(path.stat().st_size)}"
        ours, theirs = race(lambda: read(path), lambda: loop(path), size.times)
        same("denials", len(ours.result), lines)
        same("columns that differ", differing(ours.result, theirs.result), [])
        path.unlink()
        ratio = theirs.seconds / ours.seconds
        seconds = (f"{ours.seconds:.3f} s", f"{theirs.seconds:.2f} s")
        return (name, *seconds, f"{ratio:.1f}", goal(ratio, limit))

    def rows() -> Iterator[tuple[str, ...]]:
        yield row("compact", size.of(DENSE_LINES), loop_compact, 20)
        yield row("ndjson", size.of(DENSE_NDJSON_LINES), loop_ndjson, 10)

    return Table("dense", heads, rows())


def files(size: Size, folder: Path) -> Table:
    """Compare several files at once with one after the other."""
    heads = ("captures", "together", "one after the other", "times as fast")
    paths = [folder / f"host{n}.log" for n in range(FILES)]

    def row(name: str, denials: int) -> tuple[str, ...]:
        for path in paths[1:]:  # the same bytes under other names
            os.link(paths[0], path)
        together, each = race(
            lambda: read_denials([str(path) for path in paths], progress=False),
            lambda: [read(path) for path in paths],
            size.times,
        )
        same("denials", len(together.result), FILES * denials)
        for path in paths:
            path.unlink()
        seconds = (f"{together.seconds:.3f} s", f"{each.seconds:.3f} s")
        return (name, *seconds, f"{each.seconds / together.seconds:.2f}")

    def rows() -> Iterator[tuple[str, ...]]:
        lines = size.of(DENSE_LINES // FILES)
        write_dense(paths[0], "compact", lines, distinct=DISTINCT)
        yield row(f"{FILES} dense compact, {lines:,} denials each", lines)
        written = write_sparse(paths[0], "compact", size.of(LONG_BYTES))
        length = mib(paths[0].stat().st_size)
        yield row(f"{FILES} sparse compact, {length} each, {written:,} denials", written)

    return Table("files", heads, rows())


def memory(size: Size, folder: Path) -> Table:
    """Say how much memory reading a large capture takes, in a process of its own."""
    heads = ("capture", "peak memory", "of it the imports", "goal")
    wanted = size.of(HUGE_BYTES)

    def row(style: Style) -> tuple[str, ...]:
        name = f"sparse {style}, {mib(wanted)}"
        if not Path("/proc/self/status").exists():
            return (name, "skipped: no /proc/self/status", "", "")
        if shutil.disk_usage(folder).free < wanted + wanted // 10:
            return (name, "skipped: no room on the disk", "", "")
        path = folder / f"huge.{style}"
        written = write_sparse(path, style, wanted)
        imports, _ = _peak("sbdiag.read_denials")
        peak, found = _peak(f"len(sbdiag.read_denials({str(path)!r}, progress=False))")
        same("denials", found, str(written))
        name = f"sparse {style}, {mib(path.stat().st_size)}"
        path.unlink()
        reached = goal(peak, HUGE_LIMIT_MIB, "at most").replace(":", " MiB:")
        return (name, f"{peak:.0f} MiB", f"{imports:.0f} MiB", reached)

    rows = (row(style) for style in STYLES)
    return Table("memory", heads, rows)


def _peak(expression: str) -> tuple[float, str]:
    """Return the peak memory in MiB of a new process, and what an expression gave in it.

    Linux says it in ``VmHWM``; the ``ru_maxrss`` of a new process counts the memory of its parent.
    """
    code = f"import sbdiag; print({expression}); print(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    if found is None:
        raise RuntimeError("no VmHWM in /proc/self/status")
    return int(found[1]) / 1024, done.stdout.partition("\n")[0]

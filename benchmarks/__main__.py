"""Print the tables of the benchmark in Markdown, or put them into the page that holds them.

``python -m benchmarks`` measures everything; name parts to measure those alone. The sizes are those
of the goals; ``--scale 0.1`` gives a quick look at a tenth of each.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks import reading
from benchmarks.decisions import decisions
from benchmarks.growth import growth
from benchmarks.instructions import instructions
from benchmarks.measure import MIB, Size, Table
from benchmarks.rules import rules
from benchmarks.starting import start

Part = Callable[[Size, Path], Table]

PARTS: dict[str, Part] = {
    "sparse": reading.sparse,
    "memory": reading.memory,
    "dense": reading.dense,
    "files": reading.files,
    "rules": rules,
    "decisions": decisions,
    "growth": growth,
    "start": start,
    "instructions": instructions,
}


def machine() -> str:
    """Say on what was measured, and when."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1024 * MIB)
    packages = []
    for name in ("pandas", "numpy", "pyarrow"):
        try:
            packages.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            packages.append(f"no {name}")
    today = dt.date.today()
    return (
        f"Measured on {today.day} {today:%B %Y} with {os.cpu_count()} cores, {memory} GiB of"
        f" memory, {platform.system()}, Python {platform.python_version()}, {', '.join(packages)}."
    )


def put(page: str, name: str, text: str) -> str:
    """Put a table in its place in a page: between ``<!-- NAME -->`` and ``<!-- end -->``."""
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, count = place.subn(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)
    if count != 1:
        raise SystemExit(f"the page has {count} places for {name}")
    return changed


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the parts that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="1 for the sizes of the goals")
    parser.add_argument("--times", type=int, default=3, help="the best of so many runs")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into it")
    parser.add_argument("--folder", type=Path, help="where captures are made, for a while")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    texts = {"machine": machine()}
    print(texts["machine"])
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for name in given.parts or PARTS:
            print(f"\n{name}\n", flush=True)
            lines = []
            for line in PARTS[name](Size(given.scale, given.times), Path(folder)).markdown():
                print(line, flush=True)
                lines.append(line)
            texts[name] = "\n".join(lines)
    if given.write:
        page = given.write.read_text("utf-8")
        for name, text in texts.items():
            page = put(page, name, text)
        given.write.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

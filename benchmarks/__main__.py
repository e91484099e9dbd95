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
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks import reading
from benchmarks.comparators import grep_version
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
    """Say on what was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1024 * MIB)
    said = [
        f"{os.cpu_count()} cores",
        f"{memory:.0f} GiB of memory",
        platform.system(),
        f"Python {platform.python_version()}",
    ]
    for name in ("pandas", "numpy", "pyarrow"):
        try:
            said.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            said.append(f"no {name}")
    return f"Machine: {', '.join([*said, grep_version()])}."


def put(page: str, texts: Mapping[str, str], *, whole: bool) -> str:
    """Put texts in their places in a page, each between ``<!-- NAME -->`` and ``<!-- end -->``.

    Figures of two machines do not go into one page: unless it is measured as a whole, the machine
    that it names must be this one.
    """
    for name, text in texts.items():
        place = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
        found = place.search(page)
        if found is None:
            raise SystemExit(f"the page has no place for {name}")
        if name == "machine" and not whole and found[0].strip() != text:
            raise SystemExit("the page is of another machine: measure all parts")
        page = f"{page[: found.start()]}\n{text}\n\n{page[found.end() :]}"
    return page


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
    scale = "" if given.scale == 1 else f", sizes times {given.scale:g}"
    size = Size(given.scale, given.times)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for name in given.parts or PARTS:
            print(f"\n{name}\n", flush=True)
            lines = []
            for line in PARTS[name](size, Path(folder)).markdown():
                print(line, flush=True)
                lines.append(line)
            texts[name] = "\n".join([*lines, "", f"{dt.date.today()}{scale}"])
    if given.write:
        page = put(given.write.read_text("utf-8"), texts, whole=not given.parts)
        given.write.write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

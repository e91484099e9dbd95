"""Make the notebooks from their sources: ``make notebooks``.

``sources/NN_name.py`` is a notebook as text (py:percent, read by jupytext). Cell ids are numbered,
so the same source gives the same cells. Each notebook is executed beside the samples; what it
prints, its tables and pictures are stored, so that a reader on GitHub sees them. Not stored: the
state of widgets, the times of execution, and anything of the machine. A cell that fails, warns or
writes to stderr is an error, and then nothing is written.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import jupytext
import nbformat
from nbclient import NotebookClient

HERE: Final = Path(__file__).parent
SOURCES: Final = tuple(sorted((HERE / "sources").glob("[0-9]*.py")))
TIMEOUT_SECONDS: Final = 180
# As many kernels at once; each needs a core to itself while it imports.
AT_ONCE: Final = 2
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"


class NoisyCellError(ValueError):
    """A cell wrote to stderr."""


def unrun(source: Path) -> nbformat.NotebookNode:
    """Return the notebook of one source, without outputs."""
    notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"{source.stem[:2]}-{number:02}"
        cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


async def _run(notebook: nbformat.NotebookNode, beside: Path) -> nbformat.NotebookNode:
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(beside)}},
        store_widget_state=False,
        record_timing=False,
    )
    # The sbdiag of this clone, installed or not; a warning is a mistake in a teaching notebook.
    place = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
    warn = "error::UserWarning,error::FutureWarning,error::RuntimeWarning"
    await client.async_execute(env={**os.environ, "PYTHONPATH": place, "PYTHONWARNINGS": warn})
    return clean(notebook)


def run_all(
    notebooks: Iterable[nbformat.NotebookNode], *, beside: Path = HERE
) -> list[nbformat.NotebookNode | Exception]:
    """Execute notebooks in the directory `beside`; what fails is returned in its place."""

    async def all_of_them() -> list[Any]:
        free = asyncio.Semaphore(AT_ONCE)

        async def one(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
            async with free:
                return await _run(notebook, beside)

        return await asyncio.gather(*map(one, notebooks), return_exceptions=True)

    return asyncio.run(all_of_them())


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what only this execution knows: widgets, addresses of objects, pieces of a stream."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept: list[Any] = []
        for output in cell.outputs:
            if output.output_type == "stream":
                if output.name == "stderr":
                    raise NoisyCellError(f"cell {cell.id}: {output.text.strip()}")
                # A kernel sends what is printed in pieces, cut by a timer.
                if kept and kept[-1].output_type == "stream":
                    kept[-1].text += output.text
                    continue
            data = output.get("data", {})
            if _WIDGET in data:
                continue  # Without its state it shows nothing; who runs the cell sees it.
            if "text/plain" in data:
                data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", data["text/plain"])
            kept.append(output)
        cell.outputs = kept
    return notebook


def written(notebook: nbformat.NotebookNode) -> str:
    """Return the text of the file."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def main() -> None:
    """Write every notebook, or only those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="numbers or names; default all")
    names = tuple(parser.parse_args().names)
    sources = [each for each in SOURCES if not names or each.stem.startswith(names)]
    made = run_all(map(unrun, sources))
    failed = [each for each in made if isinstance(each, Exception)]
    if failed:
        raise SystemExit("\n\n".join(map(str, failed)))
    for source, notebook in zip(sources, made, strict=True):
        target = HERE / f"{source.stem}.ipynb"
        target.write_text(written(notebook), encoding="utf-8", newline="\n")
        print(target.name)


if __name__ == "__main__":
    main()

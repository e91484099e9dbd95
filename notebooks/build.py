"""Make the notebooks from their sources: ``make notebooks``.

``sources/NN_name.py`` is a notebook as text (py:percent, read by jupytext). Cell ids are numbered,
so the same source gives the same cells. Each notebook is executed in this directory; what it
prints, its tables and pictures are stored, so that a reader on GitHub sees them. Not stored: the
state of widgets, the times of execution, and anything of the machine.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
SOURCES = sorted((HERE / "sources").glob("[0-9]*.py"))
TIMEOUT_SECONDS = 180
# A cell must not warn: a warning in a teaching notebook is a mistake in it.
STRICT = {
    "PYTHONWARNINGS": "error::UserWarning,error::FutureWarning,error::DeprecationWarning:__main__"
}


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


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Execute a notebook in this directory; a cell that fails is an error."""
    os.environ.update(STRICT)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        store_widget_state=False,
        record_timing=False,
    )
    client.execute()
    return notebook


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what only this execution knows: widgets, addresses of objects, the numbers of models."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept: list[Any] = []
        for output in cell.outputs:
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data:
                # Without its state a widget shows nothing; the reader sees it when the cell is run.
                continue
            if output.output_type == "stream" and output.name == "stderr":
                continue
            if "text/plain" in data:
                data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", data["text/plain"])
            if kept and output.output_type == "stream" == kept[-1].output_type:
                # What is printed arrives in pieces of any length.
                kept[-1]["text"] += output["text"]
                continue
            kept.append(output)
        cell.outputs = kept
    return notebook


def main() -> None:
    """Write every notebook, or only those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="numbers or names; default all")
    names = parser.parse_args().names
    for source in SOURCES:
        if names and not any(source.stem.startswith(name) for name in names):
            continue
        notebook = clean(run(unrun(source)))
        text = nbformat.writes(notebook, version=4)
        target = HERE / f"{source.stem}.ipynb"
        target.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
        print(target.name)


if __name__ == "__main__":
    main()

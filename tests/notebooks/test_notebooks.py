"""Every notebook runs, its checks hold, and what is stored is what its source gives."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
HERE = ROOT / "notebooks"
SOURCES = sorted((HERE / "sources").glob("[0-9]*.py"))
STORED = sorted(HERE.glob("*.ipynb"))
PICTURES = ("image/png", "image/svg+xml")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_notebooks", HERE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fresh(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All notebooks, run beside a copy of the samples: nothing is written into the clone."""
    place = tmp_path_factory.mktemp("run") / "notebooks"
    place.mkdir()
    shutil.copytree(ROOT / "sample_logs", place.parent / "sample_logs")
    made = build.run_all([build.unrun(source) for source in SOURCES], beside=place)
    return {source.stem: each for source, each in zip(SOURCES, made, strict=True)}


def _shown(notebook: nbformat.NotebookNode) -> list[tuple[str, dict[str, str]]]:
    """What each cell shows; of a picture, which differs between versions, only that it is there."""
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = (
                {"printed": output["text"]}
                if output.output_type == "stream"
                else {
                    kind: "a picture" if kind in PICTURES else text
                    for kind, text in output["data"].items()
                }
            )
            # The size of a figure is that of its labels.
            if any(kind in PICTURES for kind in data):
                data.pop("text/plain", None)
            shown.append((cell.id, data))
    return shown


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_it_runs_and_gives_what_is_stored(source: Path, fresh: dict[str, Any]) -> None:
    made = fresh[source.stem]
    if isinstance(made, Exception):
        raise made
    stored = nbformat.read(HERE / f"{source.stem}.ipynb", as_version=4)
    assert [(c.id, c.cell_type, c.source, c.metadata) for c in stored.cells] == [
        (c.id, c.cell_type, c.source, c.metadata) for c in made.cells
    ], "the source was changed: make notebooks"
    assert _shown(stored) == _shown(made), "the outputs changed: make notebooks, and read them"


def test_no_notebook_is_without_a_source() -> None:
    assert [path.stem for path in STORED] == [path.stem for path in SOURCES]


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_what_is_stored_is_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    ids = [cell.id for cell in notebook.cells]
    assert ids == [f"{path.stem[:2]}-{number:02}" for number in range(1, len(ids) + 1)]
    text = path.read_text("utf-8")
    places = ("/root/", "/home/", "/tmp/", "site-packages", str(ROOT), str(Path.home()))
    for private in (*places, "Traceback", " at 0x", "widget-view"):
        assert private not in text
    names = set(re.findall(r"/Users/([\w.]+)", text))
    assert names <= {"you", "jane.doe", "user1"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_it_reads_like_an_article(source: Path) -> None:
    text = source.read_text("utf-8")
    parts = ("# # ", "**The question.**", "**The evidence.**", "## Conclusion", "## Limits")
    places = [text.index(part) for part in (*parts, "## Questions for the reader")]
    assert places == sorted(places)
    assert '# %% tags=["check"]\n' in text
    questions = text[places[-1] :]
    asked = len(re.findall(r"^# \*\*\d\.\*\* ", questions, re.MULTILINE))
    assert 2 <= asked <= 3
    assert questions.count("<details><summary>Answer</summary>") == asked
    assert text.count("<details>") == text.count("</details>")


def test_all_together_are_small() -> None:
    assert sum(path.stat().st_size for path in STORED) < 2_000_000


@pytest.mark.parametrize(
    "mistake",
    [
        "import warnings; warnings.warn('once')",
        "import sys; print('noise', file=sys.stderr)",
        "import pandas as pd; frame = pd.DataFrame({'a': [1]}); frame['a'][0] = 2",
        "assert 1 == 2",
    ],
    ids=["a warning", "stderr", "a write that does nothing", "a check that fails"],
)
def test_a_mistake_in_a_cell_is_found(build: ModuleType, tmp_path: Path, mistake: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(mistake, id="a")])
    (made,) = build.run_all([notebook], beside=tmp_path)
    assert isinstance(made, Exception)


def test_pieces_of_a_stream_are_one(build: ModuleType) -> None:
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    cell = nbformat.v4.new_code_cell("print()", id="a", outputs=pieces)
    notebook = build.clean(nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}}))
    assert [output.text for output in notebook.cells[0].outputs] == ["a\nb\n"]
    assert "widgets" not in notebook.metadata

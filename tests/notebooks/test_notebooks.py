"""Every notebook runs, its checks hold, and what is stored is what its source gives."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

HERE = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted((HERE / "sources").glob("[0-9]*.py"))


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_notebooks", HERE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _printed(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """What each cell printed or showed as text; pictures differ between versions of matplotlib."""
    return [
        (
            cell.id,
            output["text"] if output.output_type == "stream" else output["data"]["text/plain"],
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" not in output.get("data", {})
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_it_runs_and_gives_what_is_stored(
    source: Path, build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in build.STRICT.items():
        monkeypatch.setenv(name, value)
    fresh = build.clean(build.run(build.unrun(source)))
    stored = nbformat.read(HERE / f"{source.stem}.ipynb", as_version=4)
    assert [(c.id, c.cell_type, c.source) for c in stored.cells] == [
        (c.id, c.cell_type, c.source) for c in fresh.cells
    ], "the source was changed: make notebooks"
    assert _printed(stored) == _printed(fresh)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_is_stored_is_clean(path: Path) -> None:
    assert path.with_suffix(".py").name in {source.name for source in SOURCES}
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    text = path.read_text("utf-8")
    for private in ("/root/", "/home/", "/tmp/", 'execution\\"', "Traceback"):
        assert private not in text
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    assert json.loads(text)["nbformat_minor"] == 5


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_it_reads_like_an_article(source: Path) -> None:
    text = source.read_text("utf-8")
    for part in ("**The question.**", "## Conclusion", "## Limits", '# %% tags=["check"]'):
        assert part in text
    if not source.stem.startswith("05"):
        assert text.count("<details><summary>Answer</summary>") >= 2


def test_all_together_are_small() -> None:
    assert sum(path.stat().st_size for path in HERE.glob("*.ipynb")) < 2_000_000

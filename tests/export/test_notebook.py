from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import sbdiag
from sbdiag.analysis import unpack
from sbdiag.export.notebook import evidence_text, fenced, to_notebook
from sbdiag.seatbelt.profile import parse_profile

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "lima-vz"
HOSTILE = (
    'Sandbox: """+__import__("os").system("x")(1) deny(1) file-read-data /tmp/```\n'
    "Sandbox: <script>alert(1)</script>(2) deny(1) file-read-data /a'''\\n`b`[x](javascript:1)\n"
    "System Policy: ![x](http://x)(3) deny(1) file-read-data /```python\n"
)


@pytest.fixture(scope="module")
def report() -> sbdiag.Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


def test_it_is_valid_and_the_same_bytes_each_time(report: sbdiag.Report) -> None:
    text = to_notebook(report)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert text == to_notebook(sbdiag.analyze(SAMPLE, xpc="global-name"))
    assert [cell.id for cell in notebook.cells] == [
        f"sbdiag-{n:02}" for n in range(1, len(notebook.cells) + 1)
    ]
    assert "widgets" not in notebook.metadata


def test_what_is_unpacked_is_the_same_report(report: sbdiag.Report) -> None:
    again = unpack(evidence_text(report))
    assert again.to_sb().text == report.to_sb().text
    assert again.to_nono().text == report.to_nono().text
    assert again._repr_html_() == report._repr_html_()
    assert again.counts == report.counts


def test_a_profile_comes_along() -> None:
    profile = parse_profile('(version 1)\n(deny default)\n(allow mach-lookup (global-name "a"))')
    delta = sbdiag.analyze(SAMPLE, profile=profile)
    again = unpack(evidence_text(delta))
    assert again.profile is not None
    assert again.profile.rules == profile.rules
    assert again.to_sb().text == delta.to_sb().text


def test_it_runs(report: sbdiag.Report, tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.ipynb"
    report.to_notebook(path)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    printed = json.dumps(notebook.cells)
    assert "(allow mach-task-name)" in printed
    assert "image/png" in printed


def test_hostile_text_neither_runs_nor_formats(tmp_path: Path) -> None:
    log = tmp_path / "hostile.log"
    log.write_text(HOSTILE, "utf-8")
    notebook = nbformat.reads(to_notebook(sbdiag.analyze(log)), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            calls = {
                ast.unparse(n.func)
                for n in ast.walk(ast.parse(cell.source))
                if isinstance(n, ast.Call)
            }
            assert not any("import" in call and "__" in call for call in calls)
            assert "hostile" not in cell.source
            assert "alert" not in cell.source
        elif "script" in cell.source or "javascript" in cell.source:
            fence = cell.source.split("\n\n", 1)[1].split("\n")[0].removesuffix("text")
            assert set(fence) == {"`"}
            assert cell.source.count(fence) == 2


@pytest.mark.parametrize("text", ["```", "a ```` b", "x\r\ny\u2028z", "", "`"])
def test_a_fence_is_never_closed_from_inside(text: str) -> None:
    lines = fenced(text).split("\n")
    fence = lines[0].removesuffix("text")
    assert lines[-1] == fence
    assert all(fence not in line for line in lines[1:-1])
    assert "\r" not in fenced(text)
    assert "\u2028" not in fenced(text)

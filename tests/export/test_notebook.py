"""The write-up of an investigation: valid, the same each time, runs, and no log text acts in it."""

from __future__ import annotations

import ast
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import sbdiag
from sbdiag.analysis import unpack
from sbdiag.cli import main
from sbdiag.diagnosis.paths import plain
from sbdiag.export.notebook import evidence_text, fenced, read_evidence, to_notebook
from sbdiag.seatbelt.profile import parse_profile

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_logs" / "lima-vz"
COMPACT = (
    "2026-05-27 14:05:12.418 E  kernel[0:1d4e02] (Sandbox) "
    "Sandbox: {}(1) deny(1) file-read-data {}\n"
)
# Each would leave its place in Markdown, in Python, in HTML or on a terminal.
HOSTILE = [
    '"""+__import__("os").system("touch owned")+"""',
    "'''\nimport os\n",
    "``` ````` `b` [x](javascript:alert(1)) ![x](x.png) <mailto:a>",
    "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>",
    "# heading\n\n- item\n\n<details>",
    "`````\n# out\n",
    "{report} %s {0!r} \\N{DIGIT ONE} \\x41 \\",
    "$\\href{javascript:alert(1)}{x}$ %run x.py",
    "safe\u202egnp\u2066 \x1b[31m \x07 \u2028",
]


def analyzed(text: str | bytes) -> sbdiag.Report:
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    return sbdiag.analyze(io.BytesIO(data), tz="UTC")


def hostile_text(name: str) -> str:
    """A name where a program puts one: in its own name, a path, and lines that do not parse."""
    flat = name.replace("\n", " ")
    return (
        COMPACT.format(flat, f"/tmp/{flat}")
        + COMPACT.format("p", f"/Users/you/.lima/{flat}")
        + f"Sandbox: {flat}(2) deny(1) made-up /x\n"
        + f"Sandbox: {flat} deny(\n"
    )


def run(text: str) -> nbformat.NotebookNode:
    """Execute a notebook; nothing may be written to stderr."""
    notebook = nbformat.reads(text, as_version=4)
    place = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    client.execute(env={**os.environ, "PYTHONPATH": place})
    said = [o for c in notebook.cells for o in c.get("outputs", ()) if o.get("name") == "stderr"]
    assert said == []
    return notebook


@pytest.fixture(scope="module")
def report() -> sbdiag.Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


def test_it_is_valid_and_the_same_bytes_each_time(report: sbdiag.Report) -> None:
    text = to_notebook(report)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert text == to_notebook(sbdiag.analyze(SAMPLE, xpc="global-name"))
    assert [cell.id for cell in notebook.cells] == [
        f"sbdiag-{n:02}" for n in range(1, len(notebook.cells) + 1)
    ]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_it_names_no_file_of_the_writer(tmp_path: Path) -> None:
    log = tmp_path / "capture.log"
    log.write_text(COMPACT.format("wc", "/private/etc/x"), "utf-8")
    report = sbdiag.analyze(log, tz="UTC")
    text = to_notebook(report)
    assert str(tmp_path) not in text + json.dumps(read_evidence(evidence_text(report)))


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
    assert "the profile that was in force" in to_notebook(delta)


def test_it_runs_and_shows_what_it_says(report: sbdiag.Report, tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.ipynb"
    report.to_notebook(path)
    notebook = run(path.read_text("utf-8"))
    shown = json.dumps(notebook.cells)
    assert "(allow mach-task-name)" in shown
    assert shown.count('"image/png"') == 4
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heads = [line for line in prose.splitlines() if line.startswith("#")]
    assert heads[0] == "# What the sandbox refused"
    assert heads[1:] == [
        "## The answer", "## What was read", "## How far each start came", "## When it was refused",
        "## Who asked for what", "## The rules", "## The proof", "## Conclusion", "## Limits",
    ]  # fmt: skip
    assert "UTC was assumed" in prose


def test_it_fails_where_the_rules_come_out_otherwise(report: sbdiag.Report) -> None:
    notebook = nbformat.reads(to_notebook(report), as_version=4)
    check = notebook.cells[-1]
    assert "sha256" in check.source
    changed = "report = __import__('dataclasses').replace(report, rules=sbdiag.RuleSet())\n"
    (packed,) = (cell for cell in notebook.cells if "EVIDENCE" in cell.source)
    assert packed.metadata == {"jupyter": {"source_hidden": True}}
    short = [packed, {**check, "source": changed + check.source}]
    text = nbformat.writes(nbformat.from_dict({**notebook, "cells": short}))
    with pytest.raises(CellExecutionError, match="AssertionError"):
        run(text)


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("2026-05-27 14:05:12.418 Df limactl[1:2] hello\n", ["plot_", "to_sb()", "withheld"]),
        ("Sandbox: wc(1) deny(1) file-read-data /private/x\n", ["plot_timeline", "plot_startup"]),
        ("Sandbox: wc(1) deny(1) made-up /x\n", ["plot_rules", "plot_startup"]),
        ("".join(COMPACT.format("p", f"/x/{n}") for n in range(50)), ["plot_rules"]),
    ],
    ids=["no denial", "no times", "no rule", "many rules"],
)
def test_what_there_is_nothing_of_is_left_out(text: str, left_out: list[str]) -> None:
    notebook = nbformat.reads(to_notebook(analyzed(text)), as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells[:-1] if cell.cell_type == "code")
    assert [name for name in left_out if name in code] == []


def test_a_redacted_report_says_so_and_holds_no_name() -> None:
    named = analyzed(COMPACT.format("wc", "/Users/jane.doe/.lima/default/lima.yaml"))
    text = to_notebook(named.redact())
    assert "**Redacted.**" in text
    assert "**Redacted.**" not in to_notebook(named)
    held = json.dumps(read_evidence(evidence_text(named.redact())))
    assert "jane" not in text + held
    assert "/Users/user1/.lima" in held


def _code(notebook: nbformat.NotebookNode) -> list[Any]:
    """The syntax of all code cells, what is packed left out."""
    trees = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant):
                    node.value = "" if isinstance(node.value, str) else 0
            trees.append(ast.dump(tree))
    return trees


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_code_or_markdown(name: str) -> None:
    # A name with a control character gets no rule: so it is compared with its like.
    like = "name" if plain(name.replace("\n", "")) else "na\tme"
    hostile, harmless = (_everywhere(each) for each in (name, like))
    # Letter for letter the same program, but for numbers and strings.
    assert _code(hostile) == _code(harmless)
    for ours, theirs in zip(hostile.cells, harmless.cells, strict=True):
        if ours.cell_type == "markdown":
            assert _outside_fences(ours.source) == _outside_fences(theirs.source)
            assert not set(ours.source) & set("\x07\x1b\r\u2028\u202e\u2066")


def _everywhere(name: str) -> nbformat.NotebookNode:
    """The notebook of a report that has the name wherever text of a file can come to stand."""
    report = analyzed(hostile_text(name))
    said = replace(
        report,
        notes=(f"a: {name}", name),
        findings=report.findings.assign(title=name, detail=name, run=name, source=name),
    )
    return nbformat.reads(to_notebook(said), as_version=4)


def _outside_fences(source: str) -> list[str]:
    """The lines that Markdown formats (CommonMark: a fence ends with as many backticks or more)."""
    kept, fence = [], ""
    for line in source.split("\n"):
        ticks = len(line) - len(line.lstrip("`"))
        if not fence and ticks >= 3:
            fence = "`" * ticks
        elif fence and ticks >= len(fence) and not line.strip("` "):
            fence = ""
        elif not fence:
            kept.append(line)
    assert fence == ""
    return kept


def test_a_hostile_capture_runs_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = run(to_notebook(analyzed("".join(map(hostile_text, HOSTILE)))))
    assert list(tmp_path.iterdir()) == []
    pages = [o["data"]["text/html"] for c in notebook.cells for o in c.get("outputs", ())
             if "text/html" in o.get("data", {})]  # fmt: skip
    assert len(pages) >= 3
    assert not any("<script" in page or "<img src=x" in page for page in pages)


@settings(max_examples=40, deadline=None)
@given(st.text() | st.text("`~\n\r a"))
def test_a_fence_is_never_closed_from_inside(text: str) -> None:
    said = fenced(text)
    assert _outside_fences(said) == []
    lines = said.split("\n")
    assert len(lines) == len(text.split("\n")) + 2
    assert not set(said) & set("\r\x0b\x0c\x1c\x85\u2028\u2029")


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, out = tmp_path / "capture.log", tmp_path / "x.ipynb"
    log.write_text(COMPACT.format("wc", "/Users/jane.doe/x"), "utf-8")
    assert main(["notebook", str(log), "--tz", "UTC", "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"Wrote {out}\n"
    assert out.read_text("utf-8") == to_notebook(sbdiag.analyze(log, tz="UTC"))
    assert main(["notebook", str(log), "--tz", "UTC", "--redact", "-o", str(out)]) == 0
    assert "**Redacted.**" in out.read_text("utf-8")
    capsys.readouterr()
    assert main(["notebook", str(tmp_path / "none.log"), "-o", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("sbdiag: ")
    assert said.count("\n") == 1

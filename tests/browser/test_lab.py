"""JupyterLab and Voilà as a person uses them: open, run, change one thing, see what follows."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.reader import NotJSONError

import sbdiag
from sbdiag.seatbelt.profile import parse_profile

ROOT = Path(__file__).parents[2]
RUN_MS = 120_000
FOLLOW_MS = 30_000
# The upload field is one as well; this is the one with rules.
EXPLORER = ".sbdiag-explorer:has(.sbdiag-sb)"
HOSTILE = (
    "2026-01-01 00:00:0{n}.000 E  kernel[0:1] (Sandbox) Sandbox: "
    "<img src=x onerror=window.owned={n}>({n}) deny(1) file-read-data "
    "/tmp/</script><script>window.owned={n}</script>\"'><svg onload=window.owned={n}>\n"
)


def _choose(page: Any, menu: str, entry: str) -> None:
    page.click(f".lm-MenuBar-itemLabel >> text={menu}")
    item = page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).first
    item.wait_for(timeout=FOLLOW_MS)
    item.click()


def _connected(lab: str, name: str) -> bool:
    """Whether the kernel of a notebook waits for work and its page is connected to it."""
    with urllib.request.urlopen(f"{lab}/api/sessions", timeout=10) as answer:
        sessions = json.load(answer)
    kernels = [each["kernel"] for each in sessions if each["path"] == f"notebooks/{name}"]
    return any(each["connections"] and each["execution_state"] == "idle" for each in kernels)


def _wait_until(page: Any, ready: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + RUN_MS / 1_000
    while not ready():
        assert time.monotonic() < end, what
        page.wait_for_timeout(500)


def _clear(path: Path) -> None:
    """Take the outputs out of a notebook, so that what is found in it later is new."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


def _open_and_run(page: Any, lab: str, root: Path, name: str, shots: Path) -> list[Any]:
    """Open a notebook, run all its cells, save it, and return its cells of code as saved."""
    path = root / "notebooks" / name
    _clear(path)
    page.goto(f"{lab}/lab/tree/notebooks/{name}?reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=RUN_MS)
    # What is run before the page is connected to its kernel is dropped without a word.
    _wait_until(page, lambda: _connected(lab, name), "the kernel is not connected")
    started = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .some(prompt => /\\[[*0-9]/.test(prompt.textContent))"""
    _choose(page, "Run", "Run All Cells")
    page.wait_for_function(started, timeout=FOLLOW_MS)

    cells: list[Any] = []

    def ran() -> bool:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1_000)
        # Looked at while it is written, it is not JSON yet.
        with contextlib.suppress(NotJSONError):
            notebook = nbformat.read(path, as_version=4)
            cells[:] = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert [o for c in cells for o in c.outputs if o.output_type == "error"] == []
        return bool(cells) and all(cell.execution_count for cell in cells)

    _wait_until(page, ran, "not all cells were run")
    page.screenshot(path=str(shots / f"{name}.png"))
    return cells


def _printed(cells: list[Any]) -> list[str]:
    streams = [[o.text for o in cell.outputs if o.output_type == "stream"] for cell in cells]
    return ["".join(texts) for texts in streams]


def test_the_article_runs_to_its_end(page: Any, lab: str, lab_root: Path, tmp_path: Path) -> None:
    stored = nbformat.read(ROOT / "notebooks" / "01_article.ipynb", as_version=4).cells
    cells = _open_and_run(page, lab, lab_root, "01_article.ipynb", tmp_path)
    assert _printed(cells) == _printed([cell for cell in stored if cell.cell_type == "code"])
    assert any("(allow mach-task-name)" in text for text in _printed(cells))


def _follows(page: Any, root: Any) -> None:
    """Change one choice; picture and rules follow."""
    picture = root.locator("img.sbdiag-timeline, .sbdiag-timeline img").first
    picture.wait_for(timeout=RUN_MS)
    before, rules = picture.get_attribute("src"), root.locator(".sbdiag-sb").first.inner_text()
    assert "(allow" in rules
    root.locator(".sbdiag-runs select").first.select_option(index=1)
    changed = """([selector, old]) => {
        const image = document.querySelector(selector + ' img.sbdiag-timeline')
            ?? document.querySelector(selector + ' .sbdiag-timeline img');
        return image && image.src !== old;
    }"""
    page.wait_for_function(changed, arg=[".sbdiag-explorer", before], timeout=FOLLOW_MS)
    page.wait_for_function(
        "old => document.querySelector('.sbdiag-explorer .sbdiag-sb').innerText !== old",
        arg=rules,
        timeout=FOLLOW_MS,
    )


def test_the_explorer_follows_in_lab(page: Any, lab: str, lab_root: Path, tmp_path: Path) -> None:
    _open_and_run(page, lab, lab_root, "05_your_capture.ipynb", tmp_path)
    page.locator(EXPLORER).first.scroll_into_view_if_needed()
    _follows(page, page.locator(EXPLORER).first)
    page.screenshot(path=str(tmp_path / "explorer.png"))


def test_an_upload_opens_its_own_explorer(
    page: Any, lab: str, lab_root: Path, tmp_path: Path
) -> None:
    log = tmp_path / "mine.log"
    log.write_text("Sandbox: mine(1) deny(1) mach-lookup com.example.mine\n", "utf-8")
    _open_and_run(page, lab, lab_root, "05_your_capture.ipynb", tmp_path)
    with page.expect_file_chooser() as chooser:
        page.locator("button.sbdiag-upload").first.click()
    chooser.value.set_files(str(log))
    rules = page.locator(f"{EXPLORER} .sbdiag-sb", has_text="com.example.mine").first
    rules.wait_for(timeout=FOLLOW_MS)
    assert '(global-name "com.example.mine")' in rules.inner_text()
    page.screenshot(path=str(tmp_path / "upload.png"))
    with page.expect_download() as download:
        rules.locator("a[download]").click()
    download.value.save_as(tmp_path / "mine.sb")
    rules_saved = parse_profile("(version 1)\n" + (tmp_path / "mine.sb").read_text("utf-8")).rules
    asked = sbdiag.analyze(log).rules
    assert rules_saved == tuple(each.rule for each in asked)


def test_the_explorer_follows_under_voila(page: Any, voila: str, tmp_path: Path) -> None:
    page.goto(voila.split("/voila/")[0], timeout=RUN_MS)
    page.wait_for_selector(EXPLORER, timeout=RUN_MS)
    _follows(page, page.locator(EXPLORER).first)
    page.screenshot(path=str(tmp_path / "voila.png"))


def test_no_text_of_a_hostile_capture_runs(
    page: Any, lab: str, lab_root: Path, tmp_path: Path
) -> None:
    log = lab_root / "notebooks" / "hostile.log"
    log.write_text("".join(HOSTILE.format(n=n) for n in range(1, 6)), "utf-8")
    notebook = (lab_root / "notebooks" / "05_your_capture.ipynb").read_text("utf-8")
    opened = re.sub(r"\.\./sample_logs/lima-vz", "hostile.log", notebook)
    (lab_root / "notebooks" / "hostile.ipynb").write_text(opened, "utf-8")
    _open_and_run(page, lab, lab_root, "hostile.ipynb", tmp_path)
    page.locator(EXPLORER).first.wait_for(timeout=RUN_MS)
    assert page.evaluate("window.owned") is None
    assert "window.owned" in page.locator(".jp-NotebookPanel").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_hostile_capture_is_text(page: Any, tmp_path: Path, scheme: str) -> None:
    log = tmp_path / "hostile.log"
    log.write_text("".join(HOSTILE.format(n=n) for n in range(1, 6)), "utf-8")
    sbdiag.analyze(log, tz="UTC").to_html(tmp_path / "page.html")
    page.emulate_media(color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "page.html").as_uri())
    page.screenshot(path=str(tmp_path / f"{scheme}.png"), full_page=True)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("window.owned") is None
    assert "window.owned" in page.inner_text("body")
    assert page.locator("script, svg[onload], img[onerror]").count() == 0

"""JupyterLab and Voilà as a person uses them: open, run, change one thing, see what follows."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

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


def _open_and_run(page: Any, lab: str, root: Path, name: str, shots: Path) -> None:
    """Open a notebook, run all its cells, save it, and look at what was saved."""
    path = root / "notebooks" / name
    page.goto(f"{lab}/lab/tree/notebooks/{name}?reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=RUN_MS)
    idle = "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
    page.wait_for_function(idle, timeout=RUN_MS)
    _choose(page, "Edit", "Clear Outputs of All Cells")
    _choose(page, "Run", "Run All Cells")
    end = time.monotonic() + RUN_MS / 1_000
    for turn in itertools.count(1):
        page.wait_for_timeout(2_000)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1_000)
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        failed = [o for c in cells for o in c.outputs if o.output_type == "error"]
        assert failed == []
        left = [cell.source for cell in cells if not cell.execution_count]
        if not left:
            break
        assert time.monotonic() < end, left
        if len(left) == len(cells) and turn % 5 == 0:
            _choose(page, "Run", "Run All Cells")  # a slow machine may miss the first click
    page.screenshot(path=str(shots / f"{name}.png"))


def test_the_article_runs_to_its_end(page: Any, lab: str, lab_root: Path, tmp_path: Path) -> None:
    _open_and_run(page, lab, lab_root, "01_article.ipynb", tmp_path)
    text = page.locator(".jp-NotebookPanel").inner_text()
    assert "Traceback" not in text


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
    import sbdiag

    log = tmp_path / "hostile.log"
    log.write_text("".join(HOSTILE.format(n=n) for n in range(1, 6)), "utf-8")
    sbdiag.analyze(log, tz="UTC").to_html(tmp_path / "page.html")
    page.emulate_media(color_scheme=scheme)
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate("window.owned") is None
    assert "window.owned" in page.inner_text("body")
    assert page.locator("script, svg[onload], img[onerror]").count() == 0

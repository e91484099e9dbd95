"""A real browser: Chromium as the system has it, driven by playwright.

Without Chromium these tests are skipped; with ``SBDIAG_REQUIRE_BROWSER`` set that is a failure.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing of the browser itself may ask the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
START_SECONDS = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _absent(reason: str) -> None:
    if os.environ.get("SBDIAG_REQUIRE_BROWSER"):
        pytest.fail(f"a browser is required: {reason}")
    pytest.skip(reason)


def _need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        _absent(f"{module} is not installed")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        _absent("no Chromium on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _absent("playwright is not installed")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page; any dialog or page error is a failure of the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 1600})
    fresh = context.new_page()
    alarms: list[str] = []
    fresh.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    yield fresh
    context.close()
    assert alarms == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(command: list[str], url: str, log: Path, settings: Path) -> Iterator[str]:
    """Run a server until the block ends."""
    variables = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(settings / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(settings / "config"),
        "PYTHONPATH": str(ROOT),
    }
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=variables)
        try:
            end = time.monotonic() + START_SECONDS
            while True:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(url, timeout=2).close()
                    break
                if server.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"no answer from {command[2]}:\n{log.read_text()[-3000:]}")
                time.sleep(0.2)
            yield url
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="session")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of notebooks and samples, so that running them changes nothing here."""
    root = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "sample_logs"):
        shutil.copytree(ROOT / name, root / name)
    return root


@pytest.fixture(scope="session")
def lab(lab_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    _need("jupyterlab")
    place, port = tmp_path_factory.mktemp("jupyter"), _free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        # The server listens on this machine alone and ends with the tests.
        "--IdentityProvider.token=", "--ServerApp.password=",
        "--ServerApp.disable_check_xsrf=True", "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly", f"--ServerApp.root_dir={lab_root}",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/api", place / "lab.log", place):
        yield url


@pytest.fixture(scope="session")
def voila(lab_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    _need("voila")
    place, port = tmp_path_factory.mktemp("voila"), _free_port()
    command = [
        sys.executable, "-m", "voila", str(lab_root / "notebooks" / "05_your_capture.ipynb"),
        "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with serving(command, f"{url}/voila/static/voila.js", place / "voila.log", place):
        yield url

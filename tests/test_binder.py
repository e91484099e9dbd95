"""Binder would build this repository: repo2docker reads its configuration, without docker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_repo2docker_finds_python_and_installs_the_project() -> None:
    pytest.importorskip("repo2docker")
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-2000:]
    assert "python=3.13" in said or "python-3.13" in said or "3.13" in said
    assert '-r "binder/requirements.txt"' in said
    assert (ROOT / "binder" / "requirements.txt").read_text("utf-8").split() == ["."]

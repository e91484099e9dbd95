"""Binder would build this repository: repo2docker reads its configuration, without docker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _read(repository: Path) -> subprocess.CompletedProcess[str]:
    """What repo2docker makes of a repository: the Dockerfile is in what it prints."""
    pytest.importorskip("repo2docker")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    return subprocess.run(
        command, cwd=repository, capture_output=True, text=True, timeout=120, check=False
    )


def test_repo2docker_finds_python_and_installs_the_project() -> None:
    done = _read(ROOT)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-2000:]
    assert "Building conda environment for python=3.13\n" in said
    installs = [line for line in said.splitlines() if "pip install" in line]
    assert any(line.endswith('--no-cache-dir -r "binder/requirements.txt"') for line in installs)
    # Paths in it are those of the repository: its root is the project.
    assert (ROOT / "binder" / "requirements.txt").read_text("utf-8") == ".\n"


def test_a_python_that_nobody_has_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "binder", tmp_path / "binder")
    (tmp_path / "binder" / "runtime.txt").write_text("python-3.99\n", "utf-8")
    assert _read(tmp_path).returncode != 0

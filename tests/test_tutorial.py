"""The tutorial says what really happens: its commands are run and compared, its code is run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sbdiag.cli import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
CONSOLE = re.findall(r"```console\n\$ sbdiag (.*?)\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run where the reader stands; what is written goes to a copy."""
    for name in ("docs", "sample_logs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("command", "expected"), CONSOLE, ids=[c for c, _ in CONSOLE])
def test_a_command_prints_what_stands_there(
    command: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(shlex.split(command))
    assert status == (1 if command.startswith("check") else 0)
    out = capsys.readouterr().out
    # A line with … stands for any lines.
    first, _, last = expected.partition("…\n")
    assert out.startswith(first)
    assert out.endswith(last)


def test_the_profile_printed_is_the_profile_used() -> None:
    printed = re.findall(r"```scheme\n(.*?)```", TEXT, re.DOTALL)
    assert printed == [(ROOT / "docs" / "tutorial" / "agent.sb").read_text("utf-8")]


def test_the_code_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/tutorial.md", "exec"), {})

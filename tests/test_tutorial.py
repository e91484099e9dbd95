"""The tutorial says what really happens: its commands are run and compared, its code is run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sbdiag.cli import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def run(command: str) -> int:
    """Run one command of the tutorial; ``cat A B > C`` is all that it needs of a shell."""
    words = shlex.split(command)
    if words[0] == "cat":
        *sources, arrow, target = words[1:]
        assert arrow == ">"
        text = "".join(Path(source).read_text("utf-8") for source in sources)
        Path(target).write_text(text, "utf-8")
        return 0
    assert words[0] == "sbdiag"
    return main(words[1:])


def stands_in(expected: str, out: str) -> bool:
    """Whether the printed parts come in this order, and the text begins and ends as printed."""
    first, *rest = expected.split("…\n")
    if not out.startswith(first):
        return False
    at = len(first)
    for number, part in enumerate(rest, start=1):
        if number == len(rest):
            return out.endswith(part) and len(out) - len(part) >= at
        at = out.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(out) == at


def test_commands_and_code_do_what_the_tutorial_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("docs", "sample_logs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    statuses = {}
    for kind, text in BLOCK.findall(TEXT):
        if kind == "python":
            exec(compile(text, "docs/tutorial.md", "exec"), {})
            capsys.readouterr()
            continue
        for command, expected in COMMAND.findall(text):
            statuses[command] = run(command)
            out = capsys.readouterr().out
            assert stands_in(expected, out), f"{command}\n{out}"
    assert [status for command, status in statuses.items() if " check " in command] == [1, 0]
    assert {status for command, status in statuses.items() if " check " not in command} == {0}
    assert sum(TEXT.count(f"\n```{kind}\n") for kind in ("console", "python")) == len(
        BLOCK.findall(TEXT)
    )


@pytest.mark.parametrize(
    ("expected", "out", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\nb\n", True),
        ("a\n…\nc\n", "a\nb\nc\n", True),
        ("a\n…\nc\n", "a\nb\nc\nd\n", False),
        ("a\n…\nx\n…\nc\n", "a\nb\nc\n", False),
        ("a\n…\na\n", "a\n", False),
    ],
)
def test_a_left_out_part_stands_for_any_lines_and_for_nothing_else(
    expected: str, out: str, same: bool
) -> None:
    assert stands_in(expected, out) is same


def test_the_profile_printed_is_the_profile_used() -> None:
    printed = re.findall(r"```scheme\n(.*?)```", TEXT, re.DOTALL)
    assert printed == [(ROOT / "docs" / "tutorial" / "agent.sb").read_text("utf-8")]

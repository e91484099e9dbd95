from __future__ import annotations

from pathlib import Path

import pytest

from sbdiag.errors import SbdiagError
from sbdiag.export.policy import read_policy


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('(version 1)(deny default)(allow file-read* (subpath "/Users/me/a"))', "allow"),
        ("(version 1)\n(deny default)\n", "deny"),
        ('{"filesystem": {"read": ["~/a"]}}', "allow"),
        ('// mine\n/* two */ {"filesystem": {"read": ["~/b"]}}', "deny"),
        ('\ufeff{"filesystem": {"read": ["$HOME/a"]}}', "allow"),
    ],
)
def test_a_policy_is_told_by_its_content(tmp_path: Path, text: str, verdict: str) -> None:
    path = tmp_path / "policy"
    path.write_text(text, "utf-8")
    profile = read_policy(path, {"HOME": "/Users/me"})
    assert profile.decide("file-read-data", "/Users/me/a/x").verdict == verdict


@pytest.mark.parametrize("text", ["", "{", "(version 1", "hello"])
def test_what_is_neither_is_our_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy"
    path.write_text(text, "utf-8")
    with pytest.raises(SbdiagError):
        read_policy(path)


def test_a_missing_file_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no-such"):
        read_policy("no-such.sb")

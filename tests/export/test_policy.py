from __future__ import annotations

from pathlib import Path

import pytest

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.replay import replay
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


def test_a_nono_profile_checks_a_capture_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "my.json"
    path.write_text('{"extends": "b", "filesystem": {"read": ["$X/a", "$WORKDIR/w"]}}', "utf-8")
    (tmp_path / "b.json").write_text('{"filesystem": {"read": ["~/b"]}}', "utf-8")
    profile = read_policy(path, {"HOME": "/Users/me", "X": "/x", "WORKDIR": "/w"})
    rows = [
        {"operation": "file-read-data", "target": target, "verdict": "deny", "line": line}
        for line, target in enumerate(("/x/a/f", "/w/w/f", "/Users/me/b/f", "/Users/me/c"))
    ]
    verdicts = replay(DENIALS.frame(rows), profile)
    assert verdicts["verdict"].tolist() == ["allow", "allow", "allow", "deny"]
    assert "my.json" in str(verdicts["location"].iloc[0])
    assert any("taken to exist" in warning for warning in profile.warnings)
    assert any("$X" in warning for warning in read_policy(path).warnings)

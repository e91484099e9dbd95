from pathlib import Path

import pytest

from sbdiag.errors import ProfileError, ProfileReadError
from sbdiag.seatbelt.profile import Profile, parse_profile, read_profile
from sbdiag.seatbelt.rules import Filter, Rule


def test_read_profile_with_params_and_imports(tmp_path: Path) -> None:
    (tmp_path / "more.sb").write_text('(allow file-read-data (literal "/more"))', encoding="utf-8")
    path = tmp_path / "agent.sb"
    path.write_text(
        '(version 1)(deny default)(import "more.sb")'
        '(allow file-read-data (subpath (param "HOME")))',
        encoding="utf-8",
    )
    profile = read_profile(path, {"HOME": "/Users/you"}, import_path=[tmp_path])
    assert profile.path == str(path)
    assert profile.version == 1
    assert profile.decide("file-read-data", "/Users/you/a").verdict == "allow"
    decision = profile.decide("file-read-data", "/more")
    assert decision.rule is not None
    assert decision.rule.location is not None
    assert decision.rule.location.path == str(tmp_path / "more.sb")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileReadError, match="unable to open") as caught:
        read_profile(tmp_path / "none.sb")
    assert isinstance(caught.value, OSError)
    with pytest.raises(ProfileError, match="unable to open"):
        parse_profile('(version 1)(import "none.sb")')


def test_a_missing_import_makes_unknown_what_it_could_change() -> None:
    text = (
        '(version 1)(deny default)(allow file-read-data (literal "/before"))(import "x.sb")'
        '(allow file-read-data (literal "/behind"))(allow file-read* (literal "/group"))'
    )
    profile = parse_profile(text, missing_import="unknown")
    assert profile.decide("file-read-data", "/behind").verdict == "allow"
    for path in ("/before", "/group", "/other"):
        decision = profile.decide("file-read-data", path)
        assert decision.verdict == "unknown"
        assert "the rules of x.sb are not known" in decision.reason


def test_what_a_missing_import_defines_makes_rules_too() -> None:
    text = '(version 1)(import "x.sb")(allow file-read-data (literal "/a"))(define-more "/a")'
    assert parse_profile(text, missing_import="unknown").decide("file-read-data", "/a").verdict == (
        "unknown"
    )


def test_with_rules_stand_behind_a_missing_import() -> None:
    profile = Profile(1, (Rule("deny", ("default",)),), unknown_imports=("x.sb",))
    rule = Rule("allow", ("file-read-data",), (Filter("literal", ("/a",)),))
    assert profile.decide("file-read-data", "/a").verdict == "unknown"
    assert profile.with_rules([rule]).decide("file-read-data", "/a").verdict == "allow"
    assert profile.with_rules([rule]).with_rules([rule]).settled_from == 1

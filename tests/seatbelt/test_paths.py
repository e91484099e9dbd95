import sys

import pytest

from sbdiag.seatbelt.paths import PathForm, match_path, normal, readings, resolved, widely_folded


@pytest.mark.parametrize(
    ("form", "pattern", "path", "matches"),
    [
        ("literal", "/a", "/a", True),
        ("literal", "/a", "/a/b", False),
        ("literal", "/A", "/a", True),
        ("literal", "/tmp/x", "/private/tmp/x", False),
        ("literal", "/a//b", "/a/b", None),
        ("literal", "/a//b", "/c", False),
        ("literal", "/a/../b", "/b", False),
        ("literal", "a", "/a", False),
        ("literal", "/", "/", True),
        ("subpath", "/a", "/a", True),
        ("subpath", "/a", "/a/b", True),
        ("subpath", "/a", "/ab", False),
        ("subpath", "/", "/a", True),
        ("subpath", "", "/a", None),
        ("subpath", "/a/", "/a/b", None),
        ("subpath", "/a/", "/ab", False),
        ("prefix", "/a/", "/a/b", True),
        ("prefix", "/a", "/ab", True),
        ("prefix", "", "/a", True),
        ("prefix", "/b", "/a", False),
        ("literal", "/x/${ANY_UUID}/y", "/x/1/y", None),
        ("literal", "/x/${ANY_UUID}/y", "/z/1/y", False),
        ("literal", "/\N{LATIN SMALL LETTER E WITH ACUTE}", "/e\N{COMBINING ACUTE ACCENT}", None),
        ("literal", "/\N{KELVIN SIGN}", "/k", None),
        ("subpath", "/caf\N{LATIN SMALL LETTER E WITH ACUTE}", "/other", False),
    ],
)
def test_match_path(form: PathForm, pattern: str, path: str, matches: bool | None) -> None:
    answer = match_path(form, pattern, path)
    assert answer.matches is matches
    assert bool(answer.why) == (matches is None)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/private/etc/hosts", ("/private/etc/hosts",)),
        ("/etc", ("/etc",)),
        ("/etc/hosts", ("/etc/hosts", "/private/etc/hosts")),
        ("/System/Volumes/Data/Users/you", ("/System/Volumes/Data/Users/you", "/Users/you")),
        ("/a//b/", ("/a//b/", "/a/b")),
    ],
)
def test_readings(path: str, meant: tuple[str, ...]) -> None:
    assert readings(path) == meant


def test_resolved_and_normal() -> None:
    assert resolved("/var/run/x") == "/private/var/run/x"
    assert resolved("/variable") == "/variable"
    assert resolved("/etc/resolv.conf") == "/private/var/run/resolv.conf"
    assert normal("/a/./b//../c/") == "/a/c"
    assert normal("/../..") == "/"


def test_what_is_equal_in_lower_case_is_equal_widely_folded() -> None:
    # Rules are found by the one, and compared by both.
    for char in map(chr, range(sys.maxunicode + 1)):
        if char.lower() != char:
            assert widely_folded(char.lower()) == widely_folded(char)

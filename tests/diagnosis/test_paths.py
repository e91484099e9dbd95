from __future__ import annotations

import pytest

from sbdiag.diagnosis import paths


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("/", True),
        ("/a", True),
        ("/a b/'c'\n", True),
        ("/...", True),
        ("", False),
        ("a", False),
        ("~/a", False),
        ("//", False),
        ("//a", False),
        ("/a/", False),
        ("/a/..", False),
        ("/a/./b", False),
        ("/a\0", False),
    ],
)
def test_only_what_the_kernel_prints_is_clean(path: str, clean: bool) -> None:
    assert (paths.fault(path) is None) is clean


@pytest.mark.parametrize(
    ("path", "home"),
    [
        ("/Users/you", "/Users/you"),
        ("/Users/you/x", "/Users/you"),
        ("/Users/yo u/x", "/Users/yo u"),
        ("/Users", None),
        ("/Users/", None),
        ("/Users/Shared/x", None),
        ("/Users/shared/x", None),
        ("/Users/SHARED", None),
        ("/Volumes/Users/you", None),
        ("/private/Users/you", None),
    ],
)
def test_homes(path: str, home: str | None) -> None:
    assert paths.home_of(path) == home


def test_tilde_needs_whole_components() -> None:
    assert paths.tilde("/Users/you/.lima") == "~/.lima"
    assert paths.tilde("/Users/you") == "~"
    assert paths.tilde("/Users/you2/x", "/Users/you") == "/Users/you2/x"
    assert paths.tilde("/etc/x") == "/etc/x"


def test_ancestors_end_at_the_root() -> None:
    assert list(paths.ancestors("/a/b/c")) == ["/a/b", "/a", "/"]
    assert list(paths.ancestors("/")) == []


@pytest.mark.parametrize("path", ["/a\x1b", "/a\n", "/a\x85", "/a\x7f", "/a\udc80"])
def test_control_characters_and_broken_bytes_are_not_plain(path: str) -> None:
    assert not paths.plain(path)


def test_what_is_never_opened_as_a_whole() -> None:
    never = ["/", "/Users", "/Users/you", "/private", "/private/tmp", "/tmp", "/Users/you/Library"]
    assert not any(map(paths.may_open, [*never, "/Users/Shared", "/Users/shared"]))
    assert not paths.may_open("/Users/you/a\nb")
    assert not paths.may_open("/Users/you/../x")
    assert paths.may_open("/Users/you/src/project")
    assert paths.may_open("/private/tmp/build")

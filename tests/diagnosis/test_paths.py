from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.diagnosis import paths
from sbdiag.seatbelt.paths import normal


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


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/Users",
        "/USERS",
        "/Users/you",
        "/Users/Shared",
        "/Users/shared",
        "/users/YOU",
        "/System/Volumes/Data",
        "/System/Volumes/Data/Users",
        "/system/volumes/DATA/Users/you/Documents",
        "/System/Volumes/Preboot",
        "/Users/you/documents",
        "/Users/you/Library",
        "/Users/you/Library/Mobile Documents/com~apple~CloudDocs",
        "/Users/you/Library/CloudStorage/Dropbox",
        "/Volumes",
        "/Volumes/Disk",
        "/Volumes/Disk/Users/you/Desktop",
        "/Volumes/Disk/Volumes/Other",
        "/Volumes/Disk/2026-01-01/HD - Data/Users/you",
        "/home",
        "/home/you",
        "/net/server",
        "/private",
        "/private/TMP",
        "/tmp",
        "/Var/folders/ab/cd/T",
        "/private/var/ROOT",
        "/projects",
        "/.vol/16777220/2/Users",
        "/.nofollow/Users",
        # Composed or not, and with what HFS+ passes over.
        "/Users/you/Doc\u200cuments",
        "/Users/Jos\u00e9",
        "/Users/Jose\u0301/Documents",
        # No path that the kernel prints.
        "/Users/you/a\nb",
        "/Users/you/../x",
    ],
)
def test_what_is_never_opened_as_a_whole(path: str) -> None:
    assert not paths.may_open(path)


@pytest.mark.parametrize(
    "path",
    [
        "/Users/you/src/project",
        "/Users/you/Documents/project",
        "/private/tmp/build",
        "/private/var/folders/ab/cd/T/build",
        "/Volumes/Disk/src/project",
        "/Users/you/Users/x",
    ],
)
def test_what_may_be(path: str) -> None:
    assert paths.may_open(path)


_SAME_ROOT = ("", "/System/Volumes/Data", "/.nofollow", "/.resolve/1", "/.vol/16777220/2")


@st.composite
def _spelled(draw: st.DrawFn, path: str) -> str:
    """Another spelling of a path of a table, for any home where it begins with ``~``."""
    home = draw(
        st.sampled_from(["/Users/you", "/Users/Jos\u00e9 x", "/private/var/root", "/home/u"])
    )
    path = path.replace("*", "any")
    path = home + path[1:] if path.startswith("~") else path
    head = draw(st.sampled_from(paths.ALIASES))
    if paths.below(path, f"/private{head}") and draw(st.booleans()):
        path = path.removeprefix("/private")
    if not path.startswith("/.vol"):
        path = draw(st.sampled_from(_SAME_ROOT)) + draw(st.sampled_from(["", "/Volumes/D"])) + path
    parts = [
        "".join(draw(st.sampled_from([each, each.swapcase()])) for each in part)
        + draw(st.sampled_from(["", "", "/.", "/", "/x/.."]))
        for part in path.split("/")
    ]
    return "/".join(parts)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), path=st.sampled_from(sorted(paths.NEVER_WHOLE)))
def test_another_spelling_opens_nothing(data: st.DataObject, path: str) -> None:
    spelled = data.draw(_spelled(path))
    assert not paths.may_open(spelled)
    # Dots alone keep a path from being opened: without them, the table has to.
    assert not paths.may_open(normal(spelled))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), path=st.sampled_from(["/Users/you/.a b/c", "/private/etc/x", "/a/b", "~"]))
def test_spellings_fold_to_one_text(data: st.DataObject, path: str) -> None:
    spelled = data.draw(_spelled(path))
    assert paths.folded(spelled) == paths.folded(path)
    assert paths.folded(paths.folded(spelled)) == paths.folded(spelled)


@given(st.text(alphabet="/.aA\u00e9~*", max_size=12).map("/".__add__))
def test_folding_keeps_apart_what_differs_in_more_than_spelling(path: str) -> None:
    assert paths.folded(f"{path}/b") != paths.folded(f"{path}/c")


def test_a_long_hostile_path_is_folded_at_once() -> None:
    deep = "/Volumes/x" * 20_000
    assert paths.folded(deep) == "/"
    assert paths.folded(f"{deep}/y") == "/y"

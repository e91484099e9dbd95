from __future__ import annotations

import pytest

from sbdiag.errors import ExportError, Location
from sbdiag.export.nono_read import Entry
from sbdiag.export.nono_setting import LINKS, Setting

HERE = Location("x.json", 1)
ENVIRONMENT = {"X": "/x", "TMPDIR": "/var/folders/ab/T/", "UID": "501", "XDG_CACHE_HOME": "/c"}


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("~", "/Users/you"),
        ("~/a/", "/Users/you/a"),
        ("$HOME/a", "/Users/you/a"),
        ("$WORKDIR/a", "/w/a"),
        ("$TMPDIR/a-$UID", "/var/folders/ab/T/a-501"),
        ("$XDG_CONFIG_HOME/a", "/Users/you/.config/a"),
        ("$XDG_STATE_HOME/a", "/Users/you/.local/state/a"),
        ("$XDG_DATA_HOME", "/Users/you/.local/share"),
        ("$XDG_CACHE_HOME", "/c"),
        ("$NONO_CONFIG", "/Users/you/.config/nono"),
        ("$NONO_PACKAGES", "/Users/you/.config/nono/packages"),
        ("$X/$X", "/x//x"),
        ("/", "/"),
        # Neither braces, nor another's home, nor a tilde inside is anything special.
        ("/a/${X}", "/a/${X}"),
        ("/a/~/b", "/a/~/b"),
    ],
)
def test_paths_are_expanded(written: str, path: str) -> None:
    setting = Setting(home="/Users/you", workdir="/w", environment=ENVIRONMENT)
    assert setting.expand(written, origin="o") == path
    assert setting.notes == []


@pytest.mark.parametrize(
    ("written", "environment", "note"),
    [
        ("$Y/a", None, "o: the value of $Y is not given, so it is left out"),
        ("$WORKDIR", None, "$WORKDIR is not given"),
        ("$XDG_RUNTIME_DIR/a", None, "$XDG_RUNTIME_DIR is not given"),
        ("$Y/a", {}, "o: nono finds no such path"),
        ("a/b", None, "no absolute path"),
        ("~you/b", None, "no absolute path"),
        ("@git:common-dir", {}, "no absolute path"),
    ],
)
def test_what_is_not_known_is_left_out_and_said(
    written: str, environment: dict[str, str] | None, note: str
) -> None:
    setting = Setting(home="/Users/you", environment=environment)
    assert setting.expand(written, origin="o") is None
    (found,) = setting.notes
    assert note in found


def test_what_nono_refuses_in_a_path() -> None:
    with pytest.raises(ExportError, match="control character"):
        Setting(home="/h").expand("/a\x1bb", origin="o")
    with pytest.raises(ExportError, match="absolute path in XDG_DATA_HOME"):
        Setting(home="/h", environment={"XDG_DATA_HOME": "x"}).expand("$XDG_DATA_HOME", origin="o")


def test_the_assumed_directory_for_temporary_files_is_said() -> None:
    setting = Setting(home="/h")
    assert setting.expand("$TMPDIR/x", origin="o", location=HERE) == "/tmp/x"
    assert "$TMPDIR is taken for /tmp" in setting.notes[0]


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/tmp", "/private/tmp"),
        ("/tmp/x", "/private/tmp/x"),
        ("/etc/hosts", "/private/etc/hosts"),
        ("/var/run", "/private/var/run"),
        ("/tmpx", "/tmpx"),
        ("/private/tmp", "/private/tmp"),
        ("/a//b/./c/../d", "/a/b/d"),
        ("/l/x", "/private/tmp/t/x"),
        ("/h/link/y", "/h/real/y"),
        ("/", "/"),
    ],
)
def test_links_are_resolved(path: str, resolved: str) -> None:
    setting = Setting(home="/h", links={**LINKS, "/l": "/tmp/t", "/h/link": "real"})
    assert setting.resolve(path) == resolved


def test_links_in_a_circle_are_an_error() -> None:
    with pytest.raises(ExportError, match="circle"):
        Setting(home="/h", links={"/a": "/b", "/b": "/a"}).resolve("/a/x")


@pytest.mark.parametrize(
    ("when", "macos", "applies"),
    [
        ("macos", None, True),
        ("linux", None, False),
        ("linux:ubuntu:>=22.04", None, False),
        ("!linux", None, True),
        ("!macos", None, False),
        ("beos", None, False),
        ("macos:>=15", "15.1", True),
        ("macos:>=15", "14.7", False),
        ("macos:15", "15", True),
        ("macos:15", "15.1", False),
        ("macos:<15.2", "15.10", False),
        ("macos:<=15.1", "15.1", True),
        ("!macos:>15", "15", True),
    ],
)
def test_conditions(when: str, macos: str | None, applies: bool) -> None:
    setting = Setting(home="/h", macos=macos)
    assert setting.applies(Entry("x", HERE, (when,)), "o") is applies
    assert setting.notes == []


def test_an_open_condition_counts_and_is_said() -> None:
    setting = Setting(home="/h")
    assert setting.applies(Entry("x", HERE, ("linux", "macos:>=15")), "o")
    assert setting.notes == ["o: counts only when linux or macos:>=15; taken as if it did"]
    assert Setting(home="/h").applies(Entry("x", HERE), "o")


@pytest.mark.parametrize(
    "when", ["", "!", "macos:", "macos:~15", "macos:>=15:x", "a!b", "macos::1"]
)
def test_no_condition(when: str) -> None:
    with pytest.raises(ExportError, match="no condition"):
        Setting(home="/h").applies(Entry("x", HERE, (when,)), "o")


def test_what_exists_can_be_given() -> None:
    assert Setting(home="/h").present("/any")
    assert Setting(home="/h", exists={"/private/tmp"}).present("/tmp")
    assert not Setting(home="/h", exists=()).present("/tmp")
    assert Setting(home="/h", exists=lambda path: path == "/a").present("/a")

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.compare import changes, check
from sbdiag.display.verdicts import changes_text, check_text, explain_text, profile_notes
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.sexpr import quote

PAINTED = "/a\x1b[31m"
HOSTILE = "/a\x1b]0;owned\x07\u202eb\n(allow default)"
RULES = f"""(version 3)
(deny default)
(allow file-read* (subpath "/Users/you/a/long/way/down/to/where/the/name/of/the/directory/ends"))
(allow file-read* (literal {quote(PAINTED)}))
(allow mach-lookup (global-name "n"))
"""


def profile(text: str = RULES) -> Profile:
    return parse_profile(text, path="a.sb", missing_import="unknown")


def denials(*asked: tuple[str, str | None], **columns: object) -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": "r", "line": 1}
    return DENIALS.frame([{**row, "operation": o, "target": t, **columns} for o, t in asked])


LONG = "/Users/you/a/long/way/down/to/where/the/name/of/the/directory/ends/and further/" + "x" * 60
ASKED = denials(
    ("file-read-data", LONG),
    ("file-read-data", HOSTILE),
    ("file-read-data", "/Users/you/.ssh/x"),
    ("mach-lookup", "n (xpc)"),
    ("lsopen", None),
    ("file-read-data", PAINTED),
)


def checked(*, colour: bool = False) -> str:
    return check_text(check(ASKED, profile()), name="a.sb", notes=["a note"], colour=colour)


def changed(*, colour: bool = False) -> str:
    other = profile(
        f'(version 3)(deny default)(allow file-read* (subpath "{LONG}"))(allow lsopen)'
        f"(allow file-read-data (literal {quote(HOSTILE)}))"
    )
    table = changes(ASKED, profile(), other)
    return changes_text(table, before="a.sb", after="b.sb", colour=colour)


def explained(*, colour: bool = False) -> str:
    return explain_text(profile().decide("file-read-data", HOSTILE), colour=colour)


@pytest.mark.parametrize("text", [checked, changed, explained])
def test_no_name_reaches_the_terminal_as_more_than_text(text: Callable[..., str]) -> None:
    out = text()
    assert not any(char in out for char in "\x1b\x07\u202e")
    assert "\n(allow default)" not in out
    assert "\\x1b" in out


@pytest.mark.parametrize("text", [checked, changed, explained])
def test_80_columns_but_for_a_name_that_is_longer(text: Callable[..., str]) -> None:
    for line in text().splitlines():
        assert len(line) <= 80 or len(line.split()) <= 2, line


@pytest.mark.parametrize("text", [checked, changed, explained])
def test_colours_are_all_that_colours_add(text: Callable[..., str]) -> None:
    painted = text(colour=True)
    assert "\x1b[31;1m" in painted
    for code in ("\x1b[31;1m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"):
        painted = painted.replace(code, "")
    assert painted == text()


def test_a_check_counts_and_says_where_each_answer_comes_from() -> None:
    out = checked()
    assert out.startswith(
        "a.sb: 5 accesses: 2 denied, 1 unknown, 2 allowed; 1 set apart.\n\nDenied\n"
    )
    parts = out.split("\n\n")
    heads = [part.split("\n")[0] for part in parts[1:]]
    assert heads == [
        "Denied",
        "Unknown",
        "Allowed",
        "Set apart: not held against the profile",
        "Notes",
    ]
    assert "a.sb:2:1  (deny default)" in parts[1]
    assert "first seen at r:1" in parts[1]
    assert "reports disagree" in " ".join(parts[2].split())
    assert "a.sb:3:1" in parts[3]
    assert "ssh" in parts[4].lower()


def test_what_is_allowed_is_cut_and_what_is_denied_is_not() -> None:
    many = denials(*(("file-read-data", f"/x/{n}") for n in range(30)))
    denied = check_text(check(many, profile()), name="a.sb")
    assert denied.count("  x     1") == 30
    open_ = profile("(version 3)(deny default)(allow file-read*)")
    allowed = check_text(check(many, open_), name="a.sb")
    assert allowed.count("  +     1") == 20
    assert "and 10 more" in allowed


def test_changes_name_both_rules_and_count_the_rest() -> None:
    out = changed()
    assert "1 removed, 2 added, 1 unclear, 2 same" in " ".join(out.split())
    assert "Removed: allowed before, denied after" in out
    assert "before: deny, a.sb:2:1  (deny default)" in out
    assert "    1  denied by both" in out


def test_changes_show_secrets_with_the_rest_and_what_no_profile_decides_apart() -> None:
    asked = denials(("file-read-data", "/Users/you/.ssh/x"))
    forbidden = denials(("file-read-data", "/System/x"), layer="system-policy")
    both = pd.concat([asked, forbidden], ignore_index=True)
    table = changes(both, profile(), profile("(version 3)(allow default)"))
    out = changes_text(table, before="a.sb", after="b.sb")
    assert "1 access: 0 removed, 1 added, 0 unclear, 0 same; 1 set apart." in out
    added, apart = out.split("\n\n")[1:]
    assert "sensitive" in added
    assert "system-policy" in apart


def test_an_explanation_begins_with_the_verdict() -> None:
    out = explain_text(profile().decide("lsopen"))
    assert out.startswith("lsopen: deny\n  the last unfiltered rule of default says deny")


def test_imports_that_were_not_found_are_named() -> None:
    assert profile_notes([profile()]) == ()
    (note,) = profile_notes([profile('(version 1)(import "no.sb")')])
    assert note.startswith("a.sb imports what was not found: no.sb.")


def test_warnings_of_profiles_are_named_once_and_bounded() -> None:
    one = profile("#| old |#\n(version 1)")
    (warning,) = one.warnings
    assert profile_notes([one, one]) == (f"a.sb: {warning}",)
    notes = profile_notes([replace(one, warnings=tuple(map(str, range(100))))])
    assert notes[11:] == ("a.sb: 11", "a.sb: … and 88 more warnings (Profile.warnings)")

from __future__ import annotations

import pytest

from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.display.exported import export_text
from sbdiag.display.visible import shorten_list
from sbdiag.export.account import Export
from sbdiag.seatbelt.rules import Filter, Rule


def minimal(path: str) -> MinimalRule:
    return MinimalRule(Rule("allow", ("file-read*",), (Filter("literal", (path,)),)), (0,), "", "")


@pytest.mark.parametrize(
    ("exact", "said"), [(0, "0 rules to the letter."), (1, "1 rule to the letter.")]
)
def test_only_the_accounts_that_hold_something_are_named(exact: int, said: str) -> None:
    out = export_text(Export("", exact=(minimal("/a"),) * exact), name="a.sb")
    assert out.startswith(f"Wrote a.sb: {said}")
    assert out.count("\n") == 1


def test_each_account_is_shown_with_its_reasons_and_bounded() -> None:
    many = tuple((minimal(f"/{n}"), f"because {n}") for n in range(3000))
    export = Export("", widened=many, already_granted=many[:1], unrepresented=many[:2])
    lines = export_text(export, name="x").splitlines()
    assert lines[0] == (
        "Wrote x: 0 rules to the letter, 3,000 wider than asked, 1 granted already, 2 not"
    )
    assert len(lines) < 40
    assert "    … and 2,992 more" in lines
    assert '    (allow file-read* (literal "/7"))' in lines
    assert "      because 7" in lines


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("a, b, c", 7, "a, b, c"),
        ("one, two, three, four, five; six.", 22, "one, two, … five; six."),
        ("one, two, three, four, five; six.", 21, "one, two, … six."),
        # The last part has no room; the first has none.
        ("one, two, " + "x" * 30, 22, "one, two, …"),
        ("x" * 30 + ", two, three", 11, "xxxxx…three"),
        ("/a,b/" * 9, 9, "/a,b…a,b/"),
    ],
)
def test_a_list_is_cut_at_commas(text: str, width: int, shown: str) -> None:
    assert shorten_list(text, width) == shown


def test_a_reason_is_not_cut_within_a_path() -> None:
    places = [f"/Users/you/Library/Application Support/{n}" for n in range(40)]
    export = Export("", widened=((minimal("/a"), f"nono grants {', '.join(places)}."),))
    lines = export_text(export, name="x", width=20_000).splitlines()
    shown = lines[-1].strip().removeprefix("nono grants ").removesuffix(".").split(", ")
    assert 8 < len(shown) < 14
    assert {part.removeprefix("… ") for part in shown} <= set(places)
    assert shown[-1] == places[-1]


def test_names_and_notes_reach_the_terminal_as_text() -> None:
    hostile = "/\x1b[31m\u202e"
    export = Export("", unrepresented=((minimal(hostile), hostile),), notes=(hostile,))
    out = export_text(export, name=hostile)
    assert not {"\x1b", "\u202e"} & set(out)
    assert out.count("[31m") == 4
    assert "\x1b[1m" in export_text(export, name="x", colour=True)

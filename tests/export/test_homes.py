from __future__ import annotations

from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.export.homes import by_parameter, one_home
from sbdiag.seatbelt.rules import Filter, Rule
from sbdiag.seatbelt.text import filter_text


def rule(path: str) -> MinimalRule:
    literal = Filter("literal", (path,))
    every = Filter("require-all", (Filter("extension-class", ("c",)), literal))
    return MinimalRule(Rule("allow", ("file-issue-extension",), (every,)), (0,), "P.", "s")


def test_only_one_home_is_the_home() -> None:
    assert one_home([rule("/Users/you/a"), rule("/etc/x")]) == "/Users/you"
    assert one_home([rule("/Users/you/a"), rule("/Users/me/a")]) is None
    assert one_home([rule("/etc/x")]) is None


def test_paths_below_it_are_written_by_parameter() -> None:
    def written(path: str) -> str:
        return filter_text(by_parameter(Filter("literal", (path,)), "/Users/you"))

    assert written("/Users/you/a b") == '(literal (string-append (param "HOME") "/a b"))'
    assert written("/Users/you") == '(literal (param "HOME"))'
    assert written("/Users/you2/a") == '(literal "/Users/you2/a")'
    (every,) = rule("/Users/you/a").rule.filters
    assert filter_text(by_parameter(every, "/Users/you")) == (
        '(require-all (extension-class "c") (literal (string-append (param "HOME") "/a")))'
    )
    assert by_parameter(every, None) == every

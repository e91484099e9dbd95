from __future__ import annotations

from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.export.forms import forms
from sbdiag.seatbelt.rules import Filter, Rule
from sbdiag.seatbelt.text import one_line


def rule(operation: str, *filters: Filter, apart: str = "") -> MinimalRule:
    return MinimalRule(Rule("allow", (operation,), filters), (0,), "P.", "s", apart=apart)  # type: ignore[arg-type]


def test_one_form_for_one_operation_and_filter_kind() -> None:
    a, b = (rule("mach-lookup", Filter("global-name", (name,))) for name in "ab")
    local = rule("mach-lookup", Filter("local-name", ("c",)))
    bare = rule("mach-lookup")
    found = forms([a, local, b, bare])
    assert [one_line(form.rule) for form in found] == [
        '(allow mach-lookup (global-name "a") (global-name "b"))',
        '(allow mach-lookup (local-name "c"))',
        "(allow mach-lookup)",
    ]
    assert [form.members for form in found] == [(a, b), (local,), (bare,)]


def test_rules_that_are_written_apart_stay_apart() -> None:
    a = rule("mach-lookup", Filter("global-name", ("a",)))
    b = rule("mach-lookup", Filter("global-name", ("b",)), apart="noise")
    assert len(forms([a, b])) == 2


def test_conjunctions_of_one_operation_are_alternatives() -> None:
    parts = [
        Filter("require-all", (Filter("literal", (name,)), Filter("extension-class", ("c",))))
        for name in ("/a", "/b")
    ]
    (form,) = forms([rule("file-issue-extension", part) for part in parts])
    assert one_line(form.rule) == (
        '(allow file-issue-extension (require-all (literal "/a") (extension-class "c")) '
        '(require-all (literal "/b") (extension-class "c")))'
    )


def test_one_line_is_one_line_whatever_a_name_holds() -> None:
    hostile = rule("mach-lookup", Filter("global-name", ('a\n)(allow default) "',)))
    assert "\n" not in one_line(hostile.rule)

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet
from sbdiag.export.forms import forms
from sbdiag.export.sb import to_sb
from sbdiag.seatbelt.rules import Filter, Rule
from sbdiag.seatbelt.scheme import evaluate

VM = "com.apple.Virtualization.VirtualMachine"
ARTICLE = [
    ("file-read-data", "/private/etc/sudoers"),
    ("mach-lookup", f"{VM} (xpc)"),
    ("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]"),
    ("generic-issue-extension", "extension-class:com.apple.virtualization.extension.fuse"),
    (
        "generic-issue-extension",
        "extension-class:com.apple.virtualization.extension.rosetta-directory-share",
    ),
    ("file-read-metadata", "/Users/you/.lima"),
    ("file-read-data", "/Users/you/.lima/default/lima.yaml"),
    ("file-read-data", "/Users/you/Library/Caches/lima/x"),
    ("file-read-data", "/private/var/run/resolv.conf"),
]
ARTICLE_TEXT = """\
(allow mach-lookup
    (global-name "com.apple.Virtualization.VirtualMachine"))

(allow mach-task-name)

(allow generic-issue-extension
    (extension-class "com.apple.virtualization.extension.fuse")
    (extension-class "com.apple.virtualization.extension.rosetta-directory-share"))

(allow file-read* file-write*
    (subpath "/Users/you/.lima")
    (subpath "/Users/you/Library/Caches/lima"))

(allow file-read*
    (literal "/private/var/run/resolv.conf"))
"""
HOSTILE = [
    '/x") (allow default) ("',
    "/x\n(allow default)",
    "/x\r(allow default)",
    "/x\u2028(allow default)",
    "/x ; (allow default)",
    "/x\\",
    '/x\\")(allow default)',
    "/x\u202e)tluafed wolla(",
    "/x\x1b[2J",
    "/x\t#| |#",
    "/é ü 😀",
    "/x)",
    "/(",
]


def frame(rows: Iterable[tuple[str, str | None]], run: str = "vz.log") -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": run}
    return DENIALS.frame(
        [
            {"operation": operation, "target": target, "line": line, **row}
            for line, (operation, target) in enumerate(rows, start=1)
        ]
    )


def without_comments(text: str) -> str:
    kept = [line for line in text.split("\n") if not line.lstrip().startswith(";")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n") + "\n"


def read_back(text: str) -> list[Rule]:
    profile = text if text.startswith("(version") else f"(version 1)\n{text}"
    found = evaluate(profile, params={"HOME": "/Users/you"}).rules
    return [rule for rule in found if rule.operations != ("default",)]


def expected(rules: RuleSet) -> list[Rule]:
    return [form.rule for form in forms(rules)]


def test_the_article_to_the_letter() -> None:
    denials = frame(ARTICLE)
    export = to_sb(minimal_rules(denials, xpc="global-name"), denials=denials)
    assert without_comments(export.text) == ARTICLE_TEXT
    assert (export.widened, export.already_granted, export.unrepresented) == ((), (), ())


def test_a_comment_says_what_for_who_asked_and_how_wide() -> None:
    denials = frame(ARTICLE)
    rules = minimal_rules(denials, xpc="global-name")
    text = to_sb(rules, denials=denials).text
    assert "; Asked for by vz.log:3.\n" in text
    assert "(target others)" in text
    assert "; Lima keeps the state" in text
    assert "    ; Asked for by vz.log:6, vz.log:7.\n" in text
    assert "everything below this directory; 2 seen" in text
    assert "; 1 sensitive, system-accounts:" in text
    assert "; Asked for by row 2.\n" in to_sb(rules).text
    assert all(len(line) <= 100 for line in text.split("\n"))


def test_each_rule_of_a_form_that_has_a_warning_says_so() -> None:
    names = {"/a": "Take care.", "/b": "", "/c": "Take care.", "/d": "Look twice.", "/e": ""}
    rules = RuleSet(
        tuple(
            MinimalRule(
                Rule("allow", ("file-read*",), (Filter("literal", (name,)),)),
                (0,),
                "P.",
                "s",
                warning=warning,
            )
            for name, warning in names.items()
        )
    )
    text = to_sb(rules).text
    comments = re.split(r"\n    \(literal ", text.partition("(allow")[2])
    notes = [re.findall(r"; Note: (.*)", comment) for comment in comments[:5]]
    assert notes == [["Take care."], [], ['as for (literal "/a") above.'], ["Look twice."], []]
    assert read_back(text) == expected(rules)


def test_many_rows_are_counted() -> None:
    denials = frame([("mach-lookup", "a.b")] * 7)
    text = to_sb(minimal_rules(denials), denials=denials).text
    assert "vz.log:1, vz.log:2, vz.log:3, vz.log:4 and 3 more." in text


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("deny-default", "(version 1)\n(deny default)\n\n;"),
        ("import-system", '(version 1)\n(deny default)\n(import "system.sb")\n\n;'),
    ],
)
def test_a_whole_profile_has_a_head(base: str, head: str) -> None:
    export = to_sb(minimal_rules(frame(ARTICLE)), whole=True, base=base)  # type: ignore[arg-type]
    assert export.text.startswith(head)
    assert bool(export.notes) is (base == "deny-default")


def test_the_home_directory_by_parameter() -> None:
    rules = minimal_rules(frame(ARTICLE))
    export = to_sb(rules, home="param", whole=True)
    assert '(subpath (string-append (param "HOME") "/.lima"))' in export.text
    assert "/Users/you" not in without_comments(export.text)
    assert any("-D HOME=" in note for note in export.notes)
    assert read_back(export.text) == expected(rules)
    assert to_sb(rules, home=None) == to_sb(rules, home="absolute")


def test_two_homes_stay_absolute_and_that_is_said() -> None:
    rows = [("file-read-data", "/Users/you/.lima/x"), ("file-read-data", "/Users/me/.lima/x")]
    export = to_sb(minimal_rules(frame(rows)), home="param")
    assert '"/Users/me/.lima"' in export.text
    assert any("stay absolute" in note for note in export.notes)


def test_what_was_asked_for_by_name_stands_under_its_own_heading() -> None:
    rows = [("file-read-data", "/Users/you/.ssh/id"), ("file-read-data", "/a")]
    text = to_sb(minimal_rules(frame(rows), sensitive=["ssh-keys"])).text
    assert text.index('"/a"') < text.index("; Asked for by name: sensitive") < text.index("id")


def test_no_rules_is_said() -> None:
    export = to_sb(minimal_rules(frame([])))
    assert export.text == "; No rules: no denial that a rule would lift.\n"


@pytest.mark.parametrize("options", [{"base": "none"}, {"home": "tilde"}])
def test_options_are_checked(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not"):
        to_sb(minimal_rules(frame([])), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_ends_a_string_or_a_comment(name: str) -> None:
    rows = [
        ("file-read-data", name),
        ("file-read-data", f"/Users/you/.lima{name}"),
        ("file-read-data", f"/Users{name}/.lima/x"),
        ("mach-lookup", name),
        ("mach-lookup", f"{name} (xpc)"),
        ("sysctl-read", name),
        ("file-issue-extension", f"target:{name} extension-class:a.b"),
        ("network-bind", name),
        ("mach-task-name", f"others [{name}(1)]"),
        (f"file-read-data{name}", "/x"),
    ]
    denials = frame(rows, run=name)
    denials["process"] = name
    denials["tag"] = name
    rules = minimal_rules(denials)
    for home in ("absolute", "param"):
        text = to_sb(rules, denials=denials, home=home).text  # type: ignore[arg-type]
        assert read_back(text) == expected(rules)
        assert text.replace("\n", "").isprintable()
        for line in text.split("\n"):
            assert not line.startswith(("(allow default", "tluafed"))


_ROW = st.tuples(
    st.sampled_from(["file-read-data", "file-write-create", "mach-lookup", "process-exec*"]),
    st.text(min_size=1, max_size=10).map(lambda text: "/" + text),
)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(_ROW, max_size=6), run=st.text(min_size=1, max_size=10))
def test_the_text_reads_back_as_the_rules(rows: list[tuple[str, str]], run: str) -> None:
    denials = frame(rows, run=run)
    rules = minimal_rules(denials)
    assert read_back(to_sb(rules, denials=denials).text) == expected(rules)

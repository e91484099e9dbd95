"""Pages: what they say first, and that no log text becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS, MILESTONES, UNPARSED
from sbdiag.diagnosis.ruleset import RuleSet, Withheld, WithheldReason
from sbdiag.display import html_sections
from sbdiag.display.answer import answer
from sbdiag.display.html import report_html, report_page
from sbdiag.display.html_parts import Html, block, element, escape, join

TAGS = {
    "div style p ul li section h2 table thead tbody tr th td details summary span pre code br",
    "html head meta title body main h1 figure picture source img",
}
ALLOWED = {name for names in TAGS for name in names.split()}
ATTRIBUTES = {"class", "open", "scope", "charset", "http-equiv", "content", "name", "lang"}
ATTRIBUTES |= {"src", "srcset", "media", "alt"}
# Each would leave its place if it were not escaped there.
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></code></pre><iframe src=//evil>",
    "<!-- --> ]]> &lt;b&gt; &#x3c;b&#x3e;",
    "javascript:alert(1)",
    "safe\u202egnp.exe\u2066\u200b\ufeff",
    "bell\x07 esc\x1b[2J nul\x00 del\x7f c1\x9b line\n tab\t ls\u2028",
]


class Page(HTMLParser):
    """Every element with its attributes, and all text, as a browser would find them."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    @property
    def text(self) -> str:
        return "".join(self.words)


def hostile_report(case: SimpleNamespace, name: str) -> SimpleNamespace:
    """A report in which everything that comes from a file is `name`."""
    denials = case.denials()
    for column in ("process", "target", "target_name", "tag", "run"):
        denials[column] = pd.Series([name] * len(denials), dtype="object")
    denials["operation"] = pd.Categorical([name] * len(denials))
    milestones = case.milestones().assign(message=name, error=name, run=name)
    unparsed = UNPARSED.frame([{"run": name, "line": 1, "text": name, "reason": name}])
    entitlements = case.report().entitlements.assign(
        executable=name, key=name, purpose=name, value=pd.Series([{name: [name]}], dtype="object")
    )
    findings = case.findings().assign(title=name, detail=name, run=name, source=name)
    findings["entitlements"] = pd.Series([(0,)] * len(findings), dtype="object")
    stages = case.stages().assign(title=name, fails_as=name)
    rules = RuleSet(
        case.rules().rules,
        (Withheld("sensitive", name, (0, 1), case.rules().rules[:1]),),
        notes=(name,),
    )
    report = case.report(
        denials=denials,
        milestones=milestones,
        unparsed=unparsed,
        entitlements=entitlements,
        findings=findings,
        stages=stages,
        rules=rules,
        notes=(name,),
    )
    return SimpleNamespace(**vars(report))


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_element_or_attribute_arises_from_data(
        self, case: SimpleNamespace, name: str
    ) -> None:
        plain = Page(report_page(hostile_report(case, "plain"), pictures=False))
        page = Page(report_page(hostile_report(case, name), pictures=False))
        assert page.open == []
        assert page.elements == plain.elements
        assert {tag for tag, _ in page.elements} <= ALLOWED
        assert {key for _, attributes in page.elements for key in attributes} <= ATTRIBUTES

    @pytest.mark.parametrize("name", HOSTILE)
    def test_what_does_not_print_is_shown_for_what_it_is(
        self, case: SimpleNamespace, name: str
    ) -> None:
        markup = report_html(hostile_report(case, name))
        assert [c for c in markup if not c.isprintable() and c != "\n"] == []
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
        assert shown in Page(markup).text
        markup.encode("utf-8")

    def test_the_pictures_hold_no_markup_of_data_either(self, case: SimpleNamespace) -> None:
        page = report_page(hostile_report(case, "<script>alert(1)</script>$x^2$"))
        svgs = [
            base64.b64decode(data).decode()
            for data in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
        ]
        assert len(svgs) == 8
        assert not [svg for svg in svgs if "<script" in svg or "onload" in svg]

    @settings(max_examples=60, deadline=None)
    @given(st.text(max_size=60))
    def test_any_text_survives_as_text(self, text: str) -> None:
        page = Page(element("p", text, class_=text).markup)
        shown = escape(text)
        assert page.elements[0][0] == "p"
        assert len(page.elements) == 1
        assert page.text == page.elements[0][1]["class"]
        assert not set(shown) & set("<>\"'")

    def test_text_is_escaped_by_every_part(self) -> None:
        assert escape("\ud800<") == "\\ud800&lt;"
        assert join(["<b>", Html("<br>")]).markup == "&lt;b&gt;<br>"
        assert (
            block('(a\n  "<b>")').markup == "<pre><code>(a\n  &quot;&lt;b&gt;&quot;)</code></pre>"
        )
        assert element("img", alt='"', hidden=False).markup == '<img alt="&quot;">'


class TestAnswer:
    def test_a_series_that_came_through_says_so_first(self, case: SimpleNamespace) -> None:
        said = answer(case.report())
        assert said.sentences[0].startswith("The last run (06) came through")
        assert said.sentences[1].startswith("Run 01: The start stopped at the lookup of com.apple.")
        assert said.scope == "8 denials (25 refusals) in 6 runs by limactl; 5 rules proposed."
        assert not said.stopped

    def test_one_run_begins_with_its_cause(self, case: SimpleNamespace) -> None:
        findings = case.findings()
        said = answer(
            case.report(
                stages=case.stages().query("run == '01'"), findings=findings[findings.run == "01"]
            )
        )
        assert said.sentences == (
            "The start stopped at the lookup of com.apple.Virtualization.VirtualMachine.",
        )
        assert said.stopped

    def test_a_refused_stage_without_a_finding(self, case: SimpleNamespace) -> None:
        said = answer(
            case.report(
                stages=case.stages().query("run == '02'"), findings=case.findings().iloc[:0]
            )
        )
        assert said.sentences[0].startswith("The start was refused at this stage: the framework")
        assert said.stopped

    def test_nothing_was_found(self, case: SimpleNamespace) -> None:
        said = answer(
            case.report(
                denials=DENIALS.frame(),
                stages=case.stages().iloc[:0],
                findings=case.findings().iloc[:0],
                rules=RuleSet(),
            )
        )
        assert said.sentences == (
            "No denial was found. That is no proof that nothing was refused.",
        )
        assert said.scope == "0 denials; 0 rules proposed."

    def test_many_causes_are_counted(self, case: SimpleNamespace) -> None:
        findings = pd.concat([case.findings()] * 5, ignore_index=True)
        assert answer(case.report(findings=findings)).sentences[-1] == "4 more causes below."


class TestPage:
    def test_the_answer_comes_first_then_the_rest(self, case: SimpleNamespace) -> None:
        text = Page(report_html(case.report())).text
        order = [
            "The last run (06) came through",
            "Run 01: The start stopped at the lookup",
            "Stages of the start",
            "Findings",
            "Rules",
            "Denials without a rule",
            "Read and not read",
            "Assumptions",
        ]
        places = [text.index(words) for words in order]
        assert places == sorted(places)
        assert text.startswith(order[0])

    def test_stages_findings_rules_and_counts_are_there_with_their_evidence(
        self, case: SimpleNamespace
    ) -> None:
        page = Page(report_html(case.report()))
        text = " ".join(page.text.split())
        for words in (
            "mach-task-name others [com.apple.Virtualization.Virtual(44215)]",
            "2026-05-27 10:09:01.600 UTC",
            '(allow mach-lookup (global-name "com.apple.Virtualization.VirtualMachine"))',
            "whole operation: admits the task name of every process",
            "seen were only /Users/you/.lima/default/ha.sock",
            "grade A: shipped in a profile, or measured",
            "lines that name the sandbox and could not be read1",
            "all lines60",
            "no verdict",
            "times without a zone were read as UTC",
            "xpc services are written as global names",
        ):
            assert words in text or words.replace(" ", "") in text.replace(" ", ""), words

    def test_without_style_the_words_are_still_there(self, case: SimpleNamespace) -> None:
        text = Page(re.sub(r"<style>.*?</style>", "", report_html(case.report()), flags=re.S)).text
        for word in ("reached", "refused", "not seen", "unknown", "cause", "warning"):
            assert word in text

    def test_causes_are_unfolded_and_the_rest_folds(self, case: SimpleNamespace) -> None:
        page = Page(report_html(case.report()))
        folds = [attributes for tag, attributes in page.elements if tag == "details"]
        assert len([fold for fold in folds if "open" in fold]) == 2
        assert len(folds) > 10

    def test_the_file_fetches_nothing_and_runs_nothing(self, case: SimpleNamespace) -> None:
        markup = report_page(case.report())
        page = Page(markup)
        assert markup.startswith("<!DOCTYPE html>\n<html lang=")
        (policy,) = [
            attributes["content"] or ""
            for tag, attributes in page.elements
            if attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        (style,) = re.findall(r"<style>(.*?)</style>", markup, flags=re.S)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy
        sources = [
            value or ""
            for _, attributes in page.elements
            for key, value in attributes.items()
            if key in ("src", "srcset", "href")
        ]
        assert len(sources) == 8
        assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
        assert "@import" not in style
        assert "url(" not in style

    def test_the_style_stays_inside(self, case: SimpleNamespace) -> None:
        (style,) = re.findall(r"<style>(.*?)</style>", report_html(case.report()), flags=re.S)
        heads = [
            head.strip() for rule in style.split("}")[:-1] for head in rule.split("{")[0].split(",")
        ]
        assert heads
        assert all(head.startswith(".sbdiag") for head in heads)

    def test_the_same_report_gives_the_same_bytes(self, case: SimpleNamespace) -> None:
        assert report_html(case.report()) == report_html(case.report())
        first, second = (report_page(case.report(), pictures=False) for _ in range(2))
        assert first == second

    def test_a_redacted_report_says_so(self, case: SimpleNamespace) -> None:
        assert "This report is redacted" not in report_html(case.report())
        assert "This report is redacted" in report_html(case.report(redacted=True))

    def test_long_evidence_is_cut_and_counted(self, case: SimpleNamespace) -> None:
        denials = case.storm(500)
        rules = case.rules()
        wide = RuleSet(
            (rules.rules[0].__class__(rules.rules[0].rule, tuple(range(500)), "p", "s"),)
        )
        markup = report_html(
            case.report(
                denials=denials,
                rules=wide,
                stages=case.stages().iloc[:0],
                findings=case.findings().iloc[:0],
                verification=case.report().verification.iloc[:1],
            )
        )
        assert "500 denials" in markup
        assert "and 480 more rows" in markup
        assert len(markup) < 40_000

    def test_an_empty_report(self, case: SimpleNamespace) -> None:
        empty = case.report(
            denials=DENIALS.frame(),
            milestones=MILESTONES.frame(),
            stages=case.stages().iloc[:0],
            findings=case.findings().iloc[:0],
            rules=RuleSet(),
            verification=case.report().verification.iloc[:0],
            unparsed=UNPARSED.frame(),
            notes=(),
        )
        text = Page(report_page(empty)).text
        assert "No denial was found" in text
        assert "No rule is proposed" in text


def test_every_reason_for_withholding_has_its_words() -> None:
    assert set(html_sections._CLASSES) == set(get_args(WithheldReason))

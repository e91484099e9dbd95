from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sbdiag
from sbdiag.errors import SbdiagError
from sbdiag.export.nono_preview import preview_nono
from sbdiag.export.nono_read import read_nono

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "lima-vz"
ARTICLE = (SAMPLE / "expected" / "article.json").read_text("utf-8")


def _profile(**parts: object) -> str:
    return json.dumps({"meta": {"name": "x"}, **parts})


@pytest.fixture(scope="module")
def report() -> sbdiag.Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


def _refused(report: sbdiag.Report, text: str) -> set[str]:
    """Operations of the capture that the preview still refuses, of those that rules answer."""
    rows = sorted({row for rule in report.rules for row in rule.denials})
    verdicts = sbdiag.replay(report.denials.loc[rows], preview_nono(text).profile)
    return set(verdicts.loc[verdicts["verdict"] != "allow", "operation"].astype(str))


def test_the_articles_profile_allows_every_denial_of_its_capture(report: sbdiag.Report) -> None:
    assert _refused(report, ARTICLE) == set()


def test_two_of_its_raw_rules_are_granted_by_the_base_already(report: sbdiag.Report) -> None:
    document = json.loads(ARTICLE)
    document["unsafe_macos_seatbelt_rules"] = document["unsafe_macos_seatbelt_rules"][2:]
    del document["filesystem"]["read_file"]
    assert _refused(report, json.dumps(document)) == set()
    document["unsafe_macos_seatbelt_rules"] = []
    assert _refused(report, json.dumps(document)) == {"generic-issue-extension"}


def test_our_own_export_with_nothing_granted_twice_is_enough(report: sbdiag.Report) -> None:
    export = report.to_nono(omit_granted=True)
    assert "mach-lookup" not in export.text
    assert _refused(report, export.text) == set()


def test_raw_rules_are_dropped_unless_the_user_wrote_the_profile() -> None:
    text = _profile(unsafe_macos_seatbelt_rules=["(allow lsopen)"])
    kept, dropped = preview_nono(text), preview_nono(text, user_authored=False)
    assert kept.profile.decide("lsopen").verdict == "allow"
    assert dropped.profile.decide("lsopen").verdict == "deny"
    assert any("dropped" in note for note in dropped.notes)


def test_the_order_is_nonos() -> None:
    text = preview_nono(
        _profile(
            filesystem={"allow": ["~/a"], "write_file": ["~/f"], "deny": ["~/a/no"]},
            unsafe_macos_seatbelt_rules=["(allow lsopen)"],
            network={"block": True},
        )
    ).text
    marks = [
        "(allow process-exec*)",
        "; parents of what is granted",
        '(allow file-read* (subpath "/Users/you/a"))',
        '(allow file-write* (subpath "/Users/you/a"))',
        "; group deny_credentials",
        r"\.tmp\.[0-9]+",
        "; filesystem.deny: ~/a/no",
        "; unsafe_macos_seatbelt_rules, number 1",
        "; nono's own state is protected",
        "(deny network*)",
    ]
    places = [text.replace("\\\\", "\\").find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("parts", "operation", "target", "verdict"),
    [
        ({}, "file-read-data", "/Users/you/.lima/x", "deny"),
        ({}, "file-read-data", "/private/etc/hosts", "allow"),
        ({}, "file-read-data", "/Users/you/.ssh/id_rsa", "deny"),
        ({"filesystem": {"allow": ["~/.ssh"]}}, "file-read-data", "/Users/you/.ssh/x", "deny"),
        ({"filesystem": {"allow": ["~/.ssh"]}}, "file-read-metadata", "/Users/you/.ssh/x", "allow"),
        (
            {"filesystem": {"allow": ["~/.ssh"]}, "groups": {"exclude": ["deny_credentials"]}},
            "file-read-data",
            "/Users/you/.ssh/x",
            "allow",
        ),
        (
            {"filesystem": {"read": ["~/.zshrc"]}, "groups": {"exclude": ["deny_shell_configs"]}},
            "file-read-data",
            "/Users/you/.zshrc",
            "deny",
        ),
        (
            {"groups": {"include": ["user_caches_macos"]}},
            "file-write-create",
            "/Users/you/Library/Caches/x",
            "allow",
        ),
        ({"filesystem": {"allow": ["/tmp/x"]}}, "file-write-create", "/private/tmp/x/y", "allow"),
        ({"filesystem": {"read": ["~/d"]}}, "file-write-create", "/Users/you/d/x", "deny"),
        ({"filesystem": {"read_file": ["~/d"]}}, "file-read-data", "/Users/you/d/x", "deny"),
        (
            {"filesystem": {"write_file": ["~/f"]}},
            "file-write-data",
            "/Users/you/f.tmp.1.2",
            "allow",
        ),
        (
            {"filesystem": {"write_file": ["~/f"]}},
            "file-write-data",
            "/Users/you/f.tmp.1.x",
            "deny",
        ),
        ({"filesystem": {"read": ["$WORKDIR"]}}, "file-read-data", "/Users/you/w/x", "allow"),
        ({}, "mach-lookup", "com.example.a", "allow"),
        ({}, "mach-lookup", "com.apple.SecurityServer", "deny"),
        ({}, "network-outbound", "1.2.3.4:443", "allow"),
        ({"network": {"block": True}}, "network-outbound", "1.2.3.4:443", "deny"),
        ({}, "file-read-data", "/Users/you/.nono/x", "deny"),
        ({"filesystem": {"allow": ["~/.nono"]}}, "file-read-data", "/Users/you/.nono/x", "deny"),
        ({}, "generic-issue-extension", "extension-class:a", "deny"),
    ],
)
def test_what_a_profile_allows(
    parts: dict[str, object], operation: str, target: str, verdict: str
) -> None:
    preview = preview_nono(_profile(**parts), workdir="/Users/you/w")
    assert preview.profile.decide(operation, target).verdict == verdict


def test_comments_trailing_commas_and_conditions_are_read() -> None:
    found = read_nono(
        '{ // mine\n "meta": {"name": "a//b",}, /* two\nlines */\n "filesystem": {"allow": '
        '["~/a,]", {"path": "~/b", "when": "macos"}, {"path": "~/c", "when": "linux"},],},\n}'
    )
    assert found.filesystem["allow"] == ("~/a,]", "~/b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "meta": ]', "x.json:2:"),
        ("[]", "must be an object"),
        ('{"meta": {}}', "meta.name"),
        ('{"filesystem": {"allow": "~/a"}}', "filesystem.allow"),
        ('{"filesystem": {"allow": [1]}}', "filesystem.allow"),
        ('{"unsafe_macos_seatbelt_rules": [1]}', "unsafe_macos_seatbelt_rules"),
        ("{ /* no end", "does not end"),
        ('{"filesystem": {"allow": ["~/a\\u001bb"]}}', "control characters"),
        ("[" * 100_000, "x.json"),
        ('{"unsafe_macos_seatbelt_rules": ["(allow frobnicate)"]}', "frobnicate"),
    ],
)
def test_what_is_no_profile_is_our_error(text: str, message: str) -> None:
    with pytest.raises(SbdiagError) as error:
        preview_nono(text, path="x.json")
    assert message in str(error.value)


def test_what_is_not_previewed_is_said() -> None:
    notes = preview_nono(
        _profile(
            extends=["claude"],
            filesystem={"bypass_protection": ["~/.ssh"], "allow": ["~", "$ELSEWHERE/x"]},
            groups={"include": ["rust_runtime"]},
            network={"allow_domain": ["example.com"]},
        )
    ).notes
    for part in (
        "extends",
        "bypass_protection",
        "rust_runtime",
        "allow_domain",
        "$ELSEWHERE",
        "own state",
    ):
        assert any(part in note for note in notes), part


def test_a_hostile_path_stays_a_string() -> None:
    path = '/Users/you/a") (allow default) ; \\'
    preview = preview_nono(_profile(filesystem={"allow": [path]}))
    assert preview.profile.decide("lsopen").verdict == "deny"
    assert preview.profile.decide("file-write-create", path + "/x").verdict == "allow"


_KEYS = ("meta", "name", "filesystem", "allow", "deny", "groups", "include", "network", "when", "x")
_VALUES = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(_KEYS), inner),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.text() | _VALUES.map(json.dumps))
def test_any_text_is_a_profile_or_our_error(text: str) -> None:
    try:
        preview = preview_nono(text)
    except SbdiagError:
        return
    assert preview.profile.decide("process-fork").verdict == "allow"

import pytest

from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.lint import lint
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.rules import Filter, Rule

V3 = "(version 3)(deny default)"


@pytest.mark.parametrize(
    ("text", "kind", "instead"),
    [
        ('(allow file-read* (literal "/etc/hosts"))', "dead-path", "/private/etc/hosts"),
        (
            '(allow file-read* (literal "/etc/resolv.conf"))',
            "dead-path",
            "/private/var/run/resolv.conf",
        ),
        (
            '(allow file-read* (literal "/private/etc/resolv.conf"))',
            "doubtful-path",
            "/private/var/run/resolv.conf",
        ),
        ('(allow file-read* (subpath "/tmp"))', "dead-path", "/private/tmp"),
        ('(allow file-read* (prefix "/var/folders/"))', "dead-path", "/private/var/folders/"),
        (
            '(allow file-read* (regex #"^/var/folders/[a-z]\\.x"))',
            "dead-path",
            "^/private/var/folders/[a-z]\\.x",
        ),
        ('(allow file-read* (require-not (subpath "/tmp/a")))', "dead-path", "/private/tmp/a"),
        ('(allow file-read* (literal "/a/../b"))', "dead-path", "/b"),
        ('(allow file-read* (subpath "relative"))', "dead-path", None),
        ('(allow file-read* (subpath "/a/"))', "doubtful-path", "/a"),
        ('(allow file-read* (subpath "/System/Volumes/Data/Users"))', "doubtful-path", "/Users"),
        ("(allow process-exec* signal (target self))", "dead-filter", None),
    ],
)
def test_filters_that_never_match(text: str, kind: str, instead: str | None) -> None:
    (finding,) = lint(parse_profile(V3 + text))
    assert (finding.kind, finding.instead) == (kind, instead)
    assert finding.rule.filters
    assert (finding.pattern is None) == (kind == "dead-filter")


@pytest.mark.parametrize(
    "text",
    [
        '(allow file-read-metadata (literal "/tmp"))',
        '(allow file-read* (subpath "/private/tmp"))',
        '(allow file-read* (subpath "/"))',
        '(allow file-read* (subpath "/tmp") (subpath "/private/tmp"))',
        '(allow file-read* (literal "/a/b") (regex #"^/variable/"))',
        '(allow file-read* (subpath "/a"))(deny file-read* (subpath "/a/b"))',
        '(allow file-read* (subpath "/a"))(deny file-read-data (subpath "/a/b"))',
        '(deny file-read-data (subpath "/k"))(allow file-read-data (literal "/k/f"))',
        '(allow mach-lookup (global-name "a"))(allow mach-lookup (global-name "b"))',
    ],
)
def test_sound_profiles_have_no_findings(text: str) -> None:
    assert lint(parse_profile(V3 + text)) == ()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ('(allow file-read* (literal "/a/b"))(deny file-read* (subpath "/a"))', 2),
        ('(allow file-read* (subpath "/a/b"))(allow file-read* (prefix "/a"))', 2),
        ('(allow mach-lookup (global-name "a"))(deny mach-lookup (global-name-prefix ""))', 2),
        ("(allow lsopen)(deny lsopen)", 2),
        (
            '(allow file-read* (require-all (literal "/a/b") (vnode-type TTY)))'
            '(deny file-read* (subpath "/a"))',
            2,
        ),
    ],
)
def test_rules_that_a_later_one_anticipates(text: str, other: int) -> None:
    profile = parse_profile(V3 + text)
    (finding,) = lint(profile)
    assert finding.kind == "shadowed"
    assert finding.rule is profile.rules[1]
    assert finding.other is profile.rules[other]


def test_a_rule_of_several_operations_is_shadowed_only_if_each_is() -> None:
    text = V3 + '(allow file-read* file-write* (literal "/a"))(deny file-read* (literal "/a"))'
    assert lint(parse_profile(text)) == ()
    text += '(deny file-write* (subpath "/"))'
    assert [finding.kind for finding in lint(parse_profile(text))] == ["shadowed"]


def test_an_allow_that_a_narrower_deny_defeats() -> None:
    text = V3 + '(deny file-read-data (subpath "/k"))(allow file-read* (literal "/k/f"))'
    profile = parse_profile(text)
    (finding,) = lint(profile)
    assert (finding.kind, finding.operations) == ("defeated", ("file-read-data",))
    assert finding.rule is profile.rules[2]
    assert finding.other is profile.rules[1]
    # It says what the walk does.
    assert profile.decide("file-read-data", "/k/f").rule is profile.rules[1]
    assert profile.decide("file-read-metadata", "/k/f").rule is profile.rules[2]


def test_an_unfiltered_narrower_deny_defeats_too() -> None:
    text = V3 + '(deny file-write-unlink)(allow file-write* (subpath "/"))'
    (finding,) = lint(parse_profile(text))
    assert (finding.kind, finding.operations) == ("defeated", ("file-write-unlink",))


def test_an_unfiltered_rule_does_not_lift_filtered_ones() -> None:
    text = V3 + '(deny network-outbound (subpath "/s"))(allow network-outbound)'
    (finding,) = lint(parse_profile(text))
    assert finding.kind == "not-lifted"


def test_what_deny_default_does_not_cover_in_version_1() -> None:
    (finding,) = lint(parse_profile("(version 1)(deny default)(deny process-info*)"))
    assert finding.kind == "implicit"
    assert "file-map-executable" in finding.operations
    assert "process-info*" not in finding.operations
    assert "process-info-codesignature" not in finding.operations
    assert lint(parse_profile(V3)) == ()


def test_findings_name_known_evidence_and_say_one_sentence() -> None:
    text = (
        "(version 1)(deny default)"
        '(deny file-read-data (subpath "/k"))(allow file-read* (literal "/k/f") (subpath "/tmp"))'
        '(allow file-read* (literal "/b/"))(deny file-read*)'
    )
    for finding in lint(parse_profile(text)):
        assert set(finding.evidence) <= set(EVIDENCE)
        assert finding.reason
        assert not finding.reason.endswith(".")


def test_many_rules_take_little_time() -> None:
    rules = tuple(
        Rule(
            "allow" if number % 3 else "deny",
            ("file-read*", "file-write*") if number % 2 else ("file-read-data",),
            (Filter("subpath", (f"/Users/you/{number % 701}/x",)),),
        )
        for number in range(3_000)
    )
    assert {finding.kind for finding in lint(Profile(3, rules))} == {"shadowed", "defeated"}

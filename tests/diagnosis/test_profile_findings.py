from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.causes import Evidence, Finding
from sbdiag.diagnosis.findings import findings
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.profile_findings import profile_findings
from sbdiag.seatbelt.profile import parse_profile

HEAD = "(version 3)\n(deny default)\n"
RESOLV = "/private/var/run/resolv.conf"


def frame(*asked: tuple[str, str | None], **columns: str) -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": "r"} | columns
    return DENIALS.frame([{**row, "operation": o, "target": t} for o, t in asked])


def found(text: str, denials: pd.DataFrame, *, missing_import: bool = False) -> list[Finding]:
    profile = parse_profile(
        HEAD + text, path="a.sb", missing_import="unknown" if missing_import else "error"
    )
    return list(profile_findings(Evidence(denials, profile=profile)))


def names(found: list[Finding]) -> list[str]:
    return [each.finding for each in found]


def test_what_version_1_allows_implicitly_is_named() -> None:
    profile = parse_profile("(version 1)\n(deny default)\n(deny file-link)\n", path="a.sb")
    evidence = Evidence(frame(), profile=profile)
    (one,) = [each for each in profile_findings(evidence) if each.finding == "profile-implicit"]
    assert "implicitly (darwin-notification-post, dynamic-code-generation, file-" in one.title
    assert one.title.endswith(" more): 1 rule of the profile.")
    assert "socket-ioctl" in one.detail
    assert "file-link" not in one.title + one.detail


def test_without_a_profile_nothing_is_said() -> None:
    assert list(profile_findings(Evidence(frame(("lsopen", None))))) == []


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        # The case of the write-up: the link is allowed, the file behind it is asked for.
        ('(allow file-read* (literal "/etc/resolv.conf"))', ("file-read-data", RESOLV)),
        ('(allow file-read* (literal "/private/etc/resolv.conf"))', ("file-read-data", RESOLV)),
        ('(allow file-read* (subpath "/tmp"))', ("file-read-data", "/private/tmp/x/y")),
        ('(allow file-read* (subpath "/a/"))', ("file-read-data", "/a/x")),
        ('(allow file-read* (regex #"^/var/db/"))', ("file-read-metadata", "/private/var/db/x")),
        (
            '(allow file-read* (require-all (subpath "/tmp") (regex #"x$")))',
            ("file-read-data", "/private/tmp/x"),
        ),
        (
            '(allow file-read* (literal "/other") (literal "/etc/hosts"))',
            ("file-read-data", "/private/etc/hosts"),
        ),
    ],
)
def test_a_rule_that_names_another_path_than_the_kernel_asks_for(
    rule: str, asked: tuple[str, str]
) -> None:
    (one,) = [each for each in found(rule, frame(asked)) if each.severity == "warning"]
    assert one.finding == "profile-path-missed"
    assert one.denials == (0,)
    assert "a.sb:3:1" in one.detail


def test_it_is_found_by_evaluation_and_not_by_the_name() -> None:
    # The corrected rule would not be the one that decides: it is no cause of this denial.
    text = '(allow file-read* (literal "/etc/resolv.conf"))'
    assert "profile-path-missed" not in names(found(text, frame(("file-read-data", "/else"))))
    assert "profile-path-missed" not in names(found(text, frame(("file-write-data", RESOLV))))
    text += f'(deny file-read-data (literal "{RESOLV}"))'
    assert "profile-path-missed" not in names(found(text, frame(("file-read-data", RESOLV))))


def test_a_dead_path_that_no_denial_shows_is_said_of_the_profile_itself() -> None:
    (one,) = found('(deny file-read* (subpath "/tmp/k"))', frame(("lsopen", None)))
    assert (one.finding, one.severity, one.denials) == ("profile-dead-path", "warning", ())
    assert "'/private/tmp/k'" in one.detail


def test_an_allow_that_a_narrower_deny_defeats_is_shown_on_the_capture_once() -> None:
    text = '(deny file-read-data (subpath "/k"))\n(allow file-read* (subpath "/"))'
    (one,) = found(text, frame(("file-read-data", "/k/a"), ("file-read-data", "/k/b")))
    assert one.finding == "profile-allow-defeated"
    assert one.denials == (0, 1)
    assert "a.sb:3:1" in one.title
    assert "a.sb:4:1" in one.detail
    (other,) = found(
        '(deny file-read-data (literal "/k"))(allow file-read* (literal "/k"))', frame()
    )
    assert other.finding == "profile-defeated"


def test_a_denial_that_the_profile_allows_is_a_finding_with_its_rule() -> None:
    denials = frame(("file-read-data", "/a"), ("file-read-data", "/b"), ("signal", "self"))
    text = '(allow file-read* (literal "/a"))'
    (one,) = found(text, denials)
    assert one.finding == "profile-allows-it"
    assert one.denials == (0, 2)
    assert "a.sb:3:1" in one.detail
    assert "libsandbox allows signal" in one.detail
    profile = parse_profile(HEAD + text)
    rules = minimal_rules(denials, profile=profile)
    table = findings(Evidence(denials, rules=rules, profile=profile))
    assert list(table["finding"]).count("profile-allows-it") == 1


def test_imports_that_were_not_found_and_what_is_unknown_for_another_reason() -> None:
    text = '(import "no.sb")\n(allow mach-lookup (global-name "x"))'
    denials = frame(("lsopen", None), ("mach-lookup", "x (xpc)"))
    lost, unsettled = found(text, denials, missing_import=True)
    assert (lost.finding, lost.denials) == ("profile-import", (0,))
    assert "no.sb" in lost.title
    assert (unsettled.finding, unsettled.denials) == ("profile-unsettled", (1,))


def test_a_missing_import_hides_no_mistake() -> None:
    text = '(import "no.sb")\n(allow file-read* (literal "/etc/hosts"))'
    asked = frame(("file-read-data", "/private/etc/hosts"))
    assert "profile-path-missed" in names(found(text, asked, missing_import=True))


@pytest.mark.parametrize(
    "columns", [{"layer": "system-policy"}, {"origin": "other"}, {"verdict": "allow"}]
)
def test_lines_that_say_nothing_about_the_profile(columns: dict[str, str]) -> None:
    text = '(allow file-read* (literal "/etc/hosts"))(allow file-read-data (literal "/a"))'
    denials = frame(("file-read-data", "/private/etc/hosts"), ("file-read-data", "/a"), **columns)
    assert names(found(text, denials)) == ["profile-dead-path"]


def test_a_refusal_that_is_right_is_no_fault_of_the_profile() -> None:
    text = '(allow file-read* (subpath "/"))(deny file-read-data (subpath "/Users/you/.ssh"))'
    assert found(text, frame(("file-read-data", "/Users/you/.ssh/id_ed25519"))) == []


def test_many_remarks_of_a_kind_are_one_finding() -> None:
    text = "".join(f'(allow file-read* (literal "/tmp/{n}"))' for n in range(50))
    (one,) = found(text, frame())
    assert one.title == "Can never match, because of the path: 50 rules of the profile."
    assert one.detail.endswith("; and 45 more.")

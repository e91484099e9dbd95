from __future__ import annotations

import pytest

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.breadth import breadth
from sbdiag.diagnosis.exact import Shaped, exact_rule
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import RuleSet, Widen
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.text import rule_text


def rule(text: str) -> Rule:
    return parse_profile(f"(version 1)\n{text}").rules[-1]


def proposed(*asked: tuple[str, str], widen: Widen = "known") -> RuleSet:
    rows = [
        {
            "verdict": "deny",
            "operation": operation,
            "target": target,
            "layer": "profile",
            "origin": "kernel",
        }
        for operation, target in asked
    ]
    return minimal_rules(DENIALS.frame(rows), widen=widen)


@pytest.mark.parametrize(
    ("operation", "detail", "words"),
    [
        ("file-read-data", "/x", ""),
        ("file-write*", "/x", ""),
        ("mach-lookup", "a.b (xpc)", ""),
        (
            "file-issue-extension",
            "target:/x extension-class:a.b",
            "everything below this path, if it is a directory",
        ),
        (
            "file-issue-extension",
            "target:/x",
            "everything below this path, if it is a directory",
        ),
        ("network-outbound", "/private/var/run/mDNSResponder", ""),
        ("network-outbound", "1.2.3.4:443", "every host, port 443"),
        ("network-bind", "local:*:0", "every local address, every port"),
        (
            "network-outbound",
            "127.0.0.1:80",
            "this machine's own addresses, not loopback alone, port 80",
        ),
        ("signal", "others [x(1)] signum:15", "every process of the kind 'others'"),
        ("process-fork", None, "every use of process-fork"),
    ],
)
def test_the_exact_rule_says_what_the_language_makes_it_admit(
    operation: str, detail: str | None, words: str
) -> None:
    access = parse_access(operation, detail)
    found = exact_rule(access)
    assert isinstance(found, Shaped)
    measured = breadth(found.rule, [access])
    assert measured.words == words
    assert (measured.number == 0) == (not words)


def test_the_number_sorts_from_exact_to_everything() -> None:
    access = parse_access("file-read-data", "/Users/you/a/b")
    rules = [
        '(allow file-read-data (literal "/Users/you/a/b"))',
        '(allow file-read* (literal "/Users/you/a/b"))',
        '(allow file-read* file-write* (literal "/Users/you/a/b"))',
        '(allow network-outbound (remote ip "localhost:80"))',
        '(allow network-outbound (remote ip "localhost:*"))',
        '(allow network-outbound (remote ip "*:80"))',
        '(allow network-outbound (remote ip "*:*"))',
        '(allow file-read-data (subpath "/Users/you/a"))',
        '(allow file-read-data (subpath "/Users/you"))',
        '(allow file-read-data (require-any (literal "/x") (subpath "/Users")))',
        '(allow file-read-data (subpath "/"))',
        "(allow file-read-data)",
        "(allow file-read*)",
        "(allow default)",
    ]
    numbers = [breadth(rule(text), [access]).number for text in rules]
    assert numbers[0] == 0
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)
    assert numbers[-1] <= 5


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        # Of one kind the narrower part decides, of two kinds the wider one.
        (
            '(allow file-read-data (require-all (subpath "/a/b") (literal "/a/b/c")))',
            '(allow file-read-data (literal "/a/b/c"))',
        ),
        (
            '(allow file-issue-extension (require-all (extension-class "x") (subpath "/a/b")))',
            '(allow file-issue-extension (subpath "/a/b"))',
        ),
        # An extension for a directory covers what lies below it.
        (
            '(allow file-issue-extension (require-all (extension-class "x") (literal "/a/b")))',
            '(allow file-issue-extension (subpath "/a/b"))',
        ),
    ],
)
def test_parts_that_must_hold_together(text: str, same_as: str) -> None:
    access = parse_access("file-read-data", "/a/b/c")
    assert breadth(rule(text), [access]).number == breadth(rule(same_as), [access]).number


def test_a_known_place_names_the_exact_rules_that_would_do() -> None:
    lima, resolv = proposed(
        ("file-write-create", "/Users/you/.lima/default/ha.sock"),
        ("file-read-data", "/Users/you/.lima"),
        ("file-read-data", "/private/var/run/resolv.conf"),
    ).rules
    assert lima.breadth == "everything below this directory; 2 seen"
    assert lima.breadth_number == 3.25
    assert [rule_text(each).split("\n")[0] for each in lima.narrower] == [
        "(allow file-read-data",
        "(allow file-write-create",
    ]
    assert resolv.breadth == "file-read-metadata, file-read-xattr as well"
    assert 1 < resolv.breadth_number < 2
    assert len(resolv.narrower) == 1


def test_the_task_name_has_a_narrower_form_and_a_port_has_none() -> None:
    task, port = proposed(
        ("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]"),
        ("network-outbound", "remote:*:443"),
    ).rules
    assert [rule_text(each) for each in task.narrower] == [
        "(allow mach-task-name\n    (target others))"
    ]
    assert port.narrower == ()
    assert port.breadth_number == 2.5


def test_what_is_written_exactly_is_exact() -> None:
    rules = proposed(
        ("file-read-data", "/Users/you/.lima"),
        ("file-read-data", "/private/var/run/resolv.conf"),
        widen="none",
    )
    assert [each.breadth_number for each in rules] == [0, 0]
    assert [each.narrower for each in rules] == [(), ()]

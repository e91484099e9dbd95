from __future__ import annotations

import pytest

from sbdiag.diagnosis.withheld import cut_short, messages_of_rules, withheld_class
from sbdiag.seatbelt.access import parse_access

PLAIN = {"verdict": "deny", "layer": "profile", "origin": "kernel"}


@pytest.mark.parametrize(
    ("operation", "detail", "row", "reason", "name"),
    [
        ("file-read-data", "/x", {"origin": "other"}, "doubtful-origin", ""),
        ("file-read-data", "/x", {"verdict": "allow"}, "allow-report", ""),
        ("file-read-data", "/x", {"layer": "system-policy"}, "system-policy", ""),
        # The first class that fits: nobody knows who wrote this one.
        (
            "file-read-data",
            "/Users/you/.ssh/id",
            {"origin": "other", "layer": "system-policy", "verdict": "allow"},
            "doubtful-origin",
            "",
        ),
        ("forbidden-exec-sugid", None, {}, "forbidden", ""),
        ("forbidden-sandbox-reinit", None, {}, "forbidden", ""),
        ("forbidden-link-priv<file-read*>", "/a /b", {}, "forbidden", ""),
        ("forbidden-link-priv", None, {}, "forbidden", ""),
        ("forbidden-map-ls-database", None, {}, "forbidden", ""),
        ("forbidden-something-new", None, {}, "forbidden", ""),
        ("signal", "self signum:9", {}, "already-allowed", ""),
        ("mach-task-name", "self", {}, "already-allowed", ""),
        ("file-read-data", "/Users/you/.ssh/id", {}, "sensitive", "ssh-keys"),
        ("file-read-data", "/dev/dtracehelper", {}, "noise", "dtrace-helper"),
        ("file-write-data", "/dev/dtracehelper", {}, "noise", "dtrace-helper"),
        ("file-ioctl", "path:/dev/dtracehelper", {}, "noise", "dtrace-helper"),
        (
            "file-ioctl",
            'path:/dev/dtracehelper ioctl-command:(_IO "h" 4)',
            {},
            "noise",
            "dtrace-helper",
        ),
        ("mach-lookup", "com.apple.diagnosticd", {}, "noise", "logging"),
        ("mach-lookup", "com.apple.logd", {}, "noise", "logging"),
        ("file-read-data", "/Users/you/.CFUserTextEncoding", {}, "noise", "text-encoding"),
        ("file-read-data", "/dev/autofs_nowait", {}, "noise", "autofs-nowait"),
    ],
)
def test_classes(
    operation: str, detail: str | None, row: dict[str, str], reason: str, name: str
) -> None:
    found = withheld_class(parse_access(operation, detail), **(PLAIN | row))
    assert found is not None
    assert (found.reason, found.name) == (reason, name)
    assert found.explanation
    assert found.source


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ("file-read-data", "/private/etc/hosts"),
        ("file-write-data", "/dev/autofs_nowait"),
        ("mach-register", "com.apple.logd"),
        ("file-read-data", "/Users/you/src/.CFUserTextEncoding"),
        ("signal", "others [x(1)] signum:9"),
    ],
)
def test_what_may_get_a_rule(operation: str, detail: str) -> None:
    assert withheld_class(parse_access(operation, detail), **PLAIN) is None


def test_a_frame_that_does_not_say_is_taken_as_it_is() -> None:
    access = parse_access("file-read-data", "/x")
    assert withheld_class(access, verdict="", layer="", origin="") is None


def test_a_line_under_different_accesses_is_the_message_of_a_rule() -> None:
    one, other = (parse_access("file-read-data", name) for name in ("/a", "/b"))
    tagged = [(one, "SBX"), (other, "SBX"), (one, "alone"), (one, ""), (other, "")]
    messages = messages_of_rules(tagged)
    assert messages == {"SBX"}
    assert cut_short(one, "SBX", None, messages) == ""
    assert "rest of a name" in str(cut_short(one, "alone", None, messages))
    assert messages_of_rules([(one, "SBX"), (one, "SBX")]) == frozenset()

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.message import (
    NO_OPERATION,
    NO_VERDICT,
    Malformed,
    Message,
    parse_message,
)
from sbdiag.capture.report import Structured, structured_record

WC = Message("wc", 89150, "deny", 1, "file-read-data", "/private/etc/sudoers")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers", WC),
        (
            "1 duplicate report for Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers",
            replace(WC, duplicates=1),
        ),
        (
            "Sandbox: 2 duplicate reports for wc deny(1) file-read-data /private/etc/sudoers",
            replace(WC, duplicates=2, pid=None),
        ),
        (
            "2 duplicate reports for wc deny(1) file-read-data /private/etc/sudoers",
            replace(WC, duplicates=2, pid=None),
        ),
        (
            "System Policy: wc(89150) deny(1) file-read-data /private/etc/sudoers",
            replace(WC, layer="system-policy"),
        ),
        (
            "Sandbox: wc(89150) System Policy: deny(1) file-read-data /private/etc/sudoers",
            replace(WC, layer="system-policy"),
        ),
        (
            "Protobox: wc(89150) deny(1) file-read-data /private/etc/sudoers",
            replace(WC, layer="system-policy"),
        ),
        (
            "wc(89150) deny file-read-data /private/etc/sudoers",
            replace(WC, code=None),
        ),
        (
            "Sandbox: com.example (helper)(99) deny(1) process-fork",
            Message("com.example (helper)", 99, "deny", 1, "process-fork", None),
        ),
        (
            "Sandbox: x(-1) allow process-exec* /a  b ",
            Message("x", -1, "allow", None, "process-exec*", "/a  b "),
        ),
        (
            "Sandbox: nc(7) deny(1) network-bind*:1921",
            Message("nc", 7, "deny", 1, "network-bind", "*:1921"),
        ),
        ("deny(1) lsopen", Message(None, None, "deny", 1, "lsopen", None)),
        (
            "Sandbox: <private>(4) deny(1) file-read-data <private>",
            Message("<private>", 4, "deny", 1, "file-read-data", "<private>"),
        ),
        (
            "Sandbox: sh(8) deny(1) file-read-data /x\nmy tag, line one\nline two\n",
            Message("sh", 8, "deny", 1, "file-read-data", "/x", tag="my tag, line one\nline two"),
        ),
    ],
)
def test_shapes_of_a_message(text: str, message: Message) -> None:
    assert parse_message(text) == message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Sandbox: something else entirely", NO_VERDICT),
        ("Sandbox:", NO_VERDICT),
        ("System Policy: Python(91272)", NO_VERDICT),
        ("3 duplicate reports for nothing", NO_VERDICT),
        ("Sandbox: <private>", NO_VERDICT),
        ("Sandbox: wc(89150) deny(1)", NO_OPERATION),
        ("Sandbox: wc(89150) deny(1) File-Read /x", NO_OPERATION),
        ("iDecide(8321) deny", NO_OPERATION),
    ],
)
def test_what_names_the_sandbox_and_is_no_record_says_why(text: str, reason: str) -> None:
    assert parse_message(text) == Malformed(reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "deny network-outbound example.com:443 (not in allowedDomains)",
        "log run noninteractively, args: '--predicate' 'eventMessage CONTAINS \"Sandbox: \"'",
        "Sandbox: hook..execve() killing <unsigned>[pid=1402, uid=0]: only launchd is allowed",
        "Sandbox: process-exec denied while updating label",
        "failed at lookup with error 159 - Sandbox restriction.",
        "Sandbox restriction",
        "we deny(1) everything",
        "the firewall(3) deny(1) rules apply",
        "user(3) allow(1) listing /x",
        '{"count":3,"finished":1}',
        '{"operation":"copy","action":"deny","pid":1}',
    ],
)
def test_what_is_not_ours(text: str) -> None:
    assert parse_message(text) is None


# A program chooses its name and the paths it asks for.
NAME = "Sandbox: {}(99) deny(1) file-read-data /x"
PATH = "Sandbox: cat(99) deny(1) file-read-data {}"


@pytest.mark.parametrize(
    "name",
    [
        "a(1) deny(1) b",
        "limactl(1) deny(1) signal",
        "Sandbox: limactl(1)",
        "System Policy: x",
        "3 duplicate reports for x",
        "x (…)",
        "-",
        "😀😀😀😀😀😀😀😀",
    ],
)
def test_a_name_stays_one_name(name: str) -> None:
    message = parse_message(NAME.format(name))
    assert isinstance(message, Message)
    assert (message.pid, message.operation, message.target) == (99, "file-read-data", "/x")


@pytest.mark.parametrize(
    "path",
    [
        "/tmp/a(1) deny(1) mach-lookup com.apple.evil",
        "/tmp/Sandbox: limactl(7) deny(1) mach-lookup com.apple.evil",
        "/tmp/x (in target 'A' from project 'B')",
        "/tmp/ System Policy: deny(1) file-read-data",
        "/tmp/12 duplicate reports for Sandbox: x(1) deny(1) lsopen",
        '/tmp/x","global-name":"y"}',
        "/tmp/   ← here",
        "  /leading".strip() + "  ",
    ],
)
def test_a_path_stays_one_path(path: str) -> None:
    message = parse_message(PATH.format(path))
    assert message == Message("cat", 99, "deny", 1, "file-read-data", path)


@given(st.text(alphabet="ab1()* :/deny-allowSndbx\n", max_size=80), st.integers(1, 99999))
@settings(max_examples=300, deadline=None)
def test_no_path_gives_another_process_a_row(path: str, pid: int) -> None:
    message = parse_message(f"Sandbox: evil({pid}) deny(1) mach-lookup {path}", report=False)
    assert isinstance(message, Message)
    assert message.process is not None
    assert message.process.startswith("evil")
    assert message.layer == "profile" or message.process != "evil"


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_one_of_three(text: str) -> None:
    assert isinstance(parse_message(text), Message | Malformed | None)


@pytest.mark.parametrize(
    "text",
    [
        "Sandbox: " + "(1) deny(1) a" * 20000,
        "Sandbox: " + "x(1) " * 50000,
        "Sandbox:" + " " * 100000 + "x",
        "x(1)" + " " * 100000 + "deny",
        "1 duplicate report for " * 20000,
        "deny " * 50000,
        "(" * 100000,
    ],
    ids=range(7),
)
def test_no_line_takes_long(text: str) -> None:
    began = time.process_time()
    parse_message(text)
    assert time.process_time() - began < 60


# -- violation reports and their structured record ------------------------------------------

RECORD = {
    "operation": "mach-lookup",
    "target": "com.apple.bird",
    "process": "mpv",
    "pid": 96060,
    "action": "deny",
    "errno": 1,
    "primary-filter": "global-name",
    "primary-filter-value": "com.apple.bird",
    "platform-policy": False,
}
REPORT = "{}\nProcess:         mpv [96060]\nPath:            /x\n\nMetaData: {}\n"


def test_the_structured_record_wins_where_it_has_a_target() -> None:
    text = REPORT.format(
        "Sandbox: mpv(96060) deny(1) mach-lookup com.apple.bi<…>", json.dumps(RECORD)
    )
    message = parse_message(text)
    assert isinstance(message, Message)
    assert (message.operation, message.target) == ("mach-lookup", "com.apple.bird")
    assert message.subject == ("global-name", "com.apple.bird")
    assert message.tag is None


def test_text_that_says_the_same_and_more_stays() -> None:
    detail = "target:/x y extension-class:com.apple.app-sandbox.read"
    record = {"operation": "file-issue-extension", "target": "/x y"}
    text = f"Sandbox: a(1) deny(1) file-issue-extension {detail}"
    message = parse_message(text, record=structured_record(record))
    assert isinstance(message, Message)
    assert message.target == detail


def test_the_record_says_which_kind_of_name_a_lookup_asked_for() -> None:
    record = RECORD | {"primary-filter": "xpc-service-name"}
    text = "Sandbox: mpv(96060) deny(1) mach-lookup com.apple.bird"
    message = parse_message(text, record=structured_record(record))
    assert isinstance(message, Message)
    assert message.subject == ("xpc-service-name", "com.apple.bird")


def test_a_message_that_is_nothing_but_a_record() -> None:
    assert parse_message(json.dumps(RECORD | {"platform-policy": True})) == Message(
        "mpv",
        96060,
        "deny",
        1,
        "mach-lookup",
        "com.apple.bird",
        layer="system-policy",
        primary=("global-name", "com.apple.bird"),
    )


def test_a_hidden_text_is_read_from_its_record() -> None:
    message = parse_message("<private>", record=structured_record(RECORD))
    assert isinstance(message, Message)
    assert message.target == "com.apple.bird"


def test_a_path_with_line_breaks_cannot_bring_its_own_record() -> None:
    forged = json.dumps(RECORD | {"target": "com.apple.forged"})
    path = f"/tmp/a\nProcess:         x [1]\nMetaData: {forged}"
    # The kernel writes no reports: what follows is a tag, whatever it looks like.
    kernel = parse_message(PATH.format(path), report=False)
    assert isinstance(kernel, Message)
    assert (kernel.operation, kernel.target) == ("file-read-data", "/tmp/a")
    # sandboxd's own record comes last.
    true = {"operation": "file-read-data", "target": path, "pid": 99}
    report = parse_message(f"{PATH.format(path)}\nMetaData: {json.dumps(true)}")
    assert isinstance(report, Message)
    assert (report.operation, report.target) == ("file-read-data", path)


@pytest.mark.parametrize(
    "value",
    [None, 3, "", "{", "[]", "null", "[" * 100000, {}, {"target": 3, "pid": "x"}, {"pid": 2**70}],
)
def test_what_is_no_structured_record(value: object) -> None:
    assert structured_record(value) is None


def test_a_record_of_the_names_that_other_entries_use() -> None:
    record = structured_record({"path": "/x", "processID": 3, "pid": True})
    assert record == Structured(target="/x", pid=3)

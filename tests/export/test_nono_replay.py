from __future__ import annotations

import pytest

from sbdiag.diagnosis.exact import Shaped, exact_rule
from sbdiag.export.nono_blocks import STATE
from sbdiag.export.nono_replay import (
    Standing,
    accesses_of,
    holds_state,
    refused_below,
    standing,
)
from sbdiag.seatbelt.access import Access, parse_access
from sbdiag.seatbelt.rules import Filter, Rule


def granted(rule: Rule) -> str | None:
    return standing(accesses_of(rule) or ()).granted


@pytest.mark.parametrize(
    ("operation", "detail", "part"),
    [
        ("mach-lookup", "a.b (xpc)", "(allow mach-lookup)"),
        ("mach-lookup", "a.b (per-pid)", "(allow mach-lookup)"),
        ("mach-task-name", "others [x(1)]", "(allow mach-task-name)"),
        ("process-exec*", "/bin/ls", "(allow process-exec*)"),
        ("process-exec-interpreter", "/bin/sh", "(allow process-exec*)"),
        ("process-fork", None, "(allow process-fork)"),
        ("process-info-pidinfo", "same-sandbox [x(1)]", "process-info*"),
        ("signal", "same-sandbox [x(1)] signum:9", "signal"),
        ("sysctl-read", "hw.memsize", "(allow sysctl-read)"),
        ("ipc-posix-shm-read-data", "x", "(allow ipc-posix-shm-read-data)"),
        ("network-outbound", "1.2.3.4:443", "no network mode: (allow network-outbound)"),
        ("network-bind", "/x.sock", "no network mode: (allow network-bind)"),
        ("system-socket", "domain:32 type:2 protocol:2", "(allow system-socket)"),
        ("file-read-data", "/", "file-read*"),
        (
            "file-read-data",
            "/private/var/run/resolv.conf",
            "group system_read_macos: (allow file-read* (subpath",
        ),
        (
            "file-read-metadata",
            "/opt/homebrew/bin/limactl",
            "group homebrew_macos: (allow file-read* (subpath",
        ),
        (
            "file-map-executable",
            "/usr/lib/x.dylib",
            'system_read_macos: (allow file-map-executable (subpath "/usr/lib"))',
        ),
        (
            "file-write-create",
            "/private/tmp/x",
            'group system_write_macos: (allow file-write* (subpath "/private/tmp"))',
        ),
        ("file-ioctl", "path:/dev/ttys003", "system_read_macos"),
        ("file-read-data", "/Users/you/.local/bin/x", "user_tools"),
    ],
)
def test_what_the_base_grants(operation: str, detail: str | None, part: str) -> None:
    found = exact_rule(parse_access(operation, detail))
    assert isinstance(found, Shaped)
    reason = granted(found.rule)
    assert reason is not None
    assert part in reason


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ("mach-lookup", "com.apple.SecurityServer"),
        ("mach-lookup", "com.apple.secd (xpc)"),
        ("mach-register", "a.b"),
        ("mach-task-read", "others [x(1)]"),
        ("generic-issue-extension", "extension-class:a.b"),
        ("file-issue-extension", "target:/private/tmp/x extension-class:a.b"),
        ("process-info-pidinfo", "others [x(1)]"),
        ("signal", "others [x(1)] signum:9"),
        ("sysctl-write", "x"),
        ("ipc-posix-sem-open", "x"),
        ("file-read-data", "/Users/you/.lima/x"),
        ("file-write-create", "/private/var/run/x"),
        ("file-read-data", "/Library/Keychains/x"),
        ("file-read-data", "/privateer"),
        ("iokit-open-user-client", "X"),
        ("lsopen", None),
    ],
)
def test_what_it_does_not(operation: str, detail: str | None) -> None:
    found = exact_rule(parse_access(operation, detail))
    assert isinstance(found, Shaped)
    assert granted(found.rule) is None


def test_every_part_of_a_rule_must_be_granted() -> None:
    paths = [Filter("literal", ("/private/tmp/x",)), Filter("literal", ("/Users/you/x",))]
    assert granted(Rule("allow", ("file-read*",), (paths[0],))) is not None
    assert granted(Rule("allow", ("file-read*",), tuple(paths))) is None
    assert granted(Rule("allow", ("file-read*", "file-clone"), (paths[0],))) is None
    assert granted(Rule("allow", ("file-read*",), ())) is None


@pytest.mark.parametrize(
    ("operation", "path", "group"),
    [
        ("file-read-data", "/Users/you/.ssh/id", "group deny_credentials"),
        ("file-read-data", "/Users/me/.ssh/id", "group deny_credentials"),
        ("file-write-unlink", "/Users/you/.zshrc", "group deny_shell_configs"),
        ("file-read-data", "/Library/Keychains/x", "group deny_keychains_macos"),
        ("file-read-data", "/Users/you/.nono/x", STATE),
        ("file-read-data", "/Users/you/.local/state/nono/x", STATE),
        ("file-read-metadata", "/Users/you/.ssh/id", None),
        ("file-read-data", "/Users/you/.lima/x", None),
        ("file-read-data", "/home/you/.ssh/id", None),
    ],
)
def test_what_a_group_refuses(operation: str, path: str, group: str | None) -> None:
    assert standing((Access(operation, (("path", path),)),)).refused == group


def test_what_lies_below_a_directory_is_found() -> None:
    assert ("group deny_credentials", "/Users/you/.config/op") in refused_below("/Users/me/.config")
    assert refused_below("/Users/you/.lima") == ()
    assert refused_below("/Users/me/.config", home="/Users/you") == ()
    assert holds_state("/Users/you")
    assert not holds_state("/Users/you/.config")


def test_one_home_can_be_named() -> None:
    access = Access("file-read-data", (("path", "/Users/me/.local/bin/x"),))
    assert standing((access,)).granted is not None
    assert standing((access,), home="/Users/me").granted is not None
    assert standing((access,), home="/Users/you").granted is None


def test_nothing_asked_is_nothing_granted() -> None:
    assert standing(()) == Standing()

from __future__ import annotations

import pytest

from sbdiag.diagnosis.exact import Shaped, exact_rule
from sbdiag.export.nono_base import granted, refused_by
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.rules import Filter, Rule


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
        ("network-outbound", "1.2.3.4:443", "no network mode, (allow network-outbound)"),
        ("network-bind", "/x.sock", "no network mode, (allow network-bind)"),
        ("system-socket", "domain:32 type:2 protocol:2", "(allow system-socket)"),
        ("file-read-data", "/", "file-read*"),
        ("file-read-data", "/private/var/run/resolv.conf", "group system_read_macos: /var"),
        ("file-read-metadata", "/opt/homebrew/bin/limactl", "group homebrew_macos: /opt/homebrew"),
        ("file-map-executable", "/usr/lib/x.dylib", "system_read_macos: /usr/lib"),
        ("file-write-create", "/private/tmp/x", "group system_write_macos: /tmp"),
        ("file-ioctl", "path:/dev/ttys003", "terminals"),
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


def test_what_a_group_refuses() -> None:
    assert refused_by("/Users/you/.ssh/id") == "deny_credentials"
    assert refused_by("/Users/you/.nono/x") == "nono's own state"
    assert refused_by("/Users/you") is None
    assert refused_by("/Users/you", recursive=True) is not None
    assert refused_by("/Users/you/.lima", recursive=True) is None

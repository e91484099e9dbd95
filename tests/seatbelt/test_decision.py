"""Verdicts: measured vectors, and a table of cases for each part of the semantics."""

import json
from pathlib import Path

import pytest

from sbdiag.errors import ProfileError
from sbdiag.seatbelt.access import Access, parse_access
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.request import Context, Extension

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parent / "decision_vectors.jsonl").read_text().splitlines()
]


def _context(given: dict[str, object]) -> Context:
    fields = dict(given)
    if "extensions" in fields:
        fields["extensions"] = tuple(Extension(*pair) for pair in fields["extensions"])
    return Context(**fields)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["about"] for vector in VECTORS])
def test_vectors(vector: dict) -> None:
    if vector.get("refused"):
        with pytest.raises(ProfileError):
            parse_profile(vector["profile"], params=vector.get("params"))
        return
    profile = parse_profile(vector["profile"], params=vector.get("params"))
    context = _context(vector.get("context", {}))
    decision = profile.decide(vector["operation"], vector["target"], context=context)
    assert decision.verdict == vector["verdict"], decision.explain()


# What a log line alone does not settle, of the vectors above: an extension that is held, whether
# another process is in the same sandbox, TCP or UDP. For a person to check when the list changes.
NOT_IN_THE_LINE = {
    "read extension held: read": "which extensions the process holds is not in the file",
    "unfiltered deny plus filtered allow: others": "`others` is in the same sandbox is not printed",
    "tcp filter does not match udp": "the line does not say whether it is TCP or UDP",
    "whether global-name answers an (xpc) lookup": "reports disagree",
}


def test_without_context_only_what_is_not_printed_is_unknown() -> None:
    unknown = {}
    for vector in VECTORS:
        if not vector.get("refused"):
            profile = parse_profile(vector["profile"], params=vector.get("params"))
            decision = profile.decide(vector["operation"], vector["target"])
            if decision.verdict == "unknown":
                unknown[vector["about"]] = decision.reason
            else:
                assert decision.verdict == vector["verdict"], vector["about"]
    assert set(unknown) == set(NOT_IN_THE_LINE)
    for about, part in NOT_IN_THE_LINE.items():
        assert part in unknown[about]


V1 = "(version 1)(deny default)"
CASES = [
    # profile, operation, target, verdict, part of the reason
    # Version 1 allows some operations whatever default says; version 3 does not.
    (V1, "process-info-pidinfo", "others [x(1)]", "allow", "depends on the system's version"),
    ("(version 3)(deny default)", "process-info-pidinfo", "others [x(1)]", "deny", "default says"),
    (V1, "file-map-executable", "/a", "allow", "version 1"),
    (V1 + "(deny file*)", "file-map-executable", "/a", "unknown", "sources disagree"),
    (V1 + "(deny file-map-executable)", "file-map-executable", "/a", "deny", ""),
    (V1 + '(allow file* (subpath "/a"))', "file-map-executable", "/b", "allow", ""),
    (V1 + "(deny process-info*)", "process-info-pidinfo", "self", "deny", "process-info*"),
    (V1, "syscall-mach", "12", "unknown", "sources disagree"),
    ("(version 2)(deny default)", "nvram-get", "x", "unknown", "sources disagree"),
    ("(version 1)(allow default)", "syscall-mach", "12", "allow", ""),
    # Terminals.
    ("(version 1)(allow default)", "file-write-setugid", "/a", "unknown", "sources disagree"),
    (V1, "file-write-setugid", "/a", "deny", "terminal"),
    (V1 + "(allow file-write-setugid)", "file-write-setugid", "/a", "allow", ""),
    (V1, "system-privilege", "1016", "allow", "terminal"),
    ("(version 3)(deny default)", "system-privilege", "1016", "unknown", "sources disagree"),
    (V1, "mach-message-send", None, "allow", "default-message-filter is terminal"),
    ("(version 1)", "file-read-data", "/a", "deny", "without one everything is denied"),
    # The fallback table.
    (V1 + "(allow mach-priv-task-port)", "mach-task-name", "others [x(1)]", "allow", ""),
    (V1 + "(allow user-preference-read)", "managed-preference-read", "a", "allow", ""),
    (V1 + "(allow file-read*)", "file-test-existence", "/a", "allow", "version 1"),
    ("(version 3)(deny default)(allow file-read*)", "file-test-existence", "/a", "deny", ""),
    # Aliases and disputed names.
    (V1 + '(allow process-exec (literal "/bin/ls"))', "process-exec*", "/bin/ls", "allow", ""),
    (V1 + "(allow process-exec*)", "process-exec", "/bin/ls", "allow", ""),
    (V1 + "(allow file-fsctl)", "system-fsctl", '(_IO "h" 47)', "allow", ""),
    (V1 + "(allow sysctl-write)", "sysctl-write", "kern.x", "allow", ""),
    (V1 + "(allow sysctl-write)", "sysctl-read", "kern.x", "unknown", "sources disagree"),
    (V1 + "(allow iokit-open)", "iokit-open-service", "IOX", "allow", ""),
    (V1 + "(deny iokit-open*)(allow iokit-open)", "iokit-open-service", "IOX", "allow", ""),
    (V1 + "(allow iokit-open)(deny iokit-open*)", "iokit-open-service", "IOX", "unknown", ""),
    # Paths.
    (
        V1 + '(allow file-read* (literal "/etc/hosts"))',
        "file-read-data",
        "/etc/hosts",
        "unknown",
        "",
    ),
    (V1 + '(allow file-read-metadata (literal "/tmp"))', "file-read-metadata", "/tmp", "allow", ""),
    (V1 + '(allow file-read* (subpath "/private/tmp"))', "file-read-data", "/tmp/x", "unknown", ""),
    (V1 + "(allow file-read*)", "file-read-data", "/tmp/x", "allow", ""),
    (V1 + '(allow file-read* (subpath "/a"))', "file-read-data", "/ab", "deny", ""),
    (V1 + '(allow file-read* (subpath "/A"))', "file-read-data", "/a/B", "allow", ""),
    (V1 + '(allow file-read* (subpath "/"))', "file-read-data", "/x", "allow", ""),
    (V1 + '(allow file-read* (subpath "/a/"))', "file-read-data", "/a/b", "unknown", "conflict"),
    (V1 + '(allow file-read* (subpath "/a/"))', "file-read-data", "/b", "deny", ""),
    (V1 + '(allow file-read* (literal "/a/../b"))', "file-read-data", "/b", "deny", ""),
    (V1 + '(allow file-read* (prefix "/a/b"))', "file-read-data", "/A/bc", "allow", ""),
    (V1 + '(allow file-read* (regex "^/a/[0-9]$"))', "file-read-data", "/a/5", "allow", ""),
    (V1 + '(allow file-read* (regex "^/A"))', "file-read-data", "/a", "unknown", "regard case"),
    (V1 + '(allow file-read* (regex #"^/a/[\\w]$"))', "file-read-data", "/a/5", "unknown", "\\w"),
    (V1 + '(allow file-read* (regex "(?:/a)"))', "file-read-data", "/a", "unknown", "(?"),
    (V1 + '(allow file-read* (literal "/é"))', "file-read-data", "/é", "allow", ""),
    (V1 + '(allow file-read* (literal "/É"))', "file-read-data", "/é", "unknown", "ASCII"),
    (V1 + '(allow file-read* (subpath "/a"))', "file-read-data", None, "unknown", "path"),
    (V1 + '(allow file-read* (subpath "/a"))', "file-read-data", "<private>", "unknown", "path"),
    (V1 + '(allow file-read* (subpath "/a"))', "file-read-data", "/a/<private>", "unknown", "path"),
    (
        V1 + '(allow file-read* (subpath "/Users"))',
        "file-read-data",
        "/System/Volumes/Data/Users/you",
        "unknown",
        "resolves",
    ),
    (
        V1 + '(allow file-read-metadata (path-ancestors "/a/b/c"))',
        "file-read-metadata",
        "/a/b",
        "allow",
        "",
    ),
    (
        V1 + '(allow file-read-metadata (path-ancestors "/a/b/c"))',
        "file-read-metadata",
        "/a/b/c",
        "deny",
        "",
    ),
    (
        V1 + '(allow file-read-metadata (path-ancestors "/a/b/c"))',
        "file-read-metadata",
        "/",
        "allow",
        "",
    ),
    # An unknown rule matters only if it would change the verdict.
    (V1 + '(allow file-read* (extension "x"))', "file-read-data", "/a", "unknown", "extensions"),
    (V1 + '(deny file-read* (extension "x"))', "file-read-data", "/a", "deny", "default"),
    (
        "(version 1)(allow default)(deny file-read* (vnode-type SYMLINK))(deny file-read-data)",
        "file-read-data",
        "/a",
        "deny",
        "",
    ),
    (
        V1 + '(allow file-read* (require-all (extension "x") (subpath "/b")))',
        "file-read-data",
        "/a",
        "deny",
        "",
    ),
    (
        V1 + '(allow file-read* (require-any (extension "x") (subpath "/a")))',
        "file-read-data",
        "/a",
        "allow",
        "",
    ),
    (
        V1 + '(allow file-read* (require-not (extension "x")))',
        "file-read-data",
        "/a",
        "unknown",
        "",
    ),
    (V1 + "(allow file-read* (with no-report))", "file-read-data", "/a", None, ""),
    (V1 + '(allow file-read* (with report) (literal "/a"))', "file-read-data", "/a", "allow", ""),
    # Network.
    (
        V1 + '(allow network-outbound (remote ip "*:443"))',
        "network-outbound",
        "remote:*:443",
        "allow",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote tcp "*:443"))',
        "network-outbound",
        "remote:*:443",
        "unknown",
        "TCP",
    ),
    (
        V1 + '(allow network-outbound (remote tcp "*:443"))',
        "network-outbound",
        "remote:*:80",
        "deny",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote ip4 "*:443"))',
        "network-outbound",
        "1.2.3.4:443",
        "allow",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote ip6 "*:443"))',
        "network-outbound",
        "1.2.3.4:443",
        "deny",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote ip6 "*:443"))',
        "network-outbound",
        "[::1]:443",
        "allow",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote ip "localhost:*"))',
        "network-outbound",
        "127.0.0.1:9",
        "allow",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote ip "localhost:*"))',
        "network-outbound",
        "192.168.1.2:9",
        "unknown",
        "own addresses",
    ),
    (
        V1 + '(allow network-outbound (remote ip "localhost:*"))',
        "network-outbound",
        "remote:*:9",
        "unknown",
        "address",
    ),
    (
        V1 + '(allow network-outbound (local ip "localhost:*"))',
        "network-outbound",
        "1.2.3.4:9",
        "allow",
        "",
    ),
    (
        V1 + '(allow network-outbound (local ip "*:80"))',
        "network-outbound",
        "1.2.3.4:80",
        "unknown",
        "local end",
    ),
    (V1 + '(allow network-outbound (literal "/a"))', "network-outbound", "1.2.3.4:80", "deny", ""),
    (V1 + "(allow network-outbound (remote unix-socket))", "network-outbound", "/a", "allow", ""),
    (
        V1 + "(allow network-outbound (remote unix-socket))",
        "network-outbound",
        "1.2.3.4:80",
        "deny",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote unix-socket (path-literal "/a")))',
        "network-outbound",
        "/a",
        "allow",
        "",
    ),
    (
        V1 + '(allow network-outbound (remote unix-socket (path-literal "/a")))',
        "network-outbound",
        "/b",
        "deny",
        "",
    ),
    (V1 + "(allow network-outbound (remote ip))", "network-outbound", "/a", "deny", ""),
    (V1 + "(allow network-outbound (remote ip))", "network-outbound", None, "unknown", "address"),
    (V1 + "(allow network-outbound)", "network-outbound", None, "allow", ""),
    (
        V1 + '(allow network-bind (local ip "localhost:*"))',
        "network-bind",
        "local:*:80",
        "unknown",
        "address",
    ),
    (
        V1 + '(allow network-inbound (local ip "localhost:*"))',
        "network-inbound",
        "10.0.0.9:80",
        "allow",
        "",
    ),
    # A bare address of network-inbound may be either end.
    (
        V1 + '(allow network-inbound (remote ip "*:80"))',
        "network-inbound",
        "1.2.3.4:80",
        "unknown",
        "",
    ),
    # Mach names.
    (V1 + '(allow mach-lookup (global-name "a"))', "mach-lookup", "a", "allow", ""),
    (V1 + '(allow mach-lookup (global-name "A"))', "mach-lookup", "a", "deny", ""),
    (
        V1 + '(allow mach-lookup (global-name-prefix "com.a."))',
        "mach-lookup",
        "com.a.b",
        "allow",
        "",
    ),
    (V1 + '(allow mach-lookup (xpc-service-name "a"))', "mach-lookup", "a", "deny", ""),
    (V1 + '(allow mach-lookup (xpc-service-name "a"))', "mach-lookup", "a (xpc)", "allow", ""),
    (V1 + '(allow mach-lookup (global-name "a"))', "mach-lookup", "a (xpc)", "unknown", "reports"),
    (V1 + '(allow mach-lookup (global-name "b"))', "mach-lookup", "a (xpc)", "deny", ""),
    (V1 + '(allow mach-lookup (local-name "a"))', "mach-lookup", "a (per-pid)", "allow", ""),
    (V1 + '(allow mach-lookup (local-name "a"))', "mach-lookup", "a (xpc)", "deny", ""),
    # Target processes.
    (V1 + "(allow mach-task-name (target others))", "mach-task-name", "others [x(1)]", "allow", ""),
    (V1 + "(allow mach-task-name (target self))", "mach-task-name", "others [x(1)]", "deny", ""),
    (
        V1 + "(allow mach-task-name (target same-sandbox))",
        "mach-task-name",
        "others [x(1)]",
        "unknown",
        "",
    ),
    (
        V1 + "(allow mach-task-name (target others))",
        "mach-task-name",
        "children [x]",
        "unknown",
        "",
    ),
    (V1, "mach-task-name", "self", "allow", "every profile"),
    (
        "(version 1)(allow default)(deny signal)",
        "signal",
        "self signum:15",
        "allow",
        "every profile",
    ),
    (V1 + "(deny signal (target self))", "signal", "self signum:15", "unknown", "comes last"),
    (
        V1 + "(allow signal (require-all (target others) (signal-number SIGTERM)))",
        "signal",
        "others [Safari(5085)] signum:15",
        "allow",
        "",
    ),
    (
        V1 + "(allow signal (require-all (target others) (signal-number 9)))",
        "signal",
        "others [Safari(5085)] signum:15",
        "deny",
        "",
    ),
    # Commands and numbers.
    (
        V1 + '(allow file-ioctl (require-all (literal "/dev/x") (ioctl-command (_IO "t" 83))))',
        "file-ioctl",
        'path:/dev/x ioctl-command:(_IO "t" 83)',
        "allow",
        "",
    ),
    (
        V1 + '(allow file-ioctl (require-all (literal "/dev/x") (ioctl-command (_IO "t" 83))))',
        "file-ioctl",
        'path:/dev/x ioctl-command:(_IO "t" 84)',
        "deny",
        "",
    ),
    (
        V1 + '(allow file-ioctl (require-all (literal "/dev/x") (ioctl-command (_IO "t" 83))))',
        "file-ioctl",
        "path:/dev/x",
        "unknown",
        "ioctl-command",
    ),
    (
        V1 + '(allow system-fsctl (fsctl-command (_IO "h" 47)))',
        "system-fsctl",
        '(_IO "h" 47)',
        "allow",
        "",
    ),
    (
        V1 + "(allow system-socket (require-all (socket-domain AF_SYSTEM) (socket-protocol 2)))",
        "system-socket",
        "domain:32 type:2 protocol:2",
        "allow",
        "",
    ),
    (V1 + "(deny syscall-unix (syscall-number SYS_open))", "syscall-unix", "5", "deny", ""),
    # Names without regard to case.
    (V1 + '(allow nvram-set (nvram-variable "Boot"))', "nvram-set", "boot", "allow", ""),
    (
        V1 + '(allow user-preference-read (preference-domain "kCFPreferencesAnyApplication"))',
        "user-preference-read",
        "kcfpreferencesanyapplication",
        "allow",
        "",
    ),
    (
        V1 + '(allow user-preference-read (preference-domain "a"))',
        "user-preference-read",
        "A",
        "unknown",
        "",
    ),
    # Filters that the operation does not take never match.
    (
        V1 + "(allow process-exec* process-fork signal (target self))",
        "process-exec*",
        "/bin/echo",
        "deny",
        "",
    ),
    # Names that are no operations, groups, and what only logs print.
    (V1, "file-reed-data", "/a", "unknown", "did you mean file-read-data"),
    (V1, "forbidden-sandbox-reinit", None, "unknown", "no operation of a profile"),
    (V1, "forbidden-link-priv<file-read*>", "/a /b", "unknown", "no operation of a profile"),
    (V1 + "(allow file-read*)", "file-read*", "/a", "allow", ""),
    (V1 + "(allow file-read-data)", "file-read*", "/a", "unknown", "is a group"),
    (V1 + "(allow file-write*)", "file-write*", "/a", "allow", ""),
    (V1 + "(deny ipc-posix-sem-open)", "ipc-posix-sem", "/x", "deny", ""),
]


@pytest.mark.parametrize(("text", "operation", "target", "verdict", "reason"), CASES)
def test_cases(
    text: str, operation: str, target: str | None, verdict: str | None, reason: str
) -> None:
    if verdict is None:
        with pytest.raises(ProfileError):
            parse_profile(text)
        return
    decision = parse_profile(text).decide(operation, target)
    assert decision.verdict == verdict, decision.explain()
    assert reason in decision.reason


CONTEXT_CASES = [
    (
        V1 + '(allow file-read* (extension "x"))',
        "file-read-data",
        "/a/b",
        {"extensions": (Extension("x", "/A"),)},
        "allow",
    ),
    (
        V1 + '(allow file-read* (extension "x"))',
        "file-read-data",
        "/ab",
        {"extensions": (Extension("x", "/a"),)},
        "deny",
    ),
    (V1 + '(allow file-read* (extension "x"))', "file-read-data", "/a", {"extensions": ()}, "deny"),
    (
        V1 + "(allow file-read* (vnode-type SYMLINK))",
        "file-read-data",
        "/a",
        {"values": (("vnode-type", "SYMLINK"),)},
        "allow",
    ),
    (
        V1 + '(allow file-read* (process-path "/bin/sh"))',
        "file-read-data",
        "/a",
        {"values": (("process-path", "/bin/sh"),)},
        "allow",
    ),
    (
        V1 + '(allow file-read* (require-entitlement "e"))',
        "file-read-data",
        "/a",
        {"entitlements": frozenset({"e"})},
        "allow",
    ),
    (
        V1 + '(allow file-read* (require-entitlement "e"))',
        "file-read-data",
        "/a",
        {"entitlements": frozenset()},
        "deny",
    ),
    (
        V1 + '(allow network-outbound (remote udp "*:53"))',
        "network-outbound",
        "remote:*:53",
        {"transport": "udp"},
        "allow",
    ),
    (
        V1 + '(allow network-outbound (remote tcp6 "*:53"))',
        "network-outbound",
        "remote:*:53",
        {"transport": "tcp", "family": "ip4"},
        "deny",
    ),
    (
        V1 + '(allow network-bind (local ip "localhost:*"))',
        "network-bind",
        "local:*:80",
        {"own_address": True},
        "allow",
    ),
    (
        V1 + '(allow network-inbound (remote ip "localhost:*"))',
        "network-inbound",
        "127.0.0.1:80",
        {"side": "remote"},
        "allow",
    ),
    (
        V1 + "(allow signal (target same-sandbox))",
        "signal",
        "children [x(1)] signum:15",
        {"same_sandbox": True},
        "allow",
    ),
]


@pytest.mark.parametrize(("text", "operation", "target", "known", "verdict"), CONTEXT_CASES)
def test_a_context_settles_what_it_tells(
    text: str, operation: str, target: str, known: dict, verdict: str
) -> None:
    profile = parse_profile(text)
    assert profile.decide(operation, target, context=Context(**known)).verdict == verdict


def test_the_deciding_rule_has_its_place_and_the_chain_its_order() -> None:
    text = '(version 1)\n(deny default)\n(allow file-read* (subpath "/a"))\n(deny file-read-data)\n'
    decision = parse_profile(text, path="agent.sb").decide("file-read-metadata", "/a/b")
    assert decision.rule is not None
    assert str(decision.rule.location) == "agent.sb:3:1"
    assert [step.operation for step in decision.chain] == ["file-read-metadata", "file-read*"]
    assert decision.chain[-1].decided is decision.rule
    assert decision.reason.startswith(
        "the last filtered rule of file-read* that matches says allow"
    )


def test_an_access_can_be_given_as_a_value() -> None:
    profile = parse_profile(V1 + '(allow file-read* (subpath "/a"))')
    access = Access("file-read-data", (("path", "/a/b"),))
    assert profile.decide_access(access).verdict == "allow"
    assert profile.decide_access(parse_access("file-read-data", "/b")).verdict == "deny"

"""Verdicts: measured vectors, the procedure against a slow transcription of it, and fuzz."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sbdiag.errors import ProfileError
from sbdiag.seatbelt.access import Access, parse_access
from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.operations import operations
from sbdiag.seatbelt.plans import plans
from sbdiag.seatbelt.prepared import Prepared
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.request import Context, Extension, Request
from sbdiag.seatbelt.rules import Filter, IoCommand, Rule, Symbol

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


# The deciding rule and the way to it


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


def test_explain_says_why_a_later_group_allow_does_not_help() -> None:
    text = '(version 1)\n(deny file-read-data (subpath "/k"))\n(allow file-read* (literal "/k/f"))'
    lines = parse_profile(text, path="a.sb").decide("file-read-data", "/k/f").explain().split("\n")
    assert lines[0] == "file-read-data /k/f: deny"
    assert '   matches: a.sb:2:1  (deny file-read-data (subpath "/k"))' in lines
    at = lines.index("Matches too and says allow, but does not help:")
    assert lines[at + 1] == '  a.sb:3:1  (allow file-read* (literal "/k/f"))'
    assert "rules of file-read-data itself are consulted first, whatever the order" in lines[at + 2]


def test_explain_says_why_an_earlier_or_unfiltered_rule_does_not_help() -> None:
    text = '(version 1)(deny file-read-data (literal "/p"))(deny file-read-data)' + (
        '(allow file-read-data (literal "/q"))(allow file-read-data (literal "/p"))'
    )
    said = parse_profile(text).decide("file-read-data", "/p").explain()
    assert "it stands before the rule that decided" in said
    assert "a filtered rule of the same operation stands above it" in said
    said = parse_profile(text).decide("file-read-data", "/r").explain()
    assert said.count("does not match: ") == 3
    assert "without filter: " in said


def test_explain_names_doubts_and_evidence() -> None:
    said = parse_profile(V1 + '(allow file-read* (extension "x"))').decide("file-read-data", "/a")
    assert "may match: " in said.explain()
    said = parse_profile(V1).decide("process-info-pidinfo", "self")
    assert "measured: eugene1g/agent-safehouse" in said.explain()
    assert set(said.evidence) <= set(EVIDENCE)


def test_explain_shows_what_does_not_print() -> None:
    profile = Profile(1, (Rule("deny", ("file-read*",), (Filter("literal", ("/a\x1b[2J",)),)),))
    said = profile.decide("file-read-data", "/a\x1b[2J").explain()
    assert said.replace("\n", "").isprintable()
    assert said.startswith("file-read-data /a\\x1b[2J: deny")


def test_explain_stays_short_for_many_rules() -> None:
    rules = tuple(
        Rule("deny", ("file-read*",), (Filter("literal", (f"/{n}",)),)) for n in range(99)
    )
    said = Profile(1, rules).decide("file-read-data", "/x").explain()
    assert "does not match: 94 more" in said
    assert len(said.splitlines()) < 20


# Imports that could not be read


def test_a_missing_import_makes_unknown_what_it_could_change() -> None:
    text = (
        '(version 1)(deny default)(allow file-read-data (literal "/before"))(import "x.sb")'
        '(allow file-read-data (literal "/behind"))(allow file-read* (literal "/group"))'
    )
    profile = parse_profile(text, missing_import="unknown")
    assert profile.decide("file-read-data", "/behind").verdict == "allow"
    for path in ("/before", "/group", "/other"):
        decision = profile.decide("file-read-data", path)
        assert decision.verdict == "unknown"
        assert "the rules of x.sb are not known" in decision.reason


def test_what_a_missing_import_defines_makes_rules_too() -> None:
    text = '(version 1)(import "x.sb")(allow file-read-data (literal "/a"))(define-more "/a")'
    assert parse_profile(text, missing_import="unknown").decide("file-read-data", "/a").verdict == (
        "unknown"
    )


def test_with_rules_stand_behind_a_missing_import() -> None:
    profile = Profile(1, (Rule("deny", ("default",)),), unknown_imports=("x.sb",))
    rule = Rule("allow", ("file-read-data",), (Filter("literal", ("/a",)),))
    assert profile.decide("file-read-data", "/a").verdict == "unknown"
    assert profile.with_rules([rule]).decide("file-read-data", "/a").verdict == "allow"
    assert profile.with_rules([rule]).with_rules([rule]).settled_from == 1


# The procedure, transcribed slowly from its description, against the real one

PARENTS = {
    "file-read-data": "file-read*",
    "file-read-metadata": "file-read*",
    "file-read*": "file*",
    "file-write-unlink": "file-write*",
    "file-write*": "file*",
    "file*": "default",
    "network-bind": "network-inbound",
    "network-inbound": "network*",
    "network*": "default",
    "mach-lookup": "mach*",
    "mach*": "default",
    "default": None,
}
NAMES = sorted(PARENTS)


def _leaves(written: Filter) -> Iterator[Filter]:
    if written.name.startswith("require-"):
        for part in written.arguments:
            yield from _leaves(part)
    else:
        yield written


def _slow_match(written: Filter, target: str, world: dict[Filter, bool]) -> bool:
    parts = written.arguments
    if written.name == "require-all":
        return all(_slow_match(part, target, world) for part in parts)
    if written.name == "require-any":
        return any(_slow_match(part, target, world) for part in parts)
    if written.name == "require-not":
        return not _slow_match(parts[0], target, world)
    if written in world:
        return world[written]
    if written.name == "literal":
        return target == parts[0]
    if written.name == "prefix":
        return target.startswith(parts[0])
    return target == parts[0] or target.startswith(parts[0].rstrip("/") + "/")


def _slow_decide(
    rules: tuple[Rule, ...], name: str | None, target: str, world: dict[Filter, bool]
) -> str:
    if name is None:
        return "deny"
    own = [rule for rule in rules if name in rule.operations]
    for rule in reversed(own):
        if rule.filters and any(_slow_match(part, target, world) for part in rule.filters):
            return rule.action
    for rule in reversed(own):
        if not rule.filters:
            return rule.action
    return _slow_decide(rules, PARENTS[name], target, world)


_PATHS = st.sampled_from(["/a", "/a/b", "/a/b/c", "/ab", "/b", "/"])
_LEAF = st.one_of(
    st.builds(Filter, st.sampled_from(["literal", "subpath", "prefix"]), st.tuples(_PATHS)),
    # Each extension is named once only (see below), so that it is true or false by itself.
    st.just(Filter("extension", ("?",))),
)
_FILTER = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds(
            Filter,
            st.sampled_from(["require-all", "require-any"]),
            st.lists(inner, min_size=1, max_size=3).map(tuple),
        ),
        st.builds(Filter, st.just("require-not"), st.tuples(inner)),
    ),
    max_leaves=4,
)
_FILE_NAMES = [name for name in NAMES if name.startswith("file")]


def _rules(
    named: list[str], bare: list[str], part: st.SearchStrategy[Filter]
) -> st.SearchStrategy[Rule]:
    """Rules with filters on operations that take them, and rules without on any."""
    action = st.sampled_from(["allow", "deny"])
    some, any_ = (
        st.lists(st.sampled_from(names), min_size=1, max_size=2).map(tuple)
        for names in (named, bare)
    )
    filtered = st.lists(part, min_size=1, max_size=2).map(tuple)
    return st.one_of(st.builds(Rule, action, some, filtered), st.builds(Rule, action, any_))


def _numbered(rules: list[Rule]) -> tuple[Rule, ...]:
    counter = itertools.count()

    def number(written: Filter) -> Filter:
        if written.name == "extension":
            return Filter("extension", (f"x{next(counter)}",))
        if written.name.startswith("require-"):
            return Filter(written.name, tuple(map(number, written.arguments)))
        return written

    return tuple(
        Rule(rule.action, rule.operations, tuple(map(number, rule.filters))) for rule in rules
    )


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_rules(_FILE_NAMES, [*_FILE_NAMES, "default"], _FILTER), max_size=7).map(_numbered),
    st.sampled_from(["file-read-data", "file-read-metadata", "file-write-unlink"]),
    st.sampled_from(["/a", "/a/b", "/a/b/c", "/a/bc", "/b/x", "/c"]),
)
def test_the_procedure_agrees_with_its_slow_transcription(
    rules: tuple[Rule, ...], operation: str, target: str
) -> None:
    unknown = {
        leaf
        for rule in rules
        for part in rule.filters
        for leaf in _leaves(part)
        if leaf.name == "extension"
    }
    assume(len(unknown) <= 6)
    possible = {
        _slow_decide(rules, operation, target, dict(zip(unknown, truth, strict=True)))
        for truth in itertools.product([True, False], repeat=len(unknown))
    }
    decision = Profile(3, rules).decide(operation, target)
    expected = possible.pop() if len(possible) == 1 else "unknown"
    assert decision.verdict == expected, decision.explain()
    if decision.rule is not None:
        assert decision.rule.action == decision.verdict


_NAME = st.builds(Filter, st.just("global-name"), st.tuples(st.sampled_from(["a", "b", "c"])))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_rules(["mach-lookup"], ["mach-lookup", "mach*", "default"], _NAME), max_size=6),
    st.sampled_from(["a", "b", "d"]),
)
def test_names_agree_with_the_slow_transcription(rules: list[Rule], target: str) -> None:
    world = {part: target == part.arguments[0] for rule in rules for part in rule.filters}
    expected = _slow_decide(tuple(rules), "mach-lookup", target, world)
    assert Profile(3, tuple(rules)).decide("mach-lookup", target).verdict == expected


_END = st.builds(
    Filter,
    st.just("local"),
    st.tuples(st.just(Symbol("ip")), st.sampled_from(["*:80", "*:81", "*:*"])),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        _rules(
            ["network-bind", "network-inbound", "network*"],
            ["network-bind", "network-inbound", "network*", "default"],
            _END,
        ),
        max_size=6,
    ),
    st.sampled_from(["network-bind", "network-inbound"]),
    st.sampled_from(["80", "82"]),
)
def test_ports_agree_with_the_slow_transcription(
    rules: list[Rule], operation: str, port: str
) -> None:
    parts = {part for rule in rules for part in rule.filters}
    world = {part: part.arguments[1] in {"*:*", f"*:{port}"} for part in parts}
    expected = _slow_decide(tuple(rules), operation, "", world)
    decision = Profile(3, tuple(rules)).decide(operation, f"local:*:{port}")
    assert decision.verdict == expected, decision.explain()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_rules(_FILE_NAMES, [*_FILE_NAMES, "default"], _FILTER), max_size=7),
    st.sampled_from(["/a", "/A/b", "/a/b/c", "/a/bc", "/é", "/tmp/a", "/a//b"]),
)
def test_finding_rules_by_path_answers_like_trying_all(rules: list[Rule], target: str) -> None:
    ready = Prepared(rules, 3, 0).of("file-read-data")
    request = Request(parse_access("file-read-data", target))
    found = {turn for turn, _entry in ready.candidates(request)}
    for turn, entry in enumerate(ready.filtered):
        assert turn in found or entry.matcher(request).matches is False


def test_every_operation_has_a_plan_in_every_version() -> None:
    for name, version in itertools.product(operations(), (1, 2, 3)):
        for plan in plans(name, version):
            assert plan.members[0] == name
            assert set(plan.evidence) <= set(EVIDENCE)


# Anything at all

_ARGUMENT = st.one_of(
    st.text(max_size=8),
    st.integers(-5, 70_000),
    st.booleans(),
    st.sampled_from([Symbol("self"), Symbol("ip"), Symbol("unix-socket"), Symbol("SIGTERM")]),
    st.builds(IoCommand, st.text(max_size=2), st.integers(0, 300)),
    st.builds(Filter, st.sampled_from(["literal", "regex", "nothing"]), st.just(("/a",))),
)
_ANY_FILTER = st.builds(
    Filter,
    st.sampled_from(
        [
            "literal",
            "subpath",
            "prefix",
            "regex",
            "require-all",
            "require-any",
            "require-not",
            "require-entitlement",
            "remote",
            "local",
            "from",
            "target",
            "extension",
            "ioctl-command",
            "signal-number",
            "socket-domain",
            "tty",
            "path-ancestors",
            "xattr-regex",
            "vnode-type",
            "%unknown",
            "process-path",
            "file-mode",
            "csr",
            "uid",
        ]
    ),
    st.lists(_ARGUMENT, max_size=3).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            Rule,
            st.sampled_from(["allow", "deny"]),
            st.lists(st.sampled_from([*operations(), "iokit-open", "?"]), max_size=3).map(tuple),
            st.lists(_ANY_FILTER, max_size=2).map(tuple),
        ),
        max_size=5,
    ),
    st.integers(1, 3),
    st.one_of(st.sampled_from(list(operations())), st.text(max_size=10)),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["/a", "self", "1.2.3.4:5"])),
)
def test_any_rules_and_any_access_get_an_answer(
    rules: list[Rule], version: int, operation: str, target: str | None
) -> None:
    decision = Profile(version, tuple(rules)).decide(operation, target)
    assert decision.verdict in {"allow", "deny", "unknown"}
    assert decision.explain().replace("\n", "").isprintable()


def test_deeply_nested_filters_are_unknown_and_no_hang() -> None:
    nested = Filter("literal", ("/a",))
    for _ in range(900):
        nested = Filter("require-all", (nested,))
    profile = Profile(1, (Rule("allow", ("file-read*",), (nested,)),))
    assert profile.decide("file-read-data", "/a").verdict == "unknown"


def test_an_access_can_be_given_as_a_value() -> None:
    profile = parse_profile(V1 + '(allow file-read* (subpath "/a"))')
    access = Access("file-read-data", (("path", "/a/b"),))
    assert profile.decide_access(access).verdict == "allow"
    assert profile.decide_access(parse_access("file-read-data", "/b")).verdict == "deny"

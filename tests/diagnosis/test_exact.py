from __future__ import annotations

import pytest

from sbdiag.diagnosis.exact import Refused, Shaped, exact_rule, implicitly_allowed
from sbdiag.diagnosis.shapes import SHAPES
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.filters import accepts, spelling
from sbdiag.seatbelt.rules import Filter
from sbdiag.seatbelt.text import one_line

# Operation, detail as printed, the rule, its grade: one case at least for each kind of line.
RULES = [
    ("file-read-data", "/private/etc/hosts", '(literal "/private/etc/hosts")', "A"),
    ("file-read-metadata", "/tmp", '(literal "/tmp")', "A"),
    ("file-read-xattr", "/Applications/A b.app", '(literal "/Applications/A b.app")', "A"),
    ("file-write-create", "/Users/you/a  b", '(literal "/Users/you/a  b")', "A"),
    ("file-write-unlink", "/x", '(literal "/x")', "A"),
    ("file-write*", "/test", '(literal "/test")', "A"),
    ("file-test-existence", "/bin/bash", '(literal "/bin/bash")', "A"),
    ("file-map-executable", "/x.dylib", '(literal "/x.dylib")', "A"),
    ("file-link", "/x", '(literal "/x")', "A"),
    ("file-clone", "/x", '(literal "/x")', "A"),
    ("file-revoke", "/x", '(literal "/x")', "A"),
    ("file-mknod", "/x", '(literal "/x")', "A"),
    ("file-chroot", "/x", '(literal "/x")', "A"),
    ("file-mount", "/Volumes/x", '(literal "/Volumes/x")', "A"),
    ("file-read-data", "/", '(literal "/")', "A"),
    (
        "file-ioctl",
        'path:/dev/rdisk2 ioctl-command:(_IO "d" 22)',
        '(require-all (literal "/dev/rdisk2") (ioctl-command (_IO "d" 22)))',
        "B",
    ),
    ("file-ioctl", "path:/dev/dtracehelper", '(literal "/dev/dtracehelper")', "A"),
    ("file-ioctl", "/dev/ttys003", '(literal "/dev/ttys003")', "A"),
    (
        "file-issue-extension",
        "target:/Users/you/a b extension-class:com.apple.app-sandbox.read",
        '(require-all (extension-class "com.apple.app-sandbox.read") (literal "/Users/you/a b"))',
        "A",
    ),
    ("file-issue-extension", "target:/x", '(literal "/x")', "B"),
    ("generic-issue-extension", "extension-class:a.b", '(extension-class "a.b")', "A"),
    (
        "mach-issue-extension",
        "extension-class:a.b global-name:com.x",
        '(require-all (extension-class "a.b") (global-name "com.x"))',
        "B",
    ),
    ("mach-issue-extension", "extension-class:a.b", '(extension-class "a.b")', "B"),
    ("iokit-issue-extension", "extension-class:a.b", '(extension-class "a.b")', "B"),
    ("iokit-issue-extension", "extension-class:a.b iokit-class:C", '(extension-class "a.b")', "B"),
    ("mach-lookup", "com.apple.bird", '(global-name "com.apple.bird")', "A"),
    ("mach-lookup", "lh:rbs:port", '(global-name "lh:rbs:port")', "A"),
    ("mach-lookup", "a.b (xpc)", '(xpc-service-name "a.b") (global-name "a.b")', "A"),
    ("mach-lookup", "a.b (per-pid)", '(local-name "a.b")', "A"),
    ("mach-register", "a.b", '(global-name "a.b")', "A"),
    ("mach-register", "a.b (per-pid)", '(local-name "a.b")', "A"),
    ("mach-cross-domain-lookup", "a.b", '(global-name "a.b")', "B"),
    ("mach-cross-domain-lookup", None, "", "B"),
    ("mach-task-name", "others [Nexy(53377)]", "(target others)", "A"),
    ("mach-priv-task-port", "same-sandbox [x(1)]", "(target same-sandbox)", "A"),
    ("mach-task-read", "others [x(1)]", "(target others)", "A"),
    ("mach-task-inspect", "children [x(1)]", "(target children)", "A"),
    ("mach-priv-host-port", None, "", "B"),
    ("mach-bootstrap", None, "", "B"),
    ("process-info-pidinfo", "others [SpringBoard(12115)]", "(target others)", "A"),
    ("process-info-pidfdinfo", "children [llama-server]", "(target children)", "A"),
    ("process-info-setcontrol", "self", "(target self)", "A"),
    ("process-info-listpids", None, "", "A"),
    (
        "signal",
        "others [Safari(5085)] signum:15",
        "(require-all (target others) (signal-number SIGTERM))",
        "B",
    ),
    ("signal", "initproc signum:9", "(require-all (target initproc) (signal-number SIGKILL))", "B"),
    ("signal", "children [x(1)]", "(target children)", "A"),
    ("process-exec*", "/bin/ls", '(literal "/bin/ls")', "A"),
    ("process-exec-interpreter", "/bin/sh", '(literal "/bin/sh")', "A"),
    ("process-fork", None, "", "A"),
    ("sysctl-read", "kern.bootargs", '(sysctl-name "kern.bootargs")', "A"),
    ("sysctl-write", "kern.grade_cputype", '(sysctl-name "kern.grade_cputype")', "A"),
    (
        "network-outbound",
        "/private/var/run/mDNSResponder",
        '(literal "/private/var/run/mDNSResponder")',
        "A",
    ),
    ("network-bind", "/Users/you/x.sock", '(literal "/Users/you/x.sock")', "A"),
    ("network-outbound", "1.2.3.4:443", '(remote ip "*:443")', "A"),
    ("network-outbound", "remote:*:443", '(remote ip "*:443")', "A"),
    ("network-outbound", "127.0.0.1:22", '(remote ip "localhost:22")', "A"),
    ("network-outbound", "[::1]:22", '(remote ip "localhost:22")', "A"),
    ("network-outbound", "2001:db8::1:22", '(remote ip "*:22")', "A"),
    ("network-bind", "local:*:55331", '(local ip "*:55331")', "B"),
    ("network-bind", "local:*:0", '(local ip "*:*")', "B"),
    ("network-bind", "0.0.0.0:7890", '(local ip "*:7890")', "B"),
    ("network-inbound", "local:*:80", '(local ip "*:80")', "A"),
    ("network-inbound", "local:*:0", '(local ip "*:*")', "A"),
    ("network-outbound", "local:*:80", '(local ip "*:80")', "B"),
    (
        "system-socket",
        "domain:32 type:2 protocol:2",
        "(require-all (socket-domain AF_SYSTEM) (socket-type SOCK_DGRAM) (socket-protocol 2))",
        "B",
    ),
    (
        "system-socket",
        "domain:32 protocol:2",
        "(require-all (socket-domain AF_SYSTEM) (socket-protocol 2))",
        "A",
    ),
    ("system-socket", None, "", "C"),
    ("ipc-posix-shm-read-data", "apple.shm.x", '(ipc-posix-name "apple.shm.x")', "A"),
    ("ipc-posix-sem-open", "/mp-0", '(ipc-posix-name "/mp-0")', "A"),
    (
        "iokit-open-user-client",
        "AppleSMCClient",
        '(iokit-user-client-class "AppleSMCClient")',
        "A",
    ),
    (
        "iokit-open-service",
        "IOPMrootDomain",
        '(iokit-registry-entry-class "IOPMrootDomain")',
        "A",
    ),
    ("iokit-open", "IOUserClient", '(iokit-registry-entry-class "IOUserClient")', "A"),
    (
        "iokit-get-properties",
        "iokit-class:C property:P",
        '(require-all (iokit-registry-entry-class "C") (iokit-property "P"))',
        "A",
    ),
    (
        "iokit-set-properties",
        "iokit-class:GramSMC property:KeyboardBacklight",
        '(require-all (iokit-registry-entry-class "GramSMC") (iokit-property "KeyboardBacklight"))',
        "A",
    ),
    ("user-preference-read", "kcfprefs", '(preference-domain "kcfprefs")', "A"),
    ("user-preference-write", "com.apple.music", '(preference-domain "com.apple.music")', "A"),
    ("system-info", "vfs.disk-space", '(info-type "vfs.disk-space")', "A"),
    ("system-fsctl", '(_IO "h" 47)', '(fsctl-command (_IO "h" 47))', "A"),
    ("system-privilege", "1016", "(privilege-id 1016)", "B"),
    ("appleevent-send", "com.apple.textedit", '(appleevent-destination "com.apple.textedit")', "A"),
    ("authorization-right-obtain", "system.x", '(right-name "system.x")', "A"),
    ("distributed-notification-post", "x.y", '(notification-name "x.y")', "A"),
    ("darwin-notification-post", "x.y", '(notification-name "x.y")', "A"),
    ("nvram-get", "boot-args", '(nvram-variable "boot-args")', "A"),
    ("lsopen", None, "", "A"),
    ("hid-control", None, "", "A"),
    ("job-creation", None, "", "A"),
    ("pseudo-tty", None, "", "A"),
    ("device-camera", None, "", "A"),
    ("device-microphone", None, "", "A"),
    ("dynamic-code-generation", None, "", "A"),
    ("qtn-user", None, "", "A"),
    ("qtn-user", "/Users/you/a.dmg", '(literal "/Users/you/a.dmg")', "B"),
    ("process-codesigning-status*", None, "(target self)", "A"),
]
# The log prints an alias: the rule names what it stands for.
ALIASES = [
    ("process-exec", "/bin/ls", '(allow process-exec* (literal "/bin/ls"))'),
    ("ipc-posix-sem", "/mp86945-0", '(allow ipc-posix-sem* (ipc-posix-name "/mp86945-0"))'),
    ("file-write-unmount", "/Volumes/x", '(allow file-unmount (literal "/Volumes/x"))'),
]
# Lines from which no rule can be written, and why.
NO_RULES = [
    ("file-read-data", None, "no-filter"),
    ("file-read-data", "<private>", "hidden"),
    ("file-read-data", "/Users/<private>/x", "hidden"),
    ("file-write-create", "/Users/you/ddd<…>", "hidden"),
    ("file-read-data", "/Users/you/broken\ufffdname", "hidden"),
    ("file-read-data", "test.graffle", "no-filter"),
    ("file-read-data", "~/.lima", "no-filter"),
    ("file-read-data", "/a/../etc/passwd", "no-filter"),
    ("file-read-data", "/a/./b", "no-filter"),
    ("file-read-data", "/a//b", "no-filter"),
    ("file-read-data", "/a/", "no-filter"),
    ("file-read-data", "/a\0b", "no-filter"),
    ("mach-lookup", "a\0b", "no-filter"),
    ("file-read-data", "/a\nb", "no-filter"),
    ("file-read-data", "/a\tb", "no-filter"),
    ("file-read-data", "/a\x1b[2Jb", "no-filter"),
    ("file-read-data", "/Icon\r", "no-filter"),
    ("file-read-data", "/a\x85b", "no-filter"),
    ("file-read-data", "/a\udc80b", "no-filter"),
    ("file-issue-extension", "target:/a\nb extension-class:a.b", "no-filter"),
    ("mach-lookup", "a\nb", "no-filter"),
    ("network-outbound", "/a\nb", "no-filter"),
    ("signal", None, "no-filter"),
    ("sysctl-read", None, "no-filter"),
    ("mach-priv-task-port", None, "no-filter"),
    ("network-outbound", None, "no-filter"),
    ("network-outbound", "1.2.3.4:99999", "no-filter"),
    ("network-outbound", "example.com:443", "no-filter"),
    ("network-outbound", "remote:*:0", "no-filter"),
    ("network-outbound", "1.2.3.4:00", "no-filter"),
    ("network-outbound", "127.0.0.1:0", "no-filter"),
    ("network-outbound", "remote:*:*", "no-filter"),
    ("network-outbound", "*:0", "no-filter"),
    ("network-outbound", "local:*:0", "no-filter"),
    ("network-inbound", "remote:*:0", "no-filter"),
    ("system-fsctl", "(_IO 'h' 47)", "no-filter"),
    ("process-info-pidinfo", "strangers [x(1)]", "no-filter"),
    ("system-reboot", None, "no-known-rule"),
    ("socket-option-set", "x", "no-known-rule"),
    ("fs-rename", "/x", "no-known-rule"),
    ("default", None, "unknown-operation"),
    ("no-such-operation", "/x", "unknown-operation"),
    ("file-nonsense", "/x", "unknown-operation"),
    ("file-read-data) (allow default", "/x", "unknown-operation"),
    ("mach-per-user-lookup", "x", "unknown-operation"),
    ("", None, "unknown-operation"),
]


def shaped(operation: str, detail: str | None, **options: str) -> Shaped:
    found = exact_rule(parse_access(operation, detail), **options)  # type: ignore[arg-type]
    assert isinstance(found, Shaped), found
    return found


@pytest.mark.parametrize(("operation", "detail", "filters", "grade"), RULES)
def test_the_tightest_filter(operation: str, detail: str | None, filters: str, grade: str) -> None:
    found = shaped(operation, detail)
    assert one_line(found.rule) == f"(allow {operation}{' ' if filters else ''}{filters})"
    assert found.shape.grade == grade
    assert found.shape.source
    assert found.shape.purpose
    if not filters:
        assert found.shape.warning


@pytest.mark.parametrize(("operation", "detail", "rule"), ALIASES)
def test_an_alias_is_written_out(operation: str, detail: str, rule: str) -> None:
    assert one_line(shaped(operation, detail).rule) == rule


@pytest.mark.parametrize(("operation", "detail", "reason"), NO_RULES)
def test_no_rule_is_invented(operation: str, detail: str | None, reason: str) -> None:
    found = exact_rule(parse_access(operation, detail))
    assert isinstance(found, Refused)
    assert found.reason == reason
    assert found.explanation


def test_a_system_call_gets_its_number_or_its_word() -> None:
    assert one_line(shaped("syscall-unix", "545").rule).startswith("(allow syscall-unix (syscall-")


@pytest.mark.parametrize(
    ("xpc", "filters"),
    [
        ("both", '(xpc-service-name "a.b") (global-name "a.b")'),
        ("global-name", '(global-name "a.b")'),
        ("xpc-service-name", '(xpc-service-name "a.b")'),
    ],
)
def test_xpc_is_written_as_asked_for(xpc: str, filters: str) -> None:
    assert one_line(shaped("mach-lookup", "a.b (xpc)", xpc=xpc).rule) == (
        f"(allow mach-lookup {filters})"
    )
    assert one_line(shaped("mach-lookup", "a.b", xpc=xpc).rule) == (
        '(allow mach-lookup (global-name "a.b"))'
    )


@pytest.mark.parametrize(("operation", "detail", "filters", "grade"), RULES)
def test_the_filter_table_accepts_every_filter(
    operation: str, detail: str | None, filters: str, grade: str
) -> None:
    rule = shaped(operation, detail).rule
    flat = [
        inner
        for one in rule.filters
        for inner in (one.arguments if one.name == "require-all" else (one,))
    ]
    for one in flat:
        assert isinstance(one, Filter)
        meant = spelling(one.name)
        assert meant is not None
        assert accepts(operation, meant.filter) not in {"no", "unknown"} or (
            operation == "iokit-open"  # older than the table
        )


def test_a_known_shape_never_lacks_its_evidence() -> None:
    for shape in SHAPES:
        assert shape.source
        assert shape.purpose.endswith(".")
        assert shape.operations


@pytest.mark.parametrize(
    ("operation", "implicit"),
    [
        ("file-test-existence", True),
        ("process-info-pidinfo", True),
        ("nvram-get", True),
        ("system-privilege", True),
        ("file-read-data", False),
        ("mach-lookup", False),
        ("job-creation", False),
    ],
)
def test_what_version_1_allows_without_a_rule(operation: str, implicit: bool) -> None:
    assert implicitly_allowed(operation) is implicit

"""What printed details ask for. Lines are real ones with user names replaced, see each table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.seatbelt.access import SUBJECTS, Access, parse_access, subject_kind
from sbdiag.seatbelt.filters import filters, spelling
from sbdiag.seatbelt.operations import operations

# operation, detail, values: from logs of macOS 10.6 to 26 and iOS, public reports.
REAL = [
    ("file-read-data", "/private/etc/sudoers", [("path", "/private/etc/sudoers")]),
    ("file-read-metadata", "/var", [("path", "/var")]),
    ("file-read-data", "/Users/user/My  Files/a", [("path", "/Users/user/My  Files/a")]),
    ("file-mount", None, []),
    ("file-read-data", "<private>", []),
    ("file-read-data", "test.graffle", []),
    ("file-read-data", ".../logs/fm2note-stdout.log", []),
    ("process-exec*", "/bin/cat", [("path", "/bin/cat")]),
    ("process-exec", "/bin/ls", [("path", "/bin/ls")]),
    ("process-fork", None, []),
    ("file-ioctl", "path:/dev/dtracehelper", [("path", "/dev/dtracehelper")]),
    ("file-ioctl", "/dev/ttys003", [("path", "/dev/ttys003")]),
    (
        "file-ioctl",
        'path:/dev/ttys005 ioctl-command:(_IO "t" 83)',
        [("path", "/dev/ttys005"), ("ioctl-command", '(_IO "t" 83)')],
    ),
    (
        "file-issue-extension",
        "target:/Users/user/Library/Group Containers/group.com.apple.stocks/Library/Preferences"
        " extension-class:com.apple.cfprefsd.read",
        [
            (
                "path",
                "/Users/user/Library/Group Containers/group.com.apple.stocks/Library/Preferences",
            ),
            ("extension-class", "com.apple.cfprefsd.read"),
        ],
    ),
    (
        "generic-issue-extension",
        "extension-class:com.apple.virtualization.extension.fuse",
        [("extension-class", "com.apple.virtualization.extension.fuse")],
    ),
    ("mach-lookup", "com.apple.diagnosticd", [("global-name", "com.apple.diagnosticd")]),
    (
        "mach-lookup",
        "lh:rbs:rockettest_messageport",
        [("global-name", "lh:rbs:rockettest_messageport")],
    ),
    (
        "mach-lookup",
        "com.apple.Virtualization.VirtualMachine (xpc)",
        [("xpc-service-name", "com.apple.Virtualization.VirtualMachine")],
    ),
    ("mach-register", "com.apple.axserver (per-pid)", [("local-name", "com.apple.axserver")]),
    (
        "mach-task-name",
        "others [com.apple.Virtualization.Virtual(44215)]",
        [
            ("target", "others"),
            ("process", "com.apple.Virtualization.Virtual"),
            ("pid", "44215"),
        ],
    ),
    ("mach-priv-task-port", None, []),
    (
        "process-info-pidfdinfo",
        "children [llama-server]",
        [("target", "children"), ("process", "llama-server")],
    ),
    (
        "process-info-pidinfo",
        "others \\[SpringBoard(12115)\\]",
        [("target", "others"), ("process", "SpringBoard"), ("pid", "12115")],
    ),
    (
        "signal",
        "others [Safari(5085)] signum:15",
        [
            ("target", "others"),
            ("signal-number", "15"),
            ("process", "Safari"),
            ("pid", "5085"),
        ],
    ),
    ("signal", "initproc signum:15", [("target", "initproc"), ("signal-number", "15")]),
    ("signal", None, []),
    ("sysctl-read", "kern.bootargs", [("sysctl-name", "kern.bootargs")]),
    ("system-info", "vfs.disk-space", [("info-type", "vfs.disk-space")]),
    ("system-fsctl", '(_IO "h" 47)', [("fsctl-command", '(_IO "h" 47)')]),
    ("system-privilege", "1016", [("privilege-id", "1016")]),
    ("syscall-unix", "545", [("syscall-number", "545")]),
    (
        "system-socket",
        "domain:32 type:2 protocol:2",
        [("socket-domain", "32"), ("socket-type", "2"), ("socket-protocol", "2")],
    ),
    ("system-socket", None, []),
    (
        "iokit-get-properties",
        "iokit-class:AGXAcceleratorG14P property:CFBundleIdentifier",
        [
            ("iokit-registry-entry-class", "AGXAcceleratorG14P"),
            ("iokit-property", "CFBundleIdentifier"),
        ],
    ),
    (
        "iokit-open-user-client",
        "AppleSMCClient",
        [("iokit-user-client-class", "AppleSMCClient")],
    ),
    (
        "iokit-open-service",
        "IOPMrootDomain",
        [("iokit-registry-entry-class", "IOPMrootDomain")],
    ),
    (
        "user-preference-read",
        "kCFPreferencesAnyApplication",
        [("preference-domain", "kCFPreferencesAnyApplication")],
    ),
    (
        "ipc-posix-shm-read-data",
        "apple.shm.notification_center",
        [("ipc-posix-name", "apple.shm.notification_center")],
    ),
    (
        "appleevent-send",
        "com.toowalks.swifttag",
        [("appleevent-destination", "com.toowalks.swifttag")],
    ),
    ("network-outbound", "127.0.0.1:22", [("remote", "127.0.0.1:22")]),
    ("network-outbound", "remote:*:80", [("remote", "*:80")]),
    ("network-bind", "local:*:0", [("local", "*:0")]),
    ("network-bind", "0.0.0.0:7890", [("local", "0.0.0.0:7890")]),
    (
        "network-outbound",
        "/private/var/run/mDNSResponder",
        [("unix-socket", "/private/var/run/mDNSResponder")],
    ),
    ("network-outbound", "example.com:443 (not in allowedDomains)", []),
    ("network-outbound", None, []),
    ("forbidden-link-priv<file-read*>", " ~/t/canary  <cwd>/leak", []),
    ("forbidden-link-priv<file-read*>", "/a/canary /b/leak", [("path", "/a/canary")]),
    ("forbidden-exec-sugid", None, []),
]


@pytest.mark.parametrize(("operation", "detail", "values"), REAL)
def test_real_details(operation: str, detail: str | None, values: list[tuple[str, str]]) -> None:
    assert parse_access(operation, detail) == Access(operation, tuple(values), detail)


# A sandboxed program chooses the path; it must not be read shorter than it is.
HOSTILE = [
    (
        "file-issue-extension",
        "target:/tmp/a extension-class:x y extension-class:com.apple.app-sandbox.read",
        [("path", "/tmp/a extension-class:x y"), ("extension-class", "com.apple.app-sandbox.read")],
    ),
    (
        "file-issue-extension",
        "target:/tmp/a extension-class:com.apple.x extension-class:com.apple.app-sandbox.read",
        [],
    ),
    ("file-ioctl", "path:/tmp/a ioctl-command:1x", [("path", "/tmp/a ioctl-command:1x")]),
    ("file-ioctl", 'path:/tmp/a ioctl-command:(_IO "t" 21) ioctl-command:(_IO "h" 4)', []),
    (
        "file-ioctl",
        'path:/tmp/a ioctl-command:(_IO "t" 21) b ioctl-command:(_IO "h" 4)',
        [
            ("path", '/tmp/a ioctl-command:(_IO "t" 21) b'),
            ("ioctl-command", '(_IO "h" 4)'),
        ],
    ),
    ("file-ioctl", "path:tmp/a", []),
    ("file-read-data", "/tmp/a extension-class:b", [("path", "/tmp/a extension-class:b")]),
    ("generic-issue-extension", "extension-class:a b", []),
    ("system-socket", "domain:32 type:2 protocol:x", []),
    ("system-socket", "domain:two", []),
    ("syscall-unix", "545; drop", []),
    ("sysctl-read", "kern.x y", []),
    ("iokit-get-properties", "iokit-class:A B property:C", []),
    (
        "iokit-get-properties",
        "iokit-class:A property:B property:C",
        [("iokit-registry-entry-class", "A"), ("iokit-property", "B property:C")],
    ),
    (
        "signal",
        "others [a] signum:9(12)] signum:15",
        [
            ("target", "others"),
            ("signal-number", "15"),
            ("process", "a] signum:9"),
            ("pid", "12"),
        ],
    ),
    ("signal", "others [a(1)] signum:15 more", []),
    ("mach-lookup", " (xpc)", ()),
    ("network-outbound", "/tmp/x:80", [("unix-socket", "/tmp/x:80")]),
    ("network-outbound", "remote:*:123456", []),
    ("forbidden-link-priv<file-read*>", "/a /b /c", []),
]


@pytest.mark.parametrize(("operation", "detail", "values"), HOSTILE)
def test_hostile_details(operation: str, detail: str, values: list[tuple[str, str]]) -> None:
    assert parse_access(operation, detail).values == tuple(values)


@given(
    st.sampled_from(["file-ioctl", "file-issue-extension", "socket-ioctl"]),
    st.text(st.sampled_from(' /ab:(_IO "t"2)\n'), max_size=40),
    st.booleans(),
)
def test_a_path_is_never_read_shorter_than_the_kernel_printed_it(
    operation: str, tail: str, echo: bool
) -> None:
    pair = {"file-issue-extension": "extension-class:com.a.b"}.get(
        operation, 'ioctl-command:(_IO "t" 21)'
    )
    key = "target" if operation == "file-issue-extension" else "path"
    path = f"/{tail} {pair}" if echo else f"/{tail}"
    read = parse_access(operation, f"{key}:{path} {pair}").value("path")
    assert read == (None if echo else path)


@given(st.sampled_from([*operations(), "forbidden-link-priv<file-read*>"]), st.text(max_size=60))
def test_any_detail_is_kept_and_gives_known_kinds(operation: str, detail: str) -> None:
    access = parse_access(operation, detail)
    assert access.detail == (detail or None)
    assert all(value for _kind, value in access.values)


def test_kinds_are_filters_or_the_three_descriptions() -> None:
    for pattern, kind, evidence in SUBJECTS:
        assert spelling(kind) is not None, pattern
        assert evidence in {"shipped", "table", "log"}
    assert "path" in filters()


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("file-read-data", "path"),
        ("process-exec*", "path"),
        ("mach-lookup", "global-name"),
        ("iokit-open-service", "iokit-registry-entry-class"),
        ("lsopen", None),
    ],
)
def test_subject_kind(operation: str, kind: str | None) -> None:
    assert subject_kind(operation) == kind


def test_access_answers_by_kind() -> None:
    access = parse_access("signal", "others [Safari(5085)] signum:15")
    assert (access.kind, access.name) == ("target", "others")
    assert access.value("signal-number") == "15"
    assert access.value("path") is None
    assert parse_access("lsopen", None).kind is None

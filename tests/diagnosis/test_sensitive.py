from __future__ import annotations

import pytest

from sbdiag.diagnosis.sensitive import SENSITIVE, sensitive_entry, sensitive_place
from sbdiag.seatbelt.access import parse_access


@pytest.mark.parametrize(
    ("operation", "detail", "name"),
    [
        ("file-read-data", "/Users/you/.ssh/id_ed25519", "ssh-keys"),
        ("file-read-data", "/Users/you/.ssh", "ssh-keys"),
        ("file-read-data", "/Users/you/.SSH/id", "ssh-keys"),
        ("file-read-data", "/System/Volumes/Data/Users/you/.ssh/id", "ssh-keys"),
        ("file-read-data", "/Users/Shared/.ssh/id", "ssh-keys"),
        ("file-read-data", "/private/var/root/.ssh/id", "ssh-keys"),
        ("file-read-data", "/var/root/.ssh/id", "ssh-keys"),
        ("file-read-metadata", "/etc/sudoers", "system-accounts"),
        ("file-read-data", "/private/etc/sudoers.d/x", "system-accounts"),
        ("file-read-data", "/private/etc/master.passwd", "system-accounts"),
        ("file-read-data", "/Users/you/Library/Keychains/login.keychain-db", "keychains"),
        ("mach-lookup", "com.apple.SecurityServer", "keychains"),
        ("mach-lookup", "com.apple.secd (xpc)", "keychains"),
        ("file-read-data", "/Users/you/Library/Application Support/Firefox/x", "browser-data"),
        ("file-read-data", "/Users/you/.zsh_history", "shell-history"),
        ("file-write-data", "/Users/you/.zshrc", "shell-startup"),
        ("file-read-data", "/Users/you/.docker/config.json", "cloud-credentials"),
        ("file-write-create", "/Library/LaunchDaemons/com.x.plist", "launch-items"),
        ("file-issue-extension", "target:/Users/you/.ssh extension-class:a.b", "ssh-keys"),
        ("network-outbound", "/Users/you/.ssh/agent.sock", "ssh-keys"),
    ],
)
def test_what_is_sensitive(operation: str, detail: str, name: str) -> None:
    found = sensitive_entry(parse_access(operation, detail))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ("file-read-data", "/Users/you/.ssh2"),
        ("file-read-data", "/Users/you/src/.ssh/x"),
        ("file-read-data", "/private/etc/hosts"),
        ("file-read-data", "/Library/LaunchDaemons/com.x.plist"),
        ("file-read-data", "/Users/you"),
        ("mach-lookup", "com.apple.securityd.xpc"),
        ("sysctl-read", "kern.bootargs"),
    ],
)
def test_what_is_not(operation: str, detail: str) -> None:
    assert sensitive_entry(parse_access(operation, detail)) is None


def test_a_directory_that_holds_secrets_counts() -> None:
    assert sensitive_place("/Users/you")
    assert sensitive_place("/Users/you/.ssh/keys")
    assert sensitive_place("/private/etc")
    assert not sensitive_place("/Users/you/src")


def test_every_entry_has_its_own_name_and_source() -> None:
    names = [entry.name for entry in SENSITIVE]
    assert len(set(names)) == len(names)
    assert all(entry.source and entry.explanation for entry in SENSITIVE)

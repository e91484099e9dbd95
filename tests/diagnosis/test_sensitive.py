from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.diagnosis.paths import folded
from sbdiag.diagnosis.sensitive import ENTRIES, SENSITIVE, sensitive_entry, sensitive_place
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
        ("file-read-data", "/Etc/sudoers", "system-accounts"),
        ("file-read-data", "/VAR/root/.ssh/id", "ssh-keys"),
        ("file-read-data", "/Private/Var/Root/.ssh/id", "ssh-keys"),
        ("file-read-data", "/system/volumes/data/Users/you/.ssh/id", "ssh-keys"),
        ("file-read-data", "/Volumes/Backup/2026-01-01/HD - Data/Users/you/.ssh/id", "ssh-keys"),
        ("file-read-data", "/Volumes/Copy/private/etc/sudoers", "system-accounts"),
        ("file-read-data", "/Users/you/.s\u200csh/id", "ssh-keys"),
        ("file-read-data", "/Users/you/src/../.ssh//id", "ssh-keys"),
        ("file-read-data", "/private/etc/sudoers.d/x", "system-accounts"),
        ("file-read-data", "/private/etc/master.passwd", "system-accounts"),
        ("file-read-data", "/Users/you/Library/Keychains/login.keychain-db", "keychains"),
        ("mach-lookup", "com.apple.SecurityServer", "keychains"),
        ("mach-lookup", "com.apple.secd (xpc)", "keychains"),
        ("file-read-data", "/Users/you/Library/Application Support/Firefox/x", "browser-data"),
        ("file-read-data", "/Users/you/.zsh_history", "shell-history"),
        ("file-write-data", "/Users/you/.zshrc", "shell-startup"),
        ("file-read-data", "/Users/you/.docker/config.json", "cloud-credentials"),
        ("file-read-data", "/Users/you/.config/gh/hosts.yml", "tokens"),
        ("file-read-data", "/Users/you/.config/git/credentials", "tokens"),
        ("file-read-data", "/Users/you/.pypirc", "tokens"),
        ("file-read-data", "/Users/you/.claude/.credentials.json", "agent-credentials"),
        ("file-read-data", "/Users/you/.codex/auth.json", "agent-credentials"),
        (
            "file-read-data",
            "/Users/you/Library/Group Containers/group.com.apple.notes/x",
            "private-data",
        ),
        (
            "file-read-data",
            "/Users/you/Library/Application Support/Google/Chrome Beta/x",
            "browser-data",
        ),
        ("file-write-create", "/Library/LaunchDaemons/com.x.plist", "launch-items"),
        ("file-write-create", "/etc/pam.d/sudo", "run-by-others"),
        ("file-write-data", "/private/var/at/tabs/you", "run-by-others"),
        ("file-write-data", "/Users/you/.gitconfig", "run-by-others"),
        ("network-outbound", "/private/var/run/docker.sock", "container-sockets"),
        ("file-read-data", "/dev/disk0", "raw-disks"),
        ("file-read-data", "/dev/rdisk2s1", "raw-disks"),
        ("file-write-data", "/DEV//rDisk2s1", "raw-disks"),
        ("file-write-create", "/Users/you/src/app/.git/hooks/pre-commit", "repository-hooks"),
        ("file-write-mode", "/Users/you/src/app/.git/hooks", "repository-hooks"),
        ("file-write-data", "/.git/config", "repository-hooks"),
        ("file-write-data", "/x\ny/.GIT/config", "repository-hooks"),
        ("file-write-data", "/w/.git/modules/a/b/hooks/post-merge", "repository-hooks"),
        ("file-issue-extension", "target:/w/.git extension-class:a.b", "extension-over-secrets"),
        ("file-issue-extension", "target:/dev extension-class:a.b", "extension-over-secrets"),
        ("file-issue-extension", "target:/Users/you/.ssh extension-class:a.b", "ssh-keys"),
        *(
            (
                "file-issue-extension",
                f"target:{place} extension-class:com.apple.app-sandbox.read",
                "extension-over-secrets",
            )
            for place in (
                "/",
                "/Users",
                "/USERS/you",
                "/home/you",
                "/private",
                "/Private/etc",
                "/var",
                "/Library",
                "/System/Volumes/Data",
                "/Volumes",
                "/Volumes/Disk",
                "/Users/you/Library",
                "/Users/you/library/Application Support",
                "/Users/you/.claude",
            )
        ),
        ("file-issue-extension", "target:/Users/you", "extension-over-secrets"),
        ("file-issue-extension", "target:/Library/LaunchAgents extension-class:a", "launch-items"),
        ("file-clone", "/Library/LaunchAgents/com.x.plist", "launch-items"),
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
        ("file-read-data", "/dev/disk"),
        ("file-read-data", "/dev/diskimage"),
        ("file-read-data", "/x/dev/disk0"),
        ("file-read-data", "/Users/you/src/app/.git/config"),
        ("file-write-data", "/Users/you/src/app/.git/config.lock"),
        ("file-write-data", "/Users/you/src/app/.git/index"),
        ("file-write-data", "/Users/you/src/app.git/hooks/x"),
        ("file-write-data", "/Users/you/src/app/hooks/.git"),
        ("file-read-data", "/Users/you/src/.ssh/x"),
        ("file-read-data", "/private/etc/hosts"),
        ("file-read-data", "/Library/LaunchDaemons/com.x.plist"),
        ("file-read-data", "/Users/you"),
        ("file-issue-extension", "target:/Users/you/src extension-class:a.b"),
        ("file-issue-extension", "target:/Users/you/Documents/a extension-class:a.b"),
        ("file-read-data", "/Users/you/.config/git/config"),
        ("file-read-data", "/Users/you/.claude/settings.json"),
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
    assert sensitive_place("/dev")
    assert sensitive_place("/dev/rdisk1/x")
    assert sensitive_place("/Users/you/src/.git")
    assert sensitive_place("/Users/you/src/.git/hooks")
    assert not sensitive_place("/Users/you/src/.git/objects")
    assert not sensitive_place("/Users/you/src")


def test_every_entry_has_its_own_name_and_source() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert all(entry.source and entry.explanation for entry in ENTRIES)


_PLACES = sorted({place for entry in SENSITIVE for place in entry.places})


@settings(max_examples=300, deadline=None)
@given(
    place=st.sampled_from([*_PLACES, "~", "~/Library", "/Users", "/private/etc"]),
    home=st.sampled_from(["/Users/you", "/Users/Jos\u00e9 x", "/private/var/root"]),
    root=st.sampled_from(["", "/System/Volumes/Data", "/system/Volumes/DATA", "/Volumes/Disk"]),
    below=st.sampled_from(["", "/x", "/x/y", "x"]),
    operation=st.sampled_from(["file-read-data", "file-write-create", "file-issue-extension"]),
    data=st.data(),
)
def test_the_spelling_changes_no_verdict(
    place: str, home: str, root: str, below: str, operation: str, data: st.DataObject
) -> None:
    plain = (home + place[1:] if place.startswith("~") else place) + below
    link = data.draw(st.booleans())
    path = plain.removeprefix("/private") if link else plain
    parts = [
        "".join(data.draw(st.sampled_from([each, each.swapcase()])) for each in part)
        + data.draw(st.sampled_from(["", "", "/", "/.", "/x/.."]))
        for part in path.split("/")
    ]
    spelled = root + "/".join(parts)
    assert sensitive_entry(parse_access(operation, spelled)) == sensitive_entry(
        parse_access(operation, plain)
    )
    assert sensitive_place(spelled) == sensitive_place(plain)
    if place in _PLACES:
        assert below == "x" or sensitive_place(spelled)


# Every path of the deny groups of nono's policy (see the sources of the table), as it stands there.
_NONO_DENIES = """
    .ssh .gnupg .aws .azure .config/gcloud .gcloud .kube .docker .git-credentials .netrc .npmrc
    .vault-token .credentials .secrets .keys .pki .terraform.d .config/op .bunfig.toml
    .config/bun/bunfig.toml Library/Keychains .password-store .1password Library/Messages
    Library/Mail Library/Cookies Library/Safari .zshrc .zprofile .zshenv .zlogin .zlogout .bashrc
    .bash_profile .bash_login .bash_logout .profile .config/fish .env .envrc .zsh_history
    .bash_history .python_history
"""


@pytest.mark.parametrize("name", _NONO_DENIES.split())
def test_what_nono_denies_is_sensitive_here(name: str) -> None:
    assert sensitive_entry(parse_access("file-read-data", f"/Users/you/{name}")) is not None


def test_each_place_and_service_is_of_one_entry() -> None:
    places = [folded(place) for entry in SENSITIVE for place in entry.places]
    services = [name for entry in SENSITIVE for name in entry.names]
    assert len(set(places)) == len(places)
    assert len(set(services)) == len(services)

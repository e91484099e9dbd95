"""Places and services that hold secrets, or that decide what runs later.

They get no rule unless they are asked for by name. An entry is matched liberally, because a miss
costs more than a false hit: however its path is spelled (:func:`paths.folded`), below any home.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.seatbelt.access import Access


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Places that hold secrets, or that decide what runs later.

    `places` are absolute or ``~/…``, each with everything below it, and `patterns` are regular
    expressions of such places as :func:`paths.folded` writes them, `over` is one of what holds
    them; `writes` withholds only changes; `names` are Mach services.
    """

    name: str
    places: tuple[str, ...]
    explanation: str
    source: str
    writes: bool = False
    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    over: str = ""


_NONO: Final = "nono policy.json, group "
_SUPPORT: Final = "~/Library/Application Support"

SENSITIVE: Final[tuple[Sensitive, ...]] = (
    Sensitive(
        "ssh-keys",
        ("~/.ssh", "/private/etc/ssh"),
        "SSH keys.",
        f"{_NONO}deny_credentials; sshd(8) for the host keys",
    ),
    Sensitive("gpg-keys", ("~/.gnupg",), "GnuPG keys.", f"{_NONO}deny_credentials"),
    Sensitive(
        "cloud-credentials",
        (
            "~/.aws",
            "~/.azure",
            "~/.config/gcloud",
            "~/.boto",
            "~/.cloudflared",
            "~/.config/containers/auth.json",
            "~/.config/doctl",
            "~/.config/rclone",
            "~/.docker",
            "~/.fly",
            "~/.gcloud",
            "~/.kube",
            "~/.oci",
            "~/.s3cfg",
            "~/.terraform.d",
            "~/.terraformrc",
            f"{_SUPPORT}/doctl",
            f"{_SUPPORT}/ngrok",
        ),
        "Credentials of cloud services, clusters and registries.",
        f"{_NONO}deny_credentials; manuals of the tools",
    ),
    Sensitive(
        "tokens",
        (
            "~/.authinfo",
            "~/.authinfo.gpg",
            "~/.bunfig.toml",
            "~/.cache/huggingface/token",
            "~/.cargo/credentials",
            "~/.cargo/credentials.toml",
            "~/.composer/auth.json",
            "~/.config/bun/bunfig.toml",
            "~/.config/composer/auth.json",
            "~/.config/gh",
            "~/.config/git/credentials",
            "~/.config/glab-cli",
            "~/.config/hub",
            "~/.config/op",
            "~/.config/sops/age",
            "~/.credentials",
            "~/.gem/credentials",
            "~/.git-credentials",
            "~/.gradle/gradle.properties",
            "~/.kaggle",
            "~/.keys",
            "~/.local/share/gem/credentials",
            "~/.m2/settings-security.xml",
            "~/.m2/settings.xml",
            "~/.my.cnf",
            "~/.mylogin.cnf",
            "~/.netrc",
            "~/.npmrc",
            "~/.pgpass",
            "~/.pki",
            "~/.pypirc",
            "~/.secrets",
            "~/.vault-token",
            "~/.yarnrc",
            "~/.yarnrc.yml",
            f"{_SUPPORT}/glab-cli",
            f"{_SUPPORT}/sops/age",
        ),
        "Passwords and tokens in files.",
        f"{_NONO}deny_credentials; Cargo's reference for credentials.toml; manuals of the tools",
    ),
    Sensitive(
        "agent-credentials",
        (
            "~/.claude.json",
            "~/.claude/.credentials.json",
            "~/.codex/auth.json",
            "~/.config/github-copilot",
            "~/.copilot",
            "~/.gemini/oauth_creds.json",
            "~/.local/share/opencode/auth.json",
        ),
        "Logins of coding agents.",
        "documentation of Claude Code, Codex, Copilot, Gemini CLI and opencode",
    ),
    Sensitive(
        "keychains",
        (
            "~/Library/Keychains",
            "/Library/Keychains",
            "~/.password-store",
            "~/.1password",
            "~/Library/Containers/com.1password.1password",
            "~/Library/Group Containers/2BUA8C4S2C.com.1password",
        ),
        "Keychains and password stores.",
        f"{_NONO}deny_keychains_macos",
        names=(
            "com.apple.SecurityServer",
            "com.apple.securityd",
            "com.apple.security.keychaind",
            "com.apple.secd",
            "com.apple.security.agent",
        ),
    ),
    Sensitive(
        "browser-data",
        (
            f"{_SUPPORT}/Arc",
            f"{_SUPPORT}/BraveSoftware",
            f"{_SUPPORT}/Chromium",
            f"{_SUPPORT}/Firefox",
            f"{_SUPPORT}/Google/Chrome",
            f"{_SUPPORT}/Google/Chrome Beta",
            f"{_SUPPORT}/Google/Chrome Canary",
            f"{_SUPPORT}/Google/Chrome Dev",
            f"{_SUPPORT}/Microsoft Edge",
            f"{_SUPPORT}/Vivaldi",
            f"{_SUPPORT}/com.operasoftware.Opera",
            "~/Library/Containers/com.apple.Safari",
            "~/Library/Cookies",
            "~/Library/Safari",
        ),
        "Cookies, passwords and history of browsers.",
        f"{_NONO}deny_browser_data_macos and deny_macos_private",
    ),
    Sensitive(
        "private-data",
        (
            "~/Library/Calendars",
            "~/Library/Group Containers/group.com.apple.notes",
            "~/Library/Mail",
            "~/Library/Messages",
            "~/Library/Reminders",
            "~/Pictures/Photos Library.photoslibrary",
            f"{_SUPPORT}/AddressBook",
            f"{_SUPPORT}/CallHistoryDB",
            f"{_SUPPORT}/MobileSync",
            f"{_SUPPORT}/com.apple.TCC",
            "/Library/Application Support/com.apple.TCC",
        ),
        "Mail, messages, contacts, notes, photos, device backups and the privacy database.",
        f"{_NONO}deny_macos_private; what Apple's TCC asks the user about, and its database",
    ),
    Sensitive(
        "shell-history",
        (
            "~/.bash_history",
            "~/.bash_sessions",
            "~/.local/share/fish/fish_history",
            "~/.mysql_history",
            "~/.node_repl_history",
            "~/.psql_history",
            "~/.python_history",
            "~/.zsh_history",
            "~/.zsh_sessions",
        ),
        "Commands that were typed, often with secrets in them.",
        f"{_NONO}deny_shell_history; manuals of the shells",
    ),
    Sensitive(
        "shell-startup",
        (
            "~/.bash_login",
            "~/.bash_logout",
            "~/.bash_profile",
            "~/.bashrc",
            "~/.config/fish",
            "~/.env",
            "~/.envrc",
            "~/.profile",
            "~/.zlogin",
            "~/.zlogout",
            "~/.zprofile",
            "~/.zshenv",
            "~/.zshrc",
        ),
        "Shell start-up files: they hold tokens, and what is written there runs outside.",
        f"{_NONO}deny_shell_configs",
    ),
    Sensitive(
        "system-accounts",
        (
            "/private/etc/master.passwd",
            "/private/etc/sudoers",
            "/private/etc/sudoers.d",
            "/private/var/db/dslocal",
        ),
        "Accounts of this machine, and who may become root.",
        "sudoers(5); the article reads /etc/sudoers as its calibration denial, to be refused",
    ),
    Sensitive(
        "launch-items",
        (
            "~/Library/LaunchAgents",
            "/Library/LaunchAgents",
            "/Library/LaunchDaemons",
        ),
        "What is written here is started by launchd, outside the sandbox.",
        "launchd.plist(5)",
        writes=True,
    ),
    Sensitive(
        "run-by-others",
        (
            "/Library/PrivilegedHelperTools",
            "/Library/StartupItems",
            "/private/etc/bashrc",
            "/private/etc/pam.d",
            "/private/etc/paths",
            "/private/etc/paths.d",
            "/private/etc/periodic",
            "/private/etc/profile",
            "/private/etc/zprofile",
            "/private/etc/zshenv",
            "/private/etc/zshrc",
            "/private/var/at",
            "/usr/lib/cron",
            "~/.gitconfig",
        ),
        "What is written here is run or obeyed by others outside the sandbox: cron, shells, git.",
        "pam(8), cron(8), periodic(8), zsh(1), git-config(1)",
        writes=True,
    ),
    Sensitive(
        "container-sockets",
        ("/private/var/run/docker.sock",),
        "Who may talk to Docker may start anything with any folder, outside the sandbox.",
        "Docker's manual: protect the Docker daemon socket",
    ),
    Sensitive(
        "repository-hooks",
        (),
        "What is written here git runs, in any repository that somebody works in later.",
        "githooks(5); git-config(1): core.hooksPath, core.fsmonitor, core.sshCommand",
        writes=True,
        patterns=(r".*/\.git/(?:modules/.*/)?(?:hooks|config)",),
        over=r".*/\.git(?:/modules/.*)?",
    ),
    Sensitive(
        "raw-disks",
        (),
        "A disk as one file: whoever has it has every file on it, whatever other rules say.",
        "hdiutil(1), diskutil(8): /dev/disk2s1 and /dev/rdisk2s1",
        patterns=(r"/dev/r?disk[0-9][^/]*",),
        over="/dev",
    ),
)
OVER_SECRETS: Final = Sensitive(
    "extension-over-secrets",
    (),
    "An extension covers everything below its path, and secrets lie below this one.",
    "Apple, Accessing files from the macOS App Sandbox: a chosen folder with all it holds",
)
"""A place that is none of the table's, handed to another process with those below it."""
ENTRIES: Final = (*SENSITIVE, OVER_SECRETS)
"""What can be asked for by name."""

# Homes lie below these, folded; the other places' own text tells what they lie below.
_OVER_HOMES: Final = ("/", "/home", "/system", "/system/volumes", "/users", "/volumes")
# What does no more than look; any other operation counts as a change.
_LOOKS: Final = ("file-read", "file-test-existence", "file-map-executable", "process-exec")

_AT: Final = {paths.folded(place): entry for entry in SENSITIVE for place in entry.places}
_PATTERNS: Final = tuple(
    (re.compile(f"(?:{pattern})(?:/.*)?", re.DOTALL), entry)
    for entry in SENSITIVE
    for pattern in entry.patterns
)
_OVER_PATTERNS: Final = tuple(re.compile(e.over, re.DOTALL) for e in SENSITIVE if e.over)
_SERVICES: Final = {name: entry for entry in SENSITIVE for name in entry.names}
# The places and what holds one.
_OVER: Final = frozenset({*_OVER_HOMES, *_AT, *(up for at in _AT for up in paths.ancestors(at))})


def sensitive_entry(access: Access) -> Sensitive | None:
    """Return the entry that `access` falls under, ``None`` if none does."""
    path = access.value("path") or access.value("unix-socket")
    folded = None if path is None else paths.folded(path)
    around = () if folded is None else (folded, *paths.ancestors(folded))
    service = access.value("global-name") or access.value("xpc-service-name")
    looks = access.operation.startswith(_LOOKS)
    named = [_SERVICES[service]] if service in _SERVICES else []
    found = [*named, *(_AT[at] for at in around if at in _AT), *_by_pattern(folded or "")]
    entries = [entry for entry in found if not (entry.writes and looks)]
    if entries:
        return min(entries, key=SENSITIVE.index)
    if folded is not None and access.operation.startswith("file-issue-extension"):
        return OVER_SECRETS if _lies_over(folded) else None
    return None


def sensitive_place(path: str) -> bool:
    """Tell whether `path` is, holds or lies in a sensitive place."""
    folded = paths.folded(path)
    within = any(at in _AT for at in paths.ancestors(folded)) or any(_by_pattern(folded))
    return within or _lies_over(folded)


def _by_pattern(folded: str) -> list[Sensitive]:
    return [entry for pattern, entry in _PATTERNS if pattern.fullmatch(folded)]


def _lies_over(folded: str) -> bool:
    """Tell whether a place that is known to be sensitive lies below this one, or is it."""
    return folded in _OVER or any(over.fullmatch(folded) for over in _OVER_PATTERNS)

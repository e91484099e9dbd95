"""Denials that get no rule on their own, by table: which class, why, and who says so.

Sensitive places and known noise can be asked for by name (``sensitive=("ssh-keys",)``); everything
else here has no rule that would help, or is no evidence of a refusal.

A sensitive entry is matched liberally, because a miss costs more than a false hit: in any letter
case (path filters do not tell case apart), through the links in the root, below any home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import WithheldReason
from sbdiag.seatbelt.access import Access

# In which order classes are shown.
CLASS_ORDER: Final[tuple[WithheldReason, ...]] = get_args(WithheldReason)


@dataclass(frozen=True, slots=True)
class Class:
    """Why a denial is withheld; `name` is the table entry to ask for it, where one can."""

    reason: WithheldReason
    explanation: str
    source: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """Places that hold secrets, or that decide what runs later.

    `places` are absolute or ``~/…``, each with everything below it; `writes` withholds only
    changes; `names` are Mach services.
    """

    name: str
    places: tuple[str, ...]
    explanation: str
    source: str
    writes: bool = False
    names: tuple[str, ...] = ()


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
            "~/.docker",
            "~/.gcloud",
            "~/.kube",
            "~/.terraform.d",
        ),
        "Credentials of cloud services, clusters and registries.",
        f"{_NONO}deny_credentials",
    ),
    Sensitive(
        "tokens",
        (
            "~/.bunfig.toml",
            "~/.cargo/credentials",
            "~/.cargo/credentials.toml",
            "~/.config/bun/bunfig.toml",
            "~/.config/op",
            "~/.credentials",
            "~/.git-credentials",
            "~/.keys",
            "~/.netrc",
            "~/.npmrc",
            "~/.pki",
            "~/.secrets",
            "~/.vault-token",
        ),
        "Passwords and tokens in files.",
        f"{_NONO}deny_credentials; Cargo's reference for credentials.toml",
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
            "~/Library/Mail",
            "~/Library/Messages",
            f"{_SUPPORT}/MobileSync",
            f"{_SUPPORT}/com.apple.TCC",
            "/Library/Application Support/com.apple.TCC",
        ),
        "Mail, messages, device backups and the privacy database.",
        f"{_NONO}deny_macos_private; Apple's TCC database",
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
)


@dataclass(frozen=True, slots=True)
class Noise:
    """Accesses that programs make and do without."""

    name: str
    operations: tuple[str, ...]
    kind: str
    values: tuple[str, ...]
    explanation: str
    source: str


NOISE: Final[tuple[Noise, ...]] = (
    Noise(
        "dtrace-helper",
        ("file-read-data", "file-write-data", "file-read-metadata", "file-ioctl"),
        "path",
        ("/dev/dtracehelper",),
        "dyld offers a program's DTrace probes here at every start, and goes on without.",
        "curl, qlmanage and codex are refused it and run; DYLD_USE_DTRACE=0 stops it",
    ),
    Noise(
        "logging",
        ("mach-lookup",),
        "global-name",
        ("com.apple.diagnosticd", "com.apple.logd"),
        "Only a program's own log messages need this.",
        "os_log's daemons; git, curl, mpv and codex are refused them and run",
    ),
    Noise(
        "text-encoding",
        ("file-read-data", "file-read-metadata"),
        "path",
        ("~/.CFUserTextEncoding",),
        "CoreFoundation looks up the user's text encoding at start, and has a default.",
        "swift-corelibs-foundation CFStringEncodings; curl is refused it and runs",
    ),
    Noise(
        "autofs-nowait",
        ("file-read-data", "file-read-metadata"),
        "path",
        ("/dev/autofs_nowait",),
        "CoreFoundation asks not to wait for automounted disks, and goes on without.",
        "CoreFoundation CFFileUtilities: openAutoFSNoWait may return -1; curl and ollama run",
    ),
)

# The name of the refusal decides, and no rule of the profile lifts it.
FORBIDDEN: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "forbidden-exec-sugid",
        "A set-user-id program: only (allow process-exec* … (with no-sandbox)) runs it, outside "
        "the sandbox.",
        "Homebrew and codex do so for /bin/ps",
    ),
    (
        "forbidden-sandbox-reinit",
        "A sandbox inside a sandbox: they do not nest.",
        "many field reports",
    ),
    (
        "forbidden-link-priv",
        "A hard link to a file that the process may not use: allow the operation in angle "
        "brackets on the first path instead.",
        "field report",
    ),
    (
        "forbidden-map-ls-database",
        "The LaunchServices database: it goes through the lookup of its service instead.",
        "field report",
    ),
    ("forbidden-", "No rule of a profile lifts this refusal.", "field report"),
)

# Where Seatbelt's own policy allows the access whatever the profile says.
_ALWAYS: Final = (("signal", "self"), ("mach-task-name", "self"))

_DOUBTFUL: Final = Class(
    "doubtful-origin",
    "Neither the kernel nor sandboxd wrote this line: any program can print one like it.",
    "the unified log names the sender of each line",
)
_ALLOWED_REPORT: Final = Class(
    "allow-report",
    "Allowed, and reported because the profile says (with report).",
    "lines of sing-box and curl under (allow … (with report))",
)
_SYSTEM_POLICY: Final = Class(
    "system-policy",
    "System Policy refused it (SIP, TCC or the platform profile): no rule of yours helps.",
    "field reports",
)
_SELF: Final = Class(
    "already-allowed",
    "Seatbelt always allows this on the process itself: something else refused it.",
    "policy.scm in libsandbox (knightsc/sandbox_profiles)",
)


def withheld_class(access: Access, *, verdict: str, layer: str, origin: str) -> Class | None:
    """Return why `access` gets no rule on its own; ``None`` where it may.

    Parameters
    ----------
    access
        What was refused.
    verdict, layer, origin
        As in the denials frame; an empty text where the frame does not say.
    """
    if origin == "other":
        return _DOUBTFUL
    if verdict == "allow":
        return _ALLOWED_REPORT
    if layer == "system-policy":
        return _SYSTEM_POLICY
    for name, explanation, source in FORBIDDEN:
        if access.operation.startswith(name):
            return Class("forbidden", explanation, source)
    if (access.operation, access.value("target")) in _ALWAYS:
        return _SELF
    return _sensitive(access) or _noise(access)


def sensitive_place(path: str) -> bool:
    """Tell whether `path` is, holds or lies in a sensitive place."""
    folded = _folded(path)
    return any(
        paths.below(folded, place.casefold()) or paths.below(place.casefold(), folded)
        for entry in SENSITIVE
        for place in entry.places
    )


def _sensitive(access: Access) -> Class | None:
    path = access.value("path") or access.value("unix-socket")
    folded = None if path is None else _folded(path)
    service = access.value("global-name") or access.value("xpc-service-name")
    for entry in SENSITIVE:
        if entry.writes and not access.operation.startswith("file-write"):
            continue
        if service in entry.names or (
            folded is not None
            and any(paths.below(folded, place.casefold()) for place in entry.places)
        ):
            return Class("sensitive", entry.explanation, entry.source, entry.name)
    return None


def _noise(access: Access) -> Class | None:
    for entry in NOISE:
        value = access.value(entry.kind)
        if (
            value is not None
            and access.operation in entry.operations
            and (value in entry.values or paths.tilde(value) in entry.values)
        ):
            return Class("noise", entry.explanation, entry.source, entry.name)
    return None


def _folded(path: str) -> str:
    """Bring a path into the form of the table: links resolved, ``~`` for a home, no case."""
    path = path.removeprefix("/System/Volumes/Data") or "/"
    for alias in paths.ALIASES:
        if paths.below(path, alias):
            path = "/private" + path
    if paths.below(path, "/private/var/root"):
        path = "~" + path[len("/private/var/root") :]
    match = path.casefold()
    if match.startswith("/users/"):
        _, _, rest = match[len("/users/") :].partition("/")
        match = f"~/{rest}" if rest else "~"
    return match

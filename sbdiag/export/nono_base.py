"""What nono grants and refuses before a profile says anything.

Read from nolabs-ai/nono v0.66 to v0.74: ``crates/nono/src/sandbox/macos.rs`` for the base rules,
``policy.json`` for the groups that every user profile has. The base grants ``mach-lookup`` and
``mach-task-name`` whole in v0.30, v0.60, v0.66 and v0.74 and in the macOS wheel of nono-py 0.16.0.
The network rows hold while no network mode is set.
"""

from __future__ import annotations

from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.drafts import wider
from sbdiag.seatbelt.operations import fallback_chain
from sbdiag.seatbelt.rules import Filter, Rule, Symbol

_SELF: Final = (Filter("target", (Symbol("self"),)), Filter("target", (Symbol("same-sandbox"),)))

# Operations of the base rules, their filters (none: all of it), and the rule as nono emits it.
_BASE: Final[tuple[tuple[str, tuple[Filter, ...], str], ...]] = (
    ("process-exec*", (), "(allow process-exec*)"),
    ("process-fork", (), "(allow process-fork)"),
    ("process-info*", _SELF, "(allow process-info* (target self)), (target same-sandbox)"),
    ("sysctl-read", (), "(allow sysctl-read)"),
    ("mach-lookup", (), "(allow mach-lookup)"),
    ("mach-task-name", (), "(allow mach-task-name)"),
    ("ipc-posix-shm-read-data", (), "(allow ipc-posix-shm-read-data)"),
    ("ipc-posix-shm-write-data", (), "(allow ipc-posix-shm-write-data)"),
    ("ipc-posix-shm-write-create", (), "(allow ipc-posix-shm-write-create)"),
    ("signal", _SELF, "(allow signal (target self)), (target same-sandbox)"),
    ("system-fsctl", (), "(allow system-fsctl)"),
    ("system-info", (), "(allow system-info)"),
    ("pseudo-tty", (), "(allow pseudo-tty)"),
    ("system-socket", (), "(allow system-socket), without a network mode"),
    ("network-outbound", (), "(allow network-outbound), without a network mode"),
    ("network-inbound", (), "(allow network-inbound), without a network mode"),
    ("network-bind", (), "(allow network-bind), without a network mode"),
    ("file-read*", (Filter("literal", ("/",)),), '(allow file-read* (literal "/"))'),
    ("file-ioctl", (Filter("literal", ("/dev/tty",)),), '(allow file-ioctl (literal "/dev/tty"))'),
)
# Services that the base denies again after (allow mach-lookup).
_DENIED_SERVICES: Final = frozenset(
    {
        "com.apple.SecurityServer",
        "com.apple.secd",
        "com.apple.security.agent",
        "com.apple.security.keychaind",
        "com.apple.securityd",
    }
)

# Groups of every user profile: name, directories it opens for reading or writing.
_READABLE: Final = (
    (
        "system_read_macos",
        (
            "/Applications",
            "/Library",
            "/System/Cryptexes",
            "/System/Library",
            "/System/Volumes",
            "/Volumes",
            "/bin",
            "/cores",
            "/dev",
            "/etc/ssl",
            "/nix",
            "/opt",
            "/private",
            "/private/var",
            "/run",
            "/sbin",
            "/tmp",
            "/usr/bin",
            "/usr/lib",
            "/usr/local/bin",
            "/usr/local/lib",
            "/usr/sbin",
            "/usr/share",
            "/var",
        ),
    ),
    ("homebrew_macos", ("/opt/homebrew", "/usr/local/Cellar", "/usr/local/opt")),
    (
        "user_tools",
        (
            "~/.local/bin",
            "~/.local/share/applications",
            "~/.local/share/bash-completion",
            "~/.local/share/man",
            "~/.local/share/zsh",
        ),
    ),
)
_WRITABLE: Final = (
    (
        "system_write_macos",
        ("/dev", "/private/tmp", "/private/var/folders", "/tmp", "/var/folders"),
    ),
)
_READS: Final = ("file-read*", "file-map-executable", "file-ioctl")
_WRITES: Final = ("file-write*", "file-ioctl")

# Groups that refuse: a grant alone does not open what lies there.
_REFUSED: Final = (
    (
        "deny_credentials",
        (
            "~/.aws",
            "~/.azure",
            "~/.bunfig.toml",
            "~/.config/bun/bunfig.toml",
            "~/.config/gcloud",
            "~/.config/op",
            "~/.credentials",
            "~/.docker",
            "~/.gcloud",
            "~/.git-credentials",
            "~/.gnupg",
            "~/.keys",
            "~/.kube",
            "~/.netrc",
            "~/.npmrc",
            "~/.pki",
            "~/.secrets",
            "~/.ssh",
            "~/.terraform.d",
            "~/.vault-token",
        ),
    ),
    (
        "deny_keychains_macos",
        ("/Library/Keychains", "~/.1password", "~/.password-store", "~/Library/Keychains"),
    ),
    (
        "deny_macos_private",
        (
            "~/Library/Application Support/MobileSync",
            "~/Library/Containers/com.apple.Safari",
            "~/Library/Cookies",
            "~/Library/Mail",
            "~/Library/Messages",
        ),
    ),
    (
        "deny_browser_data_macos",
        (
            "~/Library/Application Support/Arc",
            "~/Library/Application Support/BraveSoftware",
            "~/Library/Application Support/Chromium",
            "~/Library/Application Support/Firefox",
            "~/Library/Application Support/Google/Chrome",
            "~/Library/Application Support/Microsoft Edge",
            "~/Library/Application Support/Vivaldi",
            "~/Library/Application Support/com.operasoftware.Opera",
            "~/Library/Safari",
        ),
    ),
    (
        "deny_shell_history",
        ("~/.bash_history", "~/.python_history", "~/.zsh_history"),
    ),
    (
        "deny_shell_configs",
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
    ),
    ("nono's own state", ("~/.nono", "~/.local/state/nono")),
)


def granted(rule: Rule) -> str | None:
    """Return which part of nono's base allows all that `rule` does; ``None`` if none does.

    A place that one of nono's groups refuses is never granted.
    """
    if any(_names_denied(one) for one in rule.filters):
        return None
    found = [
        _granted_one(operation, one)
        for operation in rule.operations
        for one in rule.filters or (None,)
    ]
    reasons = [reason for reason in found if reason is not None]
    return "; ".join(dict.fromkeys(reasons)) if len(reasons) == len(found) else None


def refused_by(path: str, *, recursive: bool = False) -> str | None:
    """Return the group that refuses `path`, or with `recursive` anything below it; else None."""
    short = paths.tilde(path)
    for group, places in _REFUSED:
        for place in places:
            if paths.below(short, place) or (recursive and paths.below(place, short)):
                return group
    return None


def _names_denied(filter_: Filter) -> bool:
    return any(
        _names_denied(argument)
        if isinstance(argument, Filter)
        else filter_.name in {"global-name", "xpc-service-name"} and argument in _DENIED_SERVICES
        for argument in filter_.arguments
    )


def _granted_one(operation: str, one: Filter | None) -> str | None:
    chain = fallback_chain(operation)
    wide = () if one is None else tuple(wider(one))
    near = sorted((row for row in _BASE if row[0] in chain), key=lambda row: chain.index(row[0]))
    for _, filters, text in near:
        if not filters or any(filter_ in filters for filter_ in wide):
            return f"nono's base: {text}"
    for filter_ in wide:
        match filter_:
            case Filter("literal" | "subpath" as width, (str() as path,)):
                refused = refused_by(path, recursive=width == "subpath")
                return None if refused else _granted_path(chain, path)
    return None


def _granted_path(chain: tuple[str, ...], path: str) -> str | None:
    short = paths.tilde(path)
    for groups, operations in ((_READABLE, _READS), (_WRITABLE, _WRITES)):
        if not set(operations).isdisjoint(chain):
            for group, places in groups:
                for place in places:
                    if paths.below(short, place):
                        return f"group {group}: {place}"
    return None

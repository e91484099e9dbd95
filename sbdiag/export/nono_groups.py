"""The groups of nono: which paths they open and refuse, and what its own profiles include.

Read from nolabs-ai/nono ``crates/nono-cli/data/policy.json`` at v0.66.0 and v0.74.0; only what
counts on macOS. Paths are as written there, ``~`` for the home directory. A place or group that
only the later version has is in :data:`SINCE_074`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Version: TypeAlias = Literal["0.66", "0.74"]


@dataclass(frozen=True, slots=True)
class Group:
    """One group: places opened to read, to write, to both, and refused.

    Attributes
    ----------
    name
        As profiles name it.
    read, write, both
        Places opened, a directory with everything below it.
    deny
        Places refused; what they hold can still be listed by name (``file-read-metadata``).
    links
        Links that are readable by their own name as well.
    unlink
        Whether nothing may be deleted but what may be written.
    required
        Whether ``groups.exclude`` may not name it.
    """

    name: str
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    unlink: bool = False
    required: bool = False


_CREDENTIALS: Final = (
    *("~/.ssh", "~/.gnupg", "~/.aws", "~/.azure", "~/.config/gcloud", "~/.gcloud", "~/.kube"),
    *("~/.docker", "~/.git-credentials", "~/.netrc", "~/.npmrc", "~/.bunfig.toml"),
    *("~/.config/bun/bunfig.toml", "~/.vault-token", "~/.credentials", "~/.secrets", "~/.keys"),
    *("~/.pki", "~/.terraform.d", "~/.config/op"),
)
_KEYCHAINS: Final = (
    "~/Library/Keychains",
    "/Library/Keychains",
    "~/.password-store",
    "~/.1password",
    "~/Library/Group Containers/2BUA8C4S2C.com.1password",
    "~/Library/Application Support/1Password",
    "~/Library/Containers/com.1password.1password",
)
_BROWSERS: Final = (
    "~/Library/Application Support/Google/Chrome",
    "~/Library/Application Support/Chromium",
    "~/Library/Application Support/Firefox",
    "~/Library/Application Support/Microsoft Edge",
    "~/Library/Application Support/Arc",
    "~/Library/Application Support/BraveSoftware",
    "~/Library/Application Support/Vivaldi",
    "~/Library/Application Support/com.operasoftware.Opera",
    "~/Library/Safari",
)
_PRIVATE: Final = (
    "~/Library/Messages",
    "~/Library/Mail",
    "~/Library/Cookies",
    "~/Library/Containers/com.apple.Safari",
    "~/Library/Application Support/MobileSync",
)
_SHELL_CONFIGS: Final = (
    *("~/.zshrc", "~/.zprofile", "~/.zshenv", "~/.zlogin", "~/.zlogout", "~/.bashrc"),
    *("~/.bash_profile", "~/.bash_login", "~/.bash_logout", "~/.profile", "~/.config/fish"),
    *("~/.env", "~/.envrc"),
)
_SYSTEM: Final = (
    *("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib", "/usr/local/lib"),
    *("/usr/share", "/System/Library", "/Library", "/Library/Frameworks", "/dev"),
    *("/private/var/db/dyld", "/var/db/dyld", "/var/db", "/private/etc/ssl", "/etc/ssl", "/etc"),
    *("/private/etc", "/usr/share/zoneinfo", "/usr/share/locale", "/var/db/timezone"),
    *("/usr/share/terminfo", "/var", "/private/var", "/private", "/tmp", "/System/Volumes"),
    *("/System/Cryptexes", "/Applications", "/cores", "/opt", "/Volumes", "/run", "/nix"),
)
_NODE: Final = (
    *("~/.nvm", "~/.fnm", "~/.npm", "~/.node", "~/.local/share/fnm"),
    *("/usr/local/lib/node_modules", "~/Library/pnpm", "~/.local/share/pnpm"),
)
_NIX: Final = (
    *("~/.nix-profile", "~/.local/state/nix/profile", "~/.local/state/nix/profiles"),
    *("~/.nix-defexpr", "~/.local/state/nix/defexpr", "/run/current-system/sw"),
    *("/etc/profiles/per-user", "/nix/var/nix/profiles", "/nix/store"),
)
_KEYCHAIN_FILES: Final = (
    "$HOME/Library/Keychains/login.keychain-db",
    "$HOME/Library/Keychains/metadata.keychain-db",
)

_GIT_FILES: Final = (
    *("$HOME/.gitconfig", "$HOME/.gitignore_global", "$HOME/.config/git/config"),
    *("$HOME/.config/git/ignore", "$HOME/.config/git/attributes"),
)
# Places that are files on every Mac that has them; the others are taken for directories.
FILES: Final = frozenset({*_KEYCHAIN_FILES, *_GIT_FILES})

GROUPS: Final[Mapping[str, Group]] = {
    group.name: group
    for group in (
        Group("deny_credentials", deny=_CREDENTIALS, required=True),
        Group("deny_keychains_macos", deny=_KEYCHAINS, required=True),
        Group("deny_browser_data_macos", deny=_BROWSERS, required=True),
        Group("deny_macos_private", deny=_PRIVATE, required=True),
        Group(
            "deny_shell_history",
            deny=("~/.bash_history", "~/.zsh_history", "~/.history", "~/.python_history"),
            required=True,
        ),
        Group("deny_shell_configs", deny=_SHELL_CONFIGS, required=True),
        Group("system_read_macos", read=_SYSTEM, links=("/etc", "/var", "/tmp")),
        Group(
            "system_write_macos",
            write=(
                *("/private/tmp", "/tmp", "/private/var/folders", "/var/folders", "/dev"),
                "$TMPDIR",
            ),
        ),
        Group(
            "user_tools",
            read=(
                *("~/.local/bin", "~/.local/share/applications", "~/.local/share/man"),
                *("~/.local/share/bash-completion", "~/.local/share/zsh"),
            ),
        ),
        Group("homebrew_macos", read=("/opt/homebrew", "/usr/local/Cellar", "/usr/local/opt")),
        Group(
            "user_caches_macos",
            both=("~/Library/Caches", "~/Library/Logs", "~/.cache"),
            read=("~/Library/Preferences",),
        ),
        Group("node_runtime", read=_NODE),
        Group("bun_runtime", read=("~/.bun",)),
        Group(
            "mise_manager",
            read=("/etc/mise", "~/.local/bin/mise", "~/.config/mise", "~/.local/share/mise"),
        ),
        Group(
            "python_runtime",
            read=("~/.pyenv", "~/.local/lib", "~/.local/share/uv", "~/.conda"),
        ),
        Group("rust_runtime", read=("~/.cargo", "~/.rustup")),
        Group("go_runtime", read=("~/go", "/usr/local/go")),
        Group("go_runtime_macos", both=("~/Library/Caches/go-build",)),
        Group(
            "java_runtime",
            read=(
                *("~/.sdkman", "~/.m2/repository", "~/.m2/wrapper", "~/.gradle/caches"),
                "~/.gradle/wrapper",
            ),
        ),
        Group(
            "claude_code_macos",
            read=(
                "$HOME/.local/share/claude",
                "$HOME/Applications/Claude Code URL Handler.app",
            ),
            both=("$HOME/Library/Keychains", *_KEYCHAIN_FILES),
        ),
        Group("codex_macos", both=_KEYCHAIN_FILES),
        Group("vscode_macos", both=("$HOME/.vscode", "$HOME/Library/Application Support/Code")),
        Group("nix_runtime", read=_NIX),
        Group("git_config", read=_GIT_FILES),
        Group("unlink_protection", unlink=True),
        # They forbid to start commands, which no Seatbelt rule says.
        Group("dangerous_commands"),
        Group("dangerous_commands_macos"),
    )
}

# Groups for another system: a profile may name them, and they do nothing on macOS.
ELSEWHERE: Final = frozenset(
    {
        *("deny_keychains_linux", "deny_browser_data_linux", "system_read_linux_core"),
        *("linux_runtime_state", "linux_sysfs_read", "linux_temp_read", "system_write_linux"),
        *("user_caches_linux", "claude_cache_linux", "opencode_linux", "go_runtime_linux"),
        *("homebrew_linux", "claude_code_linux", "vscode_linux", "dangerous_commands_linux"),
    }
)
# `required` groups of another system, which a profile may not exclude either.
REQUIRED_ELSEWHERE: Final = frozenset({"deny_keychains_linux", "deny_browser_data_linux"})

# The groups of the profile `default`, which every other profile has, in its order.
DEFAULT: Final = (
    *("deny_credentials", "deny_keychains_macos", "deny_browser_data_macos"),
    *("deny_macos_private", "deny_shell_history", "deny_shell_configs", "system_read_macos"),
    *("system_write_macos", "user_tools", "homebrew_macos", "dangerous_commands"),
    "dangerous_commands_macos",
)

# Group, place (or the whole group: an empty place) that v0.66 does not have.
SINCE_074: Final = frozenset(
    {
        ("deny_credentials", "~/.bunfig.toml"),
        ("deny_credentials", "~/.config/bun/bunfig.toml"),
        ("user_caches_macos", "~/.cache"),
        ("bun_runtime", ""),
        ("mise_manager", ""),
    }
)

# Profiles that nono brings along, as far as they count on macOS: they can be extended.
BUILT_IN: Final[Mapping[str, Mapping[str, object]]] = {
    **{
        name: {"security": {"signal_mode": "isolated"}, "groups": {"include": list(DEFAULT)}}
        for name in ("default", "linux-host-compat")
    },
    **{
        name: {
            "security": {"signal_mode": "isolated", **modes},
            "groups": {"include": list(groups)},
            "network": {"network_profile": "developer"},
            "workdir": {"access": "readwrite"},
            "unsafe_macos_seatbelt_rules": list(rules),
        }
        for name, groups, modes, rules in (
            ("mise-dev", ("mise_manager",), {}, ()),
            ("python-dev", ("python_runtime",), {"ipc_mode": "full"}, ()),
            ("node-dev", ("node_runtime",), {}, ()),
            ("bun-dev", ("bun_runtime",), {}, ()),
            ("go-dev", ("go_runtime", "go_runtime_macos"), {}, ()),
            (
                "java-dev",
                ("java_runtime",),
                {},
                ('(allow sysctl-write (sysctl-name "kern.grade_cputype"))',),
            ),
            ("rust-dev", ("rust_runtime",), {}, ()),
        )
    },
}

# Services that the base denies again after (allow mach-lookup): crates/nono/src/sandbox/macos.rs.
DENIED_SERVICES: Final = (
    "com.apple.SecurityServer",
    "com.apple.securityd",
    "com.apple.security.keychaind",
    "com.apple.secd",
    "com.apple.security.agent",
)
# The state of nono itself, which no grant opens: crates/nono-cli/src/state_paths.rs.
PROTECTED: Final = ("$XDG_STATE_HOME/nono", "~/.nono")
# The files that a keychain lies in; a grant for one of them lifts the denies above.
KEYCHAINS: Final = tuple(
    f"{root}Library/Keychains/{name}.keychain-db"
    for root in ("~/", "/")
    for name in ("login", "metadata")
)


def places(group: Group, written: tuple[str, ...], version: Version) -> tuple[str, ...]:
    """Return the places of a group that the version of nono has."""
    if version != "0.66":
        return written
    if (group.name, "") in SINCE_074:
        return ()
    return tuple(place for place in written if (group.name, place) not in SINCE_074)

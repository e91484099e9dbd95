"""The groups that every nono profile has, and those that it may include: which paths they open.

Read from nolabs-ai/nono v0.66 to v0.74, ``policy.json``. The list of ``deny_shell_history`` is
incomplete: only the files that macOS shells write are known here.
"""

from __future__ import annotations

from typing import Final

# A group: its name and the places it opens or refuses, ``~`` for the home directory.
Group = tuple[str, tuple[str, ...]]

# Services that the base denies again after (allow mach-lookup): crates/nono/src/sandbox/macos.rs.
DENIED_SERVICES: Final = (
    "com.apple.SecurityServer",
    "com.apple.securityd",
    "com.apple.security.keychaind",
    "com.apple.secd",
    "com.apple.security.agent",
)

# Groups of every user profile: name, directories it opens for reading or writing.
READABLE: Final[tuple[Group, ...]] = (
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
WRITABLE: Final[tuple[Group, ...]] = (
    (
        "system_write_macos",
        ("/dev", "/private/tmp", "/private/var/folders", "/tmp", "/var/folders"),
    ),
)
# Groups that refuse: a grant alone does not open what lies there.
REFUSED: Final[tuple[Group, ...]] = (
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

# Groups that a profile may name in groups.include: read and write, and read only.
OPTIONAL: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "user_caches_macos": (
        ("~/Library/Caches", "~/Library/Logs", "~/.cache"),
        ("~/Library/Preferences",),
    ),
}
# Groups that groups.exclude cannot take away.
REQUIRED: Final = frozenset({"deny_shell_configs"})
# Groups that emit no Seatbelt rule: they guard commands.
SILENT: Final = frozenset({"dangerous_commands", "dangerous_commands_macos"})
# The state of nono itself, which no grant opens.
PROTECTED: Final = ("~/.nono", "~/.local/state/nono")

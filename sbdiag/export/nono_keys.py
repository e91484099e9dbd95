"""The keys of a nono profile: what each takes, and whether it changes the Seatbelt text.

Read from nolabs-ai/nono ``crates/nono-cli/src/profile/mod.rs`` and ``deprecated_schema.rs`` at
v0.66.0 and v0.74.0. Every object there refuses unknown keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

# What a key takes. ``paths``, ``names``: strings, or objects with a condition (`when`);
# ``strings``: strings alone; ``one or more``: a string or strings; ``present``: whether it holds
# anything at all; ``mode``: a word of MODES; ``any``: not looked at.
Kind: TypeAlias = Literal[
    "paths",
    "names",
    "strings",
    "one or more",
    "ports",
    "ranges",
    "flag",
    "text",
    "mode",
    "present",
    "any",
]

SECTIONS: Final = frozenset({"meta", "security", "groups", "filesystem", "network", "workdir"})

KEYS: Final[Mapping[str, Kind]] = {
    "$schema": "any",
    "extends": "one or more",
    "meta.name": "text",
    "meta.version": "any",
    "meta.description": "any",
    "meta.author": "any",
    "security.signal_mode": "mode",
    "security.process_info_mode": "mode",
    "security.ipc_mode": "mode",
    "security.capability_elevation": "any",
    "security.approval_backends": "any",
    "security.approval_defaults": "any",
    "security.wsl2_proxy_policy": "any",
    "security.allowed_commands": "any",
    "groups.include": "names",
    "groups.exclude": "names",
    "commands": "any",
    "filesystem.allow": "paths",
    "filesystem.read": "paths",
    "filesystem.write": "paths",
    "filesystem.allow_file": "paths",
    "filesystem.read_file": "paths",
    "filesystem.write_file": "paths",
    "filesystem.unix_socket": "paths",
    "filesystem.unix_socket_bind": "paths",
    "filesystem.unix_socket_dir": "paths",
    "filesystem.unix_socket_dir_bind": "paths",
    "filesystem.unix_socket_subtree": "paths",
    "filesystem.unix_socket_subtree_bind": "paths",
    "filesystem.deny": "paths",
    "filesystem.bypass_protection": "paths",
    "filesystem.suppress_save_prompt": "any",
    "policy": "any",
    "network.block": "flag",
    "network.allow_http2": "any",
    "network.network_profile": "present",
    "network.allow_domain": "present",
    "network.deny_domain": "any",
    "network.credentials": "present",
    "network.open_port": "ports",
    "network.open_port_range": "ranges",
    "network.listen_port": "ports",
    "network.listen_port_range": "ranges",
    "network.connect_port": "ports",
    "network.no_proxy": "any",
    "network.custom_credentials": "present",
    "network.tls_intercept": "any",
    "network.upstream_proxy": "present",
    "network.upstream_bypass": "any",
    "diagnostics": "any",
    "linux": "any",
    "env_credentials": "any",
    "environment": "any",
    "command_policies": "any",
    "credential_capture": "any",
    "credential_providers": "any",
    "credential_routes": "any",
    "workdir.access": "mode",
    "hooks": "any",
    "session_hooks": "any",
    "rollback": "any",
    "open_urls": "any",
    "allow_launch_services": "flag",
    "allow_gpu": "flag",
    "allow_parent_of_protected": "flag",
    "interactive": "any",
    "skipdirs": "any",
    "packs": "strings",
    "binary": "any",
    "command_args": "any",
    "unsafe_macos_seatbelt_rules": "strings",
    "platform_overrides": "any",
}

MODES: Final[Mapping[str, tuple[str, ...]]] = {
    "security.signal_mode": ("isolated", "allow_same_sandbox", "allow_all"),
    "security.process_info_mode": ("isolated", "allow_same_sandbox", "allow_all"),
    "security.ipc_mode": ("shared_memory_only", "full"),
    "workdir.access": ("none", "read", "write", "readwrite"),
}

# Older names, which nono takes still.
ALIASES: Final[Mapping[str, str]] = {
    "filesystem.ignore": "filesystem.suppress_save_prompt",
    "network.proxy_allow": "network.allow_domain",
    "network.allow_proxy": "network.allow_domain",
    "network.proxy_credentials": "network.credentials",
    "network.port_allow": "network.open_port",
    "network.allow_port": "network.open_port",
    "network.external_proxy": "network.upstream_proxy",
    "network.external_proxy_bypass": "network.upstream_bypass",
    "secrets": "env_credentials",
    "undo": "rollback",
    "brokered_commands": "command_args",
    "security.groups": "groups.include",
}
# The older section `policy` and where nono puts what it says.
POLICY: Final[Mapping[str, str]] = {
    "exclude_groups": "groups.exclude",
    "add_allow_read": "filesystem.read",
    "add_allow_write": "filesystem.write",
    "add_allow_readwrite": "filesystem.allow",
    "add_deny_access": "filesystem.deny",
    "add_deny_commands": "",
    "override_deny": "filesystem.bypass_protection",
}
# Keys for which ``null`` is no error: it says nothing, or takes an inherited value away.
OPTIONAL: Final = frozenset(
    {
        *("security.signal_mode", "security.process_info_mode", "security.ipc_mode"),
        *("network.network_profile", "network.credentials", "network.upstream_proxy"),
        *("allow_launch_services", "allow_gpu", "allow_parent_of_protected", "extends"),
    }
)
# Values that nono starts its proxy for: crates/nono-cli/src/sandbox_prepare.rs.
PROXY: Final = (
    *("network.credentials", "network.custom_credentials", "network.network_profile"),
    *("network.allow_domain", "network.upstream_proxy"),
)
# Those of them that nono refuses beside ``network.block``.
AGAINST_BLOCK: Final = (
    *("network.credentials", "network.network_profile", "network.allow_domain"),
    "network.upstream_proxy",
)
# Keys that may change the Seatbelt text in a way that is not previewed, and how.
NOT_PREVIEWED: Final[Mapping[str, str]] = {
    "command_policies": "they put single commands into sandboxes of their own",
    "network.tls_intercept": "nono lets its own certificate be read then",
    "packs": "nono lets the directories of these packs be read",
    "allow_gpu": "it counts only together with --allow-gpu",
    "allow_launch_services": "it counts only together with --allow-launch-services",
}
# Keys that v0.66 refuses as unknown.
NEW_KEYS: Final = frozenset(
    {
        *("network.deny_domain", "network.open_port_range", "network.listen_port_range"),
        *("network.no_proxy", "credential_providers", "credential_routes", "platform_overrides"),
    }
)

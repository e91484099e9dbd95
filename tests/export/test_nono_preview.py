from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sbdiag
from sbdiag.errors import ExportError, ProfileError, SbdiagError
from sbdiag.export.nono_groups import DENIED_SERVICES
from sbdiag.export.nono_keys import KEYS
from sbdiag.export.nono_preview import Preview, preview_nono, seatbelt_blocks
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.rules import Rule

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "lima-vz"
ARTICLE = (SAMPLE / "expected" / "article.json").read_text("utf-8")
KEYCHAIN = "~/Library/Keychains/login.keychain-db"


def preview(*, options: dict[str, Any] | None = None, **parts: object) -> Preview:
    return preview_nono(json.dumps(parts), **(options or {}))


def verdict(found: Preview, operation: str, target: str | None = None) -> str:
    return found.profile.decide(operation, target).verdict


@pytest.fixture(scope="module")
def report() -> sbdiag.Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


def refused(report: sbdiag.Report, text: str, **options: Any) -> set[str]:
    """Operations of the capture that the preview still refuses, of those that rules answer."""
    rows = sorted({row for rule in report.rules for row in rule.denials})
    verdicts = sbdiag.replay(report.denials.loc[rows], preview_nono(text, **options).profile)
    return set(verdicts.loc[verdicts["verdict"] != "allow", "operation"].astype(str))


# --- the article ----------------------------------------------------------------------------


def test_the_articles_profile_allows_every_denial_of_its_capture(report: sbdiag.Report) -> None:
    assert refused(report, ARTICLE) == set()


def test_two_of_its_raw_rules_are_granted_by_the_base_already(report: sbdiag.Report) -> None:
    document = json.loads(ARTICLE)
    assert "mach-lookup" in document["unsafe_macos_seatbelt_rules"][0]
    assert "mach-task-name" in document["unsafe_macos_seatbelt_rules"][1]
    del document["unsafe_macos_seatbelt_rules"][:2]
    assert refused(report, json.dumps(document)) == set()
    # resolv.conf lies in what system_read_macos opens.
    del document["filesystem"]["read_file"]
    assert refused(report, json.dumps(document)) == set()
    del document["unsafe_macos_seatbelt_rules"][:]
    assert refused(report, json.dumps(document)) == {"generic-issue-extension"}


def test_in_a_pack_the_article_loses_its_last_rule(report: sbdiag.Report) -> None:
    assert refused(report, ARTICLE, user_authored=False) == {"generic-issue-extension"}
    assert refused(report, ARTICLE, user_authored=False, version="0.66") == set()


def test_where_lima_never_ran_its_directories_are_not_opened(report: sbdiag.Report) -> None:
    exists = {"/private/var", "/private", "/etc", "/dev"}
    assert "file-read-data" in refused(report, ARTICLE, exists=exists)
    notes = preview_nono(ARTICLE, exists=exists).notes
    assert "filesystem.allow: ~/.lima: does not exist, and nono skips a missing directory" in notes


def test_resolv_conf_is_readable_by_the_base() -> None:
    decision = preview().profile.decide("file-read-data", "/private/var/run/resolv.conf")
    assert decision.verdict == "allow"
    assert decision.rule is not None
    block = preview().block_of(decision.rule)
    assert block is not None
    assert block.origin == "group system_read_macos"


def test_our_own_export_with_nothing_granted_twice_is_enough(report: sbdiag.Report) -> None:
    export = report.to_nono(omit_granted=True)
    assert "mach-lookup" not in export.text
    assert refused(report, export.text) == set()


# --- the text -------------------------------------------------------------------------------


def test_the_order_is_nonos() -> None:
    found = preview(
        filesystem={
            "allow": ["~/a"],
            "allow_file": ["~/Library/Keychains/login.keychain-db"],
            "write_file": ["~/f"],
            "deny": ["~/a/no"],
            "bypass_protection": [KEYCHAIN],
        },
        groups={"include": ["unlink_protection"]},
        unsafe_macos_seatbelt_rules=["(allow lsopen)"],
        network={"block": True},
        options={"environment": {"PATH": "/opt/x/bin"}},
    )
    origins = [block.origin for block in found.blocks]
    marks = [
        "nono's base",
        "directories above what is opened",
        "group system_read_macos",
        "terminals",
        "group deny_credentials",
        "group deny_shell_configs",
        "group system_read_macos, its links",
        "group unlink_protection",
        "filesystem.write_file: ~/f, its temporary file",
        "filesystem.deny: ~/a/no",
        f"filesystem.bypass_protection: {KEYCHAIN}",
        f"keychain exception, filesystem.allow_file: {KEYCHAIN}",
        "unsafe_macos_seatbelt_rules, number 1",
        "nono's own state is protected",
        "group unlink_protection, what may be deleted",
        "directories of PATH",
        "network.block",
    ]
    places = [origins.index(mark) for mark in marks]
    assert places == sorted(places)
    read, write = (
        max(
            number
            for number, block in enumerate(found.blocks)
            if any(isinstance(rule, Rule) and operation in rule.operations for rule in block.rules)
            and block.origin == "filesystem.allow: ~/a"
        )
        for operation in ("file-read*", "file-write*")
    )
    assert read < write < origins.index("group deny_credentials")


def test_every_block_is_named_and_every_rule_has_its_block() -> None:
    found = preview_nono(ARTICLE)
    lines = found.text.split("\n")
    assert found.text.startswith("(version 1)\n(deny default)\n")
    for block, line in zip(found.blocks, found.lines, strict=True):
        assert lines[line - 1] == f"; {block.origin}"
    assert found.block_of(found.profile.rules[0]) is None
    for rule in found.profile.rules[1:]:
        block = found.block_of(rule)
        assert block is not None
        assert any(
            rule == one if isinstance(one, Rule) else rule.operations[0] in one
            for one in block.rules
        )
    assert found.block_of(Rule("allow", ("lsopen",))) is None


def test_the_text_is_a_profile_and_the_same_each_time() -> None:
    first, second = preview_nono(ARTICLE), preview_nono(ARTICLE)
    assert first.text == second.text
    assert parse_profile(first.text, path=str(first.profile.path)).rules == first.profile.rules
    assert first.profile.warnings == first.notes


def test_blocks_alone_are_the_same() -> None:
    assert seatbelt_blocks(ARTICLE) == preview_nono(ARTICLE).blocks


# --- what it allows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "operation", "target", "expected"),
    [
        ({}, "file-read-data", "/Users/you/.lima/x", "deny"),
        ({}, "file-read-data", "/private/etc/hosts", "allow"),
        ({}, "file-read-data", "/", "allow"),
        ({}, "file-write-create", "/private/tmp/x", "allow"),
        ({}, "file-write-create", "/private/etc/x", "deny"),
        ({}, "file-map-executable", "/usr/lib/x.dylib", "allow"),
        ({}, "file-read-metadata", "/Users/you", "allow"),
        ({}, "file-read-data", "/Users/you", "deny"),
        ({}, "file-ioctl", "path:/dev/ttys012", "allow"),
        ({}, "file-read-data", "/Users/you/.nono/x", "deny"),
        ({"filesystem": {"read": ["~/d"]}}, "file-read-data", "/Users/you/d/x", "allow"),
        ({"filesystem": {"read": ["~/d"]}}, "file-write-create", "/Users/you/d/x", "deny"),
        ({"filesystem": {"read": ["~/d"]}}, "file-ioctl", "path:/Users/you/d/x", "allow"),
        ({"filesystem": {"write": ["~/d"]}}, "file-read-data", "/Users/you/d/x", "deny"),
        # No rule says so; under (version 1), which nono writes, it needs none.
        ({"filesystem": {"write": ["~/d"]}}, "file-map-executable", "/Users/you/d/x", "allow"),
        ({"filesystem": {"read_file": ["~/d"]}}, "file-read-data", "/Users/you/d", "allow"),
        ({"filesystem": {"read_file": ["~/d"]}}, "file-read-data", "/Users/you/d/x", "deny"),
        ({"filesystem": {"read_file": ["~/a/b"]}}, "file-read-metadata", "/Users/you/a", "allow"),
        ({"filesystem": {"write_file": ["~/f"]}}, "file-write-data", "/Users/you/f", "allow"),
        (
            {"filesystem": {"write_file": ["~/f"]}},
            "file-write-data",
            "/Users/you/f.tmp.1.2",
            "allow",
        ),
        (
            {"filesystem": {"write_file": ["~/f"]}},
            "file-write-data",
            "/Users/you/f.tmp.1.x",
            "deny",
        ),
        (
            {"filesystem": {"write_file": ["~/f"]}},
            "file-write-data",
            "/Users/you/fxtmp.1.2",
            "deny",
        ),
        ({"filesystem": {"read_file": ["~/f"]}}, "file-write-data", "/Users/you/f.tmp.1.2", "deny"),
        # Links: both names are opened, and both are refused.
        ({"filesystem": {"allow": ["/tmp/x"]}}, "file-write-create", "/private/tmp/x/y", "allow"),
        ({"filesystem": {"allow": ["/etc/x"]}}, "file-write-create", "/private/etc/x/y", "allow"),
        ({"filesystem": {"allow": ["/var/x"]}}, "file-write-create", "/private/var/x/y", "allow"),
        ({"filesystem": {"deny": ["/etc/x"]}}, "file-read-data", "/private/etc/x", "deny"),
        ({"filesystem": {"deny": ["/tmp/s"]}}, "network-outbound", "/private/tmp/s", "deny"),
        # The profile's own refusals.
        (
            {"filesystem": {"allow": ["~/d"], "deny": ["~/d/no"]}},
            "file-read-data",
            "/Users/you/d/no/x",
            "deny",
        ),
        (
            {"filesystem": {"allow": ["~/d"], "deny": ["~/d/no"]}},
            "file-read-metadata",
            "/Users/you/d/no/x",
            "allow",
        ),
        (
            {"filesystem": {"read_file": ["~/f"], "deny": ["~/f"]}},
            "file-ioctl",
            "path:/Users/you/f",
            "deny",
        ),
        (
            {"filesystem": {"allow": ["~/d"], "deny": ["~/d/*.key"]}},
            "file-read-data",
            "/Users/you/d/a.key",
            "deny",
        ),
        (
            {"filesystem": {"allow": ["~/d"], "deny": ["~/d/*.key"]}},
            "file-read-data",
            "/Users/you/d/e/a.key",
            "allow",
        ),
        # Exceptions to what groups refuse.
        (
            {"filesystem": {"read": ["~/.docker"], "bypass_protection": ["~/.docker"]}},
            "file-read-data",
            "/Users/you/.docker/config.json",
            "allow",
        ),
        (
            {"filesystem": {"read": ["~/.docker"], "bypass_protection": ["~/.docker"]}},
            "file-write-create",
            "/Users/you/.docker/x",
            "deny",
        ),
        (
            {"filesystem": {"read_file": [KEYCHAIN]}},
            "file-read-data",
            "/Users/you/Library/Keychains/login.keychain-db",
            "allow",
        ),
        # Groups.
        (
            {"groups": {"include": ["user_caches_macos"]}},
            "file-write-create",
            "/Users/you/Library/Caches/lima/x",
            "allow",
        ),
        (
            {"groups": {"exclude": ["user_tools"]}},
            "file-read-data",
            "/Users/you/.local/bin/x",
            "deny",
        ),
        (
            {"groups": {"include": ["git_config"]}},
            "file-read-data",
            "/Users/you/.gitconfig",
            "allow",
        ),
        (
            {"groups": {"include": ["unlink_protection"]}, "filesystem": {"read": ["~/d"]}},
            "file-write-unlink",
            "/private/tmp/x",
            "allow",
        ),
        # Services, processes, memory.
        ({}, "mach-lookup", "com.example.a", "allow"),
        ({}, "mach-lookup", "com.apple.Virtualization.VirtualMachine (xpc)", "allow"),
        ({}, "mach-task-name", "others [x(1)]", "allow"),
        ({}, "mach-register", "a", "deny"),
        ({}, "ipc-posix-sem-open", "x", "deny"),
        ({"security": {"ipc_mode": "full"}}, "ipc-posix-sem-open", "x", "allow"),
        # The line does not say whether the other process is in the same sandbox.
        ({}, "signal", "others [x(1)] signum:9", "unknown"),
        ({"security": {"signal_mode": "allow_all"}}, "signal", "others [x(1)] signum:9", "allow"),
        ({}, "process-info-pidinfo", "others [x(1)]", "allow"),
        (
            {"security": {"process_info_mode": "allow_all"}},
            "process-info-pidinfo",
            "others [x(1)]",
            "allow",
        ),
        ({}, "generic-issue-extension", "extension-class:a", "deny"),
        ({}, "file-issue-extension", "target:/private/tmp/x extension-class:a", "deny"),
        ({}, "sysctl-write", "a", "deny"),
        # Raw rules stand before the network and before what protects nono's own state: of rules
        # for one operation the later decides, but a narrower operation comes before either.
        ({"unsafe_macos_seatbelt_rules": ["(allow lsopen)"]}, "lsopen", None, "allow"),
        (
            {"unsafe_macos_seatbelt_rules": ['(allow file-read-data (subpath "/Users/you"))']},
            "file-read-data",
            "/Users/you/.nono/x",
            "deny",
        ),
        (
            {"unsafe_macos_seatbelt_rules": ["(allow network*)"], "network": {"block": True}},
            "network-outbound",
            "1.2.3.4:443",
            "deny",
        ),
        (
            {
                "unsafe_macos_seatbelt_rules": ["(allow network-outbound)"],
                "network": {"block": True},
            },
            "network-outbound",
            "1.2.3.4:443",
            "allow",
        ),
        # A wildcard does not lift a narrower refusal; the exact operation does.
        (
            {"unsafe_macos_seatbelt_rules": ['(allow file-read* (literal "/Users/you/.env"))']},
            "file-read-data",
            "/Users/you/.env",
            "deny",
        ),
        (
            {"unsafe_macos_seatbelt_rules": ['(allow file-read-data (literal "/Users/you/.env"))']},
            "file-read-data",
            "/Users/you/.env",
            "allow",
        ),
    ],
)
def test_what_a_profile_allows(
    parts: dict[str, object], operation: str, target: str | None, expected: str
) -> None:
    assert verdict(preview(**parts), operation, target) == expected


@pytest.mark.parametrize("service", DENIED_SERVICES)
def test_the_keychains_services_are_denied_until_a_keychain_is_opened(service: str) -> None:
    assert verdict(preview(), "mach-lookup", service) == "deny"
    for field, path in (("read_file", KEYCHAIN), ("allow", "~/Library/Keychains")):
        assert verdict(preview(filesystem={field: [path]}), "mach-lookup", service) == "allow"
    # A group that opens one does not count, nor does the directory for the earlier version.
    assert verdict(preview(groups={"include": ["codex_macos"]}), "mach-lookup", service) == "deny"
    earlier = {"version": "0.66"}
    directory = {"allow": ["~/Library/Keychains"]}
    assert verdict(preview(filesystem=directory, options=earlier), "mach-lookup", service) == "deny"


def test_a_keychains_file_is_an_exception_to_what_its_group_refuses() -> None:
    path = "/Users/you/Library/Keychains/login.keychain-db"
    found = preview(filesystem={"read_file": [KEYCHAIN]})
    assert verdict(found, "file-read-data", path) == "allow"
    assert verdict(found, "file-write-data", path) == "deny"
    # Files beside it are opened by a pattern whose dialect is not attested.
    assert verdict(found, "file-read-data", "/Users/you/Library/Keychains/U/x.db") == "unknown"
    by_group = preview(groups={"include": ["codex_macos"]})
    assert verdict(by_group, "file-read-data", path) == "deny"
    earlier = preview(groups={"include": ["codex_macos"]}, options={"version": "0.66"})
    assert verdict(earlier, "file-read-data", path) == "allow"


def test_both_names_of_a_link_are_written() -> None:
    found = preview(
        filesystem={"read": ["~/link/x"], "deny": ["~/link/x/no"]},
        options={"links": {"/Users/you/link": "/Volumes/real"}},
    )
    for path in ("/Users/you/link/x", "/Volumes/real/x"):
        assert f'(allow file-read* (subpath "{path}"))' in found.text
        assert f'(deny file-read-data (subpath "{path}/no"))' in found.text
    assert '(allow file-read-metadata (literal "/Volumes/real"))' in found.text


def test_the_profile_counts_before_a_group_on_the_same_path() -> None:
    parts = {"groups": {"include": ["vscode_macos"]}, "filesystem": {"read": ["~/.vscode"]}}
    found = preview(**parts)
    assert verdict(found, "file-read-data", "/Users/you/.vscode/x") == "allow"
    assert verdict(found, "file-write-create", "/Users/you/.vscode/x") == "deny"
    both = preview(filesystem={"read": ["~/d"], "write": ["~/d"]})
    assert '(allow file-map-executable (subpath "/Users/you/d"))' in both.text
    assert both.text.count('(allow file-write* (subpath "/Users/you/d"))') == 1


# --- the network ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "options", "operation", "target", "expected"),
    [
        ({}, {}, "network-outbound", "1.2.3.4:443", "allow"),
        ({}, {}, "network-bind", "local:*:80", "allow"),
        ({}, {}, "system-socket", "domain:32 type:2 protocol:2", "allow"),
        ({"block": True}, {}, "network-outbound", "1.2.3.4:443", "deny"),
        ({"block": True}, {}, "network-outbound", "/private/var/run/mDNSResponder", "allow"),
        ({"block": True}, {}, "network-outbound", "/private/tmp/s", "deny"),
        ({"block": True}, {}, "system-socket", "domain:32 type:2 protocol:2", "deny"),
        ({"block": True}, {}, "network-bind", "local:*:80", "deny"),
        ({"block": True, "open_port": [3000]}, {}, "network-bind", "local:*:80", "allow"),
        # The line does not say whether it is TCP.
        ({"block": True, "open_port": [3000]}, {}, "network-outbound", "127.0.0.1:3000", "unknown"),
        ({"block": True, "open_port": [3000]}, {}, "network-outbound", "127.0.0.1:3001", "deny"),
        ({"block": True, "open_port": [0]}, {}, "network-outbound", "127.0.0.1:3001", "unknown"),
        (
            {"block": True, "open_port_range": [[5, 7]]},
            {},
            "network-outbound",
            "127.0.0.1:6",
            "unknown",
        ),
        (
            {"block": True, "open_port_range": [[5, 7]]},
            {},
            "network-outbound",
            "127.0.0.1:8",
            "deny",
        ),
        ({"allow_domain": ["a.b"]}, {}, "network-outbound", "1.2.3.4:443", "deny"),
        (
            {"allow_domain": ["a.b"]},
            {"proxy_port": 9},
            "network-outbound",
            "127.0.0.1:9",
            "unknown",
        ),
        ({"allow_domain": ["a.b"]}, {"proxy_port": 9}, "network-outbound", "127.0.0.1:8", "deny"),
        ({"network_profile": "developer"}, {}, "network-outbound", "1.2.3.4:443", "deny"),
        ({"network_profile": None}, {}, "network-outbound", "1.2.3.4:443", "allow"),
        ({"credentials": ["x"]}, {}, "network-outbound", "1.2.3.4:443", "deny"),
        ({"credentials": []}, {}, "network-outbound", "1.2.3.4:443", "allow"),
        ({"credentials": ["x"]}, {}, "network-bind", "local:*:80", "deny"),
        ({"credentials": ["x"], "listen_port": [80]}, {}, "network-bind", "local:*:80", "allow"),
        ({"block": True, "listen_port": [80]}, {}, "network-bind", "local:*:80", "deny"),
    ],
)
def test_network_modes(
    network: dict[str, object], options: dict[str, Any], operation: str, target: str, expected: str
) -> None:
    assert verdict(preview(network=network, options=options), operation, target) == expected


@pytest.mark.parametrize(
    ("field", "operation", "target", "expected"),
    [
        ("unix_socket", "network-outbound", "/Users/you/s", "allow"),
        ("unix_socket", "network-bind", "/Users/you/s", "deny"),
        ("unix_socket", "file-read-data", "/Users/you/s", "allow"),
        ("unix_socket_bind", "network-bind", "/Users/you/s", "allow"),
        ("unix_socket_bind", "file-write-create", "/Users/you/s", "allow"),
        ("unix_socket_dir", "network-outbound", "/Users/you/s/x", "allow"),
        ("unix_socket_dir", "network-outbound", "/Users/you/s/x/y", "deny"),
        ("unix_socket_dir_bind", "network-bind", "/Users/you/s/x", "allow"),
        ("unix_socket_subtree", "network-outbound", "/Users/you/s/x/y", "allow"),
        ("unix_socket_subtree", "network-bind", "/Users/you/s/x/y", "deny"),
        ("unix_socket_subtree_bind", "network-bind", "/Users/you/s/x/y", "allow"),
    ],
)
def test_sockets_count_where_the_network_is_closed(
    field: str, operation: str, target: str, expected: str
) -> None:
    found = preview(filesystem={field: ["~/s"]}, network={"block": True})
    assert verdict(found, operation, target) == expected


def test_a_socket_that_is_still_to_be_bound_opens_its_directory() -> None:
    found = preview(
        filesystem={"unix_socket_bind": ["~/run/s"], "unix_socket": ["~/run/t"]},
        network={"block": True},
        options={"exists": ["/Users/you/run"]},
    )
    assert verdict(found, "network-bind", "/Users/you/run/s") == "allow"
    assert verdict(found, "file-write-create", "/Users/you/run/x") == "allow"
    assert verdict(found, "network-outbound", "/Users/you/run/t") == "deny"


# --- what the Mac would know ----------------------------------------------------------------


def test_raw_rules_are_dropped_unless_the_user_wrote_the_profile() -> None:
    parts = {"unsafe_macos_seatbelt_rules": ["(allow lsopen)"]}
    dropped = preview(**parts, options={"user_authored": False})
    assert verdict(dropped, "lsopen") == "deny"
    assert any("dropped" in note for note in dropped.notes)
    earlier = preview(**parts, options={"user_authored": False, "version": "0.66"})
    assert verdict(earlier, "lsopen") == "allow"


def test_versions_differ() -> None:
    parts = {"filesystem": {"allow": ["~/.bunfig.toml"], "write_file": ["~/f"]}}
    later, earlier = preview(**parts), preview(**parts, options={"version": "0.66"})
    assert verdict(later, "file-read-data", "/Users/you/.bunfig.toml") == "deny"
    assert verdict(earlier, "file-read-data", "/Users/you/.bunfig.toml") == "allow"
    assert verdict(later, "file-write-create", "/Users/you/f.tmp.1.af") == "allow"
    assert verdict(earlier, "file-write-create", "/Users/you/f.tmp.1.af") == "deny"
    newer = preview(network={"deny_domain": ["a.b"]}, options={"version": "0.66"})
    assert any("network.deny_domain" in note and "refuses" in note for note in newer.notes)


def test_directories_of_path_are_looked_through() -> None:
    assert any("PATH is not given" in note for note in preview().notes)
    found = preview(options={"environment": {"PATH": "/Users/you/x/bin:relative:/opt/a"}})
    assert not any("PATH" in note for note in found.notes)
    for path in ("/Users/you/x/bin", "/Users/you/x/bin/cc", "/Users/you/x"):
        assert verdict(found, "file-read-metadata", path) == "allow"
    assert verdict(found, "file-read-metadata", "/Users/you/x/bin/a/b") == "deny"
    assert verdict(found, "file-read-data", "/Users/you/x/bin/cc") == "deny"


def test_the_working_directory_is_opened_if_it_is_given() -> None:
    parts = {"workdir": {"access": "readwrite"}}
    assert any("left out" in note for note in preview(**parts).notes)
    found = preview(**parts, options={"workdir": "/Users/you/w"})
    assert verdict(found, "file-write-create", "/Users/you/w/x") == "allow"
    assert any("taken as agreed" in note for note in found.notes)
    with pytest.raises(ExportError, match="own state"):
        preview(**parts, options={"workdir": "/Users/you"})


def test_overrides_for_macos_count() -> None:
    found = preview(
        meta={"name": "x"},
        platform_overrides={
            "macos": {"filesystem": {"read": ["~/m"]}},
            "linux": {"filesystem": {"read": ["~/l"]}},
        },
    )
    assert verdict(found, "file-read-data", "/Users/you/m/x") == "allow"
    assert verdict(found, "file-read-data", "/Users/you/l/x") == "deny"


def test_a_profile_named_default_has_no_groups() -> None:
    found = preview(meta={"name": "default"})
    assert verdict(found, "file-read-data", "/private/etc/hosts") == "deny"
    assert verdict(found, "mach-lookup", "a") == "allow"


def test_what_is_not_previewed_is_said() -> None:
    notes = preview(
        filesystem={"allow": ["$ELSEWHERE/x", "~/*/y"], "bypass_protection": ["~/*"]},
        groups={"include": [{"name": "rust_runtime", "when": "macos:>=15"}, "user_caches_linux"]},
        network={"allow_domain": ["example.com"]},
        packs=["a/b"],
        allow_gpu=True,
        command_policies={"x": {}},
    ).notes
    for part in (
        "filesystem.allow: the value of $ELSEWHERE is not given",
        "~/*/y: a pattern",
        "bypass_protection: ~/*: a pattern",
        "rust_runtime: counts only when macos:>=15",
        "port of nono's proxy",
        "packs is not previewed",
        "allow_gpu is not previewed",
        "command_policies is not previewed",
        "taken to exist",
        "no links are resolved",
    ):
        assert any(part in note.replace(": $ELSEWHERE/x", "") for note in notes), part
    assert not any("user_caches_linux" in note for note in notes)


# --- what it extends ------------------------------------------------------------------------


def test_a_base_that_is_not_given_makes_the_answers_unknown() -> None:
    found = preview(extends=["nolabs-ai/claude"], filesystem={"read": ["~/a"]})
    assert verdict(found, "file-read-data", "/Users/you/a/x") == "unknown"
    assert found.profile.unknown_imports == ("nolabs-ai/claude (extends)",)
    assert any("nolabs-ai/claude is not given" in note for note in found.notes)
    group = preview(groups={"include": ["of_a_pack"]})
    assert verdict(group, "lsopen") == "unknown"


def test_bases_that_are_given_are_merged() -> None:
    bases = {
        "nolabs-ai/claude": '{"filesystem": {"read": ["~/.claude"]}, "network": {"block": true}}',
        "lima": '{"extends": "low", "unsafe_macos_seatbelt_rules": ["(allow lsopen)"]}',
        "low": '{"filesystem": {"read": ["~/low"]}}',
    }
    found = preview(extends=["nolabs-ai/claude", "lima"], options={"extends": bases})
    assert verdict(found, "file-read-data", "/Users/you/.claude/x") == "allow"
    assert verdict(found, "file-read-data", "/Users/you/low/x") == "allow"
    assert verdict(found, "lsopen") == "allow"
    assert verdict(found, "network-outbound", "1.2.3.4:1") == "deny"


def test_bases_lie_beside_a_file_or_come_with_nono(tmp_path: Path) -> None:
    (tmp_path / "my.json").write_text('{"extends": ["lima", "python-dev"]}', "utf-8")
    (tmp_path / "lima.json").write_text('{"filesystem": {"read": ["~/.lima"]}}', "utf-8")
    found = preview_nono(tmp_path / "my.json")
    assert verdict(found, "file-read-data", "/Users/you/.lima/x") == "allow"
    assert verdict(found, "file-read-data", "/Users/you/.pyenv/x") == "allow"
    assert verdict(found, "ipc-posix-sem-open", "x") == "allow"
    # A file does not extend itself: the name is that of a base elsewhere.
    (tmp_path / "lima.json").write_text('{"extends": ["lima"]}', "utf-8")
    assert verdict(preview_nono(tmp_path / "lima.json"), "lsopen") == "unknown"


def test_bases_in_a_circle_are_an_error() -> None:
    bases = {"a": '{"extends": "b"}', "b": '{"extends": "a"}'}
    with pytest.raises(ExportError, match="a -> b -> a"):
        preview(extends="a", options={"extends": bases})
    deep = {f"p{n}": f'{{"extends": "p{n + 1}"}}' for n in range(12)}
    with pytest.raises(ExportError, match="10 profiles deep"):
        preview(extends="p0", options={"extends": deep})


# --- what nono refuses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"filesystem": {"allow": ["~"]}}, "its own state is /Users/you/.local/state/nono unless"),
        ({"filesystem": {"read": ["/"]}}, "allow_parent_of_protected"),
        ({"filesystem": {"read_file": ["~/.nono/x"]}}, "its own state"),
        ({"filesystem": {"unix_socket": ["~/.nono/x"]}}, "its own state"),
        ({"filesystem": {"allow": ["~/a\x1bb"]}}, "control character"),
        ({"filesystem": {"deny": ["~/a\nb"]}}, "control character"),
        ({"filesystem": {"deny": ["~/a?*"]}}, "only * and **"),
        ({"filesystem": {"bypass_protection": ["~/.ssh"]}}, "nothing opens the path"),
        ({"groups": {"exclude": ["deny_credentials"]}}, "requires the group deny_credentials"),
        ({"groups": {"exclude": ["deny_keychains_linux"]}}, "requires the group"),
        ({"network": {"connect_port": [1]}}, "connect_port on macOS"),
        ({"network": {"block": True, "allow_domain": ["a"]}}, "beside network.block"),
        ({"network": {"block": True, "open_port_range": [[1, 20000]]}}, "more than 16384"),
        ({"unsafe_macos_seatbelt_rules": ["allow x"]}, "raw rule 1: it must begin"),
        (
            {"unsafe_macos_seatbelt_rules": ["(a)", '(allow file-read* (subpath "/"))']},
            "raw rule 2: it opens everything",
        ),
        ({"extends": ["../x"]}, "no name of a profile"),
    ],
)
def test_what_nono_refuses(parts: dict[str, object], message: str) -> None:
    with pytest.raises(ExportError) as error:
        preview(**parts, options={"path": "x.json"})
    assert message in str(error.value)
    assert "(x.json:1)" in str(error.value)


def test_above_its_state_nono_opens_only_where_it_is_told_to() -> None:
    found = preview(filesystem={"allow": ["~"]}, allow_parent_of_protected=True)
    assert verdict(found, "file-read-data", "/Users/you/x") == "allow"
    assert verdict(found, "file-read-data", "/Users/you/.nono/x") == "deny"
    assert verdict(found, "file-read-data", "/Users/you/.local/state/nono/x") == "deny"


@pytest.mark.parametrize(
    "rule",
    [
        "(allow frobnicate)",
        '(allow mach-lookup (global-name ")")',
        "(undefined)",
    ],
)
def test_a_raw_rule_that_seatbelt_refuses_is_named_with_its_place(rule: str) -> None:
    text = json.dumps({"unsafe_macos_seatbelt_rules": ["(allow lsopen)", rule]}, indent=1)
    with pytest.raises(ProfileError) as error:
        preview_nono(text, path="x.json")
    assert "unsafe_macos_seatbelt_rules, number 2" in str(error.value)
    assert "(x.json:4)" in str(error.value)


def test_a_raw_rule_that_imports_makes_the_answers_unknown() -> None:
    found = preview(unsafe_macos_seatbelt_rules=['(import "system.sb")'])
    assert verdict(found, "lsopen") == "unknown"


def test_the_home_directory_is_a_path() -> None:
    with pytest.raises(ExportError, match="home directory"):
        preview(options={"home": "you"})


def test_what_is_no_text_is_our_error(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(OSError, match=r"x\.json"):
        preview_nono(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ExportError, match="UTF-8"):
        preview_nono(path)


@pytest.mark.parametrize(
    "name", ['a") (allow default) ; ', "a\\", 'a\\"', "a;", "#|", "a\u2028b", "(", "a[b].c+", "😀"]
)
def test_a_hostile_path_stays_a_string(name: str) -> None:
    path = f"/Users/you/{name}"
    found = preview(
        filesystem={"allow": [path], "allow_file": [f"{path}/f"], "deny": [f"{path}/no"]},
        options={"environment": {"PATH": path}},
    )
    assert verdict(found, "lsopen") == "deny"
    assert verdict(found, "file-write-create", f"{path}/x") == "allow"
    assert verdict(found, "file-read-data", f"{path}/no") == "deny"
    assert verdict(found, "file-write-create", f"{path}/f.tmp.1.2") == "allow"
    assert all(line == "" or line[0] in ";(" for line in found.text.split("\n"))


# --- any text -------------------------------------------------------------------------------

_NAMES = sorted({part for key in KEYS for part in key.split(".")} | {"path", "name", "when", "x"})
_TEXTS = st.text(max_size=6) | st.sampled_from(
    ["~", "~/a", "/tmp/*", "$X/y", "/etc", "macos:>=15", "(allow lsopen)", "git_config", "full"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70_000) | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw profiles whose keys exist, and whose values are mostly of the right kind."""
    found: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=4)):
        kind = KEYS[key]
        of_kind = {
            "paths": st.lists(_TEXTS, max_size=2),
            "names": st.lists(_TEXTS, max_size=2),
            "strings": st.lists(_TEXTS, max_size=2),
            "ports": st.lists(st.integers(0, 9), max_size=2),
            "flag": st.booleans(),
        }.get(kind, _VALUES)
        section, _, name = key.rpartition(".")
        place = found.setdefault(section, {}) if section else found
        if isinstance(place, dict):
            place[name] = draw(of_kind)
    return json.dumps(found)


@settings(max_examples=60, deadline=None)
@given(
    st.text() | _VALUES.map(json.dumps) | documents(),
    st.sampled_from(["0.66", "0.74"]),
    st.booleans(),
)
def test_any_text_is_a_profile_or_our_error(text: str, version: Any, given_more: bool) -> None:
    more: dict[str, Any] = {"workdir": "/w", "environment": {"X": "/x", "PATH": "/a:/b"}}
    try:
        found = preview_nono(text, version=version, **(more if given_more else {}))
    except SbdiagError:
        return
    assert verdict(found, "process-fork") in {"allow", "unknown"}

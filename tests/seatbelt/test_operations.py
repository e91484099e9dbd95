from itertools import pairwise

import pytest

from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.operations import (
    canonical,
    close_names,
    fallback_chain,
    meanings,
    members,
    operation,
    operations,
    other_names,
)


def test_the_table_is_whole() -> None:
    assert len(operations()) == 216
    assert next(iter(operations())) == "default"


def test_every_parent_is_an_operation_and_every_chain_ends() -> None:
    for row in operations().values():
        assert row.parent is None or row.parent in operations(), row.name
        walked = fallback_chain(row.name, 3)
        assert walked[0] == row.name
        assert len(set(walked)) == len(walked) <= 8


def test_a_group_has_children_and_a_star_or_is_named_in_the_table() -> None:
    parents = {row.parent for row in operations().values()}
    for row in operations().values():
        if row.name.endswith("*"):
            assert row.group, row.name
    assert {name for name in parents if name and not operations()[name].name.endswith("*")} == {
        "default",
        "default-message-filter",
        "file-mount",
        "mach-priv-task-port",
        "mach-task-inspect",
        "mach-task-read",
        "network-inbound",
        "process-codesigning-entitlements-blob-get",
        "process-legacy-codesigning-entitlements-blob-get",
        "user-preference-read",
    }


def test_every_row_names_known_evidence() -> None:
    for row in operations().values():
        assert row.parent_evidence in EVIDENCE
        assert set(row.implicit_evidence) <= set(EVIDENCE)
        assert bool(row.implicit) == bool(row.implicit_evidence)
    for other in other_names().values():
        assert other.evidence
        assert set(other.evidence) <= set(EVIDENCE)


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("file-read-data", ("file-read-data", "file-read*", "file*", "default")),
        ("network-bind", ("network-bind", "network-inbound", "network*", "default")),
        (
            "mach-task-name",
            (
                "mach-task-name",
                "mach-task-inspect",
                "mach-task-read",
                "mach-task*",
                "mach-priv-task-port",
                "mach-priv*",
                "mach*",
                "default",
            ),
        ),
        (
            "managed-preference-read",
            ("managed-preference-read", "user-preference-read", "user-preference*", "default"),
        ),
        ("file-mount-update", ("file-mount-update", "file-mount", "file*", "default")),
        ("socket-ioctl", ("socket-ioctl", "default")),
    ],
)
def test_fallback_follows_the_table_and_not_the_name(name: str, chain: tuple[str, ...]) -> None:
    assert fallback_chain(name, 3) == chain


@pytest.mark.parametrize(
    ("name", "version", "chain"),
    [
        ("file-write-setugid", 1, ("file-write-setugid",)),
        ("job-creation", 3, ("job-creation",)),
        ("mach-message-send", 1, ("mach-message-send", "default-message-filter")),
        ("process-info-pidinfo", 1, ("process-info-pidinfo", "process-info*", "process*")),
        (
            "process-info-pidinfo",
            3,
            ("process-info-pidinfo", "process-info*", "process*", "default"),
        ),
        ("file-map-executable", 1, ("file-map-executable", "file*")),
        ("process-exec", 1, ("process-exec*", "process*", "default")),
        ("nothing-such", 1, ()),
    ],
)
def test_terminals_and_implicit_allows_end_before_default(
    name: str, version: int, chain: tuple[str, ...]
) -> None:
    assert fallback_chain(name, version) == chain


def test_version_1_allows_the_listed_operations_without_a_rule() -> None:
    assert {row.name for row in operations().values() if row.implicit == "allow"} == {
        "darwin-notification-post",
        "dynamic-code-generation",
        "file-clone",
        "file-link",
        "file-map-executable",
        "file-test-existence",
        "iokit-get-properties",
        "mach-cross-domain-lookup",
        "nvram*",
        "process-info*",
        "process-info-codesignature",
        "socket-ioctl",
        "syscall-unix",
        "system-privilege",
    }


def test_terminals() -> None:
    assert {row.name: row.terminal for row in operations().values() if row.terminal} == {
        "default-message-filter": "allow",
        "file-write-setugid": "deny",
        "job-creation": "deny",
        "mach-derive-port": "allow",
        "mach-kernel-endpoint": "allow",
        "storage-class-map": "deny",
        "system-privilege": "allow",
    }


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("file-read-data", 1, (("file-read-data",),)),
        ("file-fsctl", 1, (("system-fsctl",),)),
        ("ipc-posix-shm", 1, (("ipc-posix-shm*",),)),
        ("ipc-posix-shm", 3, ()),
        ("sysctl-write", 1, (("sysctl-write",), ("sysctl*",))),
        ("sysctl-write", 3, (("sysctl-write",),)),
        ("qtn-download", 1, ((),)),
        ("forbidden-exec-sugid", 1, ()),
        ("file-write-metadata", 1, ()),
    ],
)
def test_meanings(name: str, version: int, expected: tuple[tuple[str, ...], ...]) -> None:
    assert meanings(name, version) == expected


def test_iokit_open_stands_for_both_leaves() -> None:
    assert {"iokit-open-service", "iokit-open-user-client"} <= set(canonical("iokit-open", 1) or ())
    assert len(meanings("iokit-open")) == 2


def test_an_alias_means_operations_only() -> None:
    for other in other_names().values():
        for meaning in other.meanings:
            assert all(operation(name) for name in meaning)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("file-read", "file-read*"),
        ("file-write-metadata", "file-read-metadata"),
        ("mach-lokup", "mach-lookup"),
        ("network-outbund", "network-outbound"),
    ],
)
def test_close_names(typed: str, meant: str) -> None:
    assert meant in close_names(typed)


def test_close_names_of_nonsense_and_of_a_huge_name() -> None:
    assert close_names("zzzz") == ()
    assert len(close_names("file-read-" * 20_000)) <= 3


def test_members_of_groups() -> None:
    assert members("file-read*") == ("file-read-data", "file-read-metadata", "file-read-xattr")
    assert members("network*") == ("network-inbound", "network-bind", "network-outbound")
    assert "file-write-setugid" not in members("file-write*")
    for first, second in pairwise(("file-read-data", "file-read*", "file*", "default")):
        assert set(members(first)) < set(members(second))

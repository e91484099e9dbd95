from __future__ import annotations

import pytest

from sbdiag.diagnosis.known import PLACES, known_rule, subject_of
from sbdiag.diagnosis.paths import below
from sbdiag.diagnosis.sensitive import sensitive_place
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.text import one_line

VM = "com.apple.Virtualization.VirtualMachine"


@pytest.mark.parametrize(
    ("operation", "detail", "rule"),
    [
        (
            "file-read-data",
            "/Users/you/.lima/default/lima.yaml",
            '(allow file-read* file-write* (subpath "/Users/you/.lima"))',
        ),
        (
            "file-write-create",
            "/Users/you/.lima",
            '(allow file-read* file-write* (subpath "/Users/you/.lima"))',
        ),
        (
            "file-read-metadata",
            "/Users/you/Library/Caches/lima/download",
            '(allow file-read* file-write* (subpath "/Users/you/Library/Caches/lima"))',
        ),
        (
            "file-write-unlink",
            "/Users/you/.colima/_lima/x",
            '(allow file-read* file-write* (subpath "/Users/you/.colima"))',
        ),
        (
            "file-read-data",
            "/private/var/run/resolv.conf",
            '(allow file-read* (literal "/private/var/run/resolv.conf"))',
        ),
        ("mach-task-name", f"others [{VM[:32]}(44215)]", "(allow mach-task-name)"),
        ("mach-task-name", f"others [{VM}(1)]", "(allow mach-task-name)"),
    ],
)
def test_an_entry_answers_with_its_width_and_operations(
    operation: str, detail: str, rule: str
) -> None:
    found = known_rule(parse_access(operation, detail))
    assert found is not None
    assert one_line(found.rule) == rule
    assert found.source
    assert found.purpose


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        ("file-read-data", "/Users/you/.lima2/x"),
        ("file-read-data", "/Users/you/.limax"),
        ("file-read-data", "/Users/you/src/.lima/x"),
        ("file-read-data", "/Users/Shared/.lima/x"),
        ("file-read-data", "/Users/.lima/x"),
        ("file-read-data", "/tmp/Users/you/.lima/x"),
        ("file-read-data", "/Users/you/.lima/../.ssh/id"),
        ("file-read-data", "/Users/you/.lima//x"),
        ("file-read-data", "/Users/you/.lima/"),
        ("file-read-data", "/Users/you/.lima/a\nb"),
        ("file-read-data", "/Users/a\nb/.lima/x"),
        ("file-read-data", "Users/you/.lima/x"),
        ("file-read-data", "/Users/you/.LIMA/x"),
        ("file-write-data", "/private/var/run/resolv.conf"),
        ("file-read-data", "/private/var/run/resolv.conf/x"),
        ("file-read-data", "/private/var/run/resolv.conf2"),
        ("process-exec*", "/Users/you/.lima/x"),
        ("file-write-setugid", "/Users/you/.lima/x"),
        ("file-issue-extension", "target:/Users/you/.lima extension-class:a.b"),
        ("network-bind", "/Users/you/.lima/x.sock"),
        ("mach-task-name", "others [Nexy(53377)]"),
        ("mach-task-name", "others"),
        ("mach-task-name", f"children [{VM[:32]}(1)]"),
        ("mach-task-read", f"others [{VM[:32]}(1)]"),
    ],
)
def test_an_entry_answers_nothing_else(operation: str, detail: str) -> None:
    assert known_rule(parse_access(operation, detail)) is None


def test_every_place_has_a_source_and_holds_nothing_sensitive() -> None:
    for place in PLACES:
        assert place.source
        assert place.path.startswith(("/", "~/"))
        if place.width == "subpath":
            assert not sensitive_place(place.path.replace("~", "/Users/you"))


@pytest.mark.parametrize(
    ("operation", "detail", "word"),
    [
        ("mach-lookup", f"{VM} (xpc)", "hosts the guest"),
        ("mach-lookup", VM, "hosts the guest"),
        (
            "generic-issue-extension",
            "extension-class:com.apple.virtualization.extension.fuse",
            "virtio-fs",
        ),
        (
            "generic-issue-extension",
            "extension-class:com.apple.virtualization.extension.rosetta-directory-share",
            "boots without it",
        ),
    ],
)
def test_names_that_say_more(operation: str, detail: str, word: str) -> None:
    found = subject_of(parse_access(operation, detail))
    assert found is not None
    assert word in found.purpose


def test_a_name_that_only_looks_like_one_says_nothing() -> None:
    assert subject_of(parse_access("mach-lookup", f"{VM}x (xpc)")) is None
    assert subject_of(parse_access("sysctl-read", VM)) is None


@pytest.mark.parametrize("name", [".lima", ".colima", ".tart"])
def test_a_products_own_directory_is_not_opened_without_a_warning(name: str) -> None:
    found = known_rule(parse_access("file-read-data", f"/Users/you/{name}/x"))
    assert found is not None
    assert found.warning
    assert found.warning.startswith("Inferred: ") is (name != ".lima")


def test_no_place_lies_in_another() -> None:
    for place in PLACES:
        assert not [other for other in PLACES if below(place.path, other.path) and other != place]

import pytest

from sbdiag.seatbelt.filters import (
    FIXED,
    Spelling,
    accepts,
    filter_names,
    filters,
    spelling,
    symbol_names,
    symbols,
)
from sbdiag.seatbelt.operations import operations


def test_the_table_is_whole() -> None:
    assert len(filters()) == 97
    assert [kind.number for kind in filters().values()] == list(range(1, 98))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("literal", Spelling("path", "literal")),
        ("path", Spelling("path", "literal")),
        ("prefix", Spelling("path", "prefix")),
        ("subpath", Spelling("path", "subpath")),
        ("regex", Spelling("path", "regex")),
        ("global-name-regex", Spelling("global-name", "regex")),
        ("iokit-user-client-class", Spelling("iokit-registry-entry-class", "literal")),
        ("to", Spelling("remote", "literal")),
        ("target", Spelling("target", "literal")),
        ("process-subpath", Spelling("process-path", "subpath")),
        ("home-literal", None),
        ("require-all", None),
    ],
)
def test_spelling(name: str, meant: Spelling | None) -> None:
    assert spelling(name) == meant


def test_every_written_name_is_listed_once() -> None:
    names = filter_names()
    assert len(set(names)) == len(names)
    assert {"literal", "require-not", "tty", "path-ancestors", "xpc-service-name-prefix"} <= set(
        names
    )


@pytest.mark.parametrize(
    ("name", "symbol", "number"),
    [
        ("signal-number", "SIGTERM", 15),
        ("socket-domain", "AF_SYSTEM", 32),
        ("socket-domain", "AF_UNIX", 1),
        ("target", "same-sandbox", 5),
        ("syscall-number", "SYS_open", 5),
        ("fcntl-command", "F_SETLK", 8),
        ("vnode-type", "TTY", 65535),
        ("remote", "udp6", 10),
        ("ioctl-command", "BIOCSETIF", 17004),
    ],
)
def test_symbols(name: str, symbol: str, number: int) -> None:
    assert symbols(name)[symbol] == number
    assert symbol in symbol_names()


def test_fixed_filters_stand_for_known_symbols() -> None:
    for filter_name, symbol in FIXED.values():
        assert symbol in symbols(filter_name)


def test_a_filter_without_symbols_has_none() -> None:
    assert symbols("path") == {}


@pytest.mark.parametrize(
    ("operation", "filter_name", "answer"),
    [
        ("file-read-data", "path", "table"),
        ("file-ioctl", "ioctl-command", "table"),
        ("network-outbound", "path", "table"),
        ("mach-lookup", "path", "no"),
        ("file-read-data", "extension", "universal"),
        ("lsopen", "csr", "universal"),
        ("nvram-set", "iokit-property", "observed"),
        ("file-lock", "path", "unknown"),
        ("mach-lookup", "mount-root-path", "unknown"),
        ("nothing-such", "path", "unknown"),
    ],
)
def test_accepts(operation: str, filter_name: str, answer: str) -> None:
    assert accepts(operation, filter_name) == answer


def test_every_category_of_an_operation_is_that_of_a_filter() -> None:
    # 13.0 kept the two socket-option filters in a category of their own.
    known = {kind.category for kind in filters().values()} | {"socket-option"}
    for row in operations().values():
        assert set(row.categories or ()) <= known, row.name

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.index import Index
from sbdiag.seatbelt.matching import prepare
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Filter, IoCommand

# Operation, the filters that must hold together, the detail that asks for them, and one that leaves
# open what tells the rules apart.
SAME_BUT_FOR_ONE = [
    (
        "file-ioctl",
        [("literal", "/dev/x"), ("ioctl-command", IoCommand("t", 0))],
        'path:/dev/x ioctl-command:(_IO "t" {})',
        "path:/dev/x",
    ),
    (
        "file-issue-extension",
        [("extension-class", "com.example.read"), ("literal", "/a/{}")],
        "target:/a/{} extension-class:com.example.read",
        None,
    ),
    (
        "mach-issue-extension",
        [("extension-class", "com.example.lookup"), ("global-name", "com.example.{}")],
        "extension-class:com.example.lookup global-name:com.example.{}",
        "extension-class:com.example.lookup",
    ),
    (
        "iokit-set-properties",
        [("iokit-registry-entry-class", "IOExample"), ("iokit-property", "P{}")],
        "iokit-class:IOExample property:P{}",
        "iokit-class:IOExample",
    ),
    (
        "system-socket",
        [("socket-domain", 30), ("socket-type", 2), ("socket-protocol", 0)],
        "domain:30 type:2 protocol:{}",
        "domain:30 type:2",
    ),
]


def _numbered(argument: str | int | IoCommand, number: int) -> str | int | IoCommand:
    match argument:
        case str():
            return argument.format(number)
        case IoCommand(group=group):
            return IoCommand(group, number)
    return number if argument == 0 else argument


@pytest.mark.parametrize(("operation", "parts", "told", "untold"), SAME_BUT_FOR_ONE)
def test_rules_that_differ_in_one_part_alone_are_told_apart(
    operation: str, parts: list[tuple[str, str | int]], told: str, untold: str | None
) -> None:
    index = Index()
    for number in range(100):
        written = [Filter(name, (_numbered(argument, number),)) for name, argument in parts]
        index.add(number, [Filter("require-all", tuple(written))])
        index.add(100 + number, [Filter("require-all", tuple(reversed(written)))])
    for number in range(100):
        request = Request(parse_access(operation, told.format(number)))
        assert index.turns(request) == [number, 100 + number]
    assert index.turns(Request(parse_access(operation, untold))) == list(range(200))


@pytest.mark.parametrize("size", [2, 30, 5000])
def test_of_many_parts_a_few_are_asked(size: int) -> None:
    parts = tuple(Filter("subpath", ("/a" * (1 + place % 9),)) for place in range(size))
    index = Index()
    index.add(0, [Filter("require-all", parts)])
    index.add(1, [Filter("require-any", parts)])
    asked = [Request(parse_access("file-read-data", path)) for path in ("/a" * 9, "/a", "/b")]
    assert [index.turns(request) for request in asked] == [[0, 1], [1], []]


def test_a_long_path_is_cut_only_where_a_directory_may_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    values = Index._path_values

    def counted(self: Index, kind: str, path: str) -> Iterator[str]:
        for value in values(self, kind, path):
            looked_up.append(value)
            yield value

    monkeypatch.setattr(Index, "_path_values", counted)
    index = Index()
    for turn, directory in enumerate(["/Users/you/project", "/x", "/Users"]):
        index.add(turn, [Filter("subpath", (directory,))])
    deep = "/Users/you/project" + "/d" * 200
    assert index.turns(Request(parse_access("file-read-data", deep))) == [0, 2]
    assert looked_up == [deep.lower(), "/users", "/users/you", "/users/you/project"]


_LEAF = st.one_of(
    st.builds(
        Filter,
        st.sampled_from(["literal", "subpath", "prefix", "regex"]),
        st.lists(st.sampled_from(["/", "/d", "/D/x", "/d/x/y"]), min_size=1, max_size=2).map(tuple),
    ),
    st.builds(
        Filter,
        st.sampled_from(["ioctl-command", "extension-class", "vnode-type"]),
        st.lists(
            st.sampled_from([1, 2, IoCommand("t", 1), "com.example.a", "com.example.b"]),
            max_size=2,
        ).map(tuple),
    ),
)
_FILTER = st.recursive(
    _LEAF,
    lambda inner: st.builds(
        Filter,
        st.sampled_from(["require-all", "require-all", "require-any", "require-not"]),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(_FILTER, min_size=1, max_size=2), min_size=1, max_size=6),
    st.sampled_from(
        [
            ("file-ioctl", "path:/d ioctl-command:1"),
            ("file-ioctl", 'path:/d/x ioctl-command:(_IO "t" 1)'),
            ("file-ioctl", "path:/d"),
            ("file-ioctl", "ioctl-command:2"),
            ("file-issue-extension", "target:/d/x extension-class:com.example.a"),
            ("file-issue-extension", "target:/d"),
            ("file-issue-extension", None),
        ]
    ),
)
def test_what_is_left_out_cannot_match(
    rules: list[list[Filter]], asked: tuple[str, str | None]
) -> None:
    index = Index()
    for turn, written in enumerate(rules):
        index.add(turn, written)
    request = Request(parse_access(*asked))
    found = index.turns(request)
    for turn, written in enumerate(rules):
        matches = [prepare(part, asked[0])(request).matches for part in written]
        assert turn in found or not any(answer is not False for answer in matches)

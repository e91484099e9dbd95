from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture import lines
from sbdiag.capture.lines import Line, read_lines


@pytest.fixture(autouse=True)
def short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LINE_BYTES", 20)


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\n\r\nb\r", ["a", "", "b"]),
        (b"\n\n", ["", ""]),
        (b"a\rb\x0b\x0c\xc2\x85\xe2\x80\xa8c\n", ["a\rb\x0b\x0c\x85\u2028c"]),
        (b"\xff\n", ["\ufffd"]),
    ],
)
def test_lines_end_in_a_line_feed_only(data: bytes, texts: list[str]) -> None:
    assert [line.text for line in read_lines([data])] == texts


def test_a_long_line_is_cut() -> None:
    found = list(read_lines([b"x" * 45 + b"\nnext"]))
    assert found == [
        Line(1, "x" * 20),
        Line(1, "x" * 20, "rest"),
        Line(1, "x" * 5, "rest"),
        Line(2, "next"),
    ]


def test_a_long_line_is_cut_between_objects_and_never_in_a_character() -> None:
    assert [line[1:] for line in read_lines([b'[{"a":1},{"b":2222222},{"c":3}]'])] == [
        ('[{"a":1},', "new"),
        ('{"b":2222222},', "between"),
        ('{"c":3}]', "between"),
    ]
    assert "\ufffd" not in "".join(line.text for line in read_lines(["é€😀".encode() * 30]))


DATA = st.binary(max_size=120) | st.lists(
    st.sampled_from([b'},{"', b"\n", b"\r\n", "é😀".encode(), b"x" * 19, b"{", b"\xff"]),
    max_size=30,
).map(b"".join)


@given(DATA, st.lists(st.integers(0, 120), max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_division_gives_the_same_lines(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    blocks = [data[a:b] for a, b in pairwise(edges)] if data else []
    assert list(read_lines(blocks)) == list(read_lines([data]))


@given(DATA)
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost(data: bytes) -> None:
    found = list(read_lines([data]))
    starts = [line.number for line in found if line.start == "new"]
    assert starts == list(range(1, len(starts) + 1))
    assert len(starts) == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))

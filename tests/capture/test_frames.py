"""Columns of values that repeat are what pandas would make of the values themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from sbdiag.capture import frames
from sbdiag.capture.frames import Coded
from sbdiag.capture.unified_log import read_capture, scan_capture

values = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "é\u2028", "x" * 40])), min_size=1)


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_PIECE_ROWS", 4)


@given(values, st.data())
def test_texts(distinct: list[str | None], data: st.DataObject) -> None:
    which = data.draw(st.lists(st.integers(0, len(distinct) - 1)))
    column = Coded(distinct, np.array(which, dtype=np.int64)).texts()
    expected = pd.Series([distinct[place] for place in which], dtype="str")
    assert_series_equal(column, expected)
    assert column.isna().tolist() == [distinct[place] is None for place in which]


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1), st.data())
def test_numbers(distinct: list[int | None], data: st.DataObject) -> None:
    which = data.draw(st.lists(st.integers(0, len(distinct) - 1)))
    column = Coded(distinct, np.array(which, dtype=np.int64)).numbers()
    assert_series_equal(column, pd.Series([distinct[place] for place in which], dtype="Int64"))


@given(values, st.data())
def test_categories(distinct: list[str | None], data: st.DataObject) -> None:
    which = data.draw(st.lists(st.integers(0, len(distinct) - 1)))
    column = Coded(distinct, np.array(which, dtype=np.int64)).categories([])
    expected = pd.Series([distinct[place] for place in which], dtype="str")
    assert column.cat.categories.tolist() == sorted(set(expected.dropna()))
    assert_series_equal(column.astype("str"), expected)


def test_more_categories_than_a_byte_counts() -> None:
    names = [f"operation-{number:03}" for number in range(300)]
    column = Coded(names, np.arange(300)).categories([])
    assert column.tolist() == names


def test_columns_with_the_same_values_are_apart() -> None:
    line = b"Sandbox: a(1) deny(1) file-read-data /x\n"
    denials = read_capture(line * 9).denials
    assert denials.target_name.equals(denials.target)
    denials.loc[0, "target"] = "/y"
    assert denials.target_name.tolist() == ["/x"] * 9


def test_a_name_is_taken_out_of_its_target() -> None:
    lines = b"Sandbox: a(1) deny(1) file-read-data /x\nSandbox: a(1) deny(1) mach-lookup b (xpc)\n"
    denials = read_capture(lines).denials
    assert denials.target.tolist() == ["/x", "b (xpc)"]
    assert denials.target_name.tolist() == ["/x", "b"]


def test_a_frame_shares_no_memory_with_what_it_was_built_of() -> None:
    columns = b"2026-09-08 12:08:19.267 E  kernel[0:1] (Sandbox) "
    line = columns + b"Sandbox: a(1) deny(1) file-read-data /x\n"
    scanned = scan_capture(line * 500)
    first = scanned.reading("America/New_York").denials
    before = first.copy(deep=True)
    for name in ("time", "line", "pid", "process", "target"):
        first.loc[0, name] = None
    pd.testing.assert_frame_equal(scanned.reading("America/New_York").denials, before)

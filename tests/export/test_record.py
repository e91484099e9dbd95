from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.errors import ExportError
from sbdiag.export.record import frame_records

NOON = pd.Timestamp("2026-05-27 12:00", tz="UTC")


def written(value: Any) -> Any:
    frame = pd.DataFrame({"cell": pd.Series([value], dtype="object")})
    (row,) = json.loads(json.dumps(frame_records(frame), allow_nan=False))
    assert row.pop("row") == 0
    return row["cell"]


@pytest.mark.parametrize(
    ("value", "record"),
    [
        (NOON, "2026-05-27T12:00:00.000000+00:00"),
        (pd.NaT, None),
        (pd.NA, None),
        (float("nan"), None),
        (float("-inf"), "-inf"),
        (np.int64(5), 5),
        (np.bool_(True), True),
        ((1, "a"), [1, "a"]),
        ({"k": [None, float("inf")]}, {"k": [None, "inf"]}),
        ("\udc80", "\udc80"),
    ],
)
def test_cells_as_json_has_them(value: Any, record: Any) -> None:
    found = written(value)
    assert (found, type(found)) == (record, type(record))


@pytest.mark.parametrize("value", [b"\x00\xff", [b"x"], {"k": b"x"}, {1, 2}, object()])
def test_what_would_not_come_back_is_refused(value: Any) -> None:
    with pytest.raises(ExportError, match="no exact form in JSON"):
        written(value)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(PLAIN)
def test_what_json_can_say_comes_back(value: Any) -> None:
    assert written(value) == value

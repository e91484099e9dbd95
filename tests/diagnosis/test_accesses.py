from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.diagnosis.accesses import numbered

VALUES = st.sampled_from([None, "", "a", "b", "b\x00"])


@given(st.lists(st.tuples(VALUES, VALUES, st.integers(0, 2)), max_size=30))
def test_like_rows_have_one_number_and_new_ones_the_next(
    rows: list[tuple[str | None, str | None, int]],
) -> None:
    frame = pd.DataFrame(rows, columns=["text", "category", "number"])
    frame = frame.astype({"text": "str", "category": "category"})
    seen: dict[tuple[str | None, str | None, int], int] = {}
    expected = [seen.setdefault(row, len(seen)) for row in rows]
    number, firsts = numbered(frame, ["text", "category", "number"])
    assert number.tolist() == expected
    assert firsts.tolist() == [expected.index(one) for one in range(len(seen))]

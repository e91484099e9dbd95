from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.accesses import asked_accesses, distinct_accesses, numbered

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


def test_many_columns_are_numbered_as_well() -> None:
    columns = [f"c{place}" for place in range(40)]
    rows = [[place in {row, 2 * row} for place in range(40)] for row in (3, 5, 3, 39, 5)]
    number, firsts = numbered(pd.DataFrame(rows, columns=columns), columns)
    assert number.tolist() == [0, 1, 0, 2, 1]
    assert firsts.tolist() == [0, 1, 3]


PAIRS = [("file-read-data", "/b"), ("file-read-data", "/a"), ("process-fork", None)]


def _denials(places: list[int], index: list[int] | None = None) -> pd.DataFrame:
    frame = DENIALS.frame(
        [
            {"operation": operation, "target": target, "verdict": "deny", "origin": "kernel"}
            for operation, target in (PAIRS[place] for place in places)
        ]
    )
    return frame if index is None else frame.set_axis(index)


def test_distinct_accesses_are_numbered_in_the_order_of_appearance() -> None:
    number, accesses = distinct_accesses(_denials([0, 1, 0, 2, 1]))
    assert number.tolist() == [0, 1, 0, 2, 1]
    assert [(one.operation, one.detail) for one in accesses] == PAIRS
    number, accesses = distinct_accesses(_denials([]))
    assert (number.tolist(), accesses) == ([], [])


def test_asked_accesses_have_their_labels_ascending_however_the_rows_stand() -> None:
    groups = asked_accesses(_denials([0, 1, 0, 2, 1, 0], [70000, 4, -1, 9, 2, 8]))
    assert [(one.access.detail, one.rows) for one in groups] == [
        ("/a", (2, 4)),
        ("/b", (-1, 8, 70000)),
        (None, (9,)),
    ]
    assert {type(label) for one in groups for label in one.rows} == {int}
    assert {(one.verdict, one.layer, one.origin) for one in groups} == {("deny", "", "kernel")}

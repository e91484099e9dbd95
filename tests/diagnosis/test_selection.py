from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS, MILESTONES
from sbdiag.diagnosis.ruleset import Withheld
from sbdiag.diagnosis.selection import Decisions, Selection
from sbdiag.errors import FrameError

START = pd.Timestamp("2026-05-27 14:00:00", tz="UTC")


def _at(seconds: float | None) -> pd.Timestamp | None:
    return None if seconds is None else START + pd.Timedelta(seconds=seconds)


def _denials() -> pd.DataFrame:
    rows = [
        ("a", "limactl", "mach-lookup", 0),
        ("a", None, "file-read-data", 1),
        ("b", "zsh", "file-read-data", 2),
        ("b", "limactl", "file-read-data", None),
    ]
    return DENIALS.frame(
        [
            {"run": run, "process": process, "operation": operation, "time": _at(seconds)}
            for run, process, operation, seconds in rows
        ]
    )


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        (Selection(), [0, 1, 2, 3]),
        (Selection(runs=("b",)), [2, 3]),
        (Selection(processes=("limactl",)), [0, 3]),
        (Selection(processes=("",)), [1]),
        (Selection(operations=("file-read-data",), runs=("a",)), [1]),
        (Selection(since=_at(1)), [1, 2]),
        (Selection(until=_at(1)), [0, 1]),
        (Selection(since=_at(1), until=_at(1)), [1]),
        (Selection(runs=()), []),
        (Selection(runs=("nothing",)), []),
    ],
)
def test_which_denials_count(selection: Selection, rows: list[int]) -> None:
    assert list(selection.of(_denials()).index) == rows


def test_milestones_follow_runs_and_time_and_stay_without_one() -> None:
    milestones = MILESTONES.frame(
        [{"run": run, "time": _at(at)} for run, at in [("a", 0), ("a", 5), ("b", 0), ("a", None)]]
    )
    selection = Selection(runs=("a",), until=_at(1), processes=("zsh",))
    assert list(selection.of_milestones(milestones).index) == [0, 3]


def test_a_frame_without_the_columns_is_an_error() -> None:
    with pytest.raises(FrameError, match="process"):
        Selection().of(_denials().drop(columns="process"))


def test_decisions_are_values() -> None:
    key, other = ("file-read-data", "/a"), ("file-read-data", "/b")
    first = Decisions()
    rejected = first.reject([key, other])
    assert first.rejected == frozenset()
    assert rejected.rejected == {key, other}
    assert rejected.accept([other]).rejected == {key}
    assert rejected.accept([key, other]) == first
    widened = first.widen_to([key], "none")
    assert dict(widened.widened) == {key: "none"}
    assert dict(widened.widen_to([key], "siblings").widened) == {key: "siblings"}
    assert dict(first.widened) == {}


def test_classes_are_asked_for_by_name_and_no_more() -> None:
    keys = Withheld("sensitive", "", (0,), name="ssh-keys")
    noise = Withheld("noise", "", (1,), name="logging")
    asked = Decisions().ask_for(keys, True).ask_for(noise, True).ask_for(keys, True)
    assert (asked.sensitive, asked.noise) == (("ssh-keys",), ("logging",))
    assert asked.asks_for(keys)
    assert asked.asks_for(noise)
    assert asked.ask_for(keys, False).ask_for(noise, False) == Decisions()

"""What is drawn, without drawing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.display.plot_data import (
    operations_data,
    rules_data,
    startup_data,
    timeline_data,
)
from sbdiag.display.plot_data.clock import SECOND, STEPS, idle_gaps, span_text, step_at_least
from sbdiag.display.plot_data.milestones import milestone_label
from sbdiag.display.plot_data.rules import proof_text
from sbdiag.errors import FrameError


def test_the_data_needs_no_matplotlib() -> None:
    code = "import sbdiag.display.plot_data, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestClock:
    @pytest.mark.parametrize(
        ("microseconds", "text"),
        [
            (7, "7 µs"),
            (20_000, "20 ms"),
            (1_500_000, "1.5 s"),
            (5_000_000, "5 s"),
            (90_000_000, "1 min 30 s"),
            (840_000_000, "14 min"),
            (7_500_000_000, "2 h 5 min"),
            (7_200_000_000, "2 h"),
            (180_000_000_000, "2 d 2 h"),
        ],
    )
    def test_a_span_in_words(self, microseconds: int, text: str) -> None:
        assert span_text(microseconds) == text

    def test_steps_ascend_and_are_found(self) -> None:
        assert list(STEPS) == sorted(set(STEPS))
        assert step_at_least(3 * SECOND) == 5 * SECOND
        assert step_at_least(10**18) == STEPS[-1]

    @pytest.mark.parametrize(
        ("seconds", "gaps"),
        [
            ([], []),
            ([5], []),
            (range(0, 600, 60), []),  # even: nothing is idle
            ([0, 1, 2, 600, 601, 602], [(2, 600)]),
            ([0, 1, 2, 5, 6, 7], []),  # too short to be worth a cut
            ([0, 1, 2, 3000, 3001, 3002, 3420, 3421, 3423], [(2, 3000), (3002, 3420)]),
            ([0, 100, 300, 700, 1500, 3100], []),  # no class of gaps stands out
            ([0, 1, 600], []),  # too thin: a lone moment is no run
        ],
    )
    def test_idle_gaps(self, seconds: list[int], gaps: list[tuple[int, int]]) -> None:
        found = idle_gaps(np.array(list(seconds), dtype=np.int64) * SECOND)
        assert [(a // SECOND, b // SECOND) for a, b in found] == gaps


class TestTimeline:
    def test_lanes_stand_in_order_of_appearance_with_their_totals(
        self, case: SimpleNamespace
    ) -> None:
        data = timeline_data(case.denials())
        assert data.lanes["name"].tolist() == [
            "file-read-data",
            "mach-lookup",
            "mach-task-name",
            "generic-issue-extension",
            "file-write-create",
        ]
        assert data.lanes["occurrences"].tolist() == [9, 1, 1, 13, 1]
        assert data.lanes["denials"].tolist() == [3, 1, 1, 2, 1]
        assert data.shape == "marks"

    def test_a_series_of_runs_is_cut_between_them(self, case: SimpleNamespace) -> None:
        data = timeline_data(case.denials(), case.milestones())
        assert len(data.gaps) == 5
        assert any("5 gaps, the longest 7 min" in note for note in data.notes)

    @pytest.mark.parametrize("count", [10, 1_000, 100_000])
    def test_nothing_is_lost_by_marks_or_bars(self, case: SimpleNamespace, count: int) -> None:
        denials = case.storm(count)
        data = timeline_data(denials)
        assert data.shape == ("bars" if count > 300 else "marks")
        assert int(data.marks["denials"].sum()) == count
        total = int((denials["duplicates"] + 1).sum())
        assert int(data.marks["occurrences"].sum()) == total
        assert int(data.lanes["occurrences"].sum()) == total
        per_lane = data.marks.groupby("lane")["occurrences"].sum()
        assert per_lane.tolist() == data.lanes["occurrences"].tolist()

    def test_a_storm_is_as_few_bars_as_a_page_holds(self, case: SimpleNamespace) -> None:
        data = timeline_data(case.storm(200_000))
        assert len(data.marks) < 10 * 200
        assert data.bin_width in STEPS
        assert (data.marks["x"] % data.bin_width == 0).all()

    def test_bars_begin_at_the_threshold(self, case: SimpleNamespace) -> None:
        denials = case.storm(20)
        assert timeline_data(denials, bin_above=20).shape == "marks"
        assert timeline_data(denials, bin_above=19).shape == "bars"

    def test_many_lanes_share_the_last_one(self, case: SimpleNamespace) -> None:
        data = timeline_data(case.storm(5_000, lanes=60))
        assert len(data.lanes) == 40
        assert data.lanes["name"].iloc[-1] == "21 more operations"
        assert int(data.marks["denials"].sum()) == 5_000

    def test_rows_without_a_time_are_counted_not_placed(self, case: SimpleNamespace) -> None:
        denials = case.denials()
        denials.loc[[1, 5], "time"] = pd.NaT
        data = timeline_data(denials, case.milestones())
        assert data.axis == "time"
        assert data.unplaced == 2
        assert int(data.marks["denials"].sum()) == 6
        assert data.lanes["unplaced"].tolist() == [0, 1, 0, 1, 0]
        assert "2 of 8 denials without a time: counted, not placed." in data.notes

    def test_without_any_time_the_order_of_the_capture_is_drawn(
        self, case: SimpleNamespace
    ) -> None:
        denials = case.denials()
        denials["time"] = pd.Series([pd.NaT] * 8, dtype="datetime64[us, UTC]")
        data = timeline_data(denials, case.milestones())
        assert data.axis == "order"
        assert sorted(data.marks["x"]) == list(range(1, 9))
        assert data.milestones.frame.empty
        assert any("order of the capture" in note for note in data.notes)
        assert any("25 milestones could not be placed" in note for note in data.notes)

    def test_no_denials_at_all(self) -> None:
        data = timeline_data(DENIALS.frame())
        assert data.lanes.empty
        assert data.marks.empty
        assert data.groups == ()

    def test_allow_reports_are_left_out_and_said(self, case: SimpleNamespace) -> None:
        denials = DENIALS.frame([case.denial(), case.denial(verdict="allow")])
        data = timeline_data(denials)
        assert int(data.marks["denials"].sum()) == 1
        assert "1 allow report left out." in data.notes

    def test_colour_tells_the_stage_or_the_layer(self, case: SimpleNamespace) -> None:
        denials, stages = case.denials(), case.stages()
        assert timeline_data(denials).groups == ("the profile refused",)
        by_stage = timeline_data(denials, stages=stages)
        assert by_stage.groups == (
            "lima-files",
            "dns",
            "xpc-lookup",
            "task-name",
            "virtiofs-extension",
            "rosetta-extension",
        )

    def test_a_line_that_any_process_can_print_is_a_group_of_its_own(
        self, case: SimpleNamespace
    ) -> None:
        denials = DENIALS.frame([case.denial(), case.denial(origin="other")])
        assert timeline_data(denials).groups == ("the profile refused", "doubtful origin")

    def test_a_run_that_was_refused_nothing_has_an_empty_lane(self, case: SimpleNamespace) -> None:
        data = timeline_data(case.denials(), case.milestones(), lanes="run")
        assert data.lanes["name"].tolist() == ["01", "02", "03", "04", "05", "06"]
        assert data.lanes["occurrences"].tolist() == [2, 4, 1, 12, 6, 0]

    def test_near_denials_are_one_mark(self, case: SimpleNamespace) -> None:
        times = [0.0, 0.001, 0.002, 9.0]
        start = case.denial()["time"]
        rows = [case.denial(time=start + pd.Timedelta(seconds=s), duplicates=1) for s in times]
        data = timeline_data(DENIALS.frame(rows))
        assert data.marks["denials"].tolist() == [3, 1]
        assert data.marks["occurrences"].tolist() == [6, 2]

    def test_marks_of_two_stages_at_one_place_stand_apart(self, case: SimpleNamespace) -> None:
        denials, stages = case.denials(), case.stages()
        both = denials[denials["operation"] == "generic-issue-extension"].copy()
        both["time"] = both["time"].iloc[0]
        assert timeline_data(both, stages=stages).marks["shift"].tolist() == [-0.25, 0.25]
        assert (timeline_data(denials, stages=stages).marks["shift"] == 0).all()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"lanes": "user"}, "lanes='user' is none of operation, process, run"),
            ({"color": "red"}, "color='red' is none of"),
            ({"color": "stage"}, "needs stages="),
        ],
    )
    def test_wrong_options(self, case: SimpleNamespace, options: dict[str, str], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            timeline_data(case.denials(), **options)

    def test_a_frame_without_a_column(self, case: SimpleNamespace) -> None:
        with pytest.raises(FrameError, match="lacks operation"):
            timeline_data(case.denials().drop(columns="operation"))

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.one_of(st.none(), st.integers(0, 4 * 10**9)), max_size=40),
        st.integers(0, 30),
    )
    def test_every_denial_is_in_a_mark_or_unplaced(
        self, times: list[int | None], bin_above: int
    ) -> None:
        frame = DENIALS.frame(
            [
                {
                    "time": None if t is None else pd.Timestamp(t, unit="us", tz="UTC"),
                    "process": "p",
                    "verdict": "deny",
                    "operation": f"op-{at % 3}",
                    "layer": "profile",
                    "origin": "kernel",
                    "run": "01",
                }
                for at, t in enumerate(times)
            ]
        )
        data = timeline_data(frame, bin_above=bin_above)
        assert int(data.marks["denials"].sum()) + data.unplaced == len(times)


class TestMilestones:
    @pytest.mark.parametrize(
        ("message", "label"),
        [
            ("Starting VZ (hint: to watch the boot progress, see `x`)", "Starting VZ"),
            ("[hostagent] Setting up Rosetta share", "Setting up Rosetta share"),
            ("Error Domain=VZErrorDomain Code=1 Description=…", "VZErrorDomain Code=1"),
            (
                "failed to detect system DNS, falling back to [8.8.8.8]",
                "failed to detect system DNS",
            ),
            ("READY. Run `limactl shell default` to open the shell.", "READY"),
            ("a\x1b[31mb", "a\\x1b[31mb"),
        ],
    )
    def test_the_words_that_name_a_line(self, message: str, label: str) -> None:
        assert milestone_label(message) == label

    def test_unknown_lines_are_shown_only_where_they_report_a_failure(
        self, case: SimpleNamespace
    ) -> None:
        milestones = case.milestones()
        milestones["milestone"] = "other"
        shown = timeline_data(case.denials(), milestones).milestones.frame
        assert shown["label"].unique().tolist() == ["VZErrorDomain Code=1"]
        assert shown["failed"].all()

    def test_repetitions_are_one_line(self, case: SimpleNamespace) -> None:
        milestones = case.milestones()
        twice = pd.concat([milestones, milestones], ignore_index=True)
        frame = timeline_data(case.denials(), twice).milestones.frame
        assert len(frame) == len(milestones)
        assert (frame["count"] == 2).all()


class TestStartup:
    def test_the_ladder_of_a_series(self, case: SimpleNamespace) -> None:
        data = startup_data(case.report())
        assert data.runs == ("01", "02", "03", "04", "05", "06")
        lookup = data.rungs[3]
        assert lookup.statuses == (
            "refused",
            "reached",
            "reached",
            "reached",
            "not seen",
            "reached",
        )
        assert lookup.refused_in == "01"
        assert lookup.denial == (
            "limactl(42303) mach-lookup com.apple.Virtualization.VirtualMachine (xpc)"
        )
        assert " ".join(" ".join(lookup.rules[0]).split()) == (
            '(allow mach-lookup (global-name "com.apple.Virtualization.VirtualMachine"))'
        )
        assert data.rungs[0].more_denials == 1

    def test_where_each_run_stopped(self, case: SimpleNamespace) -> None:
        stopped = startup_data(case.report()).stopped_at
        assert [bool(title) for title in stopped] == [True, True, True, False, True, False]
        assert "XPC service" in (stopped[0] or "")  # not the refused DNS read, which is optional

    def test_the_frame_alone_names_no_denial_and_no_rule(self, case: SimpleNamespace) -> None:
        lookup = startup_data(case.stages()).rungs[3]
        assert lookup.refused_in == "01"
        assert lookup.denial == ""
        assert lookup.rules == ()

    def test_the_run_whose_denials_show_it_is_named(self, case: SimpleNamespace) -> None:
        stages = case.stages()
        first = (stages["run"] == "01") & (stages["stage"] == "dns")
        stages.loc[first, "denials"] = pd.Series([()], index=stages.index[first], dtype="object")
        assert startup_data(stages, case.denials()).rungs[1].refused_in == "02"

    def test_a_run_without_a_stage_is_unknown_there(self, case: SimpleNamespace) -> None:
        stages = case.stages()
        fewer = stages[~((stages["run"] == "02") & (stages["stage"] == "ready"))]
        assert startup_data(fewer).rungs[-1].statuses[1] == "unknown"

    def test_lacking_columns(self, case: SimpleNamespace) -> None:
        with pytest.raises(FrameError, match="stages frame lacks title"):
            startup_data(case.stages().drop(columns="title"))


class TestOperations:
    def test_counts_by_operation_and_process(self, case: SimpleNamespace) -> None:
        data = operations_data(case.denials())
        assert data.operations[:2] == ("generic-issue-extension", "file-read-data")
        assert data.processes == ("limactl",)
        assert data.counts[:, 0].tolist() == [13, 9, 1, 1, 1]

    def test_the_rarest_share_the_last_row_and_column(self, case: SimpleNamespace) -> None:
        denials = case.storm(5_000, lanes=40)
        data = operations_data(denials, most_operations=10, most_processes=2)
        assert data.operations[-1] == "31 more operations"
        assert data.processes[-1] == "2 more processes"
        assert int(data.counts.sum()) == int((denials["duplicates"] + 1).sum())


class TestRules:
    def test_runs_breadth_and_proof(self, case: SimpleNamespace) -> None:
        data = rules_data(case.report())
        assert [row.breadth for row in data.rows] == [
            "exact",
            "whole operation",
            "exact",
            "wider",
            "exact",
        ]
        assert data.rows[2].by_run == (0, 0, 1, 12, 0)
        assert data.rows[2].evidence == "13 refusals, 2 targets"
        assert data.rows[1].proof == "sufficient and necessary, by replay"
        assert data.more == 0

    def test_earlier_runs_share_a_column(self, case: SimpleNamespace) -> None:
        data = rules_data(case.report())
        assert data.latest(5) == data
        few = data.latest(3)
        assert few.runs == ("3 earlier", *data.runs[3:])
        assert [row.by_run for row in few.rows] == [
            (sum(row.by_run[:3]), *row.by_run[3:]) for row in data.rows
        ]
        assert [row.evidence for row in few.rows] == [row.evidence for row in data.rows]

    @pytest.mark.parametrize(("count", "more"), [(40, 0), (41, 1), (3000, 2960)])
    def test_of_many_rules_the_first_are_rows(
        self, case: SimpleNamespace, count: int, more: int
    ) -> None:
        report = case.report()
        rule = report.rules.rules[0]
        many = replace(report.rules, rules=(rule,) * count)
        data = rules_data(replace(report, rules=many))
        assert (len(data.rows), data.more) == (40, more)

    @pytest.mark.parametrize(
        ("with_all", "necessary", "said"),
        [
            ("allow", "yes", "sufficient and necessary, by replay"),
            ("allow", "no", "sufficient and not necessary, by replay"),
            ("deny", "yes", "not sufficient and necessary, by replay"),
            ("unknown", "yes", "necessary by replay, sufficiency unknown"),
            ("allow", "unknown", "sufficient by replay, necessity unknown"),
            ("unknown", "unknown", "replay settles neither"),
        ],
    )
    def test_the_words_of_a_proof(self, with_all: str, necessary: str, said: str) -> None:
        assert proof_text(with_all, necessary).startswith(said)

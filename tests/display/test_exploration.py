"""The explorer without widgets: what is chosen, and what follows from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sbdiag
from sbdiag.analysis import Report
from sbdiag.diagnosis.proposals import Proposal
from sbdiag.diagnosis.selection import Selection
from sbdiag.display.exploration import Exploration, Writing, choosable, time_stops

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "lima-vz"


@pytest.fixture(scope="module")
def report() -> Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


@pytest.fixture(scope="module")
def start(report: Report) -> Exploration:
    return Exploration.of(report)


def _of(state: Exploration, entry: str) -> Proposal:
    return next(each for each in state.proposals.proposals if each.widest.entry == entry)


def test_it_begins_with_the_rules_of_the_report(report: Report, start: Exploration) -> None:
    assert start.rules == report.rules
    assert start.sb.text == report.to_sb().text
    assert start.nono.text == report.to_nono().text
    pd.testing.assert_frame_equal(start.verification, report.verification)


def test_choosing_a_run_leaves_its_denials_and_milestones(
    report: Report, start: Exploration
) -> None:
    run = "03-task-name"
    state = start.select(Selection(runs=(run,)))
    assert set(state.denials["run"]) == set(state.milestones["run"]) == {run}
    assert list(state.denials.index) == list(report.denials.index[report.denials["run"] == run])
    assert "mach-task-name" in state.sb.text
    assert "mach-lookup" not in state.sb.text
    assert state.timeline("run").lanes["name"].tolist() == [run]
    assert start.denials is not state.denials


def test_the_account_adds_up_whatever_is_decided(start: Exploration) -> None:
    proposal = _of(start, "lima-cache")
    state = start.decide(start.decisions.reject(proposal.keys))
    account = state.account
    assert account.rejected == 5
    assert account.answered == start.account.answered - 5
    assert account.chosen == account.answered + account.rejected + account.withheld
    assert "Caches/lima" not in state.sb.text
    assert "Caches/lima" not in state.nono.text


def test_widening_one_proposal_less(start: Exploration) -> None:
    proposal = _of(start, "lima-state")
    assert start.way(proposal, start.ways(proposal)) == "known"
    state = start.decide(start.decisions.widen_to(proposal.keys, "none"))
    assert state.way(proposal, state.ways(proposal)) == "none"
    assert len(start.rules_of(proposal)) == 1
    assert len(state.rules_of(proposal)) == 4
    assert '(subpath "/Users/you/.lima")' not in state.sb.text
    assert '(subpath "/Users/you/Library/Caches/lima")' in state.sb.text
    assert set(state.verification["necessary"]) == {"yes"}


def test_a_way_that_does_the_same_as_a_narrower_one_is_the_narrower(start: Exploration) -> None:
    proposal = _of(start, "lima-state")
    state = start.decide(replace(start.decisions, widen="siblings"))
    assert state.way(proposal, state.ways(proposal)) == "known"


def test_a_rejected_access_below_an_accepted_directory_is_admitted(start: Exploration) -> None:
    key = _of(start, "lima-state").keys[-1]
    state = start.decide(start.decisions.reject([key]))
    assert start.admitted == ()
    assert state.admitted == (key,)
    assert not state.is_accepted(key)


def test_a_held_back_class_that_is_asked_for(start: Exploration) -> None:
    (offer,) = start.proposals.offers
    state = start.decide(start.decisions.ask_for(offer, True))
    assert len(state.proposals.proposals) == len(start.proposals.proposals) + 1
    assert "sudoers" in state.sb.text
    assert state.account.withheld == start.account.withheld - 1
    assert state.decide(start.decisions).sb.text == start.sb.text


def test_what_stays_the_same_is_not_computed_again(start: Exploration) -> None:
    proposal = _of(start, "lima-state")
    rejected = start.decide(start.decisions.reject(proposal.keys))
    assert rejected.proposals is start.proposals
    assert rejected.denials is start.denials
    assert rejected.rules is not start.rules
    other_names = start.decide(replace(start.decisions, xpc="both"))
    assert other_names.proposals is not start.proposals
    assert "xpc-service-name" in other_names.sb.text
    written = start.write(Writing("deny-default", omit_granted=True))
    assert written.rules is start.rules


def test_how_it_is_written(start: Exploration) -> None:
    whole = start.write(Writing("deny-default"))
    assert whole.sb.text.startswith("(version 1)\n(deny default)\n")
    assert '(import "system.sb")' in start.write(Writing("import-system")).sb.text
    assert not start.sb.text.startswith("(version 1)")
    omitted = start.write(Writing(omit_granted=True)).nono
    assert len(omitted.text) < len(start.nono.text)
    assert json.loads(omitted.text)["meta"]["name"]


def test_proposals_and_accesses_are_found_by_words(start: Exploration) -> None:
    assert start.matching("") == start.proposals.proposals
    assert start.matching("no such word") == ()
    (found,) = start.matching("UNLINK ha.pid limactl")
    assert found.widest.entry == "lima-state"
    assert start.accesses_of(found, "")[0] == found.accesses[0]
    assert start.accesses_of(found, "ha.pid")[0].key[1].endswith("ha.pid")
    assert set(start.accesses_of(found, "ha.pid")) == set(found.accesses)


def test_names_to_choose_from(report: Report) -> None:
    assert list(choosable(report, "run").index) == list(report.runs["run"])
    processes = choosable(report, "process")
    assert next(iter(processes.items())) == ("limactl", 21)
    assert processes.is_monotonic_decreasing


def test_times_to_choose_from_are_those_of_the_denials(report: Report) -> None:
    stops = time_stops(report)
    assert stops == tuple(sorted(set(report.denials["time"])))
    state = Exploration.of(report).select(Selection(since=stops[1], until=stops[2]))
    assert len(state.denials) == 2


def test_many_times_are_thinned_out_and_keep_their_ends(report: Report) -> None:
    time = pd.Series(pd.date_range("2026-05-27", periods=5000, freq="s", tz="UTC"), dtype=None)
    denials = report.denials.iloc[[0] * 5000].reset_index(drop=True)
    denials["time"] = time.astype(denials["time"].dtype)
    stops = time_stops(replace(report, denials=denials))
    assert len(stops) == 200
    assert (stops[0], stops[-1]) == (time.iloc[0], time.iloc[-1])


def test_nothing_to_explore(report: Report) -> None:
    state = Exploration.of(report).select(Selection(runs=("no such run",)))
    assert (len(state.rules), len(state.verification), state.admitted) == (0, 0, ())
    assert state.account.chosen == 0
    assert state.timeline().lanes.empty
    json.loads(state.nono.text)

from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.proposals import Proposal, admitted, decided_rules, proposals, ways
from sbdiag.diagnosis.selection import Decisions
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.text import rule_text

STATE = ("/Users/you/.lima/default/ha.sock", "/Users/you/.lima/default/ha.pid")
OPT = ("/opt/x/a", "/opt/x/b", "/opt/x/c")
KEY = "/Users/you/.ssh/id_ed25519"
HOST = "others [com.apple.Virtualization.Virtual(44215)]"


def _denials(*asked: tuple[str, str | None]) -> pd.DataFrame:
    rows = []
    for line, (operation, target) in enumerate(asked):
        access = parse_access(operation, target)
        rows.append(
            {
                "process": f"p{line % 2}",
                "verdict": "deny",
                "operation": operation,
                "target": target,
                "target_kind": access.kind,
                "target_name": access.name,
                "layer": "profile",
                "origin": "kernel",
                "duplicates": line,
                "run": "a",
                "line": line,
            }
        )
    frame = DENIALS.frame(rows)
    # Labels that are no positions: a selection leaves such.
    return frame.set_axis(pd.Index([10 * at for at in range(len(frame))]))


ALL = _denials(
    *(("file-write-create", path) for path in STATE),
    *(("file-read-data", path) for path in OPT),
    ("file-read-data", KEY),
    ("mach-task-name", HOST),
    ("file-write-create", STATE[0]),
)


def _of(target: str, denials: pd.DataFrame = ALL) -> Proposal:
    found = proposals(denials, Decisions()).proposals
    return next(each for each in found if any(key[1] == target for key in each.keys))


def _texts(decisions: Decisions, denials: pd.DataFrame = ALL) -> list[str]:
    return [" ".join(rule_text(r.rule).split()) for r in decided_rules(denials, decisions)]


def test_each_access_is_in_one_proposal() -> None:
    found = proposals(ALL, Decisions())
    keys = [key for each in found.proposals for key in each.keys]
    assert len(keys) == len(set(keys)) == 6
    assert set(_of(OPT[0]).keys) == {("file-read-data", path) for path in OPT}
    assert set(_of(STATE[0]).keys) == {("file-write-create", path) for path in STATE}


def test_an_access_counts_its_refusals_and_names_who_was_refused() -> None:
    asked = next(a for a in _of(STATE[0]).accesses if a.key[1] == STATE[0])
    assert (asked.refusals, asked.processes, asked.row) == (1 + 8, ("p0", "p1"), 0)
    assert "ha.sock p0 p1" in asked.text
    assert _of(STATE[0]).refusals == 9 + 2


def test_what_is_held_back_is_offered_and_comes_last_when_asked_for() -> None:
    found = proposals(ALL, Decisions())
    (offer,) = found.offers
    assert (offer.reason, offer.name) == ("sensitive", "ssh-keys")
    assert found.withheld == ()
    asked = Decisions().ask_for(offer, True)
    more = proposals(ALL, asked)
    assert more.offers == found.offers
    assert more.proposals[:-1] == found.proposals
    assert more.proposals[-1].keys == (("file-read-data", KEY),)
    assert f'(allow file-read-data (literal "{KEY}"))' in _texts(asked)
    assert not any(KEY in text for text in _texts(Decisions()))


def test_what_no_rule_helps_is_no_offer() -> None:
    denials = _denials(("file-read-data", "/a")).assign(layer="system-policy")
    found = proposals(denials, Decisions())
    assert (found.proposals, found.offers) == ((), ())
    assert [each.reason for each in found.withheld] == ["system-policy"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [(STATE[0], {"none": 2, "known": 1}), (OPT[0], {"none": 3, "siblings": 1})],
)
def test_ways_are_those_that_differ(target: str, expected: dict[str, int]) -> None:
    found = ways(_of(target), ALL, Decisions())
    assert {way: len(rules) for way, rules in found.items()} == expected


def test_an_exact_rule_has_one_way() -> None:
    denials = _denials(("mach-lookup", "com.example.agent"))
    (only,) = proposals(denials, Decisions()).proposals
    assert ways(only, denials, Decisions()) == {}


def test_without_decisions_the_rules_are_the_minimal_ones() -> None:
    for widen in ("none", "known", "siblings"):
        assert decided_rules(ALL, Decisions(widen=widen)) == minimal_rules(ALL, widen=widen)


def test_one_proposal_is_widened_and_the_others_are_not() -> None:
    decisions = Decisions(widen="none").widen_to(_of(OPT[0]).keys, "siblings")
    texts = _texts(decisions)
    assert '(allow file-read-data (subpath "/opt/x"))' in texts
    assert f'(allow file-write-create (literal "{STATE[1]}"))' in texts
    narrowed = _texts(Decisions(widen="siblings").widen_to(_of(OPT[0]).keys, "known"))
    assert '(allow file-read* file-write* (subpath "/Users/you/.lima"))' in narrowed
    assert '(allow file-read-data (literal "/opt/x/b"))' in narrowed


def test_a_rejected_access_asks_for_nothing() -> None:
    rejected = Decisions().reject([("file-read-data", OPT[1]), ("mach-task-name", HOST)])
    texts = _texts(rejected)
    assert not any(OPT[1] in text or "mach-task-name" in text for text in texts)
    assert f'(allow file-read-data (literal "{OPT[0]}"))' in texts


def test_two_names_that_are_left_open_no_directory() -> None:
    decisions = Decisions(widen="siblings").reject([("file-read-data", OPT[1])])
    assert '(allow file-read-data (subpath "/opt/x"))' not in _texts(decisions)


def test_what_a_wide_rule_admits_though_it_was_rejected() -> None:
    key = ("file-write-create", STATE[0])
    decisions = Decisions().reject([key])
    assert admitted(ALL, decisions, decided_rules(ALL, decisions)) == (key,)
    narrow = decisions.widen_to(_of(STATE[0]).keys, "none")
    assert admitted(ALL, narrow, decided_rules(ALL, narrow)) == ()


def test_what_the_profile_allows_anyway_is_not_held_against_the_rules() -> None:
    profile = parse_profile('(version 1)(deny default)(allow file-write* (subpath "/Users/you"))')
    decisions = Decisions().reject([("file-write-create", STATE[0])])
    rules = decided_rules(ALL, decisions, profile=profile)
    assert admitted(ALL, decisions, rules, profile=profile) == ()


def test_nothing_comes_of_nothing() -> None:
    none = ALL.iloc[:0]
    found = proposals(none, Decisions())
    assert (found.proposals, found.offers, found.withheld) == ((), (), ())
    decisions = Decisions().reject([("file-read-data", "/a")])
    rules = decided_rules(none, decisions)
    assert (len(rules), admitted(none, decisions, rules)) == (0, ())


def test_the_order_of_the_rows_does_not_matter() -> None:
    decisions = (
        Decisions().widen_to(_of(OPT[0]).keys, "siblings").reject([("mach-task-name", HOST)])
    )
    assert _texts(decisions, ALL.iloc[::-1]) == _texts(decisions)

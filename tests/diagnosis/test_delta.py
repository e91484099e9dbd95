"""What a profile in force changes about the proposed rules; with the properties that hold."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import RuleSet, Widen
from sbdiag.diagnosis.verify import verify
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.operations import fallback_chain, members
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.text import one_line

HEAD = "(version 3)\n(deny default)\n"
LIMA = "/Users/you/.lima"


def frame(*asked: tuple[str, str | None]) -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": "r"}
    return DENIALS.frame([{**row, "operation": o, "target": t} for o, t in asked])


def in_force(text: str, *, missing_import: bool = False) -> Profile:
    return parse_profile(
        HEAD + text, path="a.sb", missing_import="unknown" if missing_import else "error"
    )


def written(rules: RuleSet) -> list[str]:
    return [one_line(each.rule) for each in rules]


def test_only_what_the_profile_lacks_gets_a_rule() -> None:
    denials = frame(("mach-lookup", "a"), ("mach-lookup", "b"))
    rules = minimal_rules(denials, profile=in_force('(allow mach-lookup (global-name "a"))'))
    assert written(rules) == ['(allow mach-lookup (global-name "b"))']
    (withheld,) = rules.withheld
    assert (withheld.reason, withheld.denials) == ("already-allowed", (0,))


def test_what_the_profile_does_not_settle_gets_a_rule_and_a_note() -> None:
    profile = in_force('(import "no.sb")', missing_import=True)
    rules = minimal_rules(frame(("mach-lookup", "a")), profile=profile)
    assert written(rules) == ['(allow mach-lookup (global-name "a"))']
    assert any(note.endswith("all the same: 1.") for note in rules.notes)


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        ("", "file-read* file-write*"),
        # Granted in all that the proposed rule reaches: not said again.
        (f'(allow file-read* (subpath "{LIMA}"))', "file-write*"),
        ('(allow file-read* (subpath "/Users/you"))', "file-write*"),
        ("(allow file-read*)", "file-write*"),
        # Granted in part only, or only for some operations: said whole.
        (f'(allow file-read* (literal "{LIMA}"))', "file-read* file-write*"),
        (f'(allow file-read* (subpath "{LIMA}/default"))', "file-read* file-write*"),
        (f'(allow file-read-data (subpath "{LIMA}"))', "file-read* file-write*"),
        (
            f'(allow file-read* (subpath "{LIMA}"))(deny file-read-data (subpath "{LIMA}"))',
            "file-read* file-write*",
        ),
    ],
)
def test_a_rule_of_several_operations_drops_those_that_are_granted(
    text: str, operations: str
) -> None:
    denials = frame(("file-write-create", f"{LIMA}/x"))
    rules = minimal_rules(denials, profile=in_force(text))
    assert written(rules) == [f'(allow {operations} (subpath "{LIMA}"))']


def test_a_rule_that_the_profile_holds_already_says_so() -> None:
    profile = in_force('(allow mach-lookup (global-name "a") (global-name "n"))')
    denials = frame(("mach-lookup", "n (xpc)"))
    (same,) = minimal_rules(denials, profile=profile, xpc="global-name").rules
    assert "holds this already, and it was refused: a.sb:3:1" in same.warning
    (new,) = minimal_rules(denials, profile=profile).rules
    assert "holds this already" not in new.warning


def test_an_operation_that_a_denial_needs_is_not_dropped() -> None:
    denials = frame(("file-write-create", f"{LIMA}/x"), ("file-read-data", f"{LIMA}/x"))
    profile = in_force(
        f'(allow file-read* (subpath "{LIMA}"))(deny file-read* (literal "{LIMA}/x"))'
    )
    (rule,) = minimal_rules(denials, profile=profile).rules
    assert rule.rule.operations == ("file-read*", "file-write*")
    assert rule.denials == (0, 1)


def test_an_exact_rule_stands_beside_a_wider_one_and_names_the_rule_that_defeats_it() -> None:
    key = f"{LIMA}/_config/user"
    denials = frame(("file-read-data", key), ("file-read-data", f"{LIMA}/x"))
    profile = in_force(f'(deny file-read-data (literal "{key}"))')
    rules = minimal_rules(denials, profile=profile)
    assert written(rules) == [
        f'(allow file-read* file-write* (subpath "{LIMA}"))',
        f'(allow file-read-data (literal "{key}"))',
    ]
    assert rules.rules[1].denials == (0,)
    assert f'a.sb:3:1  (deny file-read-data (literal "{key}"))' in rules.rules[1].warning
    assert list(verify(rules, denials, profile=profile)["with_all"]) == ["allow", "allow"]
    wide_alone = profile.with_rules([rules.rules[0].rule])
    assert wide_alone.decide("file-read-data", key).verdict == "deny"


def test_an_exact_rule_that_loses_itself_names_what_defeats_it() -> None:
    # A rule without filters stands below every filtered one of its operation.
    denials = frame(("process-fork", None))
    profile = in_force('(deny process-fork (process-path "/bin/x"))\n(deny process-fork)')
    (rule,) = minimal_rules(denials, profile=profile).rules
    assert rule.warning
    proof = verify(RuleSet((rule,)), denials, profile=profile)
    assert proof.loc[0, "with_all"] == "unknown"
    assert "a.sb:3:1" in proof.loc[0, "reason"]


def test_a_group_that_the_kernel_prints_names_the_member_rule() -> None:
    denials = frame(("file-write*", "/x/a"))
    profile = in_force('(deny file-write-unlink (subpath "/x"))')
    rules = minimal_rules(denials, profile=profile)
    proof = verify(rules, denials, profile=profile)
    assert proof.loc[0, "with_all"] == "unknown"
    assert "a.sb:3:1" in proof.loc[0, "reason"]


# The property: the exact rule turns the denial into an allow, or the rule that defeats it is named.

_PATHS = ("/a", "/a/b", "/a/b/c", f"{LIMA}/x", "/private/var/run/resolv.conf")
_ASKED = st.one_of(
    st.tuples(
        st.sampled_from(
            ["file-read-data", "file-read-metadata", "file-write-create", "file-write*"]
        ),
        st.sampled_from(_PATHS),
    ),
    st.tuples(st.just("mach-lookup"), st.sampled_from(["n", "n.x", "n (xpc)"])),
    st.tuples(st.just("mach-task-name"), st.sampled_from(["others [p(1)]", "self"])),
    st.tuples(st.just("signal"), st.sampled_from(["others [p(1)] signum:15", "children [p(1)]"])),
    st.tuples(st.just("network-outbound"), st.sampled_from(["remote:*:443", "127.0.0.1:80", "/s"])),
    st.tuples(st.just("network-bind"), st.sampled_from(["local:*:0", "local:*:80"])),
    st.tuples(st.sampled_from(["process-fork", "lsopen"]), st.none()),
)
_FILTERS = {
    "file": ['(literal "/a/b")', '(subpath "/a")', f'(subpath "{LIMA}")', '(regex #"^/a/")'],
    "mach-l": ['(global-name "n")', '(xpc-service-name "n")', '(global-name-prefix "n")'],
    "mach-t": ["(target others)", "(target self)"],
    "signal": ["(target others)", "(signal-number SIGTERM)"],
    "network": ['(remote ip "*:443")', '(remote ip "localhost:*")', '(local ip "*:*")'],
}
_NAMES = st.sampled_from(
    [
        *["default", "file*", "file-read*", "file-read-data", "file-write*", "file-write-create"],
        *["mach-lookup", "mach-task-name", "mach*", "signal", "network*", "network-outbound"],
        *["network-bind", "network-inbound", "process-fork", "lsopen"],
    ]
)


@st.composite
def _rules(draw: st.DrawFn, names: st.SearchStrategy[str] = _NAMES) -> str:
    action = draw(st.sampled_from(["allow", "deny", "deny"]))
    name = draw(names)
    kinds = next((some for start, some in _FILTERS.items() if name.startswith(start)), [])
    parts = draw(st.lists(st.sampled_from(kinds), max_size=2)) if kinds else []
    return f"({' '.join((action, name, *parts))})"


@st.composite
def _one(draw: st.DrawFn) -> tuple[list[str], tuple[str, str | None]]:
    """Draw an access, and rules of operations that have something to do with it."""
    asked = draw(_ASKED)
    near = [*fallback_chain(asked[0]), *members(asked[0])]
    return draw(st.lists(_rules(st.sampled_from(near)), max_size=6)), asked


@given(
    st.sampled_from([1, 3]),
    st.lists(_rules(), max_size=6),
    st.lists(_ASKED, min_size=1, max_size=4, unique=True),
    st.sampled_from(["known", "none"]),
)
@settings(max_examples=80, deadline=None)
def test_each_denial_becomes_an_allow_or_the_rule_that_defeats_it_is_named(
    version: int, rules: list[str], asked: list[tuple[str, str | None]], widen: Widen
) -> None:
    text = f"(version {version})\n(deny default)\n" + "\n".join(rules)
    profile = parse_profile(text, path="a.sb")
    denials = frame(*asked)
    proposed = minimal_rules(denials, profile=profile, widen=widen)
    after = profile.with_rules(each.rule for each in proposed)
    proof = verify(proposed, denials, profile=profile)
    answering: dict[int, list[int]] = {}
    for index, each in enumerate(proposed):
        for row in each.denials:
            answering.setdefault(row, []).append(index)
    for row, indices in answering.items():
        operation, target = asked[row]
        decision = after.decide(operation, target)
        if decision.verdict == "allow":
            continue
        said = " ".join(
            f"{proposed.rules[index].warning} {proof.loc[index, 'reason']}" for index in indices
        )
        assert "a.sb:" in said, (operation, target, decision.explain(), said)


@given(_one())
@settings(max_examples=120, deadline=None)
def test_the_exact_rule_alone_turns_its_denial_into_an_allow_or_it_is_told_what_defeats_it(
    one: tuple[list[str], tuple[str, str | None]],
) -> None:
    rules, asked = one
    profile = parse_profile(HEAD + "\n".join(rules), path="a.sb")
    access = parse_access(*asked)
    if profile.decide_access(access).verdict == "allow":
        return
    denials = frame(asked)
    proposed = minimal_rules(denials, profile=profile, widen="none")
    if not proposed.rules:  # what Seatbelt always allows on the process itself gets no rule
        assert proposed.withheld[0].reason == "already-allowed"
        return
    (rule,) = proposed.rules
    after = profile.with_rules([rule.rule]).decide_access(access)
    proof = verify(proposed, denials, profile=profile)
    assert proof.loc[0, "with_all"] == after.verdict
    if after.verdict == "allow":
        assert proof.loc[0, "reason"] == "" or proof.loc[0, "necessary"] == "unknown"
        return
    against = [each for each in profile.rules[1:] if each.action == "deny"]
    assert any(str(each.location) in f"{rule.warning} {proof.loc[0, 'reason']}" for each in against)

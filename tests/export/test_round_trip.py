"""Rules written as a profile and read back by the evaluator: the same rules, the same answers."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.compare import check
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import Widen
from sbdiag.export.forms import forms
from sbdiag.export.sb import to_sb
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.rules import Rule

# What programs choose themselves: anything, and what could end a string, a comment or a rule.
_TEXT = st.one_of(
    st.text(min_size=1, max_size=8),
    st.text(alphabet="\"\\();#|'` \n\ra\u2028\u202e\x1b", min_size=1, max_size=8),
)
_PATH = _TEXT.map(lambda text: f"/{text}")
_LIMA = _TEXT.map(lambda text: f"/Users/you/.lima/{text}")
_HERE = st.one_of(_PATH, _LIMA)
_ASKED = st.one_of(
    st.tuples(
        st.sampled_from(["file-read-data", "file-write-create", "process-exec*", "file-write*"]),
        _HERE,
    ),
    st.tuples(st.sampled_from(["mach-lookup", "mach-register", "ipc-posix-sem-open"]), _TEXT),
    st.tuples(st.just("mach-lookup"), _TEXT.map(lambda text: f"{text} (xpc)")),
    st.tuples(st.just("mach-task-name"), _TEXT.map(lambda text: f"others [{text}(1)]")),
    st.tuples(st.just("signal"), _TEXT.map(lambda text: f"children [{text}(1)] signum:15")),
    st.tuples(
        st.just("file-issue-extension"), _HERE.map(lambda path: f"target:{path} extension-class:x")
    ),
    st.tuples(
        st.just("file-ioctl"), _PATH.map(lambda path: f'path:{path} ioctl-command:(_IO "t" 21)')
    ),
    st.tuples(st.just("network-outbound"), st.one_of(_PATH, st.just("remote:*:443"))),
    st.tuples(st.just("user-preference-read"), _TEXT),
    st.tuples(_TEXT, _TEXT),
)


def frame(asked: list[tuple[str, str]]) -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": "r", "line": 1}
    return DENIALS.frame([{**row, "operation": o, "target": t} for o, t in asked])


@settings(max_examples=150, deadline=None)
@given(st.lists(_ASKED, max_size=6), st.sampled_from(["known", "none", "siblings"]))
def test_a_written_profile_holds_the_rules_and_answers_their_denials(
    asked: list[tuple[str, str]], widen: Widen
) -> None:
    denials = frame(asked)
    rules = minimal_rules(denials, widen=widen)
    text = to_sb(rules, denials=denials, whole=True).text
    profile = parse_profile(text, path="rules.sb")
    head, *read = profile.rules
    assert head == Rule("deny", ("default",))
    assert read == [form.rule for form in forms(rules)]
    # Each stands where it says.
    lines = text.split("\n")
    for rule in read:
        assert rule.location is not None
        assert lines[rule.location.line - 1].startswith("(allow ")
    # Where the rules do not allow what asked for them, it is not settled and the reason is said.
    ruled = {row for rule in rules for row in rule.denials}
    table = check(denials.loc[sorted(ruled)], profile)
    assert set(table["verdict"]) <= {"allow", "unknown"}
    assert all(table["reason"].str.len() > 0)


def test_a_fragment_goes_behind_the_profile_that_it_was_made_for() -> None:
    agent = '(version 1)\n(deny default)\n(allow mach-lookup (global-name "a"))\n'
    denials = frame([("mach-lookup", "a"), ("mach-lookup", 'b") (allow default) ("')])
    rules = minimal_rules(denials, profile=parse_profile(agent))
    both = parse_profile(agent + to_sb(rules).text, path="agent.sb")
    assert [rule.operations for rule in both.rules] == [("default",), *[("mach-lookup",)] * 2]
    assert set(check(denials, both)["verdict"]) == {"allow"}

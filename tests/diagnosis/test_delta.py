"""A proposed exact rule lifts its denial, or says which rule of the profile defeats it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.profile import parse_profile

PATHS = ("/a", "/a/b", "/a/b/c", "/d")
OPERATIONS = (
    "default",
    "file*",
    "file-read*",
    "file-read-data",
    "file-write*",
    "file-write-create",
)
FILTERS = st.one_of(
    st.just(""),
    st.builds('(literal "{}")'.format, st.sampled_from(PATHS)),
    st.builds('(subpath "{}")'.format, st.sampled_from(PATHS)),
    st.builds('(require-not (subpath "{}"))'.format, st.sampled_from(PATHS)),
    st.builds('(require-all (subpath "{}") (extension "x"))'.format, st.sampled_from(PATHS)),
)


def _rule(action: str, operation: str, filter_: str) -> str:
    return f"({action} {operation} {'' if operation == 'default' else filter_})"


RULES = st.builds(_rule, st.sampled_from(("allow", "deny")), st.sampled_from(OPERATIONS), FILTERS)


@settings(max_examples=300, deadline=None)
@given(
    rules=st.lists(RULES, max_size=6),
    operation=st.sampled_from(("file-read-data", "file-write-create", "file-read-metadata")),
    path=st.sampled_from(PATHS),
)
def test_an_exact_rule_lifts_its_denial_or_names_what_defeats_it(
    rules: list[str], operation: str, path: str
) -> None:
    profile = parse_profile("\n".join(["(version 1)", "(deny default)", *rules]), path="p.sb")
    access = parse_access(operation, path)
    frame = DENIALS.frame(
        [
            {
                "verdict": "deny",
                "operation": operation,
                "target": path,
                "target_kind": "path",
                "target_name": path,
                "layer": "profile",
                "origin": "kernel",
                "duplicates": 0,
                "run": "r",
            }
        ]
    )
    before = profile.decide_access(access).verdict
    proposed = minimal_rules(frame, profile=profile, widen="none")
    if before == "allow":
        assert [each.reason for each in proposed.withheld] == ["already-allowed"]
        return
    after = profile.with_rules(each.rule for each in proposed).decide_access(access)
    named = [each for each in proposed if "p.sb:" in each.warning]
    # Behind the others, an exact rule of the operation itself comes first: only its own
    # operation's later rules could defeat it, and there are none.
    assert after.verdict == "allow" or named

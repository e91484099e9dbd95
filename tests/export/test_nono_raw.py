from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.export.nono_raw import fault

ACCEPTED = [
    "(allow default)",
    "(allow file-read*)",
    '(allow file* (subpath "/"))',
    '(allow file-read-data (subpath "/"))',
    '(allow file-read* (literal "/a") (subpath "/"))',
    '(allow file-read* (regex #"^/"))',
    "(allow nonsense-op)",
    "(a) (b)",
    "(allow x) trailing",
    "(version 1)",
    '(import "system.sb")',
    "  (allow x) ; (",
    "(allow x #| ( |#)",
    r'(allow x (literal "\""))',
]
REFUSED = [
    ("", "must begin"),
    ("allow x", "must begin"),
    ("; (\n(allow x)", "must begin"),
    ("(allow x", "do not match"),
    ("(allow x))(", "do not match"),
    ('(allow x (literal "("))', "do not match"),
    ('(allow x (literal "a))', "string does not end"),
    ("(allow x #| a)", "comment does not end"),
    ('(allow file-read* (subpath "/"))', "everything to read"),
    ('(allow\tfile-write*\n(subpath #| |# "/"))', "everything to write"),
]


@pytest.mark.parametrize("rule", ACCEPTED)
def test_what_nono_takes(rule: str) -> None:
    assert fault(rule) is None


@pytest.mark.parametrize(("rule", "why"), REFUSED)
def test_what_nono_refuses(rule: str, why: str) -> None:
    found = fault(rule)
    assert found is not None
    assert why in found


_TOKENS = st.sampled_from(
    (
        *("(", ")", " ", "\n", '"', "\\", "#", "|", "#|", "|#", ";", "allow", "file-read*"),
        *("subpath", '"/"', "/", "x", '"("', "é", "\x0b", "\x0c", "\x1c", "\x85", "\u2003"),
    )
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_TOKENS, max_size=12).map("".join) | st.sampled_from(ACCEPTED) | st.text(max_size=9)
)
def test_nono_itself_says_the_same(rule: str) -> None:
    nono_py = pytest.importorskip("nono_py")
    for text in (rule, f"({rule})", f"(allow {rule})"):
        try:
            nono_py.CapabilitySet().platform_rule(text)
        except ValueError:
            assert fault(text) is not None
        else:
            assert fault(text) is None

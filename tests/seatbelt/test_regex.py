import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.seatbelt.regex import MAX_WORK, Regex, regex_error


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (
            r"^/Users/u/\.claude\.json\.tmp\.[0-9]+\.[0-9]+$",
            "/Users/u/.claude.json.tmp.10121.9",
            True,
        ),
        (
            r"^/Users/u/\.claude\.json\.tmp\.[0-9]+\.[0-9]+$",
            "/Users/u/.claude.json.tmp.1.9d0",
            False,
        ),
        (r"^/private/tmp/w/\.codex(/.*)?$", "/private/tmp/w/.codex", True),
        (r"^/private/tmp/w/\.codex(/.*)?$", "/private/tmp/w/.codex/a/b", True),
        (r"^/private/tmp/w/\.codex(/.*)?$", "/private/tmp/w/.codexa", False),
        (r"/\.git(/|$)", "/a/.git", True),
        (r"/\.git(/|$)", "/a/.gitx", False),
        (r"(^|/)x$", "x", True),
        (r"(^|/)x$", "ax", False),
        (r"b", "abc", True),
        (r"^b", "abc", False),
        (r"^a|c$", "abc", True),
        (r"[^/]+$", "/a/", False),
        (r"^[a-c]?[-x]$", "b-", True),
        (r"a.c", "a\nc", True),
        (r"^$", "", True),
        (r"^$", "a", False),
        (r"\$", "a$b", True),
        (r"(a(b(c)*)+)?d$", "abcbccd", True),
    ],
)
def test_attested_dialect(pattern: str, text: str, found: bool) -> None:
    assert Regex(pattern).search(text) is found


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        (r"^/a/[\w.]+$", "/a/b", None),
        (r"^/a/[\w.]+$", "/a/...", True),
        (r"^/a/[\w.]+$", "/b/...", False),
        (r"^/a/[^\w.]$", "/a/.", False),
        (r"^/a/[\.]$", "/a/.", True),
        (r"^/a/[\.]$", "/a/\\", None),
        (r"^/a/\w$", "/a/b", None),
        (r"^/a/\w", "/c", False),
        (r"^a{2}$", "aa", None),
        (r"^a{2}$", "b", None),
        (r"^ab{2}$", "b", False),
        (r"^a+?$", "aa", True),
        (r"^a+?$", "", None),
        (r"^a*+b$", "aab", None),
        (r"^a*+b$", "c", False),
        (r"^(|a)b$", "ab", True),
        (r"^(|a)b$", "b", None),
        (r"a$b", "ab", None),
        (r"(?:a)", "a", None),
        (r"(?i)a", "b", None),
        (r"[[:alpha:]]", "a", None),
        (r"[]a]", "a", None),
        (r"*a", "a", None),
        (r"(a", "a", None),
        (r"a)", "a", None),
        (r"[a", "a", None),
        ("", "a", None),
        ("a\\", "b", False),
    ],
)
def test_what_is_not_attested_is_unknown_only_where_it_matters(
    pattern: str, text: str, answer: bool | None
) -> None:
    assert Regex(pattern).search(text) is answer


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        (r"^/users/u", "/Users/u", None),
        (r"^/Users/u", "/Users/u", True),
        (r"^/users/v", "/Users/u", False),
        (r"^/[^a]", "/A", None),
        (r"^/[Uu]sers", "/USERS", None),
    ],
)
def test_disputed_case(pattern: str, text: str, answer: bool | None) -> None:
    assert Regex(pattern).search(text, case="disputed") is answer


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("^/a.b$", "/aéb", None),  # one character, two bytes
        ("^/a.*b$", "/aéb", True),
        ("^/aéb$", "/aéb", True),
        ("^/b", "/aéb", False),
        ("^/a[é]$", "/aé", None),
    ],
)
def test_beyond_ascii_bytes_and_characters_must_agree(
    pattern: str, text: str, answer: bool | None
) -> None:
    assert Regex(pattern).search(text) is answer


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        (r"^/Users/u/\.x(/.*)?$", "/Users/u/.x"),
        (r"^/ab?c", "/a"),
        (r"^/ab+c", "/a"),
        (r"^/a{2}b", "/"),
        (r"^/a|^/b", ""),
        (r"^(/a)b", ""),
        (r"^[a]b", ""),
        (r"/a", ""),
        (r"^/a\w", "/a"),
        ("(", ""),
    ],
)
def test_prefix(pattern: str, prefix: str) -> None:
    assert Regex(pattern).prefix == prefix


def test_only_a_misplaced_caret_is_a_known_error() -> None:
    assert regex_error("(?i)^/a") is None
    assert regex_error("a^b") == "unexpected ^ operator in middle of expression"
    assert regex_error("(^|/)a") is None
    assert regex_error("(a") is None


def test_doubts_are_named() -> None:
    assert Regex(r"a\w{3}$b").doubts == (r"`\w`", "`{…}`", "a `$` in the middle")
    assert Regex(r"^a\.b$").doubts == ()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a*)*b", "a" * 20_000),
        ("(a|a)*b$", "a" * 20_000),
        (".*.*.*.*.*x", "y" * 20_000),
        ("(" * 20_000 + "a" + ")" * 20_000, "a" * 10),
        ("(a?" * 5_000 + ")" * 5_000, "a" * 100),
        ("a" * 60_000, "a" * 1_000),
        ("[" * 50_000, "a"),
        ("|" * 20_000, "a"),
    ],
)
def test_hostile_expressions_end(pattern: str, text: str) -> None:
    began = time.process_time()
    Regex(pattern).search(text, case="disputed")
    assert time.process_time() - began < 60


def test_too_much_work_is_unknown() -> None:
    assert Regex("a" * 2_000).search("b" * MAX_WORK) is None


_ATOMS = st.sampled_from(["a", "b", "/", ".", "[ab]", "[^a]", r"\.", "c"])


def _repeat(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?"])).map(lambda x: f"({x[0]}){x[1]}"),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join).map("({})".format),
    )


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(_ATOMS, _repeat, max_leaves=8),
    st.booleans(),
    st.booleans(),
    st.text("abc/.", max_size=12),
)
def test_the_common_subset_agrees_with_python(body: str, start: bool, end: bool, text: str) -> None:
    pattern = ("^" if start else "") + body + ("$" if end else "")
    expected = re.search(pattern.replace("$", r"\Z"), text, re.DOTALL) is not None
    assert Regex(pattern).search(text) is expected


@settings(max_examples=300, deadline=None)
@given(st.text("ab^$()[]{}*+?|\\.-w:é", max_size=25), st.text("abé.", max_size=12))
def test_anything_gets_an_answer(pattern: str, text: str) -> None:
    assert Regex(pattern).search(text, case="disputed") in {True, False, None}


@settings(max_examples=500, deadline=None)
@given(st.text("ab^$()[]{}*+?|\\.-wB", max_size=14), st.text("abB.", max_size=8))
def test_shortcuts_answer_like_the_automata(pattern: str, text: str) -> None:
    regex = Regex(pattern)
    if regex.error is None:
        answers = {
            regex._search(text, False, possible, fold)
            for possible in (True, False)
            for fold in (True, False)
        }
        expected = answers.pop() if len(answers) == 1 else None
        assert regex.search(text, case="disputed") is expected
        if expected is not False:
            assert text.lower().startswith(regex.prefix.lower())

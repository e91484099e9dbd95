import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.cover import covers, covers_all
from sbdiag.seatbelt.matching import prepare
from sbdiag.seatbelt.request import Request
from sbdiag.seatbelt.rules import Filter

_PATHS = ["/a", "/a/b", "/a/b/c", "/ab", "/b", "/", "/A/b", "/a/bc"]
_LEAF = st.builds(
    Filter,
    st.sampled_from(["literal", "subpath", "prefix", "regex"]),
    st.lists(st.sampled_from(_PATHS), min_size=1, max_size=2).map(tuple),
)
_FILTER = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds(
            Filter,
            st.sampled_from(["require-all", "require-any"]),
            st.lists(inner, min_size=1, max_size=2).map(tuple),
        ),
        st.builds(Filter, st.just("require-not"), st.tuples(inner)),
    ),
    max_leaves=3,
)


@settings(max_examples=500, deadline=None)
@given(_FILTER, _FILTER, st.sampled_from([*_PATHS, "/abc/d", "/x"]))
def test_a_cover_takes_all_that_the_covered_takes(wide: Filter, narrow: Filter, path: str) -> None:
    if covers(wide, narrow, "file-read*"):
        request = Request(Access("file-read-data", (("path", path),)))
        if prepare(narrow, "file-read*")(request).matches:
            assert prepare(wide, "file-read*")(request).matches is not False


@pytest.mark.parametrize(
    ("wide", "narrow", "answer"),
    [
        (("subpath", "/a"), ("literal", "/a/b"), True),
        (("subpath", "/a"), ("subpath", "/a"), True),
        (("subpath", "/a"), ("subpath", "/ab"), False),
        (("subpath", "/a"), ("prefix", "/a/"), True),
        (("subpath", "/a"), ("prefix", "/a"), False),
        (("subpath", "/"), ("prefix", "/a"), True),
        (("literal", "/a"), ("subpath", "/a"), False),
        (("regex", "^/a/"), ("literal", "/a/b"), True),
        (("subpath", "/a"), ("regex", "^/a/"), False),
        (("subpath", "/a/"), ("literal", "/a/b"), False),
    ],
)
def test_covers(wide: tuple[str, str], narrow: tuple[str, str], answer: bool) -> None:
    outer, inner = (Filter(name, (value,)) for name, value in (wide, narrow))
    assert covers(outer, inner, "file-read*") is answer


def test_no_filter_takes_all_and_is_taken_by_no_filter() -> None:
    part = Filter("literal", ("/a",))
    assert covers_all((), (part,), "file-read*")
    assert not covers_all((part,), (), "file-read*")

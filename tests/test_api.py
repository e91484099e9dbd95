from __future__ import annotations

import inspect

import pytest

import sbdiag


def test_all_is_sorted_and_holds_what_is_exposed() -> None:
    assert sbdiag.__all__ == sorted(sbdiag.__all__)
    assert set(sbdiag.__all__) == set(sbdiag._ROOMS)
    assert set(sbdiag.__all__) <= set(dir(sbdiag))


@pytest.mark.parametrize("name", sbdiag.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    public = getattr(sbdiag, name)
    assert inspect.getdoc(public)


@pytest.mark.parametrize(
    "function",
    [sbdiag.analyze, sbdiag.minimal_rules, sbdiag.read_denials, sbdiag.to_sb, sbdiag.to_nono],
)
def test_options_are_keyword_only(function: object) -> None:
    parameters = list(inspect.signature(function).parameters.values())  # type: ignore[arg-type]
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters[1:])


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_that"):
        sbdiag.nothing_like_that  # noqa: B018

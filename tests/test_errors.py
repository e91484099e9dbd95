from __future__ import annotations

import inspect

import pytest

from sbdiag import errors

TREE = [
    obj
    for _, obj in inspect.getmembers(errors, inspect.isclass)
    if issubclass(obj, Exception) and obj.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", TREE, ids=lambda e: e.__name__)
def test_every_error_is_drawn_in_the_tree(error: type[Exception]) -> None:
    assert error.__name__ in (errors.__doc__ or "")
    assert issubclass(error, errors.SbdiagError)
    assert error is errors.SbdiagError or issubclass(error, ValueError)


def test_the_place_ends_the_message() -> None:
    error = errors.ProfileSyntaxError("unbalanced", errors.Location("a.sb", 3, 7))
    assert str(error).endswith("(a.sb:3:7)")
    assert isinstance(error, ValueError)

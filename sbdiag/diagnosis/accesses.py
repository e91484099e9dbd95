"""The distinct accesses of a denials frame: what is decided once, however often it was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.errors import FrameError
from sbdiag.seatbelt.access import Access, parse_access

_NEEDED: Final = ("operation", "target", "verdict", "layer", "origin")
# From how many possible numbers a row on they are counted anew.
_SPARSE: Final = 4


def numbered(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct rows of some columns numbers, in the order of first appearance.

    Returns
    -------
    tuple of numpy.ndarray
        For each row of `frame` the number of its like, and for each number the position of its
        first row. Missing values are equal to each other.
    """
    number, size = np.zeros(len(frame), dtype=np.int64), 1
    for name in columns:
        codes, width = _coded(frame[name])
        number, size = number * width + codes, size * width  # two numbers as one
        if size > _SPARSE * len(frame):
            number, distinct = pd.factorize(number)
            size = len(distinct)
    # of equal numbers the last that is written stays: going backwards, the first
    first = np.full(size, len(frame))
    first[number[::-1]] = np.arange(len(frame))[::-1]
    firsts = np.sort(first[first < len(frame)])
    place = np.empty(size, dtype=np.int64)
    place[number[firsts]] = np.arange(len(firsts))
    return place[number], firsts


def _coded(values: pd.Series) -> tuple[np.ndarray, int]:
    """Return a number for each value, 0 for a missing one, and what they all are below."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy().astype(np.int64) + 1, len(values.cat.categories) + 1
    codes, distinct = pd.factorize(values)
    return codes + 1, len(distinct) + 1


def distinct_accesses(denials: pd.DataFrame) -> tuple[np.ndarray, list[Access]]:
    """Read each distinct pair of operation and target once.

    Returns
    -------
    tuple
        For each row the number of its access, and the accesses, in the order of first appearance.
    """
    DENIALS.check(denials, need=("operation", "target"))
    number, first = numbered(denials, ("operation", "target"))
    firsts = denials[["operation", "target"]].iloc[first].astype("object")
    return number, [
        parse_access(operation, target if isinstance(target, str) else None)
        for operation, target in zip(firsts["operation"], firsts["target"], strict=True)
    ]


@dataclass(frozen=True, slots=True)
class AskedAs:
    """One access as lines of one verdict, layer and origin ask for it, and their row labels.

    The labels ascend. What the frame does not say is an empty text. `tag` is the line under the
    denial, where accesses are grouped by it.
    """

    access: Access
    verdict: str
    layer: str
    origin: str
    rows: tuple[int, ...]
    tag: str = ""


def asked_accesses(denials: pd.DataFrame, *, by_tag: bool = False) -> list[AskedAs]:
    """Group the rows by what they ask for, sorted by that and not by where they stand.

    Parameters
    ----------
    denials
        A denials frame; its index names the rows.
    by_tag
        Keep apart what the column `tag`, where there is one, tells apart.

    Raises
    ------
    FrameError
        A column is missing, or the index is no unique integers.
    """
    DENIALS.check(denials, need=_NEEDED)
    index = denials.index
    if len(denials) == 0:
        return []
    if not pd.api.types.is_integer_dtype(index.dtype) or not index.is_unique:
        raise FrameError("the index of the denials frame must be unique integers (reset_index)")
    by = list(_NEEDED)
    if by_tag and "tag" in denials and denials["tag"].notna().any():
        by.append("tag")
    number, first = numbered(denials, by)
    firsts = denials[by].iloc[first].astype("object")
    groups = [
        AskedAs(
            parse_access(operation or "", target),
            verdict or "",
            layer or "",
            origin or "",
            tuple(labels.tolist()),
            *(each or "" for each in tag),
        )
        for (operation, target, verdict, layer, origin, *tag), labels in zip(
            firsts.where(firsts.notna(), None).itertuples(index=False),
            _grouped(index.to_numpy(), number, len(first)),
            strict=True,
        )
    ]
    return sorted(groups, key=_content)


def _grouped(labels: np.ndarray, number: np.ndarray, count: int) -> list[np.ndarray]:
    """Return the labels that have each number from 0 to `count`, ascending."""
    ascending = np.argsort(labels, kind="stable")
    # small integers are sorted by radix, in linear time
    small = number.astype(np.min_scalar_type(count))[ascending]
    order = ascending[np.argsort(small, kind="stable")]
    return np.split(labels[order], np.cumsum(np.bincount(number))[:-1])


def _content(group: AskedAs) -> tuple[str, ...]:
    access = group.access
    return (
        access.operation,
        access.detail or "",
        group.verdict,
        group.layer,
        group.origin,
        group.tag,
    )

"""The distinct accesses of a denials frame: what is decided once, however often it was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.errors import FrameError
from sbdiag.seatbelt.access import Access, parse_access

_NEEDED: Final = ("operation", "target", "verdict", "layer", "origin")


def numbered(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct rows of some columns numbers, in the order of first appearance.

    Returns
    -------
    tuple of numpy.ndarray
        For each row of `frame` the number of its like, and for each number the position of its
        first row. Missing values are equal to each other.
    """
    number = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        values = frame[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes = values.cat.codes.to_numpy().astype(np.int64)
        else:
            codes, _ = pd.factorize(values)
        # two numbers as one; -1 stands for a missing value
        number, _ = pd.factorize(number * (codes.max(initial=0) + 2) + codes + 1)
    # a number is new where it is above all before it
    return number, np.flatnonzero(np.diff(np.maximum.accumulate(number), prepend=-1))


@dataclass(frozen=True, slots=True)
class Asked:
    """One distinct access and the rows that asked for it, by position."""

    access: Access
    positions: np.ndarray


def distinct_accesses(denials: pd.DataFrame) -> Iterator[Asked]:
    """Yield each distinct pair of operation and target once, in the order of first appearance."""
    DENIALS.check(denials, need=("operation", "target"))
    if denials.empty:
        return
    number, first = numbered(denials, ("operation", "target"))
    order = np.argsort(number, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    firsts = denials[["operation", "target"]].iloc[first].astype("object")
    pairs = zip(firsts["operation"], firsts["target"], strict=True)
    for positions, (operation, target) in zip(groups, pairs, strict=True):
        detail = target if isinstance(target, str) else None
        yield Asked(parse_access(operation, detail), positions)


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
    number, _ = numbered(denials, by)
    order = np.lexsort((index.to_numpy(), number))
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    firsts = denials[by].iloc[order[starts]].astype("object")
    labels = index.to_numpy()[order].tolist()
    ends = [*starts[1:].tolist(), len(labels)]
    groups = [
        AskedAs(
            parse_access(operation or "", target),
            verdict or "",
            layer or "",
            origin or "",
            tuple(labels[start:end]),
            *(each or "" for each in tag),
        )
        for (operation, target, verdict, layer, origin, *tag), start, end in zip(
            firsts.where(firsts.notna(), None).itertuples(index=False), starts, ends, strict=True
        )
    ]
    return sorted(groups, key=_content)


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

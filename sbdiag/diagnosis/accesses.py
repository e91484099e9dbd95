"""The distinct accesses of a denials frame: what is decided once, however often it was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.errors import FrameError
from sbdiag.seatbelt.access import Access, parse_access

_NEEDED: Final = ("operation", "target", "verdict", "layer", "origin")


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
    keys = pd.DataFrame(
        {"operation": denials["operation"].astype("str"), "target": denials["target"]}
    )
    number = keys.groupby(["operation", "target"], sort=False, dropna=False).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    ends = np.flatnonzero(np.diff(number[order])) + 1
    groups = np.split(order, ends)
    firsts = keys.iloc[[int(positions[0]) for positions in groups]]
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
    codes = denials.groupby(by, sort=False, observed=True, dropna=False).ngroup().to_numpy()
    order = np.lexsort((index.to_numpy(), codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
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

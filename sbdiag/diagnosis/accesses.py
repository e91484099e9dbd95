"""The distinct accesses of a denials frame: what is decided once, however often it was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.seatbelt.access import Access, parse_access


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

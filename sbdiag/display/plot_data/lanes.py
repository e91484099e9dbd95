"""Which lane and which colour group a denial belongs to: names, order, and what is merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from sbdiag.display.visible import is_missing, visible

Lanes: TypeAlias = Literal["operation", "process", "run"]
Color: TypeAlias = Literal["stage", "layer", "origin", "process", "run"]
Codes: TypeAlias = npt.NDArray[np.intp]

DOUBTFUL: Final = "doubtful origin"
NO_STAGE: Final = "no stage of the start"
OTHERS: Final = "others"
_LAYERS: Final = {"profile": "the profile refused", "system-policy": "System Policy refused"}
_ORIGINS: Final = {
    "kernel": "written by the kernel",
    "sandboxd": "written by sandboxd",
    "reported": "bare message text",
    "other": DOUBTFUL,
}
_MOST_GROUPS: Final = 6


def occurrences_of(denials: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return how often each denial happened: the line itself and its duplicate reports."""
    counts = denials["duplicates"].fillna(0).to_numpy(dtype="int64") + 1
    return counts.astype("int64")


def refused(denials: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are refusals; ``allow`` reports are none."""
    return denials[(denials["verdict"] == "deny").to_numpy(dtype=bool)]


def coded(values: pd.Series, missing: str) -> tuple[Codes, list[str]]:
    """Return codes and visible names in order of first appearance; missing values get a name.

    Two values that look alike once made visible stay two.
    """
    codes, uniques = pd.factorize(values, use_na_sentinel=False)
    names = [missing if is_missing(name) else visible(name) for name in uniques]
    return codes, names


def merge_rare(
    codes: Codes, names: list[str], weight: npt.NDArray[np.int64], most: int, rest: str
) -> tuple[Codes, list[str], int]:
    """Keep the `most` - 1 heaviest names in their order and put the others under `rest`.

    Returns the new codes, the new names and how many names were merged (0: nothing changed).
    """
    if len(names) <= most:
        return codes, names, 0
    totals = np.bincount(codes, weights=weight, minlength=len(names))
    kept = np.sort(np.argsort(-totals, kind="stable")[: most - 1])
    place = np.full(len(names), most - 1, dtype=np.intp)
    place[kept] = np.arange(most - 1)
    merged = len(names) - (most - 1)
    return place[codes], [*(names[at] for at in kept), rest.format(merged)], merged


def lane_codes(
    denials: pd.DataFrame, lanes: Lanes, weight: npt.NDArray[np.int64], most: int
) -> tuple[Codes, list[str], int]:
    """Return the lane of every row, the lanes' names, and how many were merged into the last."""
    if lanes not in get_args(Lanes):
        raise ValueError(f"lanes={lanes!r} is none of {', '.join(get_args(Lanes))}")
    codes, names = coded(denials[lanes], f"(no {lanes})")
    plural = "processes" if lanes == "process" else f"{lanes}s"
    return merge_rare(codes, names, weight, most, f"{{}} more {plural}")


def with_silent(codes: Codes, names: list[str], others: list[str]) -> tuple[Codes, list[str]]:
    """Add lanes that have no refusal, in their place if `others` names all the lanes in order.

    A run that was refused nothing is the good news of a series: its lane is empty, not missing.
    """
    known = list(dict.fromkeys(others))
    order = known if set(names) <= set(known) else list(dict.fromkeys([*names, *known]))
    place = np.array([order.index(name) for name in names], dtype=np.intp)
    return (place[codes] if len(names) else codes), order


def group_codes(
    denials: pd.DataFrame,
    color: Color,
    stages: pd.DataFrame | None,
    weight: npt.NDArray[np.int64],
) -> tuple[Codes, list[str]]:
    """Return the colour group of every row and the groups' names in the order of the legend."""
    if color not in get_args(Color):
        raise ValueError(f"color={color!r} is none of {', '.join(get_args(Color))}")
    if color == "stage":
        if stages is None:
            raise ValueError("color='stage' needs stages=, the frame of stages")
        codes, names = _stage_codes(denials, stages)
    elif color in ("process", "run"):
        codes, names = coded(denials[color], f"(no {color})")
        codes, names, _ = merge_rare(codes, names, weight, _MOST_GROUPS, f"{{}} {OTHERS}")
    else:
        known: Mapping[str, str] = _LAYERS if color == "layer" else _ORIGINS
        codes, raw = coded(denials[color], f"(no {color})")
        names = [known.get(name, name) for name in raw]
    if color != "origin":
        doubtful = (denials["origin"] == "other").to_numpy(dtype=bool)
        codes = np.where(doubtful, len(names), codes)
        names = [*names, DOUBTFUL]
    return _used(codes, names)


def _stage_codes(denials: pd.DataFrame, stages: pd.DataFrame) -> tuple[Codes, list[str]]:
    """Look each row up in ``stages.denials``; a row has the first stage that names it."""
    ordered = stages.sort_values("order", kind="stable")
    names: list[str] = list(dict.fromkeys(visible(stage) for stage in ordered["stage"]))
    codes = np.full(len(denials), len(names), dtype=np.intp)
    for stage, labels in zip(ordered["stage"], ordered["denials"], strict=True):
        rows = denials.index.get_indexer(pd.Index(list(labels)))
        rows = rows[rows >= 0]
        fresh = rows[codes[rows] == len(names)]
        codes[fresh] = names.index(visible(stage))
    return codes, [*names, NO_STAGE]


def _used(codes: Codes, names: list[str]) -> tuple[Codes, list[str]]:
    """Drop the names that no row has."""
    present = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    place = np.zeros(len(names), dtype=np.intp)
    place[present] = np.arange(len(present))
    return place[codes], [names[at] for at in present]

"""What a person chooses: which denials count, and what becomes of them.

A :class:`Selection` takes rows out of the denials frame; :class:`Decisions` are accepted, rejected
or widened accesses, which :mod:`~sbdiag.diagnosis.proposals` turns into rules. As in
``aa-logprof``, a decision is about an access (an operation and its target), so that it outlives a
change of the selection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.ruleset import Widen, Withheld, XpcKind

# Operation and target as printed; an empty target where the line has none.
AccessKey: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which denials count; ``None`` is all of them.

    Attributes
    ----------
    runs, processes, operations
        Names; an empty text stands for a missing one.
    since, until
        Both ends included. With either, denials without a time are left out.
    """

    runs: tuple[str, ...] | None = None
    processes: tuple[str, ...] | None = None
    operations: tuple[str, ...] | None = None
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None

    def of(self, denials: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a denials frame that count, under their labels."""
        DENIALS.check(denials, need=("run", "process", "operation", "time"))
        keep = self._in_runs_and_time(denials)
        for name, wanted in (("process", self.processes), ("operation", self.operations)):
            if wanted is not None:
                keep = keep & named(denials[name]).isin(wanted).to_numpy(dtype=bool)
        return denials[keep]

    def of_milestones(self, milestones: pd.DataFrame) -> pd.DataFrame:
        """Return the milestones of the same runs and time; one without a time stays."""
        keep = self._in_runs_and_time(milestones) | (
            self._in_runs(milestones) & milestones["time"].isna().to_numpy(dtype=bool)
        )
        return milestones[keep]

    def _in_runs(self, frame: pd.DataFrame) -> np.ndarray:
        if self.runs is None:
            return np.ones(len(frame), dtype=bool)
        return named(frame["run"]).isin(self.runs).to_numpy(dtype=bool)

    def _in_runs_and_time(self, frame: pd.DataFrame) -> np.ndarray:
        keep = self._in_runs(frame)
        # A missing time compares false.
        if self.since is not None:
            keep = keep & (frame["time"] >= self.since).to_numpy(dtype=bool)
        if self.until is not None:
            keep = keep & (frame["time"] <= self.until).to_numpy(dtype=bool)
        return keep


@dataclass(frozen=True, slots=True)
class Decisions:
    """What becomes of the denials that count.

    Attributes
    ----------
    widen, xpc
        As for :func:`sbdiag.minimal_rules`: what holds where nothing else was decided.
    sensitive, noise
        Withheld classes that are asked for by name.
    rejected
        Accesses that get no rule.
    widened
        Accesses that are widened otherwise than `widen`.
    """

    widen: Widen = "known"
    xpc: XpcKind = "both"
    sensitive: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    rejected: frozenset[AccessKey] = frozenset()
    widened: Mapping[AccessKey, Widen] = field(default_factory=lambda: MappingProxyType({}))

    def accept(self, accesses: Iterable[AccessKey]) -> Decisions:
        """Give these accesses rules again."""
        return replace(self, rejected=self.rejected.difference(accesses))

    def reject(self, accesses: Iterable[AccessKey]) -> Decisions:
        """Give these accesses no rule."""
        return replace(self, rejected=self.rejected.union(accesses))

    def widen_to(self, accesses: Iterable[AccessKey], widen: Widen) -> Decisions:
        """Widen these accesses so, whatever holds for the others."""
        widened = {**self.widened, **dict.fromkeys(accesses, widen)}
        return replace(self, widened=MappingProxyType(widened))

    def ask_for(self, offer: Withheld, asked: bool) -> Decisions:
        """Ask for a withheld class by its name, or no more."""
        sensitive, noise = set(self.sensitive), set(self.noise)
        names = sensitive if offer.reason == "sensitive" else noise
        (names.add if asked else names.discard)(offer.name)
        return replace(self, sensitive=tuple(sorted(sensitive)), noise=tuple(sorted(noise)))

    def asks_for(self, offer: Withheld) -> bool:
        """Whether a withheld class is asked for."""
        return offer.name in (self.sensitive if offer.reason == "sensitive" else self.noise)


def named(values: pd.Series) -> pd.Series:
    """Return names as texts, a missing one as an empty text."""
    return values.astype("str").fillna("")

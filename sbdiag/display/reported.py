"""What display/ asks of a report; ``sbdiag.analysis.Report``, a floor above, has all of it."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from sbdiag.diagnosis.ruleset import RuleSet, Widen, XpcKind
from sbdiag.seatbelt.profile import Profile


class HasStages(Protocol):
    """As much of a report as the ladder needs."""

    @property
    def stages(self) -> pd.DataFrame:
        """The frame of stages."""
        ...

    @property
    def denials(self) -> pd.DataFrame:
        """The denials frame."""
        ...

    @property
    def rules(self) -> RuleSet:
        """The proposed rules."""
        ...


class HasRules(Protocol):
    """As much of a report as the picture of its rules needs."""

    @property
    def denials(self) -> pd.DataFrame:
        """The denials frame."""
        ...

    @property
    def rules(self) -> RuleSet:
        """The proposed rules."""
        ...

    @property
    def verification(self) -> pd.DataFrame:
        """What replay proved of each rule."""
        ...


class HasCounts(Protocol):
    """The lines that were read, and what each of them was."""

    @property
    def lines(self) -> int:
        """All lines."""
        ...

    @property
    def denials(self) -> int:
        """Records of a denial."""
        ...

    @property
    def continuation(self) -> int:
        """Further lines of a record."""
        ...

    @property
    def not_ours(self) -> int:
        """Lines that are not about the sandbox."""
        ...

    @property
    def unparsed(self) -> int:
        """Lines that name the sandbox and are no record that we know."""
        ...


class Reported(HasStages, HasRules, Protocol):
    """As much of a report as a page about it needs."""

    @property
    def findings(self) -> pd.DataFrame:
        """The frame of findings."""
        ...

    @property
    def milestones(self) -> pd.DataFrame:
        """The milestones frame."""
        ...

    @property
    def entitlements(self) -> pd.DataFrame:
        """The entitlements frame."""
        ...

    @property
    def unparsed(self) -> pd.DataFrame:
        """The frame of unparsed lines."""
        ...

    @property
    def counts(self) -> HasCounts:
        """How many lines were read, and as what."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed while reading."""
        ...

    @property
    def redacted(self) -> bool:
        """Whether names of persons, machines and teams were replaced."""
        ...


class Explorable(Reported, Protocol):
    """As much of a report as exploring it needs."""

    @property
    def profile(self) -> Profile | None:
        """The profile in force, if one was given."""
        ...

    @property
    def widen(self) -> Widen:
        """How far the report's own rules are widened."""
        ...

    @property
    def xpc(self) -> XpcKind:
        """Which kind of name answers an XPC lookup."""
        ...

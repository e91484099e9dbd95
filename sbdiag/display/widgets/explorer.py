"""The explorer: controls on top, the picture, what can be decided, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from sbdiag.diagnosis.ruleset import RuleSet
from sbdiag.diagnosis.selection import Decisions
from sbdiag.display.exploration import Exploration
from sbdiag.display.html_explorer import heading_value, style_value
from sbdiag.display.reported import Explorable
from sbdiag.display.theme import ThemeName
from sbdiag.display.widgets.filters import Filters, Picture
from sbdiag.display.widgets.parts import column, html, marked, row, shown
from sbdiag.display.widgets.proposals import ProposalList
from sbdiag.display.widgets.results import Results


class Explorer:
    """A report to play with: choose denials, accept, reject or widen, and see what follows.

    A notebook shows it as the last value of a cell. It holds no logic: `state` is the plain value
    (:class:`~sbdiag.display.exploration.Exploration`) that everything shown is taken from.

    Parameters
    ----------
    report
        What :func:`sbdiag.analyze` gave.
    theme
        ``light`` or ``dark``: the colours of the picture.

    Attributes
    ----------
    state
        What was chosen and decided, and what follows.
    filters, picture, proposals, results
        The four parts with their widgets.
    widget
        The ipywidget that holds them.
    """

    def __init__(self, report: Explorable, *, theme: ThemeName = "light") -> None:
        self.state = Exploration.of(report)
        self.filters = Filters(report, self._selected)
        self.picture = Picture(theme, self.state)
        self.proposals = ProposalList(self.state, self._decided)
        self.results = Results(self.state)
        self.proposals.propose(self.state)
        self.results.show(self.state)
        self.widget = marked(
            column(
                ipywidgets.HTML(style_value(), layout={"display": "none"}),
                html("heading", heading_value(report)),
                self.filters.widget,
                self.picture.widget,
                row(
                    self.proposals.widget,
                    self.results.widget,
                    align_items="flex-start",
                    grid_gap="24px",
                ),
                grid_gap="10px",
            ),
            "explorer",
        )

    @property
    def rules(self) -> RuleSet:
        """The rules that follow from what was chosen."""
        return self.state.rules

    def _selected(self) -> None:
        self.state = self.state.select(self.filters.selection())
        self.picture.show(self.state)
        self.proposals.propose(self.state)
        self.results.show(self.state)

    def _decided(self, change: Callable[[Decisions], Decisions]) -> None:
        before = self.state
        self.state = before.decide(change(before.decisions))
        if self.state.proposals is before.proposals:
            self.proposals.show(self.state)
        else:
            self.proposals.propose(self.state)
        self.results.show(self.state)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return shown(self.widget, repr(self), **options)

    def __repr__(self) -> str:
        account = self.state.account
        return f"<sbdiag.Explorer: {account.chosen} denials chosen, {len(self.rules)} rules>"

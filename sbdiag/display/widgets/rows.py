"""One proposal as a row of widgets: to accept, reject or widen, whole or access by access.

Rows are made once and filled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, cast

import ipywidgets

from sbdiag.diagnosis.proposals import Asked, Proposal
from sbdiag.diagnosis.ruleset import RuleSet, Widen
from sbdiag.diagnosis.selection import AccessKey, Decisions
from sbdiag.display.exploration import Exploration
from sbdiag.display.html_explorer import access_value, plain_value, proposal_value
from sbdiag.display.visible import counted
from sbdiag.display.widgets.parts import Watch, choices, column, html, marked, row, tick

# What is handed up when a person decided: how the decisions change.
Decide: TypeAlias = Callable[[Callable[[Decisions], Decisions]], None]

MOST_ACCESSES: Final = 25
_WAYS: Final[dict[Widen, str]] = {
    "none": "exactly what was seen",
    "known": "as its known place",
    "siblings": "the directory of the seen names",
}


class AccessRow:
    """One access of a proposal.

    Attributes
    ----------
    accept
        Its tick box.
    text
        What it is.
    """

    def __init__(self, watch: Watch, decide: Decide) -> None:
        self._decide = decide
        self._key: AccessKey = ("", "")
        self.accept = tick("access-accept", "Accept this access")
        self.text = html("access-text")
        self.widget = marked(ipywidgets.HBox([self.accept, self.text]), "access")
        watch.on(self.accept, self._ticked)

    def show(self, asked: Asked, state: Exploration) -> None:
        """Show an access and what was decided about it."""
        self._key = asked.key
        self.text.value = access_value(asked)
        self.accept.value = state.is_accepted(asked.key)

    def _ticked(self) -> None:
        key, accepted = self._key, self.accept.value
        self._decide(lambda d: d.accept([key]) if accepted else d.reject([key]))


class ProposalRow:
    """One proposal.

    Attributes
    ----------
    accept
        Its tick box; marked where at least one access is accepted.
    rule
        The rules that it comes to.
    way
        How far they are widened, hidden where there is one way only.
    unfold
        Shows the accesses.
    accesses
        Their rows, as many as were ever shown at once.
    """

    def __init__(self, watch: Watch, decide: Decide) -> None:
        self._watch = watch
        self._decide = decide
        self._proposal: Proposal | None = None
        self._state: Exploration | None = None
        self._words = ""
        self._ways: dict[Widen, RuleSet] = {}
        self.accept = tick("accept", "Accept these rules")
        self.rule = html("rule")
        self.way = choices("way", [(text, way) for way, text in _WAYS.items()], "known")
        self.unfold = marked(
            ipywidgets.ToggleButton(icon="caret-right", layout={"width": "auto"}), "unfold"
        )
        self.accesses: list[AccessRow] = []
        self._rest = html("rest")
        self._below = column(padding="0 0 0 12px")
        text = column(
            self.rule,
            row(self.unfold, self.way, align_items="center", grid_gap="8px"),
            self._below,
            flex="1 1 0",
            min_width="0",
        )
        self.widget = marked(ipywidgets.HBox([self.accept, text]), "proposal")
        watch.on(self.accept, self._ticked)
        watch.on(self.way, self._widened)
        watch.on(self.unfold, self._unfolded)

    def propose(self, proposal: Proposal, state: Exploration, words: str) -> None:
        """Show another proposal; one that is shown already stays unfolded.

        The accesses that hold the `words` come first.
        """
        self._words = words
        if self._proposal is None or self._proposal.keys != proposal.keys:
            self.unfold.value = False
        self._proposal = proposal
        self._ways = state.ways(proposal)
        self.way.layout.display = None if self._ways else "none"
        if self._ways:
            self.way.options = [
                (f"{_WAYS[way]}: {counted(len(rules), 'rule')}", way)
                for way, rules in self._ways.items()
            ]
        self.show(state)

    def show(self, state: Exploration) -> None:
        """Show what was decided about the proposal."""
        if self._proposal is None:
            return
        self._state = state
        accesses = state.accesses_of(self._proposal, self._words)
        accepted = sum(state.is_accepted(asked.key) for asked in accesses)
        self.accept.value = accepted > 0
        self.rule.value = proposal_value(self._proposal, state.rules_of(self._proposal), accepted)
        if self._ways:
            self.way.value = state.way(self._proposal, self._ways)
            self.way.disabled = not accepted
        self.unfold.description = counted(len(accesses), "access", "accesses")
        self.unfold.icon = "caret-down" if self.unfold.value else "caret-right"
        shown = accesses[:MOST_ACCESSES] if self.unfold.value else ()
        while len(self.accesses) < len(shown):
            self.accesses.append(AccessRow(self._watch, self._decide))
        for each, asked in zip(self.accesses, shown, strict=False):
            each.show(asked, state)
        more = len(accesses) - len(shown)
        rest = f"and {counted(more, 'more access', 'more accesses')}"
        self._rest.value = plain_value(f"{rest}: find them by a word of their names, above")
        self._below.children = [
            *(each.widget for each in self.accesses[: len(shown)]),
            *([self._rest] if shown and more else []),
        ]

    def _ticked(self) -> None:
        if self._proposal is not None:
            keys, accepted = self._proposal.keys, self.accept.value
            self._decide(lambda d: d.accept(keys) if accepted else d.reject(keys))

    def _widened(self) -> None:
        if self._proposal is not None:
            keys, way = self._proposal.keys, cast("Widen", self.way.value)
            self._decide(lambda d: d.widen_to(keys, way))

    def _unfolded(self) -> None:
        if self._state is not None:
            with self._watch.setting():
                self.show(self._state)

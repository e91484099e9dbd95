"""What becomes of the denials: the proposals, a page of them at a time, and what can be asked for.

A report of 100,000 accesses needs no more widgets than a small one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import ipywidgets

from sbdiag.diagnosis.proposals import Proposal
from sbdiag.diagnosis.ruleset import Withheld
from sbdiag.diagnosis.selection import Decisions
from sbdiag.display.exploration import Exploration
from sbdiag.display.html_explorer import (
    label_value,
    offer_value,
    plain_value,
    title_value,
    withheld_value,
)
from sbdiag.display.visible import counted
from sbdiag.display.widgets.parts import (
    Watch,
    Widget,
    choices,
    column,
    html,
    labelled,
    marked,
    row,
    tick,
)
from sbdiag.display.widgets.rows import Decide, ProposalRow

PAGE: Final = 10
_WIDEN: Final = (
    ("known places of products", "known"),
    ("nothing: exactly what was seen", "none"),
    ("siblings: three names open a directory", "siblings"),
)
_XPC: Final = (
    ("both kinds of name", "both"),
    ("xpc-service-name", "xpc-service-name"),
    ("global-name", "global-name"),
)


class ProposalList:
    """The proposals that are found, a page of them, and the classes that can be asked for.

    Attributes
    ----------
    widen, xpc
        What holds where nothing else is decided.
    find
        Words that a proposal must hold.
    previous, following
        Turn the page.
    rows
        One row a proposal of the page.
    offers
        Tick boxes of the classes that can be asked for, by name.
    """

    def __init__(self, state: Exploration, decide: Decide) -> None:
        self._watch = Watch()
        self._decide = decide
        self._state = state
        self._found: tuple[Proposal, ...] = ()
        self._offered: tuple[Withheld, ...] = ()
        self._page = 0
        self.widen = choices("widen", _WIDEN, state.decisions.widen)
        self.xpc = choices("xpc", _XPC, state.decisions.xpc)
        self.find = marked(
            ipywidgets.Text(
                placeholder="words of an operation, a target or a process",
                continuous_update=False,
                layout={"width": "auto"},
            ),
            "find",
        )
        self.previous = self._turner("previous", "arrow-left", -1)
        self.following = self._turner("next", "arrow-right", 1)
        self._place = html("place")
        self._pager = row(self._place, self.previous, self.following, align_items="center")
        self.rows: list[ProposalRow] = []
        self.offers: dict[str, Widget] = {}
        self._list = column()
        self._offers = column()
        self._withheld = html("withheld")
        self._watch.on(self.widen, self._general)
        self._watch.on(self.xpc, self._general)
        self._watch.on(self.find, self._find)
        self.widget = column(
            ipywidgets.HTML(title_value("Proposals", "tick to accept, untick to reject")),
            row(
                labelled("Widen to", self.widen, flex="1 1 180px"),
                labelled("Allow (xpc) services by", self.xpc, flex="1 1 180px"),
                labelled("Find", self.find, flex="1 1 180px"),
                grid_gap="12px",
            ),
            self._pager,
            self._list,
            self._offers,
            self._withheld,
            flex="1 1 400px",
            min_width="0",
        )

    def propose(self, state: Exploration) -> None:
        """Show what can be decided about other denials."""
        self._state = state
        self._find_again(self._page)
        with self._watch.setting():
            self._offer()

    def show(self, state: Exploration) -> None:
        """Show what was decided about the same denials."""
        self._state = state
        with self._watch.setting():
            for each, _ in zip(self.rows, self._shown(), strict=False):
                each.show(state)

    def _shown(self) -> tuple[Proposal, ...]:
        return self._found[self._page * PAGE :][:PAGE]

    def _find(self) -> None:
        self._find_again(0)

    def _find_again(self, page: int) -> None:
        self._found = self._state.matching(self.find.value)
        last = max(0, (len(self._found) - 1) // PAGE)
        self._page = min(max(0, page), last)
        shown = self._shown()
        while len(self.rows) < len(shown):
            self.rows.append(ProposalRow(self._watch, self._decide))
        with self._watch.setting():
            for each, proposal in zip(self.rows, shown, strict=False):
                each.propose(proposal, self._state, self.find.value)
        self._list.children = [each.widget for each in self.rows[: len(shown)]]
        self.previous.disabled, self.following.disabled = self._page == 0, self._page == last
        for turner in (self.previous, self.following):
            turner.layout.display = "none" if last == 0 else None
        self._place.value = plain_value(self._where(len(shown)))

    def _where(self, shown: int) -> str:
        total, found = len(self._state.proposals.proposals), len(self._found)
        if not total:
            return "Nothing here can be lifted by a rule."
        first = self._page * PAGE
        place = (
            counted(found, "proposal")
            if shown == found
            else f"{first + 1:,} to {first + shown:,} of {counted(found, 'proposal')}"
        )
        return place if found == total else f"{place}, found among {total:,}"

    def _offer(self) -> None:
        """Make tick boxes for the classes that can be asked for, if they are others than before."""
        offered = self._state.proposals.offers
        self._withheld.value = withheld_value(self._state.proposals.withheld)
        if [each.name for each in offered] != [each.name for each in self._offered]:
            self.offers = {each.name: tick("ask", "Give these a rule") for each in offered}
            for each in offered:
                self._watch.on(self.offers[each.name], partial(self._asked, each))
        self._offered = offered
        rows = []
        for each in offered:
            self.offers[each.name].value = self._state.decisions.asks_for(each)
            text = html("offer-text", offer_value(each))
            rows.append(marked(ipywidgets.HBox([self.offers[each.name], text]), "offer"))
        title = ipywidgets.HTML(label_value("Held back", "tick to give it a rule all the same"))
        self._offers.children = [title, *rows] if rows else []

    def _asked(self, offer: Withheld) -> None:
        asked = self.offers[offer.name].value
        self._decide(lambda decisions: decisions.ask_for(offer, asked))

    def _general(self) -> None:
        widen, xpc = self.widen.value, self.xpc.value

        def change(decisions: Decisions) -> Decisions:
            # Who chooses for all chooses anew for each.
            anew = {} if widen != decisions.widen else decisions.widened
            return replace(decisions, widen=widen, xpc=xpc, widened=anew)

        self._decide(change)

    def _turner(self, name: str, icon: str, step: int) -> Widget:
        button = ipywidgets.Button(icon=icon, tooltip=name, layout={"width": "40px"})
        button.on_click(lambda _: self._find_again(self._page + step))
        return marked(button, name)

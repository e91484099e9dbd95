"""What follows from the decisions: the ``.sb`` text, the nono profile, and the proof."""

from __future__ import annotations

from typing import Final

import ipywidgets

from sbdiag.display.exploration import Exploration, Writing
from sbdiag.display.html_explorer import (
    account_value,
    export_value,
    plain_value,
    title_value,
    verification_value,
)
from sbdiag.display.widgets.parts import Watch, choices, column, html, marked

_FORMS: Final = (
    ("rules to paste into a profile", "fragment"),
    ("a whole profile that refuses all else", "deny-default"),
    ("a whole profile with Apple's system.sb", "import-system"),
)


class Results:
    """The texts that leave the house and the proof, one tab each.

    Attributes
    ----------
    account
        Where the chosen denials went, and what is admitted though it was not wanted.
    form, omit_granted
        How the ``.sb`` and the nono profile are written.
    sb, nono, verification
        HTML widgets.
    prove
        Makes the proof where there are many rules.
    """

    def __init__(self, state: Exploration) -> None:
        self._state = state
        self._watch = Watch()
        self.account = html("account")
        self.form = choices("form", _FORMS, "fragment")
        self.omit_granted = marked(
            ipywidgets.Checkbox(
                False,
                description="leave out what nono's base grants",
                indent=False,
                layout={"width": "auto"},
            ),
            "omit-granted",
        )
        self.sb, self.nono = html("sb"), html("nono")
        self.verification = html("verification")
        self.prove = marked(ipywidgets.Button(description="Prove the rules"), "prove")
        self.prove.on_click(lambda _: self._prove())
        self._watch.on(self.form, self._written)
        self._watch.on(self.omit_granted, self._written)
        tabs = ipywidgets.Tab(
            [
                column(self.form, self.sb),
                column(self.omit_granted, self.nono),
                column(self.prove, self.verification),
            ]
        )
        for at, title in enumerate(("Seatbelt .sb", "nono JSON", "Proof")):
            tabs.set_title(at, title)
        self.widget = marked(
            column(
                ipywidgets.HTML(title_value("What follows", "changes with every tick")),
                self.account,
                tabs,
                flex="1 1 400px",
                min_width="0",
            ),
            "results",
        )

    @property
    def writing(self) -> Writing:
        """How the rules are to be written."""
        return Writing(self.form.value, bool(self.omit_granted.value))

    def show(self, state: Exploration) -> None:
        """Show what follows from other decisions."""
        self._state = state.write(self.writing)
        self.account.value = account_value(self._state)
        at_once = self._state.proves_at_once
        self.prove.layout.display = "none" if at_once else None
        if at_once:
            self._prove()
        else:
            self.verification.value = plain_value("So many rules are proved when you ask for it.")
        self._write()

    def _prove(self) -> None:
        self.verification.value = verification_value(self._state.rules, self._state.verification)

    def _write(self) -> None:
        count = len(self._state.rules)
        self.sb.value = export_value(self._state.sb, "rules.sb", "text/plain", count)
        self.nono.value = export_value(self._state.nono, "nono.json", "application/json", count)

    def _written(self) -> None:
        self._state = self._state.write(self.writing)
        self._write()

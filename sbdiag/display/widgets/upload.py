"""Exploring without a report: an upload field, then the explorer of what was uploaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import ipywidgets

from sbdiag.display.html_explorer import error_value, plain_value, style_value, title_value
from sbdiag.display.reported import Explorable
from sbdiag.display.theme import ThemeName
from sbdiag.display.visible import counted
from sbdiag.display.widgets.explorer import Explorer
from sbdiag.display.widgets.parts import Watch, column, html, marked, row, shown
from sbdiag.errors import SbdiagError

_NOTHING: Final = "Nothing was read yet."
_GIVEN: Final = "Below is the report that was given, until files are chosen."


class Upload:
    """An upload field for captures, Lima's logs and entitlement dumps, told apart by content.

    Parameters
    ----------
    read
        Makes a report of file names with their bytes, of the zone of times without one, and of
        whether names are to be replaced by stand-ins.
    report
        What is explored until files are uploaded; nothing if none is given.
    theme
        The colours of the picture.

    Attributes
    ----------
    files, zone, redacted
        The field; the zone; whether names are replaced.
    message
        What was read, or why it was not.
    explorer
        The explorer of what was read; ``None`` before.
    widget
        All of them.
    """

    def __init__(
        self,
        read: Callable[[Mapping[str, bytes], str | None, bool], Explorable],
        *,
        report: Explorable | None = None,
        theme: ThemeName = "light",
    ) -> None:
        self._read, self._theme = read, theme
        self.explorer: Explorer | None = None
        self.files = marked(
            ipywidgets.FileUpload(
                multiple=True, description="Choose files", layout={"width": "auto"}
            ),
            "upload",
        )
        self.zone = marked(
            ipywidgets.Text(
                placeholder="UTC",
                description="zone of times without one",
                style={"description_width": "initial"},
                continuous_update=False,
                layout={"width": "300px"},
            ),
            "zone",
        )
        self.redacted = marked(
            ipywidgets.Checkbox(
                False,
                description="replace names of persons, machines and teams",
                indent=False,
                layout={"width": "auto"},
            ),
            "redact",
        )
        self.message = html("message", plain_value(_NOTHING if report is None else _GIVEN))
        watch = Watch()
        for control in (self.files, self.zone, self.redacted):
            watch.on(control, self._changed)
        what = "logs of denials, Lima's logs, codesign dumps; together, told apart by content"
        self._top = [
            ipywidgets.HTML(style_value(), layout={"display": "none"}),
            ipywidgets.HTML(title_value("Your captures", what)),
            row(self.files, self.zone, self.redacted, align_items="center", grid_gap="12px"),
            self.message,
        ]
        self.widget = marked(column(*self._top, grid_gap="6px"), "explorer")
        if report is not None:
            self._explore(report)

    @property
    def report(self) -> Explorable | None:
        """The report that is explored: of the files, or the one that it began with."""
        return None if self.explorer is None else self.explorer.state.report

    def _changed(self) -> None:
        given = named_bytes(self.files.value)
        if not given:
            return
        try:
            report = self._read(given, self.zone.value.strip() or None, self.redacted.value)
        except (SbdiagError, OSError, ValueError) as error:
            self.message.value = error_value(str(error))
            self.explorer = None
            self.widget.children = self._top
            return
        counts = report.counts
        self.message.value = plain_value(
            f"Read {counted(len(given), 'file')}: {counted(counts.lines, 'line')},"
            f" {counted(counts.denials, 'denial')}, {counts.unparsed:,} that could not be read."
        )
        self._explore(report)

    def _explore(self, report: Explorable) -> None:
        self.explorer = Explorer(report, theme=self._theme)
        self.widget.children = [*self._top, self.explorer.widget]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return shown(self.widget, repr(self), **options)

    def __repr__(self) -> str:
        return f"<sbdiag.Upload: {self.explorer or 'nothing was read yet'}>"


def named_bytes(uploaded: object) -> dict[str, bytes]:
    """Return names and contents of an upload; a name that comes twice gets a number.

    Parameters
    ----------
    uploaded
        The value of a ``FileUpload``: one mapping a file, with ``name`` and ``content``.
    """
    found: dict[str, bytes] = {}
    for file in uploaded if isinstance(uploaded, (tuple, list)) else ():
        name = first = str(file["name"])
        number = 1
        while name in found:
            number += 1
            name = f"{first} ({number})"
        found[name] = bytes(file["content"])
    return found

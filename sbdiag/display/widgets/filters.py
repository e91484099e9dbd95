"""Which denials count: runs, processes, operations and time, and the picture that follows."""

from __future__ import annotations

from functools import partial
from typing import Final, cast

import ipywidgets
import pandas as pd

from sbdiag.diagnosis.selection import Selection
from sbdiag.display.exploration import Exploration, choosable, time_stops
from sbdiag.display.html_explorer import denials_value
from sbdiag.display.picture import picture
from sbdiag.display.plot_data.lanes import Lanes
from sbdiag.display.plots import draw_timeline
from sbdiag.display.reported import Explorable
from sbdiag.display.theme import ThemeName
from sbdiag.display.visible import shorten, visible
from sbdiag.display.widgets.parts import (
    Changed,
    Watch,
    Widget,
    choices,
    column,
    html,
    labelled,
    marked,
    row,
)

# A list that is longer helps nobody; what is rarer than that is found by its proposals.
_MOST_NAMES: Final = 200
_LONGEST_NAME: Final = 44
_PICTURE: Final = "912px"  # its natural width: letters as large as those beside it
_LANES: Final = (("operation", "operation"), ("process", "process"), ("run", "run"))


class Filters:
    """The controls that choose denials.

    Attributes
    ----------
    runs, processes, operations
        Lists of names; nothing marked is all.
    time
        The range, ``None`` where the capture has no two times.
    reset
        Takes all choices back.
    widget
        All of them.
    """

    def __init__(self, report: Explorable, changed: Changed) -> None:
        self._watch = Watch()
        self._changed = changed
        self.runs = _names(report, "run", "runs")
        self.processes = _names(report, "process", "processes")
        self.operations = _names(report, "operation", "operations")
        self._stops = time_stops(report)
        self.time: Widget | None = _range(self._stops) if len(self._stops) > 1 else None
        self.reset = marked(
            ipywidgets.Button(
                description="Choose all again", icon="undo", layout={"width": "auto"}
            ),
            "reset",
        )
        self.reset.on_click(self._reset)
        for control in self._controls():
            self._watch.on(control, changed)
        lists = row(
            *(
                labelled(title, control, aside="none marked: all", flex="1 1 230px")
                for title, control in (
                    ("Runs", self.runs),
                    ("Processes", self.processes),
                    ("Operations", self.operations),
                )
            ),
            grid_gap="12px",
        )
        below = [] if self.time is None else [self.time]
        self.widget = column(
            lists, row(*below, self.reset, align_items="center", grid_gap="12px"), grid_gap="6px"
        )

    def selection(self) -> Selection:
        """Return what is chosen now."""
        first = last = None
        if self.time is not None:
            since, until = self.time.value
            # Denials without a time stay as long as nobody asks for a time.
            first = None if since == self._stops[0] else since
            last = None if until == self._stops[-1] else until
        return Selection(
            runs=self.runs.value or None,
            processes=self.processes.value or None,
            operations=self.operations.value or None,
            since=first,
            until=last,
        )

    def _controls(self) -> list[Widget]:
        lists = [self.runs, self.processes, self.operations]
        return lists if self.time is None else [*lists, self.time]

    def _reset(self, _: object) -> None:
        with self._watch.setting():
            for control in (self.runs, self.processes, self.operations):
                control.value = ()
            if self.time is not None:
                self.time.value = (self._stops[0], self._stops[-1])
        self._changed()


class Picture:
    """The timeline of what is chosen, and the table below it.

    Attributes
    ----------
    lanes
        What a lane is.
    timeline, denials
        The picture (PNG) and the table (HTML).
    """

    def __init__(self, theme: ThemeName, state: Exploration) -> None:
        self._theme: ThemeName = theme
        self._state = state
        self.lanes = choices("lanes", _LANES, "operation")
        self.lanes.observe(lambda _: self._draw(), names="value")
        self.timeline = marked(
            ipywidgets.Image(
                format="png", layout={"width": "100%", "max_width": _PICTURE, "height": "auto"}
            ),
            "timeline",
        )
        self.denials = html("denials")
        table = ipywidgets.Accordion([self.denials], selected_index=None)
        table.set_title(0, "Chosen denials, line by line")
        self.widget = column(
            row(
                ipywidgets.HTML("One lane for each"),
                self.lanes,
                align_items="center",
                grid_gap="6px",
            ),
            self.timeline,
            table,
        )
        self.show(state)

    def show(self, state: Exploration) -> None:
        """Follow the choice."""
        self._state = state
        self.denials.value = denials_value(state.denials)
        self._draw()

    def _draw(self) -> None:
        data = self._state.timeline(cast("Lanes", self.lanes.value))
        self.timeline.value = picture(partial(draw_timeline, data, theme=self._theme))


def _names(report: Explorable, column: str, name: str) -> Widget:
    counts = choosable(report, column).head(_MOST_NAMES)  # type: ignore[arg-type]
    options = [
        (f"{shorten(visible(text) or f'(no {column})', _LONGEST_NAME)}  ×{int(count):,}", text)
        for text, count in counts.items()
    ]
    control = ipywidgets.SelectMultiple(
        options=options, rows=min(6, max(2, len(options))), layout={"width": "auto"}
    )
    return marked(control, name)


def _range(stops: tuple[pd.Timestamp, ...]) -> Widget:
    one_day = stops[0].date() == stops[-1].date()

    def label(stop: pd.Timestamp) -> str:
        return f"{stop:%H:%M:%S.%f}"[:-3] if one_day else f"{stop:%d %b %H:%M:%S}"

    control = ipywidgets.SelectionRangeSlider(
        options=[(label(stop), stop) for stop in stops],
        index=(0, len(stops) - 1),
        description=f"Time (UTC{f', {stops[0]:%Y-%m-%d}' if one_day else ''})",
        style={"description_width": "initial"},
        continuous_update=False,
        layout={"flex": "1 1 420px", "width": "auto"},
    )
    return marked(control, "time")

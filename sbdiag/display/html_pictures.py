"""The pictures of a page as elements that hold them, for light and dark."""

from __future__ import annotations

import base64
from functools import partial
from typing import Final

from sbdiag.display.html_parts import Html, element
from sbdiag.display.picture import Draw, picture
from sbdiag.display.plot_data import operations_data, rules_data, startup_data, timeline_data
from sbdiag.display.plots import draw_operations, draw_rules, draw_startup, draw_timeline
from sbdiag.display.reported import Reported

# On paper the light one is printed, whatever the screen shows.
_DARK: Final = "screen and (prefers-color-scheme: dark)"


def picture_elements(report: Reported) -> dict[str, Html]:
    """Return the pictures there is something to see in, by name."""
    found: dict[str, Html] = {}
    ladder = startup_data(report)
    if ladder.rungs:
        found["ladder"] = _picture(
            "The stages of the start as a ladder, one column a run; the table below says the same.",
            *(partial(draw_startup, ladder, theme=theme) for theme in ("light", "dark")),
        )
    if len(report.denials):
        time = timeline_data(
            report.denials,
            report.milestones,
            stages=report.stages if len(report.stages) else None,
        )
        found["timeline"] = _picture(
            "The refusals over time, one lane an operation, with the milestones of Lima's log.",
            *(partial(draw_timeline, time, theme=theme) for theme in ("light", "dark")),
        )
        counts = operations_data(report.denials)
        found["operations"] = _picture(
            "How often each operation was refused to each process.",
            *(partial(draw_operations, counts, theme=theme) for theme in ("light", "dark")),
        )
    if len(report.rules):
        rules = rules_data(report)
        found["rules"] = _picture(
            "The rules, the runs that asked for them, and how much wider than that they are.",
            *(partial(draw_rules, rules, theme=theme) for theme in ("light", "dark")),
        )
    return found


def _picture(words: str, light: Draw, dark: Draw) -> Html:
    """One picture in both themes; the reader's system chooses."""
    return element(
        "figure",
        element(
            "picture",
            element("source", srcset=_data_uri(dark), media=_DARK),
            element("img", src=_data_uri(light), alt=words),
        ),
    )


def _data_uri(draw: Draw) -> str:
    """Return an SVG as an image: a document of its own, in which no script ever runs."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture(draw, form="svg")).decode()

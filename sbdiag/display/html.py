"""A report as HTML: a fragment for a notebook, and a page to attach to an issue.

Both answer in their first lines what stopped the start. They need no script, fetch nothing, and
read as plain text where a viewer strips the style. HTML is written in the ``html_*`` rooms and
nowhere else in the house.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from sbdiag.display.html_parts import Html, element
from sbdiag.display.html_sections import (
    answer_section,
    counts_section,
    findings_section,
    rules_section,
    stages_section,
    withheld_section,
)
from sbdiag.display.html_style import FRAGMENT, PAGE
from sbdiag.display.reported import Reported

_TITLE: Final = "Sandbox denials: what was refused, and the rules that lift it"


def report_html(report: Reported) -> str:
    """Return a report as a fragment for ``_repr_html_``.

    Parameters
    ----------
    report
        A report.

    Returns
    -------
    str
        One ``div`` of class ``sbdiag`` with its style inside; the same text for the same report.
    """
    style = element("style", Html(FRAGMENT))
    parts = [
        answer_section(report),
        stages_section(report),
        findings_section(report),
        rules_section(report),
        withheld_section(report),
        counts_section(report),
    ]
    return element("div", style, *parts, class_="sbdiag").markup


def report_page(report: Reported, *, pictures: bool = True) -> str:
    """Return a report as one self-contained HTML file.

    Parameters
    ----------
    report
        A report.
    pictures
        Put the ladder, the timeline, the counts and the rules in as pictures, light and dark.

    Returns
    -------
    str
        A whole document; the same text for the same report. Its security policy forbids scripts,
        connections and foreign resources, and allows exactly the one style sheet it has.
    """
    style = FRAGMENT + PAGE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", _TITLE),
        element("style", Html(style)),
    )
    shown: dict[str, Html] = {}
    if pictures:
        from sbdiag.display.html_pictures import (
            picture_elements,
        )  # matplotlib: only who wants it waits

        shown = picture_elements(report)
    parts = [
        element("h1", _TITLE),
        answer_section(report),
        shown.get("ladder", Html("")),
        stages_section(report),
        shown.get("timeline", Html("")),
        findings_section(report),
        rules_section(report),
        shown.get("rules", Html("")),
        withheld_section(report),
        shown.get("operations", Html("")),
        counts_section(report),
    ]
    body = element("body", element("main", *parts, class_="sbdiag"))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"

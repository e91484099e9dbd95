"""Widgets as the explorer uses them: with a stable class, and no log text in a description."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import ipywidgets

from sbdiag.display.html_explorer import label_value

# ipywidgets has no types.
Widget: TypeAlias = Any
Changed: TypeAlias = Callable[[], None]


def marked(widget: Widget, name: str) -> Widget:
    """Give a widget its class and return it."""
    widget.add_class(f"sbdiag-{name}")
    return widget


def html(name: str, value: str = "") -> Widget:
    """Return an ``HTML`` widget; `value` comes out of :mod:`sbdiag.display.html_explorer`."""
    return marked(ipywidgets.HTML(value, layout={"width": "auto", "margin": "2px 0"}), name)


def column(*children: Widget, **layout: str) -> Widget:
    """Put widgets one below the other."""
    return ipywidgets.VBox(list(children), layout={"width": "auto", **layout})


def row(*children: Widget, **layout: str) -> Widget:
    """Put widgets side by side, on further lines where the page is narrow."""
    return ipywidgets.HBox(list(children), layout={"flex_flow": "row wrap", **layout})


def labelled(text: str, widget: Widget, *, aside: str = "", **layout: str) -> Widget:
    """Put a label above a control."""
    return column(ipywidgets.HTML(label_value(text, aside)), widget, **layout)


def choices(name: str, options: Sequence[tuple[str, Any]], value: Any) -> Widget:
    """Return a drop-down list."""
    dropdown = ipywidgets.Dropdown(options=list(options), value=value, layout={"width": "auto"})
    return marked(dropdown, name)


def tick(name: str, tooltip: str) -> Widget:
    """Return a tick box without a text; what it is about stands beside it."""
    box = ipywidgets.Checkbox(
        False, indent=False, tooltip=tooltip, layout={"width": "24px", "flex": "0 0 24px"}
    )
    return marked(box, name)


def shown(widget: Widget, plain: str, **options: Any) -> Any:
    """Return what a notebook shows: the widget, and a plain line where there are none."""
    return {**widget._repr_mimebundle_(**options), "text/plain": plain}


class Watch:
    """Calls back when a control is changed by hand, and not when the program sets it."""

    def __init__(self) -> None:
        self._setting = False

    @contextmanager
    def setting(self) -> Iterator[None]:
        """Set values within, and nobody is called."""
        before, self._setting = self._setting, True
        try:
            yield
        finally:
            self._setting = before

    def on(self, widget: Widget, changed: Changed) -> None:
        """Call `changed` when the widget's value is changed by hand."""

        def call(_: object) -> None:
            if not self._setting:
                changed()

        widget.observe(call, names="value")

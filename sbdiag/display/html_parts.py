"""The parts a page is made of. Text becomes HTML in one place, :func:`escape`.

An :class:`Html` is markup; a ``str`` is text and is escaped wherever it becomes a child or an
attribute, so that a page cannot be made of log text by forgetting something.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbdiag.display.visible import visible, visible_lines


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that may stand in a page as it is; ``str`` of it is the markup."""

    markup: str

    def __str__(self) -> str:
        return self.markup


Content: TypeAlias = "Html | str"
_VOID: Final = ("br", "img", "meta", "source")


def escape(value: object) -> str:
    r"""Return the text of `value` as HTML: markup and quotes as entities, controls made visible.

    Works in element content and in quoted attributes. Missing values give an empty text.

    Examples
    --------
    >>> escape('<b title="\u202e">')
    '&lt;b title=&quot;\\u202e&quot;&gt;'
    """
    return html.escape(visible(value), quote=True)


def element(tag: str, /, *content: Content, **attributes: str | bool) -> Html:
    """Return an element; text in it is escaped.

    Parameters
    ----------
    tag
        Name of the element; ours, never taken from data.
    content
        Markup and text, in order.
    attributes
        Names are ours: a trailing underscore is dropped (``class_``), others become hyphens.
        ``True`` is an attribute without a value, ``False`` none at all.
    """
    written = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not False
    )
    if tag in _VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(content)}</{tag}>")


def join(content: Iterable[Content]) -> Html:
    """Return parts one after the other; text among them is escaped."""
    return Html("".join(c.markup if isinstance(c, Html) else escape(c) for c in content))


def table(head: Sequence[str], rows: Iterable[Sequence[Content]]) -> Html:
    """Return a table with a head."""
    top = element("tr", *(element("th", name, scope="col") for name in head))
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    return element("table", element("thead", top), element("tbody", *body))


def folded(summary: Content, *content: Content, unfolded: bool = False) -> Html:
    """Return content behind a line that folds it out; no script is needed for it."""
    return element("details", element("summary", summary), *content, open=unfolded)


def badge(word: str) -> Html:
    """Return a status or severity as a word in a box; the word says it, the colour helps."""
    return element("span", word, class_=f"badge {word.replace(' ', '-')}")


def code(text: object) -> Html:
    """Return a name or a target as code on one line."""
    return element("code", visible(text))


def block(text: str) -> Html:
    """Return lines of code, such as a rule; only line feeds break them."""
    return element("pre", element("code", Html("\n".join(map(escape, visible_lines(text))))))


def paragraph(*content: Content, class_: str = "") -> Html:
    """Return a paragraph."""
    kind: dict[str, str] = {"class_": class_} if class_ else {}
    return element("p", *content, **kind)


def listed(items: Iterable[Content]) -> Html:
    """Return a list."""
    return element("ul", *(element("li", item) for item in items))


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")

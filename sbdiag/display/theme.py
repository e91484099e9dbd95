"""Colours, shapes and hatches of the pictures; nothing here touches matplotlib's settings.

Every distinction is made twice: by colour and by shape or hatch, so that a picture says the same
in greyscale and to a reader who does not see all colours. The group colours are those of
Okabe and Ito, "Color Universal Design" (2008), without black and with yellow darkened, since a
mark must stand off a white page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

ThemeName: TypeAlias = Literal["light", "dark"]

SANS: Final = "DejaVu Sans"  # matplotlib brings both along: the same picture on every machine
MONO: Final = "DejaVu Sans Mono"


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture on a light or a dark page.

    Attributes
    ----------
    paper, ink, muted, grid, band
        Background; text; text of second rank; lines; the stripe behind every other lane.
    edge
        The outline of a mark, which keeps overlapping marks apart.
    failure, success, neutral
        What went wrong; what was reached; what is not known.
    groups
        Colours of the groups, in the order of the legend.
    """

    paper: str
    ink: str
    muted: str
    grid: str
    band: str
    edge: str
    failure: str
    success: str
    neutral: str
    groups: tuple[str, ...]


LIGHT: Final = Theme(
    paper="#ffffff",
    ink="#1b1f24",
    muted="#57606a",
    grid="#d8dee4",
    band="#f6f8fa",
    edge="#1b1f24",
    failure="#c2410c",
    success="#00785a",
    neutral="#6e7781",
    groups=("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b5a200"),
)
DARK: Final = Theme(
    paper="#15181c",
    ink="#e6e9ec",
    muted="#a0a8b1",
    grid="#363c44",
    band="#1c2026",
    edge="#0b0d0f",
    failure="#ff8a4c",
    success="#2fc79a",
    neutral="#8d96a0",
    groups=("#4ba3dd", "#f0b429", "#23c08f", "#e29cc3", "#8fd0f5", "#ff7f2a", "#d9cb3f"),
)
_THEMES: Final[dict[str, Theme]] = {"light": LIGHT, "dark": DARK}

# Eight shapes against seven colours: the pair repeats only after 56 groups.
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "p")
HATCHES: Final = ("", "///", "...", "\\\\\\", "xxx", "---", "+++", "||||")


def theme_of(name: ThemeName) -> Theme:
    """Return the theme of this name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in _THEMES:
        raise ValueError(f"theme={name!r} is none of {', '.join(_THEMES)}")
    return _THEMES[name]


@dataclass(frozen=True, slots=True)
class GroupStyle:
    """How one group of marks looks."""

    color: str
    marker: str
    hatch: str


def group_style(place: int, theme: Theme, *, neutral: bool = False) -> GroupStyle:
    """Return the look of the group at this place of the legend; `neutral` for background."""
    if neutral:
        return GroupStyle(theme.neutral, "X", "")
    return GroupStyle(
        theme.groups[place % len(theme.groups)],
        MARKERS[place % len(MARKERS)],
        HATCHES[place % len(HATCHES)],
    )

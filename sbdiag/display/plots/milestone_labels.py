"""Milestones on a timeline: their lines, and names above them of which none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbdiag.display.plot_data import TimelineData
from sbdiag.display.plot_data.milestones import MilestoneMarks
from sbdiag.display.plots.sheet import Sheet, fitted, text_width, write
from sbdiag.display.plots.time_axis import days

SIZE: Final = 8.0
ROW: Final = 13.0  # height of a row of labels, in points
_GAP: Final = 5.0
_WIDEST: Final = 190.0
_MOST_ROWS: Final = 9
_MOST_LABELS: Final = 12


@dataclass(frozen=True, slots=True)
class Label:
    """One label: its milestone's place in the frame, its text, its row from below, its side.

    ``right`` labels end at their line; the others start there.
    """

    place: int
    text: str
    row: int
    right: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """All labels, how many rows they take, and the key where they are numbers."""

    labels: tuple[Label, ...]
    rows: int
    key: tuple[str, ...]


def arrange(
    marks: MilestoneMarks, fractions: Sequence[float], *, width: float, overhang: float
) -> Labels:
    """Arrange the labels of milestones above the axes.

    Few milestones are named where they stand. Many (a series of runs) get numbers, one for each
    wording, and a key that says what they are.

    Parameters
    ----------
    marks
        The milestones.
    fractions
        How far along the axis each stands, 0 to 1, ascending.
    width
        Width of the axes in points.
    overhang
        How far a label may stand out of the axes on the right, in points.
    """
    texts = [
        text if count == 1 else f"{text} ×{count}"
        for text, count in zip(marks.frame["label"], marks.frame["count"], strict=True)
    ]
    failed = marks.frame["failed"].tolist()
    if len(texts) <= _MOST_LABELS:
        texts = [
            fitted(("✗ " if bad else "") + text, SIZE, min(_WIDEST, width * 0.5))
            for text, bad in zip(texts, failed, strict=True)
        ]
        named = _stack(texts, fractions, width=width, overhang=overhang)
        if named.rows <= _MOST_ROWS:
            return named
    wordings = list(dict.fromkeys(marks.frame["label"]))
    bad = {label for label, wrong in zip(marks.frame["label"], failed, strict=True) if wrong}
    numbers = [str(wordings.index(label) + 1) for label in marks.frame["label"]]
    stacked = _stack(numbers, fractions, width=width, overhang=overhang)
    key = tuple(
        f"{at} {'✗ ' if label in bad else ''}{label}" for at, label in enumerate(wordings, start=1)
    )
    return Labels(
        tuple(label for label in stacked.labels if label.row < _MOST_ROWS),
        min(stacked.rows, _MOST_ROWS),
        key,
    )


def _stack(
    texts: Sequence[str], fractions: Sequence[float], *, width: float, overhang: float
) -> Labels:
    """Give each label the lowest row in which it covers neither a label nor a line to a higher one.

    From the right: a label that must rise does so left of the labels it rises over, so that its
    own line passes none of them.
    """
    taken: list[list[tuple[float, float]]] = []
    labels: list[Label] = []
    for place in range(len(texts) - 1, -1, -1):
        at = fractions[place] * width
        extent = text_width(texts[place], SIZE) + 2 * _GAP
        right = at + extent > width + overhang
        span = (at - extent, at) if right else (at, at + extent)
        row = 0
        while row < len(taken) and any(
            span[0] < end and start < span[1] for start, end in taken[row]
        ):
            row += 1
        while len(taken) <= row:
            taken.append([])
        taken[row].append(span)
        for below in taken[:row]:
            below.append((at - 1.0, at + 1.0))
        labels.append(Label(place, texts[place], row, right))
    return Labels(tuple(reversed(labels)), len(taken), ())


def draw_milestones(where: Sheet, data: TimelineData, labels: Labels) -> None:
    """Draw every milestone as a line across the lanes, and the labels above them."""
    frame = data.milestones.frame
    theme = where.theme
    at = days(frame["x"])
    rows = {label.place: label for label in labels.labels}
    lanes = {name: at for at, name in enumerate(data.lanes["name"])} if data.by == "run" else {}
    lines = zip(at, frame["failed"], frame["run"], strict=True)
    for place, (x, failed, run) in enumerate(lines):
        color = theme.failure if failed else theme.neutral
        style = "-" if failed else (0, (3, 2))
        weight = 1.3 if failed else 0.9
        own = lanes.get(run)
        where.ax.axvline(
            x,
            color=color,
            linewidth=weight,
            linestyle=style,
            zorder=1.5,
            alpha=1.0 if own is None else 0.25,
        )
        if own is not None:  # where a lane is a run, the line belongs to its own
            where.ax.plot(
                [x, x], [own - 0.5, own + 0.5], color=color, linewidth=weight + 0.4, zorder=1.6
            )
        label = rows.get(place)
        if label is None:
            continue
        height = 5 + label.row * ROW
        where.ax.annotate(
            "",
            (x, 1),
            xytext=(0, height + ROW / 2 + 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            annotation_clip=False,
            zorder=1.5,
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "linewidth": 0.9,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
        write(
            where,
            x,
            1,
            label.text,
            size=SIZE,
            color=theme.failure if failed else theme.ink,
            ha="right" if label.right else "left",
            xycoords=("data", "axes fraction"),
            offset=(-3 if label.right else 3, height + ROW / 2),
            backed=label.right,
            zorder=6,
        )

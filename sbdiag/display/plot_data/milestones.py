"""Lima's milestones as lines on the timeline: which are shown, what they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from sbdiag.capture.frames import MILESTONES
from sbdiag.display.visible import visible

# While the guest boots, Lima counts what it still waits for: too many lines to be milestones.
_PROGRESS = ("requirement-waiting", "requirement-satisfied")
_FAILURES = ("error", "fatal", "panic")
# Where Lima's format strings go over from what happened to where or how.
_TAILS = (" (hint:", " at /", ", falling back to", ". Run `", ", status={")
# An NSError prints domain and code first; its description runs over several lines.
_NS_ERROR = re.compile(r"Domain=(\w+) Code=(-?\d+)")


@dataclass(frozen=True, slots=True)
class MilestoneMarks:
    """The milestones that a timeline shows.

    Attributes
    ----------
    frame
        One row a line, ascending by ``x``: ``x`` (int64, microseconds since 1970 UTC), ``label``,
        ``failed`` (bool), ``count`` (how many log lines it stands for), ``run``.
    unplaced
        Milestones that have no time, or none that the axis could place.
    """

    frame: pd.DataFrame
    unplaced: int

    def nearby(self, width: int) -> MilestoneMarks:
        """Return the marks with repetitions of a label closer than `width` made one."""
        if self.frame.empty:
            return self
        last: dict[str, int] = {}
        kept: list[int] = []
        counts: dict[int, int] = {}
        for at, (x, label) in enumerate(zip(self.frame["x"], self.frame["label"], strict=True)):
            first = last.get(label)
            if first is not None and x - int(self.frame["x"].iloc[first]) < width:
                counts[first] += 1
                continue
            last[label] = at
            kept.append(at)
            counts[at] = 1
        frame = self.frame.iloc[kept].assign(count=[counts[at] for at in kept])
        return MilestoneMarks(frame.reset_index(drop=True), self.unplaced)


def milestone_marks(milestones: pd.DataFrame, *, timed: bool = True) -> MilestoneMarks:
    """Choose the milestones to show: known lines, and any line that reports a failure.

    Lines that count what Lima still waits for (requirements) are left out.

    Parameters
    ----------
    milestones
        The milestones frame.
    timed
        ``False`` where the axis is no time; then none can be placed.

    Raises
    ------
    FrameError
        If the frame lacks a column.
    """
    MILESTONES.check(milestones, need=("time", "milestone", "level", "message", "run"))
    failed = milestones["level"].isin(_FAILURES)
    known = milestones["milestone"].notna() & ~milestones["milestone"].isin(("other", *_PROGRESS))
    shown = milestones[known | failed]
    placed = shown[shown["time"].notna()] if timed else shown.iloc[:0]
    frame = pd.DataFrame(
        {
            "x": placed["time"].to_numpy(dtype="datetime64[us]").astype("int64"),
            "label": pd.Series([milestone_label(text) for text in placed["message"]], dtype="str"),
            "failed": placed["level"].isin(_FAILURES).to_numpy(dtype=bool),
            "count": 1,
            "run": pd.Series([visible(run) for run in placed["run"]], dtype="str"),
        }
    )
    frame = frame.sort_values("x", kind="stable", ignore_index=True)
    return MilestoneMarks(frame, len(shown) - len(placed))


def milestone_label(message: object) -> str:
    """Return the few words of a log line that name it.

    ``Starting VZ (hint: to watch …)`` is *Starting VZ*; an error is its domain and code.
    """
    text = visible(message)
    error = _NS_ERROR.search(text)
    if error:
        return f"{error[1]} Code={error[2]}"
    text = text.removeprefix("[hostagent] ")
    for tail in _TAILS:
        text = text.split(tail)[0]
    return text.strip()

"""Time on the axis: steps that read well, spans in words, and idle stretches worth cutting out."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Microseconds = npt.NDArray[np.int64]

SECOND: Final = 1_000_000
_MINUTE: Final = 60 * SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

# Steps a reader of a clock counts in, in microseconds: 1-2-5 below a second, then the clock.
STEPS: Final[tuple[int, ...]] = (
    *(base * 10**power for power in range(6) for base in (1, 2, 5)),
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28, 56, 112, 364, 728, 3640)),
)

_SHORTEST_CUT: Final = 10 * SECOND
_MOST_CUTS: Final = 12
_BREAK: Final = 4


def step_at_least(microseconds: float) -> int:
    """Return the smallest step of :data:`STEPS` that is not below `microseconds`."""
    return next((step for step in STEPS if step >= microseconds), STEPS[-1])


def span_text(microseconds: float) -> str:
    """Return a span in words, one or two units: ``350 ms``, ``14 min``, ``2 h 5 min``."""
    count = round(microseconds)
    if count < 1000:
        return f"{count} µs"
    if count < SECOND:
        return f"{round(count / 1000)} ms"
    seconds = count / SECOND
    if seconds < 10 and count % SECOND:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            large, rest = divmod(round(whole / small), size // small)
            return f"{large} {unit} {rest} {small_unit}" if rest else f"{large} {unit}"
    if whole >= 60:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{round(whole / 60)} min"
    return f"{whole} s"


def idle_gaps(times: Microseconds) -> tuple[tuple[int, int], ...]:
    """Return the stretches in which nothing happens and which would eat the axis.

    A series of runs is seconds of activity with minutes between them: drawn to scale, every run
    is one dot. Gaps are cut out class by class, largest first: a class is cut if it is set off
    from the next gap by a factor of four, takes at least half of the time still on the axis, and
    its gaps last ten seconds or more. What is left between two cuts must hold two moments on
    average: evenly or thinly spread times are never cut.

    Parameters
    ----------
    times
        Sorted, distinct, in microseconds.

    Returns
    -------
    tuple of (int, int)
        Start and end of each gap, ascending; at most twelve.
    """
    gaps = np.diff(times)
    order = np.argsort(-gaps, kind="stable")
    largest = gaps[order[: _MOST_CUTS + 1]]
    left = int(gaps.sum())
    cut = 0
    for count in range(1, len(largest)):
        share = int(largest[cut:count].sum())
        least = int(largest[count - 1])
        if least < _SHORTEST_CUT or 2 * (count + 1) > len(times):
            break
        if least >= _BREAK * int(largest[count]) and 2 * share >= left:
            left -= share
            cut = count
    return tuple((int(times[at]), int(times[at + 1])) for at in sorted(order[:cut]))

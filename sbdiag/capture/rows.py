"""Records as they are read, and the denials frame that is built of them at the end.

Messages repeat, so a row holds the number of its message in a table of distinct ones; memory
follows the denials found. Both readers, line by line and block by block, fill the same rows.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS, UNPARSED
from sbdiag.capture.message import Message
from sbdiag.capture.styles import STYLES, Origin, Style
from sbdiag.capture.times import KINDS, NAT, Moment, settle

_ORIGINS: Final[tuple[Origin, ...]] = ("kernel", "sandboxd", "reported", "other")
_STYLE_NUMBERS: Final = {style: number for number, style in enumerate(STYLES)}
_ORIGIN_NUMBERS: Final = {origin: number for number, origin in enumerate(_ORIGINS)}
_KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}


class Rows:
    """Denials and unparsed lines of one capture, in the order in which they were read."""

    def __init__(self) -> None:
        self._messages: dict[Message, int] = {}
        self._message = array("q")
        self._micros = array("q")
        self._kind = array("b")
        self._style = array("b")
        self._origin = array("b")
        self._line = array("q")
        self._duplicates = array("q")
        self._unparsed: list[tuple[int, str, str]] = []

    def __len__(self) -> int:
        return len(self._line)

    def add(
        self, message: Message, *, moment: Moment | None, style: Style, origin: Origin, line: int
    ) -> None:
        """Add one denial."""
        self._message.append(self._messages.setdefault(message, len(self._messages)))
        self._micros.append(NAT if moment is None else moment.micros)
        self._kind.append(_KIND_NUMBERS["none" if moment is None else moment.kind])
        self._style.append(_STYLE_NUMBERS[style])
        self._origin.append(_ORIGIN_NUMBERS[origin])
        self._line.append(line)
        self._duplicates.append(message.duplicates)

    def repeat_last(self, times: int) -> None:
        """Count `times` further occurrences of all that the last row stands for."""
        occurrences = (self._duplicates[-1] + 1) * (times + 1)
        self._duplicates[-1] = min(occurrences - 1, 2**63 - 1)

    def add_unparsed(self, line: int, text: str, reason: str) -> None:
        """Add one line that names the sandbox and does not parse."""
        self._unparsed.append((line, text, reason))

    @property
    def unparsed_count(self) -> int:
        """How many lines were added by :meth:`add_unparsed`."""
        return len(self._unparsed)

    def denials(
        self, run: str, *, tz: str | dt.tzinfo | None, modified: float | None
    ) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Build the frame; return it with what was assumed about times."""
        times, notes = settle(self._micros, self._kind, tz=tz, modified=modified)
        distinct = _settle_layers(list(self._messages))
        which = np.asarray(self._message, dtype=np.int64)
        subjects = [message.subject for message in distinct]
        columns = {
            "time": times,
            "process": _texts((message.process for message in distinct), which),
            "pid": _numbers((message.pid for message in distinct), which),
            "verdict": _texts((message.verdict for message in distinct), which),
            "code": _numbers((message.code for message in distinct), which),
            "operation": _texts((message.operation for message in distinct), which),
            "target": _texts((message.target for message in distinct), which),
            "target_kind": _texts((kind for kind, _ in subjects), which),
            "target_name": _texts((name for _, name in subjects), which),
            "layer": _texts((message.layer for message in distinct), which),
            "origin": _texts(_ORIGINS, np.asarray(self._origin, dtype=np.int64)),
            "duplicates": pd.Series(np.asarray(self._duplicates, dtype=np.int64), dtype="Int64"),
            "tag": _texts((message.tag for message in distinct), which),
            "style": _texts(STYLES, np.asarray(self._style, dtype=np.int64)),
            "run": _texts([run], np.zeros(len(self), dtype=np.int64)),
            "line": pd.Series(np.asarray(self._line, dtype=np.int64), dtype="Int64"),
        }
        return DENIALS.frame(columns), notes

    def unparsed(self, run: str) -> pd.DataFrame:
        """Build the frame of lines that name the sandbox and do not parse."""
        lines, texts, reasons = (
            zip(*self._unparsed, strict=True) if self._unparsed else ((), (), ())
        )
        return UNPARSED.frame(
            {"run": [run] * len(lines), "line": lines, "text": texts, "reason": reasons}
        )


def _settle_layers(messages: list[Message]) -> list[Message]:
    """Give old duplicate reports the layer of the denial they repeat: they do not print it.

    macOS 10.14 wrote ``Sandbox: mds(76) System Policy: deny(1) …`` and then
    ``Sandbox: 4 duplicate reports for mds deny(1) …``, with neither pid nor layer.
    """
    layers: dict[tuple[str | None, str, str | None], set[str]] = {}
    for message in messages:
        if message.pid is not None:
            key = (message.process, message.operation, message.target)
            layers.setdefault(key, set()).add(message.layer)
    return [
        replace(message, layer="system-policy")
        if message.duplicates
        and message.pid is None
        and layers.get((message.process, message.operation, message.target)) == {"system-policy"}
        else message
        for message in messages
    ]


def _texts(distinct: Iterable[str | None], which: np.ndarray) -> pd.Series:
    values = pd.Series(list(distinct), dtype="str")
    return values.take(which).reset_index(drop=True)


def _numbers(distinct: Iterable[int | None], which: np.ndarray) -> pd.Series:
    values = pd.Series(pd.array(list(distinct), dtype="Int64"))
    return values.take(which).reset_index(drop=True)

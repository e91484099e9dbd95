"""Records as they are read, and the denials frame that is built of them at the end.

Messages repeat, so a row holds the number of its message in a table of distinct ones; memory
follows the denials found. Both readers, line by line and block by block, fill the same rows.
"""

from __future__ import annotations

import datetime as dt
from array import array
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sbdiag.capture.frames import DENIALS, UNPARSED, Coded
from sbdiag.capture.message import Message
from sbdiag.capture.styles import Origin, Style
from sbdiag.capture.times import KINDS, NAT, Kind, Moment, settle

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Row:
    """One denial as it was read.

    Attributes
    ----------
    message, moment, style, origin
        What was printed, when, how and by whom.
    line
        1-based, where it begins.
    """

    message: Message
    moment: Moment | None
    style: Style
    origin: Origin
    line: int

    def is_like(self, other: Row) -> bool:
        """Return whether both were written at one time, by one writer, in one style."""
        return (self.moment, self.style, self.origin) == (other.moment, other.style, other.origin)


class _Columns(NamedTuple):
    """Rows, as numbers: message, time, writer, line."""

    ranks: Numbers
    micros: Numbers
    writers: Numbers
    lines: Numbers


_SHORT: Final = 64  # fewer rows are no part of their own
Writer: TypeAlias = "tuple[Kind, Style, Origin]"


class Rows:
    """Denials and unparsed lines of one capture, in the order in which they were read."""

    def __init__(self) -> None:
        self._ranks: dict[Message, int] = {}
        self._writers: dict[Writer, int] = {}  # how, by whom, and with which kind of time
        self._columns: list[_Columns] = []  # one part after the other
        self._single = tuple(array("q") for _ in _Columns._fields)  # the last part, row by row
        self._length = 0
        self._repeated: dict[int, int] = {}  # row: times the line was repeated, and once more
        self._unparsed: list[tuple[int, str, str]] = []

    def __len__(self) -> int:
        return self._length

    def add(
        self, message: Message, *, moment: Moment | None, style: Style, origin: Origin, line: int
    ) -> None:
        """Add one denial."""
        row = Row(message, moment, style, origin, line)
        micros = NAT if moment is None else moment.micros
        values = (self.rank(message), micros, self.writer_of(row), line)
        for column, value in zip(self._single, values, strict=True):
            column.append(value)
        self._length += 1

    def extend(self, ranks: Numbers, *, micros: Numbers, writers: Numbers, lines: Numbers) -> None:
        """Add denials.

        Parameters
        ----------
        ranks, writers
            As :meth:`rank` and :meth:`writer_of` give them.
        micros, lines
            When, in the writer's kind of time, and in which line.
        """
        self._length += len(ranks)
        columns = _Columns(ranks, micros, writers, lines)
        if len(ranks) < _SHORT:
            for single, column in zip(self._single, columns, strict=True):
                single.extend(column.tolist())
            return
        self._close_part()
        self._columns.append(columns)

    def rank(self, message: Message) -> int:
        """Return the place of a message among the distinct ones, at the end if it is new."""
        return self._ranks.setdefault(message, len(self._ranks))

    def writer_of(self, row: Row) -> int:
        """Return the place of a row's writer among the distinct ones, at the end if it is new."""
        kind: Kind = "none" if row.moment is None else row.moment.kind
        return self._writers.setdefault((kind, row.style, row.origin), len(self._writers))

    def rows(self) -> list[Row]:
        """Return what was added, row by row."""
        messages, writers = list(self._ranks), list(self._writers)
        rows = []
        for rank, micros, writer, line in zip(
            *(column.tolist() for column in self._whole()), strict=True
        ):
            kind, style, origin = writers[writer]
            moment = None if kind == "none" else Moment(micros, kind)
            rows.append(Row(messages[rank], moment, style, origin, line))
        return rows

    def repeat_last(self, times: int) -> None:
        """Count `times` further occurrences of all that the last row stands for."""
        last = self._length - 1
        self._repeated[last] = self._repeated.get(last, 1) * (times + 1)

    def add_unparsed(self, line: int, text: str, reason: str) -> None:
        """Add one line that names the sandbox and does not parse."""
        self._unparsed.append((line, text, reason))

    def denials(
        self, run: str, *, tz: str | dt.tzinfo | None, modified: float | None
    ) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Build the frame; return it with what was assumed about times."""
        which, micros, by, lines = self._whole()
        distinct = _settle_layers(
            list(self._ranks), used=set(np.flatnonzero(np.bincount(which)).tolist())
        )
        kinds = np.array([KINDS.index(kind) for kind, _, _ in self._writers], dtype=np.int8)
        times, notes = settle(micros, kinds[by], tz=tz, modified=modified)
        subjects = [message.subject for message in distinct]
        targets, names = [message.target for message in distinct], [name for _, name in subjects]
        target = Coded(targets, which).texts()
        run_of_all = np.zeros(len(self), dtype=np.int64)
        columns = {
            "time": times,
            "process": Coded([message.process for message in distinct], which),
            "pid": Coded([message.pid for message in distinct], which),
            "verdict": Coded([message.verdict for message in distinct], which),
            "code": Coded([message.code for message in distinct], which),
            "operation": Coded([message.operation for message in distinct], which),
            "target": target,
            "target_kind": Coded([kind for kind, _ in subjects], which),
            "target_name": target if names == targets else Coded(names, which),
            "layer": Coded([message.layer for message in distinct], which),
            "origin": Coded([origin for _, _, origin in self._writers], by),
            "duplicates": pd.Series(self._duplicates(distinct, which), dtype="Int64"),
            "tag": Coded([message.tag for message in distinct], which),
            "style": Coded([style for _, style, _ in self._writers], by),
            "run": Coded([run], run_of_all),
            "line": pd.Series(lines, dtype="Int64"),
        }
        return DENIALS.frame(columns), notes

    def _duplicates(self, messages: list[Message], which: Numbers) -> Numbers:
        printed = np.array([message.duplicates for message in messages], dtype=np.int64)
        duplicates = printed[which] if printed.any() else np.zeros(len(which), dtype=np.int64)
        for row, times in self._repeated.items():
            duplicates[row] = min((int(duplicates[row]) + 1) * times - 1, 2**63 - 1)
        return duplicates

    def _whole(self) -> _Columns:
        """Return the columns of all rows."""
        self._close_part()
        if len(self._columns) != 1:
            empty = _Columns(*(np.empty(0, dtype=np.int64) for _ in _Columns._fields))
            parts = zip(empty, *self._columns, strict=True)
            self._columns = [_Columns(*(np.concatenate(column) for column in parts))]
        return self._columns[0]

    def _close_part(self) -> None:
        if self._single[0]:
            self._columns.append(
                _Columns(*(np.array(column, dtype=np.int64) for column in self._single))
            )
            self._single = tuple(array("q") for _ in _Columns._fields)

    def unparsed(self, run: str) -> pd.DataFrame:
        """Build the frame of lines that name the sandbox and do not parse."""
        lines, texts, reasons = (
            zip(*self._unparsed, strict=True) if self._unparsed else ((), (), ())
        )
        return UNPARSED.frame(
            {"run": [run] * len(lines), "line": lines, "text": texts, "reason": reasons}
        )


def _settle_layers(messages: list[Message], *, used: set[int]) -> list[Message]:
    """Give old duplicate reports the layer of the denial they repeat: they do not print it.

    macOS 10.14 wrote ``Sandbox: mds(76) System Policy: deny(1) …`` and then
    ``Sandbox: 4 duplicate reports for mds deny(1) …``, with neither pid nor layer. Only messages
    that a row has, the `used` ones, are looked at.
    """
    layers: dict[tuple[str | None, str, str | None], set[str]] = {}
    for rank, message in enumerate(messages):
        if rank in used and message.pid is not None:
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

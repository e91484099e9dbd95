"""The columns of every frame that capture/ yields, declared once.

A step that needs columns says so with :meth:`Schema.check`; a reader builds its frame with
:meth:`Schema.frame`, so that an empty frame has the same types as a full one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import union_categoricals

from sbdiag.errors import FrameError

_PIECE_ROWS: Final = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column in which values repeat: the distinct ones, and for each row which one it has."""

    distinct: Sequence[str | int | None]
    which: npt.NDArray[np.int64]

    def texts(self) -> pd.Series:
        """Return the column as text."""
        texts = pa.array(list(self.distinct), type=pa.large_string())
        same = len(set(self.distinct)) == 1
        taken = _repeated(texts, len(self.which)) if same else _taken(texts, self.which)
        kind = pd.StringDtype("pyarrow", na_value=np.nan)
        # pandas' protocol for Arrow, which its stubs do not know
        return pd.Series(kind.__from_arrow__(taken))  # type: ignore[attr-defined]

    def numbers(self) -> pd.Series:
        """Return the column as integers that may be missing."""
        missing = np.array([value is None for value in self.distinct], dtype=bool)
        values = np.array([value or 0 for value in self.distinct], dtype=np.int64)
        lacking = missing[self.which] if missing.any() else np.zeros(len(self.which), dtype=bool)
        return pd.Series(pd.arrays.IntegerArray(values[self.which], lacking))

    def categories(self, all_of_them: Sequence[str]) -> pd.Series:
        """Return the column as a category; without given categories, those in use, sorted."""
        names = list(all_of_them)
        if not names:
            used = np.flatnonzero(np.bincount(self.which)).tolist()
            names = sorted({str(value) for n in used if (value := self.distinct[n]) is not None})
        places = {name: place for place, name in enumerate(names)}
        codes: npt.NDArray[np.integer[Any]] = np.array(
            [-1 if value is None else places.get(str(value), -1) for value in self.distinct],
            dtype=np.int8 if len(names) < 128 else np.int32,
        )
        categories = pd.Index(names, dtype="str")
        values = pd.Categorical.from_codes(codes[self.which], categories, validate=False)
        return pd.Series(values)


# Memory that the system must provide takes longer than all that is done in it. So what repeats is
# there once, and the rest in memory of NumPy, which asks for large pages.


def _repeated(texts: pa.LargeStringArray, rows: int) -> pa.ChunkedArray:
    """Return the first text so many times."""
    whole, rest = divmod(rows, _PIECE_ROWS)
    piece = texts.take(pa.array(np.zeros(min(rows, _PIECE_ROWS), dtype=np.int64)))
    return pa.chunked_array([*[piece] * whole, piece[:rest]])


def _taken(texts: pa.LargeStringArray, which: npt.NDArray[np.int64]) -> pa.LargeStringArray:
    """Return the texts that stand in these places."""
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    bounds = np.empty(len(which) + 1, dtype=np.int64)
    bounds[0] = 0
    data = np.empty(int(np.bincount(which, minlength=len(texts)) @ lengths), dtype=np.uint8)
    for first in range(0, len(which), _PIECE_ROWS):
        rows = which[first : first + _PIECE_ROWS]
        start, ends = bounds[first], bounds[first + 1 : first + 1 + len(rows)]
        np.cumsum(lengths[rows], out=ends)
        ends += start
        if size := int(ends[-1] - start):
            piece = texts.take(pa.array(rows)).buffers()[2]
            data[start : start + size] = np.frombuffer(piece, dtype=np.uint8, count=size)
    present = None
    if texts.null_count:
        there = texts.is_valid().to_numpy(zero_copy_only=False)
        present = pa.py_buffer(np.packbits(there[which], bitorder="little"))
    return pa.LargeStringArray.from_buffers(
        len(which), pa.py_buffer(bounds), pa.py_buffer(data), present
    )


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, pandas dtype as text, and what it means."""

    name: str
    dtype: str
    meaning: str
    categories: tuple[str, ...] = ()

    def apply(self, values: object) -> pd.Series:
        """Return `values` as a Series of this column's type."""
        if isinstance(values, Coded):
            if self.dtype == "category":
                return values.categories(self.categories)
            return values.numbers() if self.dtype == "Int64" else values.texts()
        if isinstance(values, pd.Series) and str(values.dtype) == self.dtype != "category":
            return values
        if self.dtype == "category":
            if self.categories:
                kind = pd.CategoricalDtype(list(self.categories), ordered=False)
                return pd.Series(values, dtype=kind)
            return pd.Series(values, dtype="str").astype("category")
        if self.dtype.startswith("datetime64"):
            times = pd.to_datetime(pd.Series(values, dtype="object"), utc=True).dt.as_unit("us")
            return cast("pd.Series", times)
        return pd.Series(values, dtype=self.dtype)


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of one frame, in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def frame(
        self, records: Mapping[str, Any] | Iterable[Mapping[str, object]] = ()
    ) -> pd.DataFrame:
        """Build a frame with exactly these columns and types from columns or records."""
        if isinstance(records, Mapping):
            data: Mapping[str, Any] = records
        else:
            rows = list(records)
            data = {name: [row.get(name) for row in rows] for name in self.names}
        return pd.DataFrame(
            {column.name: column.apply(data.get(column.name, [])) for column in self.columns},
            copy=False,
        )

    def concat(self, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """Put frames of this schema one below the other, rows numbered anew, types kept."""
        parts = [self.check(frame) for frame in frames]
        if len(parts) < 2:
            return parts[0].reset_index(drop=True) if parts else self.frame()
        return pd.DataFrame(
            {
                column.name: _joined([part[column.name] for part in parts])
                for column in self.columns
            },
            copy=False,
        )

    def check(self, frame: pd.DataFrame, *, need: Iterable[str] | None = None) -> pd.DataFrame:
        """Return `frame` if it has the columns (all, or those in `need`); else say which lack."""
        lacking = [
            name for name in (self.names if need is None else need) if name not in frame.columns
        ]
        if lacking:
            raise FrameError(f"the {self.name} frame lacks {', '.join(lacking)}")
        return frame


def _joined(parts: list[pd.Series]) -> pd.Series:
    """Put parts of one column one below the other; what one part has as categories, all have."""
    if not isinstance(parts[0].dtype, pd.CategoricalDtype):
        return pd.concat(parts, ignore_index=True)
    if all(part.dtype == parts[0].dtype for part in parts):
        return pd.concat(parts, ignore_index=True)
    return pd.Series(union_categoricals(parts, sort_categories=True))


VERDICTS: Final = ("deny", "allow")
LAYERS: Final = ("profile", "system-policy")
ORIGINS: Final = ("kernel", "sandboxd", "reported", "other")
SIGNING_STATES: Final = (
    "entitlements",
    "cut",
    "none",
    "unsigned",
    "linker-signed",
    "invalid-blob",
    "unknown",
)
VALUE_TYPES: Final = ("bool", "integer", "real", "string", "data", "date", "array", "dict")
LEVELS: Final = ("trace", "debug", "info", "warning", "error", "fatal", "panic")
LIMA_MILESTONES: Final = (
    "starting-instance",
    "hostagent-socket",
    "dns-fallback",
    "starting-vz",
    "rosetta-share",
    "rosetta-unavailable",
    "vz-error",
    "state-running",
    "state-stopped",
    "ssh-port",
    "guest-agent-running",
    "requirement-waiting",
    "requirement-satisfied",
    "ready",
    "degraded",
    "exiting",
    "fatal",
    "other",
)
LIMA_PROCESSES: Final = ("limactl", "hostagent", "unknown")

DENIALS: Final = Schema(
    "denials",
    (
        Column("time", "datetime64[us, UTC]", "NaT where the text has none"),
        Column(
            "process", "str", "as printed; cut by the kernel to 16 or 32 bytes, never a join key"
        ),
        Column("pid", "Int64", "as printed"),
        Column("verdict", "category", "deny, or allow for report lines", VERDICTS),
        Column("code", "Int64", "N of deny(N), uninterpreted"),
        Column("operation", "category", "exact, with its star if printed"),
        Column("target", "str", "the detail verbatim, missing where none"),
        Column("target_kind", "category", "what the rule needs: path, global-name, …"),
        Column("target_name", "str", "the value of that kind, taken out of target"),
        Column("layer", "category", "whose refusal: your profile, or System Policy", LAYERS),
        Column("origin", "category", "who wrote the line", ORIGINS),
        Column("duplicates", "Int64", "N of 'N duplicate reports for'; occurrences = N + 1"),
        Column("tag", "str", "the (with message …) line under the denial"),
        Column("style", "category", "how the line was written"),
        Column("run", "str", "which capture"),
        Column("line", "Int64", "1-based line of the record in its file"),
    ),
)

UNPARSED: Final = Schema(
    "unparsed",
    (
        Column("run", "str", "which capture"),
        Column("line", "Int64", "1-based line in its file"),
        Column("text", "str", "the line as read, broken bytes replaced"),
        Column("reason", "str", "why it is not a record"),
    ),
)

ENTITLEMENTS: Final = Schema(
    "entitlements",
    (
        Column("run", "str", "which dump: the file's name, or the run it belongs to"),
        Column("executable", "str", "the signed file, missing where the dump does not say"),
        Column("state", "category", "what the dump is, see capture.codesign", SIGNING_STATES),
        Column("key", "str", "the entitlement; missing for a state that has none"),
        Column("value", "object", "bool, int, float, str, list or dict; data as base64 text"),
        Column("type", "category", "how the value was written", VALUE_TYPES),
        Column("purpose", "str", "what the key is for, where the table knows it"),
        Column("line", "Int64", "1-based line of the key in the dump"),
    ),
)

MILESTONES: Final = Schema(
    "milestones",
    (
        Column("time", "datetime64[us, UTC]", "NaT where the text has none"),
        Column("offset_seconds", "Float64", "seconds since start, from INFO[0005]"),
        Column("milestone", "category", "which line it is; 'other' if none", LIMA_MILESTONES),
        Column("level", "category", "missing where the line is no log line", LEVELS),
        Column("source", "category", "limactl, hostagent or unknown", LIMA_PROCESSES),
        Column("message", "str", "the line's message"),
        Column("error", "str", "the attached error"),
        Column("code", "Int64", "N of VZErrorDomain Code=N"),
        Column("run", "str", "which log"),
        Column("line", "Int64", "1-based line in its file"),
    ),
)

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
from pandas.api.types import union_categoricals

from sbdiag.errors import FrameError


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column in which values repeat: the distinct ones, and for each row which one it has."""

    distinct: Sequence[str | int | None]
    which: npt.NDArray[np.int64]

    def texts(self) -> pd.Series:
        """Return the column as text."""
        return self._taken(pd.Series(list(self.distinct), dtype="str"))

    def numbers(self) -> pd.Series:
        """Return the column as integers that may be missing."""
        return self._taken(pd.Series(list(self.distinct), dtype="Int64"))

    def categories(self, all_of_them: Sequence[str]) -> pd.Series:
        """Return the column as a category; without given categories, those in use, sorted."""
        names = list(all_of_them)
        if not names:
            used = np.flatnonzero(np.bincount(self.which)).tolist()
            names = sorted({str(value) for n in used if (value := self.distinct[n]) is not None})
        places = {name: place for place, name in enumerate(names)}
        codes = np.array(
            [-1 if value is None else places.get(str(value), -1) for value in self.distinct],
            dtype=np.int32,
        )
        kind = pd.CategoricalDtype(pd.Index(names, dtype="str"), ordered=False)
        return pd.Series(pd.Categorical.from_codes(codes[self.which], dtype=kind))

    def _taken(self, values: pd.Series) -> pd.Series:
        return values.take(self.which).reset_index(drop=True)


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

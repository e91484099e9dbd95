"""The denials of many machines, on Dask: the same rows as on one machine, reduced on the workers.

Needs ``pip install sbdiag[dask]``. URLs are fsspec's (``s3://…/*.log.zst``, ``https://…``, paths);
each file is read by the one reader of :mod:`sbdiag.capture`, so every style and compression works.
One host's broken file is a row of :attr:`Fleet.errors`, not a failed job.

>>> from sbdiag import fleet
>>> hosts = fleet.read("s3://logs/*/capture.log.zst")  # doctest: +SKIP
>>> seen = fleet.summary(hosts.denials)  # doctest: +SKIP
>>> rules = fleet.minimal_rules(seen)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import dask.dataframe as dd
import fsspec
import pandas as pd
from dask.base import tokenize
from dask.dataframe.utils import clear_known_categories
from dask.delayed import delayed

from sbdiag.capture.frames import DENIALS, Column, Schema
from sbdiag.capture.unified_log import read_capture
from sbdiag.diagnosis import minimize
from sbdiag.diagnosis.ruleset import RuleSet, Widen, XpcKind
from sbdiag.errors import CaptureReadError, SbdiagError
from sbdiag.seatbelt.profile import Profile

FILES: Final = Schema(
    "files",
    (
        Column("host", "str", "which host, as in the run column of the denials"),
        Column("url", "str", "the file"),
        Column("error", "str", "why it could not be read; missing where it was"),
        Column("notes", "str", "what was assumed, and where compressed data breaks off"),
        Column("lines", "Int64", "lines read"),
        Column("denials", "Int64", "rows in the denials frame"),
        Column("unparsed", "Int64", "lines that name the sandbox and do not parse"),
    ),
)

SUMMARY: Final = Schema(
    "summary",
    (
        Column("verdict", "category", "deny or allow", ("deny", "allow")),
        Column("layer", "category", "profile or system-policy"),
        Column("origin", "category", "who wrote the line"),
        Column("operation", "category", "exact"),
        Column("target", "str", "the detail verbatim"),
        Column("target_kind", "category", "what the rule needs"),
        Column("target_name", "str", "the value of that kind"),
        Column("occurrences", "Int64", "lines and their duplicate reports, on all hosts"),
        Column("hosts", "object", "tuple of the hosts that saw it, sorted"),
        Column("first", "datetime64[us, UTC]", "earliest time; NaT where no line has one"),
        Column("last", "datetime64[us, UTC]", "latest time"),
        Column("run", "str", "the first host, with the line that shows it"),
        Column("line", "Int64", "first line on that host"),
    ),
)
_ACCESS: Final = [
    "verdict",
    "layer",
    "origin",
    "operation",
    "target",
    "target_kind",
    "target_name",
]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two lazy frames over the same files; compute them together and each file is read once.

    Attributes
    ----------
    denials
        Columns of :data:`~sbdiag.capture.frames.DENIALS`, a partition a file; ``run`` is the host.
    files
        Columns of :data:`FILES`, one row a file, in the order of the files.
    """

    denials: dd.DataFrame
    files: dd.DataFrame

    @property
    def errors(self) -> dd.DataFrame:
        """The files that could not be read, and why."""
        broken: dd.DataFrame = self.files[self.files["error"].notnull()]
        return broken


def read(
    urls: str | Iterable[str],
    *,
    hosts: Mapping[str, str] | None = None,
    tz: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Fleet:
    """Read the captures of many hosts, lazily.

    Parameters
    ----------
    urls
        fsspec URLs; ``*`` is expanded by the file system. Order: as given, matches sorted.
    hosts
        What each expanded URL's host is called; by default the shortest end of the URL that
        tells the files apart.
    tz
        Zone of times written without one; default UTC.
    storage_options
        For the file system.

    Raises
    ------
    CaptureReadError
        If no URL is given or one with ``*`` matches nothing.
    """
    options = dict(storage_options or {})
    files = _expanded([urls] if isinstance(urls, str) else list(urls), options)
    names = {**_short(files), **(hosts or {})}
    jobs = [(url, names[url], tz, options) for url in files]
    readings = [delayed(_read)(*job, dask_key_name=f"read-{tokenize(*job)}") for job in jobs]
    return Fleet(
        dd.from_delayed(
            [delayed(_first)(reading) for reading in readings],
            meta=clear_known_categories(DENIALS.frame(), cols=_open_categories()),
            verify_meta=False,
        ),
        dd.from_delayed(
            [delayed(_second)(reading) for reading in readings],
            meta=FILES.frame(),
            verify_meta=False,
        ),
    )


def read_denials(
    urls: str | Iterable[str],
    *,
    hosts: Mapping[str, str] | None = None,
    tz: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> dd.DataFrame:
    """Read the captures of many hosts; as :func:`read`, without the frame of errors."""
    return read(urls, hosts=hosts, tz=tz, storage_options=storage_options).denials


def summary(denials: dd.DataFrame) -> pd.DataFrame:
    """Reduce denials to their distinct accesses on the workers.

    Returns
    -------
    DataFrame
        Columns of :data:`SUMMARY`, in the order of operation and target: the same rows whatever
        the partitions are.
    """
    merged = denials.reduction(
        _partial, combine=_combined, aggregate=_combined, meta=SUMMARY.frame(), split_every=8
    ).compute()
    return SUMMARY.frame(merged.to_dict("list"))


def minimal_rules(
    summary: pd.DataFrame,
    *,
    profile: Profile | None = None,
    widen: Widen = "known",
    xpc: XpcKind = "both",
    sensitive: Sequence[str] = (),
    noise: Sequence[str] = (),
) -> RuleSet:
    """Propose the rules that a fleet needs; the evidence labels are rows of `summary`.

    Options: see :func:`sbdiag.minimal_rules`.
    """
    return minimize.minimal_rules(
        as_denials(summary),
        profile=profile,
        widen=widen,
        xpc=xpc,
        sensitive=sensitive,
        noise=noise,
    )


def as_denials(summary: pd.DataFrame) -> pd.DataFrame:
    """Turn a summary into a denials frame of one row an access, under the same labels."""
    SUMMARY.check(summary)
    columns: dict[str, Any] = {name: summary[name].to_list() for name in _ACCESS}
    columns |= {
        "time": summary["first"].to_list(),
        "duplicates": (summary["occurrences"] - 1).to_list(),
        "run": summary["run"].to_list(),
        "line": summary["line"].to_list(),
    }
    blank = [None] * len(summary)
    frame = DENIALS.frame({name: columns.get(name, blank) for name in DENIALS.names})
    return frame.set_axis(summary.index)


def to_parquet(denials: dd.DataFrame, path: str, **storage_options: Any) -> None:
    """Write denials as Parquet, one file a partition; :func:`read_parquet` gives them back."""
    denials.to_parquet(path, write_index=False, storage_options=storage_options or None)


def read_parquet(path: str, **storage_options: Any) -> dd.DataFrame:
    """Read what :func:`to_parquet` wrote, with the types of the denials frame."""
    stored = dd.read_parquet(path, storage_options=storage_options or None)
    meta = clear_known_categories(DENIALS.frame(), cols=_open_categories())
    typed: dd.DataFrame = stored.map_partitions(_typed, meta=meta)
    return typed


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    return DENIALS.frame({name: frame[name] for name in DENIALS.names})


def _open_categories() -> list[str]:
    """Columns whose categories differ from file to file."""
    return [c.name for c in DENIALS.columns if c.dtype == "category" and not c.categories]


def _expanded(urls: Sequence[str], options: Mapping[str, Any]) -> list[str]:
    files: list[str] = []
    for url in urls:
        if "*" not in url:
            files.append(url)
            continue
        system, path = fsspec.core.url_to_fs(url, **options)
        found = sorted(system.unstrip_protocol(name) for name in system.glob(path))
        if not found:
            raise CaptureReadError(f"no file matches {url!r}")
        files.extend(found)
    if not files:
        raise CaptureReadError("no URL was given")
    return files


def _short(files: Sequence[str]) -> dict[str, str]:
    """Call each file by as few of its last parts as tell all of them apart."""
    parts = {url: PurePosixPath(url.split("://")[-1].replace("\\", "/")).parts for url in files}
    longest = max(len(part) for part in parts.values())
    for length in range(1, longest + 1):
        names = {url: "/".join(part[-length:]) for url, part in parts.items()}
        if len(set(names.values())) == len(set(files)):
            return names
    return {url: url for url in files}


def _read(
    url: str, host: str, tz: str | None, options: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read one host's file: its denials, and one row on how that went."""
    row: dict[str, object] = {"host": host, "url": url}
    try:
        with fsspec.open(url, "rb", **options) as file:
            reading = read_capture(file, tz=tz, run=host, progress=False)
    except (SbdiagError, OSError) as error:
        return DENIALS.frame(), FILES.frame([{**row, "error": str(error)}])
    counts = reading.counts
    row |= {"lines": counts.lines, "denials": counts.denials, "unparsed": counts.unparsed}
    return reading.denials, FILES.frame([{**row, "notes": "; ".join(reading.notes)}])


def _first(reading: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return reading[0]


def _second(reading: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return reading[1]


def _partial(denials: pd.DataFrame) -> pd.DataFrame:
    """Distinct accesses of one partition."""
    rows = denials.astype(dict.fromkeys(_ACCESS, "str"))
    return _combined(
        pd.DataFrame(
            {
                **{name: rows[name] for name in _ACCESS},
                "occurrences": denials["duplicates"].fillna(0) + 1,
                "hosts": [(host,) for host in denials["run"]],
                "first": denials["time"],
                "last": denials["time"],
                "run": denials["run"],
                "line": denials["line"],
            }
        )
    )


def _combined(parts: pd.DataFrame) -> pd.DataFrame:
    """Distinct accesses of several partitions; any order of combining gives the same rows."""
    rows = parts.astype(dict.fromkeys(_ACCESS, "str"))
    # The example is the first host's, and there the first line.
    rows = rows.sort_values([*_ACCESS, "run", "line"], kind="stable", na_position="first")
    groups = rows.groupby(_ACCESS, sort=False, dropna=False)
    merged = groups.agg(
        occurrences=("occurrences", "sum"),
        hosts=("hosts", lambda each: tuple(sorted({host for some in each for host in some}))),
        first=("first", "min"),
        last=("last", "max"),
        run=("run", "first"),
        line=("line", "first"),
    )
    return merged.reset_index()[SUMMARY.names]

"""Join captures, entitlements, Lima's log and a profile into one report; decide nothing here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from sbdiag.capture.beside import read_beside
from sbdiag.capture.captures import COUNTED, read_captures
from sbdiag.capture.frames import DENIALS, ENTITLEMENTS, MILESTONES, UNPARSED
from sbdiag.capture.redact import redaction
from sbdiag.capture.sources import Kind, Readable, Source
from sbdiag.capture.unified_log import Counts
from sbdiag.diagnosis.causes import Evidence
from sbdiag.diagnosis.findings import findings
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import RuleSet, Widen, XpcKind
from sbdiag.diagnosis.runs import rule_runs, run_order
from sbdiag.diagnosis.startup import stages
from sbdiag.diagnosis.verify import verify
from sbdiag.display import html
from sbdiag.display.visible import counted
from sbdiag.errors import CaptureError
from sbdiag.export import nono, notebook, sb
from sbdiag.export.account import Export
from sbdiag.export.policy import read_policy
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.rewrite import rewritten, texts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sbdiag.display.plot_data.timeline import Color, Lanes
    from sbdiag.display.theme import ThemeName
    from sbdiag.display.widgets import Explorer, Upload

_REDACTED: Final = ("Names are stand-ins: put the real ones in their places before this is used.",)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One investigation: what was refused, what it means, and the rules that lift it.

    Attributes
    ----------
    denials, unparsed, entitlements, milestones
        What was read (columns: :mod:`sbdiag.capture.frames`). Row labels of ``denials`` are the
        evidence that stages, findings and rules point at.
    counts
        Lines read = denials + continuation + not ours + unparsed, over all captures.
    runs
        The same counts, one row a run.
    stages, findings, verification
        What it means (columns: :mod:`sbdiag.diagnosis.startup`, ``findings``, ``verify``).
    rules
        The minimal :class:`~sbdiag.diagnosis.ruleset.RuleSet`.
    profile
        The profile that was given, if one was.
    notes
        What was assumed or left out while reading.
    redacted
        Whether names were replaced by stand-ins.
    widen, xpc
        The options under which the rules were made.
    """

    denials: pd.DataFrame
    unparsed: pd.DataFrame
    counts: Counts
    runs: pd.DataFrame
    entitlements: pd.DataFrame
    milestones: pd.DataFrame
    stages: pd.DataFrame
    findings: pd.DataFrame
    rules: RuleSet
    verification: pd.DataFrame
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
    redacted: bool = False
    widen: Widen = "known"
    xpc: XpcKind = "both"

    def rule_runs(self) -> pd.DataFrame:
        """Rule × run table: which run asked for which rule, and which showed it first."""
        return rule_runs(self.rules, self.denials, list(self.runs["run"]))

    def to_sb(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        whole: bool = False,
        base: sb.Base = "deny-default",
        home: sb.Home | None = None,
    ) -> Export:
        """Write the rules as Seatbelt text, and into `path` if one is given.

        Options: see :func:`sbdiag.to_sb`. Comments name run and line of the evidence.
        """
        export = sb.to_sb(self.rules, denials=self.denials, whole=whole, base=base, home=home)
        return _written(self._noted(export), path)

    def to_nono(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        name: str = "sbdiag",
        home: str | None = None,
        path_kinds: Mapping[str, nono.Kind] | None = None,
        omit_granted: bool = False,
    ) -> Export:
        """Write the rules as a nono profile, and into `path` if one is given.

        Options: see :func:`sbdiag.to_nono`.
        """
        export = nono.to_nono(
            self.rules,
            denials=self.denials,
            name=name,
            home=home,
            path_kinds=path_kinds,
            omit_granted=omit_granted,
        )
        return _written(self._noted(export), path)

    def _noted(self, export: Export) -> Export:
        return replace(export, notes=(*export.notes, *(_REDACTED if self.redacted else ())))

    def to_html(self, path: str | os.PathLike[str], *, pictures: bool = True) -> None:
        """Write one self-contained page, to open or to attach to an issue."""
        _write(html.report_page(self, pictures=pictures), path)

    def redact(self) -> Report:
        """Return the report with stand-ins for names of persons, machines and teams.

        User names and home directories, host names, addresses and team identifiers are replaced
        in what was read, and everything is concluded anew: rules, pictures, pages and exports
        hold stand-ins too. Known places below a home directory keep their meaning. What the
        reader cannot tell for a name (a project's, a customer's) stays: look before you publish.
        """
        if self.redacted:
            return self
        frames = (
            self.denials,
            self.unparsed,
            self.entitlements,
            self.milestones,
            self.runs[["run"]],
        )
        profile = self.profile
        said = [*self.notes, *(() if profile is None else texts_of(profile))]
        found = redaction([*frames, pd.DataFrame({"text": pd.Series(said, dtype="str")})])
        text = found.replacer()
        return build(
            found.frame(self.denials),
            unparsed=found.frame(self.unparsed),
            entitlements=found.frame(self.entitlements),
            milestones=found.frame(self.milestones),
            runs=found.frame(self.runs),
            profile=None if profile is None else rewritten(profile, text),
            notes=tuple(map(text, self.notes)),
            widen=self.widen,
            xpc=self.xpc,
            redacted=True,
        )

    def to_notebook(self, path: str | os.PathLike[str]) -> None:
        """Write an executable write-up of this investigation; see :mod:`.export.notebook`."""
        _write(notebook.to_notebook(self), path)

    def plot_timeline(
        self,
        *,
        lanes: Lanes = "operation",
        color: Color | None = None,
        tz: str = "UTC",
        theme: ThemeName = "light",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw denials and milestones on one time axis; see :func:`sbdiag.plot_timeline`."""
        from sbdiag.display.plots import plot_timeline  # matplotlib, only when it is asked for

        return plot_timeline(
            self.denials,
            self.milestones,
            lanes=lanes,
            color=color,
            stages=self.stages if len(self.stages) else None,
            tz=tz,
            theme=theme,
            ax=ax,
        )

    def plot_startup(self, *, theme: ThemeName = "light", ax: Axes | None = None) -> Axes:
        """Draw how far the start came in each run; see :func:`sbdiag.plot_startup`."""
        from sbdiag.display.plots import plot_startup  # matplotlib, only when it is asked for

        return plot_startup(self, theme=theme, ax=ax)

    def explore(self, *, theme: ThemeName = "light") -> Explorer:
        """Show the report in a notebook to choose, accept, reject and widen; see `explore`."""
        from sbdiag.display.widgets import Explorer  # ipywidgets, only when it is asked for

        return Explorer(self, theme=theme)

    def _repr_html_(self) -> str:
        return html.report_html(self)

    def __repr__(self) -> str:
        return (
            f"<sbdiag.Report: {counted(len(self.denials), 'denial')} in"
            f" {counted(len(self.runs), 'run')}, {counted(len(self.rules), 'rule')},"
            f" {counted(len(self.unparsed), 'unparsed line')};"
            " see .findings, .stages, .rules, .to_sb()>"
        )


def analyze(
    capture: Readable | Iterable[Readable] | Mapping[str, bytes],
    *,
    entitlements: Readable | Sequence[Readable] | None = None,
    lima_log: Readable | Sequence[Readable] | None = None,
    profile: str | os.PathLike[str] | Profile | None = None,
    params: Mapping[str, str] | None = None,
    import_path: Iterable[str | os.PathLike[str]] = (),
    process: str | None = None,
    tz: str | None = None,
    widen: Widen = "known",
    xpc: XpcKind = "both",
    progress: bool | None = None,
) -> Report:
    """Read an investigation and say what was refused, why it matters and what would lift it.

    Parameters
    ----------
    capture
        A path, an open binary file, a directory, a glob, or a list of these. A directory's files
        are told apart by content; a directory of directories is a series of runs. Names with
        bytes (what an upload field hands over) count as the files of one directory.
    entitlements, lima_log
        A codesign dump and Lima's log, or one of each per run, in the order of the captures. One
        dump counts for all runs; one log is of the run that its times meet. Several logs go by
        their times too, where these tell for all of them; notes say which log went to which run.
    profile
        A Seatbelt profile that was in force: only what it lacks is proposed.
    params, import_path
        ``-D`` parameters of the profile, and where its imports are looked for. What is not found
        makes answers unknown, and a finding says so.
    process
        Keep the denials of this process only (as printed: the kernel cuts names).
    tz
        Zone of times that are written without one; default UTC, and a note says so.
    widen
        ``known``: a directory stands for its files only where a table says that a product owns
        it; ``none``: what was seen, to the letter; ``siblings``: directories of seen files.
    xpc
        Which kind of name answers a lookup printed as ``(xpc)``; field reports disagree.
    progress
        Show progress on long input; ``None`` decides by the terminal.

    Returns
    -------
    Report

    Raises
    ------
    SbdiagError
        With file and line; also a ``ValueError`` or ``OSError``.
    """
    read = read_captures(capture, process=process, tz=tz, progress=progress)
    names = tuple(dict.fromkeys(read.runs["run"]))
    named = (*_beside(lima_log, "lima-log", names), *_beside(entitlements, "entitlements", names))
    beside = read_beside((*read.found, *named), read.denials, names, tz=tz)
    other = [
        f"not read, neither a log nor a dump: {s.run}" for s in read.found if s.kind == "other"
    ]
    given = (
        profile
        if profile is None or isinstance(profile, Profile)
        # A nono profile is taken as well; imports that are missing make answers unknown.
        else read_policy(profile, params, import_path=import_path, missing_import="unknown")
    )
    _, order = run_order(names, read.denials, beside.milestones)
    return build(
        read.denials,
        unparsed=read.unparsed,
        entitlements=beside.entitlements,
        milestones=beside.milestones,
        runs=read.runs,
        profile=given,
        notes=tuple(
            dict.fromkeys((*read.notes, *beside.notes, *other, *([order] if order else [])))
        ),
        widen=widen,
        xpc=xpc,
    )


def explore(
    report: Report | None = None, *, upload: bool | None = None, theme: ThemeName = "light"
) -> Explorer | Upload:
    """Explore a report in a notebook, or files of one's own.

    Choose runs, processes, operations and a range of time; accept, reject or widen what is
    proposed; the rules, the nono profile and their proof change at once.

    Parameters
    ----------
    report
        What :func:`analyze` gave.
    upload
        Whether an upload field comes first, by default where there is no `report`. With both, the
        report is explored until files are uploaded.
    theme
        ``light`` or ``dark``: the colours of the pictures.

    Returns
    -------
    Explorer or Upload
        To be shown as the last value of a cell; ``.widget`` is the ipywidget. What is explored is
        in ``Explorer.state`` and, of uploaded files, ``Upload.report``.
    """
    if report is not None and not upload:
        return report.explore(theme=theme)
    from sbdiag.display.widgets import Upload  # ipywidgets, only when it is asked for

    def read(files: Mapping[str, bytes], tz: str | None, redacted: bool) -> Report:
        read = analyze(files, tz=tz, progress=False)
        return read.redact() if redacted else read

    return Upload(read, report=report, theme=theme)


def build(
    denials: pd.DataFrame,
    *,
    unparsed: pd.DataFrame,
    entitlements: pd.DataFrame,
    milestones: pd.DataFrame,
    runs: pd.DataFrame,
    profile: Profile | None,
    notes: tuple[str, ...],
    widen: Widen,
    xpc: XpcKind,
    redacted: bool = False,
) -> Report:
    """Draw every conclusion from frames that were read; the same frames give the same report."""
    order, _ = run_order(list(runs["run"]), denials, milestones)
    denials, unparsed, milestones, runs = (
        _in_order(frame, order) for frame in (denials, unparsed, milestones, runs)
    )
    rules = minimal_rules(denials, profile=profile, widen=widen, xpc=xpc)
    ladder = stages(denials, milestones, entitlements, runs=order)
    totals = {name: int(runs[name].sum()) for name in COUNTED}
    evidence = Evidence(
        denials,
        unparsed,
        milestones,
        entitlements,
        ladder,
        rules,
        profile,
        set_aside=totals["denials"] - len(denials),
    )
    return Report(
        denials=denials,
        unparsed=unparsed,
        counts=Counts(**totals),
        runs=runs,
        entitlements=entitlements,
        milestones=milestones,
        stages=ladder,
        findings=findings(evidence),
        rules=rules,
        verification=verify(rules, denials, profile=profile),
        profile=profile,
        notes=notes,
        redacted=redacted,
        widen=widen,
        xpc=xpc,
    )


def _in_order(frame: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Put the rows of each run together, in the order of the runs; rows are numbered anew."""
    if frame["run"].nunique() < 2:
        return frame
    place = frame["run"].map({run: number for number, run in enumerate(order)})
    if place.is_monotonic_increasing:
        return frame
    return frame.loc[place.sort_values(kind="stable").index].reset_index(drop=True)


def unpack(evidence: str) -> Report:
    """Build the report whose frames a written notebook carries.

    Parameters
    ----------
    evidence
        What :func:`sbdiag.export.notebook.evidence_text` wrote.
    """
    record: Mapping[str, Any] = notebook.read_evidence(evidence)
    given = record["profile"]
    return build(
        DENIALS.frame(record["denials"]),
        unparsed=UNPARSED.frame(record["unparsed"]),
        entitlements=ENTITLEMENTS.frame(record["entitlements"]),
        milestones=MILESTONES.frame(record["milestones"]),
        runs=pd.DataFrame(record["runs"], columns=["run", *COUNTED]),
        profile=None if given is None else parse_profile(given["text"], path=given["path"]),
        notes=tuple(record["notes"]),
        widen=record["widen"],
        xpc=record["xpc"],
        redacted=record["redacted"],
    )


def _beside(
    given: Readable | Sequence[Readable] | None, kind: Kind, runs: tuple[str, ...]
) -> list[Source]:
    """Files named beside the captures: one for each run in their order, or one of no one run."""
    if given is None:
        return []
    files: Sequence[Readable] = (
        [given] if isinstance(given, (str, os.PathLike)) or hasattr(given, "read") else list(given)  # type: ignore[list-item]
    )
    if len(files) not in {1, len(runs)}:
        raise CaptureError(
            f"{len(files)} files of kind {kind} for {len(runs)} runs: give one, or one each"
        )
    each = runs if len(files) == len(runs) else [""]
    return [
        Source(
            file if hasattr(file, "read") else os.fspath(file),  # type: ignore[arg-type]
            kind,
            run,
            # With a run of its own as well: it has that by its place in the list alone.
            runs if len(runs) > 1 else (),
        )
        for file, run in zip(files, each, strict=True)
    ]


def _written(export: Export, path: str | os.PathLike[str] | None) -> Export:
    if path is not None:
        _write(export.text, path)
    return export


def _write(text: str, path: str | os.PathLike[str]) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8", newline="\n")

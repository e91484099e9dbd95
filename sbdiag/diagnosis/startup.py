"""The start of a VM under Virtualization.framework (VZ), as a table of stages.

``stages(denials, milestones, entitlements)`` says for each run how far the start came. The order
and what is printed between the stages follow Lima's source (lima-vm/lima at 183a60d7,
pkg/driver/vz) and the write-up "Starting a VM from a MacOS sandbox" (brentfitzgerald.com,
2026-05-27); each row of :data:`STAGE_TABLE` names its own source.

A stage is

* *refused*: a denial, a line of Lima's log or an entitlement dump says so;
* *reached*: something says so, or a later stage could not have been tried without it, or another
  run of the series was refused there and came no further, and this one did;
* *not seen*: a file that would show it was read and shows nothing;
* *unknown*: no file was read that could tell, or what the files say does not settle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from sbdiag.capture.frames import DENIALS, ENTITLEMENTS, MILESTONES, Column, Schema
from sbdiag.diagnosis.accesses import numbered
from sbdiag.diagnosis.known import Place, place_of

Status: TypeAlias = Literal["reached", "refused", "not seen", "unknown"]
STATUSES: Final[tuple[Status, ...]] = ("reached", "refused", "not seen", "unknown")

VIRTUALIZATION_KEY: Final = "com.apple.security.virtualization"
VM_SERVICE: Final = "com.apple.Virtualization.VirtualMachine"

# What Go prints for EPERM; EACCES ("permission denied") is about the file's own permissions.
EPERM: Final = "operation not permitted"

# States of a dump that holds every key of the signature, so that a missing key is missing.
WHOLE_DUMPS: Final = ("entitlements", "none", "unsigned", "linker-signed", "invalid-blob")

STAGES: Final = Schema(
    "stages",
    (
        Column("run", "str", "which run of the series"),
        Column("order", "Int64", "place in the start, from 0"),
        Column("stage", "category", "identifier of the stage"),
        Column("title", "str", "what happens there"),
        Column("status", "category", "how far this run came", STATUSES),
        Column("time", "datetime64[us, UTC]", "of the first evidence; NaT where it has none"),
        Column("required", "category", "does a VM need it", ("yes", "no", "unknown")),
        Column("fails_as", "str", "what one sees when it is refused"),
        Column("why", "str", "what the status rests on, in words"),
        Column("denials", "object", "row labels of the denials frame"),
        Column("milestones", "object", "row labels of the milestones frame"),
        Column("entitlements", "object", "row labels of the entitlements frame"),
        Column("source", "str", "where the stage is described"),
    ),
)

_ARTICLE: Final = "brentfitzgerald.com, 'Starting a VM from a MacOS sandbox' (2026-05-27)"
_LIMA: Final = "lima-vm/lima 183a60d7"


@dataclass(frozen=True, slots=True)
class Mark:
    """What refuses a stage in the denials: operations, and the kind and name they ask for.

    ``name`` is compared whole, ``prefix`` at its start, ``place`` with the table of known places.
    """

    operation: str
    name: str = ""
    prefix: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the start: what marks it, what follows from it, and the source.

    ``refused_by`` and ``reached_by`` name milestones; ``vz-error:2`` asks for the code as well.
    Those in ``failed_by`` say that the step failed, and refuse it only where they name EPERM.

    A stage that *echoes* is named by the log when an earlier one was refused: Code=1 is the last
    word of a start that a denied lookup ended.
    """

    stage: str
    title: str
    required: Literal["yes", "no", "unknown"]
    fails_as: str
    source: str
    marks: tuple[Mark, ...] = ()
    refused_by: tuple[str, ...] = ()
    failed_by: tuple[str, ...] = ()
    reached_by: tuple[str, ...] = ()
    implied_by: tuple[str, ...] = ()
    because: str = ""
    echoes: bool = False


# Programs that start a VM for Lima; with a log of Lima's, denials of others are not of its start.
LIMA_PROCESSES: Final = ("limactl", "lima-driver-vz")

_AFTER_LOOKUP: Final = ("task-name", "virtiofs-extension", "rosetta-extension", "running", "ready")

STAGE_TABLE: Final[tuple[Stage, ...]] = (
    Stage(
        "lima-files",
        "Lima reads and writes its own state and image cache",
        "yes",
        "limactl stops before the VM, with 'operation not permitted' on a path under ~/.lima",
        f"{_ARTICLE}; {_LIMA} pkg/store",
        marks=(Mark("file-*", place="lima-state"), Mark("file-*", place="lima-cache")),
    ),
    Stage(
        "dns",
        "the host agent reads /etc/resolv.conf, a symbolic link to /private/var/run/resolv.conf",
        "no",
        "a warning, 'failed to detect system DNS, falling back to …'; the start goes on",
        f"{_ARTICLE}; {_LIMA} pkg/hostagent/dns/dns.go:99",
        marks=(Mark("file-read-*", place="resolv.conf"),),
        failed_by=("dns-fallback",),
    ),
    Stage(
        "entitlement",
        "the framework checks the caller for com.apple.security.virtualization",
        "yes",
        "VZErrorDomain Code=2: the process does not have the entitlement",
        f"{_LIMA} vz.entitlements; ronaldoussoren/pyobjc#434 (text of Code=2)",
        refused_by=("vz-error:2",),
        implied_by=("xpc-lookup", *_AFTER_LOOKUP),
        because="the configuration is validated before the machine is started",
    ),
    Stage(
        "xpc-lookup",
        f"the framework looks up the XPC service {VM_SERVICE}",
        "yes",
        "VZErrorDomain Code=1, 'Internal Virtualization error', with no reason given",
        _ARTICLE,
        marks=(Mark("mach-lookup", name=VM_SERVICE),),
        implied_by=_AFTER_LOOKUP,
        because="the process that hosts the guest exists, so its lookup was answered",
    ),
    Stage(
        "task-name",
        "the framework asks for the task name of the host process it started",
        "unknown",
        "disputed: the write-up allowed it before a Linux guest booted; an ablation on macOS 27.0.1"
        " with a macOS guest saw it refused without effect",
        f"{_ARTICLE}; wraithbox X25 (2026-10-06)",
        # The kernel cuts the name: com.apple.Virtualization.Virtual, com.apple.Virtua.
        marks=(Mark("mach-task-name", prefix="com.apple.Virtua"),),
    ),
    Stage(
        "virtiofs-extension",
        "the framework issues the extension for the virtio-fs share of a host directory",
        "yes",
        "VZErrorDomain Code=1 where a host directory is shared with the guest",
        f"{_ARTICLE}; wraithbox X25 (a share needs this class)",
        marks=(Mark("generic-issue-extension", name="com.apple.virtualization.extension.fuse"),),
    ),
    Stage(
        "rosetta-extension",
        "the framework issues the extension for the Rosetta share",
        "no",
        "the VM boots, but the guest cannot run x86-64 programs by Rosetta",
        _ARTICLE,
        marks=(
            Mark(
                "generic-issue-extension",
                name="com.apple.virtualization.extension.rosetta-directory-share",
            ),
        ),
        failed_by=("rosetta-unavailable",),
    ),
    Stage(
        "running",
        "the virtual machine changes its state to running",
        "yes",
        "the log ends with VZErrorDomain, or with 'did not receive an event …'",
        f"{_LIMA} pkg/driver/vz/vm_darwin.go:105",
        refused_by=("vz-error:1", "state-stopped", "exiting"),
        # DEGRADED: "The VM seems running, but …".
        reached_by=("state-running", "degraded"),
        implied_by=("ready",),
        because="the guest answered",
        echoes=True,
    ),
    Stage(
        "ready",
        "Lima reports READY: the guest answers and its mounts work",
        "yes",
        "DEGRADED, or the start times out",
        f"{_LIMA} pkg/instance/start.go:421",
        reached_by=("ready",),
        echoes=True,
    ),
)


@dataclass(slots=True)
class _Seen:
    """What one run shows of one stage; filled once, then read."""

    denials: tuple[int, ...] = ()
    refusing: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    reaching: tuple[int, ...] = ()
    entitled: tuple[int, ...] = ()
    unentitled: tuple[int, ...] = ()
    status: Status = "unknown"
    why: str = ""


def stages(
    denials: pd.DataFrame,
    milestones: pd.DataFrame | None = None,
    entitlements: pd.DataFrame | None = None,
    *,
    runs: Sequence[str] = (),
) -> pd.DataFrame:
    """Say for every run how far the start of the VM came.

    Parameters
    ----------
    denials, milestones, entitlements
        Frames of :mod:`sbdiag.capture`; entitlement rows without a run count for every run.
    runs
        All runs in their order, those without a row among them; by default those of the frames.

    Returns
    -------
    DataFrame
        Columns of :data:`STAGES`; per run, in the order of `runs` and then of the frames, one row a
        stage in the order of the start. Empty where nothing in any file has to do with a VM start.
    """
    DENIALS.check(denials, need=("time", "verdict", "operation", "origin", "process", "run"))
    lines = MILESTONES.frame() if milestones is None else MILESTONES.check(milestones)
    keys = ENTITLEMENTS.frame() if entitlements is None else ENTITLEMENTS.check(entitlements)
    marked = _marked(denials)
    if lines.empty and not any(len(marked[name]) for name in ("xpc-lookup", *_AFTER_LOOKUP[:3])):
        return STAGES.frame()
    with_log = set(lines["run"])
    marked = {
        stage: rows[~rows["run"].isin(with_log) | _of_lima(rows["process"])]
        for stage, rows in marked.items()
    }
    of_frames = (*denials["run"].dropna().unique(), *lines["run"].dropna())
    runs = list(dict.fromkeys([*runs, *of_frames]))
    seen = {
        run: {row.stage: _look(row, run, marked[row.stage], lines, keys) for row in STAGE_TABLE}
        for run in runs
    }
    for run in runs:
        _settle(seen, run, has_log=bool((lines["run"] == run).any()), has_keys=not keys.empty)
    return STAGES.frame(
        [
            _record(run, order, row, seen[run][row.stage], denials, lines)
            for run in runs
            for order, row in enumerate(STAGE_TABLE)
        ]
    )


def _of_lima(process: pd.Series) -> pd.Series:
    """Whether a process is Lima's, or not named in the text."""
    return process.isin(LIMA_PROCESSES) | process.isna()


def _marked(denials: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Select for each stage the denials that its marks describe, looking at each access once."""
    refused = ((denials["verdict"] == "deny") & (denials["origin"] != "other")).to_numpy(dtype=bool)
    number, firsts = numbered(denials, ["operation", "target"])
    distinct = denials[["operation", "target", "target_name"]].iloc[firsts]
    marks_of = {name: _marks_of(name) for name in distinct["operation"].dropna().unique()}
    found = {row.stage: np.zeros(len(firsts), dtype=bool) for row in STAGE_TABLE}
    for at, (operation, target, name) in enumerate(distinct.itertuples(index=False, name=None)):
        marks = marks_of.get(operation, ())
        if marks and isinstance(target, str) and isinstance(name, str):
            place = place_of(name)
            for stage, mark in marks:
                found[stage][at] |= _matches(mark, target, name, place)
    return {stage: denials[refused & marked[number]] for stage, marked in found.items()}


def _marks_of(operation: str) -> list[tuple[str, Mark]]:
    """Return the marks of an operation, each with its stage."""
    return [
        (row.stage, mark)
        for row in STAGE_TABLE
        for mark in row.marks
        if operation == mark.operation
        or (mark.operation.endswith("*") and operation.startswith(mark.operation[:-1]))
    ]


def _matches(mark: Mark, target: str, name: str, place: Place | None) -> bool:
    if mark.place:
        return place is not None and place.name == mark.place
    # The other process of a task port stands in brackets behind the target: others [P(1)].
    return f"[{mark.prefix}" in target if mark.prefix else name == mark.name


def _look(
    row: Stage, run: str, marked: pd.DataFrame, lines: pd.DataFrame, keys: pd.DataFrame
) -> _Seen:
    """Collect what `run` itself shows of one stage."""
    here = lines[lines["run"] == run]
    failed = here.loc[list(_lines(here, row.failed_by))]
    eperm = not_permitted(failed)
    seen = _Seen(
        denials=_labels(marked[marked["run"] == run]),
        refusing=(*_lines(here, row.refused_by), *_labels(failed[eperm])),
        failing=_labels(failed[~eperm]),
        reaching=_lines(here, row.reached_by),
    )
    if row.stage == "entitlement":
        dump = keys[(keys["run"] == run) | keys["run"].isna()]
        granted = (dump["key"] == VIRTUALIZATION_KEY) & dump["value"].map(lambda v: v is True)
        seen.entitled = _labels(dump[granted])
        # Only a whole dump can say that a key is not there.
        whole = dump["state"].isin(WHOLE_DUMPS)
        seen.unentitled = _labels(dump[whole]) if whole.any() and not granted.any() else ()
    return seen


def _lines(here: pd.DataFrame, names: tuple[str, ...]) -> tuple[int, ...]:
    """Rows of the milestones named in `names`; ``vz-error:2`` asks for the code as well."""
    hit = pd.Series(False, index=here.index)
    for name in names:
        milestone, _, code = name.partition(":")
        hit |= (here["milestone"] == milestone) & (
            (here["code"] == int(code)).fillna(False).astype(bool) if code else True
        )
    return _labels(here[hit])


def not_permitted(lines: pd.DataFrame) -> pd.Series:
    """Whether a line of Lima's names EPERM, which is how a refusal by the sandbox comes out."""
    text = lines["message"].fillna("") + "\n" + lines["error"].fillna("")
    return text.str.contains(EPERM, case=False, regex=False).astype(bool)


def _labels(frame: pd.DataFrame) -> tuple[int, ...]:
    return tuple(int(label) for label in frame.index)


def _settle(seen: dict[str, dict[str, _Seen]], run: str, *, has_log: bool, has_keys: bool) -> None:
    """Give every stage of `run` its status, last stage first: later ones speak for earlier ones."""
    mine = seen[run]
    for position in range(len(STAGE_TABLE) - 1, -1, -1):
        row = STAGE_TABLE[position]
        stage = mine[row.stage]
        later = [name for name in row.implied_by if _passed(mine[name])]
        beyond = [
            other.stage
            for other in STAGE_TABLE[position + 1 :]
            if other.required == "yes" and _passed(mine[other.stage])
        ]
        elsewhere = [other for other in seen if other != run and _ended_at(seen[other], position)]
        stopped = [
            other.stage
            for other in STAGE_TABLE[:position]
            if other.required != "no" and mine[other.stage].denials
        ]
        if row.echoes and stage.reaching:
            stage.status, stage.why = "reached", "Lima's log says so"
        elif stage.refusing and (stage.entitled or (row.stage == "entitlement" and later)):
            stage.status = "unknown"
            stage.why = "Lima's log says that the key is missing, the other evidence that it is not"
        elif row.echoes and stage.refusing and stopped:
            stage.status, stage.why = "not seen", f"the start stopped before it, at {stopped[-1]}"
        elif stage.denials or stage.refusing:
            stage.status, stage.why = "refused", _refused_why(stage)
        elif stage.failing:
            stage.status = "unknown"
            stage.why = "Lima's log says that it failed, and names no refusal"
        elif stage.reaching or stage.entitled:
            stage.status = "reached"
            stage.why = "Lima's log says so" if stage.reaching else "the dump holds the key"
        elif later:
            stage.status, stage.why = "reached", f"{later[0]} was tried: {row.because}"
        elif stage.unentitled:
            stage.status, stage.why = "refused", "the dump is whole and does not hold the key"
        elif elsewhere and beyond:
            stage.status = "reached"
            stage.why = (
                f"run {elsewhere[0]} was refused here and came no further,"
                f" and {beyond[0]} was tried after it in this one"
            )
        elif (row.marks or has_log) and (row.stage != "entitlement" or has_keys or has_log):
            stage.status, stage.why = "not seen", "nothing in the files of this run shows it"
        else:
            stage.status, stage.why = "unknown", "no file of this run could show it"


def _ended_at(run: dict[str, _Seen], position: int) -> bool:
    """Whether a run was refused at a stage and tried none behind it that a VM needs.

    Only then does a later stage of another run speak for it: where nothing depends on a stage,
    that a start went past it says nothing of it. Files are asked for throughout, at no one point.
    """
    row = STAGE_TABLE[position]
    stage = run[row.stage]
    return (
        row.required != "no"
        and not any(mark.place for mark in row.marks)
        and bool(stage.denials or stage.refusing)
        and not any(
            later.required == "yes" and (run[later.stage].denials or run[later.stage].reaching)
            for later in STAGE_TABLE[position + 1 :]
        )
    )


def _passed(stage: _Seen) -> bool:
    """Whether this run came to the stage; a dump that holds a key shows no start."""
    return bool(stage.denials or stage.reaching) or (
        stage.status == "reached" and not stage.entitled
    )


def _refused_why(stage: _Seen) -> str:
    parts = [f"{len(stage.denials)} denials"] if len(stage.denials) > 1 else []
    parts += ["1 denial"] if len(stage.denials) == 1 else []
    parts += ["a line of Lima's log"] if stage.refusing else []
    return " and ".join(parts)


def _record(
    run: str, order: int, row: Stage, seen: _Seen, denials: pd.DataFrame, lines: pd.DataFrame
) -> dict[str, object]:
    rows = seen.refusing + seen.failing + seen.reaching
    times = [*denials.loc[list(seen.denials), "time"], *lines.loc[list(rows), "time"]]
    known = [time for time in times if not pd.isna(time)]
    return {
        "run": run,
        "order": order,
        "stage": row.stage,
        "title": row.title,
        "status": seen.status,
        "time": min(known) if known else pd.NaT,
        "required": row.required,
        "fails_as": row.fails_as,
        "why": seen.why,
        "denials": seen.denials,
        "milestones": rows,
        "entitlements": seen.entitled + seen.unentitled,
        "source": row.source,
    }

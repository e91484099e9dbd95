"""What the evidence says about the start of a VM, and what its log seems to say and does not.

Each function takes the :class:`Evidence` and yields findings. Sources: the write-up
(brentfitzgerald.com, 2026-05-27), Lima's source at 183a60d7, issue threads named per finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import pandas as pd

from sbdiag.capture.frames import ENTITLEMENTS, MILESTONES, UNPARSED
from sbdiag.diagnosis.ruleset import RuleSet
from sbdiag.diagnosis.startup import STAGES, VIRTUALIZATION_KEY, WHOLE_DUMPS
from sbdiag.seatbelt.profile import Profile

Severity: TypeAlias = Literal["cause", "warning", "note"]

ARTICLE: Final = "brentfitzgerald.com, 'Starting a VM from a MacOS sandbox' (2026-05-27)"
LIMA: Final = "lima-vm/lima 183a60d7"

_ENTITLED_BY: Final = "ronaldoussoren/pyobjc#434; Apple, com.apple.security.virtualization"

# Public reports of the same text without a sandbox; the code alone proves nothing.
OTHER_CAUSES: Final[tuple[tuple[str, str], ...]] = (
    ("a guest image of the wrong architecture", "field report"),
    ("a disk still in use by an orphaned VM process", "field report"),
    ("a locked keychain (macOS guests)", "field report"),
    ("a regression of macOS 26", "field report"),
)


# Lines by which a VM or Lima ends, in good order or not, and lines that say that something failed.
_ENDS: Final = ("exiting", "state-stopped")
_FAILS: Final = ("vz-error", "fatal", "degraded")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a finding may rest on; frames as :mod:`sbdiag.capture` and the rooms here yield.

    ``set_aside`` counts the denials that were read and are not of the process that was asked for.
    """

    denials: pd.DataFrame
    unparsed: pd.DataFrame = field(default_factory=UNPARSED.frame)
    milestones: pd.DataFrame = field(default_factory=MILESTONES.frame)
    entitlements: pd.DataFrame = field(default_factory=ENTITLEMENTS.frame)
    stages: pd.DataFrame = field(default_factory=STAGES.frame)
    rules: RuleSet = field(default_factory=RuleSet)
    profile: Profile | None = None
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion with the rows that it rests on (labels of the frames they stand in)."""

    finding: str
    severity: Severity
    title: str
    detail: str
    source: str
    run: str = ""
    denials: tuple[int, ...] = ()
    milestones: tuple[int, ...] = ()
    entitlements: tuple[int, ...] = ()


def start_findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield what the evidence says about the start, run by run; nothing without a VM start."""
    for run, ladder in evidence.stages.groupby("run", sort=False):
        lines = evidence.milestones[evidence.milestones["run"] == run]
        yield from _rosetta(str(run), ladder, lines)
        yield from _dns(str(run), ladder, evidence)
        yield from _ready(str(run), ladder, lines)
    if len(evidence.stages):
        yield from _entitlement(evidence)
        yield from _task_name(evidence.stages)
        yield from _silent_log(evidence)


def _stage(ladder: pd.DataFrame, name: str) -> pd.Series:
    return ladder[ladder["stage"] == name].iloc[0]


def _of(lines: pd.DataFrame, *names: str) -> tuple[int, ...]:
    return labels(lines[lines["milestone"].isin(names)])


def labels(frame: pd.DataFrame) -> tuple[int, ...]:
    """Row labels as plain integers."""
    return tuple(int(label) for label in frame.index)


def joined(tuples: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """All labels of several evidence tuples, ascending, each once."""
    return tuple(sorted({label for some in tuples for label in some}))


def _rosetta(run: str, ladder: pd.DataFrame, lines: pd.DataFrame) -> Iterator[Finding]:
    share, failed = _of(lines, "rosetta-share"), _of(lines, "vz-error")
    stage = _stage(ladder, "rosetta-extension")
    if share and failed and stage["status"] != "refused":
        yield Finding(
            "rosetta-red-herring",
            "note",
            "Rosetta is not what failed: 'Setting up Rosetta share' is only the last line before"
            " the start.",
            "Lima prints it while it configures the machine and prints nothing more until the"
            " state changes; whatever Validate or Start refuses comes right behind it. A Rosetta"
            " failure prints 'Unable to configure Rosetta' and is not fatal.",
            f"{LIMA} pkg/driver/vz/vm_darwin.go:752; {ARTICLE}",
            run,
            milestones=(share[-1], *failed),
        )
    if stage["status"] == "refused":
        yield Finding(
            "rosetta-refused",
            "warning",
            "The Rosetta share was refused: the VM boots without it, but x86-64 programs will not"
            " run in it.",
            "That the VM boots without it is the write-up's word"
            + (
                ", and this one ran."
                if _stage(ladder, "running")["status"] == "reached"
                else "; this run is not seen to have come so far."
            ),
            str(stage["source"]),
            run,
            denials=stage["denials"],
            milestones=stage["milestones"],
        )


def _dns(run: str, ladder: pd.DataFrame, evidence: Evidence) -> Iterator[Finding]:
    stage = _stage(ladder, "dns")
    if stage["status"] != "refused":
        return
    yield Finding(
        "resolv-conf-symlink",
        "warning",
        "/etc/resolv.conf could not be read: Lima falls back to other DNS servers and goes on.",
        "/etc/resolv.conf is a symbolic link. The kernel matches the file behind it, so a rule"
        " must name /private/var/run/resolv.conf; one on /etc/resolv.conf never matches the read.",
        f"{ARTICLE}; {LIMA} pkg/hostagent/dns/dns.go:99; microsoft/mxc (resolved paths)",
        run,
        denials=stage["denials"],
        milestones=stage["milestones"],
    )


def _ready(run: str, ladder: pd.DataFrame, lines: pd.DataFrame) -> Iterator[Finding]:
    ready, running = _stage(ladder, "ready"), _stage(ladder, "running")
    back = lines.loc[list(_taken_back(lines))]
    if ready["status"] == "reached" and len(back):
        failed = bool((~back["milestone"].isin(_ENDS)).any())
        yield Finding(
            "ready-then-ended",
            "warning" if failed else "note",
            "The VM booted to READY inside the sandbox; READY is not the log's last word.",
            "Lines that may be later than the last READY: "
            + ", ".join(dict.fromkeys(back["milestone"].astype("str")))
            + (
                "."
                if failed
                else ". That is how a VM that is told to stop ends, and one that breaks down too."
            ),
            str(ready["source"]),
            run,
            milestones=joined((ready["milestones"], labels(back))),
        )
    elif ready["status"] == "reached":
        yield Finding(
            "ready",
            "note",
            "The VM boots to READY inside the sandbox.",
            "Lima's log says so, and no later line takes it back.",
            str(ready["source"]),
            run,
            milestones=joined((running["milestones"], ready["milestones"])),
        )
    elif degraded := _of(lines, "degraded"):
        yield Finding(
            "degraded",
            "warning",
            "The VM runs, but Lima reports DEGRADED: mounts and port forwarding may not work.",
            str(ready["fails_as"]),
            str(ready["source"]),
            run,
            milestones=degraded,
        )


def _taken_back(lines: pd.DataFrame) -> tuple[int, ...]:
    """Rows by which the last READY may no longer hold: all but those that come before it.

    The order is that of the file; between two files of one run it is that of the times, and a
    line without a time may be a later one.
    """
    ready = _of(lines, "ready")
    if not ready:
        return ()
    # A file begins anew where the number of its line does not go up.
    file = (lines["line"].diff() <= 0).fillna(False).astype(bool).cumsum()
    last = ready[-1]
    same = file == file.loc[last]
    before = same & (lines.index <= last)
    before |= ~same & (lines["time"] < lines["time"].loc[last]).fillna(False).astype(bool)
    return labels(lines[~before & lines["milestone"].isin((*_ENDS, *_FAILS))])


def _entitlement(evidence: Evidence) -> Iterator[Finding]:
    keys, lines = evidence.entitlements, evidence.milestones
    granted = (keys["key"] == VIRTUALIZATION_KEY) & keys["value"].map(lambda v: v is True)
    doubted = False
    for run, ladder in evidence.stages.groupby("run", sort=False):
        of_run = (keys["run"] == run) | keys["run"].isna()
        held = keys[of_run & granted]
        lacking = keys[of_run & keys["state"].isin(WHOLE_DUMPS)] if held.empty else keys.iloc[:0]
        refused = labels(
            lines[(lines["run"] == run) & (lines["milestone"] == "vz-error") & (lines["code"] == 2)]
        )
        later = ladder[
            (ladder["order"] > _stage(ladder, "entitlement")["order"])
            & ((ladder["status"] == "reached") | (ladder["denials"].map(len) > 0))
        ]
        if not (refused or len(lacking)):
            continue
        doubted = True
        if len(later) or len(held):
            yield Finding(
                "entitlement-conflict",
                "warning",
                "The evidence on the entitlement conflicts.",
                (
                    "Lima's log has VZErrorDomain Code=2, the missing entitlement"
                    if refused
                    else f"The dump does not hold {VIRTUALIZATION_KEY}"
                )
                + "; but "
                + (
                    "the start went on past the check of it"
                    if len(later)
                    else "the dump holds the key"
                )
                + ". The files may be of different binaries or different starts.",
                _ENTITLED_BY,
                str(run),
                milestones=joined((refused, *later["milestones"])),
                denials=joined(later["denials"]),
                entitlements=labels(held) + labels(lacking),
            )
        else:
            yield Finding(
                "missing-entitlement",
                "cause",
                f"The binary lacks {VIRTUALIZATION_KEY}: no sandbox rule can help.",
                "The framework refuses the configuration (VZErrorDomain Code=2) before it looks up"
                " anything. Sign the binary with the entitlement.",
                _ENTITLED_BY,
                str(run),
                milestones=refused,
                entitlements=labels(lacking),
            )
    if granted.any() and not doubted:
        yield Finding(
            "entitlement-present",
            "note",
            f"The binary holds {VIRTUALIZATION_KEY}: it may make VMs.",
            "So a Code=1 is not a missing entitlement, which fails earlier and as Code=2.",
            f"{ARTICLE}; {LIMA} vz.entitlements",
            entitlements=labels(keys[granted]),
        )


def _task_name(ladders: pd.DataFrame) -> Iterator[Finding]:
    refused = ladders[(ladders["stage"] == "task-name") & (ladders["status"] == "refused")]
    if len(refused):
        yield Finding(
            "task-name-disputed",
            "note",
            "Whether a VM needs mach-task-name is disputed.",
            "The write-up lists it among the rules with which a Linux guest booted (Lima, 2026-05)."
            " An ablation on macOS 27.0.1 with a macOS guest saw it refused without effect. The"
            " host process is started by launchd outside the sandbox, so (target same-sandbox)"
            " does not match it.",
            f"{ARTICLE}; wraithbox X25 (2026-10-06)",
            denials=joined(refused["denials"]),
        )


def _silent_log(evidence: Evidence) -> Iterator[Finding]:
    lines = evidence.milestones
    failed = _of(lines, "vz-error")
    refused = evidence.stages[evidence.stages["stage"].isin(("xpc-lookup", "task-name"))]
    rows = joined(refused["denials"])
    if failed and rows:
        yield Finding(
            "log-is-silent",
            "note",
            "Lima's log does not name what was refused; the unified log does.",
            "The framework returns the code without a reason. The kernel writes the denial to the"
            " unified log, under the prefix 'Sandbox:'.",
            ARTICLE,
            denials=rows,
            milestones=failed,
        )

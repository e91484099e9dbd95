"""The article's case as frames: six runs of `limactl start`, each allowed one thing more."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS, ENTITLEMENTS, MILESTONES, UNPARSED
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet, Withheld
from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.rules import Filter, Rule

XPC = "com.apple.Virtualization.VirtualMachine"
FUSE = "com.apple.virtualization.extension.fuse"
ROSETTA = "com.apple.virtualization.extension.rosetta-directory-share"

# run, seconds after the run began, operation, target, duplicates
STORY: list[tuple[str, float, str, str, int]] = [
    ("01", 0.9, "file-read-data", "/private/var/run/resolv.conf", 0),
    ("01", 1.6, "mach-lookup", f"{XPC} (xpc)", 0),
    ("02", 0.8, "file-read-data", "/private/var/run/resolv.conf", 2),
    ("02", 1.7, "mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]", 0),
    ("03", 1.9, "generic-issue-extension", f"extension-class:{FUSE}", 0),
    ("04", 2.0, "generic-issue-extension", f"extension-class:{ROSETTA}", 11),
    ("05", 0.2, "file-write-create", "/Users/you/.lima/default/ha.sock", 0),
    ("05", 0.3, "file-read-data", "/Users/you/Library/Caches/lima/download", 4),
]
# identifier, title, required
STAGES = [
    ("lima-files", "Lima reads and writes its own state and image cache", "yes"),
    ("dns", "the host agent reads /etc/resolv.conf", "no"),
    ("entitlement", "the framework checks the caller's entitlement", "yes"),
    ("xpc-lookup", f"the framework looks up the XPC service {XPC}", "yes"),
    ("task-name", "the framework asks for the task name of the host process", "unknown"),
    ("virtiofs-extension", "the framework issues an extension for the shared directory", "yes"),
    ("rosetta-extension", "the framework issues an extension for the Rosetta share", "no"),
    ("running", "the virtual machine is running", "yes"),
    ("ready", "Lima says READY", "yes"),
]
# How each run went, one letter a stage: reached, x refused, not seen, unknown.
COURSE = {
    "01": "rxrxnnnnn",
    "02": "rxrrxnnnn",
    "03": "rrrrrxunn",
    "04": "rrrrrrxrr",
    "05": "xrunnnnnn",
    "06": "rrrrrrrrr",
}
STATUS = {"r": "reached", "x": "refused", "n": "not seen", "u": "unknown"}
STAGE_ROWS = {
    "lima-files": {"05": (6, 7)},
    "dns": {"01": (0,), "02": (2,)},
    "xpc-lookup": {"01": (1,)},
    "task-name": {"02": (3,)},
    "virtiofs-extension": {"03": (4,)},
    "rosetta-extension": {"04": (5,)},
}


def started(run: str) -> pd.Timestamp:
    return pd.Timestamp("2026-05-27 10:02:00", tz="UTC") + pd.Timedelta(minutes=7 * int(run))


def denial(**given: Any) -> dict[str, Any]:
    """One row of the denials frame, with the usual values where none is given."""
    row = {
        "time": pd.Timestamp("2026-05-27 10:02:00", tz="UTC"),
        "process": "limactl",
        "pid": 42303,
        "verdict": "deny",
        "code": 1,
        "operation": "file-read-data",
        "target": "/etc/x",
        "layer": "profile",
        "origin": "kernel",
        "duplicates": 0,
        "tag": None,
        "style": "compact",
        "run": "01",
        "line": 1,
    }
    row |= given
    access = parse_access(row["operation"], row["target"])
    return {"target_kind": access.kind, "target_name": access.name} | row


def article_denials() -> pd.DataFrame:
    return DENIALS.frame(
        [
            denial(
                time=started(run) + pd.Timedelta(seconds=seconds),
                operation=operation,
                target=target,
                duplicates=duplicates,
                run=run,
                line=line,
            )
            for line, (run, seconds, operation, target, duplicates) in enumerate(STORY, start=1)
        ]
    )


def article_milestones() -> pd.DataFrame:
    rows: list[dict[str, Any]] = []

    def log(run: str, seconds: float, milestone: str, level: str, message: str) -> None:
        rows.append(
            {
                "time": started(run) + pd.Timedelta(seconds=seconds),
                "offset_seconds": seconds,
                "milestone": milestone,
                "level": level,
                "source": "hostagent",
                "message": message,
                "error": None,
                "run": run,
                "line": len(rows) + 1,
            }
        )

    for run in COURSE:
        log(
            run,
            0.1,
            "hostagent-socket",
            "info",
            "hostagent socket created at /Users/you/.lima/d/ha.sock",
        )
        if run in ("01", "02"):
            log(
                run,
                0.95,
                "dns-fallback",
                "warning",
                "failed to detect system DNS, falling back to [8.8.8.8]",
            )
        if run != "05":
            log(
                run,
                1.2,
                "starting-vz",
                "info",
                "Starting VZ (hint: to watch the boot progress, see x)",
            )
            log(run, 1.3, "rosetta-share", "info", "Setting up Rosetta share")
        if run in ("01", "02", "03"):
            log(run, 2.1, "vz-error", "fatal", "Error Domain=VZErrorDomain Code=1 Description=…")
        if run in ("04", "06"):
            log(run, 3.0, "state-running", "info", "[VZ] - vm state change: running")
            log(run, 9.5, "ready", "info", "READY. Run `limactl shell default` to open the shell.")
    return MILESTONES.frame(rows)


def article_stages() -> pd.DataFrame:
    rows = []
    for run, course in COURSE.items():
        for order, ((stage, title, required), letter) in enumerate(
            zip(STAGES, course, strict=True)
        ):
            labels = STAGE_ROWS.get(stage, {}).get(run, ())
            rows.append(
                {
                    "run": run,
                    "order": order,
                    "stage": stage,
                    "title": title,
                    "status": STATUS[letter],
                    "time": pd.NaT,
                    "required": required,
                    "fails_as": "VZErrorDomain Code=1" if required == "yes" else "",
                    "why": "a denial says so" if labels else "",
                    "denials": labels,
                    "milestones": (),
                    "entitlements": (),
                    "source": "the article",
                }
            )
    frame = pd.DataFrame(rows)
    frame["order"] = frame["order"].astype("Int64")
    return frame


@dataclass(frozen=True)
class Counts:
    lines: int = 60
    denials: int = 8
    continuation: int = 2
    not_ours: int = 49
    unparsed: int = 1


@dataclass(frozen=True)
class FakeReport:
    """As much of a report as is looked at, in the shape of ``sbdiag.analysis.Report``."""

    denials: pd.DataFrame
    milestones: pd.DataFrame
    stages: pd.DataFrame
    findings: pd.DataFrame
    rules: RuleSet
    verification: pd.DataFrame
    entitlements: pd.DataFrame
    unparsed: pd.DataFrame
    counts: Counts = Counts()
    notes: tuple[str, ...] = ("times without a zone were read as UTC",)
    redacted: bool = False


def article_rules() -> RuleSet:
    def allow(operation: str, *filters: tuple[str, str]) -> Rule:
        return Rule("allow", tuple(operation.split()), tuple(Filter(k, (v,)) for k, v in filters))

    return RuleSet(
        (
            MinimalRule(
                allow("mach-lookup", ("global-name", XPC)),
                (1,),
                "The framework looks up the service that hosts the guest.",
                "the article",
            ),
            MinimalRule(
                allow("mach-task-name"),
                (3,),
                "The framework asks for the task name of the process it started.",
                "the article",
                breadth="the task name of every process",
                warning="There is no narrower filter that the log could fill in.",
            ),
            MinimalRule(
                allow(
                    "generic-issue-extension",
                    ("extension-class", FUSE),
                    ("extension-class", ROSETTA),
                ),
                (4, 5),
                "Directory shares of the guest.",
                "the article",
            ),
            MinimalRule(
                allow(
                    "file-read* file-write*",
                    ("subpath", "/Users/you/.lima"),
                    ("subpath", "/Users/you/Library/Caches/lima"),
                ),
                (6, 7),
                "Lima keeps its instances and images there.",
                "the article",
                entry="lima-state",
                path_kind="directory",
                widened_from=("/Users/you/.lima/default/ha.sock",),
                breadth="every name below the two directories",
            ),
            MinimalRule(
                allow("file-read*", ("literal", "/private/var/run/resolv.conf")),
                (0, 2),
                "The host agent reads the resolver's settings.",
                "the article",
            ),
        ),
        (Withheld("sensitive", "Keys are nobody's business.", (), ()),),
        notes=("xpc services are written as global names",),
    )


def article_findings() -> pd.DataFrame:
    rows = [
        ("stopped", "cause", "01", f"The start stopped at the lookup of {XPC}.", (1,), (4,)),
        (
            "stopped",
            "cause",
            "02",
            "The start stopped at the task name of the host process.",
            (3,),
            (9,),
        ),
        (
            "rosetta",
            "note",
            "01",
            "Rosetta is a red herring: its line is the last one printed.",
            (),
            (3,),
        ),
        ("resolv-conf", "warning", None, "The profile names a symbolic link.", (0, 2), (1,)),
        ("lower-bound", "note", None, "A capture is a lower bound.", (), ()),
    ]
    return pd.DataFrame(
        {
            "finding": pd.Categorical([row[0] for row in rows]),
            "severity": pd.Categorical([row[1] for row in rows], ["cause", "warning", "note"]),
            "run": pd.Series([row[2] for row in rows], dtype="str"),
            "title": pd.Series([row[3] for row in rows], dtype="str"),
            "detail": pd.Series(["Why it is so, and what to do."] * len(rows), dtype="str"),
            "source": pd.Series(["the article"] * len(rows), dtype="str"),
            "denials": pd.Series([row[4] for row in rows], dtype="object"),
            "milestones": pd.Series([row[5] for row in rows], dtype="object"),
            "entitlements": pd.Series([() for _ in rows], dtype="object"),
        }
    )


def article_report(**given: Any) -> FakeReport:
    rules = article_rules()
    verification = pd.DataFrame(
        {
            "rule": pd.Series(range(len(rules)), dtype="Int64"),
            "text": "",
            "denials": pd.Series([rule.denials for rule in rules], dtype="object"),
            "with_all": ["unknown", "allow", "allow", "allow", "allow"],
            "necessary": ["yes", "yes", "yes", "no", "yes"],
            "refused_without": pd.Series([1, 3, 4, None, 0], dtype="Int64"),
            "reason": ["(xpc) against global-name", "", "", "another rule answers it", ""],
        }
    )
    parts: dict[str, Any] = {
        "denials": article_denials(),
        "milestones": article_milestones(),
        "stages": article_stages(),
        "findings": article_findings(),
        "rules": rules,
        "verification": verification,
        "entitlements": ENTITLEMENTS.frame(
            [
                {
                    "run": "limactl.txt",
                    "executable": "/opt/homebrew/bin/limactl",
                    "state": "entitlements",
                    "key": "com.apple.security.virtualization",
                    "value": True,
                    "type": "bool",
                    "purpose": "may make virtual machines",
                    "line": 2,
                }
            ]
        ),
        "unparsed": UNPARSED.frame(
            [{"run": "01", "line": 9, "text": "Sandbox: ?", "reason": "no verdict"}]
        ),
    }
    return FakeReport(**parts | given)


def storm(count: int, *, lanes: int = 10, seed: int = 1) -> pd.DataFrame:
    """Denials in bursts over twenty minutes, some lanes far busier than others."""
    random = np.random.default_rng(seed)
    burst = random.choice([0.0, 180.0, 420.0, 900.0, 1190.0], count)
    seconds = np.sort(
        np.where(
            random.random(count) < 0.5,
            random.random(count) * 1200,
            burst + random.gamma(2, 6, count),
        )
    )
    share = 1 / np.arange(1, lanes + 1) ** 1.5
    lane = random.choice(lanes, count, p=share / share.sum())
    names = np.array([f"file-read-{'data' if n % 2 else 'metadata'}-{n:02d}" for n in range(lanes)])
    start = np.datetime64("2026-05-27T10:02:00", "us")
    frame = pd.DataFrame(
        {
            "time": pd.Series(start + (seconds * 1e6).astype("timedelta64[us]")).dt.tz_localize(
                "UTC"
            ),
            "process": pd.Series(np.array(["limactl", "git", "node"])[lane % 3], dtype="str"),
            "pid": pd.Series(lane + 100, dtype="Int64"),
            "verdict": pd.Categorical(["deny"] * count, categories=["deny", "allow"]),
            "code": pd.Series([1] * count, dtype="Int64"),
            "operation": pd.Categorical(names[lane]),
            "target": "/etc/x",
            "target_kind": pd.Categorical(["path"] * count),
            "target_name": "/etc/x",
            "layer": pd.Categorical(
                np.where(lane % 4 == 3, "system-policy", "profile"),
                categories=["profile", "system-policy"],
            ),
            "origin": pd.Categorical(
                ["kernel"] * count, categories=["kernel", "sandboxd", "reported", "other"]
            ),
            "duplicates": pd.Series(random.geometric(0.7, count) - 1, dtype="Int64"),
            "tag": pd.Series([None] * count, dtype="str"),
            "style": pd.Categorical(["compact"] * count),
            "run": pd.Series(["01"] * count, dtype="str"),
            "line": pd.Series(range(1, count + 1), dtype="Int64"),
        }
    )
    return DENIALS.check(frame)


@pytest.fixture
def case() -> SimpleNamespace:
    """The builders of this file, for tests that change what they build."""
    return SimpleNamespace(
        denial=denial,
        denials=article_denials,
        milestones=article_milestones,
        stages=article_stages,
        findings=article_findings,
        rules=article_rules,
        report=article_report,
        storm=storm,
    )

from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS, ENTITLEMENTS, MILESTONES
from sbdiag.capture.lima import read_lima_log
from sbdiag.diagnosis.causes import Evidence, Finding, start_findings
from sbdiag.diagnosis.startup import stages
from sbdiag.seatbelt.access import parse_access

KEY = "com.apple.security.virtualization"
VZ = "Error Domain=VZErrorDomain Code={}"

START = "INFO[0001] [hostagent] Starting VZ"
SHARE = "INFO[0001] [hostagent] Setting up Rosetta share"
RUNNING = "INFO[0002] [hostagent] [VZ] - vm state change: running"
STOPPED = "INFO[0009] [hostagent] [VZ] - vm state change: stopped"
READY = "INFO[0008] READY. Run `limactl shell a` to open the shell."
SHUT = "INFO[0009] [hostagent] Shutting down VZ"
CODE_1, CODE_2 = (f"ERRO[0002] [hostagent] {VZ.format(n)} x  fields.level=fatal" for n in (1, 2))
EXITING = "FATA[0009] exiting, status={Running:false}"


def log(*lines: str, run: str = "r") -> pd.DataFrame:
    return read_lima_log("".join(f"{line}\n" for line in lines).encode(), run=run)


def denials(*rows: tuple[str, str, int], run: str = "r") -> pd.DataFrame:
    records = []
    for operation, target, pid in rows:
        access = parse_access(operation, target)
        records.append(
            {
                "verdict": "deny",
                "operation": operation,
                "target": target,
                "target_kind": access.kind,
                "target_name": access.name,
                "layer": "profile",
                "origin": "kernel",
                "run": run,
                "process": "limactl",
                "pid": pid,
                "duplicates": 0,
            }
        )
    return DENIALS.frame(records)


def dump(*keys: str, run: str | None = None) -> pd.DataFrame:
    rows = [{"state": "entitlements", "key": key, "value": True, "run": run} for key in keys]
    return ENTITLEMENTS.frame(rows or [{"state": "none", "run": run}])


def found(
    refused: pd.DataFrame | None = None,
    lines: pd.DataFrame | None = None,
    keys: pd.DataFrame | None = None,
) -> dict[str, Finding]:
    given = DENIALS.frame() if refused is None else refused
    milestones = MILESTONES.frame() if lines is None else lines
    entitlements = ENTITLEMENTS.frame() if keys is None else keys
    ladder = stages(given, milestones, entitlements)
    evidence = Evidence(given, milestones=milestones, entitlements=entitlements, stages=ladder)
    return {each.finding: each for each in start_findings(evidence)}


@pytest.mark.parametrize(
    ("lines", "finding", "severity"),
    [
        ([READY], "ready", "note"),
        ([START, CODE_1, START, RUNNING, READY], "ready", "note"),
        ([READY, SHUT], "ready-then-ended", "note"),
        ([READY, STOPPED], "ready-then-ended", "note"),
        ([READY, "FATA[0009] dial unix /x: connect: refused"], "ready-then-ended", "warning"),
        ([READY, START, CODE_1], "ready-then-ended", "warning"),
        ([READY, SHUT, START, RUNNING, READY], "ready", "note"),
    ],
)
def test_ready_holds_until_a_later_line(lines: list[str], finding: str, severity: str) -> None:
    said = found(lines=log(*lines))
    assert {"ready", "ready-then-ended"} & set(said) == {finding}
    assert said[finding].severity == severity


@pytest.mark.parametrize(
    ("time", "finding"),
    [
        ("2026-05-27T15:00:00Z", "ready"),
        ("2026-05-27T15:00:09Z", "ready-then-ended"),
        (None, "ready-then-ended"),
    ],
)
def test_two_logs_of_one_run_are_put_in_order_by_their_times(
    time: str | None, finding: str
) -> None:
    stamp = "" if time is None else f',"time":"{time}"'
    agent = f'{{"level":"info","msg":"x"{stamp}}}', f'{{"level":"fatal","msg":"x"{stamp}}}'
    console = 'time="2026-05-27T15:00:05Z" level=info msg="READY. Run x to open the shell."'
    both = MILESTONES.concat([log(*agent), log(console)])
    assert finding in found(lines=both)
    assert finding in found(lines=MILESTONES.concat([log(console), log(*agent)]))


LOOKUP = ("mach-lookup", "com.apple.Virtualization.VirtualMachine (xpc)", 1)


@pytest.mark.parametrize(
    ("lines", "refused", "keys", "finding"),
    [
        ([START], [], (), "missing-entitlement"),
        ([START, CODE_2], [], (), "missing-entitlement"),
        ([RUNNING], [], (), "entitlement-conflict"),
        ([READY], [], (), "entitlement-conflict"),
        ([START, CODE_2], [], (KEY,), "entitlement-conflict"),
        ([START, CODE_2, START, RUNNING], [], (), "entitlement-conflict"),
        ([START], [LOOKUP], (), "entitlement-conflict"),
        ([START], [LOOKUP], (KEY,), "entitlement-present"),
    ],
)
def test_a_start_that_went_on_had_its_entitlement(
    lines: list[str], refused: list[tuple[str, str, int]], keys: tuple[str, ...], finding: str
) -> None:
    said = found(denials(*refused), log(*lines), dump(*keys))
    names = {"missing-entitlement", "entitlement-conflict", "entitlement-present"}
    assert names & set(said) == {finding}


def test_the_entitlement_of_one_run_says_nothing_of_another() -> None:
    lines = MILESTONES.concat([log(START, CODE_2, run="a"), log(RUNNING, READY, run="b")])
    keys = ENTITLEMENTS.concat([dump(run="a"), dump(KEY, run="b")])
    said = found(lines=lines, keys=keys)
    assert said["missing-entitlement"].run == "a"
    assert "entitlement-conflict" not in said

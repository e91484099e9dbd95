from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS, ENTITLEMENTS, MILESTONES
from sbdiag.capture.lima import read_lima_log
from sbdiag.diagnosis.causes import Evidence, start_findings
from sbdiag.diagnosis.startup import STAGE_TABLE, STAGES, stages
from sbdiag.diagnosis.stops import stop_findings
from sbdiag.seatbelt.access import parse_access

LOOKUP = ("mach-lookup", "com.apple.Virtualization.VirtualMachine (xpc)")
TASK = ("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]")
FUSE = ("generic-issue-extension", "extension-class:com.apple.virtualization.extension.fuse")
ROSETTA = (
    "generic-issue-extension",
    "extension-class:com.apple.virtualization.extension.rosetta-directory-share",
)
STATE = ("file-read-data", "/Users/you/.lima/default/lima.yaml")
RESOLV = ("file-read-data", "/private/var/run/resolv.conf")


def denials(*rows: tuple[str, str], run: str = "r", origin: str = "kernel") -> pd.DataFrame:
    records = []
    for operation, target in rows:
        access = parse_access(operation, target)
        records.append(
            {
                "verdict": "deny",
                "operation": operation,
                "target": target,
                "target_kind": access.kind,
                "target_name": access.name,
                "layer": "profile",
                "origin": origin,
                "run": run,
                "process": "limactl",
                "duplicates": 0,
            }
        )
    return DENIALS.frame(records)


def milestones(*names: str, run: str = "r", code: int | None = None) -> pd.DataFrame:
    return MILESTONES.frame(
        [{"milestone": n, "run": run, "code": code if n == "vz-error" else None} for n in names]
    )


def entitlements(state: str = "entitlements", *keys: str) -> pd.DataFrame:
    rows = [{"state": state, "key": k, "value": True, "type": "bool"} for k in keys]
    return ENTITLEMENTS.frame(rows or [{"state": state}])


def status(frame: pd.DataFrame, run: str = "r") -> dict[str, str]:
    mine = frame[frame["run"] == run]
    return dict(zip(mine["stage"].astype(str), mine["status"].astype(str), strict=True))


@pytest.mark.parametrize(
    ("rows", "lines", "code", "expected"),
    [
        (
            [LOOKUP],
            ["starting-vz", "vz-error"],
            1,
            {"xpc-lookup": "refused", "running": "not seen"},
        ),
        ([TASK], ["vz-error"], 1, {"xpc-lookup": "reached", "task-name": "refused"}),
        ([FUSE], [], None, {"xpc-lookup": "reached", "virtiofs-extension": "refused"}),
        ([], ["starting-vz", "vz-error"], 2, {"entitlement": "refused", "xpc-lookup": "not seen"}),
        ([], ["vz-error"], 1, {"running": "refused", "xpc-lookup": "not seen"}),
        ([], ["dns-fallback", "starting-vz"], None, {"dns": "unknown", "running": "not seen"}),
        ([RESOLV], ["dns-fallback"], None, {"dns": "refused"}),
        ([RESOLV], ["state-running"], None, {"dns": "refused", "entitlement": "reached"}),
        ([], ["state-running", "ready"], None, {"running": "reached", "ready": "reached"}),
        ([], ["ready"], None, {"running": "reached", "xpc-lookup": "reached"}),
        ([], ["state-running", "degraded"], None, {"running": "reached", "ready": "not seen"}),
        ([], ["degraded"], None, {"running": "reached", "ready": "not seen"}),
        ([], ["rosetta-share", "rosetta-unavailable"], None, {"rosetta-extension": "unknown"}),
        ([STATE, LOOKUP], [], None, {"lima-files": "refused", "running": "unknown"}),
    ],
)
def test_one_run(
    rows: list[tuple[str, str]], lines: list[str], code: int | None, expected: dict[str, str]
) -> None:
    frame = stages(denials(*rows), milestones(*lines, code=code))
    seen = status(frame)
    assert {name: seen[name] for name in expected} == expected
    assert list(frame.columns) == STAGES.names


@pytest.mark.parametrize(
    ("line", "stage", "expected"),
    [
        ('WARN[0000] {dns}  error="open /etc/resolv.conf: operation not permitted"', "dns", True),
        ('WARN[0000] {dns}  error="open /etc/resolv.conf: no such file"', "dns", False),
        ('WARN[0000] {dns}  error="open /etc/resolv.conf: permission denied"', "dns", False),
        ("WARN[0000] {dns}", "dns", False),
        ("WARN[0000] {rosetta}: Operation not permitted", "rosetta-extension", True),
        ("WARN[0000] {rosetta}: unsupported build target", "rosetta-extension", False),
    ],
)
def test_what_failed_was_refused_only_where_the_log_says_so(
    line: str, stage: str, expected: bool
) -> None:
    text = line.format(
        dns="failed to detect system DNS, falling back to [8.8.8.8 1.1.1.1]",
        rosetta="Unable to configure Rosetta",
    )
    frame = stages(denials(), read_lima_log(text.encode(), run="r"))
    row = frame.set_index("stage").loc[stage]
    assert (row["status"] == "refused") is expected
    assert row["milestones"] == (0,)


def test_a_capture_without_a_vm_has_no_ladder() -> None:
    frame = stages(denials(("file-read-data", "/private/etc/hosts"), STATE))
    assert frame.empty
    assert list(frame.columns) == STAGES.names


def test_text_of_doubtful_origin_moves_no_stage() -> None:
    frame = stages(denials(LOOKUP, origin="other"), milestones("starting-vz"))
    assert status(frame)["xpc-lookup"] == "not seen"


@pytest.mark.parametrize(
    ("dump", "expected"),
    [
        (entitlements("entitlements", "com.apple.security.virtualization"), "reached"),
        (entitlements("entitlements", "com.apple.security.hypervisor"), "refused"),
        (entitlements("none"), "refused"),
        (entitlements("unsigned"), "refused"),
        (entitlements("cut", "com.apple.security.hypervisor"), "not seen"),
        (entitlements("unknown"), "not seen"),
    ],
)
def test_only_a_whole_dump_says_that_a_key_is_missing(dump: pd.DataFrame, expected: str) -> None:
    frame = stages(denials(), milestones("starting-vz"), dump)
    assert status(frame)["entitlement"] == expected


def test_a_start_that_went_on_outweighs_a_dump_of_another_binary() -> None:
    frame = stages(denials(LOOKUP), milestones("starting-vz"), entitlements("none"))
    assert status(frame)["entitlement"] == "reached"


def test_what_another_run_was_refused_and_this_one_passed_was_reached() -> None:
    both = DENIALS.concat([denials(LOOKUP, run="a"), denials(TASK, run="b")])
    frame = stages(both, MILESTONES.concat([milestones("ready", run="c")]))
    assert status(frame, "a")["task-name"] == "not seen"
    assert status(frame, "c")["task-name"] == "reached"
    why = frame.set_index(["run", "stage"]).loc[("c", "task-name"), "why"]
    assert "run b was refused here and came no further" in why


@pytest.mark.parametrize("refused", [RESOLV, STATE, ROSETTA])
def test_that_nothing_was_refused_shows_no_stage_that_nothing_waits_for(
    refused: tuple[str, str],
) -> None:
    both = DENIALS.concat([denials(refused, run="a"), denials(TASK, FUSE, run="b")])
    frame = stages(both, milestones("ready", run="c"))
    marked = frame[frame["denials"].map(lambda labels: 0 in labels)].iloc[0]["stage"]
    assert {run: status(frame, run)[marked] for run in "abc"} == {
        "a": "refused",
        "b": "not seen",
        "c": "not seen",
    }


def test_a_start_that_a_refusal_did_not_stop_speaks_for_no_other() -> None:
    """One run ran with the task name refused: that another ran does not say that it was given."""
    log = MILESTONES.concat([milestones("ready", run="b"), milestones("ready", run="c")])
    frame = stages(denials(TASK, run="b"), log)
    assert status(frame, "c")["task-name"] == "not seen"


def test_denials_of_another_program_are_not_of_limas_start() -> None:
    other = denials(LOOKUP).assign(process="UTM").astype({"process": "str"})
    assert status(stages(other, milestones("starting-vz")))["xpc-lookup"] == "not seen"
    assert status(stages(other))["xpc-lookup"] == "refused"


def test_code_2_beside_a_key_that_is_there_is_a_conflict() -> None:
    dump = entitlements("entitlements", "com.apple.security.virtualization")
    log = milestones("vz-error", code=2)
    ladder = stages(denials(), log, dump)
    assert status(ladder)["entitlement"] == "unknown"
    found = _found(Evidence(denials(), milestones=log, entitlements=dump, stages=ladder))
    assert "entitlement-conflict" in found
    assert "missing-entitlement" not in found


def test_several_starts_in_one_run_are_said() -> None:
    log = milestones("starting-vz", "vz-error", "starting-vz", "vz-error", code=1)
    found = _found(Evidence(denials(LOOKUP), milestones=log, stages=stages(denials(LOOKUP), log)))
    assert "2 starts" in found["several-starts"]


def test_evidence_points_at_the_rows() -> None:
    rows = denials(("file-read-data", "/x"), LOOKUP, LOOKUP)
    frame = stages(rows, milestones("starting-vz", "vz-error", code=1)).set_index("stage")
    assert frame.loc["xpc-lookup", "denials"] == (1, 2)
    assert frame.loc["running", "milestones"] == (1,)


def test_every_stage_names_its_source_and_every_reference_exists() -> None:
    names = [row.stage for row in STAGE_TABLE]
    assert len(set(names)) == len(names)
    for position, row in enumerate(STAGE_TABLE):
        assert row.source
        assert set(row.implied_by) <= set(names[position + 1 :])


def _found(evidence: Evidence) -> dict[str, str]:
    every = (*stop_findings(evidence), *start_findings(evidence))
    return {each.finding: each.title for each in every}


@pytest.mark.parametrize(
    ("rows", "lines", "code", "present", "absent"),
    [
        ([LOOKUP], ["vz-error"], 1, {"start-stopped", "log-is-silent"}, {"code-1-without-denial"}),
        (
            [],
            ["rosetta-share", "vz-error"],
            1,
            {"code-1-without-denial", "rosetta-red-herring"},
            {"start-stopped"},
        ),
        ([], ["rosetta-share", "vz-error"], 2, {"missing-entitlement"}, {"code-1-without-denial"}),
        ([LOOKUP], ["rosetta-share", "state-running"], None, set(), {"rosetta-red-herring"}),
        ([RESOLV], ["starting-vz"], None, {"resolv-conf-symlink"}, {"start-stopped"}),
        (
            [TASK],
            ["state-running", "ready"],
            None,
            {"task-name-disputed", "ready"},
            {"start-stopped"},
        ),
        ([], ["state-running", "degraded"], None, {"degraded"}, {"ready"}),
    ],
)
def test_findings_of_a_start(
    rows: list[tuple[str, str]],
    lines: list[str],
    code: int | None,
    present: set[str],
    absent: set[str],
) -> None:
    refused, log = denials(*rows), milestones(*lines, code=code)
    found = _found(Evidence(refused, milestones=log, stages=stages(refused, log)))
    assert present <= set(found)
    assert not absent & set(found)

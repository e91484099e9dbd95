from __future__ import annotations

import pytest

from sbdiag.capture.frames import DENIALS, MILESTONES
from sbdiag.capture.lima import read_lima_log
from sbdiag.diagnosis.causes import Evidence, start_findings
from sbdiag.diagnosis.startup import stages
from sbdiag.diagnosis.stops import stop_findings
from sbdiag.seatbelt.access import parse_access

SHARES = "com.apple.virtualization.extension"
LOOKUP = ("mach-lookup", "com.apple.Virtualization.VirtualMachine (xpc)")
TASK = ("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]")
FUSE = ("generic-issue-extension", f"extension-class:{SHARES}.fuse")
ROSETTA = ("generic-issue-extension", f"extension-class:{SHARES}.rosetta-directory-share")
FILE = ("file-write-create", "/Users/you/.lima/default/vz.pid")
SOCKET = ("network-outbound", "/Users/you/.lima/_networks/user-v2/user-v2_fd.sock")

START = "INFO[0001] [hostagent] Starting VZ"
RUNNING = "INFO[0002] [hostagent] [VZ] - vm state change: running"
READY = "INFO[0008] READY. Run `limactl shell a` to open the shell."
CODE_1 = "ERRO[0002] [hostagent] Error Domain=VZErrorDomain Code=1 x  fields.level=fatal"
EXITING = "FATA[0009] exiting, status={Running:false}"
NO_FILE = (
    'INFO[0003] [hostagent] Driver stopped due to error: "open'
    ' /Users/you/.lima/default/vz.pid: operation not permitted"'
)
NO_SOCKET = f"FATA[0001] dial unix {SOCKET[1]}: connect: operation not permitted"
WAITED = 'FATA[0600] did not receive an event with the "running" status'

Row = tuple[str, str] | tuple[str, str, int]


def evidence(rows: list[Row], lines: list[str]) -> Evidence:
    records = []
    for operation, target, *pid in rows:
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
                "run": "r",
                "process": "limactl",
                "pid": pid[0] if pid else 7,
                "duplicates": 0,
            }
        )
    denials = DENIALS.frame(records)
    log = "".join(f"{line}\n" for line in lines).encode()
    milestones = read_lima_log(log, run="r") if lines else MILESTONES.frame()
    return Evidence(denials, milestones=milestones, stages=stages(denials, milestones))


CAUSE, MAYBE = ("start-stopped", "cause"), ("refused-on-the-way", "warning")
ENDED, REFUSED_END = ("lima-gave-up", "warning"), ("lima-gave-up", "cause")
UNEXPLAINED = ("code-1-unexplained", "warning")


@pytest.mark.parametrize(
    ("rows", "lines", "expected"),
    [
        # A step that a VM is known to need is the cause, with or without a log.
        ([LOOKUP], [], [CAUSE]),
        ([FUSE, ROSETTA], [START], [CAUSE]),
        # One that is disputed is the cause only where the log shows that the start ended.
        ([TASK], [], [MAYBE]),
        ([TASK], [START], [MAYBE]),
        ([TASK], [START, CODE_1], [CAUSE]),
        ([TASK], [RUNNING], []),
        # A lookup that was refused and answered later stopped nothing that is seen here.
        ([LOOKUP, ROSETTA], [], [MAYBE]),
        # Lima needs some of its files; only its log tells whether it ended for one.
        ([FILE, ROSETTA], [], [MAYBE]),
        ([FILE], [START], [MAYBE]),
        ([FILE], [START, RUNNING], []),
        ([FILE], [START, RUNNING, NO_FILE], [CAUSE]),
        ([FILE], [START, NO_FILE], [CAUSE]),
        ([FILE], [START, NO_SOCKET], [MAYBE, ENDED]),
        ([FILE], [START, EXITING], [MAYBE, ENDED]),
        ([FILE], [START, CODE_1], [MAYBE, UNEXPLAINED]),
        ([ROSETTA], [START, CODE_1], [UNEXPLAINED]),
        ([], [START, CODE_1], [("code-1-without-denial", "warning")]),
        # Ends without an error of the framework.
        ([], [START, WAITED], [ENDED]),
        ([], [START, EXITING], [ENDED]),
        ([], [START, NO_SOCKET], [ENDED]),
        ([SOCKET], [START, NO_SOCKET], [REFUSED_END]),
        ([SOCKET], [START, WAITED], [ENDED]),
        ([LOOKUP], [START, EXITING], [CAUSE]),
        ([], [START, RUNNING, "INFO[0009] [hostagent] Shutting down VZ"], []),
        ([], [RUNNING, READY, EXITING], []),
    ],
)
def test_what_stopped_the_start(
    rows: list[Row], lines: list[str], expected: list[tuple[str, str]]
) -> None:
    found = list(stop_findings(evidence(rows, lines)))
    assert [(each.finding, each.severity) for each in found] == expected


def test_several_processes_are_several_starts_each_with_its_own_end() -> None:
    rows: list[Row] = [(*LOOKUP, 1), (*TASK, 2), (*FUSE, 3), (*FUSE, 3)]
    found = list(stop_findings(evidence(rows, [])))
    assert [(each.finding, each.denials) for each in found] == [
        ("start-stopped", (0,)),
        ("refused-on-the-way", (1,)),
        ("start-stopped", (2, 3)),
        ("several-starts", (0, 1, 2, 3)),
    ]
    assert [f"process {pid}" in found[pid - 1].title for pid in (1, 2, 3)] == [True] * 3
    assert "3 starts" in found[3].title


def test_two_processes_of_one_start_are_one() -> None:
    rows: list[Row] = [(*FILE, 1), (*LOOKUP, 2), (*TASK, 2)]
    assert [each.finding for each in stop_findings(evidence(rows, []))] == ["refused-on-the-way"]


@pytest.mark.parametrize(("lines", "ran"), [([RUNNING], True), ([CODE_1], False), ([], False)])
def test_a_vm_without_rosetta_is_not_said_to_have_booted(lines: list[str], ran: bool) -> None:
    found = {each.finding: each for each in start_findings(evidence([ROSETTA], lines))}
    assert ("this one ran" in found["rosetta-refused"].detail) is ran
    assert "not seen to have come so far" in found["rosetta-refused"].detail or ran


def test_the_words_of_the_log_are_quoted() -> None:
    (found,) = stop_findings(evidence([], [START, f"FATA[0001] {'x' * 300}"]))
    assert found.detail.startswith("Its log: xxx")
    assert len(found.detail) < 250


def test_evidence_points_at_rows_that_exist() -> None:
    given = evidence([SOCKET, LOOKUP], [START, NO_SOCKET])
    for each in stop_findings(given):
        assert set(each.denials) <= set(given.denials.index)
        assert set(each.milestones) <= set(given.milestones.index)

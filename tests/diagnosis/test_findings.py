from __future__ import annotations

from typing import get_args

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS, UNPARSED
from sbdiag.capture.unified_log import read_capture
from sbdiag.diagnosis.causes import Evidence
from sbdiag.diagnosis.findings import _WITHHELD, FINDINGS, SEVERITIES, findings
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import WithheldReason

KERNEL = "2026-01-01 00:00:00.000 E  kernel[0:1] (Sandbox) "


def found(*lines: str) -> pd.DataFrame:
    reading = read_capture("".join(f"{line}\n" for line in lines).encode(), tz="UTC", run="r")
    rules = minimal_rules(reading.denials)
    return findings(Evidence(reading.denials, reading.unparsed, rules=rules))


@pytest.mark.parametrize(
    ("line", "finding", "severity"),
    [
        (f"{KERNEL}System Policy: x(1) deny(1) file-read-data /a", "no-rule-lifts", "warning"),
        (f"{KERNEL}Sandbox: x(1) deny(1) forbidden-sandbox-reinit", "forbidden", "warning"),
        (f"{KERNEL}Sandbox: x(1) allow file-read-data /a", "allow-report", "note"),
        (
            f"{KERNEL}Sandbox: x(1) deny(1) file-read-data /Users/you/.ssh/id_rsa",
            "sensitive-target",
            "warning",
        ),
        (f"{KERNEL}Sandbox: x(1) deny(1) file-read-data /dev/dtracehelper", "known-noise", "note"),
        (f"{KERNEL}Sandbox: x(1) deny(1) file-read-data <private>", "hidden-target", "warning"),
        (f"{KERNEL}Sandbox: x(1) deny(1) frobnicate /a", "unknown-operation", "warning"),
        (
            f"{KERNEL}Sandbox: wc(1) deny(1) file-read-data /private/etc/sudoers",
            "calibration",
            "note",
        ),
        (
            "2026-01-01 00:00:00.000 Df evil[7:1] Sandbox: x(1) deny(1) file-read-data /a",
            "doubtful-origin",
            "warning",
        ),
    ],
)
def test_what_one_line_means(line: str, finding: str, severity: str) -> None:
    frame = found(f"{KERNEL}Sandbox: other(2) deny(1) mach-lookup com.example.a", line)
    mine = frame[frame["finding"] == finding]
    assert len(mine) == 1
    assert mine.iloc[0]["severity"] == severity
    assert mine.iloc[0]["denials"] == (1,)


@pytest.mark.parametrize("line", ["file-read-data /a/../b", "file-read-data", "signal"])
def test_a_denial_without_a_rule_is_not_laid_to_the_language_alone(line: str) -> None:
    frame = found(f"{KERNEL}Sandbox: x(1) deny(1) {line}")
    (title,) = frame.loc[frame["finding"] == "no-filter", "title"]
    assert "does not say for certain what was refused, or the language has no filter" in title


def test_whether_a_denial_was_provoked_is_not_known() -> None:
    frame = found(f"{KERNEL}Sandbox: sudo(1) deny(1) file-read-data /private/etc/sudoers")
    (one,) = frame[frame["finding"] == "calibration"].itertuples()
    assert one.title.startswith("Logging works, if you provoked it: ")
    assert "everywhere" not in one.detail


def test_every_reason_for_withholding_has_its_sentence() -> None:
    assert set(_WITHHELD) == set(get_args(WithheldReason))


def test_causes_come_first_and_the_frame_is_declared() -> None:
    frame = found(f"{KERNEL}System Policy: x(1) deny(1) file-read-data /a")
    order = [SEVERITIES.index(str(severity)) for severity in frame["severity"]]
    assert order == sorted(order)
    assert list(frame.columns) == FINDINGS.names
    assert frame["title"].str.len().gt(0).all()


def test_no_denial_is_no_proof() -> None:
    assert list(found("2026-01-01 00:00:00.000 Df x[7:1] hello")["finding"]) == ["no-denials"]


def test_unparsed_lines_are_named() -> None:
    unparsed = UNPARSED.frame(
        [{"run": "r", "line": n, "text": "x", "reason": "y"} for n in range(9)]
    )
    frame = findings(Evidence(DENIALS.frame(), unparsed))
    assert list(frame["finding"]) == ["unparsed"]
    assert "9 lines" in frame.iloc[0]["title"]
    assert "r:0, r:1, r:2, r:3, r:4 …" in frame.iloc[0]["detail"]


def test_the_same_reason_is_said_once() -> None:
    frame = found(
        f"{KERNEL}Sandbox: x(1) deny(1) file-read-data /dev/dtracehelper",
        f"{KERNEL}Sandbox: x(1) deny(1) mach-lookup com.apple.diagnosticd",
    )
    noise = frame[frame["finding"] == "known-noise"]
    assert len(noise) == 1
    assert noise.iloc[0]["denials"] == (0, 1)

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from sbdiag.analysis import Report, analyze
from sbdiag.display.terminal import report_text


def report(*lines: str) -> Report:
    text = "".join(f"Sandbox: x(1) deny(1) {line}\n" for line in lines)
    return analyze({"a.log": text.encode()})


def section(text: str, head: str) -> list[str]:
    """Return the lines below a heading, up to the empty line that ends them."""
    lines = text.splitlines()
    rest = lines[lines.index(head) + 1 :]
    return rest[: rest.index("")] if "" in rest else rest


@pytest.mark.parametrize(
    ("count", "last"),
    [
        (20, None),
        (21, "  … and 1 more rule; --sb FILE writes them all"),
        (60, "  … and 40 more rules; --sb FILE writes them all"),
    ],
)
def test_of_many_rules_the_first_are_printed(count: int, last: str | None) -> None:
    given = report(*(f"file-read-data /p/{n}/a" for n in range(count)))
    assert len(given.rules) == count
    lines = section(report_text(given), "Rules")
    assert sum(line.startswith("  (allow ") for line in lines) == 20
    assert lines[-1] == last if last else "…" not in lines[-1]


def test_of_many_findings_and_notes_the_first_are_printed() -> None:
    given = report("lsopen")
    findings = pd.concat([given.findings] * 50, ignore_index=True)
    many = dataclasses.replace(given, findings=findings, notes=tuple(map(str, range(30))))
    text = report_text(many)
    assert section(text, "Findings")[-1].startswith(f"  … and {len(findings) - 40} more findings")
    read = section(text, "Read")
    assert read[-2:] == ["  11", "  … and 18 more notes; --json has them all"]


def runs(count: int) -> str:
    line = (
        b"Sandbox: limactl(1) deny(1) mach-lookup com.apple.Virtualization.VirtualMachine (xpc)\n"
    )
    return report_text(analyze({f"run-{n}.log": line for n in range(count)}))


def test_of_many_runs_the_last_have_a_column() -> None:
    text = runs(60)
    lines = section(text, "Start of the VM")
    assert lines[0] == "  … 46 earlier runs"
    assert lines[1] == "  47 run-46.log"
    assert max(map(len, text.splitlines())) <= 80
    assert "Runs run-0.log, run-1.log" in text
    assert "earlier run" not in runs(14)
    assert "Run run-0.log" not in runs(1)

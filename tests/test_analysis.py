"""What `analyze` makes of the files that it is given together."""

from __future__ import annotations

from pathlib import Path

import pytest

import sbdiag

DENIAL = "{time} E  kernel[0:1] (Sandbox) Sandbox: {process}({pid}) deny(1) {what}\n"
LOOKUP = "mach-lookup com.apple.Virtualization.VirtualMachine (xpc)"


def line(
    clock: str = "14:00:00", what: str = LOOKUP, *, process: str = "limactl", pid: int = 7
) -> str:
    return DENIAL.format(time=f"2026-05-27 {clock}.500", process=process, pid=pid, what=what)


def put(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
    return directory


@pytest.mark.parametrize(
    ("captures", "start"),
    [
        ({"a": line()}, "<sbdiag.Report: 1 denial in 1 run, 1 rule, 0 unparsed lines;"),
        ({"a": line(), "b": line()}, "<sbdiag.Report: 2 denials in 2 runs, 1 rule,"),
    ],
)
def test_a_report_counts_in_words(tmp_path: Path, captures: dict[str, str], start: str) -> None:
    put(tmp_path, **captures)
    assert repr(sbdiag.analyze([tmp_path / name for name in captures])).startswith(start)

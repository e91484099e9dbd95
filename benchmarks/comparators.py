"""What reading is compared with: grep, and the loop that one writes in a notebook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd

COLUMNS = ("time", "process", "pid", "verdict", "operation", "target", "line")
"""What the loops find out of a denial; `read_denials` finds these and more."""

MESSAGE = (
    r"Sandbox: (?P<process>.+?)\((?P<pid>\d+)\) (?P<verdict>deny|allow)\(\d+\) "
    r"(?P<operation>\S+) (?P<target>.*)"
)
LINE = re.compile(r"(?P<time>\S+ \S+) +\S+ +kernel\[0:[0-9a-f]+\] \(Sandbox\) " + MESSAGE)


def grep(path: Path) -> int:
    """Count the lines that name the sandbox.

    Through a pipe: GNU grep stops at the first one if its output goes to ``/dev/null``.
    """
    command = ["grep", "-cF", "Sandbox: ", str(path)]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def grep_version() -> str:
    """Return what grep calls itself."""
    if not shutil.which("grep"):
        return "no grep"
    done = subprocess.run(["grep", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]


def loop_compact(path: Path) -> pd.DataFrame:
    """Read ``--style compact``: a regular expression on each line, a dict for each denial."""
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if match := LINE.match(line):
                rows.append({**match.groupdict(), "line": number})
    return _frame(rows)


def loop_ndjson(path: Path) -> pd.DataFrame:
    """Read ``--style ndjson``: `json.loads` on each line, then the same on its message."""
    message = re.compile(MESSAGE)
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            record = json.loads(line)
            if match := message.match(record["eventMessage"]):
                rows.append({"time": record["timestamp"], **match.groupdict(), "line": number})
    return _frame(rows)


def _frame(rows: list[dict[str, str | int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.assign(
        time=pd.to_datetime(frame["time"], utc=True), pid=frame["pid"].astype("int64")
    )


def differing(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """Name the columns in which two frames differ, whatever types they are kept in."""
    if len(ours) != len(theirs):
        return [f"rows ({len(ours):,} and {len(theirs):,})"]
    return [
        name
        for name in COLUMNS
        if not (ours[name].astype(theirs[name].dtype) == theirs[name]).all()
    ]

"""Real lines, each with its reading, checked by hand: ``corpus.jsonl``.

A row says its ``kind`` (real, abridged by whoever quoted it, fixture of another project,
not-denial), the ``raw`` text, its ``source``, what it reads as (``expect``; fields that are left
out are deny, 1, profile, 0 or missing), and ``lines``: [denials, continuation, not ours], where it
is not one line and one denial.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.quoted import read_quoted
from sbdiag.capture.styles import read_header
from sbdiag.capture.unified_log import Counts, read_capture

Row = dict[str, Any]
ROWS: list[Row] = [
    json.loads(line)
    for line in Path(__file__).with_name("corpus.jsonl").read_text(encoding="utf-8").splitlines()
]
DEFAULTS: Row = {"verdict": "deny", "code": 1, "layer": "profile", "duplicates": 0}
MESSAGE_FIELDS = ("process", "pid", "verdict", "code", "operation", "target", "layer", "tag")
FIELDS = (*MESSAGE_FIELDS, "duplicates", "origin", "style")


def fields(denials: pd.DataFrame, names: tuple[str, ...]) -> list[Row]:
    plain = denials[list(names)].astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def expected(row: Row, names: tuple[str, ...]) -> Row:
    values = DEFAULTS | row["expect"]
    return {name: values.get(name) for name in names}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['id']}-{row['kind']}")
def test_each_line_reads_as_checked_by_hand(row: Row) -> None:
    reading = read_capture(row["raw"].encode(), tz="UTC")
    denials, continuation, not_ours = row.get("lines", [1, 0, 0])
    lines = denials + continuation + not_ours
    assert reading.counts == Counts(lines, denials, continuation, not_ours, 0)
    if row["expect"] is None:
        assert reading.denials.empty
        return
    assert fields(reading.denials, FIELDS) == [expected(row, FIELDS)]
    time = row["expect"].get("time")
    assert reading.denials["time"].isna().all() == (time is None)
    assert time is None or reading.denials["time"].item() == pd.Timestamp(time)


def test_every_kind_of_row_that_names_a_verdict_is_a_denial() -> None:
    none = [row["id"] for row in ROWS if row["expect"] is None]
    assert none == [row["id"] for row in ROWS if row["kind"] == "not-denial"]
    assert len(ROWS) - len(none) == 244


def _message(row: Row) -> str | None:
    """Return the message alone, without the columns in front of it."""
    raw: str = row["raw"]
    if raw.startswith("{"):
        return str(json.loads(raw)["eventMessage"]) if "MetaData" not in raw else None
    lines = raw.split("\n")
    start = next(at for at, line in enumerate(lines) if row["expect"]["operation"] in line)
    first, *rest = lines[start:]
    header = read_header(first)
    if header is not None:
        first = header.message
    elif (quoted := read_quoted(first)) is not None:
        first = quoted.header.message
    if row["expect"]["style"] == "xcode":  # what follows in a build log is not the kernel's
        rest = []
    return "\n".join([first, *rest])


# Rows of a message on its own: what is left out here is a line that was wrapped before its verdict,
# one behind words of another program, and one that syslogd folded.
MESSAGES = [
    (row, message)
    for row in ROWS
    if row["expect"] and row["id"] not in (193, 239, 248)
    if row["expect"]["origin"] != "other" and (message := _message(row)) is not None
]
COLUMNS = {
    "compact": "2026-09-08 12:08:19.267 E  {process}[{pid}:42486c] (Sandbox) {message}",
    "default": "2026-09-08 12:08:19.267000+0000 0x858ae5   Error       0x0                  "
    "{pid}      0    {process}: (Sandbox) {message}",
    "syslog": "2026-09-08 12:08:19.267000+0000  localhost {process}[{pid}]: (Sandbox) {message}",
    "ips": "2026-09-08 12:08:19.267 +0000   error 0x00649 0x0 "
    "{process}[{pid}] (Sandbox): {message}",
    "asl": "Sep  8 12:08:19 host {process}[{pid}] <Notice>: {message}",
    "console": "error\t12:08:19.267000+0000\t{process}\tSandbox\t{message}",
}


def embed(style: str, message: str, process: str) -> str:
    pid = 0 if process == "kernel" else 102
    if style in COLUMNS:
        return COLUMNS[style].format(process=process, pid=pid, message=message)
    path = "/kernel" if process == "kernel" else f"/usr/libexec/{process}"
    record = {
        "timestamp": "2026-09-08 12:08:19.267000+0000",
        "processID": pid,
        "processImagePath": path,
        "eventMessage": message,
    }
    text = json.dumps(record, ensure_ascii=False, indent=2 if style == "json" else None)
    return f"[{text}]" if style == "json" else text


@pytest.mark.parametrize("style", [*COLUMNS, "json", "ndjson"])
def test_the_same_messages_read_the_same_in_each_style(style: str) -> None:
    wrong = []
    for row, message in MESSAGES:
        process = "sandboxd" if "MetaData:" in message else "kernel"
        reading = read_capture(embed(style, message, process).encode(), tz="UTC")
        names = (*MESSAGE_FIELDS, "duplicates")
        want = expected(row, names)
        if fields(reading.denials, names) != [want]:
            wrong.append((row["id"], fields(reading.denials, names), want))
        assert (reading.denials["origin"] == process).all()
        assert (reading.denials["style"] == style).all()
    assert not wrong


# Lines of a third process stay out: what follows them without columns may be theirs.
MIXED = [row for row in ROWS if row["id"] not in (95, 147, 161)]


@given(st.lists(st.sampled_from(MIXED), max_size=12), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_a_file_that_mixes_them_has_each_of_them(rows: list[Row], end: str) -> None:
    text = "".join(f"{row['raw']}\n\n" for row in rows).replace("\n", end)
    reading = read_capture(text.encode(), tz="UTC")
    wanted = [expected(row, FIELDS) for row in rows if row["expect"]]
    assert fields(reading.denials, FIELDS) == wanted
    assert reading.counts.lines == text.count("\n")
    assert reading.counts.unparsed == 0

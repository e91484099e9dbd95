"""Lima's log of a start → the milestones frame.

One row a line of the log, in order: ``time offset_seconds milestone level source message error
code run line`` (``frames.MILESTONES``). A line that no row of
:data:`~sbdiag.capture.lima_lines.LIMA_LINES` knows has milestone ``other``, and if it is no log
line at all, no level either: every line of the file that is not blank is in exactly one row.

Notations, told apart line by line:

* ``ha.stderr.log``, and ``limactl --log-format json``: ``{"level":…,"msg":…,"time":…}``;
* logrus without a terminal: ``time="…" level=info msg="…" error="…"``;
* logrus on a terminal: ``INFO[0005] message   error="…"``, colours and all; only seconds since the
  start, so ``time`` is missing and ``offset_seconds`` is not;
* copies of any of these with ``[hostagent]`` (limactl repeats the hostagent's lines), colima's
  ``> [hostagent] …``, and lines shortened by hand: ``fatal: Error Domain=…``.

Formats: sirupsen/logrus (text_formatter.go, json_formatter.go); lima-vm/lima
pkg/logrusutil/logrusutil.go at 183a60d7 for what limactl does to the hostagent's lines.
"""

from __future__ import annotations

import datetime
import json
import re
import zoneinfo
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from sbdiag.capture.frames import LEVELS, MILESTONES
from sbdiag.capture.lima_lines import STOPPED_BY, VZ_ERROR, find_line
from sbdiag.capture.text_source import Source, decode, read_bytes, run_of
from sbdiag.errors import LimaLogError

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_TERMINAL: Final = re.compile(
    r"(?P<level>TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[(?P<offset>\d{4,9})\] ?(?P<rest>.*)", re.DOTALL
)
_WORD: Final = re.compile(
    r'\s*(?P<key>[A-Za-z_.]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S*))'
)
_PREFIXED: Final = re.compile(
    r"(?P<level>trace|debug|info|warn|warning|error|fatal|panic): (?P<rest>.+)"
)
_HOSTAGENT: Final = "[hostagent] "
_SHORT_LEVELS: Final = {
    "trac": "trace",
    "debu": "debug",
    "warn": "warning",
    "erro": "error",
    "fata": "fatal",
    "pani": "panic",
}
# Fields behind the message on a terminal. logrus renames a field that clashes to ``fields.level``.
_TRAILING: Final = re.compile(
    r'(?<!\s)\s+(?P<key>error|level|fields\.level)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]+))\s*$'
)
_ESCAPE: Final = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<plain>.))",
    re.DOTALL,
)
_PLAIN_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
# Foundation prints UserInfo over several lines; a terminal log keeps them as they are.
_MOST_CONTINUATIONS: Final = 40
_REPORT: Final = re.compile(r"\bdeny(?:\(\d+\))? |\"eventMessage\"|^Filtering the log data using")


@dataclass(frozen=True, slots=True)
class _Line:
    """One log line, taken apart."""

    message: str
    number: int
    level: str | None = None
    time: datetime.datetime | None = None
    offset: int | None = None
    error: str | None = None
    hostagent: bool = False
    notation: str = "bare"


def read_lima_log(
    source: Source, *, tz: str | datetime.tzinfo | None = None, run: str | None = None
) -> pd.DataFrame:
    """Read Lima's log of a start into the milestones frame.

    Parameters
    ----------
    source
        A path, an open binary file, or the bytes themselves: ``ha.stderr.log``, or what
        ``limactl start`` printed.
    tz
        Zone of times that carry none (logrus writes one); UTC by default.
    run
        What the column ``run`` says; by default the file's name.

    Returns
    -------
    DataFrame
        ``frames.MILESTONES``, one row a line that is not blank; the lines of a multi-line
        ``UserInfo={…}`` are one row. ``source`` is who logged the line: *hostagent* where limactl
        says so or only the hostagent logs such a line, *unknown* where the text does not settle
        it. A milestone ``vz-error`` has its number in ``code``. A line of level fatal or panic
        that no table row knows is ``fatal``.

    Raises
    ------
    LimaLogError
        If the file cannot be read, or `tz` is no time zone.
    """
    zone = _zone(tz)
    text = decode(read_bytes(source, LimaLogError))
    lines = _lines(text)
    label = run_of(source) if run is None else run
    console = any(line.hostagent for line in lines)
    notations = {line.notation for line in lines}
    default = "limactl" if console else "unknown"
    records = [_record(line, default, label, zone) for line in lines]
    if notations <= {"json", "bare"} and not any(row["source"] == "limactl" for row in records):
        # ha.stderr.log: nobody but the hostagent logs there
        for line, row in zip(lines, records, strict=True):
            if line.notation == "json":
                row["source"] = "hostagent"
    return MILESTONES.frame(records)


def is_lima_log(first_lines: str | bytes) -> bool:
    """Tell from its first lines whether a text is a log of Lima's.

    More lines must be Lima's than look like denial reports or records of the unified log.
    """
    text = decode(first_lines[: 64 * 1024]) if isinstance(first_lines, bytes) else first_lines
    ours = reports = 0
    for number, text_line in enumerate(text.split("\n")[:200], 1):
        if not text_line.strip():
            continue
        if _REPORT.search(text_line):
            reports += 1
            continue
        line = _parse(_COLOUR.sub("", text_line), number)
        ours += (
            line.notation in ("json", "logfmt", "terminal")
            or line.hostagent
            or (_milestone(line)[0] != "other")
        )
    return ours > reports


def _zone(tz: str | datetime.tzinfo | None) -> datetime.tzinfo:
    if tz is None:
        return datetime.UTC
    if isinstance(tz, datetime.tzinfo):
        return tz
    try:
        return zoneinfo.ZoneInfo(tz)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise LimaLogError(f"{tz!r} is no time zone; use a name such as Europe/Berlin") from cause


def _lines(text: str) -> list[_Line]:
    """Take every line that is not blank apart, and join the lines of one ``UserInfo={…}``."""
    lines: list[_Line] = []
    open_braces = joined = 0
    for number, raw in enumerate(text.split("\n"), 1):
        plain = _COLOUR.sub("", raw)
        if not plain.strip():
            continue
        if open_braces > 0 and joined < _MOST_CONTINUATIONS and _continues(plain):
            last = lines[-1]
            lines[-1] = _with_fields(replace(last, message=f"{last.message}\n{plain.rstrip()}"))
            open_braces += plain.count("{") - plain.count("}")
            joined += 1
            continue
        line = _parse(plain, number)
        lines.append(line)
        at = line.message.find("UserInfo={")
        rest = line.message[at:] if at >= 0 else ""
        open_braces, joined = rest.count("{") - rest.count("}"), 0
    return lines


def _continues(text: str) -> bool:
    """Tell whether `text` can be a line within braces, not a log line of its own."""
    line = _parse(text, 0)
    another = line.hostagent or _PREFIXED.fullmatch(text.strip()) or find_line(line.message)
    return line.notation == "bare" and not another


def _parse(text: str, number: int) -> _Line:
    """Take one line apart; a line in no known notation keeps its whole text as the message."""
    body = text.strip()
    body = body[2:].lstrip() if body.startswith("> ") else body  # colima's mark
    line = _from_json(body, number) or _from_logfmt(body, number) or _from_terminal(body, number)
    if line is None:
        match = _PREFIXED.fullmatch(body)
        level = _level(match["level"]) if match else None
        line = _Line(match["rest"] if match else body, number, level)
        line = _with_fields(line)
    if line.message.startswith(_HOSTAGENT):
        line = replace(line, message=line.message[len(_HOSTAGENT) :], hostagent=True)
        match = _PREFIXED.fullmatch(line.message) if line.notation == "bare" else None
        if match:
            line = replace(line, message=match["rest"], level=_level(match["level"]))
    return line


def _from_json(text: str, number: int) -> _Line | None:
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    message, level, stamp = record.get("msg"), record.get("level"), record.get("time")
    if not isinstance(message, str) or not isinstance(level, str):
        return None
    time = _time(stamp) if isinstance(stamp, str) else None
    if stamp is not None and time is None:
        return None
    field = record.get("fields.level")
    error = record.get("error")
    if error is not None and not isinstance(error, str):
        error = json.dumps(error, ensure_ascii=False)
    return _Line(
        message.strip("\n"),
        number,
        _level(field if isinstance(field, str) else level),
        time,
        error=error,
        notation="json",
    )


def _from_logfmt(text: str, number: int) -> _Line | None:
    if not text.startswith(("time=", "level=")):
        return None
    values: dict[str, str] = {}
    at = 0
    while match := _WORD.match(text, at):
        bare = match["bare"]
        values.setdefault(match["key"], bare if bare is not None else _unquote(match["quoted"]))
        at = match.end()
    if "msg" not in values or "level" not in values:
        return None
    time = _time(values["time"]) if "time" in values else None
    if "time" in values and time is None:
        return None
    return _Line(
        values["msg"],
        number,
        _level(values.get("fields.level", values["level"])),
        time,
        error=values.get("error"),
        notation="logfmt",
    )


def _from_terminal(text: str, number: int) -> _Line | None:
    match = _TERMINAL.match(text)
    if match is None:
        return None
    line = _Line(
        match["rest"].rstrip(),
        number,
        _level(match["level"]),
        offset=int(match["offset"]),
        notation="terminal",
    )
    return _with_fields(line)


def _with_fields(line: _Line) -> _Line:
    """Take the fields that logrus puts behind a message off its end."""
    while match := _TRAILING.search(line.message):
        value = match["bare"] if match["bare"] is not None else _unquote(match["quoted"])
        line = replace(line, message=line.message[: match.start()].rstrip())
        line = (
            replace(line, error=value)
            if match["key"] == "error"
            else replace(line, level=_level(value) or line.level)
        )
    return line


def _unquote(text: str) -> str:
    """Undo Go's ``%q``."""

    def plain(match: re.Match[str]) -> str:
        code = match["x"] or match["u"] or match["U"]
        if code is None:
            return _PLAIN_ESCAPES.get(match["plain"], match["plain"])
        number = int(code, 16)
        usable = number <= 0x10FFFF and not 0xD800 <= number < 0xE000
        return chr(number) if usable else match[0]

    return _ESCAPE.sub(plain, text)


def _level(word: str) -> str | None:
    word = word.lower()
    word = _SHORT_LEVELS.get(word, word)
    return word if word in LEVELS else None


def _milestone(line: _Line) -> tuple[str, str | None, int | None]:
    """Return the milestone of a line, who logs such a line if a row says so, and the VZ code."""
    if match := _vz_error(line):
        return "vz-error", "hostagent", int(match["code"])
    if row := find_line(line.message):
        return row.milestone, row.process, None
    return ("fatal" if line.level in ("fatal", "panic") else "other"), None, None


def _vz_error(line: _Line) -> re.Match[str] | None:
    """Find the error of the framework that a line reports; one that it quotes is another's.

    A line of level error and above reports what it names anywhere; any other does where it begins
    with it (limactl repeats what is no log line at level info), or as the attached error.
    """
    if line.level in ("trace", "debug"):
        return None
    if line.level in ("error", "fatal", "panic"):
        return VZ_ERROR.search(line.message) or VZ_ERROR.search(line.error or "")
    attached = VZ_ERROR.search(line.error or "") if line.level != "info" else None
    stopped = STOPPED_BY.match(line.message)
    return VZ_ERROR.match(line.message, stopped.end() if stopped else 0) or attached


def _record(line: _Line, default: str, run: str, zone: datetime.tzinfo) -> dict[str, object]:
    milestone, process, code = _milestone(line)
    knows = line.level is not None  # a line that is no log line has no author
    return {
        "time": _in_zone(line.time, zone),
        "offset_seconds": line.offset,
        "milestone": milestone,
        "level": line.level,
        "source": "hostagent" if line.hostagent else process or (default if knows else "unknown"),
        "message": line.message,
        "error": line.error,
        "code": code,
        "run": run,
        "line": line.number,
    }


def _time(text: str) -> datetime.datetime | None:
    """Read an RFC 3339 time; ``None`` if it is none."""
    try:
        time = datetime.datetime.fromisoformat(text)
        if time.tzinfo is not None:
            time = time.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
    return time


def _in_zone(time: datetime.datetime | None, zone: datetime.tzinfo) -> datetime.datetime | None:
    """Give a time without a zone its zone."""
    if time is None or time.tzinfo is not None:
        return time
    try:
        return time.replace(tzinfo=zone).astimezone(datetime.UTC)
    except OverflowError:
        return None

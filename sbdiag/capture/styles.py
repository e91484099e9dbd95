"""How log lines are written: columns in front of a message, told apart by their content.

======== ==================================================================================
style    a line of it
======== ==================================================================================
compact  ``2026-09-08 12:08:19.267 E  kernel[0:42486c] (Sandbox) Sandbox: …``
default  ``2022-01-07 00:57:47.733025-0800 0x858ae5   Error 0x0  0  0  kernel: (Sandbox) …``
syslog   ``2023-05-26 13:42:44.136100+0200  localhost kernel[0]: (Sandbox) Sandbox: …``
ips      ``2023-06-29 21:02:36.7106 -0700   error 0x00649 0x0 sandboxd[102] (sandboxd): …``
asl      ``Apr  1 22:14:08 havorn sandboxd[150] ([12748]) <Notice>: htop(12748) …``
console  ``erreur⇥14:21:33.887951 +0100⇥kernel⇥Sandbox: …``; ``12/28/15 7:51:26.000 AM⇥kernel[0]⇥…``
xcode    ``error: Sandbox: rsync(28699) deny(1) … (in target 'X' from project 'Y')``
message  the message alone, as people quote it
======== ==================================================================================

The JSON styles are in ``json_log.py``. The layouts are those of ``man log`` (``--style``) and of
the lines in ``tests/capture/corpus.jsonl``.

**Who wrote a line.** A process named ``kernel`` counts as the kernel only with pid 0. In the text
styles a program can still forge a line: messages, names and paths may hold line breaks and
brackets, and ``log`` prints them as they are. A line in which a second process column follows has
origin ``other``; only the JSON styles are beyond doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sbdiag.capture.times import MONTHS, Moment, asl_moment, console_moment, iso_moment

Style: TypeAlias = Literal[
    "compact", "default", "syslog", "json", "ndjson", "ips", "asl", "console", "xcode", "message"
]
Origin: TypeAlias = Literal["kernel", "sandboxd", "reported", "other"]
# Lines that `log` prints around the records.
_BANNER = re.compile(
    r"Filtering the log data using |Timestamp\s+(?:Thread|Ty|Type|\(process\))|={4,}|-{10,}"
    r"|Skipping (?:info|debug)|(?:Log|Activity|Stream|Loss)\s+- |Getting log data|\*{4}"
    r"|\(process\)\[PID\]"
)
# Styles that open each record with a full time, so that all lines up to the next are one record.
TIMED: Final = frozenset({"compact", "default", "syslog", "console"})


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of a message: how, by whom, when; and the message itself."""

    style: Style
    origin: Origin
    message: str
    moment: Moment | None = None


# Possessive quantifiers (``++``) keep every pattern linear in a line that was made to be slow.
# After the process: (sender image) [subsystem:category]
_EXTRAS = r"(?:\([^()]*\):?\s++)?(?:\[[^\[\]:]*:[^\[\]]*\]\s*+)?(?P<message>.*)"
_STAMP = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d) (?P<clock>\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r"(?: ?(?P<zone>[+-]\d\d:?\d\d|Z))?\s++"
)


def _layout(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


_LAYOUTS: Final[tuple[tuple[Style, re.Pattern[str]], ...]] = (
    (
        "compact",
        _layout(r"[A-Z][a-z]?\s++(?P<process>.+?)\[(?P<pid>\d+):[0-9a-fA-F]+\]\s*+" + _EXTRAS),
    ),
    (
        "default",
        _layout(
            r"0x[0-9a-f]+\s++[A-Z]\w+\s++0x[0-9a-f]+\s++(?P<pid>\d+)\s++(?:\d+\s++)?"
            r"(?P<process>.+?):\s++" + _EXTRAS
        ),
    ),
    (
        "ips",
        _layout(
            r"\w+\s++0x[0-9a-f]+\s++0x[0-9a-f]+\s++(?P<process>.+?)\[(?P<pid>\d+)\]\s++"
            r"\([^()]*\):\s*+(?P<message>.*)"
        ),
    ),
    ("syslog", _layout(r"\S++\s++(?P<process>.+?)\[(?P<pid>\d+)\]:\s*+" + _EXTRAS)),
    # an old Console copy where dates begin with the year
    ("console", _layout(r"(?P<process>[^\s\[\]]+)\[(?P<pid>\d+)\]:?\s++(?P<message>.*)")),
    # compact as people shorten it, without type and pid
    (
        "compact",
        _layout(r"(?P<process>kernel|sandboxd)(?P<pid>)\s*+(?:\(\w+\))?:?\s++(?P<message>.*)"),
    ),
)
_ASL = _layout(
    rf"(?P<month>{'|'.join(MONTHS)})"
    r"\s++(?P<day>\d{1,2})\s++"
    r"(?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)\s++(?:[^\s\[\]:]++\s++)?"
    r"(?P<process>[^\s\[\]:(][^\[\]:(]*?)(?:\(\w+\))?\[(?P<pid>\d+)\](?:\s?\(\[\d+\]\))?"
    r"(?:\s<\w+>)?:\s*+(?:\(\[\d+\]\)\s*+)?(?P<message>.*)"
)
_CONSOLE = _layout(
    r"(?:[^\t]{0,40}\t)?(?:(?P<date>\d{4}-\d\d-\d\d) )?(?P<clock>\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r"(?: ?(?P<zone>[+-]\d\d:?\d\d))?\t(?P<process>[^\t]+)\t(?P<rest>.*)"
)
_OLD_CONSOLE = _layout(
    r"(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})[./-](?P<year>\d{4}|\d\d),? "
    r"(?P<clock>\d{1,2}[:.]\d\d[:.]\d\d(?:[.,]\d{1,9})?)(?:\s(?P<half>AM|PM))?[\t ]++"
    r"(?P<process>[^\t\[\]]+?)\[(?P<pid>\d+)\]:?[\t ]++(?:\(\[\d+\]\):?\s*+)?(?P<message>.*)"
)
# The default style whose first columns were cut off.
_DEFAULT_REST = _layout(
    r"\s*+(?:\.\.\.\s++)?(?:0x[0-9a-f]+\s++)?(?:Default|Info|Debug|Error|Fault)\s++0x[0-9a-f]+\s++"
    r"(?P<pid>\d+)\s++\d+\s++(?P<process>.+?):\s++" + _EXTRAS
)
# A process column alone: kernel[0] <Notice>: … · kernel: (Sandbox) … · sandboxd[129] ([31211]): …
_PROCESS_REST = _layout(
    r"\s*+(?:error\s++)?(?P<process>kernel|sandboxd)(?:\[(?P<pid>\d+)\])?(?:\s?\(\[\d+\]\))?"
    r"(?P<level>\s<\w+>)?(?::\s*+(?:\(\[\d+\]\)\s*+)?|\s++…?\s*+|(?=\())" + _EXTRAS
)
# A time that another program, or an author, put in front of the whole.
_OUTER_TIME = _layout(r"(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(?:\.\d+)?Z?\s++(?P<rest>.*)")
# A second process column in the message: a program put the first one into its own name.
_SECOND_PROCESS = re.compile(r"\[\d+:[0-9a-fA-F]+\] |\[\d+\]: ")
_MAY_OPEN = re.compile(
    r"\d|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s|[^\t]{0,40}\t"
    r"|\s*+(?:\.\.\.\s|0x|Default\s|Info\s|Debug\s|Error\s|Fault\s|error\s|kernel|sandboxd)"
)
_COLUMN = re.compile(r"[\w.\-]*")
_DAY = (
    rb"(?:19[7-9]|20\d)\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    rb"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
_PLAIN_PROCESS = (
    rb" (?:[A-Y][a-z]? {1,2}[\w.-]++\[\d++:[0-9a-f]++\]"
    rb"|0x[0-9a-f]++ ++[A-Z]\w++ ++0x[0-9a-f]++ ++\d++ ++(?:\d++ ++)?[\w.-]++:"
    rb"| localhost [\w.-]++\[\d++\]:) "
)
PLAIN_COLUMNS: Final = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}(?:[+-]\d{4})?" + _PLAIN_PROCESS
"""Matches columns as most lines have them, undecoded; :func:`read_header` finds them there."""
PLAIN_DATED: Final = (
    _DAY
    + rb" (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3,6}(?:[+-](?:0\d|1[0-4])[0-5]\d)?"
    # and a message that is not blank, behind what may stand between it and the process
    + _PLAIN_PROCESS
    + rb"(?:\([\w.-]*+\) )?(?:\[[\w.-]*+:[\w.-]*+\] [!#-~]|[!#-'*-Z\\-~])"
)
"""The same with a time that there is, up to the beginning of a message that is not blank."""
_MONTH_STARTS: Final = frozenset("JFMASOND")


def read_header(line: str) -> Header | None:
    """Return the columns in front of a message, ``None`` if the line opens with none."""
    digit = line[:1].isdigit()
    if digit and "\t" not in line[:16] and (outer := _OUTER_TIME.match(line)):
        line = outer["rest"]
        digit = line[:1].isdigit()
    if digit and (stamp := _STAMP.match(line)):
        moment = iso_moment(stamp["date"], stamp["clock"], stamp["zone"])
        for style, layout in _LAYOUTS:
            if match := layout.match(line, stamp.end()):
                return _header(style, match, moment)
        return None
    if line[:1] in _MONTH_STARTS and (match := _ASL.match(line)):
        return _header("asl", match, asl_moment(match["month"], match["day"], match["clock"]))
    if "\t" in line and (match := _CONSOLE.match(line)):
        return _console(match)
    if digit and (match := _OLD_CONSOLE.match(line)):
        return _header("console", match, _old_console_moment(match))
    if match := _DEFAULT_REST.match(line):
        return _header("default", match, None)
    if match := _PROCESS_REST.match(line):
        asl = match["pid"] or match["level"] or match["process"] == "sandboxd"
        return _header("asl" if asl else "message", match, None)
    return None


def may_open(line: str) -> bool:
    """Return whether :func:`read_header` could find columns; quick, and never wrongly False."""
    return _MAY_OPEN.match(line) is not None


def is_banner(line: str) -> bool:
    """Return whether `log` prints this line around its records."""
    return _BANNER.match(line) is not None


def author(process: str, pid: str | None) -> Origin:
    """Return who a process column names; the kernel's pid is 0."""
    if process == "kernel" and pid in (None, "", "0"):
        return "kernel"
    return "sandboxd" if process == "sandboxd" else "other"


def _old_console_moment(match: re.Match[str]) -> Moment | None:
    return console_moment(
        match["first"],
        match["second"],
        match["year"],
        match["clock"],
        half=match["half"],
        dotted=match["mark"] == ".",
    )


def _header(style: Style, match: re.Match[str], moment: Moment | None) -> Header:
    message = match["message"]
    origin = author(match["process"], match["pid"])
    if origin != "other" and style != "default" and _SECOND_PROCESS.search(message):
        origin = "other"
    if style == "ips":  # the line stood in a JSON string
        message = message.replace("\\/", "/")
    return Header(style, origin, message.strip('"') if message[:1] == '"' else message, moment)


def _console(match: re.Match[str]) -> Header:
    """Read a tab-separated copy: any columns may stand between the process and the message."""
    pid: str | None = None
    columns = match["rest"].split("\t")
    while len(columns) > 1 and _COLUMN.fullmatch(columns[0]):
        column = columns.pop(0)
        pid = column if column.isdigit() and pid is None else pid
    date = match["date"]
    moment = iso_moment(date, match["clock"], match["zone"]) if date else None
    return Header("console", author(match["process"], pid), "\t".join(columns), moment)

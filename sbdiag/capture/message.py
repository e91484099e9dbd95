"""The one grammar of a denial's message, whichever log style carried it.

::

    [N duplicate reports for ] [LAYER: ] [N duplicate reports for ] NAME(PID) [System Policy: ]
    deny[(CODE)]|allow[(CODE)] OPERATION [DETAIL] [newline TAG | newline REPORT]

``LAYER`` is ``Sandbox`` (the process's own profile), ``System Policy`` or ``Protobox`` (the
platform's: no rule of yours helps). macOS 10.11 to 10.14 wrote ``System Policy:`` behind the pid,
later systems in front of the name; duplicate reports of the same years have no pid. Each shape is
a line of ``tests/capture/corpus.jsonl``, with its source.

**Where the name ends.** A program chooses its name and the target, and either may hold
``(1) deny(1) ``. The kernel cuts names at 32 bytes, so a place counts as the end of the name
if the name before it fits; of several such places the *last* does. A program can thus spoil
only its own rows: what it puts into a name or a target never becomes the clean name of another
process, and a long path never becomes an operation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from sbdiag.capture.report import Structured, report_record, starts_report, structured_record
from sbdiag.seatbelt.access import Access, parse_access

Verdict: TypeAlias = Literal["deny", "allow"]
Layer: TypeAlias = Literal["profile", "system-policy"]

NAME_BYTES: Final = 32
"""Longest process name the kernel prints (2 * MAXCOMLEN of XNU)."""

# First words of the operation names of libsandbox 13.0 and of those that only logs have; a line
# that names no layer is read as a denial only if its operation begins with one of these.
FAMILIES: Final = frozenset(
    {
        *("appleevent", "authorization", "boot", "darwin", "default", "device", "distributed"),
        *("dynamic", "exception", "file", "forbidden", "fs", "generic", "hid", "iokit", "ipc"),
        *("isp", "job", "load", "lsopen", "mach", "managed", "necp", "network", "nvram"),
        *("opendirectory", "process", "pseudo", "qtn", "sandbox", "signal", "socket", "storage"),
        *("syscall", "sysctl", "system", "user", "xpc"),
    }
)

# Lines that begin like a denial and are none, with where they were seen.
NOT_DENIALS: Final[tuple[tuple[str, str], ...]] = (
    (r"process-exec denied while updating label", "iOS dmesg, beside the denial that it follows"),
    (r"hook\.\.\S+ killing ", "iOS dmesg: hook..execve() killing <unsigned>[pid=1402, uid=0]"),
    (r"killing <?\S+\[pid=", "iOS dmesg"),
)
# Lines that stand under a denial and are no tag.
_NO_TAG: Final[tuple[tuple[str, str], ...]] = (
    (r"This must be in your \S+ entitlement\.", "iOS ramdisk dmesg, the kernel's hint"),
    (r"Failed to symbolicate: ", "log stream on macOS 26.2, standard error between records"),
)

_NUMBER = r"[0-9]{1,18}"
_START = re.compile(
    rf"\s*(?:(?P<before>{_NUMBER}) duplicate reports? for\s+)?"
    r"(?:(?P<layer>Sandbox|System Policy|Protobox)(?P<colon>:\s*|\s+))?"
    rf"(?:(?P<after>{_NUMBER}) duplicate reports? for\s+)?"
)
_VERDICT = (
    rf"(?P<verdict>deny|allow)(?:\((?P<code>{_NUMBER})\))?\s+"
    # glued, as in network-bind*:1921; or a name, with its star, or with <the refused operation>
    r"(?P<operation>network-(?:bind|inbound|outbound)(?=\*:\S)"
    r"|[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*\*?(?:<[^<>\s]*>)?(?!\S))"
)
# A pid, or what people write in its place: (<pid>), (pid), (...), (…), ([..]).
_WITH_PID = re.compile(
    rf"\((?:(?P<pid>-?{_NUMBER})|<pid>|pid|\.\.\.|…|\[\.\.\.?\])\)"
    rf"(?P<policy>\s+System Policy:)?\s+{_VERDICT}"
)
_NO_PID = re.compile(rf"(?<!\S)(?P<policy>System Policy:\s+)?{_VERDICT}")
_ANY_VERDICT = re.compile(r"(?<![\w-])(?:deny|allow)(?![\w-])")
_CUT_SHORT = re.compile(rf"\s*\S.*\(-?{_NUMBER}\)\s+(?:deny|allow)(?:\({_NUMBER}\))?\s*")
_VERDICT_FIRST = re.compile(r"\s+(?:deny|allow)(?:\(|\s)")
# A target that a copy put on a line of its own: a path, an address, or a key of a composed detail.
_TARGET_LINE = re.compile(r"\s*(?:/|target[:\s]|path:|extension-class:|\*:\d|[\d.]+:\d+\s*$)")
_NOT_DENIAL = re.compile("|".join(pattern for pattern, _ in NOT_DENIALS))
_HINT = re.compile("|".join(pattern for pattern, _ in _NO_TAG))

NO_VERDICT: Final = "names the sandbox, but no verdict (deny or allow)"
NO_OPERATION: Final = "no operation after the verdict"


@dataclass(frozen=True, slots=True)
class Message:
    """One denial or report line, as its text says.

    Attributes
    ----------
    process, pid
        As printed; ``None`` where the text has none or a placeholder such as ``(...)``.
    code
        N of ``deny(N)``, uninterpreted.
    operation, target
        Exact, and the detail verbatim; ``network-bind*:1921`` is ``network-bind`` and ``*:1921``.
    layer
        ``system-policy`` also for ``Protobox``, the platform's profile on iOS.
    duplicates
        N of ``N duplicate reports for``, else 0.
    tag
        The line that ``(with message "…")`` adds under the denial.
    primary
        Filter and value that decided, where a structured record says so.
    """

    process: str | None
    pid: int | None
    verdict: Verdict
    code: int | None
    operation: str
    target: str | None
    layer: Layer = "profile"
    duplicates: int = 0
    tag: str | None = None
    primary: tuple[str, str] | None = None

    @property
    def access(self) -> Access:
        """What was asked for, taken out of the detail."""
        return parse_access(self.operation, self.target)

    @property
    def subject(self) -> tuple[str | None, str | None]:
        """Kind and name that a rule needs; the structured record settles which kind of name."""
        access = self.access
        if self.primary and (access.kind is None or self.primary[1] == access.name):
            return self.primary
        return access.kind, access.name


@dataclass(frozen=True, slots=True)
class Malformed:
    """A text that names the sandbox and is no record."""

    reason: str


def parse_message(
    text: str, *, record: Structured | None = None, report: bool = True
) -> Message | Malformed | None:
    r"""Read one message.

    Parameters
    ----------
    text
        The whole message without its log columns, lines divided by ``\n``.
    record
        The structured record that a JSON log entry carries beside the text.
    report
        Whether further lines may be a violation report. The kernel writes none: under its lines a
        ``MetaData:`` line can only come from a name, a path or a tag.

    Returns
    -------
    Message | Malformed | None
        ``None`` if the text is not ours: it neither is a denial nor begins like one.
    """
    first, *rest = text.rstrip("\r\n").split("\n")
    if first.lstrip().startswith("{"):
        alone = structured_record(first)
        return None if alone is None else _from_record(alone)
    parsed = parse_line(first)
    if rest and isinstance(parsed, Malformed) and _VERDICT_FIRST.match(rest[0]):
        parsed = parse_line(f"{first} {rest.pop(0).strip()}")
    if not isinstance(parsed, Message):  # hidden, say, as <private>
        return (_from_record(record) if record else None) or parsed
    if rest and report and starts_report(rest[0]):
        record = record or report_record(rest)
        rest = []
    return _with_record(_with_rest(parsed, rest), record)


def parse_line(line: str) -> Message | Malformed | None:
    """Read the first line of a message, without what may stand under it."""
    start = _START.match(line)
    assert start is not None  # every part is optional
    head = _head(line, start.end())
    layered = bool(start["layer"]) and ":" in start["colon"]
    if head is None:
        if _NOT_DENIAL.match(line, start.end()):
            return None
        if layered or start["before"] or start["after"]:
            return Malformed(NO_OPERATION if _ANY_VERDICT.search(line) else NO_VERDICT)
        return Malformed(NO_OPERATION) if _CUT_SHORT.fullmatch(line) else None
    groups = head.groupdict()
    name = line[start.end() : head.start()].strip()
    pid, code, operation = groups.get("pid"), groups["code"], groups["operation"]
    if not layered:
        # Without a layer, any sentence could be meant: ask for what only a denial has.
        numbered = code is not None or "pid" in groups
        bare_name = not re.search(r":\s" if "pid" in groups else r"\s", name)
        if not (numbered and bare_name and re.split(r"\W|_", operation)[0] in FAMILIES):
            return None
    policy = groups["policy"] or start["layer"] in ("System Policy", "Protobox")
    return Message(
        process=name or None,
        pid=None if pid is None else int(pid),
        verdict="deny" if groups["verdict"] == "deny" else "allow",
        code=None if code is None else int(code),
        operation=operation,
        target=line[head.end() :].lstrip(" \t") or None,
        layer="system-policy" if policy else "profile",
        duplicates=int(start["before"] or start["after"] or 0),
    )


def takes_line(parsed: Message | Malformed, line: str, taken: int) -> bool:
    """Return whether `line` must belong to the message above it, whatever the style.

    Parameters
    ----------
    parsed
        The first line, read.
    line
        The line under it.
    taken
        How many lines under the first one were taken already.
    """
    if isinstance(parsed, Malformed):
        return taken == 0 and bool(_VERDICT_FIRST.match(line))
    return parsed.target is None and taken < 2 and bool(_TARGET_LINE.match(line))


def is_tag(line: str, *, words: bool) -> bool:
    """Return whether the line under a denial can be its tag.

    Parameters
    ----------
    line
        The line.
    words
        Whether it may hold spaces: in a log that opens each record with a time, whatever stands
        between two records belongs to the first; elsewhere only a single word is taken.
    """
    if not re.search(r"\w", line) or _HINT.match(line):
        return False
    return words or not re.search(r"\s", line.strip())


def _head(line: str, start: int) -> re.Match[str] | None:
    """Find where the name ends; see the top of this room."""
    for pattern in (_WITH_PID, _NO_PID):
        first: re.Match[str] | None = None
        fitting: re.Match[str] | None = None
        for match in pattern.finditer(line, start):
            first = first or match
            if match.start() - start > NAME_BYTES + 2:
                break
            name = line[start : match.start()].strip()
            if len(name.encode("utf-8", "replace")) <= NAME_BYTES:
                fitting = match
        if fitting or first:
            return fitting or first
    return None


def _with_rest(message: Message, rest: list[str]) -> Message:
    """Join what stands under the first line: a target that was put there, else the tag."""
    if not rest:
        return message
    target = message.target
    if target is None:
        parts: list[str] = []
        while rest and len(parts) < 2 and _TARGET_LINE.match(rest[0]):
            parts.append(rest.pop(0).strip())
        target = " ".join(parts) or None
    lines = [line.rstrip("\r") for line in rest if not _HINT.match(line)]
    tag = "\n".join(lines).strip("\n") or None
    return replace(message, target=target, tag=tag)


def _with_record(message: Message, record: Structured | None) -> Message:
    """Let the structured record win over the text where it has a target.

    Text that says the same and more, such as ``target:… extension-class:…``, stays verbatim.
    """
    if record is None:
        return message
    policy = message.layer == "system-policy" or record.system_policy
    message = replace(
        message,
        process=message.process or record.process,
        pid=record.pid if message.pid is None else message.pid,
        primary=record.primary,
        layer="system-policy" if policy else "profile",
    )
    if record.target is None:
        return message
    same = record.operation in (None, message.operation)
    if same and any(value == record.target for _, value in message.access.values):
        return message
    return replace(message, operation=record.operation or message.operation, target=record.target)


def _from_record(record: Structured) -> Message | None:
    """Read a message that is nothing but a structured record."""
    if record.operation is None or record.verdict is None:
        return None
    if re.split(r"\W|_", record.operation)[0] not in FAMILIES:
        return None
    return Message(
        process=record.process,
        pid=record.pid,
        verdict=record.verdict,
        code=record.code,
        operation=record.operation,
        target=record.target,
        layer="system-policy" if record.system_policy else "profile",
        primary=record.primary,
    )

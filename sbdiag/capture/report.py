"""Violation reports: the lines under a denial, and the structured record that they carry.

``sandboxd`` writes a denial as a report of several lines: the denial, ``Process:``, ``Path:`` …,
``MetaData: {json}``, and on older systems a backtrace (macOS 10.13.6: test data of
mandiant/macos-UnifiedLogs; macOS 26.2: n8henrie.com, 2025-12). The same structured record appears
as ``MetaData`` of a JSON log entry under the subsystem ``com.apple.sandbox.reporting`` (the keys
that nono v0.74 reads in ``sandbox_log.rs``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

_START = re.compile(r"(?:Violation|Process):\s")
# A body line: a field, a MetaData record, a backtrace, the list of images.
_BODY = re.compile(
    r"\s*$"
    r"|[A-Z][A-Za-z/]*(?: [A-Z][A-Za-z]*)?:(?:\s|$)"
    r"|Thread \d+\b"
    r"|\d+\s{2,}\S"
    r"|\s*0x[0-9a-fA-F]+ - "
)
_METADATA: Final = "MetaData:"
_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Structured:
    """What the structured record of a violation says; ``None`` where it does not.

    Attributes
    ----------
    primary
        ``(filter, value)`` that decided, from ``primary-filter`` and its value.
    system_policy
        True where the platform's policy refused, not the process's own profile.
    """

    operation: str | None = None
    target: str | None = None
    process: str | None = None
    pid: int | None = None
    verdict: Literal["deny", "allow"] | None = None
    code: int | None = None
    primary: tuple[str, str] | None = None
    system_policy: bool | None = None


def starts_report(line: str) -> bool:
    """Return whether `line`, standing right under a denial, opens the body of a report."""
    return _START.match(line) is not None


def continues_report(line: str) -> bool:
    """Return whether `line` can stand in the body of a report."""
    return _BODY.match(line) is not None


def report_record(lines: Sequence[str]) -> Structured | None:
    """Return the structured record among the lines of a report.

    The *last* ``MetaData:`` line counts: sandboxd writes it after everything that a program
    chooses, and JSON keeps a line break in a path from starting a line of its own.
    """
    for line in reversed(lines):
        if line.startswith(_METADATA):
            return structured_record(line.removeprefix(_METADATA))
    return None


def structured_record(value: object) -> Structured | None:
    """Read a structured record, an object or its JSON text; ``None`` if it is not one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, Mapping):
        return None
    action = _text(value, "action")
    kind, name = _text(value, "primary-filter"), _text(value, "primary-filter-value")
    policy = value.get("platform-policy")
    record = Structured(
        operation=_text(value, "operation"),
        target=_text(value, "target", "path", "global-name"),
        process=_text(value, "process"),
        pid=_number(value, "pid", "processID"),
        verdict="deny" if action == "deny" else "allow" if action == "allow" else None,
        code=_number(value, "errno"),
        primary=(kind, name) if kind and name else None,
        system_policy=policy if isinstance(policy, bool) else None,
    )
    return None if record == Structured() else record


def clean(text: str) -> str:
    r"""Replace halves of surrogate pairs, which JSON can hold (``"\ud800"``) and UTF-8 cannot.

    The replacement is U+FFFD, as for any other bytes that are no text: no rule is made of it.
    """
    return _HALF_OF_A_PAIR.sub("\ufffd", text)


def _text(record: Mapping[str, object], *keys: str) -> str | None:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value:
            return clean(value)
    return None


def _number(record: Mapping[str, object], *keys: str) -> int | None:
    for key in keys:
        value = record.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
    return None

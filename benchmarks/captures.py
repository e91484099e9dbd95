"""Captures made for benchmarks: dense, every record a denial, and sparse, one in 200.

Accesses repeat as they do in logs: of `distinct` ones the first is the most frequent, the k-th one
comes about 1/k as often (Zipf); in a dense capture each comes at least once. Lines and JSON records
have the columns and keys of ``log show --style compact``, ``ndjson`` and ``json``. The same
arguments give the same bytes.
"""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["compact", "ndjson", "json"]

OPERATIONS = ("file-read-data", "file-read-metadata", "file-write-create", "file-write-unlink")
PROGRAMS = ("limactl", "node", "git", "com.apple.Virtua", "zsh", "cargo", "python3.12", "qemu")
NOISE = (
    ("launchd", 1, "com.apple.xpc", "service com.example.agent.%d changed state to running"),
    ("WindowServer", 388, "com.apple.SkyLight", "window %d moved to the space %d, 3 of 4"),
    ("mDNSResponder", 520, "com.apple.mDNSResponder", "[R%d] no answer for <mask.hash> yet"),
    ("runningboardd", 300, "com.apple.runningboard", "[app<application.%d>] will be suspended"),
    ("trustd", 312, "com.apple.securityd", "asked for the policy of certificate %d by <private>"),
)
"""Other programs: process, pid, subsystem, format of the message.

JSON records hold the format too (Apple's ``OSLogEntryWithPayload.formatString``); that of the
kernel's denials is ``%s``, as in ``tests/capture/corpus.jsonl``.
"""
_FORMATS = {process: text for process, _, _, text in NOISE}
PIECE_BYTES = 8 << 20
"""A sparse capture repeats a piece of this size, with other times."""


def zipf(distinct: int, *, seed: int = 1) -> Iterator[int]:
    """Draw numbers below `distinct` for ever, k about 1/(k + 1) as often as the first."""
    draw = random.Random(seed)
    weights = list(accumulate(1 / rank for rank in range(1, distinct + 1)))
    while True:
        yield bisect(weights, draw.random() * weights[-1])


def each_then_zipf(count: int, distinct: int) -> Iterator[int]:
    """Yield `count` numbers below `distinct`: each of them once, then by chance."""
    return islice(chain(range(distinct), zipf(distinct)), count)


def messages(distinct: int) -> list[str]:
    """Return the messages of `distinct` denials."""
    return [
        f"Sandbox: {PROGRAMS[n % 8]}({900 + n % 37}) deny(1) {OPERATIONS[n % 4]} "
        f"/Users/you/project/part{n % 50}/build/item-{n}.txt"
        for n in range(distinct)
    ]


def _stamp(n: int) -> str:
    seconds, millis = divmod(n, 1000)
    minutes, hours = seconds // 60, seconds // 3600
    day, clock = 8 + hours // 24, f"{hours % 24:02}:{minutes % 60:02}:{seconds % 60:02}"
    return f"2026-09-{day:02} {clock}.{millis:03}"


def _thread(n: int) -> int:
    return n * 7919 % 9_000_000 + 6_000


def _entry(n: int, message: str, process: str, pid: int, subsystem: str) -> dict[str, object]:
    image = "/kernel" if not pid else f"/usr/libexec/{process}"
    sender = "/System/Library/Extensions/Sandbox.kext/Contents/MacOS/Sandbox" if not pid else image
    return {
        "timezoneName": "",
        "messageType": "Error" if not pid else "Default",
        "eventType": "logEvent",
        "source": None,
        "formatString": _FORMATS.get(process, "%s"),
        "userID": 0,
        "activityIdentifier": 0,
        "subsystem": subsystem,
        "category": "",
        "threadID": _thread(n),
        "senderImageUUID": "D4780E99-68D4-3902-8072-5151727ABD4C",
        "backtrace": {
            "frames": [{"imageOffset": 168412, "imageUUID": "D4780E99-68D4-3902-8072-5151727ABD4C"}]
        },
        "bootUUID": "",
        "processImagePath": image,
        "senderImagePath": sender,
        "timestamp": f"{_stamp(n)}{n % 1000:03}+0000",
        "machTimestamp": 1_879_983_736 + 24_000 * n,
        "eventMessage": message,
        "processImageUUID": "B2455C4B-781C-3F38-8CA0-DD11CF317C15",
        "traceID": 17_575_040_258_052,
        "processID": pid,
        "senderProgramCounter": 168412,
        "parentActivityIdentifier": 0,
    }


def _compact(n: int, message: str, process: str, pid: int, subsystem: str) -> str:
    kind, sender = ("E ", "(Sandbox)") if not pid else ("Df", f"[{subsystem}:default]")
    return f"{_stamp(n)} {kind} {process}[{pid}:{_thread(n):x}] {sender} {message}\n"


def _ndjson(n: int, message: str, process: str, pid: int, subsystem: str) -> str:
    text = json.dumps(_entry(n, message, process, pid, subsystem), separators=(",", ":"))
    return text.replace("/", "\\/") + "\n"


def _json(n: int, message: str, process: str, pid: int, subsystem: str) -> str:
    entry = _entry(n, message, process, pid, subsystem)
    text = json.dumps(entry, indent=2, separators=(",", " : ")).replace("/", "\\/")
    return ("[" if n == 0 else "},") + text[:-1]


_WRITE: dict[Style, Callable[[int, str, str, int, str], str]] = {
    "compact": _compact,
    "ndjson": _ndjson,
    "json": _json,
}


def write_dense(path: Path, style: Style, records: int, *, distinct: int = 2_000) -> None:
    """Write a capture of nothing but denials."""
    write, texts = _WRITE[style], messages(distinct)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if style == "compact":
            file.write("Timestamp               Ty Process[PID:TID]\n")
        for n, access in enumerate(each_then_zipf(records, distinct)):
            file.write(write(n, texts[access], "kernel", 0, ""))
        file.write("}]\n" if style == "json" else "")


def write_sparse(path: Path, style: Style, size: int) -> int:
    """Write about `size` bytes of a whole machine's log; return how many denials are in it."""
    write, texts, draw = _WRITE[style], messages(500), zipf(500)
    piece: list[str] = []
    in_piece = bytes_in_piece = 0
    for n in range(1 << 30):
        if n % 200 == 77:
            piece.append(write(n, texts[next(draw)], "kernel", 0, ""))
            in_piece += 1
        else:
            process, pid, subsystem, text = NOISE[n * 31 % 5]
            piece.append(write(n, text.replace("%d", str(n)), process, pid, subsystem))
        bytes_in_piece += len(piece[-1])
        if bytes_in_piece >= min(size, PIECE_BYTES):
            break
    times = max(1, size // bytes_in_piece)
    first = "".join(piece).encode()
    again = first.replace(b"[", b"},", 1) if style == "json" else first
    with path.open("wb") as file:
        for turn in range(times):
            day = b"2026-09-%02d " % (8 + turn % 20)
            file.write((again if turn else first).replace(b"2026-09-08 ", day))
        file.write(b"}]\n" if style == "json" else b"")
    return in_piece * times

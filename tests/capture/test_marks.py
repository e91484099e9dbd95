from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.json_log import JsonObject, read_object, read_record
from sbdiag.capture.marks import CANDIDATE, MARKS, can_be_ours, find_marks
from sbdiag.capture.message import parse_line, parse_message
from sbdiag.capture.quoted import read_quoted

WORDS_OF_THE_GRAMMAR = (
    *("Sandbox", "System Policy", "Protobox", ":", ": ", " ", "\t", "\u2003", "\x1f", "\xa0"),
    *("deny", "allow", "deny(1)", "allow(12)", "(1)", "(-7)", "(<pid>)", "(pid)", "(...)", "(…)"),
    *("2 duplicate reports for ", "1 duplicate report for", "name", "file-read-data", "*", "/x"),
    *("mach-lookup", "com.apple.x", "network-outbound*:53", "{", '{"action":"deny"', "}", '"'),
    *('"operation":"file-read-data"', ",", "\n", "<private>", "error: ", "> ", "(Sandbox) "),
)
TEXTS = st.lists(st.sampled_from(WORDS_OF_THE_GRAMMAR) | st.text(max_size=3), max_size=9).map(
    "".join
)
FULL = '{"action":"deny","operation":"file-read-data","target":"/x","pid":1}'


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
def test_what_is_ours_bears_the_marks(text: str) -> None:
    line = text.split("\n")[0]
    if parse_message(text) or parse_line(line) or read_quoted(line):
        assert can_be_ours(text)


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.sampled_from([None, FULL, json.loads(FULL)]), st.booleans())
def test_so_do_records_of_json(message: str, record: object, ascii_only: bool) -> None:
    entry = {"eventMessage": message, "MetaData": record}
    text = json.dumps(entry, ensure_ascii=ascii_only)
    assert read_record(json.loads(text), "ndjson") is None or can_be_ours(text)
    escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 128 else c for c in message)
    text = f'{{"eventMessage":"{escaped}"}}'
    value = read_object(JsonObject(text, [], "ndjson"))
    assert value is None or read_record(value, "ndjson") is None or can_be_ours(text)


@given(TEXTS)
def test_marks_are_the_same_in_bytes_and_begin_each_candidate(text: str) -> None:
    data = text.encode("utf-8", "replace")
    if can_be_ours(data.decode()):
        assert CANDIDATE.search(data)
    if CANDIDATE.search(data):
        assert any(mark in data for mark in MARKS)


@given(st.lists(st.sampled_from([*MARKS, b"x", b"\n", b"den", b"\x00"]), max_size=40))
def test_marks_are_found_at_every_place(parts: list[bytes]) -> None:
    data = b"".join(parts)
    places = [at for at in range(len(data)) if data.startswith(MARKS, at)]
    assert find_marks(memoryview(data)) == places

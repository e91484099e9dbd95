"""Records found by their columns are what the careful reader reads, whatever stands around them."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture import block_reader, block_stream, columns, marks
from sbdiag.capture import shape as shapes
from sbdiag.capture.block_reader import BlockReader
from sbdiag.capture.block_stream import read_blocks
from sbdiag.capture.line_reader import LineReader
from sbdiag.capture.lines import read_lines
from sbdiag.capture.rows import Rows
from sbdiag.capture.shape import learn

pytestmark = pytest.mark.usefixtures("way")

MESSAGES = [
    "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers",
    "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers [x:y] z",
    "Sandbox: limactl(7) deny(1) mach-lookup com.apple.Virtualization.VirtualMachine (xpc)",
    "Sandbox: a b(7) deny(1) network-outbound*:443",
    "Sandbox: wc(1) deny(1) file-read-data",
    "Sandbox: wc(1) deny(1) file-read-data /tmp/é\t\u2028",
    "Sandbox: wc(1) deny(1) file-read-data /a kernel[0:1] (Sandbox) Sandbox: x(1) deny(1) signal",
    "3 duplicate reports for Sandbox: wc(1) deny(1) file-read-data /x",
    "System Policy: Python(25511) deny(1) file-write-create /x",
    "Sandbox: something else",
    "nothing that is ours",
    'Sandbox: q(1) deny(1) file-read-data /"quoted"/\\back',
    "Sandbox: wc(1) deny(1) file-read-data /cr\r",
]
NOISE = [
    "2026-09-08 12:08:19.267 Df trustd[312:1f2a] [com.apple.securityd:trust] nothing of note",
    "2026-09-08 12:08:19.267 E  kernel[0:42486c] (Sandbox) ",
    "2026-09-08 12:08:19.267 Df limactl[99:1f] {",
    "2026-09-08 12:08:19.267 Df trustd[312:1f2a] ",
    "{\t12:00:00\t7\t[1",
    "Sandbox: bare(84) deny file-read-metadata /etc/localtime",
    "sandboxd: bare(84) deny(1) file-read-data /x",
    "  {",
    "{",
    "}",
    "},{",
    "[{",
    '{"a":1}',
    "",
    "a tag",
    "a tag of words",
    "--- last message repeated 3 times ---",
    "MetaData: {}",
    "Timestamp               Ty Process[PID:TID]",
    "Apr  1 22:14:08 havorn syslogd[150]: nothing",
]


def entry(stamp: str, thread: int, message: str) -> dict[str, object]:
    return {
        "threadID": thread,
        "processImagePath": "/kernel",
        "timestamp": f"{stamp}000-0400",
        "eventMessage": message,
        "processID": 0,
        "traceID": thread * 7,
        "parent": {"frames": [{"offset": 1}]},
    }


def compact(stamp: str, thread: int, message: str) -> str:
    return f"{stamp} E  kernel[0:{thread:x}] (Sandbox) {message}"


def default(stamp: str, thread: int, message: str) -> str:
    columns = f"{f'0x{thread:x}':<10} Error       0x0                  0      0    "
    return f"{stamp}000-0800 {columns}kernel: (Sandbox) {message}"


def syslog(stamp: str, thread: int, message: str) -> str:
    return f"{stamp}000+0200  localhost kernel[0]: (Sandbox) {message}"


def ndjson(stamp: str, thread: int, message: str) -> str:
    return json.dumps(entry(stamp, thread, message), ensure_ascii=bool(thread % 2))


def array(stamp: str, thread: int, message: str) -> str:
    return (
        "},{" + json.dumps(entry(stamp, thread, message), indent=2, separators=(",", " : "))[1:-2]
    )


STYLES = [compact, default, syslog, ndjson, array]
STAMPS = [
    "2026-09-08 12:08:19.267",
    "2026-09-08 12:08:59.999",
    "2026-09-08 12:08:60.000",
    "2026-09-08 12:09:00.000",
    "2026-13-08 12:09:00.000",
    "2026-W36-1 12:09:00.000",
    "2027-01-01 00:00:00.123",
]
RECORDS = st.builds(
    lambda write, stamp, thread, message: write(stamp, thread, message),
    st.sampled_from(STYLES),
    st.sampled_from(STAMPS[:2] * 4 + STAMPS),
    st.integers(0, 2**40),
    st.sampled_from(MESSAGES[:1] * 8 + MESSAGES[:3] * 3 + MESSAGES),
)


def of_one_style(write: object) -> st.SearchStrategy[list[str]]:
    record = RECORDS if write is None else RECORDS_OF[write]
    return st.lists(st.one_of(*[record] * 6, st.sampled_from(NOISE)), min_size=3, max_size=40)


RECORDS_OF = {
    write: st.builds(
        write,
        st.sampled_from(STAMPS[:2] * 4 + STAMPS),
        st.integers(0, 2**40),
        st.sampled_from(MESSAGES[:1] * 8 + MESSAGES[:3] * 3 + MESSAGES),
    )
    for write in STYLES
}
CAPTURES = st.sampled_from([None, *STYLES]).flatmap(of_one_style)
CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 3),
        st.sampled_from([b"", b"0", b'"', b"\n", b"\\", b"\xff"]),
    ),
    max_size=3,
)


def read(data: bytes, capacity: int | None, *, ahead: bool = False) -> tuple[object, ...]:
    rows = Rows()
    reader = LineReader(rows)
    if capacity is None:
        for line in read_lines([data]):
            reader.read(line)
        reader.finish()
    else:
        blocks = read_blocks(io.BytesIO(data).readinto, ahead=ahead, capacity=capacity)
        BlockReader(reader).read(blocks)
    denials, notes = rows.denials("run", tz=None, modified=None)
    return denials, rows.unparsed("run"), reader.ledger.tally, reader.notes(), notes


def assert_same(data: bytes, capacity: int, *, ahead: bool = False) -> None:
    denials, unparsed, *others = read(data, capacity, ahead=ahead)
    expected_denials, expected_unparsed, *expected = read(data, None)
    assert others == expected
    pd.testing.assert_frame_equal(denials, expected_denials)
    pd.testing.assert_frame_equal(unparsed, expected_unparsed)


@pytest.mark.parametrize("few", [0, 1000], ids=["by Arrow", "one by one"])
@settings(max_examples=100, deadline=None)
@given(
    CAPTURES,
    CHANGES,
    st.integers(100, 6000),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from([3, 100]),
)
def test_fast_and_careful_agree(
    few: int,
    records: list[str],
    changes: list[tuple[float, int, bytes]],
    capacity: int,
    line_break: str,
    tried: int,
) -> None:
    data = line_break.join(records).encode()
    for place, removed, added in changes:
        at = int(place * len(data))
        data = data[:at] + added + data[at + removed :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_FEW", few)
        patch.setattr(block_reader, "_TRIED", tried)
        assert_same(data, capacity)


@pytest.mark.parametrize("write", STYLES)
@pytest.mark.parametrize("ahead", [False, True])
def test_a_long_capture_goes_by_columns(
    write: object, ahead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [
        write(f"2026-09-08 12:{n // 60 % 60:02}:{n % 60:02}.267", n, MESSAGES[n % 3])
        for n in range(2000)
    ]
    if write is array:
        records = ["[{}", *records, "}]"]
    data = "\n".join(records).encode()
    fed = 0
    careful = LineReader.read

    def counting(self: LineReader, line: object) -> None:
        nonlocal fed
        fed += 1
        careful(self, line)

    monkeypatch.setattr(LineReader, "read", counting)
    denials = read(data, 64 * 1024, ahead=ahead)[0]
    assert len(denials) == 2000
    assert fed < len(data.splitlines()) / 10
    assert_same(data, 64 * 1024, ahead=ahead)


def test_where_most_lines_must_be_read_all_are(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [compact(STAMPS[0], n, MESSAGES[0]) + "\na tag" for n in range(2000)]
    data = "\n".join(records).encode()
    places = 0
    come_to = BlockReader._come_to

    def counting(self: BlockReader, place: int) -> None:
        nonlocal places
        places += 1
        come_to(self, place)

    monkeypatch.setattr(BlockReader, "_come_to", counting)
    monkeypatch.setattr(marks, "_RARE_BYTES", 2**60)
    assert_same(data, 64 * 1024)
    assert places < 2000 / 3


@pytest.mark.parametrize("write", STYLES)
def test_every_byte_of_a_record_is_looked_at(write: object) -> None:
    whole = [write(STAMPS[0], thread, MESSAGES[0]).encode() for thread in (0x1A2B3C, 0x99)]
    last = whole[0].rindex(b"Sandbox: wc")
    records = [*whole, *whole]
    for place in range(last):
        for byte in b"\x00 /0:`afgT\x80\xb0\xff":
            records += [whole[0][:place] + bytes([byte]) + whole[0][place + 1 :], whole[1]]
    assert_same(b"\n".join(records), 32 * 1024)


@pytest.mark.parametrize("write", STYLES)
def test_runs_of_every_length(write: object) -> None:
    threads = [int("1" * length, 16) for length in range(1, 26)]
    assert_same("\n".join(write(STAMPS[0], n, MESSAGES[0]) for n in threads * 3).encode(), 8192)


@pytest.mark.parametrize("digits", range(8))
def test_fractions_of_every_length(digits: int) -> None:
    stamps = [f"2026-09-08 12:08:{n:02}.{n * 1234567:010}"[: 20 + digits] for n in range(62)]
    lines = [f"{stamp}-0800 0x1 Error 0x0 0 0 kernel: (Sandbox) {MESSAGES[0]}" for stamp in stamps]
    assert_same("\n".join(lines * 3).encode(), 4096)


@pytest.mark.parametrize("write", STYLES)
def test_what_a_shape_knows(write: object) -> None:
    record = write("2026-09-08 12:08:19.267", 77, MESSAGES[0]).encode()
    shape = learn(record, loose=True)
    assert shape is not None
    assert shape.lines == record.count(b"\n") + 1
    again = learn(write("2026-10-09 13:09:20.001", 4711, MESSAGES[2]).encode(), loose=True)
    assert again is not None
    assert shape.is_like(again)
    rows = Rows()
    escape = json.dumps if shape.is_json else lambda text: f"({text})"
    texts = [escape(text)[1:-1].encode() for text in MESSAGES]
    ranks = shape.ranks(texts, rows)
    assert ranks[:5] == [0, 1, 2, 3, 4]
    # a tab could end other columns; what is no denial is none of a shape's records
    assert ranks[5] == -1 or shape.is_json
    assert ranks[9] == ranks[10] == -1
    assert shape.ranks(texts, rows) == ranks


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"Sandbox: wc(1) deny(1) file-read-data /x",
        b"2026-09-08 12:08:19.267 E  kernel[0:1] (Sandbox) nothing",
        b'{"eventMessage":"Sandbox: wc(1) deny(1) file-read-data /x"}',
        ndjson(STAMPS[0], 1, MESSAGES[0])[:-1].encode()
        + b',"event\\u004dessage":"Sandbox: cat(1) deny(1) file-read-data /y"}',
        ndjson(STAMPS[0], 1, MESSAGES[0])[:-1].encode() + b',"MetaData":{"pid":1}}',
    ],
)
def test_unusual_records_have_no_shape(record: bytes) -> None:
    assert learn(record) is None


def test_a_shape_forgets_rather_than_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "KNOWN_BYTES", 1500)
    records = [compact("2026-09-08 12:08:19.267", n, MESSAGES[0] + str(n % 40)) for n in range(500)]
    assert_same("\n".join(records).encode(), 2000)


C = compact(STAMPS[0], 7, MESSAGES[0])
UNDATED = "kernel[0] Sandbox: wc(1) deny(1) file-read-data /y"


def numbered(text: str) -> list[str]:
    """Return six lines, with 0 to 5 in the place of N."""
    return [text.replace("N", str(number)) for number in range(6)]


def with_fields(fields: str) -> str:
    return f'{{{fields},"processID":0,"eventMessage":"{MESSAGES[0]}"}}'


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            numbered(f"2026-09-08T12:08:2N.000Z {C}"), id="the outer of two times differs"
        ),
        pytest.param(
            numbered(
                with_fields(
                    '"timestamp":"2026-09-08 12:08:19-0400",'
                    '"x":{"timestamp":"2026-09-08 12:08:2N.000"}'
                )
            ),
            id="a time inside another object differs",
        ),
        pytest.param(
            numbered(
                with_fields(
                    '"timestamp":"2026-09-08 12:08:2N.000+0000",'
                    '"timestamp":"2026-09-08 12:00:00+0000"'
                )
            ),
            id="the first of two times differs",
        ),
        pytest.param(
            [C] * 4
            + ["2026-09-08 12:08:20.000 Df foo[7:1f] (lib) "]
            + ["Sandbox: wc(1) deny(1) file-read-data /forged", C],
            id="a bare denial under columns without a message",
        ),
        pytest.param(
            [compact(STAMPS[0], 7, f"PWQP: {MESSAGES[0]}")] * 5 + [UNDATED, C],
            id="words in front of a denial show another writer",
        ),
        pytest.param(
            [
                *[C] * 4,
                compact(STAMPS[0], 7, "Sandbox: wc(1) System Policy: deny(1) file-read-data"),
                "/x",
                compact(STAMPS[0], 7, "Sandbox: 4 duplicate reports for wc deny(1) file-read-data"),
                C,
            ],
            id="a target on its own line",
        ),
        pytest.param(
            [NOISE[0], "limactl deny(\u0661) file-read-data /x", NOISE[0], NOISE[0]],
            id="other digits",
        ),
        pytest.param(
            [C] * 4
            + [ndjson(STAMPS[0], 2, MESSAGES[0])] * 4
            + [C, ndjson(STAMPS[0], 2, "Sandbox: x deny(1) x").replace(": x", ": \\x")]
            + [C, ndjson(STAMPS[0], 2, MESSAGES[0])],
            id="a broken object under columns may be a tag",
        ),
        pytest.param(
            [array(STAMPS[0], 2, MESSAGES[0])] * 4
            + ['{"b":"it will allow"', "},{" + ndjson(STAMPS[0], 2, MESSAGES[1])[1:]],
            id="an open object before a record of an array",
        ),
        pytest.param(
            ["},{" + with_fields(f'"threadID":1,"timestamp":"{STAMPS[0]}"')[1:-1]] * 6,
            id="objects that stay open",
        ),
        pytest.param(
            ["2026-09-08 12:08:19.000 null[0]: " + MESSAGES[0]] * 3
            + ["},{" + with_fields('"threadID":1')[1:-1]]
            + ['2026-09-08 12:08:19.000 null[0]: "Sandbox: q(1) deny(1) signal"']
            + ["2026-09-08 12:08:19.000 null[0]: " + MESSAGES[0]],
            id="columns that are JSON with some messages",
        ),
        pytest.param(
            [with_fields(f'"a":{"[" * 3000}{"]" * 3000},"timestamp":"{STAMPS[0]}"')] * 3,
            id="brackets beyond all depth",
        ),
        pytest.param(
            [
                f'{{"processID": 0.{n},"timestamp":"{STAMPS[0]}","eventMessage":"{MESSAGES[0]}"}}'
                for n in (0, 5)
            ]
            * 4,
            id="a fraction that decides",
        ),
    ],
)
@pytest.mark.parametrize("loose", [False, True])
def test_hard_cases(lines: list[str], loose: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_reader, "STRICT_SHAPES", 0 if loose else 8)
    data = "\n".join(lines).encode()
    for capacity in (400, 2**20):
        assert_same(data, capacity)


def test_broken_bytes_in_front_of_the_message() -> None:
    record = with_fields('"path":"/\udcff","timestamp":"2026-09-08 12:08:19.0"')
    assert_same("\n".join([record] * 8).encode("utf-8", "surrogateescape"), 2000)


def test_a_record_too_long_for_the_careful_reader_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(block_stream, "_FIRST_BYTES", 512 * 1024)  # the next block has all of it
    long = ndjson(STAMPS[0], 2, MESSAGES[0] + "x" * 1_200_000)
    lines = [ndjson(STAMPS[0], 2, MESSAGES[0])] * 3000
    assert_same("\n".join([*lines, long, *lines]).encode(), 4 * 2**20)


def test_many_distinct_operations() -> None:
    lines = [compact(STAMPS[0], 7, f"Sandbox: wc(1) deny(1) a{n} /x") for n in range(33_000)]
    operations = read("\n".join(lines).encode(), 2**20)[0]["operation"]
    assert operations.nunique() == 33_000


def test_text_after_an_array() -> None:
    records = ["[{}", *[array(STAMPS[0], n, MESSAGES[0]) for n in range(50)], "}]"]
    text = [f"{STAMPS[0]} Df trustd[312:1f2a] [x:y] it will allow {n}" for n in range(3000)]
    assert_same("\n".join([*records, *text]).encode(), 64 * 1024)

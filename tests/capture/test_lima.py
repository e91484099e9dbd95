import bz2
import datetime
import gzip
import json
import lzma
import zoneinfo

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sbdiag.capture.files import is_compressed
from sbdiag.capture.frames import LIMA_MILESTONES, MILESTONES
from sbdiag.capture.lima import is_lima_log, read_lima_log
from sbdiag.capture.lima_lines import LIMA_LINES, find_line
from sbdiag.errors import LimaLogError

VZ_ERROR = (
    'Error Domain=VZErrorDomain Code=1 Description="Internal Virtualization error. '
    'The virtual machine failed to start."'
)
USER_INFO = (
    ' UserInfo={\n    NSLocalizedFailure = "Internal Virtualization error.";\n'
    '    NSLocalizedFailureReason = "The virtual machine failed to start.";\n}'
)


def read(text, **options):
    return read_lima_log(text.encode(), **options)


def only(text, **options):
    frame = read(text, **options)
    assert len(frame) == 1
    row = frame.astype(object).where(frame.notna(), None)
    return row.iloc[0]


# message, milestone, who
MESSAGES = [
    ('Using the existing instance "docker-main-vz"', "starting-instance", "limactl"),
    ("Using the existing instance `docker-main-vz`", "starting-instance", "limactl"),
    ('Starting the instance "docker" with VM driver "vz"', "starting-instance", "limactl"),
    ('Starting the instance "a" with internal VM driver "vz"', "starting-instance", "limactl"),
    ("Starting the instance `a` with external VM driver `vz`", "starting-instance", "limactl"),
    ("hostagent socket created at /Users/you/.lima/a/ha.sock", "hostagent-socket", "hostagent"),
    (
        "failed to detect system DNS, falling back to [8.8.8.8 1.1.1.1]",
        "dns-fallback",
        "hostagent",
    ),
    (
        'Starting VZ (hint: to watch the boot progress, see "/Users/you/.lima/a/serial.log")',
        "starting-vz",
        "hostagent",
    ),
    (
        "Starting VZ (hint: to watch the boot progress, see `/Users/you/.lima/a/serial*.log`)",
        "starting-vz",
        "hostagent",
    ),
    ("Starting VZ", "starting-vz", "hostagent"),
    ("Setting up Rosetta share", "rosetta-share", "hostagent"),
    ("Unable to configure Rosetta: not installed", "rosetta-unavailable", "hostagent"),
    (VZ_ERROR, "vz-error", "hostagent"),
    ("[VZ] - vm state change: running", "state-running", "hostagent"),
    ("[VZ] - vm state change: stopped", "state-stopped", "hostagent"),
    ("SSH Local Port: 65286", "ssh-port", "limactl"),
    ('Waiting for the essential requirement 1 of 2: "ssh"', "requirement-waiting", "hostagent"),
    ("Waiting for the final requirement 1 of 1: `boot`", "requirement-waiting", "hostagent"),
    ("The essential requirement 1 of 2 is satisfied", "requirement-satisfied", "hostagent"),
    ("Guest agent is running", "guest-agent-running", "hostagent"),
    ("READY. Run `limactl shell a` to open the shell.", "ready", "limactl"),
    ("READY. Run `ssh -F `/Users/you/a` lima-a` to open the shell.", "ready", "limactl"),
    (
        "DEGRADED. The VM seems running, but file sharing and port forwarding may not work. "
        '(hint: see "/Users/you/.lima/a/ha.stderr.log")',
        "degraded",
        "limactl",
    ),
    (
        "exiting, status={Running:false Degraded:false Exiting:true Errors:[] SSHLocalPort:0} "
        '(hint: see "/Users/you/.lima/a/ha.stderr.log")',
        "exiting",
        "limactl",
    ),
    ('did not receive an event with the "running" status', "exiting", "limactl"),
    ('Driver stopped due to error: "vz driver state stopped"', "exiting", "hostagent"),
    ("Shutting down the host agent", "exiting", "hostagent"),
    ("Shutting down VZ", "exiting", "hostagent"),
    ("new connection from  to          ", "other", None),
    ("Not forwarding TCP 0.0.0.0:22", "other", None),
    ('Starting VZ and "more"', "other", None),
    ("[VZ] - vm state change: `VirtualMachineStateStarting`", "other", None),
]
IDS = [message[:40] for message, _milestone, _who in MESSAGES]


@pytest.mark.parametrize(("message", "milestone", "who"), MESSAGES, ids=IDS)
def test_every_milestone_in_every_notation(message, milestone, who):
    record = {"level": "info", "msg": message, "time": "2026-07-02T00:56:56+05:30"}
    plain = message.rstrip()
    cases = {
        json.dumps(record): who or "hostagent",
        json.dumps({**record, "msg": f"[hostagent] {message}"}): "hostagent",
        f'time="2026-07-02T00:56:56+05:30" level=info msg={json.dumps(message)}': who or "unknown",
        f"INFO[0005] {message}": who or "unknown",
        f"INFO[0005] [hostagent] {message}": "hostagent",
        f"\x1b[36mINFO\x1b[0m[0005] {message:<44} ": who or "unknown",
        f"> [hostagent] {message}": "hostagent",
        f"[hostagent] {message}": "hostagent",
        message: who or "unknown",
    }
    for line, source in cases.items():
        row = only(line)
        assert (row["milestone"], row["message"].rstrip()) == (milestone, plain), line
        if who != "limactl":
            assert row["source"] == source, line


def test_every_row_of_the_table_is_tried():
    tried = {find_line(message) for message, _milestone, _who in MESSAGES} - {None}
    assert tried == set(LIMA_LINES)
    assert {row.milestone for row in LIMA_LINES} <= set(LIMA_MILESTONES)


def test_a_hostagent_log_that_fails():
    text = "\n".join(
        json.dumps(record)
        for record in (
            {
                "level": "debug",
                "msg": "Using internal driver `vz`",
                "time": "2026-07-02T00:56:55+05:30",
            },
            {
                "error": "open /etc/resolv.conf: operation not permitted",
                "level": "warning",
                "msg": "failed to detect system DNS, falling back to [8.8.8.8 1.1.1.1]",
                "time": "2026-07-02T00:56:56+05:30",
            },
            {"level": "fatal", "msg": VZ_ERROR + USER_INFO, "time": "2026-07-02T00:56:57+05:30"},
        )
    )
    frame = read(text, run="02")
    assert list(frame["milestone"]) == ["other", "dns-fallback", "vz-error"]
    assert list(frame["level"]) == ["debug", "warning", "fatal"]
    assert set(frame["source"]) == {"hostagent"}
    assert frame["error"][1] == "open /etc/resolv.conf: operation not permitted"
    assert frame["message"][2] == VZ_ERROR + USER_INFO
    assert list(frame["code"].dropna()) == [1]
    assert frame["time"][0] == pd.Timestamp("2026-07-01T19:26:55Z")
    assert frame["offset_seconds"].isna().all()
    assert list(frame["line"]) == [1, 2, 3]
    assert set(frame["run"]) == {"02"}


CONSOLE = """\
INFO[0001] Starting the instance "docker" with VM driver "vz"
INFO[0005] [hostagent] hostagent socket created at /Users/you/.lima/docker/ha.sock
INFO[0005] [hostagent] Starting VZ (hint: to watch the boot progress, see "/Users/you/.lima/docker/serial*.log")
INFO[0006] SSH Local Port: 65286
INFO[0005] [hostagent] [VZ] - vm state change: running
INFO[0005] [hostagent] Waiting for the essential requirement 1 of 2: "ssh"
"""  # noqa: E501  (github.com/lima-vm/lima/issues/3545)


def test_a_console_log_keeps_the_order_of_the_file():
    frame = read(CONSOLE)
    assert list(frame["milestone"]) == [
        "starting-instance",
        "hostagent-socket",
        "starting-vz",
        "ssh-port",
        "state-running",
        "requirement-waiting",
    ]
    assert list(frame["offset_seconds"]) == [1, 5, 5, 6, 5, 5]
    assert frame["time"].isna().all()
    assert list(frame["source"]) == ["limactl", *["hostagent"] * 2, "limactl", *["hostagent"] * 2]


def test_the_article_s_own_abbreviation():
    text = (
        "[hostagent] Starting VZ\n[hostagent] Setting up Rosetta share\n"
        f"fatal: {VZ_ERROR}\n\n"
        "failed to detect system DNS, falling back to [8.8.8.8 1.1.1.1]  "
        'error="open /etc/resolv.conf: operation not permitted"\n'
    )
    frame = read(text)
    assert list(frame["milestone"]) == ["starting-vz", "rosetta-share", "vz-error", "dns-fallback"]
    assert frame["level"][2] == "fatal"
    assert frame["error"][3] == "open /etc/resolv.conf: operation not permitted"
    assert list(frame["line"]) == [1, 2, 3, 5]


@pytest.mark.parametrize(
    "first",
    [
        f"ERRO[0002] [hostagent] {VZ_ERROR}",
        f"fatal: {VZ_ERROR}",
        f"> [hostagent] {VZ_ERROR}",
        VZ_ERROR,
    ],
)
def test_user_info_over_several_lines_is_one_row(first):
    frame = read(f"{first}{USER_INFO}  fields.level=fatal\nINFO[0003] next\n")
    assert list(frame["milestone"]) == ["vz-error", "other"]
    assert frame["message"][0] == VZ_ERROR + USER_INFO
    assert frame["level"][0] == "fatal"
    assert list(frame["line"]) == [1, 5]


def test_user_info_that_never_ends_stops_at_the_next_log_line():
    frame = read(f"FATA[0002] {VZ_ERROR} UserInfo={{\n  A = 1;\nINFO[0003] next\n}}\n")
    assert list(frame["line"]) == [1, 3, 4]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            'Error Domain=VZErrorDomain Code=2 "The process doesn’t have the '
            '"com.apple.security.virtualization" entitlement." UserInfo={NSLocalizedFailure=x}',
            2,
        ),
        ('Driver stopped due to error: "Error Domain=VZErrorDomain Code=-1 x"', -1),
        (f'level=fatal msg="cannot start" error={json.dumps(VZ_ERROR)}', 1),
    ],
)
def test_codes_of_vz_errors(text, code):
    row = only(text)
    assert (row["milestone"], row["code"]) == ("vz-error", code)


@pytest.mark.parametrize(
    ("text", "milestone"),
    [
        (f"DEBU[0001] {VZ_ERROR}", "other"),
        (f"DEBU[0001] retrying  error={json.dumps(VZ_ERROR)}", "other"),
        (f"INFO[0001] the last start ended with {VZ_ERROR}", "other"),
        (f'INFO[0001] Attempting to download "/x/{VZ_ERROR}"', "other"),
        (f"INFO[0001] retrying  error={json.dumps(VZ_ERROR)}", "other"),
        (f"see also {VZ_ERROR}", "other"),
        (f"WARN[0001] Unable to configure Rosetta: {VZ_ERROR}", "rosetta-unavailable"),
        (f"WARN[0001] x  error={json.dumps(VZ_ERROR)}", "vz-error"),
        (f"FATA[0001] error starting vm: {VZ_ERROR}", "vz-error"),
        (f"INFO[0001] [hostagent] Driver stopped due to error: `{VZ_ERROR}`", "vz-error"),
    ],
)
def test_a_vz_error_that_is_only_quoted_is_none(text, milestone):
    assert only(text)["milestone"] == milestone


def test_fatal_lines_that_no_row_knows():
    rows = read(
        "FATA[0001] error starting vm: error at 'starting': exit status 1\n"
        '{"level":"fatal","msg":"dial unix /x.sock: connect: no such file or directory"}\n'
        "ERRO[0001] [hostagent] something  fields.level=fatal\n"
        "ERRO[0001] [hostagent] something                  level=fatal\n"
    )
    assert set(rows["milestone"]) == {"fatal"}
    assert set(rows["message"][2:]) == {"something"}


def test_lines_that_are_no_log_lines_are_kept():
    frame = read('$ limactl start\n\nINFO[0000] Starting VZ\npanic: x\ngoroutine 1:\n{"a": 1}\n{\n')
    assert list(frame["milestone"]) == ["other", "starting-vz", "fatal", "other", "other", "other"]
    assert list(frame["line"]) == [1, 3, 4, 5, 6, 7]
    bare = frame[frame["level"].isna()]
    assert list(bare["message"]) == ["$ limactl start", "goroutine 1:", '{"a": 1}', "{"]
    assert set(bare["source"]) == {"unknown"}


def test_a_panic_inside_a_hostagent_log_leaves_the_others_their_author():
    frame = read('{"level":"info","msg":"x"}\ngoroutine 1:\n')
    assert list(frame["source"]) == ["hostagent", "unknown"]


def test_quoted_words_of_go():
    row = only('time="2026-05-27T10:00:00Z" level=warning msg="a \\"b\\"\\n\\x41\\u0042" error=x')
    assert (row["message"], row["error"], row["level"]) == ('a "b"\nAB', "x", "warning")


def test_times_without_a_zone_take_tz():
    line = 'time="2026-05-27T10:00:00" level=info msg=x'
    assert only(line)["time"] == pd.Timestamp("2026-05-27T10:00:00Z")
    noon = pd.Timestamp("2026-05-27T08:00:00Z")
    assert only(line, tz="Europe/Berlin")["time"] == noon
    assert only(line, tz=zoneinfo.ZoneInfo("Europe/Berlin"))["time"] == noon
    assert only(line, tz=datetime.timezone(datetime.timedelta(hours=2)))["time"] == noon
    with_zone = 'time="2026-05-27T10:00:00-07:00" level=info msg=x'
    assert only(with_zone, tz="Europe/Berlin")["time"] == pd.Timestamp("2026-05-27T17:00:00Z")
    with pytest.raises(LimaLogError, match="'Mars/Base' is no time zone"):
        read(line, tz="Mars/Base")


def test_a_line_whose_time_is_none_is_kept_whole():
    line = '{"level":"info","msg":"Starting VZ","time":"yesterday"}'
    row = only(line)
    assert (row["milestone"], row["message"], row["level"]) == ("other", line, None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings_and_line_ends(encoding):
    data = CONSOLE.replace("\n", "\r\n").encode(encoding)
    assert read_lima_log(data, run="r").equals(read(CONSOLE, run="r"))


def test_empty_logs_have_the_same_columns():
    frame = read("\n \n")
    assert len(frame) == 0
    assert list(frame.columns) == MILESTONES.names
    assert list(frame.dtypes) == list(read(CONSOLE).dtypes)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_logs_are_unpacked(tmp_path, pack):
    path = tmp_path / "ha.stderr.log"
    path.write_bytes(pack(CONSOLE.encode()))
    assert read_lima_log(path, run="r").equals(read(CONSOLE, run="r"))
    path.write_bytes(pack(CONSOLE.encode())[:11])
    with pytest.raises(LimaLogError, match="cannot unpack"):
        read_lima_log(path)


def test_missing_files_are_our_error(tmp_path):
    with pytest.raises(LimaLogError, match="cannot read"):
        read_lima_log(tmp_path / "absent")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONSOLE, True),
        ("$ limactl start\nINFO[0000] Starting VZ", True),
        ('{"level":"info","msg":"x","time":"2026-05-27T10:00:00Z"}', True),
        ("time=2026-05-27T10:00:00Z level=info msg=x", True),
        ("[hostagent] Starting VZ", True),
        ("Setting up Rosetta share", True),
        ("", False),
        ("hello", False),
        ("error: something", False),
        ("Sandbox: limactl(42303) deny(1) mach-lookup com.apple.x\n", False),
        ('Filtering the log data using "x"\nSandbox: a(1) deny(1) b c\nINFO[0000] tag\n', False),
        ('{"eventMessage":"Sandbox: a(1) deny(1) b c","level":"x","msg":"y"}', False),
        ('[{\n  "eventMessage" : "x"\n}]', False),
        ("Executable=/x\n[Dict]\n", False),
    ],
)
def test_lima_logs_are_told_by_content(text, expected):
    assert is_lima_log(text) is expected
    assert is_lima_log(text.encode("utf-16")) is expected


PIECES = st.sampled_from(
    [
        *("INFO[0001] ", "[hostagent] ", "> ", "fatal: ", "UserInfo={", "{", "}", "\n", "\r\n"),
        *('{"level":"info","msg":"', '","time":"2026-05-27T10:00:00Z"}', '"', "\\", "\x1b[31m"),
        *("time=0001-01-01T00:00:00+14:00 ", "time=9999-12-31T23:59:59-14:00 ", "level=info "),
        *("msg=x ", " error=", " level=fatal", "Starting VZ", "[[[[", "\x00", "…", "\ud800"),
        "Error Domain=VZErrorDomain Code=999999999999999999",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_frame_that_loses_no_line(data):
    # What begins like a compressed file and is none is an error of ours, not a log.
    assume(not is_compressed(data))
    frame = read_lima_log(data)
    is_lima_log(data)
    assert list(frame.dtypes) == list(read(CONSOLE).dtypes)
    assert frame["line"].is_monotonic_increasing
    if b"UserInfo" not in data and data[:1].isascii():
        text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        if "\x00" not in text and "\x1b" not in text:
            kept = [n for n, line in enumerate(text.split("\n"), 1) if line.strip()]
            assert list(frame["line"]) == kept

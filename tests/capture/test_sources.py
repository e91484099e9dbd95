from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from sbdiag.capture.sources import classify, natural, sources
from sbdiag.capture.unified_log import read_capture
from sbdiag.errors import CaptureError, CaptureReadError

DENIAL = "Sandbox: x(1) deny(1) mach-lookup com.example.a\n"
COMPACT = f"2026-01-01 00:00:00.000 E  kernel[0:1] (Sandbox) {DENIAL}"
LIMA = '{"level":"info","msg":"hostagent socket created at /x","time":"2026-01-01T00:00:00Z"}\n'
DUMP = (
    "Executable=/x\n[Dict]\n\t[Key] com.apple.security.virtualization\n\t[Value]\n\t\t[Bool] true\n"
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (COMPACT, "capture"),
        (DENIAL, "capture"),
        (
            'Filtering the log data using "x"\nTimestamp               Ty Process[PID:TID]\n',
            "capture",
        ),
        ('[{\n  "eventMessage" : "x",\n  "processID" : 0\n}]', "capture"),
        (LIMA, "lima-log"),
        (DUMP, "entitlements"),
        ("# Notes\n\nwe saw this:\n\n" + DENIAL + "\nand nothing else\nso\nwe\nstop\n", "other"),
        ("(version 1)\n(deny default)\n", "other"),
        ("", "other"),
    ],
)
def test_a_file_is_told_by_its_content(tmp_path: Path, text: str, kind: str) -> None:
    plain, packed = tmp_path / "a.bin", tmp_path / "b.bin"
    plain.write_text(text, "utf-8")
    packed.write_bytes(gzip.compress(text.encode()))
    assert classify(plain) == kind
    if kind == "capture":
        assert classify(packed) == kind


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_a_directory_of_directories_is_a_series(tmp_path: Path) -> None:
    for run in ("run-10", "run-9"):
        _write(tmp_path / run / "log", COMPACT)
        _write(tmp_path / run / "lima", LIMA)
        _write(tmp_path / run / "dump", DUMP)
    _write(tmp_path / "README", "hello\n")
    _write(tmp_path / "empty" / "notes", "hello\n")
    found = sources(tmp_path)
    assert [(s.run, s.kind) for s in found] == [
        (run, kind)
        for run in ("run-9", "run-10")
        for kind in ("entitlements", "lima-log", "capture")
    ]


def test_one_run_in_one_directory(tmp_path: Path) -> None:
    _write(tmp_path / "capture.log", COMPACT)
    _write(tmp_path / "ha.stderr.log", LIMA)
    assert {(s.run, s.kind) for s in sources(str(tmp_path))} == {
        (tmp_path.name, "capture"),
        (tmp_path.name, "lima-log"),
    }


def test_captures_side_by_side_take_the_log_of_their_name(tmp_path: Path) -> None:
    for name, text in [("a.log", COMPACT), ("a.lima.log", LIMA), ("b.log", COMPACT)]:
        _write(tmp_path / name, text)
    assert {(s.run, s.kind) for s in sources(tmp_path)} == {
        ("a.log", "capture"),
        ("a.log", "lima-log"),
        ("b.log", "capture"),
    }


def test_a_glob_a_list_and_a_stream(tmp_path: Path) -> None:
    _write(tmp_path / "c2.log", COMPACT)
    _write(tmp_path / "c10.log", COMPACT)
    assert [s.run for s in sources(str(tmp_path / "c*.log"))] == ["c2.log", "c10.log"]
    stream = io.BytesIO(b"")
    both = sources([tmp_path / "c2.log", stream])
    assert [(s.run, s.kind) for s in both] == [("c2.log", "capture"), ("-", "capture")]


def test_files_handed_over_as_bytes_are_told_apart() -> None:
    files = {"b.log": COMPACT, "a.log": COMPACT, "a.lima": LIMA, "a.txt": DUMP, "notes.md": "hi"}
    found = sources({name: text.encode() for name, text in files.items()})
    assert [(s.run, s.kind) for s in found] == [
        ("a.log", "lima-log"),
        ("a.log", "capture"),
        ("a.log", "entitlements"),
        ("b.log", "capture"),
        ("notes.md", "other"),
    ]
    assert getattr(found[0].file, "name", None) == "a.lima"


def test_one_capture_handed_over_takes_all_files() -> None:
    packed = gzip.compress(COMPACT.encode())
    found = sources({"x.gz": packed, "lima": LIMA.encode(), "other": b"hi"})
    assert [(s.run, s.kind) for s in found] == [
        ("x.gz", "lima-log"),
        ("other", "other"),
        ("x.gz", "capture"),
    ]


@pytest.mark.parametrize("files", [{}, {"a.md": b"hello"}, {"lima": LIMA.encode()}])
def test_bytes_without_a_capture_are_an_error(files: dict[str, bytes]) -> None:
    with pytest.raises(CaptureReadError, match="looks like a log"):
        sources(files)


def test_a_path_with_stars_that_exists_is_a_path(tmp_path: Path) -> None:
    odd = tmp_path / "odd[1]*.log"
    _write(odd, COMPACT)
    assert [s.file for s in sources(str(odd))] == [str(odd)]


@pytest.mark.parametrize("name", ["missing.log", "missing-*.log"])
def test_what_is_not_there_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CaptureReadError) as error:
        sources(str(tmp_path / name))
    assert isinstance(error.value, OSError)


def test_same_names_in_different_places_stay_apart(tmp_path: Path) -> None:
    for place in ("x", "y"):
        _write(tmp_path / place / "capture.log", COMPACT)
    found = sources([tmp_path / "x" / "capture.log", tmp_path / "y" / "capture.log"])
    assert [s.run for s in found] == ["x/capture.log", "y/capture.log"]


def test_natural_order() -> None:
    assert sorted(["r10", "r9", "r1a", "1", "a1"], key=natural) == ["1", "a1", "r1a", "r9", "r10"]


def test_a_name_that_is_no_text_is_shown_by_its_bytes(tmp_path: Path) -> None:
    odd = tmp_path / "cap\udcff.log"
    try:
        _write(odd, COMPACT)
    except OSError:
        pytest.skip("this file system takes names of text only")
    assert [s.run for s in sources(odd)] == ["cap\\udcff.log"]
    assert list(read_capture(odd, tz="UTC").denials["run"]) == ["cap\\udcff.log"]


def test_an_empty_name_is_an_error() -> None:
    with pytest.raises(CaptureReadError):
        sources("")


def test_bytes_want_an_open_file_around_them() -> None:
    with pytest.raises(CaptureError, match=r"io\.BytesIO"):
        sources(b"Sandbox: wc(1) deny(1) file-read-data /x")  # type: ignore[arg-type]

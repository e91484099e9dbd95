from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from sbdiag.capture import many
from sbdiag.capture.many import helpful_processes, read_all
from sbdiag.errors import CaptureReadError

LINE = (
    "2026-09-08 12:08:19.{:03} E  kernel[0:42486c] (Sandbox) "
    "Sandbox: wc({}) deny(1) file-read-data /x{}\n"
)


def captures(folder: Path) -> list[tuple[Path, str | None]]:
    files: list[tuple[Path, str | None]] = []
    for number in range(5):
        text = "".join(LINE.format(n, number, n % 7) for n in range(100 * number))
        path = folder / f"{number}.log"
        if number % 2:
            path = folder / f"{number}.log.gz"
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text + "Sandbox: what is this\n")
        files.append((path, None if number == 3 else f"run {number}"))
    return files


def test_more_processes_give_the_same(tmp_path: Path) -> None:
    files = captures(tmp_path)
    alone = read_all(files, processes=1)
    together = read_all(files, processes=2)
    assert [each.counts for each in together] == [each.counts for each in alone]
    assert [each.notes for each in together] == [each.notes for each in alone]
    assert [each.counts.denials for each in together] == [0, 100, 200, 300, 400]
    for one, other in zip(alone, together, strict=True):
        pd.testing.assert_frame_equal(one.denials, other.denials)
        pd.testing.assert_frame_equal(one.unparsed, other.unparsed)


def test_an_error_is_the_same(tmp_path: Path) -> None:
    files = [*captures(tmp_path), (tmp_path / "none.log", None), (tmp_path / "nor.log", None)]
    for processes in (1, 2):
        with pytest.raises(CaptureReadError, match=r"none\.log"):
            read_all(files, processes=processes)


def test_open_files_are_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)  # may not be imported
    (path, run), *_ = captures(tmp_path)
    with path.open("rb") as file:
        assert len(read_all([(file, run), (b"", None)], processes=2)) == 2


@pytest.mark.parametrize(
    ("mebibytes", "suffix", "processors", "expected"),
    [
        ([1, 1], ".log", 8, 1),
        ([3000], ".log", 8, 1),
        ([1200, 1200, 1200, 1200], ".log", 8, 2),
        ([4000, 4000, 4000], ".log", 8, 3),
        ([4000, 4000, 4000], ".log", 2, 2),
        ([300, 300], ".log.gz", 8, 2),
        ([], ".log", 8, 1),
    ],
)
def test_processes_come_with_long_files(
    mebibytes: list[int],
    suffix: str,
    processors: int,
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    files = []
    for number, size in enumerate(mebibytes):
        files.append(tmp_path / f"{number}{suffix}")
        with files[-1].open("wb") as file:
            file.truncate(size << 20)  # a hole: takes no room
    assert helpful_processes([*files, tmp_path / "missing", b"bytes"]) == expected


@pytest.mark.parametrize(("kind", "expected"), [("rare", 2), ("all", 1), ("gone", 1)])
def test_many_denials_are_read_here(
    kind: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "WORTH_BYTES", 100_000)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    noise = "2026-09-08 12:08:19.000 Df trustd[312:1f2a] [com.apple.securityd] nothing of note\n"
    record = LINE.format(1, 2, 3) + noise * (100 if kind == "rare" else 0)
    files = [tmp_path / "1.log", tmp_path / "2.log"]
    for file in files:
        file.write_text(record * (150_000 // len(record)))
    if kind == "gone":
        monkeypatch.setattr(Path, "open", _refuse)
    assert helpful_processes(files) == expected


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_names_are_looked_up_from_where_the_caller_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("1.log", "2.log"):
            (tmp_path / folder / name).write_text(LINE.format(1, 1, folder))
    for folder in ("a", "b"):
        monkeypatch.chdir(tmp_path / folder)
        readings = read_all([("1.log", None), ("2.log", None)], processes=2)
        assert [each.denials["target"].tolist() for each in readings] == [[f"/x{folder}"]] * 2

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.files import open_capture
from sbdiag.capture.unified_log import read_capture
from sbdiag.errors import CaptureError, CaptureReadError

LINE = (
    "2026-09-08 12:08:19.267 E  kernel[0:4] (Sandbox) Sandbox: café({}) deny(1) file-read-data /é"
)
TEXT = "".join(f"{LINE}\n".format(n) for n in range(3000))
DATA = TEXT.encode()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstd,
}


def unpacked(data: bytes) -> bytes:
    with open_capture(data) as capture:
        return b"".join(capture.blocks())


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
class TestCompressed:
    def test_one_stream(self, pack: Callable[[bytes], bytes]) -> None:
        assert unpacked(pack(DATA)) == DATA

    def test_several_streams(self, pack: Callable[[bytes], bytes]) -> None:
        assert unpacked(pack(DATA) + pack(b"") + pack(DATA)) == DATA + DATA

    def test_a_name_that_says_nothing(self, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
        path = tmp_path / "capture.log"
        path.write_bytes(pack(DATA))
        assert len(read_capture(path, tz="UTC").denials) == 3000

    def test_data_that_ends_early_keeps_what_came_before(
        self, pack: Callable[[bytes], bytes]
    ) -> None:
        whole = pack(os.urandom(2_000_000) + b"\n" + DATA)
        reading = read_capture(whole[: len(whole) * 2 // 3], run="cut", tz="UTC")
        assert reading.counts.lines > 0
        assert any("breaks off" in note for note in reading.notes)

    def test_data_that_is_none(self, pack: Callable[[bytes], bytes]) -> None:
        broken = pack(DATA)[:7] + b"no such thing, no such thing at all"
        with pytest.raises(CaptureReadError, match="cannot read"):
            unpacked(broken)

    def test_packed_twice(self, pack: Callable[[bytes], bytes]) -> None:
        assert unpacked(gzip.compress(pack(DATA))) == DATA


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-8"], ids=str
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    text = TEXT.replace("\n", end)
    reading = read_capture(text.encode(encoding), tz="UTC")
    assert len(reading.denials) == 3000
    assert set(reading.denials["process"]) == {"café"}
    assert set(reading.denials["target"]) == {"/é"}


def test_utf_16_that_ends_within_a_character() -> None:
    assert len(read_capture(TEXT.encode("utf-16")[:-1], tz="UTC").denials) == 3000


def test_broken_bytes_are_shown_as_such() -> None:
    reading = read_capture(b"Sandbox: a\xff(1) deny(1) file-read-data /\xc3\n")
    assert reading.denials["process"].item() == "a\ufffd"
    assert reading.denials["target"].item() == "/\ufffd"


def test_a_pipe() -> None:
    read_end, write_end = os.pipe()

    def write() -> None:
        with os.fdopen(write_end, "wb", buffering=0) as file:
            for start in range(0, len(DATA), 4099):
                file.write(DATA[start : start + 4099])

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(read_end, "rb") as file:
        reading = read_capture(file, tz="UTC")
    writer.join()
    assert len(reading.denials) == 3000


class Dribble(io.RawIOBase):
    """A stream that hands over pieces of the sizes it is told."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        size = min(size if size >= 0 else len(self._data), self._sizes.pop() if self._sizes else 9)
        piece, self._data = self._data[:size], self._data[size:]
        return piece


@given(
    st.lists(st.integers(1, 300), max_size=30),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([bytes, gzip.compress, zstd]),
)
@settings(max_examples=40, deadline=None)
def test_any_division_of_the_bytes_gives_the_same_text(
    sizes: list[int], encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    text = TEXT[:3000]
    with open_capture(Dribble(pack(text.encode(encoding)), sizes)) as capture:  # type: ignore[arg-type]
        assert b"".join(capture.blocks()).decode() == text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureReadError, match=r"cannot open .*missing") as caught:
        open_capture(tmp_path / "missing")
    assert isinstance(caught.value, OSError)


def test_a_directory_is_no_capture(tmp_path: Path) -> None:
    with pytest.raises(CaptureReadError):
        read_capture(tmp_path)


def test_a_file_open_as_text() -> None:
    with pytest.raises(CaptureError, match="binary mode"):
        read_capture(io.StringIO("Sandbox: "))  # type: ignore[arg-type]


def test_something_that_is_no_file() -> None:
    with pytest.raises(CaptureError, match="not int"):
        read_capture(3)  # type: ignore[arg-type]


def test_a_file_given_open_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(DATA)
    with path.open("rb") as file:
        read_capture(file, tz="UTC")
        assert not file.closed


LINES = b"".join(
    b"2026-09-08 12:08:19.267 E  kernel[0:1] (Sandbox) Sandbox: wc(1) deny(1) signal %d\n" % n
    for n in range(30_000)
)


@pytest.mark.parametrize("packer", [gzip, bz2, lzma])
def test_a_packed_file_opened_by_its_own_module_breaks_off_with_a_note(
    packer: Any, tmp_path: Path
) -> None:
    path = tmp_path / "cut"
    path.write_bytes(packer.compress(LINES)[:-30])
    with packer.open(path) as file:
        reading = read_capture(file)
    assert 0 < reading.counts.denials <= 30_000
    assert any("breaks off" in note for note in reading.notes)


def test_a_wrong_check_sum_loses_nothing() -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[-8] ^= 1
    reading = read_capture(bytes(packed))
    assert reading.counts.denials == 30_000
    assert "CRC" in reading.notes[0]


def test_a_stream_that_can_only_read() -> None:
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.inner = io.BytesIO(LINES)

        def read(self, size: int = -1, /) -> bytes:
            return self.inner.read(size)

    assert read_capture(Stream()).counts.denials == 30_000

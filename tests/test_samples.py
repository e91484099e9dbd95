"""The bundled samples are what their manifests say, line for line."""

import dataclasses
import gzip
import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from sbdiag.capture.codesign import is_entitlements, read_entitlements
from sbdiag.capture.lima import is_lima_log, read_lima_log
from sbdiag.capture.unified_log import read_capture

SAMPLES = Path(__file__).parents[1] / "sample_logs"
NAMES = ("lima-vz", "coding-agent")


def manifest(sample):
    return tomllib.loads((SAMPLES / sample / "manifest.toml").read_text("utf-8"))


def described():
    """Every file that a manifest describes."""
    for sample in NAMES:
        for run in manifest(sample)["run"]:
            for file in run["file"]:
                path = SAMPLES / sample / run["directory"] / file["name"]
                yield pytest.param(sample, path, file, id=str(path.relative_to(SAMPLES)))


FILES = list(described())


def of_kind(kind):
    return [param for param in FILES if param.values[2]["kind"] == kind]


def text_of(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


def unescaped(text):
    return text.replace("\\/", "/").replace('\\"', '"').replace("\\n", "\n")


@pytest.mark.parametrize(("sample", "path", "file"), FILES)
def test_every_line_is_accounted_for(sample, path, file):
    lines = text_of(path).removesuffix("\n").split("\n")
    expected = 1
    for part in file["parts"]:
        first, last = part["lines"]
        assert first == expected, "parts follow each other without a gap"
        assert first <= last <= len(lines)
        expected = last + 1
        text = "\n".join(lines[first - 1 : last])
        for verbatim in part.get("verbatim", []):
            assert verbatim in text or verbatim in unescaped(text)
        assert "verbatim" in part or "filled_in" in part
        assert ("verbatim" in part) <= (part.get("source") in manifest(sample)["sources"])
    assert expected == len(lines) + 1


@pytest.mark.parametrize("sample", NAMES)
def test_every_file_is_described(sample):
    content = manifest(sample)
    listed = {
        f"{run['directory']}/{file['name']}" for run in content["run"] for file in run["file"]
    }
    listed |= {entry["file"] for entry in content.get("expected", [])}
    found = {
        path.relative_to(SAMPLES / sample).as_posix()
        for path in (SAMPLES / sample).rglob("*")
        if path.is_file()
    }
    assert found == listed | {"manifest.toml"}
    used = {
        part.get("source") for run in content["run"] for f in run["file"] for part in f["parts"]
    }
    used |= {entry["source"] for entry in content.get("expected", [])}
    assert used - {None} == set(content["sources"])


@pytest.mark.parametrize(("sample", "path", "file"), FILES)
def test_files_are_told_apart_by_content(sample, path, file):
    data = path.read_bytes()
    assert is_lima_log(data) == (file["kind"] == "lima")
    assert is_entitlements(data) == (file["kind"] == "entitlements")


@pytest.mark.parametrize(("sample", "path", "file"), of_kind("entitlements"))
def test_entitlement_dumps_hold_what_the_manifest_says(sample, path, file):
    frame = read_entitlements(path)
    assert list(frame["key"]) == file["keys"]
    assert set(frame["state"]) == {file["state"]}


@pytest.mark.parametrize(("sample", "path", "file"), of_kind("lima"))
def test_lima_logs_hold_what_the_manifest_says(sample, path, file):
    frame = read_lima_log(path)
    assert list(frame["milestone"][frame["milestone"] != "other"]) == file["milestones"]
    assert (frame["milestone"] == "other").sum() == file["others"]


@pytest.mark.parametrize(("sample", "path", "file"), of_kind("capture"))
def test_captures_hold_what_the_manifest_says(sample, path, file):
    reading = read_capture(path)
    assert dataclasses.asdict(reading.counts) == file["counts"]
    assert file["counts"]["lines"] == len(text_of(path).removesuffix("\n").split("\n"))
    assert len(reading.denials) == file["counts"]["denials"]
    assert set(reading.denials["style"]) == {file["style"]}


@pytest.mark.parametrize(
    "run", ["02-mach-lookup", "03-task-name", "04-extensions", "05-files-and-dns"]
)
def test_a_refusal_and_what_lima_says_of_it_stand_at_the_same_time(run):
    directory = SAMPLES / "lima-vz" / run
    denials = read_capture(next(directory.glob("capture.*"))).denials
    refused = denials[(denials["process"] == "limactl") & (denials["layer"] == "profile")]
    assert abs(refused["time"].max() - lima_times(directory).max()) < pd.Timedelta(seconds=1)


def lima_times(directory):
    for name in ("ha.stderr.log", "limactl.log"):
        if (directory / name).exists():
            return read_lima_log(directory / name)["time"].dropna()
    return pd.Series([], dtype="datetime64[us, UTC]")


def test_runs_follow_each_other():
    ends = []
    for run in manifest("lima-vz")["run"]:
        times = lima_times(SAMPLES / "lima-vz" / run["directory"])
        if len(times):
            assert times.is_monotonic_increasing
            ends += [times.min(), times.max()]
    assert len(ends) == 8
    assert ends == sorted(ends)


def test_the_two_forms_of_the_article_s_rules_agree():
    sb = re.sub(r"\s+", " ", (SAMPLES / "lima-vz/expected/article.sb").read_text())
    profile = json.loads((SAMPLES / "lima-vz/expected/article.json").read_text())
    assert len(profile["unsafe_macos_seatbelt_rules"]) == 3
    for rule in profile["unsafe_macos_seatbelt_rules"]:
        assert rule in sb
    for path in profile["filesystem"]["allow"]:
        assert f'(subpath "/Users/you{path[1:]}")' in sb
    for path in profile["filesystem"]["read_file"]:
        assert f'(allow file-read* (literal "{path}"))' in sb

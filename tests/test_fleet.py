from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import sbdiag
from sbdiag.capture.frames import DENIALS

dd = pytest.importorskip("dask.dataframe")
fleet = pytest.importorskip("sbdiag.fleet")

# Dask itself still calls what pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:pandas.errors.Pandas4Warning")

SAMPLES = Path(__file__).parents[1] / "sample_logs"
LINE = "2026-01-0{day} 00:00:0{n}.000 E  kernel[0:1] (Sandbox) Sandbox: p({n}) deny(1) {access}\n"
ACCESSES = ("mach-lookup com.example.a", "file-read-data /Users/you/x y", "process-fork")


@pytest.fixture
def hosts(tmp_path: Path) -> list[str]:
    """Three good files of three kinds, an empty one, and one that breaks."""
    texts = [
        "".join(LINE.format(day=day, n=n, access=ACCESSES[(day + n) % 3]) for n in range(5))
        for day in (1, 2, 3)
    ]
    files = {
        "alpha/capture.log": texts[0].encode(),
        "beta/capture.log": gzip.compress(texts[1].encode()),
        "gamma/capture.log": bz2.compress(texts[2].encode()),
        "quiet/capture.log": b"",
        "zeta/capture.log": b"\x1f\x8b\x08" + bytes(20),
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir()
        path.write_bytes(data)
    return [str(tmp_path / name) for name in files]


def _same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Equal row for row; the order of categories is nobody's business."""
    plain = {c.name: "str" for c in DENIALS.columns if c.dtype == "category"}
    pd.testing.assert_frame_equal(
        left.astype(plain).reset_index(drop=True), right.astype(plain).reset_index(drop=True)
    )


def _one_machine(urls: list[str]) -> pd.DataFrame:
    frames = []
    for url in urls:
        frame = sbdiag.read_denials(url, tz="UTC")
        frames.append(
            frame.assign(run=f"{Path(url).parent.name}/capture.log").astype({"run": "str"})
        )
    return DENIALS.concat(frames)


def test_the_rows_are_those_of_one_machine(hosts: list[str]) -> None:
    found = fleet.read_denials(hosts)
    assert list(found.columns) == DENIALS.names
    _same(found.compute(scheduler="sync"), _one_machine(hosts[:4]))


def test_a_broken_file_is_a_row_not_a_failed_job(hosts: list[str], tmp_path: Path) -> None:
    every = fleet.read([*hosts, str(tmp_path / "nowhere.log")], hosts={hosts[0]: "A"})
    errors = every.errors.compute(scheduler="sync")
    assert list(errors["host"]) == ["zeta/capture.log", f"{tmp_path.name}/nowhere.log"]
    assert errors["error"].str.len().gt(0).all()
    files = every.files.compute(scheduler="sync")
    assert list(files["denials"].head(4)) == [5, 5, 5, 0]
    assert files.iloc[0]["host"] == "A"


def test_a_glob_is_sorted_and_one_that_matches_nothing_is_an_error(hosts: list[str]) -> None:
    root = Path(hosts[0]).parents[1]
    found = fleet.read(f"{root}/*/capture.log").files.compute(scheduler="sync")
    assert [name.split("/")[0] for name in found["host"]] == [
        "alpha",
        "beta",
        "gamma",
        "quiet",
        "zeta",
    ]
    for nothing in (f"{root}/*.none", []):
        with pytest.raises(sbdiag.SbdiagError):
            fleet.read(nothing)


def test_the_summary_is_the_same_whatever_the_partitions(hosts: list[str]) -> None:
    denials = fleet.read_denials(hosts)
    once = fleet.summary(denials)
    again = fleet.summary(dd.from_pandas(_one_machine(hosts[:4]), npartitions=7))
    plain = {c.name: "str" for c in fleet.SUMMARY.columns if c.dtype == "category"}
    pd.testing.assert_frame_equal(once.astype(plain), again.astype(plain))
    assert list(once.columns) == fleet.SUMMARY.names
    assert once["occurrences"].sum() == 15
    fork = once[once["operation"] == "process-fork"].iloc[0]
    assert fork["hosts"] == ("alpha/capture.log", "beta/capture.log", "gamma/capture.log")
    assert fork["first"] <= fork["last"]
    assert pd.isna(fork["target"])


def test_the_rules_of_a_summary_are_those_of_all_its_rows(hosts: list[str]) -> None:
    seen = fleet.summary(fleet.read_denials(hosts))
    fleet_rules = [each.rule for each in fleet.minimal_rules(seen)]
    assert fleet_rules == [each.rule for each in sbdiag.minimal_rules(_one_machine(hosts[:4]))]
    assert len(fleet_rules) == 3
    text = sbdiag.to_sb(fleet.minimal_rules(seen), denials=fleet.as_denials(seen)).text
    assert "alpha/capture.log:" in text


def test_parquet_keeps_rows_and_types(hosts: list[str], tmp_path: Path) -> None:
    denials = fleet.read_denials(hosts)
    fleet.to_parquet(denials, str(tmp_path / "store"))
    back = fleet.read_parquet(str(tmp_path / "store")).compute(scheduler="sync")
    _same(back, denials.compute(scheduler="sync"))
    assert back["time"].dtype == "datetime64[us, UTC]"
    assert str(back["line"].dtype) == "Int64"
    DENIALS.check(back)


def test_an_empty_fleet_has_an_empty_summary(hosts: list[str]) -> None:
    assert fleet.summary(fleet.read_denials(hosts[3:4])).empty


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local,
        distributed.Client(local) as client,
    ):
        yield client


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # distributed closes sockets late
def test_two_processes_give_the_same_rows_in_the_same_order(
    cluster: object, hosts: list[str]
) -> None:
    samples = sorted(str(path) for path in SAMPLES.glob("lima-vz/*/capture*"))
    for urls, good in ((hosts, hosts[:4]), (samples, samples)):
        found = fleet.read(urls)
        rows = found.denials.compute().drop(columns="run")
        _same(rows.assign(run="r"), _one_machine(good).drop(columns="run").assign(run="r"))
    assert list(fleet.read(hosts).errors.compute()["host"]) == ["zeta/capture.log"]

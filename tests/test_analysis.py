"""What `analyze` makes of the files that it is given together."""

from __future__ import annotations

from pathlib import Path

import pytest

import sbdiag
from sbdiag.display.answer import answer
from sbdiag.errors import CaptureError, LimaLogError

DENIAL = "{time} E  kernel[0:1] (Sandbox) Sandbox: {process}({pid}) deny(1) {what}\n"
LOOKUP = "mach-lookup com.apple.Virtualization.VirtualMachine (xpc)"


def line(
    clock: str = "14:00:00", what: str = LOOKUP, *, process: str = "limactl", pid: int = 7
) -> str:
    return DENIAL.format(time=f"2026-05-27 {clock}.500", process=process, pid=pid, what=what)


def put(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
    return directory


@pytest.mark.parametrize(
    ("captures", "start"),
    [
        ({"a": line()}, "<sbdiag.Report: 1 denial in 1 run, 1 rule, 0 unparsed lines;"),
        ({"a": line(), "b": line()}, "<sbdiag.Report: 2 denials in 2 runs, 1 rule,"),
    ],
)
def test_a_report_counts_in_words(tmp_path: Path, captures: dict[str, str], start: str) -> None:
    put(tmp_path, **captures)
    assert repr(sbdiag.analyze([tmp_path / name for name in captures])).startswith(start)


def logged(clock: str, message: str = "Starting VZ") -> str:
    return f'time="2026-05-27T{clock}Z" level=info msg="{message}"\n'


DUMP = "Executable=/x/limactl\n[Dict]\n\t[Key] {}\n\t[Value]\n\t\t[Bool] true\n".format(
    "com.apple.security.virtualization"
)
TWO = {"a.log": line("14:00:00"), "b.log": line("15:00:00")}


def test_one_dump_for_several_runs_counts_for_all(tmp_path: Path) -> None:
    put(tmp_path, **TWO, dump=DUMP)
    captures = [tmp_path / name for name in TWO]
    for report in (
        sbdiag.analyze(captures, entitlements=tmp_path / "dump"),
        sbdiag.analyze(tmp_path),
        sbdiag.analyze({name: (tmp_path / name).read_bytes() for name in (*TWO, "dump")}),
    ):
        assert report.entitlements["run"].isna().all()
        held = report.stages[report.stages["stage"] == "entitlement"]
        assert list(held["why"]) == ["the dump holds the key"] * 2
        assert "dump: the entitlements count for every run" in report.notes


def test_a_dump_beside_the_captures_of_one_place_is_of_them_alone(tmp_path: Path) -> None:
    for place, hour in (("x", 14), ("y", 16)):
        (tmp_path / place).mkdir()
        put(tmp_path / place, **{"a.log": line(f"{hour}:00:00"), "b.log": line(f"{hour}:30:00")})
    put(tmp_path / "x", dump=DUMP)
    report = sbdiag.analyze(tmp_path)
    assert list(report.runs["run"]) == ["x/a.log", "x/b.log", "y/a.log", "y/b.log"]
    assert list(report.entitlements["run"]) == ["x/a.log", "x/b.log"]


@pytest.mark.parametrize(
    ("clocks", "run", "note"),
    [
        (["13:59:58", "14:00:00"], "a.log", "taken for the log of a.log"),
        (["14:59:58", "15:09:00"], "b.log", "taken for the log of b.log"),
        (["13:00:00", "16:00:00"], "lima", "its times meet those of a.log, b.log"),
        (["09:00:00", "09:00:02"], "lima", "its times meet those of no run"),
        ([], "lima", "it has no times"),
    ],
)
def test_one_log_for_several_runs_is_of_the_one_its_times_meet(
    tmp_path: Path, clocks: list[str], run: str, note: str
) -> None:
    log = "".join(map(logged, clocks)) or "INFO[0001] [hostagent] Starting VZ\n"
    put(tmp_path, **TWO, lima=log)
    for report in (
        sbdiag.analyze([tmp_path / name for name in TWO], lima_log=tmp_path / "lima"),
        sbdiag.analyze(tmp_path),
    ):
        assert set(report.milestones["run"]) == {run}
        assert any(note in each for each in report.notes)


def test_one_log_for_one_run_needs_no_times(tmp_path: Path) -> None:
    put(tmp_path, a=line(), lima="INFO[0001] Starting VZ\n")
    report = sbdiag.analyze(tmp_path / "a", lima_log=tmp_path / "lima")
    assert list(report.milestones["run"]) == ["a"]
    assert not any("lima" in note for note in report.notes)


def test_a_log_of_which_no_line_is_limas_is_an_error(tmp_path: Path) -> None:
    put(tmp_path, a=line(), passwd="root:x:0:0:root:/root:/bin/bash\n", empty="\n")
    with pytest.raises(LimaLogError, match=r"no line of .*passwd is one of Lima's log"):
        sbdiag.analyze(tmp_path / "a", lima_log=tmp_path / "passwd")
    report = sbdiag.analyze(tmp_path / "a", lima_log=tmp_path / "empty")
    assert "empty: Lima's log is empty" in report.notes


def test_files_beside_are_one_or_one_a_run(tmp_path: Path) -> None:
    put(tmp_path, **TWO, lima=logged("15:00:00", "READY"), other=logged("14:00:00"))
    captures = [tmp_path / name for name in TWO]
    logs = [tmp_path / "other", tmp_path / "lima"]
    report = sbdiag.analyze(captures, lima_log=logs)
    assert dict(zip(report.milestones["run"], report.milestones["message"], strict=True)) == {
        "a.log": "Starting VZ",
        "b.log": "READY",
    }
    with pytest.raises(CaptureError, match="3 files of kind lima-log for 2 runs"):
        sbdiag.analyze(captures, lima_log=[*logs, logs[0]])


@pytest.mark.parametrize(
    ("x", "y", "runs", "notes"),
    [
        # The order holds, the order is wrong, and one log that meets both leaves one way only.
        (["14:00:00"], ["15:00:00"], "ab", ["by their times: x for a.log, y for b.log"]),
        (["15:00:00"], ["14:00:00"], "ba", ["by their times: x for b.log, y for a.log"]),
        (["13:00:00", "16:00:00"], ["14:00:00"], "ba", ["by their times: x for b.log, y for"]),
        # Times that leave both ways, and none.
        (["13:00:00", "16:00:00"], ["13:00:00", "16:00:00"], "ab", ["in the order given: x for"]),
        ([], ["15:00:00"], "ab", ["in the order given: x for a.log, y for b.log"]),
        (
            ["15:00:00"],
            [],
            "ab",
            [
                "in the order given: x for a.log, y for b.log",
                "x may be the log of another run than a.log: x is of 2026-05-27 15:00:00 UTC, "
                "a.log of 2026-05-27 14:00:00 UTC",
            ],
        ),
        (
            ["14:00:00"],
            ["14:00:00"],
            "ab",
            ["in the order given: x for", "y is of 2026-05-27 14:00:00 UTC, b.log of 2026-05-27"],
        ),
    ],
)
def test_a_log_each_is_put_right_by_times_or_doubted(
    tmp_path: Path, x: list[str], y: list[str], runs: str, notes: list[str]
) -> None:
    def log(name: str, clocks: list[str]) -> str:
        return "".join(logged(each, name) for each in clocks) or f"INFO[0001] {name}\n"

    put(tmp_path, **TWO, x=log("x", x), y=log("y", y))
    with (tmp_path / "y").open("rb") as stream:
        report = sbdiag.analyze(
            [tmp_path / name for name in TWO], lima_log=[tmp_path / "x", stream]
        )
    found = dict(zip(report.milestones["message"], report.milestones["run"], strict=True))
    assert found == dict(zip("xy", [f"{run}.log" for run in runs], strict=True))
    said = [each for each in report.notes if "Lima's logs" in each or " is of " in each]
    assert len(said) == len(notes)
    assert all(note in each for note, each in zip(notes, said, strict=True))


def test_logs_of_one_name_are_told_apart_by_their_directories(tmp_path: Path) -> None:
    put(tmp_path, **TWO)
    for place, clock in (("one", "14:00:00"), ("two", "15:00:00")):
        (tmp_path / place).mkdir()
        put(tmp_path / place, **{"ha.stderr.log": logged(clock)})
    report = sbdiag.analyze(
        [tmp_path / name for name in TWO],
        lima_log=[tmp_path / place / "ha.stderr.log" for place in ("one", "two")],
    )
    assert (
        "Lima's logs, by their times: one/ha.stderr.log for a.log, two/ha.stderr.log for b.log"
        in report.notes
    )


def test_a_process_that_nothing_is_of_is_told_from_no_denial(tmp_path: Path) -> None:
    many = "".join(
        line(what="mach-lookup com.example.a", process=f"p{n}") for n in range(11)
    ) + line(process="limactl")
    put(tmp_path, a=many + line(process="limactl"))
    report = sbdiag.analyze(tmp_path / "a", process="lima")
    assert report.denials.empty
    assert list(report.findings["finding"]) == ["other-processes"]
    assert "None of the 13 denials" in report.findings.loc[0, "title"]
    (note,) = [note for note in report.notes if "set aside" in note]
    assert "there are limactl (2), p0 (1), p1 (1)" in note
    assert note.endswith("and 2 more")
    assert "asked for" in answer(report).sentences[0]


def test_no_denial_at_all_is_still_said(tmp_path: Path) -> None:
    put(tmp_path, a="2026-05-27 14:00:00.500 Df x[7:1] hello\n")
    report = sbdiag.analyze(tmp_path / "a", process="limactl")
    assert list(report.findings["finding"]) == ["no-denials"]


def test_the_last_run_is_the_latest(tmp_path: Path) -> None:
    """Names of a series need not be in the order of its runs."""
    for name, clock in [("first", "14:00:00"), ("again", "15:00:00"), ("a", "16:00:00")]:
        (tmp_path / name).mkdir()
        put(tmp_path / name, log=line(clock))
    report = sbdiag.analyze(tmp_path)
    expected = ["first", "again", "a"]
    assert list(report.runs["run"]) == list(report.denials["run"]) == expected
    assert list(dict.fromkeys(report.stages["run"])) == expected
    assert list(report.rule_runs()["first_seen"]) == ["first"]
    assert list(report.rule_runs().columns[:-1]) == expected
    assert "The last run (a)" in answer(report).sentences[0]
    assert any("in the order of their times" in note for note in report.notes)
    again = report.redact()
    assert list(again.runs["run"]) == expected
    assert list(again.denials.index) == [0, 1, 2]


def test_without_a_time_the_order_is_that_of_the_names_and_it_is_said(tmp_path: Path) -> None:
    untimed = "Sandbox: limactl(7) deny(1) " + LOOKUP + "\n"
    for name, text in [("run-10", line("14:00:00")), ("run-9", untimed)]:
        (tmp_path / name).mkdir()
        put(tmp_path / name, log=text)
    report = sbdiag.analyze(tmp_path)
    assert list(report.runs["run"]) == ["run-9", "run-10"]
    assert any("1 of 2 have no time to go by" in note for note in report.notes)


def test_runs_in_the_order_of_their_names_need_no_note(tmp_path: Path) -> None:
    put(tmp_path, **TWO)
    report = sbdiag.analyze(tmp_path)
    assert not any("order" in note for note in report.notes)


def test_a_run_without_a_denial_is_not_left_out(tmp_path: Path) -> None:
    put(tmp_path, **{"a.log": line(), "b.log": "2026-05-27 14:00:00.500 Df x[7:1] hello\n"})
    report = sbdiag.analyze(tmp_path)
    assert list(dict.fromkeys(report.stages["run"])) == ["a.log", "b.log"]
    assert report.rule_runs().loc[0].to_dict() == {"a.log": 1, "b.log": 0, "first_seen": "a.log"}
    assert "in 2 runs" in answer(report).scope

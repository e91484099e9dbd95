"""The benchmarks run, small: that they measure the same work, and that their tables stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import instructions
from benchmarks.__main__ import PARTS, main, put
from benchmarks.captures import Style, write_dense, write_sparse
from benchmarks.comparators import COLUMNS, differing, loop_compact, loop_ndjson
from benchmarks.measure import Size, Table, WorkError, best, goal, race, same
from benchmarks.rule_tools import GRANT
from sbdiag import read_denials

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
TINY = ["--scale", "0.0005", "--times", "1"]


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("part", [name for name in PARTS if name not in {"instructions", "start"}])
def test_a_part_prints_a_table(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([part, *TINY])
    head, _, *rows = _rows(capsys.readouterr().out)
    assert rows
    assert all(len(row) == len(head) for row in rows)


def test_imports_are_compared_in_new_processes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["start", "--times", "0"])
    rows = _rows(capsys.readouterr().out)[2:]
    assert [row[0].strip("`").split()[1] for row in rows] == ["pandas", "sbdiag", "sbdiag"]
    assert all(float(row[2]) > 0 for row in rows)


def test_instructions_are_the_difference_of_two_sizes(tmp_path: Path) -> None:
    done: list[tuple[str, str]] = []

    def count(work: instructions.Work, path: Path) -> int:
        done.append((work, path.name))
        return 1_000_000 + 7 * path.read_bytes().count(b"\n")

    table = instructions.instructions(Size(), tmp_path, count=count)
    assert [row[2] for row in table.rows] == ["7", "7", "0"]
    assert set(done) == {
        (work, f"{name}-{size}")
        for work, name in (("read", "dense"), ("read", "sparse"), ("rules", "accesses"))
        for size in ("small", "large")
    }


@pytest.mark.parametrize("work", ["read", "rules"])
def test_what_is_counted_runs_by_itself(tmp_path: Path, work: str) -> None:
    path = tmp_path / "capture"
    write_dense(path, "compact", 20, distinct=5)
    command = [sys.executable, "-m", "benchmarks.instructions", work, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == done.stderr == ""


@pytest.mark.parametrize("part", ["sparse", "rules", "instructions"])
def test_a_tool_that_is_not_there_is_named(
    part: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    main([part, *TINY])
    printed = capsys.readouterr().out
    lacking = {"sparse": 3, "rules": 2, "instructions": 1}
    assert printed.count("not installed") == lacking[part]
    assert "no grep." in printed


@pytest.mark.parametrize("style", ["compact", "ndjson", "json"])
def test_the_captures_hold_what_they_say(tmp_path: Path, style: Style) -> None:
    dense, sparse = tmp_path / "dense", tmp_path / "sparse"
    write_dense(dense, style, 300, distinct=50)
    frame = read_denials(dense)
    assert len(frame) == 300
    assert len(frame[["process", "pid", "operation", "target"]].drop_duplicates()) == 50
    written = write_sparse(sparse, style, 1 << 18)
    assert len(read_denials(sparse)) == written > 0


def test_the_loops_find_what_the_reader_finds(tmp_path: Path) -> None:
    for style, loop in (("compact", loop_compact), ("ndjson", loop_ndjson)):
        path = tmp_path / style
        write_dense(path, style, 100, distinct=20)
        ours, theirs = read_denials(path), loop(path)
        assert differing(ours, theirs) == []
        for name in COLUMNS:
            changed = theirs.assign(**{name: theirs[name].shift(-1, fill_value=theirs[name][0])})
            expected = [] if (changed[name] == theirs[name]).all() else [name]
            assert differing(ours, changed) == expected
        assert differing(ours, theirs[:-1]) == ["rows (100 and 99)"]


def test_grants_are_counted_one_by_one() -> None:
    printed = (
        "#=== httpd_t ===\nallow httpd_t a_t:file { open read };\n\n"
        "#!!!! This avc is allowed in the current policy\nallow httpd_t b_t:file write;\n"
    )
    assert [many or one for many, one in GRANT.findall(printed)] == ["open read", "write"]


def test_runs_are_by_turns_and_a_slow_comparator_has_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock) * 6.0)
    turns: list[str] = []
    ours, theirs = race(lambda: turns.append("ours"), lambda: turns.append("theirs"), 3)
    assert turns == ["ours", "theirs", "ours", "theirs", "ours"]
    assert ours.seconds == theirs.seconds == 6
    turns.clear()
    best(lambda: turns.append("mine"), 3, patience=1)
    assert turns == ["mine"]


def test_other_work_gives_no_figure() -> None:
    same("denials", 3, 3)
    with pytest.raises(WorkError, match="denials: 3 here, 4 there"):
        same("denials", 3, 4)


def test_goals() -> None:
    assert goal(20, 20) == "at least 20: reached"
    assert goal(19.99, 20) == "at least 20: missed"
    assert goal(10.6, 10.5, "at most") == "at most 10.5: missed"


def test_a_row_has_a_cell_for_each_head() -> None:
    table = Table("sparse", ("a", "b"), iter([("1", "2"), ("3",)]))
    with pytest.raises(ValueError, match="is no row of"):
        list(table.markdown())


def test_the_page_has_a_place_for_each_table() -> None:
    places = re.findall(r"<!-- (\w+) -->\n", PAGE.read_text("utf-8"))
    assert [name for name in places if name != "end"] == ["machine", *PARTS]


def test_tables_are_put_into_their_places() -> None:
    page = "# Speed\n<!-- machine -->\nold\n<!-- end -->\ntext\n<!-- dense -->\n<!-- end -->\n"
    texts = {"machine": r"Machine: \1.", "dense": "| a |"}
    once = put(page, texts, whole=True)
    assert once == (
        "# Speed\n<!-- machine -->\n\nMachine: \\1.\n\n<!-- end -->\n"
        "text\n<!-- dense -->\n\n| a |\n\n<!-- end -->\n"
    )
    assert put(once, texts, whole=False) == once
    with pytest.raises(SystemExit, match="another machine"):
        put(page, texts, whole=False)
    with pytest.raises(SystemExit, match="no place for rules"):
        put(page, {"rules": ""}, whole=True)


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dense", "speed"])
    assert "no part is called speed" in capsys.readouterr().err

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sbdiag.cli import main, options

SAMPLES = Path(__file__).parents[1] / "sample_logs"
SERIES = str(SAMPLES / "lima-vz")


def test_the_main_job_says_what_stopped_and_writes_both_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sb, nono = tmp_path / "new" / "a.sb", tmp_path / "a.json"
    assert (
        main(["analyze", SERIES, "--xpc", "global-name", "--sb", str(sb), "--nono", str(nono)]) == 0
    )
    out = capsys.readouterr().out
    assert "02-mach-lookup" in out
    assert "(allow mach-task-name)" in out
    assert "Lima reports READY" in out
    assert '(subpath "/Users/you/.lima")' in sb.read_text("utf-8")
    assert json.loads(nono.read_text("utf-8"))["meta"] == {"name": "sbdiag"}


def test_what_an_export_says_of_itself_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = capture(
        tmp_path, "file-read-data /Users/you/.lima/x", "file-read-data /private/etc/hosts"
    )
    target = tmp_path / "a.json"
    assert main(["analyze", log, "--nono", str(target)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"Wrote {target}: 0 rules to the letter, 1 wider than asked, 1 granted already." in out
    assert "make it first (mkdir -p ~/.lima)" in out
    assert "nono grants file-read*, file-write*, file-map-executable and file-ioctl" in out
    assert "group system_read_macos" in out


def test_both_exports_are_accounted_for_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sb, nono = str(tmp_path / "a.sb"), str(tmp_path / "a.json")
    assert main(["analyze", SERIES, "--json", "--sb", sb, "--nono", nono]) == 0
    exports = json.loads(capsys.readouterr().out)["exports"]
    assert list(exports) == [sb, nono]
    assert [len(exports[sb][name]) for name in ("exact", "widened")] == [7, 0]
    assert any("mkdir -p" in note for note in exports[nono]["notes"])
    assert {entry["reason"].split(":")[0] for entry in exports[nono]["already_granted"]} == {
        "nono's base",
        "group system_read_macos",
    }


def test_it_is_readable_in_80_columns_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    main(["analyze", SERIES])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    # A name is never cut, so a line may be longer only where one word is.
    assert [line for line in out.splitlines() if len(line) > 80 and len(line.split()) > 2] == []


def test_json_holds_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", SERIES, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert len(record["denials"]) == record["counts"]["denials"] == 21
    assert record["denials"][0]["time"].endswith("+00:00")
    assert {rule["text"].split()[0] for rule in record["rules"]["rules"]} == {"(allow"}
    assert [row["necessary"] for row in record["verification"]] == ["yes"] * 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["analyze", "no-such.log"], "no such file"),
        (["analyze", "no-such-*.log"], "no file matches"),
        (["analyze", SERIES, "--tz", "Mars/Olympus"], "Mars/Olympus"),
        (["analyze", SERIES, "-D", "novalue"], "K=V"),
        (["analyze", SERIES, "--profile", "no-such.sb"], "no-such.sb"),
        (["analyze", SERIES, "--lima-log", "a", "--lima-log", "b"], "one each"),
        (["analyze", SERIES, "--whole"], "--whole says nothing without --sb"),
        (["analyze", SERIES, "--home", "/Users/you"], "--home says nothing without --nono"),
        (["analyze", SERIES, "--nono", "never.json", "--home", "you"], "absolute path"),
    ],
)
def test_an_error_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.startswith("sbdiag: ")
    assert captured.err.count("\n") == 1


def test_a_syntax_error_in_a_profile_names_file_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "bad.sb"
    profile.write_text("(version 1)\n(allow file-raed*)\n", "utf-8")
    assert main(["analyze", SERIES, "--profile", str(profile)]) == 2
    assert "bad.sb:2:" in capsys.readouterr().err


def test_a_dash_reads_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Pipe:
        buffer = io.BytesIO(b"Sandbox: x(1) deny(1) mach-lookup com.example.a\n")

    monkeypatch.setattr(sys, "stdin", Pipe())
    assert main(["analyze", "-"]) == 0
    assert '(global-name "com.example.a")' in capsys.readouterr().out


def test_a_pipe_is_called_by_its_dash() -> None:
    command = [sys.executable, "-m", "sbdiag.cli", "analyze", "-", "--json"]
    line = "Sandbox: x(1) deny(1) lsopen\n"
    done = subprocess.run(command, input=line, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout)
    assert [row["run"] for row in (*record["runs"], *record["denials"])] == ["-", "-"]


def test_a_rule_to_look_at_twice_is_named_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", SERIES]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "twice: (allow mach-task-name) (denials" in out
    assert '(allow file-read* file-write* (subpath "/Users/you/.lima")) (denials' in out


def test_hostile_text_reaches_the_terminal_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "hostile.log"
    log.write_bytes(
        "Sandbox: e\x1b[31mil(1) deny(1) file-read-data /\x1b]0;owned\x07a\u202eb\x9b2J\n".encode()
    )
    assert main(["analyze", str(log)]) == 0
    out = capsys.readouterr().out
    assert not any(character in out for character in "\x1b\x07\u202e\x9b")
    assert "owned" in out


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m sbdiag.cli analyze '{SERIES}' --json | head -c 10"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""


# Profiles: check, explain, diff.

AGENT = """(version 3)
(deny default)
(allow mach-task-name)
(allow file-read* file-write* (subpath "/Users/you/.lima"))
"""


@pytest.fixture
def agent(tmp_path: Path) -> str:
    path = tmp_path / "agent.sb"
    path.write_text(AGENT, "utf-8")
    return str(path)


def capture(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "capture.log"
    path.write_text("".join(f"Sandbox: x(1) deny(1) {line}\n" for line in lines), "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("line", "options", "status"),
    [
        ("mach-task-name others [y(2)]", [], 0),
        ("file-read-data /Users/you/.lima/x", [], 0),
        ("lsopen", [], 1),
        ("lsopen", ["--unknown-ok"], 1),
        ("file-read-data <private>", [], 1),
        ("file-read-data <private>", ["--unknown-ok"], 0),
        ("file-read-data /Users/you/.ssh/id", [], 0),
        ("file-read-data /Users/you/.ssh/id", ["--strict"], 1),
        ("lsopen", ["--process", "other"], 0),
    ],
)
def test_check_gives_its_answer_as_the_exit_status(
    line: str, options: list[str], status: int, agent: str, tmp_path: Path
) -> None:
    assert main(["check", agent, capture(tmp_path, line), *options]) == status


def test_check_shows_the_deciding_rule_with_its_place(
    agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", agent, SERIES]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert f"{agent}:2:1 (deny default)" in out
    assert f"{agent}:4:1 (allow file-read* file-write*" in out
    assert "first seen at 02-mach-lookup:" in out
    assert "Set apart: not held against the profile" in out


def test_check_as_json(agent: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", agent, capture(tmp_path, "lsopen", "lsopen"), "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["passes"] is False
    (access,) = record["accesses"]
    assert (access["operation"], access["verdict"], access["occurrences"]) == ("lsopen", "deny", 2)
    assert access["location"] == f"{agent}:2:1"


def test_the_proposed_rules_behind_the_profile_make_the_check_pass(
    agent: str, tmp_path: Path
) -> None:
    added = tmp_path / "added.sb"
    assert main(["analyze", SERIES, "--profile", agent, "--sb", str(added)]) == 0
    both = tmp_path / "both.sb"
    both.write_text(AGENT + added.read_text("utf-8"), "utf-8")
    assert main(["check", agent, SERIES]) == 1
    assert main(["check", str(both), SERIES]) == 0


def test_a_nono_profile_is_checked_like_any_other(tmp_path: Path) -> None:
    nono = tmp_path / "nono.json"
    nono.write_text('{"filesystem": {"allow": ["~/.lima"]}}', "utf-8")
    log = capture(tmp_path, "file-read-data /Users/you/.lima/x")
    assert main(["check", str(nono), log]) == 0
    assert main(["check", str(nono), log, "-D", "HOME=/Users/me"]) == 1
    assert main(["analyze", log, "--profile", str(nono)]) == 0


def test_check_passes_where_everything_is_allowed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nono = f"{SERIES}/expected/article.json"
    assert main(["check", nono, SERIES]) == 0
    assert main(["check", nono, SERIES, "--strict"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "14 accesses: 0 denied, 0 unknown, 14 allowed; 2 set apart." in out
    # The lookup is printed with (xpc): a global-name alone leaves it open.
    whole = tmp_path / "article.sb"
    rules = (Path(SERIES) / "expected" / "article.sb").read_text("utf-8")
    whole.write_text("(version 1)\n(deny default)\n" + rules, "utf-8")
    assert main(["check", str(whole), SERIES]) == 1
    assert main(["check", str(whole), SERIES, "--unknown-ok"]) == 0


def test_explain_prints_the_way_to_the_answer(
    agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", agent, "file-write-create", "/Users/you/.lima/x"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("file-write-create /Users/you/.lima/x: allow\n")
    assert "1. file-write-create: no rule names it" in out
    assert main(["explain", agent, "lsopen"]) == 0
    assert capsys.readouterr().out.startswith("lsopen: deny\n")


def test_diff_says_what_a_second_profile_changes(
    agent: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.sb"
    other.write_text(AGENT.replace("mach-task-name", "lsopen"), "utf-8")
    log = capture(tmp_path, "lsopen", "mach-task-name others [y(2)]")
    assert main(["diff", agent, agent, "--on", log, "--exit-code"]) == 0
    assert main(["diff", agent, str(other), "--on", log, "--exit-code"]) == 1
    capsys.readouterr()
    assert main(["diff", agent, str(other), "--on", log]) == 0
    out = capsys.readouterr().out
    assert "1 removed, 1 added, 0 unclear, 0 same" in " ".join(out.split())
    assert main(["diff", agent, str(other), "--on", log, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["change"] for row in record["accesses"]] == ["removed", "added"]


def test_imports_are_looked_for_and_what_is_not_found_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "p.sb"
    profile.write_text('(version 3)(deny default)(import "more.sb")', "utf-8")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "more.sb").write_text("(version 3)(allow lsopen)", "utf-8")
    log = capture(tmp_path, "lsopen")
    assert main(["check", str(profile), log]) == 1
    assert "imports what was not found: more.sb" in " ".join(capsys.readouterr().out.split())
    assert main(["check", str(profile), log, "--unknown-ok"]) == 0
    assert main(["check", str(profile), log, "--missing-imports", "error"]) == 2
    assert main(["check", str(profile), log, "--import-path", str(tmp_path / "lib")]) == 0


def test_every_command_tells_what_was_noticed_in_a_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = str(tmp_path / "p.sb")
    Path(profile).write_text("(version 3)\n#| old |#\n(deny default)", "utf-8")
    log = capture(tmp_path, "lsopen")
    for command in (
        ["analyze", log, "--profile", profile],
        ["check", profile, log],
        ["explain", profile, "lsopen"],
        ["diff", profile, profile, "--on", log],
    ):
        main(command)
        assert "Seatbelt does not know #|…|# comments" in " ".join(capsys.readouterr().out.split())
    main(["check", profile, log, "--json"])
    assert "comments" in json.loads(capsys.readouterr().out)["notes"][0]
    main(["analyze", log, "--profile", profile, "--json"])
    assert "comments" in json.loads(capsys.readouterr().out)["profile"]["warnings"][0]


def test_a_profile_that_seatbelt_would_refuse_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.sb"
    bad.write_text("(version 1)\n(allow frobnicate)", "utf-8")
    for command in (["check", str(bad), SERIES], ["explain", str(bad), "process-fork"]):
        assert main(command) == 2
        assert "bad.sb:2:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "no-such.sb", SERIES], "no-such.sb"),
        (["explain", SERIES, "lsopen"], SERIES),
        (["diff", "no-such.sb", "x.sb", "--on", SERIES], "no-such.sb"),
    ],
)
def test_an_error_about_a_profile_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", ["analyze", "check", "explain", "diff", "notebook"])
def test_the_help_of_every_command_fits_and_tells_examples_and_exit_status(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    out = capsys.readouterr().out
    assert f"\nexamples:\n  sbdiag {command} " in out
    assert "\nexit status:\n  0: " in out
    assert ("\n  1: " in out) is (command in {"check", "diff"})
    assert max(map(len, out.splitlines())) <= 80


def test_the_examples_of_the_help_are_command_lines() -> None:
    for name, said in options.COMMANDS.items():
        for example in said.examples:
            words = shlex.split(example.split("| python")[0].rpartition("| ")[2])
            assert options.parser().parse_args(words[1:]).command == name


def test_a_file_beside_the_captures_may_stand_before_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dumps = [f"{SERIES}/01-calibration/limactl.entitlements.txt"] * 2
    logs = [capture(tmp_path, "lsopen"), str(tmp_path / "other.log")]
    Path(logs[1]).write_bytes(Path(logs[0]).read_bytes())
    for count in (1, 2):
        given = [word for dump in dumps[:count] for word in ("--entitlements", dump)]
        assert main(["analyze", *given, *logs, "--json"]) == 0
        runs = {row["run"] for row in json.loads(capsys.readouterr().out)["entitlements"]}
        assert len(runs) == count


def test_options_of_the_exports_reach_them(tmp_path: Path) -> None:
    sb, nono = tmp_path / "a.sb", tmp_path / "a.json"
    log = capture(
        tmp_path,
        "file-read-data /Users/you/a",
        "file-read-data /Users/me/b",
        "mach-task-name others [y(2)]",
    )
    said = ["--whole", "--base", "import-system", "--home-param", "--name", "agent"]
    said += ["--home", "/Users/me", "--directory", "/Users/me/b", "--omit-granted"]
    assert main(["analyze", log, "--sb", str(sb), "--nono", str(nono), *said]) == 0
    assert sb.read_text("utf-8").startswith('(version 1)\n(deny default)\n(import "system.sb")\n')
    assert json.loads(nono.read_text("utf-8")) == {
        "meta": {"name": "agent"},
        "filesystem": {"read": ["~/b"], "read_file": ["/Users/you/a"]},
    }
    one = capture(tmp_path, "file-read-data /Users/you/a")
    assert main(["analyze", one, "--sb", str(sb), "--home-param"]) == 0
    assert '(param "HOME")' in sb.read_text("utf-8")


def test_notebook_writes_one_that_is_valid(tmp_path: Path) -> None:
    target = tmp_path / "x.ipynb"
    assert main(["notebook", SERIES, "-o", str(target), "--redact"]) == 0
    assert json.loads(target.read_text("utf-8"))["nbformat"] == 4

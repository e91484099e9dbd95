from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sbdiag.cli import main

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
        (["analyze", SERIES, "--lima-log", "a", "b"], "one each"),
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


AGENT = """(version 1)
(deny default)
(allow file-read* (literal "/etc/resolv.conf"))
(allow file-read* file-write* (subpath (param "STATE")))
"""


@pytest.fixture
def agent(tmp_path: Path) -> str:
    path = tmp_path / "agent.sb"
    path.write_text(AGENT, "utf-8")
    return str(path)


def test_check_names_the_deciding_rule_and_fails_for_ci(
    agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", agent, SERIES, "-D", "STATE=/Users/you/.lima"]) == 1
    out = capsys.readouterr().out
    assert "agent.sb:2:1" in out
    assert "agent.sb:4:1" in out
    assert "does not count: file-read-data /private/etc/sudoers" in out
    assert "\x1b" not in out
    assert [line for line in out.splitlines() if len(line) > 80 and len(line.split()) > 2] == []


def test_check_passes_where_everything_is_allowed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nono = f"{SERIES}/expected/article.json"
    assert main(["check", nono, SERIES]) == 0
    assert main(["check", nono, SERIES, "--strict"]) == 0
    assert "14 accesses: 0 deny, 0 unknown, 14 allow" in capsys.readouterr().out
    # The lookup is printed with (xpc): a global-name alone leaves it open.
    whole = tmp_path / "article.sb"
    rules = (Path(SERIES) / "expected" / "article.sb").read_text("utf-8")
    whole.write_text("(version 1)\n(deny default)\n" + rules, "utf-8")
    assert main(["check", str(whole), SERIES]) == 1
    assert main(["check", str(whole), SERIES, "--unknown-ok"]) == 0


def test_explain_reads_like_a_proof(agent: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = "/private/var/run/resolv.conf"
    assert main(["explain", agent, "file-read-data", target, "-D", "STATE=/x"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"file-read-data {target}: deny")
    assert "does not match" in out
    assert main(["explain", agent, "process-fork", "-D", "STATE=/x"]) == 0


def test_diff_says_what_changes_on_a_capture(
    agent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nono = f"{SERIES}/expected/article.json"
    assert main(["diff", agent, nono, "--on", SERIES, "-D", "STATE=/Users/you/.lima"]) == 0
    out = capsys.readouterr().out
    assert "added" in out
    assert "0 removed, 10 added, 0 unclear, 4 same" in out


def test_a_profile_that_seatbelt_would_refuse_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.sb"
    bad.write_text("(version 1)\n(allow frobnicate)", "utf-8")
    for command in (["check", str(bad), SERIES], ["explain", str(bad), "process-fork"]):
        assert main(command) == 2
        assert "bad.sb:2:" in capsys.readouterr().err


def test_notebook_writes_one_that_is_valid(tmp_path: Path) -> None:
    target = tmp_path / "x.ipynb"
    assert main(["notebook", SERIES, "-o", str(target), "--redact"]) == 0
    assert json.loads(target.read_text("utf-8"))["nbformat"] == 4

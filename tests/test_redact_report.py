"""A redacted report: no name is left in anything that can be handed on."""

from __future__ import annotations

import io
import json

import pytest

import sbdiag
from sbdiag.analysis import Report
from sbdiag.display.html import report_html, report_page
from sbdiag.display.terminal import report_text
from sbdiag.export.notebook import to_notebook
from sbdiag.export.record import report_record
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.rewrite import rewritten, texts_of

USER, FRIEND, HOST, TEAM, ADDRESS = "wanda.q", "hugo", "wandas-mbp", "QWERTYUIOP", "10.1.2.3"
OTHER_TEAM, FOLDER = "35Z6P26CBD", "x9/k3j2h1_z"
NAMES = (USER, FRIEND, HOST, TEAM, ADDRESS, OTHER_TEAM, FOLDER, "wanda")

DENIED = [
    "limactl(7) deny(1) mach-lookup com.apple.Virtualization.VirtualMachine (xpc)",
    f"limactl(7) deny(1) file-write-create /Users/{USER}/.lima/default/ha.sock",
    f"limactl(7) deny(1) file-read-data /Users/{USER.upper()}/Library/Caches/lima/x",
    f"{FRIEND}(8) deny(1) file-read-data /Users/{FRIEND}/notes/{USER}_2026.txt",
    f"limactl(7) deny(1) file-read-data /private/var/folders/{FOLDER}/T/a",
    f"limactl(7) deny(1) mach-lookup {TEAM}.com.example.{FRIEND}",
    f"limactl(7) deny(1) mach-lookup {OTHER_TEAM}.com.example.agent",
    f"limactl(7) deny(1) file-read-data /Users/{USER}/.ssh/id_ed25519",
    f"of {USER} at {ADDRESS}, not a record",
]
LOG = "".join(
    f"2026-05-27 14:05:{at}.000000+0000 {HOST} kernel[0]: (Sandbox) Sandbox: {line}\n"
    for at, line in enumerate(DENIED, 10)
)
LIMA = (
    json.dumps(
        {
            "level": "info",
            "msg": f"hostagent socket created at /Users/{USER}/.lima/default/ha.sock",
            "time": "2026-05-27T14:05:09Z",
        }
    )
    + "\n"
    + json.dumps(
        {
            "level": "fatal",
            "msg": f"dial {ADDRESS}:22 by {FRIEND} on {HOST}.local",
            "time": "2026-05-27T14:05:21Z",
        }
    )
    + "\n"
)
DUMP = f"""\
Executable=/Users/{USER}/bin/limactl
[Dict]
\t[Key] com.apple.developer.team-identifier
\t[Value]
\t\t[String] {TEAM}
\t[Key] com.apple.security.virtualization
\t[Value]
\t\t[Bool] true
"""
PROFILE = rf"""
(version 1)
(deny default)
(allow file-read-data (regex #"^/Users/wanda\.q/Movies/"))
(deny file-read-data
    (require-all (subpath "/Users/{FRIEND}") (require-not (literal "/tmp/{USER}"))))
"""


def _named(data: str, name: str) -> io.BytesIO:
    stream = io.BytesIO(data.encode())
    stream.name = name
    return stream


@pytest.fixture(scope="module")
def report() -> Report:
    return sbdiag.analyze(
        _named(LOG, f"{USER}-start.log"),
        lima_log=_named(LIMA, "ha.stderr.log"),
        entitlements=_named(DUMP, "limactl.txt"),
        profile=parse_profile(PROFILE, path=f"/Users/{USER}/lima.sb"),
    )


@pytest.fixture(scope="module")
def redacted(report: Report) -> Report:
    return report.redact()


def _everything(report: Report) -> dict[str, str]:
    frames = ("denials", "unparsed", "entitlements", "milestones", "stages", "findings", "runs")
    texts = {name: repr(getattr(report, name).to_dict("records")) for name in frames}
    return texts | {
        "verification": repr(report.verification.to_dict("records")),
        "rules": repr(report.rules),
        "rule_runs": report.rule_runs().to_csv(),
        "notes": repr(report.notes),
        "profile": repr(report.profile),
        "repr": repr(report),
        "to_sb": repr(report.to_sb()),
        "to_nono": repr(report.to_nono()),
        "fragment": report_html(report),
        "page": report_page(report, pictures=False),
        "terminal": report_text(report),
        "notebook": to_notebook(report),
        "record": json.dumps(report_record(report)),
    }


def test_the_names_are_there_before(report: Report) -> None:
    everything = "\n".join(_everything(report).values()).casefold()
    assert [name for name in NAMES if name.casefold() not in everything] == []
    assert len(report.unparsed) == 1


def test_no_name_is_left_anywhere(redacted: Report) -> None:
    for place, text in _everything(redacted).items():
        left = [name for name in NAMES if name.casefold() in text.casefold()]
        assert left == [], place


def test_known_places_keep_their_meaning(report: Report, redacted: Report) -> None:
    entries = [rule.entry for rule in redacted.rules]
    assert sorted(map(str, entries)) == sorted(str(rule.entry) for rule in report.rules)
    assert {"lima-state", "lima-cache"} <= set(entries)
    assert '(subpath "/Users/user1/.lima")' in redacted.to_sb().text
    assert [w.reason for w in redacted.rules.withheld] == [w.reason for w in report.rules.withheld]
    assert list(redacted.stages["status"]) == list(report.stages["status"])
    assert set(redacted.verification["with_all"]) == {"allow"}
    assert list(redacted.findings["finding"]) == list(report.findings["finding"])


def test_a_redacted_report_says_so(report: Report, redacted: Report) -> None:
    assert redacted.redacted
    assert redacted.redact() is redacted
    assert "This report is redacted" in report_html(redacted)
    assert "This report is redacted" not in report_html(report)
    assert "redacted" in report_text(redacted)
    for export in (redacted.to_sb(), redacted.to_nono()):
        assert any("stand-ins" in note for note in export.notes)


def test_frames_keep_their_types_and_labels(report: Report, redacted: Report) -> None:
    for name in ("denials", "unparsed", "entitlements", "milestones"):
        before, after = getattr(report, name), getattr(redacted, name)
        assert after.index.equals(before.index)
        assert list(map(str, after.dtypes)) == list(map(str, before.dtypes))


def test_the_same_report_is_redacted_the_same_way(report: Report, redacted: Report) -> None:
    assert report_page(report.redact(), pictures=False) == report_page(redacted, pictures=False)


def test_the_original_is_left_alone(report: Report) -> None:
    before = report_text(report)
    report.redact()
    assert report_text(report) == before


def test_what_a_profile_says_about_other_names() -> None:
    profile = parse_profile(PROFILE, path=f"/Users/{USER}/lima.sb")
    assert any(HOST in text for text in texts_of(rewritten(profile, lambda _: HOST)))
    shouted = rewritten(profile, str.upper)
    assert shouted.path == f"/USERS/{USER.upper()}/LIMA.SB"
    assert shouted.rules[2].filters[0].name == "require-all"
    assert f"/USERS/{FRIEND.upper()}" in list(texts_of(shouted))
    assert [rule.operations for rule in shouted.rules] == [r.operations for r in profile.rules]


def test_nothing_to_hide_changes_nothing_but_the_mark() -> None:
    report = sbdiag.analyze("sample_logs/lima-vz/02-mach-lookup")
    redacted = report.redact()
    assert redacted.to_sb().text == report.to_sb().text
    assert redacted.redacted
    assert not report.redacted

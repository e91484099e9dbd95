"""The explorer's widgets without a front end: set a value, see what changes."""

from __future__ import annotations

import base64
import datetime
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

import sbdiag
from sbdiag.analysis import Report
from sbdiag.display.widgets import Explorer, Upload
from sbdiag.display.widgets.proposals import PAGE
from sbdiag.display.widgets.rows import MOST_ACCESSES
from sbdiag.display.widgets.upload import named_bytes

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "lima-vz"
RUN = SAMPLE / "05-files-and-dns"
PNG = b"\x89PNG\r\n"
LINE = (
    "2026-05-27 14:05:{:02}.{:06}+0000 localhost kernel[0]: (Sandbox) Sandbox: {}(7) deny(1) {}\n"
)
EVIL = "</pre><img src=x onerror='alert(1)'><script>alert(\"1\")</script>\u202e&lt;"


@pytest.fixture(scope="module")
def report() -> Report:
    return sbdiag.analyze(SAMPLE, xpc="global-name")


@pytest.fixture
def explorer(report: Report, undrawn: None) -> Explorer:
    return report.explore()


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be drawn, as a text: most tests are not about the picture."""

    def text(draw: Any) -> bytes:
        data = draw.args[0]
        return f"{data.by}\n{data.lanes.to_csv()}\n{data.marks.to_csv()}".encode()

    monkeypatch.setattr("sbdiag.display.widgets.filters.picture", text)


def _log(*denied: tuple[str, str]) -> io.BytesIO:
    lines = [LINE.format(at // 1000 % 60, at % 1000, *each) for at, each in enumerate(denied)]
    return io.BytesIO("".join(lines).encode())


def _inside(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)


def _row(explorer: Explorer, text: str) -> Any:
    return next(row for row in explorer.proposals.rows if text in row.rule.value)


def _values(explorer: Explorer) -> tuple[object, ...]:
    results = explorer.results
    return (
        explorer.picture.timeline.value,
        explorer.picture.denials.value,
        results.sb.value,
        results.nono.value,
        results.verification.value,
        results.account.value,
    )


def test_the_picture_is_drawn_and_follows(report: Report) -> None:
    explorer = report.explore()
    before = bytes(explorer.picture.timeline.value)
    assert before.startswith(PNG)
    explorer.filters.processes.value = ("zsh",)
    after = bytes(explorer.picture.timeline.value)
    assert after.startswith(PNG)
    assert after != before
    dark = sbdiag.explore(report, theme="dark")
    assert isinstance(dark, Explorer)
    assert bytes(dark.picture.timeline.value) not in {before, after}


def test_everything_is_shown_at_once(explorer: Explorer) -> None:
    assert "com.apple.Virtualization.VirtualMachine" in explorer.results.sb.value
    assert "unsafe_macos_seatbelt_rules" in explorer.results.nono.value
    assert "proved sufficient and necessary" in explorer.results.verification.value
    assert "Of 21 chosen denials: 17 answered by 7 rules, 4 held back." in (
        explorer.results.account.value
    )
    assert explorer.rules == explorer.state.rules
    shown = {child for each in _inside(explorer.widget) for child in each._dom_classes}
    for name in ("runs", "time", "timeline", "accept", "way", "unfold", "offer", "sb", "nono"):
        assert f"sbdiag-{name}" in shown


def test_a_run_is_chosen_and_all_is_chosen_again(explorer: Explorer) -> None:
    before = _values(explorer)
    explorer.filters.runs.value = ("02-mach-lookup",)
    after = _values(explorer)
    assert all(new != old for new, old in zip(after, before, strict=True))
    assert "mach-task-name" not in explorer.results.sb.value
    assert len(explorer.proposals._list.children) == 1
    explorer.filters.reset.click()
    assert _values(explorer) == before


@pytest.mark.parametrize(
    ("control", "value", "chosen"),
    [("processes", ("zsh",), 3), ("operations", ("mach-lookup", "mach-task-name"), 3)],
)
def test_a_process_or_an_operation_is_chosen(
    explorer: Explorer, control: str, value: tuple[str, ...], chosen: int
) -> None:
    getattr(explorer.filters, control).value = value
    assert explorer.state.account.chosen == chosen


def test_a_range_of_time_is_chosen(explorer: Explorer) -> None:
    picture = explorer.picture.timeline.value
    stops = [value for _, value in explorer.filters.time.options]
    explorer.filters.time.value = (stops[1], stops[3])
    assert explorer.state.account.chosen == 3
    assert explorer.picture.timeline.value != picture


def test_lanes_change_the_picture_alone(explorer: Explorer) -> None:
    before = _values(explorer)
    explorer.picture.lanes.value = "run"
    after = _values(explorer)
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_a_proposal_is_rejected_and_accepted(explorer: Explorer) -> None:
    before = _values(explorer)
    row = _row(explorer, "/Users/you/.lima")
    row.accept.value = False
    assert "/Users/you/.lima" not in explorer.results.sb.value
    assert "~/.lima" not in explorer.results.nono.value
    assert "5 rejected" in explorer.results.account.value
    assert "rejected" in row.rule.value
    assert row.way.disabled
    row.accept.value = True
    assert _values(explorer) == before


def test_a_proposal_is_widened_less(explorer: Explorer) -> None:
    row = _row(explorer, "/Users/you/.lima")
    assert [value for _, value in row.way.options] == ["none", "known"]
    row.way.value = "none"
    assert "ha.sock" in row.rule.value
    assert "ha.sock" in explorer.results.sb.value
    assert "Of 21 chosen denials: 17 answered by 10 rules" in explorer.results.account.value
    explorer.proposals.widen.value = "siblings"
    assert row.way.value == "known"
    assert "ha.sock" not in row.rule.value


def test_a_proposal_with_one_way_shows_no_choice(explorer: Explorer) -> None:
    assert _row(explorer, "extension.fuse").way.layout.display == "none"
    assert _row(explorer, "/Users/you/.lima").way.layout.display is None


def test_an_access_is_rejected_by_itself(explorer: Explorer) -> None:
    row = _row(explorer, "/Users/you/.lima")
    assert row.accesses == []
    row.unfold.value = True
    assert len(row.accesses) == 4
    row.accesses[0].accept.value = False
    assert row.accept.value
    assert "3 of 4 accesses" in row.rule.value
    assert "a wider rule admits them" in explorer.results.account.value
    row.way.value = "none"
    assert "a wider rule admits them" not in explorer.results.account.value
    for each in row.accesses[1:]:
        each.accept.value = False
    assert not row.accept.value
    row.accept.value = True
    assert all(each.accept.value for each in row.accesses)


def test_a_class_that_is_held_back_is_asked_for(explorer: Explorer) -> None:
    explorer.proposals.offers["system-accounts"].value = True
    assert "sudoers" in explorer.results.sb.value
    assert len(explorer.proposals._list.children) == 8
    explorer.proposals.offers["system-accounts"].value = False
    assert len(explorer.proposals._list.children) == 7


def test_the_kind_of_an_xpc_name(explorer: Explorer) -> None:
    assert "xpc-service-name" not in explorer.results.nono.value
    explorer.proposals.xpc.value = "both"
    assert "xpc-service-name" in explorer.results.nono.value


def test_texts_can_be_saved(explorer: Explorer) -> None:
    saved = {}
    for value in (explorer.results.sb.value, explorer.results.nono.value):
        data, name = re.findall(r'href="data:[a-z/]+;base64,([^"]+)" download="([^"]+)"', value)[0]
        saved[name] = base64.b64decode(data).decode()
    assert saved["rules.sb"] == explorer.state.sb.text
    assert json.loads(saved["nono.json"]) == json.loads(explorer.state.nono.text)


def test_how_texts_are_written(explorer: Explorer) -> None:
    explorer.results.form.value = "import-system"
    assert "(import &quot;system.sb&quot;)" in explorer.results.sb.value
    explorer.results.omit_granted.value = True
    assert "granted by its base already" in explorer.results.nono.value
    _row(explorer, "/Users/you/.lima").accept.value = False
    assert "(import &quot;system.sb&quot;)" in explorer.results.sb.value


def test_proposals_are_found_by_their_words(explorer: Explorer) -> None:
    explorer.proposals.find.value = "lima unlink"
    assert len(explorer.proposals._list.children) == 1
    explorer.proposals.find.value = "nothing like that"
    assert explorer.proposals._list.children == ()
    assert "0 proposals, found among 7" in explorer.proposals._place.value


@pytest.mark.usefixtures("undrawn")
def test_a_large_report_needs_no_more_widgets_than_a_small_one() -> None:
    many = [("p", f"file-read-data /opt/d{at % 100}/file{at}") for at in range(2700)]
    explorer = sbdiag.analyze(_log(*many)).explore()
    assert len(explorer.proposals.rows) == PAGE
    assert "1 to 10 of 100 proposals" in explorer.proposals._place.value
    explorer.proposals.following.click()
    assert "11 to 20 of 100" in explorer.proposals._place.value
    second = explorer.proposals.rows[0].rule.value
    explorer.proposals.previous.click()
    assert explorer.proposals.previous.disabled
    assert explorer.proposals.rows[0].rule.value != second
    assert len(explorer.proposals.rows) == PAGE
    row = explorer.proposals.rows[0]
    row.unfold.value = True
    assert len(row.accesses) == MOST_ACCESSES
    assert "and 2 more accesses" in row._rest.value
    explorer.proposals.find.value = "file2600"
    assert len(explorer.proposals._list.children) == 1
    assert "/opt/d0/" in explorer.proposals.rows[0].rule.value
    explorer.proposals.rows[0].unfold.value = True
    assert "file2600" in explorer.proposals.rows[0].accesses[0].text.value
    assert sum(1 for _ in _inside(explorer.widget)) < 1000


@pytest.mark.usefixtures("undrawn")
def test_many_rules_are_proved_when_asked_for() -> None:
    many = [("p", f"file-read-data /opt/d/file{at}") for at in range(1001)]
    explorer = sbdiag.analyze(_log(*many)).explore()
    assert explorer.results.prove.layout.display is None
    assert "when you ask for it" in explorer.results.verification.value
    explorer.results.prove.click()
    assert "1001 of 1,001 rules proved" in explorer.results.verification.value
    explorer.proposals.widen.value = "siblings"
    assert explorer.results.prove.layout.display == "none"
    assert "1 of 1 rule proved" in explorer.results.verification.value


@pytest.mark.usefixtures("undrawn")
def test_no_name_of_a_log_becomes_markup() -> None:
    log = _log(
        (EVIL.replace("/", ""), f"file-read-data /tmp/{EVIL}"),
        ("p", f"mach-lookup {EVIL}"),
        ("p", f"file-write-create /Users/{EVIL}/.ssh/id_ed25519"),
        *(("q", f"file-read-data /opt/d/{EVIL}{at}") for at in range(4)),
    )
    log.name = f"{EVIL.replace('/', '')}.log"
    explorer = sbdiag.analyze(log).explore()
    assert explorer.state.account.chosen == 7
    for row in explorer.proposals.rows:
        row.unfold.value = True
    for offer in explorer.proposals.offers.values():
        offer.value = True
    for key in [each.keys[0] for each in explorer.state.proposals.proposals[:1]]:
        explorer._decided(lambda decisions, key=key: decisions.reject([key]))
    seen = 0
    for widget in _inside(explorer.widget):
        text = f"{getattr(widget, 'value', '')}" if isinstance(widget, ipywidgets.HTML) else ""
        assert "<img" not in text
        assert "<script" not in text
        assert "\u202e" not in text
        seen += "&lt;script&gt;" in text
        # Not even escaped: whether a front end reads these as markup is its own affair.
        for name in ("description", "tooltip", "placeholder"):
            assert "script" not in (getattr(widget, name, "") or "")
        if isinstance(widget, ipywidgets.SelectMultiple):
            assert not any("\u202e" in label for label, _ in widget.options)
    assert seen >= 5


def _upload(*files: tuple[str, bytes]) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "name": name,
            "type": "",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime.datetime(2026, 5, 27, tzinfo=datetime.UTC),
        }
        for name, content in files
    )


def _run_files() -> tuple[dict[str, object], ...]:
    return _upload(*((path.name, path.read_bytes()) for path in sorted(RUN.iterdir())))


@pytest.mark.usefixtures("undrawn")
def test_files_of_several_kinds_are_uploaded_together() -> None:
    upload = sbdiag.explore()
    assert isinstance(upload, Upload)
    assert upload.explorer is None
    upload.files.value = _run_files()
    assert upload.explorer is not None
    assert "Read 3 files: 14 lines, 12 denials, 0 that could not be read." in upload.message.value
    state = upload.explorer.state
    assert len(state.report.milestones)
    assert len(state.report.entitlements)
    assert state.rules == sbdiag.analyze(RUN).rules
    assert upload.widget.children[-1] is upload.explorer.widget


@pytest.mark.usefixtures("undrawn")
def test_names_are_replaced_if_one_asks_for_it() -> None:
    upload = sbdiag.explore()
    log = _log(("p", "file-read-data /Users/wanda/.lima/x"))
    upload.files.value = _upload(("a.log", log.getvalue()))
    assert "wanda" in upload.explorer.results.sb.value
    upload.redacted.value = True
    assert "wanda" not in upload.explorer.results.sb.value
    assert "/Users/user1/.lima" in upload.explorer.results.sb.value


@pytest.mark.usefixtures("undrawn")
def test_what_cannot_be_read_is_said_and_takes_the_explorer_away() -> None:
    upload = sbdiag.explore()
    upload.files.value = _run_files()
    upload.files.value = _upload((f"{EVIL}.txt", b"hello"))
    assert upload.explorer is None
    assert "none of these looks like a log of denials" in upload.message.value
    assert "&lt;script&gt;" in upload.message.value
    assert "<script" not in upload.message.value
    assert len(upload.widget.children) == 4


@pytest.mark.usefixtures("undrawn")
def test_a_zone_that_is_none_is_said() -> None:
    upload = sbdiag.explore()
    upload.zone.value = "Nowhere/Else"
    assert "Nothing was read yet" in upload.message.value
    upload.files.value = _run_files()
    assert "unknown time zone" in upload.message.value
    upload.zone.value = "Europe/Berlin"
    assert upload.explorer is not None


@pytest.mark.usefixtures("undrawn")
def test_a_report_is_explored_until_files_are_uploaded(report: Report) -> None:
    upload = sbdiag.explore(report, upload=True)
    assert isinstance(upload, Upload)
    assert upload.report is report
    assert "the report that was given" in upload.message.value
    assert upload.explorer.state.account.chosen == 21
    upload.files.value = _run_files()
    assert upload.report is not report
    assert upload.explorer.state.account.chosen == 12
    assert isinstance(sbdiag.explore(report), Explorer)
    assert sbdiag.explore(upload=False).report is None


def test_files_of_one_name_are_kept_apart() -> None:
    given = _upload(("a", b"1"), ("a", b"2"), ("a", b"3"), ("b", b""))
    assert named_bytes(given) == {"a": b"1", "a (2)": b"2", "a (3)": b"3", "b": b""}
    assert named_bytes(None) == {}


@pytest.mark.usefixtures("undrawn")
def test_a_report_without_denials_can_be_explored() -> None:
    explorer = sbdiag.analyze(io.BytesIO(b"nothing here\n")).explore()
    assert explorer.filters.time is None
    assert "No denial is chosen" in explorer.picture.denials.value
    assert "Nothing here can be lifted" in explorer.proposals._place.value
    explorer.filters.reset.click()


def test_a_cell_shows_the_widget(explorer: Explorer) -> None:
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(explorer)
    assert repr(explorer) == "<sbdiag.Explorer: 21 denials chosen, 7 rules>"
    assert "nothing was read yet" in repr(sbdiag.explore())
    assert "application/vnd.jupyter.widget-view+json" in sbdiag.explore()._repr_mimebundle_()

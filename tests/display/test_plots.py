"""The pictures: what stands in them, and that nothing covers anything else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from sbdiag.capture.frames import DENIALS
from sbdiag.display.picture import picture
from sbdiag.display.plot_data import (
    operations_data,
    rules_data,
    startup_data,
    timeline_data,
)
from sbdiag.display.plots import (
    draw_operations,
    draw_rules,
    draw_startup,
    draw_timeline,
    plot_operations,
    plot_rules,
    plot_startup,
    plot_timeline,
)
from sbdiag.display.plots.heads import heads
from sbdiag.display.plots.sheet import drawable, fitted, text_width
from sbdiag.display.plots.time_axis import ClockFormatter, ClockLocator, TimeScale, days, zone
from sbdiag.display.theme import DARK, LIGHT, group_style

HOSTILE = "/tmp/$a^{b}$ \\frac{x}\x1b[31m\u202egnp.\u0000中 _x 😀" + "e\u0301" * 3 + "/n" * 90


@pytest.fixture(autouse=True)
def agg() -> Iterator[None]:
    """No window, and nothing left open or set behind."""
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    before = mpl.rcParams.copy()
    yield
    assert mpl.rcParams == before
    pyplot.close("all")


def texts(ax: Axes) -> list[str]:
    figure = ax.figure
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if seen(text)]


def seen(artist: object) -> bool:
    return isinstance(artist, Text) and artist.get_visible() and bool(artist.get_text().strip())


def overlaps(ax: Axes) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than a point in both directions."""
    figure = ax.figure
    FigureCanvasAgg(figure)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [
        (text.get_text(), Text.get_window_extent(text, renderer))
        for text in figure.findobj(Text)
        if seen(text) and not text.get_rotation()
    ]
    return [
        (a, b)
        for (a, one), (b, two) in itertools.combinations(boxes, 2)
        if min(one.x1, two.x1) - max(one.x0, two.x0) > 1.4
        and min(one.y1, two.y1) - max(one.y0, two.y0) > 1.4
    ]


def outside(ax: Axes) -> list[str]:
    """Texts that reach over the edge of the figure."""
    figure = ax.figure
    renderer = figure.canvas.get_renderer()
    whole = figure.bbox
    return [
        text.get_text()
        for text in figure.findobj(Text)
        if seen(text)
        for box in [Text.get_window_extent(text, renderer)]
        if box.x0 < whole.x0 - 1
        or box.x1 > whole.x1 + 1
        or box.y0 < whole.y0 - 1
        or box.y1 > whole.y1 + 1
    ]


PICTURES: dict[str, Callable[[SimpleNamespace], Axes]] = {
    "timeline, the article": lambda c: plot_timeline(
        c.denials(), c.milestones(), stages=c.stages()
    ),
    "timeline, one run": lambda c: plot_timeline(
        c.denials().query("run == '02'"), c.milestones().query("run == '02'"), stages=c.stages()
    ),
    "timeline, by run": lambda c: plot_timeline(c.denials(), c.milestones(), lanes="run"),
    "timeline, 10 denials": lambda c: plot_timeline(c.storm(10)),
    "timeline, 1,000 denials": lambda c: plot_timeline(c.storm(1_000)),
    "timeline, 1,000,000 denials": lambda c: plot_timeline(c.storm(1_000_000)),
    "timeline, one lane": lambda c: plot_timeline(c.storm(250, lanes=1)),
    "timeline, 40 lanes": lambda c: plot_timeline(c.storm(5_000, lanes=40)),
    "timeline, nothing": lambda _: plot_timeline(DENIALS.frame()),
    "timeline, no times": lambda c: plot_timeline(
        c.denials().assign(time=pd.Series([pd.NaT] * 8, dtype="datetime64[us, UTC]"))
    ),
    "ladder, six runs": lambda c: plot_startup(c.report()),
    "ladder, one run": lambda c: plot_startup(c.stages().query("run == '01'"), c.denials()),
    "ladder, nothing": lambda c: plot_startup(c.stages().iloc[:0]),
    "operations, the article": lambda c: plot_operations(c.denials()),
    "operations, 40 lanes": lambda c: plot_operations(c.storm(5_000, lanes=40)),
    "operations, nothing": lambda _: plot_operations(DENIALS.frame()),
    "rules": lambda c: plot_rules(c.report()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_covers_another_or_leaves_the_page(case: SimpleNamespace, name: str) -> None:
    ax = PICTURES[name](case)
    assert overlaps(ax) == []
    assert outside(ax) == []


class TestTimeline:
    def test_lanes_counts_milestones_and_legend_are_named(self, case: SimpleNamespace) -> None:
        ax = plot_timeline(case.denials(), case.milestones(), stages=case.stages())
        words = texts(ax)
        assert [label.get_text() for label in ax.get_yticklabels()][:2] == [
            "file-read-data",
            "mach-lookup",
        ]
        assert ax.get_title(loc="left") == "25 refusals by operation"
        assert {"9", "13", "xpc-lookup", "10 refusals"} <= set(words)
        assert "5 ✗ VZErrorDomain Code=1" in words

    def test_few_milestones_are_named_where_they_stand(self, case: SimpleNamespace) -> None:
        one = case.milestones().query("run == '01'")
        words = texts(plot_timeline(case.denials().query("run == '01'"), one))
        assert {"Starting VZ", "Setting up Rosetta share", "✗ VZErrorDomain Code=1"} <= set(words)

    @pytest.mark.parametrize(
        ("tz", "hour"), [("UTC", "10:10"), ("Europe/Berlin", "12:10"), ("Asia/Kolkata", "15:40")]
    )
    def test_the_axis_names_its_zone_and_keeps_it(
        self, case: SimpleNamespace, tz: str, hour: str
    ) -> None:
        ax = plot_timeline(case.denials(), tz=tz)
        assert ax.get_xlabel() == f"time ({tz})"
        assert any(text.startswith(hour) for text in texts(ax))

    @pytest.mark.parametrize("tz", ["Mars/Olympus", "../../etc/passwd", ""])
    def test_an_unknown_zone(self, case: SimpleNamespace, tz: str) -> None:
        with pytest.raises(ValueError, match="is no zone"):
            plot_timeline(case.denials(), tz=tz)

    def test_rows_without_a_time_are_said(self, case: SimpleNamespace) -> None:
        denials = case.denials()
        denials.loc[0, "time"] = pd.NaT
        assert any("1 of 8 denials without a time" in t for t in texts(plot_timeline(denials)))

    def test_marks_grow_with_repetition(self, case: SimpleNamespace) -> None:
        denials = DENIALS.frame(
            [
                case.denial(),
                case.denial(time=pd.Timestamp("2026-05-27 10:05", tz="UTC"), duplicates=99),
            ]
        )
        (marks,) = [c for c in plot_timeline(denials).collections if c.get_offsets().size == 4]
        small, large = marks.get_sizes()
        assert large == pytest.approx(4 * small)

    def test_groups_differ_in_shape_as_well_as_colour(self) -> None:
        for theme in (LIGHT, DARK):
            looks = [group_style(at, theme) for at in range(8)]
            assert len({look.marker for look in looks}) == 8
            assert len({look.hatch for look in looks}) == 8
            assert len({look.color for look in looks[:7]}) == 7


class TestScale:
    GAPS = ((10_000_000, 600_000_000),)

    def test_forward_and_backward_are_inverse(self) -> None:
        scale = TimeScale.over(0, 610_000_000, self.GAPS)
        at = days([0, 5_000_000, 300_000_000, 605_000_000, 900_000_000])
        assert scale.backward(scale.forward(at)) == pytest.approx(at, abs=1e-12)

    def test_the_gap_is_narrow_and_the_rest_true_to_scale(self) -> None:
        scale = TimeScale.over(0, 610_000_000, self.GAPS)
        a, b, c, d = scale.fraction(days([0, 10_000_000, 600_000_000, 610_000_000]))
        assert b - a == pytest.approx(d - c)
        assert c - b < 0.1 * (b - a)

    def test_no_tick_stands_in_a_gap(self) -> None:
        scale = TimeScale.over(0, 610_000_000, self.GAPS)
        ticks = ClockLocator(scale, zone("UTC"), most=8).tick_values(*scale.limits())
        assert ticks == sorted(ticks)
        assert len(ticks) >= 4
        assert not [t for t in ticks if days(10_000_001) < t < days(599_000_000)]

    def test_ticks_are_as_exact_as_they_need_to_be(self) -> None:
        form = ClockFormatter(zone("UTC")).format_ticks
        assert form(days([0, 60_000_000]).tolist()) == ["00:00\n1970-01-01", "00:01"]
        assert form(days([500_000, 1_000_000]).tolist()) == [
            "00:00:00.5\n1970-01-01",
            "00:00:01.0",
        ]
        assert form(days([0, 86_400_000_000]).tolist()) == ["1970-01-01", "1970-01-02"]
        assert form(days([86_340_000_000, 86_460_000_000]).tolist())[1] == "00:01\n1970-01-02"

    def test_a_tick_of_a_burst_keeps_its_microseconds(self) -> None:
        start = 1_780_000_000_000_000
        scale = TimeScale.over(start, start + 40, ())
        ticks = ClockLocator(scale, zone("UTC"), most=6).tick_values(*scale.limits())
        labels = ClockFormatter(zone("UTC")).format_ticks(ticks)
        assert len(set(labels)) == len(labels) >= 4


class TestStartup:
    def test_the_refused_stage_has_its_denial_and_the_rule_that_lifts_it(
        self, case: SimpleNamespace
    ) -> None:
        words = texts(plot_startup(case.report()))
        assert {"01", "02", "03", "04", "05", "06", "optional", "may be optional"} <= set(words)
        assert (
            "01: limactl(42303) mach-lookup com.apple.Virtualization.VirtualMachine (xpc)" in words
        )
        rule = '(allow mach-lookup (global-name "com.apple.Virtualization.VirtualMachine"))'
        assert rule in words

    def test_of_many_runs_the_last_are_drawn(self, case: SimpleNamespace) -> None:
        one = case.stages().query("run == '01'")
        ax = plot_startup(pd.concat([one.assign(run=f"run-{n}") for n in range(60)]))
        words = texts(ax)
        assert "The start of the VM, the last 12 of 60 runs" in words
        assert [word for word in words if word.startswith("run-")][:2] == ["run-48", "run-49"]
        assert "the virtual machine is running" in words

    def test_the_title_of_one_run_says_where_it_stopped(self, case: SimpleNamespace) -> None:
        ax = plot_startup(case.stages().query("run == '01'"))
        assert "Stopped at: the framework looks up the XPC service" in ax.get_title(loc="left")

    def test_each_status_has_its_own_shape(self, case: SimpleNamespace) -> None:
        ax = plot_startup(case.report())
        looks = {
            (line.get_marker(), to_rgb(line.get_markerfacecolor()))
            for line in ax.lines
            if line.get_markersize() > 10
        }
        assert len(looks) == 4
        assert {marker for marker, _ in looks} == {"o", "s", "D"}
        assert {"✓", "✗", "?"} <= set(texts(ax))


class TestHeads:
    def test_long_names_are_turned_and_keep_their_distance(self) -> None:
        level, turned = heads(["01", "02"], 34), heads(["01-calibration", "02-mach-lookup"], 34)
        assert (level.turned, turned.turned) == (False, True)
        assert turned.height > level.height
        assert heads([], 34).height == 0

    def test_the_names_of_runs_are_above_their_columns(self, case: SimpleNamespace) -> None:
        stages = case.stages()
        stages["run"] = "run-number-" + stages["run"]
        ax = plot_startup(stages)
        names = [t for t in ax.figure.findobj(Text) if t.get_text().startswith("run-number-")]
        assert [t.get_text() for t in names if t.get_rotation()] == [
            f"run-number-0{at}" for at in range(1, 7)
        ]


class TestOperations:
    def test_every_cell_holds_its_number(self, case: SimpleNamespace) -> None:
        words = texts(plot_operations(case.denials()))
        assert words.count("13") == 2  # the cell and the operation's total
        assert {"limactl", "all", "mach-task-name"} <= set(words)


class TestRules:
    def test_rules_runs_and_proofs_are_named(self, case: SimpleNamespace) -> None:
        words = texts(plot_rules(case.report()))
        assert {"(allow mach-task-name)", "exact", "wider", "whole", "12"} <= set(words)
        assert "1 refusal, 1 target; sufficient and necessary, by replay" in words
        assert "5 rules against their evidence" in words

    def test_earlier_runs_leave_room_for_the_rules(self, case: SimpleNamespace) -> None:
        report = case.report()
        denials = pd.concat([report.denials.assign(run=f"run-{n}") for n in range(60)])
        denials = denials.reset_index(drop=True)
        words = texts(plot_rules(replace(report, denials=denials)))
        assert "53 earlier" in words
        assert "(allow mach-task-name)" in words

    def test_a_last_row_counts_what_is_not_drawn(self, case: SimpleNamespace) -> None:
        report = case.report()
        many = replace(report.rules, rules=report.rules.rules[:1] * 3000)
        axes = plot_rules(replace(report, rules=many))
        assert "… and 2,960 more rules, in report.rules" in texts(axes)
        assert axes.figure.get_size_inches()[1] < 40
        assert "3,000 rules against their evidence" in texts(axes)


class TestHostileNames:
    def report(self, case: SimpleNamespace) -> SimpleNamespace:
        denials = case.denials()
        for column in ("process", "target"):
            denials[column] = denials[column].astype("str").mask(denials.index == 1, HOSTILE)
        denials["operation"] = (
            denials["operation"].astype("str").mask(denials.index == 1, HOSTILE).astype("category")
        )
        stages = case.stages().assign(title=HOSTILE)
        return SimpleNamespace(**vars(case.report(denials=denials, stages=stages)))

    @pytest.mark.parametrize("usetex", [False, True])
    def test_they_are_drawn_as_text_and_shown_for_what_they_are(
        self, case: SimpleNamespace, usetex: bool
    ) -> None:
        report = self.report(case)
        with mpl.rc_context({"text.usetex": usetex}):
            drawn = [
                plot_timeline(report.denials, case.milestones().assign(message=HOSTILE)),
                plot_startup(report),
                plot_operations(report.denials),
                plot_rules(report),
            ]
            for ax in drawn:
                names = [
                    text
                    for text in ax.figure.findobj(Text)
                    if seen(text) and "$" in text.get_text()
                ]
                assert names or ax is drawn[-1]
                assert not any(text.get_usetex() or text.get_parse_math() for text in names)
                assert all(text.get_text().replace("\n", "").isprintable() for text in names)
        if not usetex:  # the ticks of time are not ours to keep from TeX, and there is none here
            for ax in drawn:
                assert overlaps(ax) == []

    def test_a_character_without_a_glyph_is_named(self) -> None:
        assert drawable("a中") == "a\\u4e2d"
        assert drawable("é😀") == "é😀"
        assert drawable("😀", mono=True) == "\\U0001f600"

    def test_long_names_keep_both_ends(self) -> None:
        short = fitted("/Users/you/" + "x" * 300 + "/socket", 8, 120)
        assert short.startswith("/Users")
        assert short.endswith("socket")
        assert text_width(short, 8) <= 120


class TestFigures:
    def test_without_axes_the_figure_is_pyplots(self, case: SimpleNamespace) -> None:
        from matplotlib import pyplot

        ax = plot_operations(case.denials())
        assert pyplot.get_fignums() == [ax.figure.number]

    @pytest.mark.parametrize("shape", [(9.5, 5), (5, 3)])
    def test_on_given_axes_nothing_opens(
        self, case: SimpleNamespace, shape: tuple[float, float]
    ) -> None:
        from matplotlib import pyplot

        report = case.report()
        for plot in (
            lambda ax: plot_timeline(case.denials(), case.milestones(), ax=ax),
            lambda ax: plot_startup(report, ax=ax),
            lambda ax: plot_operations(case.denials(), ax=ax),
            lambda ax: plot_rules(report, ax=ax),
        ):
            own = Figure(figsize=shape, layout="constrained")
            ax = own.subplots()
            assert plot(ax) is ax
            assert tuple(own.get_size_inches()) == shape
            own.canvas.draw()
        assert pyplot.get_fignums() == []

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_text_stands_off_its_paper(self, case: SimpleNamespace, theme: str) -> None:
        for colors in (LIGHT, DARK):
            for ink in (colors.ink, colors.muted, colors.failure, colors.success):
                assert contrast(ink, colors.paper) >= 4.5
            assert min(contrast(group, colors.paper) for group in colors.groups) >= 2
        ax = plot_startup(case.report(), theme=theme)
        assert to_rgb(ax.figure.get_facecolor()) == to_rgb(
            (LIGHT if theme == "light" else DARK).paper
        )

    def test_an_unknown_theme(self, case: SimpleNamespace) -> None:
        with pytest.raises(ValueError, match="theme='sepia' is none of light, dark"):
            plot_operations(case.denials(), theme="sepia")

    @pytest.mark.parametrize("form", ["svg", "png"])
    def test_the_same_data_gives_the_same_bytes(self, case: SimpleNamespace, form: str) -> None:
        report = case.report()
        draws = [
            lambda f: draw_timeline(timeline_data(report.denials, report.milestones), f),
            lambda f: draw_startup(startup_data(report), f),
            lambda f: draw_operations(operations_data(report.denials), f),
            lambda f: draw_rules(rules_data(report), f),
        ]
        for draw in draws:
            first = picture(draw, form=form)
            with mpl.rc_context({"font.size": 20, "axes.grid": True, "lines.linewidth": 9}):
                assert picture(draw, form=form) == first


def contrast(one: str, two: str) -> float:
    def luminance(color: str) -> float:
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)

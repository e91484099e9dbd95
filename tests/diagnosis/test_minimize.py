from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import RuleSet
from sbdiag.errors import FrameError
from sbdiag.export.forms import forms
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.text import one_line

VM = "com.apple.Virtualization.VirtualMachine"
ARTICLE = [
    ("file-read-data", "/private/etc/sudoers"),
    ("mach-lookup", f"{VM} (xpc)"),
    ("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]"),
    ("generic-issue-extension", "extension-class:com.apple.virtualization.extension.fuse"),
    (
        "generic-issue-extension",
        "extension-class:com.apple.virtualization.extension.rosetta-directory-share",
    ),
    ("file-read-metadata", "/Users/you/.lima"),
    ("file-read-data", "/Users/you/.lima/default/lima.yaml"),
    ("file-write-create", "/Users/you/.lima/default/ha.pid"),
    ("file-read-data", "/Users/you/Library/Caches/lima/download/by-url-sha256/x/data"),
    ("file-read-data", "/private/var/run/resolv.conf"),
]
ARTICLE_RULES = [
    f'(allow mach-lookup (global-name "{VM}"))',
    "(allow mach-task-name)",
    '(allow generic-issue-extension (extension-class "com.apple.virtualization.extension.fuse") '
    "(extension-class "
    '"com.apple.virtualization.extension.rosetta-directory-share"))',
    '(allow file-read* file-write* (subpath "/Users/you/.lima") '
    '(subpath "/Users/you/Library/Caches/lima"))',
    '(allow file-read* (literal "/private/var/run/resolv.conf"))',
]


def frame(rows: Iterable[tuple[str, str | None]], **columns: str) -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": "a.log"} | columns
    return DENIALS.frame(
        [
            {"operation": operation, "target": target, "line": line, **row}
            for line, (operation, target) in enumerate(rows, start=1)
        ]
    )


def written(rules: RuleSet) -> list[str]:
    return [one_line(form.rule) for form in forms(rules)]


def reasons(rules: RuleSet) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(one.reason, one.name, one.denials) for one in rules.withheld]


def test_the_article_to_the_letter() -> None:
    rules = minimal_rules(frame(ARTICLE), xpc="global-name")
    assert written(rules) == ARTICLE_RULES
    assert [rule.denials for rule in rules] == [(1,), (2,), (3,), (4,), (5, 6, 7), (8,), (9,)]
    assert reasons(rules) == [("sensitive", "system-accounts", (0,))]
    assert [rule.entry for rule in rules] == [
        None,
        "vz-host-task-name",
        None,
        None,
        "lima-state",
        "lima-cache",
        "resolv.conf",
    ]
    assert "(target others)" in rules.rules[1].warning


def test_without_widening_every_rule_is_exact() -> None:
    rules = minimal_rules(frame(ARTICLE), widen="none", xpc="global-name")
    assert written(rules)[1] == "(allow mach-task-name (target others))"
    assert all(rule.entry is None and rule.widened_from == () for rule in rules)
    assert not any(one.name == "subpath" for rule in rules for one in rule.rule.filters)
    assert '(allow file-write-create (literal "/Users/you/.lima/default/ha.pid"))' in written(rules)


def test_a_widened_rule_says_from_what() -> None:
    rules = minimal_rules(frame(ARTICLE))
    state = next(rule for rule in rules if rule.entry == "lima-state")
    assert state.widened_from == (
        "/Users/you/.lima",
        "/Users/you/.lima/default/ha.pid",
        "/Users/you/.lima/default/lima.yaml",
    )
    assert state.breadth == "everything below this directory; 3 seen"
    assert state.path_kind == "directory"


def test_both_names_of_one_service_are_one_rule() -> None:
    (rule,) = minimal_rules(frame([("mach-lookup", "a.b (xpc)"), ("mach-lookup", "a.b")]))
    assert one_line(rule.rule) == (
        '(allow mach-lookup (xpc-service-name "a.b") (global-name "a.b"))'
    )
    assert rule.denials == (0, 1)
    assert "disagree" in rule.warning


@pytest.mark.parametrize(
    ("rows", "rules"),
    [
        # A file beside its whole product directory, an exact file beside the group's.
        (
            [("file-read*", "/x"), ("file-read-data", "/x"), ("file-read-xattr", "/x")],
            ['(allow file-read* (literal "/x"))'],
        ),
        # network-bind falls back to network-inbound.
        (
            [("network-bind", "local:*:80"), ("network-inbound", "local:*:80")],
            ['(allow network-inbound (local ip "*:80"))'],
        ),
        (
            [("network-bind", "local:*:80"), ("network-bind", "local:*:0")],
            ['(allow network-bind (local ip "*:*"))'],
        ),
        (
            [("network-outbound", "127.0.0.1:80"), ("network-outbound", "1.2.3.4:80")],
            ['(allow network-outbound (remote ip "*:80"))'],
        ),
        # One signal beside all of them; one device command beside all of them.
        (
            [("signal", "others [a(1)] signum:9"), ("signal", "others [a(1)]")],
            ["(allow signal (target others))"],
        ),
        (
            [("file-ioctl", 'path:/d ioctl-command:(_IO "t" 1)'), ("file-ioctl", "path:/d")],
            ['(allow file-ioctl (literal "/d"))'],
        ),
        # The task name of the VM host is written without a filter, so others need none of theirs.
        (
            [
                ("mach-task-name", "others [com.apple.Virtualization.Virtual(1)]"),
                ("mach-task-name", "others [x(2)]"),
            ],
            ["(allow mach-task-name)"],
        ),
        # Not unnecessary: another port, another process.
        (
            [("network-outbound", "1.2.3.4:80"), ("network-outbound", "1.2.3.4:81")],
            ['(allow network-outbound (remote ip "*:80") (remote ip "*:81"))'],
        ),
        (
            [("mach-task-name", "others [x(2)]"), ("mach-task-read", "children [x(2)]")],
            ["(allow mach-task-name (target others))", "(allow mach-task-read (target children))"],
        ),
    ],
)
def test_no_rule_stands_beside_one_that_covers_it(
    rows: list[tuple[str, str]], rules: list[str]
) -> None:
    found = minimal_rules(frame(rows))
    assert written(found) == rules
    assert sorted(row for rule in found for row in rule.denials) == list(range(len(rows)))


def test_the_order_is_that_of_a_person() -> None:
    rows = [
        ("file-write-data", "/b"),
        ("file-read-data", "/b"),
        ("network-outbound", "remote:*:443"),
        ("lsopen", None),
        ("sysctl-read", "hw.memsize"),
        ("process-exec*", "/bin/ls"),
        ("file-issue-extension", "target:/x extension-class:a.b"),
        ("mach-register", "a.b"),
        ("mach-lookup", "z.y"),
        ("mach-lookup", "a.b"),
        ("file-read-data", "/Users/you/.lima/x"),
    ]
    assert [one.split()[1].rstrip(")") for one in written(minimal_rules(frame(rows)))] == [
        "mach-lookup",
        "mach-register",
        "file-issue-extension",
        "process-exec*",
        "sysctl-read",
        "lsopen",
        "network-outbound",
        "file-read*",
        "file-read-data",
        "file-write-data",
    ]


def test_what_gets_no_rule_is_shown_with_its_reason() -> None:
    denials = pd.concat(
        [
            frame([("file-read-data", "/x")], origin="other"),
            frame([("file-read-data", "/x")], verdict="allow"),
            frame([("file-read-data", "/x")], layer="system-policy"),
            frame(
                [
                    ("forbidden-sandbox-reinit", None),
                    ("file-read-data", "/Users/you/.ssh/id"),
                    ("mach-lookup", "com.apple.logd"),
                    ("file-read-data", "<private>"),
                    ("file-read-data", None),
                    ("no-such-thing", "/x"),
                    ("file-read-data", "/x"),
                ]
            ),
        ],
        ignore_index=True,
    )
    rules = minimal_rules(denials)
    assert written(rules) == ['(allow file-read-data (literal "/x"))']
    assert rules.rules[0].denials == (9,)
    assert reasons(rules) == [
        ("doubtful-origin", "", (0,)),
        ("allow-report", "", (1,)),
        ("system-policy", "", (2,)),
        ("forbidden", "", (3,)),
        ("sensitive", "ssh-keys", (4,)),
        ("noise", "logging", (5,)),
        ("hidden", "", (6,)),
        ("no-filter", "", (7,)),
        ("unknown-operation", "", (8,)),
    ]


def test_sensitive_and_noise_can_be_asked_for_and_stand_apart() -> None:
    denials = frame(
        [
            ("file-read-data", "/Users/you/.ssh/id"),
            ("mach-lookup", "com.apple.logd"),
            ("mach-lookup", "a.b"),
            ("file-read-data", "/Users/you/.zsh_history"),
        ]
    )
    withheld = minimal_rules(denials).withheld
    assert [[one_line(rule.rule) for rule in one.rules] for one in withheld] == [
        ['(allow file-read-data (literal "/Users/you/.zsh_history"))'],
        ['(allow file-read-data (literal "/Users/you/.ssh/id"))'],
        ['(allow mach-lookup (global-name "com.apple.logd"))'],
    ]
    rules = minimal_rules(denials, sensitive=["ssh-keys"], noise=["logging"])
    assert [(rule.apart, rule.denials) for rule in rules] == [
        ("", (2,)),
        ("sensitive", (0,)),
        ("noise", (1,)),
    ]
    assert reasons(rules) == [("sensitive", "shell-history", (3,))]


def test_an_extension_over_secrets_is_withheld_until_it_is_asked_for_by_its_own_name() -> None:
    denials = frame([("file-issue-extension", "target:/Users/you extension-class:a.b")])
    assert reasons(minimal_rules(denials)) == [("sensitive", "extension-over-secrets", (0,))]
    assert minimal_rules(denials, sensitive=["ssh-keys"]).rules == ()
    (rule,) = minimal_rules(denials, sensitive=["extension-over-secrets"])
    assert rule.apart == "sensitive"
    assert "below" in rule.breadth


def tagged(tag: str, rows: list[tuple[str, str]]) -> pd.DataFrame:
    return frame(rows).assign(tag=pd.Series([tag] * len(rows), dtype="str"))


def test_the_rest_of_a_name_is_told_from_a_message_by_the_profile() -> None:
    denials = tagged("b", [("file-read-data", "/a")])
    (doubted,) = minimal_rules(denials)
    assert "another file" in doubted.warning
    mute = parse_profile("(version 1) (deny default)")
    (still,) = minimal_rules(denials, profile=mute)
    assert "another file" in still.warning
    for message in ("b", "a\\nb"):
        says_so = parse_profile(f'(version 1) (deny default (with message "{message}"))')
        assert [rule.warning for rule in minimal_rules(denials, profile=says_so)] == [""]
    several = tagged("b", [("file-read-data", "/a"), ("mach-lookup", "a.b")])
    assert [rule.warning for rule in minimal_rules(several, profile=mute)] == ["", ""]
    unsettled = parse_profile(
        '(version 1) (deny default) (import "other.sb")', missing_import="unknown"
    )
    assert "another file" in minimal_rules(denials, profile=unsettled).rules[0].warning


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        # Something stands behind the name, or no program chooses it.
        ("file-issue-extension", "target:/x extension-class:a.b"),
        ("mach-lookup", "a.b (xpc)"),
        ("network-outbound", "remote:*:443"),
        ("process-fork", None),
    ],
)
def test_what_ends_in_its_line_is_no_doubt(operation: str, detail: str) -> None:
    (with_tag,) = minimal_rules(tagged("b", [(operation, detail)]))
    (without,) = minimal_rules(frame([(operation, detail)]))
    assert with_tag == without


def test_a_denial_without_a_line_under_it_settles_the_doubt() -> None:
    rows = [("file-read-data", "/a")]
    denials = pd.concat([tagged("b", rows), frame(rows)], ignore_index=True)
    for order in (denials, denials.iloc[::-1]):
        (rule,) = minimal_rules(order)
        assert rule.denials == (0, 1)
        assert rule.warning == ""


def test_siblings_open_a_directory_and_say_so() -> None:
    rows = [("file-read-data", f"/Users/you/src/p/{name}") for name in "abc"]
    rows += [("file-read-data", "/Users/you/src/p"), ("file-write-data", "/Users/you/src/p/a")]
    rules = minimal_rules(frame(rows), widen="siblings")
    assert written(rules) == [
        '(allow file-read-data (subpath "/Users/you/src/p"))',
        '(allow file-write-data (literal "/Users/you/src/p/a"))',
    ]
    opened = rules.rules[0]
    assert opened.denials == (0, 1, 2, 3)
    assert len(opened.widened_from) == 4
    assert "never seen" in opened.warning
    assert opened.purpose == "Reads what lies in this directory."
    assert opened.grade == "C"
    assert "siblings" in opened.source
    assert rules.notes
    assert written(minimal_rules(frame(rows))) != written(rules)


def test_an_opened_directory_keeps_what_was_to_be_said_of_its_files() -> None:
    rows = [("file-test-existence", f"/tmp/build/{name}") for name in "abc"]
    (opened,) = minimal_rules(frame(rows), widen="siblings").rules
    assert opened.purpose == "Asks which names exist in this directory."
    assert "below /private" in opened.warning
    assert "Under (version 1)" in opened.warning


@pytest.mark.parametrize(
    "rows",
    [
        [("file-read-data", f"/private/tmp/{name}") for name in "abc"],
        [("file-read-data", f"/Users/you/{name}") for name in "abc"],
        [("file-read-data", f"/{name}") for name in "abc"],
        [("file-read-data", f"/private/etc/{name}") for name in "abc"],
        [("file-read-data", f"/Users/you/Library/{name}") for name in "abc"],
        [("file-read-data", f"/Users/you/.local/share/fish/{name}") for name in "abc"],
        [("file-read-data", f"/USERS/{name}") for name in "abc"],
        [("file-read-data", f"/System/Volumes/Data/Users/{name}") for name in "abc"],
        [("file-read-data", f"/Users/you/documents/{name}") for name in "abc"],
        [("file-read-data", f"/Volumes/Disk/{name}") for name in "abc"],
        [("file-read-data", f"/x/y/{name}") for name in "ab"],
        [("file-read-data", f"/x/y\n/{name}") for name in "abc"],
        [("file-read-data", f"/x/y/../{name}") for name in "abc"],
        [("process-exec*", f"/x/y/{name}") for name in "abc"],
        [("network-bind", f"/x/y/{name}") for name in "abc"],
        [("file-ioctl", f"path:/x/y/{name}") for name in "abc"],
    ],
)
def test_siblings_never_open_these(rows: list[tuple[str, str]]) -> None:
    found = minimal_rules(frame(rows), widen="siblings")
    assert found.rules == minimal_rules(frame(rows), widen="none").rules
    assert "subpath" not in " ".join(written(found))


def test_a_path_below_a_link_is_warned_of() -> None:
    link, file = minimal_rules(
        frame([("file-read-metadata", "/tmp"), ("file-read-data", "/tmp/x")])
    )
    assert (
        "below /private"
        in {link.rule.operations[0]: link, file.rule.operations[0]: file}["file-read-data"].warning
    )
    (link,) = minimal_rules(frame([("file-read-metadata", "/tmp")]))
    assert link.warning == ""


def test_a_rule_that_version_1_does_not_need_says_so() -> None:
    (rule,) = minimal_rules(frame([("file-test-existence", "/bin/bash")]))
    assert "Under (version 1)" in rule.warning


def test_kinds_of_paths_come_from_the_evidence() -> None:
    rows = [
        ("file-read-data", "/a/b"),
        ("file-read-data", "/a/b/c"),
        ("process-exec*", "/bin/ls"),
    ]
    assert [rule.path_kind for rule in minimal_rules(frame(rows))] == [
        "file",
        "directory",
        "unknown",
    ]


def test_nothing_in_nothing_out() -> None:
    rules = minimal_rules(frame([]))
    assert (rules.rules, rules.withheld, rules.notes) == ((), (), ())


@pytest.mark.parametrize(
    "options",
    [
        {"widen": "all"},
        {"xpc": "name"},
        {"sensitive": ["ssh"]},
        {"noise": ["everything"]},
        {"sensitive": "ssh-keys"},
    ],
)
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not"):
        minimal_rules(frame([("lsopen", None)]), **options)  # type: ignore[arg-type]


def test_rows_must_have_names_of_their_own() -> None:
    twice = pd.concat([frame([("lsopen", None)])] * 2)
    with pytest.raises(FrameError, match="unique"):
        minimal_rules(twice)
    with pytest.raises(FrameError, match="lacks operation"):
        minimal_rules(pd.DataFrame({"target": ["/x"]}))


def test_labels_name_the_rows_of_a_part_of_a_frame() -> None:
    denials = frame([("lsopen", None), ("mach-lookup", "a.b"), ("mach-lookup", "a.b")])
    (rule,) = minimal_rules(denials[denials["operation"] == "mach-lookup"])
    assert rule.denials == (1, 2)


def test_several_homes_are_noted() -> None:
    rows = [("file-read-data", "/Users/you/.lima/x"), ("file-read-data", "/Users/me/.lima/x")]
    rules = minimal_rules(frame(rows))
    assert rules.notes == ("The rules name files of 2 home directories.",)


# Properties.

_DETAILS = st.sampled_from(
    [
        ("file-read-data", "/Users/you/.lima/x"),
        ("file-read-data", "/Users/you/.ssh/id"),
        ("file-read-data", "/a/b"),
        ("file-read*", "/a/b"),
        ("file-read-metadata", "/a"),
        ("file-write-data", "/a/c"),
        ("file-read-data", None),
        ("file-read-data", "<private>"),
        ("mach-lookup", "a.b (xpc)"),
        ("mach-lookup", "a.b"),
        ("mach-lookup", "com.apple.logd"),
        ("network-bind", "local:*:80"),
        ("network-inbound", "local:*:80"),
        ("network-outbound", "remote:*:0"),
        ("signal", "others [a(1)] signum:9"),
        ("signal", "self signum:9"),
        ("forbidden-exec-sugid", None),
        ("nothing", "/x"),
    ]
)
_PRINTED = st.tuples(
    st.sampled_from(["file-read-data", "mach-lookup", "sysctl-read", "file-write-create"]),
    st.text(max_size=12).map(lambda text: "/" + text) | st.text(max_size=12),
)
_ROWS = st.lists(
    st.tuples(
        _DETAILS | _PRINTED,
        st.sampled_from(["deny", "deny", "deny", "allow"]),
        st.sampled_from(["profile", "profile", "system-policy"]),
        st.sampled_from(["kernel", "reported", "other"]),
    ),
    max_size=12,
)
_OPTIONS = st.fixed_dictionaries(
    {
        "widen": st.sampled_from(["known", "none", "siblings"]),
        "xpc": st.sampled_from(["both", "global-name", "xpc-service-name"]),
        "sensitive": st.sampled_from([(), ("ssh-keys",)]),
    }
)


def _frame(rows: list[tuple[tuple[str, str | None], str, str, str]]) -> pd.DataFrame:
    return DENIALS.frame(
        [
            {"operation": access[0], "target": access[1], "verdict": verdict, "layer": layer}
            | {"origin": origin}
            for access, verdict, layer, origin in rows
        ]
    )


@settings(max_examples=120, deadline=None)
@given(rows=_ROWS, options=_OPTIONS)
def test_every_row_has_a_rule_or_one_reason(
    rows: list[tuple[tuple[str, str | None], str, str, str]], options: dict[str, object]
) -> None:
    rules = minimal_rules(_frame(rows), **options)  # type: ignore[arg-type]
    ruled = {row for rule in rules for row in rule.denials}
    withheld = Counter(row for one in rules.withheld for row in one.denials)
    assert all(rule.denials == tuple(sorted(set(rule.denials))) for rule in rules)
    assert set(withheld.values()) <= {1}
    assert not ruled & set(withheld)
    assert ruled | set(withheld) == set(range(len(rows)))


@settings(max_examples=120, deadline=None)
@given(rows=_ROWS, options=_OPTIONS, data=st.data())
def test_the_order_of_the_rows_does_not_matter(
    rows: list[tuple[tuple[str, str | None], str, str, str]],
    options: dict[str, object],
    data: st.DataObject,
) -> None:
    denials = _frame(rows)
    order = data.draw(st.permutations(range(len(rows))))
    rules = minimal_rules(denials, **options)  # type: ignore[arg-type]
    assert minimal_rules(denials.iloc[order], **options) == rules  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "operations", "said"),
    [
        (".colima", ["file-read-data"], True),
        (".colima", ["file-read-data", "file-write-create"], False),
        (".colima", ["file-write*"], False),
        ("Library/Caches/colima", ["file-read-metadata"], True),
        (".tart", ["file-read-xattr", "file-read-data"], True),
        # The article needs these two as they are.
        (".lima", ["file-read-data"], False),
        ("Library/Caches/lima", ["file-read-data"], False),
    ],
)
def test_a_place_that_is_opened_for_writing_though_only_reads_were_refused(
    place: str, operations: list[str], said: bool
) -> None:
    path = f"/Users/you/{place}"
    (rule,) = minimal_rules(frame((name, f"{path}/x") for name in operations))
    assert one_line(rule.rule) == f'(allow file-read* file-write* (subpath "{path}"))'
    assert ("Only reads were refused" in rule.warning) is said

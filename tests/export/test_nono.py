from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.frames import DENIALS
from sbdiag.diagnosis.minimize import minimal_rules
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet
from sbdiag.errors import ExportError
from sbdiag.export.account import Export
from sbdiag.export.nono import to_nono
from sbdiag.export.nono_preview import preview_nono
from sbdiag.export.nono_replay import standing
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.rules import Filter, Rule

VM = "com.apple.Virtualization.VirtualMachine"
ARTICLE = [
    ("mach-lookup", f"{VM} (xpc)"),
    ("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]"),
    ("generic-issue-extension", "extension-class:com.apple.virtualization.extension.fuse"),
    (
        "generic-issue-extension",
        "extension-class:com.apple.virtualization.extension.rosetta-directory-share",
    ),
    ("file-read-data", "/Users/you/.lima/default/lima.yaml"),
    ("file-read-data", "/Users/you/Library/Caches/lima/x"),
    ("file-read-data", "/private/var/run/resolv.conf"),
]
ARTICLE_TEXT = r"""{
  "meta": {"name": "lima"},
  "filesystem": {
    "allow": ["~/.lima", "~/Library/Caches/lima"],
    "read_file": ["/private/var/run/resolv.conf"]
  },
  "unsafe_macos_seatbelt_rules": [
    "(allow mach-lookup (global-name \"com.apple.Virtualization.VirtualMachine\"))",
    "(allow mach-task-name)",
    "(allow generic-issue-extension (extension-class \"com.apple.virtualization.extension.fuse\") (extension-class \"com.apple.virtualization.extension.rosetta-directory-share\"))"
  ]
}
"""  # noqa: E501 (the article's own lines)
FIELDS = {"allow", "read", "write", "allow_file", "read_file", "write_file"}


def frame(rows: Iterable[tuple[str, str | None]]) -> pd.DataFrame:
    row = {"verdict": "deny", "layer": "profile", "origin": "kernel", "run": "a.log"}
    return DENIALS.frame(
        [
            {"operation": operation, "target": target, "line": line, **row}
            for line, (operation, target) in enumerate(rows, start=1)
        ]
    )


def proposed(rows: Iterable[tuple[str, str | None]], **options: Any) -> RuleSet:
    return minimal_rules(frame(rows), **options)


def accounts(export: Export) -> list[MinimalRule]:
    lossy = (*export.widened, *export.already_granted, *export.unrepresented)
    return [*export.exact, *(rule for rule, _ in lossy)]


def document(export: Export) -> dict[str, Any]:
    """Read the text, and check it against what nono's loader takes."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    found: dict[str, Any] = json.loads(export.text, object_pairs_hook=unique)
    assert list(found) == [
        key for key in ("meta", "filesystem", "unsafe_macos_seatbelt_rules") if key in found
    ]
    assert list(found["meta"]) == ["name"]
    for field, paths in found.get("filesystem", {}).items():
        assert field in FIELDS
        assert paths
        assert all(isinstance(path, str) and path[0] in "/~" for path in paths)
    assert all(isinstance(rule, str) for rule in found.get("unsafe_macos_seatbelt_rules", ()))
    assert export.text.isascii()
    return found


def test_the_article_to_the_letter() -> None:
    export = to_nono(proposed(ARTICLE, xpc="global-name"), name="lima")
    assert export.text == ARTICLE_TEXT
    document(export)


def test_each_rule_is_in_one_account() -> None:
    rules = proposed(ARTICLE)
    export = to_nono(rules)
    assert [rule.rule.operations[0] for rule in export.exact] == ["generic-issue-extension"] * 2
    assert [rule.entry for rule, _ in export.widened] == ["lima-state", "lima-cache"]
    assert [rule.rule.operations[0] for rule, _ in export.already_granted] == [
        "mach-lookup",
        "mach-task-name",
        "file-read*",
    ]
    assert export.unrepresented == ()
    assert all("file-map-executable" in reason for _, reason in export.widened)


def test_what_the_base_grants_can_be_left_out() -> None:
    export = to_nono(proposed(ARTICLE), omit_granted=True)
    found = document(export)
    assert found["filesystem"] == {"allow": ["~/.lima", "~/Library/Caches/lima"]}
    (raw,) = found["unsafe_macos_seatbelt_rules"]
    assert raw.startswith("(allow generic-issue-extension")
    assert len(export.already_granted) == 3
    assert any("left out" in note for note in export.notes)


def test_notes_say_what_nono_keeps_quiet_about() -> None:
    notes = "\n".join(to_nono(proposed(ARTICLE)).notes)
    assert "mkdir -p ~/.lima ~/Library/Caches/lima" in notes
    assert "v0.67" in notes
    assert "before its network rules" in notes
    assert to_nono(proposed([])).notes == ()


@pytest.mark.parametrize(
    ("rows", "filesystem"),
    [
        ([("file-read-data", "/Users/you/a")], {"read_file": ["~/a"]}),
        ([("file-write-create", "/Users/you/a")], {"write_file": ["~/a"]}),
        (
            [("file-read-data", "/Users/you/a"), ("file-write-data", "/Users/you/a")],
            {"allow_file": ["~/a"]},
        ),
        # What a grant covers anyway goes with it; alone it is a raw rule, which is exact.
        (
            [("file-read-data", "/Users/you/a"), ("file-read-metadata", "/Users/you/a")],
            {"read_file": ["~/a"]},
        ),
        ([("file-read-metadata", "/Users/you/a")], None),
        ([("file-write-unlink", "/Users/you/a")], None),
        ([("file-ioctl", "path:/Users/you/a")], None),
        # Two homes: neither is ~.
        (
            [("file-read-data", "/Users/you/a"), ("file-read-data", "/Users/me/a")],
            {"read_file": ["/Users/me/a", "/Users/you/a"]},
        ),
        ([("file-read-data", "/Users/you/$HOME/a")], None),
        ([("file-read-data", "/Users/you/a\nb")], None),
    ],
)
def test_file_grants(rows: list[tuple[str, str]], filesystem: dict[str, list[str]] | None) -> None:
    rules = proposed(rows, widen="none")
    export = to_nono(rules)
    assert document(export).get("filesystem") == filesystem
    assert len(accounts(export)) == len(rules)


def test_a_grant_says_that_it_widens() -> None:
    rows = [("file-read-data", "/Users/you/a"), ("file-write-data", "/Users/you/b")]
    export = to_nono(proposed(rows))
    read, write = (reason for _, reason in export.widened)
    assert "file-read*, file-map-executable and file-ioctl on exactly this path" in read
    assert ".tmp." in write
    assert ".tmp." not in read
    assert "By replay: file-read-metadata, file-read-xattr, file-ioctl on it" in read
    # The base opens the metadata of the home directory already: its groups open places in it.
    assert "above it" not in read
    assert "file-write-data beside it" not in read
    assert "file-write-mode beside it, with .tmp.N.N behind the name" in write


def test_a_directory_is_granted_whole_only_if_asked_for() -> None:
    rules = proposed([("file-read-data", "/Users/you/a"), ("file-read-metadata", "/Users/you/a")])
    export = to_nono(rules, path_kinds={"/Users/you/a": "directory"})
    assert document(export)["filesystem"] == {"read": ["~/a"]}
    assert "everything below it" in export.widened[0][1]
    assert any("mkdir -p ~/a" in note for note in export.notes)


def test_the_home_directory_can_be_named() -> None:
    rows = [("file-read-data", "/Users/you/a"), ("file-read-data", "/Users/me/a")]
    found = document(to_nono(proposed(rows), home="/Users/me"))
    assert found["filesystem"] == {"read_file": ["/Users/you/a", "~/a"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[
            ({"home": home}, "home is an absolute path such as /Users/you, not")
            for home in ("", "/", "~", "Users/you", "/Users/../x", "/Users//x", "/Users/x\0")
        ],
        ({"path_kinds": {"/Users/you/a": "dir"}}, "is file or directory, not 'dir'"),
        ({"path_kinds": {"~/a": "directory"}}, "absolute paths, not '~/a'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ExportError, match=re.escape(message)):
        to_nono(proposed([("file-read-data", "/Users/you/a")]), **options)


def test_a_home_may_end_in_a_slash() -> None:
    rules = proposed([("file-read-data", "/Users/you/a")])
    assert to_nono(rules, home="/Users/you/") == to_nono(rules, home="/Users/you")


def test_of_many_directories_that_must_exist_only_some_are_named() -> None:
    rules = proposed([("file-read-data", f"/Users/you/{n:02}") for n in range(25)])
    kinds: Any = {f"/Users/you/{n:02}": "directory" for n in range(25)}
    note = next(note for note in to_nono(rules, path_kinds=kinds).notes if "mkdir" in note)
    assert "mkdir -p ~/00 ~/01" in note
    assert "~/19, and 5 more that allow, read and write name)." in note
    assert "~/20" not in note


def test_what_a_group_refuses_is_left_to_a_person() -> None:
    rows = [("file-read-data", "/Users/you/.ssh/id"), ("file-read-metadata", "/Users/you/.ssh")]
    export = to_nono(proposed(rows, sensitive=["ssh-keys"]))
    ((rule, reason),) = export.unrepresented
    assert rule.rule.operations == ("file-read-data",)
    assert "deny_credentials" in reason
    assert "filesystem" not in document(export)
    # The same group leaves the names readable.
    ((_, granted_by),) = export.already_granted
    assert "deny_credentials" in granted_by


def rule_set(*rules: Rule) -> RuleSet:
    return RuleSet(tuple(MinimalRule(rule, (0,), "P.", "s") for rule in rules))


def below(path: str, *operations: str) -> Rule:
    return Rule("allow", operations, (Filter("subpath", (path,)),))


def test_what_is_refused_below_a_granted_directory_is_said() -> None:
    export = to_nono(rule_set(below("/Users/you/.config", "file-read-data")))
    assert document(export)["filesystem"] == {"read": ["~/.config"]}
    ((_, reason),) = export.widened
    assert "group deny_credentials and group deny_shell_configs stays refused" in reason


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (below("/Users/you", "file-read*"), "lies in, unless the profile sets allow_parent_of"),
        (below("/Users/you/.nono/x", "file-write-data"), "nono never opens its own state; no p"),
        (below("/Users/you/.local/state", "file-write-unlink"), "own state lies there and stays"),
        (below("/Users/you/.ssh", "file-read*", "file-write*"), "deny_credentials"),
        (below("/", "file-read*"), "opens everything to read"),
        (
            below("/Users/you/.config", "file-write-unlink"),
            "would lift what nono refuses there (group",
        ),
        (
            below("/Users/you/.ssh", "file-write-unlink"),
            "nono refuses it (group deny_credentials): a grant would need bypass_protection as",
        ),
    ],
)
def test_what_nono_would_refuse_or_lift_is_not_written(rule: Rule, why: str) -> None:
    export = to_nono(rule_set(rule))
    ((_, reason),) = export.unrepresented
    assert why in reason
    assert document(export) == {"meta": {"name": "sbdiag"}}


def test_a_directory_whose_name_is_a_pattern_is_said_raw() -> None:
    export = to_nono(rule_set(below("/Users/you/a*b", "file-read-data")))
    assert "filesystem" not in document(export)
    assert len(export.exact) == 1


def test_with_the_denials_a_rule_is_granted_where_they_are() -> None:
    # Two directories of one product were read; the base opens the one that was asked about.
    rule = Rule(
        "allow",
        ("file-read-data",),
        (Filter("subpath", ("/opt/homebrew",)), Filter("subpath", ("/Users/you/homebrew",))),
    )
    rules = RuleSet((MinimalRule(rule, (0,), "P.", "s"),))
    denials = frame([("file-read-data", "/opt/homebrew/bin/limactl")])
    assert to_nono(rules).already_granted == ()
    ((_, reason),) = to_nono(rules, denials=denials).already_granted
    assert reason.startswith("group homebrew_macos: (allow file-read* (subpath")


def test_the_account_is_what_the_preview_shows() -> None:
    rows = [("file-read-data", "/Users/you/a/b/f"), ("file-write-data", "/Users/you/a/g")]
    rules = proposed(rows, widen="none")
    export = to_nono(rules)
    profile = preview_nono(export.text).profile
    for minimal, reason in export.widened:
        path = str(minimal.rule.filters[0].arguments[0])
        named = [name for name in ("file-read*", "file-write*", "file-ioctl") if name in reason]
        assert "file-ioctl" in named
        for operation in named:
            access = Access(operation, (("path", path),))
            assert profile.decide_access(access).verdict == "allow"
            assert standing((access,)).granted is None
    read, write = (reason for _, reason in export.widened)
    assert "file-read-metadata on /Users/you/a/b and /Users/you/a" in read
    assert "file-read*" not in write


def test_a_name_that_is_one_parenthesis_cannot_be_said() -> None:
    export = to_nono(proposed([("mach-register", "(")]))
    assert len(export.unrepresented) == 1
    assert document(export) == {"meta": {"name": "sbdiag"}}


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", 'a"', "default", "ä", "a\n"])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(ExportError, match="nono takes"):
        to_nono(proposed([]), name=name)


def test_directories_in_the_note_are_words_of_a_shell() -> None:
    rule = Rule("allow", ("file-read*",), (Filter("subpath", ("/Users/you/a'; rm -rf b",)),))
    rules = RuleSet((MinimalRule(rule, (0,), "P.", "s"),))
    assert "mkdir -p ~/'a'\\''; rm -rf b'" in "\n".join(to_nono(rules).notes)


HOSTILE = [
    '/x", "allow": ["/',
    "/x\n",
    "/x\u2028\u202e",
    '/x\\"',
    "/x) (allow default)",
    "/x;",
    "/#|",
    "/x$HOME",
    "/~/x",
    "/@git:common-dir",
    "/😀",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_adds_a_key_or_a_rule(name: str) -> None:
    nono_py = pytest.importorskip("nono_py")
    rows = [
        (operation, target)
        for target in (name, f"/Users/you{name}", f"/Users/you/.lima{name}", f"/Users{name}/.lima")
        for operation in ("file-read-data", "file-write-create", "file-read-metadata")
    ]
    rows += [("mach-register", name), ("mach-lookup", f"{name} (xpc)"), ("sysctl-write", name)]
    rules = proposed(rows)
    export = to_nono(rules)
    found = document(export)
    assert len(accounts(export)) == len(rules)
    granted = [path for paths in found.get("filesystem", {}).values() for path in paths]
    assert not any("$" in path for path in granted)
    assert not any(character < " " for path in granted for character in path)
    for raw in found.get("unsafe_macos_seatbelt_rules", ()):
        nono_py.CapabilitySet().platform_rule(raw)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "file-read-data",
                    "file-read-metadata",
                    "file-write-data",
                    "mach-lookup",
                    "mach-register",
                    "sysctl-write",
                ]
            ),
            st.text(max_size=8) | st.text(max_size=8).map(lambda text: f"/Users/you/{text}"),
        ),
        max_size=8,
    ),
    omit=st.booleans(),
)
def test_every_text_is_a_profile_and_every_rule_is_accounted_for(
    rows: list[tuple[str, str]], omit: bool
) -> None:
    nono_py = pytest.importorskip("nono_py")
    rules = proposed(rows)
    export = to_nono(rules, omit_granted=omit)
    assert sorted(accounts(export), key=repr) == sorted(rules, key=repr)
    for raw in document(export).get("unsafe_macos_seatbelt_rules", ()):
        nono_py.CapabilitySet().platform_rule(raw)

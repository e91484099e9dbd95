from __future__ import annotations

import json

import pytest

from sbdiag.errors import ExportError
from sbdiag.export.nono_keys import ALIASES, KEYS, MODES, NOT_PREVIEWED, OPTIONAL, POLICY, PROXY
from sbdiag.export.nono_preview import preview_nono
from sbdiag.export.nono_read import NonoProfile, merge, read_nono


def read(**parts: object) -> NonoProfile:
    return read_nono(json.dumps(parts))


def texts(profile: NonoProfile, key: str) -> list[str]:
    return [entry.text for entry in profile.entries(key)]


def test_the_tables_name_keys_that_exist() -> None:
    assert set(ALIASES.values()) <= set(KEYS)
    assert {key for key in POLICY.values() if key} <= set(KEYS)
    assert set(MODES) == {key for key, kind in KEYS.items() if kind == "mode"}
    assert set(PROXY) <= {key for key, kind in KEYS.items() if kind == "present"}
    assert set(OPTIONAL) | set(NOT_PREVIEWED) <= set(KEYS)


def test_the_articles_keys_are_read() -> None:
    found = read(
        meta={"name": "lima", "version": "1"},
        filesystem={"allow": ["~/.lima", {"path": "~/b", "when": ["macos", "linux"]}]},
        unsafe_macos_seatbelt_rules=["(allow mach-task-name)"],
        network={"block": True, "open_port": [0, 3000]},
        security={"ipc_mode": "full"},
    )
    assert found.name == "lima"
    assert texts(found, "filesystem.allow") == ["~/.lima", "~/b"]
    assert found.entries("filesystem.allow")[1].when == ("macos", "linux")
    assert found.numbers("network.open_port") == (0, 3000)
    assert found.flag("network.block")
    assert found.word("security.ipc_mode", "") == "full"
    assert texts(found, "unsafe_macos_seatbelt_rules") == ["(allow mach-task-name)"]


def test_older_names_are_taken_for_the_newer() -> None:
    found = read(
        network={"proxy_allow": ["a.b"], "allow_port": [1]},
        security={"groups": ["git_config"]},
        policy={
            "add_allow_read": ["/a"],
            "exclude_groups": ["user_tools"],
            "add_deny_commands": [],
        },
        filesystem={"read": ["/b"], "ignore": ["/c"]},
        undo={},
    )
    assert found.flag("network.allow_domain")
    assert found.numbers("network.open_port") == (1,)
    assert texts(found, "groups.include") == ["git_config"]
    assert texts(found, "groups.exclude") == ["user_tools"]
    assert texts(found, "filesystem.read") == ["/a", "/b"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"filesytem": {}}, "'filesytem' is no key of a nono profile; did you mean filesystem"),
        ({"filesystem": {"alow": []}}, "did you mean filesystem.allow?"),
        ({"network": {"port": 1}}, "'network.port' is no key"),
        ({"policy": {"allow": []}}, "'policy.allow' is no key"),
        ({"platform_overrides": {"bsd": {}}}, "no 'bsd'"),
        ({"platform_overrides": {"linux": {"fs": {}}}}, "'fs' is no key"),
        ({"platform_overrides": {"macos": {"extends": "a"}}}, "no extends inside"),
        ({"platform_overrides": {"macos": {"platform_overrides": {}}}}, "inside each other"),
        ({"meta": {}}, "meta.name"),
        ({"meta": {"version": "1"}}, "meta.name"),
        ({"meta": {"name": 1}}, "meta.name must be a string"),
        ({"filesystem": []}, "filesystem must be an object"),
        ({"filesystem": {"allow": "~/a"}}, "filesystem.allow must be a list"),
        ({"filesystem": {"allow": [1]}}, "filesystem.allow must hold strings"),
        ({"filesystem": {"allow": [{"name": "a"}]}}, "lacks 'path'"),
        ({"filesystem": {"allow": [{"path": "a", "if": "b"}]}}, "filesystem.allow[].if"),
        ({"filesystem": {"allow": [{"path": "a", "when": []}]}}, "must not be empty"),
        ({"groups": {"include": [{"path": "a"}]}}, "lacks 'name'"),
        ({"unsafe_macos_seatbelt_rules": [{"path": "a"}]}, "must hold strings"),
        ({"network": {"block": 1}}, "true or false"),
        ({"network": {"open_port": [65536]}}, "ports"),
        ({"network": {"open_port": [True]}}, "ports"),
        ({"network": {"open_port_range": [[2, 1]]}}, "[first, last]"),
        ({"network": {"open_port_range": [[1]]}}, "[first, last]"),
        ({"security": {"signal_mode": "all"}}, "must be one of isolated"),
        ({"extends": 1}, "extends must be a list"),
        ({"filesystem": {"allow": None}}, "must be a list"),
    ],
)
def test_what_nono_refuses_is_an_error_with_its_line(
    parts: dict[str, object], message: str
) -> None:
    with pytest.raises(ExportError) as error:
        read_nono(json.dumps(parts), path="x.json")
    assert message in str(error.value)
    assert "(x.json:1)" in str(error.value)


def test_the_line_is_that_of_the_key() -> None:
    with pytest.raises(ExportError, match=r"x.json:3\)"):
        read_nono('{"filesystem":\n {"read": [],\n  "reed": []}}', path="x.json")


def test_a_base_grows_and_the_child_wins() -> None:
    base = read(
        meta={"name": "base"},
        filesystem={"allow": ["/a", "/b"]},
        network={"block": True, "network_profile": "x", "credentials": ["c"]},
        security={"ipc_mode": "full", "signal_mode": "allow_all"},
        workdir={"access": "read"},
        platform_overrides={"macos": {"filesystem": {"read": ["/m"]}}},
    )
    child = read(
        filesystem={"allow": ["/b", "/c"]},
        network={"block": False, "network_profile": None, "credentials": []},
        security={"ipc_mode": "shared_memory_only", "signal_mode": None},
        workdir={"access": "none"},
        platform_overrides={"macos": {"filesystem": {"read": ["/n"]}}},
    )
    found = merge(base, child)
    assert found.name == ""
    assert texts(found, "filesystem.allow") == ["/a", "/b", "/c"]
    assert found.flag("network.block")
    assert not found.flag("network.network_profile")
    assert not found.flag("network.credentials")
    assert found.word("security.ipc_mode", "") == "shared_memory_only"
    assert found.word("security.signal_mode", "") == "allow_all"
    assert found.word("workdir.access", "") == "read"
    assert found.overrides is not None
    assert texts(found.overrides, "filesystem.read") == ["/m", "/n"]


def test_raw_rules_keep_their_order_and_are_written_once() -> None:
    base = read(unsafe_macos_seatbelt_rules=["(a)", "(b)"])
    child = read(unsafe_macos_seatbelt_rules=["(c)", "(a)"])
    assert texts(merge(base, child), "unsafe_macos_seatbelt_rules") == ["(a)", "(b)", "(c)"]


@pytest.mark.parametrize("version", ["0.66", "0.74"])
def test_null_is_nothing_where_nono_takes_it(version: str) -> None:
    plain = preview_nono("{}", version=version)
    assert preview_nono('{"extends": null}', version=version).text == plain.text

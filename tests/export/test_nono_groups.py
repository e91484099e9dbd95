from __future__ import annotations

import pytest

from sbdiag.export.nono_groups import (
    BUILT_IN,
    DEFAULT,
    ELSEWHERE,
    GROUPS,
    REQUIRED_ELSEWHERE,
    SINCE_074,
    places,
)
from sbdiag.export.nono_preview import preview_nono
from sbdiag.export.nono_read import from_values


def test_the_tables_fit_together() -> None:
    assert set(DEFAULT) <= set(GROUPS)
    assert ELSEWHERE.isdisjoint(GROUPS)
    assert REQUIRED_ELSEWHERE <= ELSEWHERE
    for group, place in SINCE_074:
        found = GROUPS[group]
        assert place in ("", *found.read, *found.write, *found.both, *found.deny)


def test_what_is_refused_is_required_and_the_rest_is_not() -> None:
    assert all(group.required == bool(group.deny) for group in GROUPS.values())


def test_every_place_is_a_path() -> None:
    for group in GROUPS.values():
        for place in (*group.read, *group.write, *group.both, *group.deny, *group.links):
            assert place.startswith(("/", "~/", "$HOME/", "$TMPDIR"))


def test_the_earlier_version_lacks_what_is_new() -> None:
    caches = GROUPS["user_caches_macos"]
    assert places(caches, caches.both, "0.66") == ("~/Library/Caches", "~/Library/Logs")
    assert places(caches, caches.both, "0.74") == caches.both
    assert places(GROUPS["bun_runtime"], ("~/.bun",), "0.66") == ()


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_profiles_that_nono_brings_along_are_profiles(name: str) -> None:
    from_values({"meta": {"name": name}, **BUILT_IN[name]}, path=name)
    preview = preview_nono(f'{{"extends": "{name}"}}', workdir="/Users/you/w")
    assert preview.profile.decide("process-fork").verdict == "allow"


@pytest.mark.parametrize(
    ("group", "place"), [(name, place) for name in DEFAULT for place in GROUPS[name].deny]
)
def test_what_a_group_refuses_no_grant_opens(group: str, place: str) -> None:
    path = place.replace("~", "/Users/you")
    preview = preview_nono(f'{{"filesystem": {{"allow": ["{place}"], "allow_file": ["{place}"]}}}}')
    for operation in ("file-read-data", "file-write-create", "file-write-unlink"):
        decision = preview.profile.decide(operation, path)
        assert decision.verdict == "deny"
        assert decision.rule is not None
        block = preview.block_of(decision.rule)
        assert block is not None
        assert block.origin == f"group {group}"
    assert preview.profile.decide("file-read-metadata", path).verdict == "allow"
    assert preview.profile.decide("network-outbound", path).verdict == "deny"

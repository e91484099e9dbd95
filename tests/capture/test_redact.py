from __future__ import annotations

import pandas as pd
import pytest

from sbdiag.capture.frames import DENIALS, ENTITLEMENTS, MILESTONES, UNPARSED
from sbdiag.capture.redact import Redaction, redaction


def _denials(*targets: str) -> pd.DataFrame:
    return DENIALS.frame(
        [
            {
                "verdict": "deny",
                "operation": "file-read-data",
                "target": t,
                "target_kind": "path",
                "target_name": t,
            }
            for t in targets
        ]
    )


def test_user_names_become_numbered_stand_ins_in_order_of_appearance() -> None:
    denials = _denials("/Users/zoe/.lima/a", "/Users/adam/x", "/Users/zoe/b")
    out = redaction([denials]).frame(denials)
    assert list(out["target"]) == ["/Users/user1/.lima/a", "/Users/user2/x", "/Users/user1/b"]
    assert out.dtypes.astype(str).equals(denials.dtypes.astype(str))


@pytest.mark.parametrize(
    ("seen", "text", "expected"),
    [
        ("/Users/zoe/x", "hello zoe, see /Users/zoe", "hello user1, see /Users/user1"),
        ("/Users/zoe/x", "/users/ZOE/y zoetrope", "/users/user1/y zoetrope"),
        ("/Users/jo/x", "jo said /Users/jo/y and Joe", "jo said /Users/user1/y and Joe"),
        (
            "/Users/zoe/x",
            "/tmp/zoe_cache/com.zoe-tools.app",
            "/tmp/user1_cache/com.user1-tools.app",
        ),
        ("/Users/j.doe/x", r"^/Users/j\.doe/(.*)$", "^/Users/user1/(.*)$"),
        (r"^/Users/j\.doe/", "/Users/j.doe/x", "/Users/user1/x"),
        ("^/Users/.*/x", "a.*b /Users/.*/x", "a.*b /Users/.*/x"),
        ("/Users/lima/x", "/Users/lima/.lima /dev/lima", "/Users/user1/.lima /dev/lima"),
        ("/Users/you/x", "/Users/you/.lima", "/Users/you/.lima"),
        ("/Users/Shared/x", "/Users/Shared/x", "/Users/Shared/x"),
        ("/Users/a.b-c/x", "/Users/a.b-c/x", "/Users/user1/x"),
        ("35Z6P26CBD.com.acme.vault", "group 35Z6P26CBD.com.acme", "group TEAM000001.com.acme"),
        ("remote 192.168.1.7:80", "192.168.1.7:443", "192.0.2.1:443"),
        ("127.0.0.1:22", "127.0.0.1:22", "127.0.0.1:22"),
        ("zoes-macbook.local", "at zoes-macbook.local", "at host1.local"),
        (
            "/private/var/folders/36/T4xy_z/T/a",
            "/var/folders/36/T4xy_z/C",
            "/var/folders/00/folder1/C",
        ),
    ],
)
def test_what_is_replaced(seen: str, text: str, expected: str) -> None:
    assert redaction([_denials(seen)]).text(text) == expected


def test_hosts_of_kept_lines_are_found() -> None:
    unparsed = UNPARSED.frame(
        [
            {
                "run": "a",
                "line": 1,
                "text": "Apr  1 22:14:08 havorn kernel[0]: Sandbox: broken",
                "reason": "x",
            }
        ]
    )
    out = redaction([unparsed]).frame(unparsed)
    assert "havorn" not in out.loc[0, "text"]
    assert "host1" in out.loc[0, "text"]


def test_nested_entitlement_values_and_milestones_are_replaced() -> None:
    keys = ENTITLEMENTS.frame(
        [
            {
                "key": "groups",
                "value": ["AB1CD2EF3G.com.acme", {"home": "/Users/zoe"}],
                "type": "array",
            }
        ]
    )
    lines = MILESTONES.frame([{"milestone": "other", "message": "open /Users/zoe/.lima/x"}])
    found = redaction([keys, lines])
    assert found.frame(keys).loc[0, "value"] == ["TEAM000001.com.acme", {"home": "/Users/user1"}]
    assert found.frame(lines).loc[0, "message"] == "open /Users/user1/.lima/x"


def test_a_team_of_letters_is_known_by_its_key() -> None:
    keys = ENTITLEMENTS.frame(
        [
            {
                "key": "com.apple.developer.team-identifier",
                "value": "ABCDEFGHIJ",
                "type": "string",
            },
            {"key": "keychain-access-groups", "value": ["ZYXWVUTSRQ.com.x"], "type": "array"},
        ]
    )
    found = redaction([keys])
    assert list(found.frame(keys)["value"]) == ["TEAM000001", ["TEAM000002.com.x"]]
    assert found.text("group ABCDEFGHIJ.com.x") == "group TEAM000001.com.x"


def test_nothing_to_hide_changes_nothing() -> None:
    denials = _denials("/private/etc/hosts")
    assert redaction([denials]) == Redaction()
    pd.testing.assert_frame_equal(Redaction().frame(denials), denials)

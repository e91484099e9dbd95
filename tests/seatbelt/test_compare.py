from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.compare import diff
from sbdiag.seatbelt.profile import parse_profile


def test_diff_says_what_changes_for_these_accesses() -> None:
    before = parse_profile(
        '(version 1)(deny default)(allow file-read* (subpath "/a"))(allow lsopen)'
    )
    after = parse_profile(
        '(version 1)(deny default)(allow file-read* (subpath "/b"))(allow lsopen)'
        '(allow mach-lookup (global-name "n"))'
    )
    accesses = [
        parse_access("file-read-data", "/a/x"),
        parse_access("file-read-data", "/b/x"),
        parse_access("file-read-data", "/a/x"),
        parse_access("lsopen", None),
        parse_access("mach-lookup", "n (xpc)"),
    ]
    changes = diff(before, after, accesses)
    assert [change.access for change in changes] == [*accesses[:2], *accesses[3:]]
    assert [change.direction for change in changes] == ["removed", "added", "same", "unclear"]
    assert changes[1].after.rule is after.rules[1]

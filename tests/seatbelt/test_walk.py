"""The walk against a slow transcription of its description, and against anything at all."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sbdiag.seatbelt.access import parse_access
from sbdiag.seatbelt.network import Side
from sbdiag.seatbelt.operations import operations
from sbdiag.seatbelt.prepared import Prepared
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.request import Context, Request
from sbdiag.seatbelt.rules import Filter, IoCommand, Rule, Symbol

PARENTS = {
    "file-read-data": "file-read*",
    "file-read-metadata": "file-read*",
    "file-read*": "file*",
    "file-write-unlink": "file-write*",
    "file-write*": "file*",
    "file*": "default",
    "network-bind": "network-inbound",
    "network-inbound": "network*",
    "network*": "default",
    "mach-lookup": "mach*",
    "mach*": "default",
    "default": None,
}
NAMES = sorted(PARENTS)


def _leaves(written: Filter) -> Iterator[Filter]:
    if written.name.startswith("require-"):
        for part in written.arguments:
            yield from _leaves(part)
    else:
        yield written


def _slow_match(written: Filter, target: str, world: dict[Filter, bool]) -> bool:
    parts = written.arguments
    if written.name == "require-all":
        return all(_slow_match(part, target, world) for part in parts)
    if written.name == "require-any":
        return any(_slow_match(part, target, world) for part in parts)
    if written.name == "require-not":
        return not _slow_match(parts[0], target, world)
    if written in world:
        return world[written]
    if written.name == "literal":
        return target == parts[0]
    if written.name == "prefix":
        return target.startswith(parts[0])
    return target == parts[0] or target.startswith(parts[0].rstrip("/") + "/")


def _slow_decide(
    rules: tuple[Rule, ...], name: str | None, target: str, world: dict[Filter, bool]
) -> str:
    if name is None:
        return "deny"
    own = [rule for rule in rules if name in rule.operations]
    for rule in reversed(own):
        if rule.filters and any(_slow_match(part, target, world) for part in rule.filters):
            return rule.action
    for rule in reversed(own):
        if not rule.filters:
            return rule.action
    return _slow_decide(rules, PARENTS[name], target, world)


_PATHS = st.sampled_from(["/a", "/a/b", "/a/b/c", "/ab", "/b", "/"])
_LEAF = st.one_of(
    st.builds(Filter, st.sampled_from(["literal", "subpath", "prefix"]), st.tuples(_PATHS)),
    # Each extension is named once only (see below), so that it is true or false by itself.
    st.just(Filter("extension", ("?",))),
)
_FILTER = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds(
            Filter,
            st.sampled_from(["require-all", "require-any"]),
            st.lists(inner, min_size=1, max_size=3).map(tuple),
        ),
        st.builds(Filter, st.just("require-not"), st.tuples(inner)),
    ),
    max_leaves=4,
)
_FILE_NAMES = [name for name in NAMES if name.startswith("file")]


def _rules(
    named: list[str], bare: list[str], part: st.SearchStrategy[Filter]
) -> st.SearchStrategy[Rule]:
    """Rules with filters on operations that take them, and rules without on any."""
    action = st.sampled_from(["allow", "deny"])
    some, any_ = (
        st.lists(st.sampled_from(names), min_size=1, max_size=2).map(tuple)
        for names in (named, bare)
    )
    filtered = st.lists(part, min_size=1, max_size=2).map(tuple)
    return st.one_of(st.builds(Rule, action, some, filtered), st.builds(Rule, action, any_))


def _numbered(rules: list[Rule]) -> tuple[Rule, ...]:
    counter = itertools.count()

    def number(written: Filter) -> Filter:
        if written.name == "extension":
            return Filter("extension", (f"x{next(counter)}",))
        if written.name.startswith("require-"):
            return Filter(written.name, tuple(map(number, written.arguments)))
        return written

    return tuple(
        Rule(rule.action, rule.operations, tuple(map(number, rule.filters))) for rule in rules
    )


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_rules(_FILE_NAMES, [*_FILE_NAMES, "default"], _FILTER), max_size=7).map(_numbered),
    st.sampled_from(["file-read-data", "file-read-metadata", "file-write-unlink"]),
    st.sampled_from(["/a", "/a/b", "/a/b/c", "/a/bc", "/b/x", "/c"]),
)
def test_the_procedure_agrees_with_its_slow_transcription(
    rules: tuple[Rule, ...], operation: str, target: str
) -> None:
    unknown = {
        leaf
        for rule in rules
        for part in rule.filters
        for leaf in _leaves(part)
        if leaf.name == "extension"
    }
    assume(len(unknown) <= 6)
    possible = {
        _slow_decide(rules, operation, target, dict(zip(unknown, truth, strict=True)))
        for truth in itertools.product([True, False], repeat=len(unknown))
    }
    decision = Profile(3, rules).decide(operation, target)
    expected = possible.pop() if len(possible) == 1 else "unknown"
    assert decision.verdict == expected, decision.explain()
    if decision.rule is not None:
        assert decision.rule.action == decision.verdict


_NAME = st.builds(Filter, st.just("global-name"), st.tuples(st.sampled_from(["a", "b", "c"])))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_rules(["mach-lookup"], ["mach-lookup", "mach*", "default"], _NAME), max_size=6),
    st.sampled_from(["a", "b", "d"]),
)
def test_names_agree_with_the_slow_transcription(rules: list[Rule], target: str) -> None:
    world = {part: target == part.arguments[0] for rule in rules for part in rule.filters}
    expected = _slow_decide(tuple(rules), "mach-lookup", target, world)
    assert Profile(3, tuple(rules)).decide("mach-lookup", target).verdict == expected


_END = st.builds(
    Filter,
    st.just("local"),
    st.tuples(st.just(Symbol("ip")), st.sampled_from(["*:80", "*:81", "*:*"])),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        _rules(
            ["network-bind", "network-inbound", "network*"],
            ["network-bind", "network-inbound", "network*", "default"],
            _END,
        ),
        max_size=6,
    ),
    st.sampled_from(["network-bind", "network-inbound"]),
    st.sampled_from(["80", "82"]),
)
def test_ports_agree_with_the_slow_transcription(
    rules: list[Rule], operation: str, port: str
) -> None:
    parts = {part for rule in rules for part in rule.filters}
    world = {part: part.arguments[1] in {"*:*", f"*:{port}"} for part in parts}
    expected = _slow_decide(tuple(rules), operation, "", world)
    decision = Profile(3, tuple(rules)).decide(operation, f"local:*:{port}")
    assert decision.verdict == expected, decision.explain()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_rules(_FILE_NAMES, [*_FILE_NAMES, "default"], _FILTER), max_size=7),
    st.sampled_from(["/a", "/A/b", "/a/b/c", "/a/bc", "/é", "/tmp/a", "/a//b"]),
)
def test_finding_rules_by_path_answers_like_trying_all(rules: list[Rule], target: str) -> None:
    _hides_nothing(rules, "file-read-data", target)


def _hides_nothing(rules: list[Rule], operation: str, target: str | None) -> None:
    ready = Prepared(rules, 3, 0).of(operation)
    request = Request(parse_access(operation, target))
    found = {turn for turn, _entry in ready.candidates(request)}
    for turn, entry in enumerate(ready.filtered):
        assert turn in found or entry.matcher(request).matches is False


def _nested(leaf: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(leaf, min_size=1, max_size=2).map(tuple)
    return st.one_of(
        leaf,
        st.builds(Filter, st.sampled_from(["require-all", "require-any"]), several),
        st.builds(Filter, st.just("require-not"), st.tuples(leaf)),
    )


# Names that differ in case and composition, or that only some way of folding makes equal.
_ALIKE = [
    ["Büro", "BÜRO", "Bu\u0308ro", "bU\u0308RO", "Buro", "bür", "BU", "büro2"],
    ["straße", "STRASSE", "strasse", "STRAẞE", "straſſe", "stra"],
    ["i", "I", "ı", "İ", "i\u0307", "iı"],
    ["k", "K", "\u212a", "k\u0338"],
    ["σας", "ΣΑΣ", "σασ", "ᾳ", "ΑΙ", "α\u0345", "α\u0345\u0301", "ά\u0345"],
    ["ﬁ", "FI", "fi", "f"],
    ["é", "e\u0301", "e", "É\u0323", "e\u0323\u0301", "é\u0323", "\u0323"],
    ["a", "A", "", ".", "..", "b"],
]
_ABOVE = [
    "",
    "/var",
    "/private/var",
    "/System/Volumes/Data",
    "/system/volumes/data/var",
    "/.vol/1/2",
]


@st.composite
def _alike_paths(draw: st.DrawFn) -> tuple[list[Filter], str]:
    """Path filters, and a path that some of them probably take."""
    names = st.sampled_from([*draw(st.sampled_from(_ALIKE)), "", "var"])
    above = st.sampled_from([*draw(st.sampled_from([_ABOVE, _ABOVE[:2]]))])
    paths = st.builds(
        lambda top, parts, end: "/".join([top, *parts]) + end,
        above,
        st.lists(names, min_size=1, max_size=2),
        st.sampled_from(["", "", "", "/"]),
    )
    patterns = st.one_of(paths, paths.map("{}${{HOME}}".format), st.sampled_from(["", "/"]))
    regexes = st.builds(
        "{}{}{}".format,
        st.sampled_from(["^", "^", ""]),
        paths,
        st.sampled_from(["", "$", "?", ".*"]),
    )
    leaf = st.one_of(
        st.builds(
            Filter,
            st.sampled_from(["literal", "subpath", "prefix"]),
            st.lists(patterns, min_size=1, max_size=2).map(tuple),
        ),
        st.builds(Filter, st.just("regex"), st.tuples(regexes)),
    )
    return draw(st.lists(_nested(leaf), min_size=1, max_size=6)), draw(paths)


@settings(max_examples=200, deadline=None)
@given(_alike_paths(), st.sampled_from(["file-read-data", "network-outbound"]))
def test_no_spelling_of_a_path_hides_a_rule(case: tuple[list[Filter], str], operation: str) -> None:
    written, target = case
    _hides_nothing([Rule("allow", (operation,), (part,)) for part in written], operation, target)


@pytest.mark.parametrize(
    ("name", "pattern", "target"),
    [
        ("literal", "/Büro", "/BU\u0308RO"),
        ("literal", "/strasse", "/straße"),
        ("literal", "/k", "/\u212a"),
        ("literal", "/a//b", "/a/b"),
        ("literal", "/a/", "/a"),
        ("literal", "/x", "/System/Volumes/Data/x"),
        ("literal", "/System/Volumes/Data/x", "/System/Volumes/Data/x"),
        ("literal", "/private/var/x", "/var/x"),
        ("literal", "/var/x", "/var/x"),
        ("subpath", "//", "/a"),
        ("subpath", "/ﬁ/./", "/FI/a"),
        # a mark that follows is sorted before the one of the pattern
        ("prefix", "/é", "/é\u0323"),
        ("prefix", "/é${HOME}", "/é\u0323"),
        ("prefix", "/α\u0345", "/α\u0345\u0301"),
        ("regex", "^/é", "/é\u0323"),
        ("regex", "^/\u0399\u0301a", "/\u0345\u0301a"),
        ("regex", "^/I", "/ı"),
        ("regex", "^/S", "/ſ"),
    ],
)
def test_a_rule_that_may_match_is_found(name: str, pattern: str, target: str) -> None:
    rule = Rule("allow", ("file-read-data",), (Filter(name, (pattern,)),))
    ready = Prepared([rule], 3, 0).of("file-read-data")
    request = Request(parse_access("file-read-data", target))
    ((_turn, entry),) = ready.candidates(request)
    assert entry.matcher(request).matches is not False


_DOMAINS = ["com.apple.x", "Com.Apple.X", "COM.APPLE.X", "com.äpfel", "com.ÄPFEL", "İ", "i\u0307"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        _nested(
            st.builds(
                Filter,
                st.sampled_from(
                    [
                        f"{name}{form}"
                        for name in ("preference-domain", "appleevent-destination", "xattr")
                        for form in ("", "", "-prefix", "-regex")
                    ]
                ),
                st.lists(st.sampled_from(_DOMAINS), min_size=1, max_size=2).map(tuple),
            )
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["user-preference-read", "appleevent-send"]),
    st.sampled_from([*_DOMAINS, None]),
)
def test_no_case_of_a_name_hides_a_rule(
    written: list[Filter], operation: str, target: str | None
) -> None:
    _hides_nothing([Rule("allow", (operation,), (part,)) for part in written], operation, target)


@pytest.mark.parametrize(
    ("operation", "name", "target"),
    [
        ("file-read-data", "literal", "/Users/you/Büro/{}"),
        ("file-read-data", "literal", "/Users/you/Bu\u0308ro/{}"),
        ("file-read-data", "subpath", "/Users/you/BÜRO/{}"),
        ("file-read-data", "prefix", "/Users/you/Büro/{}."),
        ("file-read-data", "literal", "/System/Volumes/Data/Users/you/{}"),
        ("file-read-data", "literal", "/var/{}"),
        ("file-read-data", "regex", "/Secret{}/x"),
        ("file-read-data", "subpath", "/Users/you/{}/"),
        ("user-preference-read", "preference-domain", "Dom{}"),
        ("appleevent-send", "appleevent-destination", "Com.Example.{}"),
    ],
)
def test_an_access_is_compared_with_few_of_many_rules(
    operation: str, name: str, target: str
) -> None:
    targets = [target.format(number) for number in range(100, 400)]
    rules = [Rule("allow", (operation,), (Filter(name, (each,)),)) for each in targets]
    ready = Prepared(rules, 3, 0).of(operation)
    for number, each in enumerate(targets):
        request = Request(parse_access(operation, each))
        places = [entry.place for _turn, entry in ready.candidates(request)]
        assert places == [number]


def test_an_access_is_compared_with_few_of_many_numbers() -> None:
    rules = [
        Rule("allow", ("system-fsctl",), (Filter("fsctl-command", (IoCommand("h", number),)),))
        for number in range(100)
    ]
    ready = Prepared(rules, 3, 0).of("system-fsctl")
    for target, expected in (('(_IO "h" 47)', [47]), (str(256 * ord("h") + 9), [9]), ("7", [])):
        request = Request(parse_access("system-fsctl", target))
        assert [entry.place for _turn, entry in ready.candidates(request)] == expected
    untold = Request(parse_access("system-fsctl", None))
    assert len(list(ready.candidates(untold))) == len(rules)


_NUMBER_FILTER = st.builds(
    Filter,
    st.sampled_from(
        ["ioctl-command", "fsctl-command", "signal-number", "socket-domain", "target", "literal"]
    ),
    st.lists(
        st.sampled_from(
            [
                1,
                30,
                26671,
                True,
                Symbol("AF_UNIX"),
                Symbol("SIGUSR1"),
                Symbol("others"),
                "/s",
                IoCommand("h", 47),
                IoCommand("hh", 47),
            ]
        ),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_nested(_NUMBER_FILTER), min_size=1, max_size=6),
    st.sampled_from(["system-fsctl", "file-ioctl", "signal", "system-socket", "network-outbound"]),
    st.sampled_from(
        [
            '(_IO "h" 47)',
            "26671",
            "0x682f",
            'path:/s ioctl-command:(_IO "h" 47)',
            "path:/s",
            "/s",
            "others [a(1)] signum:30",
            "others",
            "domain:1 type:2",
            "domain:30",
            "remote:*:80",
            None,
            "?",
        ]
    ),
)
def test_finding_rules_by_number_answers_like_trying_all(
    written: list[Filter], operation: str, target: str | None
) -> None:
    _hides_nothing([Rule("allow", (operation,), (part,)) for part in written], operation, target)


_REGEX = st.builds(
    Filter,
    st.just("regex"),
    st.tuples(
        st.one_of(
            st.sampled_from(["/Key", "\\.key$", "b/c+", "(k|b)ey", "é/key", "[kK]ey", "/k?ey\\w"]),
            st.text("^/kKsSiIıſ\u212aé.*()|$", min_size=1, max_size=6),
            st.just("/key" + ".?" * 98),
            st.just("/key" + ".?" * 300),
        )
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_nested(_REGEX), min_size=1, max_size=6),
    st.sampled_from(
        [
            "/b/c.key",
            "/B/KEY",
            "/b/c",
            "/é/key",
            "/É/Key",
            "/ı/ſ/\u212a/i/S/k",
            "/ıſ\u212aé",
            "/tmp/key",
            "/b//key",
            "/b" * 900,
            "/b" * 3000,
            None,
        ]
    ),
)
def test_finding_rules_by_what_a_regex_needs_answers_like_trying_all(
    written: list[Filter], target: str | None
) -> None:
    rules = [Rule("allow", ("file-read-data",), (part,)) for part in written]
    _hides_nothing(rules, "file-read-data", target)


_SEVERAL = ["iokit-open", "sysctl-write", "sysctl-read", "sysctl*", "network-inbound", "default"]
_PART = st.builds(
    Filter,
    st.sampled_from(["sysctl-name", "iokit-registry-entry-class"]),
    st.tuples(st.sampled_from(["a", "b"])),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            Rule,
            st.sampled_from(["allow", "deny"]),
            st.lists(
                st.sampled_from([*_SEVERAL, "iokit-open-service", "iokit-open*", "network*"]),
                min_size=1,
                max_size=2,
            ).map(tuple),
            st.lists(st.one_of(_PART, _END), max_size=2).map(tuple),
        ),
        max_size=8,
    ),
    st.sampled_from(
        [
            ("sysctl-read", "a"),
            ("sysctl-write", "b"),
            ("iokit-open-service", "a"),
            ("iokit-open-user-client", "b"),
            ("network-bind", "local:*:80"),
            ("network*", None),
        ]
    ),
)
def test_rules_that_do_not_concern_an_access_change_nothing_of_its_answer(
    rules: list[Rule], asked: tuple[str, str | None]
) -> None:
    profile = Profile(1, tuple(rules))
    request = Request(parse_access(*asked))
    concerned = profile.concerned(request)
    some = Profile(1, tuple(rule for place, rule in enumerate(rules) if place in concerned))
    assert some.decide_request(request).verdict == profile.decide_request(request).verdict


_ADDRESS = st.builds(
    Filter,
    st.sampled_from(["local", "remote"]),
    st.one_of(
        st.tuples(
            st.sampled_from([Symbol("ip"), Symbol("tcp4"), Symbol("unix-socket"), "x"]),
            st.sampled_from(["*:80", "*:080", "localhost:81", "*:*", "1.2.3.4:80", "*:80:80"]),
        ),
        st.just((Symbol("ip"),)),
    ),
)
_ADDRESSES = ["remote:*:80", "local:*:80", "1.2.3.4:80", "127.0.0.1:81", "*:*", "local:*:0", "/s"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            Rule,
            st.sampled_from(["allow", "deny"]),
            st.just(("network-inbound",)),
            st.lists(_ADDRESS, max_size=2).map(tuple),
        ),
        max_size=5,
    ),
    st.sampled_from([*_ADDRESSES, None, "nonsense"]),
    st.sampled_from([None, "local", "remote"]),
)
def test_finding_rules_by_port_answers_like_trying_all(
    rules: list[Rule], target: str | None, side: Side | None
) -> None:
    ready = Prepared(rules, 3, 0).of("network-inbound")
    request = Request(parse_access("network-inbound", target), Context(side=side))
    found = {turn for turn, _entry in ready.candidates(request)}
    for turn, entry in enumerate(ready.filtered):
        assert turn in found or entry.matcher(request).matches is False


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            _rules([*_FILE_NAMES, "iokit-open"], [*_FILE_NAMES, "default"], _FILTER), max_size=3
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["file-read-data", "file-write-data", "file-read*"]),
    st.sampled_from(["/a", "/A/b", "/a/b/c", "/é"]),
    st.booleans(),
)
def test_a_profile_that_is_lengthened_answers_like_one_that_was_read_whole(
    parts: list[list[Rule]], operation: str, target: str, decided_before: bool
) -> None:
    longer = Profile(3, tuple(parts[0]))
    for part in parts[1:]:
        if decided_before:
            longer.decide(operation, target)
        longer = longer.with_rules(part)
    whole = Profile(3, tuple(rule for part in parts for rule in part))
    assert longer.rules == whole.rules
    assert longer.decide(operation, target) == whole.decide(operation, target)


# Anything at all

_ARGUMENT = st.one_of(
    st.text(max_size=8),
    st.integers(-5, 70_000),
    st.booleans(),
    st.sampled_from([Symbol("self"), Symbol("ip"), Symbol("unix-socket"), Symbol("SIGTERM")]),
    st.builds(IoCommand, st.text(max_size=2), st.integers(0, 300)),
    st.builds(Filter, st.sampled_from(["literal", "regex", "nothing"]), st.just(("/a",))),
)
_ANY_FILTER = st.builds(
    Filter,
    st.sampled_from(
        [
            "literal",
            "subpath",
            "prefix",
            "regex",
            "require-all",
            "require-any",
            "require-not",
            "require-entitlement",
            "remote",
            "local",
            "from",
            "target",
            "extension",
            "ioctl-command",
            "signal-number",
            "socket-domain",
            "tty",
            "path-ancestors",
            "xattr-regex",
            "vnode-type",
            "%unknown",
            "process-path",
            "file-mode",
            "csr",
            "uid",
        ]
    ),
    st.lists(_ARGUMENT, max_size=3).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            Rule,
            st.sampled_from(["allow", "deny"]),
            st.lists(st.sampled_from([*operations(), "iokit-open", "?"]), max_size=3).map(tuple),
            st.lists(_ANY_FILTER, max_size=2).map(tuple),
        ),
        max_size=5,
    ),
    st.integers(1, 3),
    st.one_of(st.sampled_from(list(operations())), st.text(max_size=10)),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["/a", "self", "1.2.3.4:5"])),
)
def test_any_rules_and_any_access_get_an_answer(
    rules: list[Rule], version: int, operation: str, target: str | None
) -> None:
    decision = Profile(version, tuple(rules)).decide(operation, target)
    assert decision.verdict in {"allow", "deny", "unknown"}
    assert decision.explain().replace("\n", "").isprintable()


def test_deeply_nested_filters_are_unknown_and_no_hang() -> None:
    nested = Filter("literal", ("/a",))
    for _ in range(900):
        nested = Filter("require-all", (nested,))
    profile = Profile(1, (Rule("allow", ("file-read*",), (nested,)),))
    assert profile.decide("file-read-data", "/a").verdict == "unknown"

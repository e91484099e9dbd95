import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.errors import ProfileError
from sbdiag.seatbelt.regex import regex_error
from sbdiag.seatbelt.rules import Filter, IoCommand, Modifier, Rule, Symbol
from sbdiag.seatbelt.scheme import evaluate
from sbdiag.seatbelt.text import filter_text, modifier_text, rule_text


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (Filter("literal", ("/a b",)), '(literal "/a b")'),
        (Filter("subpath", ("/a", "/b")), '(subpath "/a" "/b")'),
        (Filter("regex", (r"^/a\.b$",)), r'(regex #"^/a\.b$")'),
        (Filter("global-name-regex", ("x",)), '(global-name-regex #"x")'),
        (Filter("regex", ('^/a"b\\.',)), r'(regex "^/a\"b\\.")'),
        (Filter("regex", ("a\nb",)), r'(regex "a\nb")'),
        (Filter("target", (Symbol("others"),)), "(target others)"),
        (Filter("file-mode", (0o4,)), "(file-mode #o0004)"),
        (Filter("socket-protocol", (6,)), "(socket-protocol 6)"),
        (Filter("ioctl-command", (IoCommand("t", 21),)), '(ioctl-command (_IO "t" 21))'),
        (Filter("%entitlement-boolean", (True,)), "(%entitlement-boolean #t)"),
        (Filter("remote", (Symbol("ip"), "*:443")), '(remote ip "*:443")'),
        (Filter("tty"), "(tty)"),
        (
            Filter("require-not", (Filter("literal", ("/a",)),)),
            '(require-not (literal "/a"))',
        ),
    ],
)
def test_filter_text(filter_, expected):
    assert filter_text(filter_) == expected


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        (Modifier("no-log"), "(with no-log)"),
        (Modifier("message", 'a "b"\n'), r'(with message "a \"b\"\n")'),
        (Modifier("send-signal", Symbol("SIGKILL")), "(with send-signal SIGKILL)"),
        (Modifier("errno", 13), "(with errno 13)"),
    ],
)
def test_modifier_text(modifier, expected):
    assert modifier_text(modifier) == expected


def test_rule_text_has_one_filter_a_line():
    rule = Rule(
        "allow",
        ("file-read*", "file-write*"),
        (Filter("subpath", ("/Users/you/.lima",)), Filter("subpath", ("/Users/you/x",))),
        (Modifier("report"),),
    )
    assert rule_text(rule) == (
        "(allow file-read* file-write*\n"
        '    (subpath "/Users/you/.lima")\n'
        '    (subpath "/Users/you/x")\n'
        "    (with report))"
    )
    assert rule_text(Rule("deny", ("default",), (), (Modifier("no-log"),))) == (
        "(deny default (with no-log))"
    )


def test_long_trees_are_written_as_trees():
    long = Filter("require-all", tuple(Filter("literal", (f"/{c * 40}",)) for c in "abc"))
    assert rule_text(Rule("allow", ("file-read*",), (long,))).count("\n") == 4


@pytest.mark.parametrize(
    "rule",
    [
        Rule("allow", ("a b",)),
        Rule("allow", ("x)",)),
        Rule("allow", ("12",)),
        Rule("allow", ('a"b',)),
        Rule("allow", ("signal",), (Filter("target", (Symbol("self) (allow default)"),)),)),
        Rule("allow", ("signal",), (Filter("literal\n"),)),
    ],
)
def test_what_is_no_word_is_refused(rule):
    with pytest.raises(ProfileError, match="no word of the language"):
        rule_text(rule)


texts = st.text(
    st.one_of(st.characters(), st.sampled_from('"\\\n\r\t;#()|^$.\x00\x7f\u2028\u202e\ud800')),
    max_size=20,
)
paths = st.builds("/{}".format, texts)
leaves = st.one_of(
    st.builds(lambda n, a: Filter(n, (a,)), st.sampled_from(("literal", "subpath")), paths),
    st.builds(
        lambda a: Filter("regex", (a,)), texts.filter(lambda text: regex_error(text) is None)
    ),
    st.builds(lambda a: Filter("file-mode", (a,)), st.integers(0, 0o7777)),
    st.just(Filter("vnode-type", (Symbol("DIRECTORY"),))),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda f: Filter("require-not", (f,)), inner),
        st.builds(
            lambda n, fs: Filter(n, tuple(fs)),
            st.sampled_from(("require-all", "require-any")),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=6,
)
rules = st.builds(
    Rule,
    st.sampled_from(("allow", "deny")),
    st.lists(st.sampled_from(("file-read*", "file-write-data", "default")), min_size=1).map(tuple),
    st.lists(trees, max_size=3).map(tuple),
    st.lists(st.builds(Modifier, st.just("message"), texts), max_size=1).map(tuple),
)


@settings(max_examples=150)
@given(st.lists(rules, max_size=3))
def test_rule_text_evaluates_to_the_same_rules(given_rules):
    text = "\n".join(["(version 1)", *map(rule_text, given_rules)])
    assert evaluate(text).rules == tuple(given_rules)

from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.rules import Filter, Rule

V1 = "(version 1)(deny default)"


def test_explain_says_why_a_later_group_allow_does_not_help() -> None:
    text = '(version 1)\n(deny file-read-data (subpath "/k"))\n(allow file-read* (literal "/k/f"))'
    lines = parse_profile(text, path="a.sb").decide("file-read-data", "/k/f").explain().split("\n")
    assert lines[0] == "file-read-data /k/f: deny"
    assert '   matches: a.sb:2:1  (deny file-read-data (subpath "/k"))' in lines
    at = lines.index("Matches too and says allow, but does not help:")
    assert lines[at + 1] == '  a.sb:3:1  (allow file-read* (literal "/k/f"))'
    assert "rules of file-read-data itself are consulted first, whatever the order" in lines[at + 2]


def test_explain_says_why_an_earlier_or_unfiltered_rule_does_not_help() -> None:
    text = '(version 1)(deny file-read-data (literal "/p"))(deny file-read-data)' + (
        '(allow file-read-data (literal "/q"))(allow file-read-data (literal "/p"))'
    )
    said = parse_profile(text).decide("file-read-data", "/p").explain()
    assert "it stands before the rule that decided" in said
    assert "a filtered rule of the same operation stands above it" in said
    said = parse_profile(text).decide("file-read-data", "/r").explain()
    assert said.count("does not match: ") == 3
    assert "without filter: " in said


def test_explain_names_doubts_and_evidence() -> None:
    said = parse_profile(V1 + '(allow file-read* (extension "x"))').decide("file-read-data", "/a")
    assert "may match: " in said.explain()
    said = parse_profile(V1).decide("process-info-pidinfo", "self")
    assert "measured: eugene1g/agent-safehouse" in said.explain()
    assert set(said.evidence) <= set(EVIDENCE)


def test_explain_shows_what_does_not_print() -> None:
    profile = Profile(1, (Rule("deny", ("file-read*",), (Filter("literal", ("/a\x1b[2J",)),)),))
    said = profile.decide("file-read-data", "/a\x1b[2J").explain()
    assert said.replace("\n", "").isprintable()
    assert said.startswith("file-read-data /a\\x1b[2J: deny")


def test_explain_stays_short_for_many_rules() -> None:
    rules = tuple(
        Rule("deny", ("file-read*",), (Filter("literal", (f"/{n}",)),)) for n in range(99)
    )
    said = Profile(1, rules).decide("file-read-data", "/x").explain()
    assert "does not match: 94 more" in said
    assert len(said.splitlines()) < 20

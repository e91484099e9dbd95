from __future__ import annotations

from sbdiag.diagnosis.drafts import Asked, Draft, absorbed, wider
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.rules import Filter, Rule, Symbol


def draft(operation: str, *filters: Filter, row: int = 0, apart: str = "") -> Draft:
    rule = Rule("allow", (operation,), filters)
    asked = (Asked(Access(operation), rule, (row,)),)
    return Draft(rule, asked, "Purpose.", "source", "A", apart=apart)  # type: ignore[arg-type]


def test_what_is_wider_than_a_path() -> None:
    assert list(wider(Filter("literal", ("/a/b",)))) == [
        Filter("literal", ("/a/b",)),
        Filter("subpath", ("/a/b",)),
        Filter("subpath", ("/a",)),
        Filter("subpath", ("/",)),
    ]
    assert list(wider(Filter("subpath", ("/a",)))) == [
        Filter("subpath", ("/a",)),
        Filter("subpath", ("/",)),
    ]
    # Not a path that the kernel prints: nothing is sure about it.
    assert list(wider(Filter("literal", ("a/b",)))) == [Filter("literal", ("a/b",))]


def test_what_is_wider_than_an_address_and_a_conjunction() -> None:
    address = Filter("remote", (Symbol("ip"), "localhost:80"))
    assert {one.arguments[1] for one in wider(address)} == {
        "localhost:80",
        "*:80",
        "localhost:*",
        "*:*",
    }
    parts = tuple(Filter(kind, (1,)) for kind in ("a", "b", "c"))
    found = list(wider(Filter("require-all", parts)))
    assert found[0] == Filter("require-all", parts)
    assert set(parts) <= set(found)
    assert Filter("require-all", parts[:2]) in found
    assert Filter("require-all", parts[1:]) in found


def test_accesses_follow_through_a_chain_of_wider_rules() -> None:
    one = draft("file-read-data", Filter("literal", ("/a/b/c",)), row=0)
    two = draft("file-read-data", Filter("subpath", ("/a/b",)), row=1)
    three = draft("file-read*", Filter("subpath", ("/a",)), row=2)
    (left,) = absorbed([one, two, three])
    assert left.rule == three.rule
    assert [asked.rows for asked in left.asked] == [(0,), (1,), (2,)]


def test_parts_of_a_profile_keep_to_themselves() -> None:
    one = draft("file-read-data", Filter("literal", ("/a",)), row=0, apart="sensitive")
    two = draft("file-read*", Filter("literal", ("/a",)), row=1)
    assert len(absorbed([one, two])) == 2


def test_no_rule_is_absorbed_by_several_others_together() -> None:
    both = draft("mach-lookup", Filter("xpc-service-name", ("a",)), Filter("global-name", ("a",)))
    one = draft("mach-lookup", Filter("xpc-service-name", ("a",)), row=1)
    assert absorbed([both, one])[0].rule == both.rule
    assert len(absorbed([both, one])) == 1
    other = draft("mach-lookup", Filter("global-name", ("b",)), row=2)
    assert len(absorbed([both, other])) == 2

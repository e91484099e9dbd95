import itertools

import pytest

from sbdiag.seatbelt.evidence import EVIDENCE
from sbdiag.seatbelt.operations import operations
from sbdiag.seatbelt.plans import plans


def test_every_operation_has_a_plan_in_every_version() -> None:
    for name, version in itertools.product(operations(), (1, 2, 3)):
        for plan in plans(name, version):
            assert plan.members[0] == name
            assert set(plan.evidence) <= set(EVIDENCE)


@pytest.mark.parametrize(
    ("name", "version", "endings"),
    [
        ("file-read-data", 1, [("default", "deny")]),
        ("process-info-pidinfo", 1, [("process-info*", "allow"), ("process*", "allow")]),
        ("process-info-pidinfo", 2, [("process-info*", "allow"), ("default", "deny")]),
        ("process-info-pidinfo", 3, [("default", "deny")]),
        ("syscall-mach", 1, [("default", "deny"), ("syscall*", "allow")]),
        ("file-write-setugid", 1, [("file-write-setugid", "deny"), ("default", "deny")]),
        ("mach-derive-port", 1, [("mach-derive-port", "allow")]),
        ("mach-derive-port", 3, [("mach-derive-port", "allow"), ("default", "deny")]),
    ],
)
def test_where_the_walk_ends(name: str, version: int, endings: list[tuple[str, str]]) -> None:
    assert [(plan.members[-1], plan.ending) for plan in plans(name, version)] == endings

"""What a nono profile opens beyond the rules it was made of: by replay on its preview.

For each rule that nono says by a file grant, accesses at its path, below it, above it and beside it
are decided twice: under the rules alone, and under what nono would apply. What only nono allows,
and its base does not, is the over-grant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.rules import Filter, Rule

# One operation for each way of using a path that nono's grants know.
PROBED: Final = (
    "file-read-data",
    "file-read-metadata",
    "file-read-xattr",
    "file-write-create",
    "file-write-data",
    "file-write-unlink",
    "file-write-mode",
    "file-map-executable",
    "file-ioctl",
)
# The name that nono's rule for atomic writes takes beside a file.
_BESIDE: Final = ".tmp.1.1"
_CLOSED: Final = Profile(version=3, rules=(Rule("deny", ("default",)),))


@dataclass(frozen=True, slots=True)
class Excess:
    """Which operations are allowed in excess, at one place relative to a rule's path."""

    place: str
    operations: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.operations)} {self.place}"


def asked_only(rules: Iterable[Rule]) -> Profile:
    """Return the profile that holds the rules and nothing else.

    Language version 3 has no implicit allows (libsandbox; field report on macOS 15), so that what
    nono adds shows whatever the version allows by itself.
    """
    return _CLOSED.with_rules(rules)


def excess(rule: Rule, *, asked: Profile, base: Profile, applied: Profile) -> tuple[Excess, ...]:
    """List what nono allows around the path of `rule` that no rule asked for.

    Parameters
    ----------
    rule
        A rule with path filters.
    asked
        From :func:`asked_only`.
    base, applied
        Evaluated previews: of an empty profile, and of the exported one.
    """
    found: dict[str, dict[str, None]] = {}
    for place, path in _probes(rule):
        for operation in PROBED:
            access = Access(operation, (("path", path),), path)
            if (
                applied.decide_access(access).verdict == "allow"
                and base.decide_access(access).verdict != "allow"
                and asked.decide_access(access).verdict != "allow"
            ):
                found.setdefault(place, {})[operation] = None
    return tuple(Excess(place, tuple(operations)) for place, operations in found.items())


def _probes(rule: Rule) -> Iterable[tuple[str, str]]:
    for part in rule.filters:
        match part:
            case Filter("literal" | "subpath", (str() as path, *_)):
                yield "on it", path
                yield "below it", f"{path.rstrip('/')}/any"
                yield "beside it, with .tmp.N.N behind the name", path + _BESIDE
                above = next(iter(paths.ancestors(path)), None)
                if above is not None:
                    yield "on the directories above it", above

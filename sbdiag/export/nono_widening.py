"""What the grants of a nono profile open beyond the rules they stand for: read off its preview.

A grant has no narrow form: to read a file is ``file-read*``, ``file-map-executable`` and
``file-ioctl``, and the metadata of the directories above it (:mod:`.nono_emit`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.ruleset import MinimalRule
from sbdiag.export.homes import path_of
from sbdiag.export.nono_blocks import PARENTS
from sbdiag.export.nono_preview import DEFAULT_HOME, seatbelt_blocks
from sbdiag.export.nono_replay import refused_below, standing
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.rules import Rule

# How many names are written out before the rest is only counted.
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """What the preview of the text shows for one path.

    Attributes
    ----------
    operations
        Allowed on the path, by the filter that says how far.
    temporary
        Whether files beside it that are named like it are opened too.
    parents
        Directories above it of which the metadata is opened by this text and not by the base.
    """

    operations: Mapping[str, tuple[str, ...]]
    temporary: bool
    parents: tuple[str, ...]


def opened_paths(
    text: str, filesystem: Mapping[str, list[str]], home: str | None
) -> dict[str, Opened]:
    """Read off the preview of the text what each path of a grant opens."""
    if not filesystem:
        return {}
    by_origin: defaultdict[str, list[Rule]] = defaultdict(list)
    for block in seatbelt_blocks(text, home=home or DEFAULT_HOME):
        by_origin[block.origin] += [rule for rule in block.rules if isinstance(rule, Rule)]
    above = {path for rule in by_origin[PARENTS] if (path := path_of(rule.filters[0]))}
    fresh = {
        path
        for path in above
        if standing((Access("file-read-metadata", (("path", path),)),), home=home).granted is None
    }
    found: dict[str, Opened] = {}
    for field, written in filesystem.items():
        for entry in written:
            path = home + entry[1:] if home is not None and entry.startswith("~") else entry
            origin = f"filesystem.{field}: {entry}"
            operations: defaultdict[str, list[str]] = defaultdict(list)
            for rule in by_origin[origin]:
                if path_of(rule.filters[0]) == path:
                    operations[rule.filters[0].name] += rule.operations
            before = found.get(path)
            found[path] = Opened(
                {**(before.operations if before else {}), **_ordered(operations)},
                bool(by_origin[f"{origin}, its temporary file"]),
                tuple(up for up in paths.ancestors(path) if up in fresh),
            )
    return found


def _ordered(operations: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Put groups of operations first."""
    return {
        form: tuple(sorted(dict.fromkeys(names), key=lambda name: not name.endswith("*")))
        for form, names in operations.items()
    }


def widening(
    minimal: MinimalRule, path: str, opened: Mapping[str, Opened], home: str | None
) -> str:
    """Say what a grant opens beyond the rule that it stands for."""
    shown = opened[path]
    reach = {"subpath": "everything below it", "literal": "exactly this path"}
    text = "nono grants " + ", and ".join(
        f"{_listed(names)} on {reach[form]}" for form, names in shown.operations.items()
    )
    text += f", instead of {' '.join(minimal.rule.operations)}"
    if shown.parents:
        text += f", and file-read-metadata on {_listed(shown.parents)}"
    if shown.temporary:
        text += "; it also opens files beside it that are named like it, with .tmp.N.N behind"
    if "subpath" in shown.operations:
        refused = dict.fromkeys(origin for origin, _ in refused_below(path, home=home))
        if refused:
            text += f"; what lies there of {_listed(tuple(refused))} stays refused"
    return text + "."


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_NAMED], f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [*names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)

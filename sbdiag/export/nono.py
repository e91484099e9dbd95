"""A RuleSet as a nono profile: file grants in nono's own words, the rest as raw Seatbelt rules.

nono's vocabulary is wider than a minimal rule: a grant for reading is ``file-read*``,
``file-map-executable`` and ``file-ioctl``, whatever was asked for. So the export keeps account of
every rule: said exactly (raw), widened, granted by nono anyway, or not said at all.

Source: nolabs-ai/nono v0.66 to v0.74, ``docs`` of profiles, ``capability.rs`` and
``sandbox/macos.rs``; the field for raw rules exists since v0.40.0.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import pandas as pd

from sbdiag.diagnosis import paths
from sbdiag.diagnosis.accesses import distinct_accesses
from sbdiag.diagnosis.ruleset import MinimalRule, RuleSet
from sbdiag.errors import ExportError
from sbdiag.export.account import Export
from sbdiag.export.forms import forms
from sbdiag.export.homes import checked_home, one_home, path_of
from sbdiag.export.nono_blocks import STATE
from sbdiag.export.nono_excess import asked_only, excess
from sbdiag.export.nono_preview import DEFAULT_HOME, preview_nono
from sbdiag.export.nono_raw import fault
from sbdiag.export.nono_replay import (
    accesses_of,
    holds_state,
    refused_below,
    standing,
)
from sbdiag.export.nono_widening import opened_paths, widening
from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.text import one_line

Kind: TypeAlias = Literal["file", "directory"]
Mode: TypeAlias = Literal["read", "write"]

# Operations that a file grant is for, and the mode that says them. Everything else in `_RIDES`
# goes along only where the path has the grant anyway; alone it is a raw rule, which is exact.
_MODES: Final[Mapping[str, Mode]] = {
    "file-read*": "read",
    "file-read-data": "read",
    "file-write*": "write",
    "file-write-create": "write",
    "file-write-data": "write",
}
_RIDES: Final[Mapping[str, Mode]] = {
    "file-map-executable": "read",
    "file-read-metadata": "read",
    "file-read-xattr": "read",
    "file-write-acl": "write",
    "file-write-finderinfo": "write",
    "file-write-flags": "write",
    "file-write-mode": "write",
    "file-write-owner": "write",
    "file-write-times": "write",
    "file-write-unlink": "write",
    "file-write-xattr": "write",
}
# Field for the modes of a path, as a directory with everything below it or as exactly this path.
_FIELDS: Final[tuple[tuple[str, frozenset[Mode], bool], ...]] = (
    ("allow", frozenset({"read", "write"}), True),
    ("read", frozenset({"read"}), True),
    ("write", frozenset({"write"}), True),
    ("allow_file", frozenset({"read", "write"}), False),
    ("read_file", frozenset({"read"}), False),
    ("write_file", frozenset({"write"}), False),
)
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_WIDTH: Final = 88
# Beyond so many grants replay takes longer than anybody reads; what the preview's rules say stays.
_MOST_REPLAYED: Final = 200

_OWN_STATE: Final = "nono never opens its own state; no profile can."
_STATE_BELOW: Final = (
    "nono refuses to open a directory that its own state lies in, unless the profile sets "
    "allow_parent_of_protected, which is for a person to decide."
)
_MISSING: Final = (
    "nono silently skips a directory that does not exist yet: make it first (mkdir -p {}{})."
)
_MOST_MISSING: Final = 20
_STRIPPED: Final = (
    "Since v0.67 nono drops raw rules unless the profile is your own: a file in its profiles "
    "directory, or given as a path. A pack or registry profile loses them."
)
_ORDER: Final = (
    "nono puts raw rules before its network rules and before what protects its own state: of rules "
    "for the same operation those later ones decide."
)
_UNCHECKED: Final = (
    "nono checks raw rules only when it runs on macOS; 'nono profile validate' does not."
)


@dataclass(frozen=True, slots=True)
class _Grant:
    """One path of a file rule, and what the rule asks of it."""

    path: str
    recursive: bool
    modes: frozenset[Mode]


@dataclass(slots=True)
class _Said:
    """How one rule is said: by a grant, riding on the grant of another rule, raw, or not."""

    minimal: MinimalRule
    grant: _Grant | None = None
    rider: _Grant | None = None
    unsaid: str | None = None
    granted: str | None = None

    @property
    def raw(self) -> bool:
        return self.grant is None and self.rider is None

    @property
    def path(self) -> str:
        grant = self.grant or self.rider
        assert grant is not None
        return grant.path

    def written(self, *, omit_granted: bool) -> bool:
        return self.unsaid is None and not (omit_granted and self.granted is not None)


def to_nono(
    rules: RuleSet,
    *,
    denials: pd.DataFrame | None = None,
    name: str = "sbdiag",
    home: str | None = None,
    path_kinds: Mapping[str, Kind] | None = None,
    omit_granted: bool = False,
) -> Export:
    """Write rules as the JSON of a nono profile (v0.40 and later).

    Parameters
    ----------
    rules
        What :func:`~sbdiag.diagnosis.minimize.minimal_rules` proposed.
    denials
        The frame that the rules were proposed from. With it a rule is granted already where
        nono's base allows every access that asked for it; without, where it allows what the rule
        names.
    name
        ``meta.name``; nono asks for it wherever ``meta`` stands.
    home
        The home directory that ``~`` stands for; by default the one that the rules name, if it
        is only one.
    path_kinds
        ``{path: "directory"}`` grants a path whose rule names it alone together with everything
        below it. ``file``, the default, grants exactly the path, be it a directory or not.
    omit_granted
        Leave out what nono's base grants anyway. Otherwise it is written, and accounted for.

    Returns
    -------
    Export
        Raw rules are `exact`; file grants are `widened`, since nono always grants more with
        them, as the preview of the text shows. `already_granted` and `unrepresented` name the
        construct of nono that decides, as the replay on the preview of an empty profile shows.

    Raises
    ------
    ExportError
        `name` is none that nono takes, `home` is no absolute path, or `path_kinds` holds a path
        that is not absolute or a kind that is none.
    """
    home = checked_home(home)
    if not _NAME.fullmatch(name) or name == "default":
        raise ExportError(
            f"nono takes letters, digits and inner hyphens as a profile's name, and 'default' "
            f"would lose its base groups: not {name!r}"
        )
    kinds = _checked_kinds(path_kinds or {})
    evidence = _evidence(rules, denials)
    plan = [_Said(minimal) for minimal in rules]
    granting: defaultdict[str, set[Mode]] = defaultdict(set)
    for said in plan:
        said.grant = _grant(said.minimal.rule, kinds, _MODES)
        _judge(said, evidence, home)
        if said.grant is not None and said.written(omit_granted=omit_granted):
            granting[said.grant.path] |= said.grant.modes
    for said in plan:
        rider = _grant(said.minimal.rule, {}, _RIDES)
        if rider is not None and rider.modes <= granting[rider.path]:
            said.rider = rider
        elif said.raw and said.unsaid is None:
            said.unsaid = _unsayable(said.minimal.rule, home)
            said.granted = None if said.unsaid else said.granted
    written = [said for said in plan if said.written(omit_granted=omit_granted)]
    raw_rules = [
        one_line(form.rule) for form in forms(said.minimal for said in written if said.raw)
    ]
    known_home = one_home(rules) if home is None else home
    filesystem = _filesystem([said.grant for said in written if said.grant is not None], known_home)
    document: dict[str, object] = {"meta": {"name": name}}
    document |= {"filesystem": filesystem} if filesystem else {}
    document |= {"unsafe_macos_seatbelt_rules": raw_rules} if raw_rules else {}
    new = [said for said in plan if said.unsaid is None and said.granted is None]
    text = _json(document) + "\n"
    widened = [said for said in new if not said.raw]
    opened = opened_paths(text, filesystem, known_home)
    more = _replayed(rules, [said.minimal.rule for said in widened], text, known_home)
    return Export(
        text=text,
        exact=tuple(said.minimal for said in new if said.raw),
        widened=tuple(
            (said.minimal, " ".join(filter(None, (shown, excess_text))))
            for said, excess_text in zip(widened, more, strict=True)
            for shown in (widening(said.minimal, said.path, opened, home),)
        ),
        already_granted=tuple((said.minimal, said.granted) for said in plan if said.granted),
        unrepresented=tuple((said.minimal, said.unsaid) for said in plan if said.unsaid),
        notes=_notes(
            filesystem,
            raw_rules,
            already=sum(said.granted is not None for said in plan),
            omit_granted=omit_granted,
        ),
    )


def _checked_kinds(given: Mapping[str, Kind]) -> Mapping[str, Kind]:
    known = get_args(Kind)
    for path, kind in given.items():
        if not path.startswith("/"):
            raise ExportError(f"path_kinds names absolute paths, not {path!r}")
        if kind not in known:
            raise ExportError(f"the kind of {path!r} is {' or '.join(known)}, not {kind!r}")
    return given


def _grant(rule: Rule, kinds: Mapping[str, Kind], modes: Mapping[str, Mode]) -> _Grant | None:
    """Return the file grant that says `rule`; ``None`` where it takes a raw rule.

    nono expands ``$NAME`` and ``*`` anywhere in a path, and refuses control characters.
    """
    if not all(operation in modes for operation in rule.operations) or len(rule.filters) != 1:
        return None
    path = path_of(rule.filters[0])
    if path is None or path == "/" or {"$", "*"} & set(path) or not paths.plain(path):
        return None
    recursive = rule.filters[0].name == "subpath" or kinds.get(path) == "directory"
    return _Grant(path, recursive, frozenset(modes[operation] for operation in rule.operations))


def _evidence(rules: RuleSet, denials: pd.DataFrame | None) -> dict[int, Access]:
    """Return what each row asked for that a rule names."""
    if denials is None:
        return {}
    labels = sorted({label for minimal in rules for label in minimal.denials})
    number, accesses = distinct_accesses(denials.loc[labels])
    return {label: accesses[one] for label, one in zip(labels, number.tolist(), strict=True)}


def _judge(said: _Said, evidence: Mapping[int, Access], home: str | None) -> None:
    """Ask nono's base about a rule: granted already, refused whatever is granted, or neither."""
    named = accesses_of(said.minimal.rule)
    asked = [evidence[label] for label in said.minimal.denials if label in evidence]
    accesses = list(dict.fromkeys(asked)) or named or ()
    found = standing(accesses, home=home)
    refused = found.refused or standing(named or (), home=home).refused
    if refused is not None and _is_file(said.minimal.rule):
        said.unsaid = (
            _OWN_STATE
            if refused == STATE
            else f"nono refuses it ({refused}): a grant would need bypass_protection as well, "
            "which is for a person to decide."
        )
    elif said.grant and said.grant.recursive and holds_state(said.grant.path, home=home):
        said.unsaid = _STATE_BELOW
    else:
        said.granted = found.granted


def _is_file(rule: Rule) -> bool:
    return all(operation.startswith("file-") for operation in rule.operations)


def _unsayable(rule: Rule, home: str | None) -> str | None:
    """Say why nono cannot hold a raw rule; ``None`` where it can.

    A raw rule comes behind the denials of the groups: one for a directory would lift them there.
    """
    wrong = fault(one_line(rule))
    if wrong is not None:
        return f"nono refuses the raw rule: {wrong}."
    if _is_file(rule):
        for one in rule.filters:
            path = path_of(one)
            below = refused_below(path, home=home) if path and one.name == "subpath" else ()
            lifted = [
                origin
                for origin, place in below
                for operation in rule.operations
                if standing((Access(operation, (("path", place),)),)).refused
            ]
            if lifted:
                # Its own state is protected behind the raw rules; groups stand before them.
                return (
                    "nono's own state lies there and stays refused, even with a raw rule."
                    if lifted[0] == STATE
                    else f"as a raw rule it would lift what nono refuses there ({lifted[0]})."
                )
    return None


def _filesystem(grants: Iterable[_Grant], home: str | None) -> dict[str, list[str]]:
    """Put each path into the one field that says all its modes."""
    modes: defaultdict[tuple[str, bool], frozenset[Mode]] = defaultdict(frozenset)
    for grant in grants:
        modes[grant.path, grant.recursive] |= grant.modes
    fields = {
        field: sorted(
            path if home is None else paths.tilde(path, home)
            for (path, recursive), found in modes.items()
            if found == wanted and recursive == whole
        )
        for field, wanted, whole in _FIELDS
    }
    return {field: found for field, found in fields.items() if found}


def _replayed(rules: RuleSet, widened: list[Rule], text: str, home: str | None) -> Iterator[str]:
    """Say for each rule, by replay on the preview, what nono allows that no rule asked for."""
    if not 0 < len(widened) <= _MOST_REPLAYED:
        yield from ("" for _ in widened)
        return
    at = home or DEFAULT_HOME
    asked = asked_only(minimal.rule for minimal in rules)
    base, applied = (preview_nono(each, home=at).profile for each in ("{}", text))
    for rule in widened:
        found = excess(rule, asked=asked, base=base, applied=applied)
        yield f"By replay: {'; '.join(map(str, found))}." if found else ""


def _notes(
    filesystem: Mapping[str, list[str]],
    raw_rules: list[str],
    *,
    already: int,
    omit_granted: bool,
) -> tuple[str, ...]:
    directories = [
        path for field, _, whole in _FIELDS if whole for path in filesystem.get(field, ())
    ]
    more = len(directories) - _MOST_MISSING
    rest = f", and {more:,} more that allow, read and write name" if more > 0 else ""
    notes = [_MISSING.format(_shell(directories[:_MOST_MISSING]), rest)] if directories else []
    notes += [_STRIPPED, _ORDER, _UNCHECKED] if raw_rules else []
    if already:
        what = "left out" if omit_granted else "written all the same; omit_granted leaves them out"
        notes.append(f"Rules that nono's base grants already: {already}, {what}.")
    return tuple(notes)


def _shell(directories: Iterable[str]) -> str:
    """Write directories as words of a shell; ``~`` stays outside the quotes."""
    words = []
    for path in directories:
        start, rest = ("~/", path[2:]) if path.startswith("~/") else ("", path)
        plain = re.fullmatch(r"[A-Za-z0-9_./+@%-]+", rest)
        words.append(start + (rest if plain else "'" + rest.replace("'", "'\\''") + "'"))
    return " ".join(words)


def _json(value: object, indent: str = "") -> str:
    """Write JSON with short lists on one line, as a person would; ASCII only."""
    inner = indent + "  "
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(key)}: {_json(item, inner)}" for key, item in value.items()]
        flat = json.dumps(value)
        if len(value) == 1 and not any(isinstance(item, (list, dict)) for item in value.values()):
            return flat
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list):
        flat = json.dumps(value)
        if len(inner) + len(flat) <= _WIDTH:
            return flat
        return "[\n" + ",\n".join(inner + json.dumps(item) for item in value) + f"\n{indent}]"
    return json.dumps(value)

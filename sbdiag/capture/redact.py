"""Stand-ins for what names a person, a machine or a team, the same in every frame.

``redaction(frames)`` collects user names (``/Users/NAME``), host names, addresses, team
identifiers and the machine's own directory under ``/private/var/folders`` from frames;
:meth:`Redaction.text` replaces them. Stand-ins are numbered in the order of first appearance, so
that the same input gives the same output and equal names stay equal. The ``user1`` of one report
is not the ``user1`` of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

_HOME: Final = re.compile(r"/(?:Users|home)/([^/\s\"'`:;,()\[\]{}<>]+)")
# Team identifiers are ten capitals and digits, in front of a bundle or group name.
_TEAM: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])([A-Z0-9]{10})(?=\.|$|\W)"
)
_SIGNER_KEYS: Final = (
    "com.apple.developer.team-identifier",
    "com.apple.application-identifier",
    "application-identifier",
    "keychain-access-groups",
)
_SIGNER: Final = re.compile(r"^([A-Z0-9]{10})(?=\.|$)")
# The host of an ASL or syslog line stands between the time and the process.
_HOST: Final = re.compile(
    r"(?:^|\n)(?:[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d"  # ASL
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*[+-]\d{4} )"  # syslog style
    r" ?([A-Za-z0-9][\w.-]*) (?=[\w.]+(?:\(\w+\))?\[)"
)
_LOCAL: Final = re.compile(r"\b([A-Za-z0-9][A-Za-z0-9-]*)\.(?:local|lan|home|fritz\.box)\b")
_IPV4: Final = re.compile(r"(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?![\d.]*\.\d)(?!\d)")
_FOLDERS: Final = re.compile(r"/var/folders/([^/\s]{1,4}/[^/\s]+)")

# Names that say nothing about a person or machine, and words that are too common to replace.
_NOBODY: Final = frozenset(
    {"shared", "guest", "root", "admin", "you", "user", "users", "runner", "localhost", "kernel"}
)
_PUBLIC_ADDRESSES: Final = frozenset(
    {"0.0.0.0", "127.0.0.1", "255.255.255.255", "8.8.8.8", "1.1.1.1"}
)
_SHORTEST_WORD: Final = 3
# Names that are parts of every Mac's paths, or of what these logs are about. An account with one
# of them (`dev`, `lima`) is replaced below a home directory only; elsewhere it means the other.
_COMMON: Final = frozenset(
    (
        "applications",
        "apple",
        "bin",
        "caches",
        "com",
        "dev",
        "etc",
        "folders",
        "home",
        "kernel",
        "library",
        "lima",
        "log",
        "macos",
        "network",
        "opt",
        "preferences",
        "private",
        "sandbox",
        "sbin",
        "system",
        "tmp",
        "usr",
        "users",
        "var",
        "virtualization",
        "volumes",
    )
)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is replaced by what, in the order of first appearance.

    Attributes
    ----------
    users, hosts, teams, addresses, folders
        Pairs of the name found and its stand-in.
    """

    users: tuple[tuple[str, str], ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()
    teams: tuple[tuple[str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    folders: tuple[tuple[str, str], ...] = ()

    def text(self, text: str) -> str:
        """Return `text` with every name replaced, as a whole word, letters' case aside."""
        return self.replacer()(text)

    def replacer(self) -> Callable[[str], str]:
        """Return :meth:`text` with the names compiled once, for many texts."""
        names = {
            name: stand_in
            for group in (self.folders, self.users, self.hosts, self.teams, self.addresses)
            for name, stand_in in group
        }
        if not names:
            return lambda text: text
        words = "|".join(_word(name) for name in sorted(names, key=len, reverse=True))
        # A letter or a digit would make another word of it; a dot, dash or underscore would not.
        pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)
        return lambda text: pattern.sub(lambda match: names[_plain(match[0])], text)

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with every text column replaced; types and labels stay."""
        replace = self.replacer()
        out = frame.copy()
        for name in frame.columns:
            column = frame[name]
            if isinstance(column.dtype, pd.CategoricalDtype):
                categories = [replace(str(each)) for each in column.cat.categories]
                if categories != [str(each) for each in column.cat.categories]:
                    out[name] = (
                        column.astype("str").map(replace, na_action="ignore").astype("category")
                    )
            elif column.dtype == "str":
                known = {each: replace(each) for each in column.dropna().unique()}
                out[name] = column.map(known, na_action="ignore").astype("str")
            elif column.dtype == object:
                out[name] = pd.Series(
                    [_deep(value, replace) for value in column], index=column.index, dtype="object"
                )
        return out


def redaction(frames: Iterable[pd.DataFrame]) -> Redaction:
    """Collect from every text of `frames` what names a person, a machine or a team."""
    given = list(frames)
    texts = [text for frame in given for text in _texts(frame)]
    return Redaction(
        users=_numbered(_found(_HOME, texts, _person), "user{}"),
        hosts=_numbered(
            [*_found(_HOST, texts, _person), *_found(_LOCAL, texts, _person)], "host{}"
        ),
        teams=_numbered(
            [*_found(_TEAM, texts, _anything), *(t for frame in given for t in _signers(frame))],
            "TEAM{:06}",
        ),
        addresses=_numbered(_found(_IPV4, texts, _private), "192.0.2.{}"),
        folders=_numbered(_found(_FOLDERS, texts, _anything), "00/folder{}"),
    )


def _word(name: str) -> str:
    r"""Write the pattern of one name; a short or common one counts below a home directory only.

    In the pattern of a profile's ``(regex …)`` it may be escaped: ``/Users/j\.doe/``.
    """
    text = "".join(char if char.isalnum() else rf"\\?{re.escape(char)}" for char in name)
    if len(name) >= _SHORTEST_WORD and name not in _COMMON:
        return text
    return f"(?:(?<=/Users/)|(?<=/home/)){text}"


def _plain(name: str) -> str:
    """Return a name as it is looked up: letters' case and escapes of a pattern aside."""
    return name.replace("\\", "").casefold()


def _person(name: str) -> bool:
    # `/Users/.*/` in a pattern names nobody.
    return name.casefold() not in _NOBODY and any(char.isalnum() for char in name)


def _anything(name: str) -> bool:
    return True


def _signers(frame: pd.DataFrame) -> Iterator[str]:
    """Team identifiers that entitlements give as such: these may be ten letters."""
    if {"key", "value"} <= set(frame.columns):
        for key, value in zip(frame["key"], frame["value"], strict=True):
            if key in _SIGNER_KEYS:
                yield from _found(_SIGNER, list(_strings(value)), _anything)


def _private(address: str) -> bool:
    return address not in _PUBLIC_ADDRESSES and all(int(part) < 256 for part in address.split("."))


def _found(
    pattern: re.Pattern[str], texts: Iterable[str], keep: Callable[[str], bool]
) -> list[str]:
    return [match for text in texts for match in pattern.findall(text) if keep(match)]


def _numbered(names: Iterable[str], form: str) -> tuple[tuple[str, str], ...]:
    distinct = dict.fromkeys(_plain(name) for name in names)
    return tuple((name, form.format(number)) for number, name in enumerate(distinct, 1))


def _texts(frame: pd.DataFrame) -> Iterator[str]:
    """Every distinct text of a frame, in the order of first appearance."""
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == "str":
            yield from (str(text) for text in column.dropna().unique())
        elif column.dtype == object:
            yield from (text for value in column for text in _strings(value))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (*_strings(key), *_strings(each))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _strings(each)


def _deep(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, dict):
        return {_deep(key, replace): _deep(each, replace) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_deep(each, replace) for each in value)
    return value

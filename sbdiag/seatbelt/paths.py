"""How a path in a filter compares with the path that an access names.

The kernel passes the resolved path of the file: a filter on an alias (``/tmp``, ``/etc``, ``/var``)
never meets what lies below it, and only the link itself bears the alias. Literals, prefixes and
subpaths compare without regard to case on every volume. Evidence keys stand beside each answer.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal, NamedTuple, TypeAlias

PathForm: TypeAlias = Literal["literal", "prefix", "subpath"]

ALIASES: Final[dict[str, str]] = {
    "/tmp": "/private/tmp",
    "/etc": "/private/etc",
    "/var": "/private/var",
    "/home": "/System/Volumes/Data/home",
}
"""Symbolic links of every macOS volume and what they resolve to (mxc-paths, anchor-runs)."""

LINKS: Final[dict[str, str]] = {"/private/etc/resolv.conf": "/private/var/run/resolv.conf"}
"""Links that are not aliases of a whole directory (the article on starting a VM in a sandbox)."""

DATA_VOLUME: Final = "/System/Volumes/Data"
"""Firmlinked directories are logged and matched without this prefix (Chromium common.sb)."""


class Answer(NamedTuple):
    """Whether something matches, ``None`` if that cannot be told, and why."""

    matches: bool | None
    why: str = ""


YES: Final = Answer(True)
NO: Final = Answer(False)


def combine(answers: list[Answer], why: str) -> Answer:
    """Return what all readings answer, or unknown with `why` where they differ."""
    first = answers[0]
    if all(answer.matches == first.matches for answer in answers):
        return first
    return Answer(None, why)


def is_below_alias(path: str) -> bool:
    """Whether no file bears this path because a directory in it is a link."""
    return any(path.startswith(f"{alias}/") for alias in ALIASES)


def resolved(path: str) -> str:
    """Return what `path` stands for: a leading alias followed, and known links in it."""
    for alias, target in ALIASES.items():
        if path == alias or path.startswith(f"{alias}/"):
            path = target + path[len(alias) :]
            break
    return LINKS.get(path, path)


def readings(path: str) -> tuple[str, ...]:
    """Return the resolved paths that an access may mean by `path`.

    The kernel prints resolved paths, so there is one, unless the text was typed by hand or comes
    from a place that does not resolve: below an alias, below the data volume, or with ``//``,
    ``/./``, ``/../`` or a slash at the end.
    """
    found = [path]
    if is_below_alias(path):
        found.append(resolved(path))
    if path.startswith(f"{DATA_VOLUME}/"):
        found.append(path[len(DATA_VOLUME) :])
    if is_odd(path):
        found.append(normal(path))
    return tuple(dict.fromkeys(found))


def is_odd(path: str) -> bool:
    """Whether no kernel would print this path: doubled or trailing slashes, dots."""
    return (
        "//" in path
        or (path.endswith("/") and path != "/")
        or "/./" in path
        or "/../" in path
        or path.endswith(("/.", "/.."))
    )


def normal(path: str) -> str:
    """Return `path` without doubled and trailing slashes and without dots."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def match_path(form: PathForm, pattern: str, path: str) -> Answer:
    """Compare one pattern with one resolved path.

    Parameters
    ----------
    form
        ``literal`` (the whole path), ``prefix`` (how it begins), ``subpath`` (it or what lies
        below it).
    pattern
        The string of the filter.
    path
        Absolute and resolved.

    Returns
    -------
    Answer
        Unknown for what is disputed or not attested: a slash at the end, doubled slashes, path
        variables such as ``${ANY_UUID}``, and case or composition beyond ASCII.
    """
    if "${" in pattern:
        before = pattern[: pattern.index("${")]
        if match_path("prefix", before, path).matches is False:
            return NO
        return Answer(None, "a path variable stands for text that only the system knows")
    if form != "prefix" and is_odd(pattern):
        if "/../" in pattern or pattern.endswith("/.."):
            return NO  # not resolved when the profile is compiled: anchor-runs
        if match_path(form, normal(pattern), path).matches is False:
            return NO
        return Answer(
            None, "reports conflict on slashes at the end, doubled ones and dots in a filter"
        )
    if form == "subpath" and pattern in {"", "/"}:
        return YES if pattern else Answer(None, "an empty subpath is not attested")
    folded, wanted = path.lower(), pattern.lower()
    if _compare(form, wanted, folded):
        return YES if path.isascii() and pattern.isascii() else _beyond_ascii(form, pattern, path)
    if path.isascii() and pattern.isascii():
        return NO
    wide = _compare(form, widely_folded(pattern), widely_folded(path))
    return Answer(None, "case and composition beyond ASCII") if wide else NO


def _beyond_ascii(form: PathForm, pattern: str, path: str) -> Answer:
    """Answer for texts that are equal once folded: certain if only ASCII had to be folded."""
    same = _compare(form, _ascii_folded(pattern), _ascii_folded(path))
    return YES if same else Answer(None, "case and composition beyond ASCII")


def _compare(form: PathForm, pattern: str, path: str) -> bool:
    if form == "literal":
        return path == pattern
    if form == "prefix":
        return path.startswith(pattern)
    return path == pattern or path.startswith(f"{pattern}/")


def _ascii_folded(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def widely_folded(text: str) -> str:
    """Return `text` without case and composition: texts that differ beyond it never match."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())

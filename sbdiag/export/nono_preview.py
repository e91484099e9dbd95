"""The Seatbelt text that nono would apply, which it no longer prints.

Order and rules follow ``crates/nono/src/sandbox/macos.rs`` (``generate_profile``) of nolabs-ai/nono
v0.74; the groups are those of its ``policy.json``. The order matters: file grants, then the denies
of the groups, then raw rules, then the network. Every block has a comment that names where it
comes from. What a file cannot tell (which directories exist, what links resolve to, other profiles
that are extended) is assumed as the notes say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sbdiag.diagnosis import paths
from sbdiag.errors import ExportError
from sbdiag.export.nono_groups import (
    DENIED_SERVICES,
    OPTIONAL,
    PROTECTED,
    READABLE,
    REFUSED,
    REQUIRED,
    SILENT,
    WRITABLE,
)
from sbdiag.export.nono_read import NonoProfile, read_nono
from sbdiag.seatbelt.profile import Profile, parse_profile
from sbdiag.seatbelt.sexpr import comment, quote

DEFAULT_HOME: Final = "/Users/you"
PREVIEW: Final = "<nono preview>"

# Links that macOS always has: nono emits rules for the name and for what it resolves to.
_LINKS: Final = (("/etc", "/private/etc"), ("/tmp", "/private/tmp"), ("/var", "/private/var"))

_ALWAYS: Final = (
    "(allow process-exec*)",
    "(allow process-fork)",
    "(allow process-info* (target self))",
    "(allow process-info* (target same-sandbox))",
    "(allow sysctl-read)",
    "(allow mach-lookup)",
    *(f"(deny mach-lookup (global-name {quote(name)}))" for name in DENIED_SERVICES),
    "(allow mach-per-user-lookup)",
    "(allow mach-task-name)",
    "(deny mach-priv*)",
    "(allow ipc-posix-shm-read-data)",
    "(allow ipc-posix-shm-write-data)",
    "(allow ipc-posix-shm-write-create)",
    "(allow signal (target self))",
    "(allow signal (target same-sandbox))",
    "(allow system-fsctl)",
    "(allow system-info)",
    '(allow file-read* (literal "/"))',
)
_TERMINALS: Final = (
    '(allow file-ioctl (literal "/dev/tty"))',
    '(allow file-ioctl (regex #"^/dev/ttys[0-9]+$"))',
    '(allow file-ioctl (regex #"^/dev/pty[a-z][0-9a-f]+$"))',
    "(allow pseudo-tty)",
)
_OPEN_NETWORK: Final = (
    "(allow system-socket)",
    "(allow network-outbound)",
    "(allow network-inbound)",
    "(allow network-bind)",
)
_BLOCKED_NETWORK: Final = (
    "(deny network*)",
    "(allow system-socket (socket-domain AF_UNIX))",
    '(allow network-outbound (literal "/private/var/run/mDNSResponder"))',
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What nono would apply.

    Attributes
    ----------
    text
        A whole profile, with a comment for each block.
    profile
        The same, evaluated.
    notes
        What was assumed, and what is not previewed.
    """

    text: str
    profile: Profile
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Grant:
    path: str
    form: str
    reads: bool
    writes: bool
    origin: str


def preview_nono(
    text: str,
    *,
    path: str = "<nono>",
    home: str = DEFAULT_HOME,
    workdir: str | None = None,
    user_authored: bool = True,
) -> Preview:
    """Show the Seatbelt text that nono makes of a profile.

    Parameters
    ----------
    text
        The profile's JSON, comments allowed: the content of a file, or ``Export.text``.
    path
        How errors call it.
    home, workdir
        What ``~``, ``$HOME`` and ``$WORKDIR`` stand for.
    user_authored
        Since v0.67 nono drops raw rules of profiles that the user did not write.

    Returns
    -------
    Preview

    Raises
    ------
    ExportError
        The text is no nono profile, or a path holds control characters, which nono refuses.
    ProfileError
        A raw rule that Seatbelt would refuse; nono finds out when it runs.
    """
    given = read_nono(text, path=path)
    blocks: list[tuple[str, tuple[str, ...]]] = [("nono's base", _ALWAYS)]
    notes = [
        *given.notes,
        "directories are taken to exist: nono grants a missing one silently not at all",
        "links other than /etc, /tmp and /var are not resolved",
    ]
    grants = [*_group_grants(given, home), *_own_grants(given, home, workdir, notes)]
    blocks += _grant_blocks(grants)
    blocks += _refusals(given, home, workdir)
    blocks += _raw(given, user_authored=user_authored, notes=notes)
    blocks.append(
        ("nono's own state is protected", _denied([_expand(p, home, workdir) for p in PROTECTED]))
    )
    blocks.append(
        ("network.block", _BLOCKED_NETWORK) if given.block else ("no network mode", _OPEN_NETWORK)
    )
    whole = "\n\n".join(
        [
            "(version 1)\n(deny default)",
            *("\n".join([comment(origin), *rules]) for origin, rules in blocks if rules),
        ]
    )
    whole += "\n"
    return Preview(whole, parse_profile(whole, path=PREVIEW), tuple(dict.fromkeys(notes)))


def _group_grants(given: NonoProfile, home: str) -> Iterator[_Grant]:
    for groups, reads, writes in ((READABLE, True, False), (WRITABLE, False, True)):
        for name, places in groups:
            if name not in given.exclude:
                for place in places:
                    yield from _both_forms(
                        place, home, "subpath", f"group {name}: {place}", reads=reads, writes=writes
                    )
    for name in given.include:
        if name in OPTIONAL:
            wide, readable = OPTIONAL[name]
            for place in (*wide, *readable):
                yield from _both_forms(
                    place,
                    home,
                    "subpath",
                    f"group {name}: {place}",
                    reads=True,
                    writes=place in wide,
                )


# Field of a profile: how wide, reading, writing.
_FIELDS: Final = (
    ("allow", "subpath", True, True),
    ("read", "subpath", True, False),
    ("write", "subpath", False, True),
    ("allow_file", "literal", True, True),
    ("read_file", "literal", True, False),
    ("write_file", "literal", False, True),
)
_PREVIEWED: Final = {field for field, *_ in _FIELDS} | {"deny", "suppress_save_prompt", "ignore"}


def _own_grants(
    given: NonoProfile, home: str, workdir: str | None, notes: list[str]
) -> Iterator[_Grant]:
    known = {*(name for name, _ in (*READABLE, *WRITABLE, *REFUSED)), *OPTIONAL, *SILENT}
    notes += [f"group {name} is not known here" for name in given.include if name not in known]
    notes += [
        f"filesystem.{field} is not previewed"
        for field in given.filesystem
        if field not in _PREVIEWED
    ]
    for field, form, reads, writes in _FIELDS:
        for written in given.filesystem.get(field, ()):
            place = _expand(written, home, workdir)
            if "$" in place:
                notes.append(
                    f"filesystem.{field}: {written} names a variable that is not known here"
                )
            for state in PROTECTED:
                if paths.below(_expand(state, home, None), place):
                    notes.append(
                        f"nono refuses filesystem.{field}: {written}, its own state lies there"
                    )
            yield from _both_forms(
                place, home, form, f"filesystem.{field}: {written}", reads=reads, writes=writes
            )


def _both_forms(
    place: str, home: str, form: str, origin: str, *, reads: bool, writes: bool
) -> Iterator[_Grant]:
    written = _expand(place, home, None)
    for path in _forms(written):
        yield _Grant(path, form, reads, writes, origin)


def _forms(path: str) -> list[str]:
    """Return the path as written and, below a link of macOS, as it resolves."""
    for link, target in _LINKS:
        if paths.below(path, link):
            return [path, target + path[len(link) :]]
    return [path]


def _expand(path: str, home: str, workdir: str | None) -> str:
    if not paths.plain(path):
        raise ExportError(f"nono refuses control characters in a path: {path!r}")
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    path = path.replace("$HOME", home)
    if workdir is not None:
        path = path.replace("$WORKDIR", workdir)
    return path if path == "/" else path.rstrip("/")


def _grant_blocks(grants: list[_Grant]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Emit all grants: metadata of parents and the like, then reading, then writing."""
    parents = sorted(
        {up for grant in grants for up in paths.ancestors(grant.path) if grant.path[:1] == "/"}
    )
    yield (
        "parents of what is granted",
        tuple(f"(allow file-read-metadata (literal {quote(up)}))" for up in parents),
    )
    for grant in grants:
        rules = [f"(allow file-map-executable {_filter(grant)})"] if grant.reads else []
        yield grant.origin, (*rules, f"(allow file-ioctl {_filter(grant)})")
    yield "terminals", _TERMINALS
    for grant in grants:
        if grant.reads:
            yield grant.origin, (f"(allow file-read* {_filter(grant)})",)
    for grant in grants:
        if grant.writes:
            yield grant.origin, (f"(allow file-write* {_filter(grant)})",)


def _filter(grant: _Grant) -> str:
    return f"({grant.form} {quote(grant.path)})"


def _refusals(
    given: NonoProfile, home: str, workdir: str | None
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, places in REFUSED:
        if name not in given.exclude or name in REQUIRED:
            found = [form for place in places for form in _forms(_expand(place, home, workdir))]
            yield f"group {name}", _denied(found)
    for field in ("allow_file", "write_file"):
        for written in given.filesystem.get(field, ()):
            for path in _forms(_expand(written, home, workdir)):
                pattern = "^" + _regex_quote(path) + r"\.tmp\.[0-9]+\.[0-9]+$"
                yield (
                    f"filesystem.{field}: {written}, written by way of a temporary file",
                    (f"(allow file-write* (regex {quote(pattern)}))",),
                )
    for written in given.filesystem.get("deny", ()):
        yield f"filesystem.deny: {written}", _denied(_forms(_expand(written, home, workdir)))


def _denied(places: list[str]) -> tuple[str, ...]:
    """Emit what nono makes of a refused path: metadata stays readable."""
    return tuple(
        rule
        for path in places
        for rule in (
            f"(allow file-read-metadata (subpath {quote(path)}))",
            f"(deny file-read-data (subpath {quote(path)}))",
            f"(deny file-write* (subpath {quote(path)}))",
            f"(deny network-outbound (subpath {quote(path)}))",
        )
    )


def _regex_quote(path: str) -> str:
    return "".join(
        f"\\{character}" if character in "^.[]$()|*+?{}\\" else character for character in path
    )


def _raw(
    given: NonoProfile, *, user_authored: bool, notes: list[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if given.rules and not user_authored:
        notes.append(
            "raw rules are dropped: nono (v0.67 and later) takes them from user profiles only"
        )
        return
    for number, rule in enumerate(given.rules, 1):
        yield f"unsafe_macos_seatbelt_rules, number {number}", (rule,)

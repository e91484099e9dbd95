"""Paths as the kernel prints them: clean, resolved, and which directories belong to whom.

Log text is chosen by the program that was refused, so a table entry is matched here on whole
components of a clean absolute path and on nothing else.

Sources: the kernel prints and matches the resolved vnode path, ``/private/tmp`` and not ``/tmp``
(sandbox-runtime issue 596, agent-sandbox.nix pull 82; Apple's ``system.sb`` allows
``file-read-metadata`` on the three links themselves); a filter with a trailing slash is dead or
disputed, so none is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from sbdiag.seatbelt.paths import normal

# Links in the root: a path below one of them is never what the kernel asks about.
ALIASES: Final = ("/tmp", "/etc", "/var")

# Never a home: shared by all users of the machine. A volume of a Mac rarely tells case apart.
_NOT_HOMES: Final = frozenset({"shared", ".localized"})
_UNPLAIN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOME: Final = re.compile(r"/Users/(?P<name>[^/]+)(?=/|$)")

# Code points that HFS+ passes over when it compares names (git's utf8.c, after CVE-2014-9390).
_PASSED_OVER: Final = dict.fromkeys(
    (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
)
# Other names of the root, folded: the data volume, whose firmlinks meet there; ways of the lookup;
# a volume, which may be the disk under its name or a copy of it, at its root or deep in a backup.
_SAME_ROOT: Final = r"/(?:system/volumes/data|\.nofollow|\.resolve/[^/]+|\.vol/[^/]+/2)(?=/|\Z)"
_ROOT: Final = re.compile(
    rf"(?:{_SAME_ROOT})*(?:/volumes/[^/]+(?:/.*?(?=/users/))?(?=/|\Z)"
    rf"(?:{_SAME_ROOT}|/volumes/[^/]+(?=/|\Z))*)?",
    re.DOTALL,
)
_HOMES: Final = re.compile(r"(?:/users/[^/]+|/home/[^/]+|/private/var/root)(?=/|\Z)")

# Directories that are never opened as a whole because some files in them were seen; ``~`` stands
# for any home directory, ``*`` for any one name. A directory that holds a sensitive entry is
# refused as well. What stands in the root came with the system or is a mount point
# (synthetic.conf(5)); every volume is the root of a disk.
NEVER_WHOLE: Final = frozenset(
    {
        "/",
        "/*",
        "/.vol/*",
        "/.vol/*/*",
        "/Applications",
        "/Library",
        "/Library/Application Support",
        "/Library/Caches",
        "/Library/LaunchAgents",
        "/Library/LaunchDaemons",
        "/Library/Preferences",
        "/Library/PrivilegedHelperTools",
        "/Library/StartupItems",
        "/Network",
        "/Network/*",
        "/System",
        "/System/Library",
        "/System/Volumes",
        "/System/Volumes/*",
        "/Users",
        "/Users/Shared",
        "/Volumes",
        "/Volumes/*",
        "/bin",
        "/cores",
        "/dev",
        "/etc",
        "/home",
        "/net",
        "/net/*",
        "/nix",
        "/nix/store",
        "/opt",
        "/opt/homebrew",
        "/opt/homebrew/bin",
        "/opt/homebrew/lib",
        "/opt/homebrew/sbin",
        "/private",
        "/private/etc",
        "/private/etc/*",
        "/private/tmp",
        "/private/var",
        "/private/var/at",
        "/private/var/db",
        "/private/var/folders",
        "/private/var/folders/*",
        "/private/var/folders/*/*",
        "/private/var/folders/*/*/*",
        "/private/var/root",
        "/private/var/run",
        "/private/var/tmp",
        "/sbin",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/libexec",
        "/usr/local",
        "/usr/local/bin",
        "/usr/local/lib",
        "/usr/local/sbin",
        "/usr/sbin",
        "/usr/share",
        "/var",
        "~",
        "~/.cache",
        "~/.config",
        "~/.local",
        "~/.local/share",
        "~/.local/state",
        "~/.local/bin",
        "~/.Trash",
        "~/Applications",
        "~/Desktop",
        "~/Documents",
        "~/Downloads",
        "~/Library",
        "~/Library/Application Support",
        "~/Library/Caches",
        "~/Library/CloudStorage",
        "~/Library/CloudStorage/*",
        "~/Library/Containers",
        "~/Library/Containers/*",
        "~/Library/Containers/*/Data",
        "~/Library/Group Containers",
        "~/Library/Group Containers/*",
        "~/Library/LaunchAgents",
        "~/Library/Logs",
        "~/Library/Mobile Documents",
        "~/Library/Mobile Documents/*",
        "~/Library/Preferences",
        "~/Movies",
        "~/Music",
        "~/Pictures",
        "~/Public",
        "~/Sites",
    }
)


def fault(path: str) -> str | None:
    """Say why `path` is none that the kernel prints; ``None`` for a clean absolute path.

    A name may hold any byte but ``/`` and NUL, so spaces, quotes and line ends are no fault.
    """
    if not path.startswith("/"):
        return "a relative path"
    if "\0" in path:
        return "a NUL in the path"
    if path != "/" and path.endswith("/"):
        return "a trailing slash"
    parts = path[1:].split("/")
    if path != "/" and "" in parts:
        return "an empty path component"
    if "." in parts or ".." in parts:
        return "a '.' or '..' component"
    return None


def plain(path: str) -> bool:
    """Tell whether `path` holds neither control characters nor bytes that are no text."""
    return _UNPLAIN.search(path) is None


def home_of(path: str) -> str | None:
    """Return the home directory that `path` is or lies in: ``/Users/<name>``, else ``None``."""
    match = _HOME.match(path)
    if match is None or match["name"].casefold() in _NOT_HOMES:
        return None
    return match[0]


def tilde(path: str, home: str | None = None) -> str:
    """Write a path below a home directory with ``~``; any other path stays as it is.

    With `home`, only that directory is one.
    """
    found = home_of(path) if home is None else home
    if found is None or not below(path, found):
        return path
    return "~" + path[len(found) :]


def below(path: str, directory: str) -> bool:
    """Tell whether `path` is `directory` or lies below it, by whole components."""
    return path == directory or path.startswith(directory if directory == "/" else directory + "/")


def ancestors(path: str) -> Iterator[str]:
    """Yield the proper ancestors of a clean absolute path, nearest first, ``/`` last."""
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path


def folded(path: str) -> str:
    """Return one text for all spellings of a path that a volume of macOS may hold for the same.

    Letter case, composition and ignored code points go, as do doubled slashes and dots, links and
    firmlinks in the root, and the names of volumes; any home directory becomes ``~``. It is for
    tables of what is kept closed: it may take two files for one, never one for two.
    """
    path = unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
    path = path.translate(_PASSED_OVER)
    if path == "~" or path.startswith("~/"):
        return path
    path = _ROOT.sub("", normal(path), count=1) or "/"
    if any(below(path, alias) for alias in ALIASES):
        path = "/private" + path
    return _HOMES.sub("~", path, count=1) if _HOMES.match(path) else path


_NEVER: Final = re.compile(
    "|".join(re.escape(folded(each)).replace(r"\*", "[^/]+") for each in sorted(NEVER_WHOLE)),
    re.DOTALL,
)


def may_open(directory: str) -> bool:
    """Tell whether a directory may be opened as a whole at all (see `NEVER_WHOLE`)."""
    return (
        fault(directory) is None
        and plain(directory)
        and _NEVER.fullmatch(folded(directory)) is None
    )

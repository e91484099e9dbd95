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
from collections.abc import Iterator
from typing import Final

# Links in the root: a path below one of them is never what the kernel asks about.
ALIASES: Final = ("/tmp", "/etc", "/var")

# Never a home: shared by all users of the machine. A volume of a Mac rarely tells case apart.
_NOT_HOMES: Final = frozenset({"shared", ".localized"})
_SHARED: Final = frozenset(f"/users/{name}" for name in _NOT_HOMES)
_UNPLAIN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOME: Final = re.compile(r"/Users/(?P<name>[^/]+)(?=/|$)")

# Directories that are never opened as a whole because some files in them were seen; ``~`` stands
# for any home directory. A directory that holds a sensitive entry is refused as well.
NEVER_WHOLE: Final = frozenset(
    {
        "/",
        "/Applications",
        "/Library",
        "/Library/Application Support",
        "/Library/Caches",
        "/Library/LaunchAgents",
        "/Library/LaunchDaemons",
        "/Library/Preferences",
        "/Network",
        "/System",
        "/System/Library",
        "/System/Volumes",
        "/System/Volumes/Data",
        "/Users",
        "/Users/Shared",
        "/Volumes",
        "/bin",
        "/cores",
        "/dev",
        "/etc",
        "/nix",
        "/nix/store",
        "/opt",
        "/opt/homebrew",
        "/private",
        "/private/etc",
        "/private/tmp",
        "/private/var",
        "/private/var/db",
        "/private/var/folders",
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
        "/usr/sbin",
        "/usr/share",
        "/var",
        "~",
        "~/.cache",
        "~/.config",
        "~/.local",
        "~/.local/share",
        "~/.local/state",
        "~/Desktop",
        "~/Documents",
        "~/Downloads",
        "~/Library",
        "~/Library/Application Support",
        "~/Library/Caches",
        "~/Library/Containers",
        "~/Library/Group Containers",
        "~/Library/LaunchAgents",
        "~/Library/Logs",
        "~/Library/Preferences",
        "~/Movies",
        "~/Music",
        "~/Pictures",
        "~/Public",
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


def may_open(directory: str) -> bool:
    """Tell whether a directory may be opened as a whole at all (see `NEVER_WHOLE`)."""
    return (
        fault(directory) is None
        and plain(directory)
        and directory not in NEVER_WHOLE
        and directory.casefold() not in _SHARED
        and tilde(directory) not in NEVER_WHOLE
    )

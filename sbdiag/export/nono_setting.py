"""What a nono profile does not say and the Mac would: each an assumption that can be given.

Source: nolabs-ai/nono ``crates/nono-cli/src/profile/mod.rs`` (``expand_vars``), ``policy.rs``
(``expand_env_vars``) and ``platform.rs`` (conditions), v0.74.0.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sbdiag.diagnosis import paths
from sbdiag.errors import ExportError, Location
from sbdiag.export.nono_groups import Version
from sbdiag.export.nono_read import Entry

Exists: TypeAlias = "Callable[[str], bool] | Collection[str] | None"

# Links that macOS always has, and what they resolve to.
LINKS: Final[Mapping[str, str]] = {
    "/etc": "/private/etc",
    "/tmp": "/private/tmp",
    "/var": "/private/var",
}
_MAX_LINKS: Final = 40
_VARIABLE: Final = re.compile(r"\$[A-Za-z0-9_]+")
# Directories that a variable names where it is not set, below the home directory.
_XDG: Final[Mapping[str, str]] = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
}
# The variables that v0.66 knows; later versions take any.
_NAMES: Final = frozenset(
    {*_XDG, "HOME", "WORKDIR", "TMPDIR", "UID", "XDG_RUNTIME_DIR", "NONO_CONFIG", "NONO_PACKAGES"}
)

_PREDICATE: Final = re.compile(r"(?P<no>!?)(?P<system>[A-Za-z0-9_.-]+)(?P<rest>(?::[^:]+)*)")
_VERSION: Final = re.compile(r"(?P<sign>==|>=|<=|>|<)?(?P<version>[A-Za-z0-9_.-]+)")


@dataclass(frozen=True, slots=True)
class Setting:
    """The assumptions of one preview, and the notes that are taken on the way.

    Attributes
    ----------
    home, workdir, environment, macos, version, user_authored, proxy_port
        As :func:`~sbdiag.export.nono_preview.preview_nono` explains them.
    exists
        Whether a path exists; ``None``: all do.
    links
        Links and what they resolve to, those of macOS itself among them.
    notes
        What was assumed or left out, in the order in which it came up.
    """

    home: str
    workdir: str | None = None
    environment: Mapping[str, str] | None = None
    exists: Exists = None
    links: Mapping[str, str] = field(default_factory=lambda: LINKS)
    macos: str | None = None
    version: Version = "0.74"
    user_authored: bool = True
    proxy_port: int | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Take a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def variable(self, name: str) -> str | None:
        """Return what a variable stands for, ``None`` where it is not set or not known."""
        if name == "HOME":
            return self.home
        given = (self.environment or {}).get(name)
        if self.version == "0.66" and name not in _NAMES:
            return None
        if name in _XDG:
            found = f"{self.home}/{_XDG[name]}" if given is None else given
            if not found.startswith("/"):
                raise ExportError(f"nono requires an absolute path in {name}, not {found!r}")
            return found
        if name == "TMPDIR":
            return "/tmp" if given is None else given.rstrip("/")
        if name == "WORKDIR":
            return self.workdir if given is None else given
        if name == "NONO_CONFIG" and given is None:
            return f"{self.variable('XDG_CONFIG_HOME')}/nono"
        if name == "NONO_PACKAGES" and given is None:
            return f"{self.variable('XDG_CONFIG_HOME')}/nono/packages"
        return given

    def expand(self, written: str, *, origin: str, location: Location | None = None) -> str | None:
        """Return the absolute path that an entry stands for; ``None``, and a note, where unknown.

        Raises
        ------
        ExportError
            The path holds a control character, which nono refuses.
        """
        text = written
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        unknown: list[str] = []

        def value(match: re.Match[str]) -> str:
            found = self.variable(match[0][1:])
            if found is None:
                unknown.append(match[0])
            if match[0] == "$TMPDIR" and "TMPDIR" not in (self.environment or {}) and location:
                self.note("$TMPDIR is taken for /tmp, as nono does where it is not set")
            return match[0] if found is None else found

        text = _VARIABLE.sub(value, text)
        if not paths.plain(text):
            raise ExportError(f"nono refuses a control character in a path: {text!r}", location)
        if unknown and self.environment is None:
            self.note(f"{origin}: the value of {unknown[0]} is not given, so it is left out")
            return None
        if not text.startswith("/"):
            why = "nono finds no such path" if unknown else "no absolute path"
            self.note(f"{origin}: {why}, so it is left out")
            return None
        return text.rstrip("/") or "/"

    def resolve(self, path: str) -> str:
        """Return the path with its links resolved, as far as they are known."""
        path = _normal(path)
        for _ in range(_MAX_LINKS):
            found = max(
                (link for link in self.links if paths.below(path, link)), key=len, default=None
            )
            if found is None:
                return path
            target = posixpath.join(posixpath.dirname(found), self.links[found])
            path = _normal(target + path[len(found) :])
        raise ExportError(f"links that lead in a circle: {path!r}")

    def present(self, path: str) -> bool:
        """Tell whether a path exists, by its own name or resolved."""
        if self.exists is None:
            return True
        if callable(self.exists):
            return self.exists(path)
        return path in self.exists or self.resolve(path) in self.exists

    def applies(self, entry: Entry, origin: str) -> bool:
        """Tell whether one of the conditions of an entry holds; an open one counts, with a note."""
        if not entry.when:
            return True
        found = [self._holds(condition, entry.location) for condition in entry.when]
        if True not in found and None in found:
            self.note(f"{origin}: counts only when {' or '.join(entry.when)}; taken as if it did")
        return True in found or None in found

    def _holds(self, condition: str, location: Location) -> bool | None:
        match = _PREDICATE.fullmatch(condition.strip())
        if match is None:
            raise ExportError(f"no condition that nono takes: {condition!r}", location)
        rest = [part for part in match["rest"].split(":") if part]
        if match["system"] != "macos":
            return bool(match["no"])
        if not rest:
            return not match["no"]
        version = _VERSION.fullmatch(rest[0])
        if version is None or len(rest) > 1:
            raise ExportError(f"no condition that nono takes: {condition!r}", location)
        if self.macos is None:
            return None
        held = _compare(self.macos, version["sign"] or "==", version["version"])
        return held != bool(match["no"])


def _normal(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/") if path != "/" else path


def _compare(actual: str, sign: str, wanted: str) -> bool:
    """Compare versions part by part, as nono does; a part that is no number is less if it differs.

    A version is greater than a shorter one that it begins with: 15.1 is not ``==15``.
    """
    left, right = actual.split("."), wanted.split(".")
    order = (len(left) > len(right)) - (len(left) < len(right))
    for one, other in zip(left, right, strict=False):
        if one == other:
            continue
        if one.isdecimal() and other.isdecimal():
            if int(one) == int(other):
                continue
            order = 1 if int(one) > int(other) else -1
        else:
            order = -1
        break
    return {"==": order == 0, ">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0}[
        sign
    ]

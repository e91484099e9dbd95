"""What Seatbelt binds before a profile runs, and what ``(version n)`` adds.

The names and what they do follow the preludes of libsandbox 10.15 (sbpl.scm, prelude.scm, sbpl1.scm
in knightsc/sandbox_profiles; the versions of 0xbf00/simbple agree). Those of versions 2 and 3 are
not published: they are taken to bind the same, but for the operation names that a table says they
do not (:func:`sbdiag.seatbelt.operations.other_names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sbdiag.errors import Location, ProfileError, ProfileLimitError, ProfileReadError
from sbdiag.seatbelt.actions import Draft, action_names
from sbdiag.seatbelt.constructors import constructors
from sbdiag.seatbelt.filters import symbol_names
from sbdiag.seatbelt.machine import Machine
from sbdiag.seatbelt.operations import operations, other_names
from sbdiag.seatbelt.procedures import PROCEDURES
from sbdiag.seatbelt.rules import Symbol
from sbdiag.seatbelt.sexpr import NIL, Pair, Value, read
from sbdiag.seatbelt.syntax import SYNTAX
from sbdiag.seatbelt.values import (
    Control,
    OperationValue,
    Scope,
    Syntax,
    is_string,
    show,
    type_name,
)

Place = Location | None
Missing: TypeAlias = Literal["error", "unknown"]
VERSIONS: Final = (1, 2, 3)
STANDARD_DIRECTORIES: Final = ("/System/Library/Sandbox/Profiles", "/usr/share/sandbox")
"""Where ``import`` looks for a relative name on a Mac (sbpl1.scm)."""

_MAX_BYTES: Final = 4_000_000
_IMPORT_PATH: Final = "*import-path*"


@dataclass(slots=True)
class Session:
    """One evaluation: what the caller gave and what the profile has said so far."""

    params: Mapping[str, str]
    directories: tuple[Path, ...]
    missing: Missing
    draft: Draft = field(default_factory=Draft)
    traced: bool = False
    depth: int = 0

    def names(self) -> dict[str, Value]:
        """Return what is bound before ``(version n)``."""
        found: dict[str, Value] = {syntax.name: syntax for syntax in SYNTAX}
        found |= {procedure.name: procedure for procedure in PROCEDURES}
        return found | {"version": Control("version", self._version)}

    def _version(self, machine: Machine, arguments: list[Value], where: Place) -> Value:
        number = arguments[0] if len(arguments) == 1 else None
        if not isinstance(number, int) or isinstance(number, bool) or number not in VERSIONS:
            raise ProfileError(f"unsupported version {' '.join(map(show, arguments))}", where)
        if self.draft.version is None:
            self.draft.version = number
            machine.globals.names.update(self._bound(number))
            machine.hint = ""
        elif number != self.draft.version:
            raise ProfileError("only one version may be specified", where)
        return NIL

    def _bound(self, version: int) -> dict[str, Value]:
        """Return what a version of the language binds."""
        found: dict[str, Value] = {name: Symbol(name) for name in symbol_names()}
        found |= constructors()
        found |= {name: OperationValue(name) for name in operations()}
        for other in other_names().values():
            if other.kind != "log-only" and version in other.versions:
                found[other.name] = OperationValue(other.name)
            else:
                found.pop(other.name, None)
        found |= action_names(self.draft)
        return found | {
            "param": Control("param", self._param),
            "getenv": Control("getenv", self._param),
            "import": Control("import", self._import),
            "trace": Control("trace", self._trace),
            "debug": Syntax("debug", _ignored),
            "record": Control("record", _nothing),
            "eliminate-duplicate-rules": Control("eliminate-duplicate-rules", _nothing),
            "disable-callouts": Control("disable-callouts", _nothing),
            "disable-full-symbolication": Control("disable-full-symbolication", _nothing),
            _IMPORT_PATH: False,
        }

    def _param(self, _machine: Machine, arguments: list[Value], where: Place) -> Value:
        key = _one_string("param", arguments, where)
        return self.params.get(key, False)

    def _trace(self, _machine: Machine, arguments: list[Value], where: Place) -> Value:
        if len(arguments) != 1 or not is_string(arguments[0]):
            raise ProfileError("argument to trace must be a string", where)
        if self.traced:
            raise ProfileError("only one trace path may be specified", where)
        self.traced = True
        return NIL

    # Imports

    def _import(self, machine: Machine, arguments: list[Value], where: Place) -> Value:
        name = _one_string("import", arguments, where)
        found = self._find(name)
        if found is None:
            if self.missing == "error":
                raise ProfileError(f"unable to open {show(name)}: not in the import path", where)
            machine.missing.append(name)
            machine.unsettle()
            return NIL
        if self.depth >= machine.limits.imports:
            raise ProfileLimitError(f"imports nested deeper than {machine.limits.imports}", where)
        text = read(file_text(found, where), path=str(found))
        machine.warnings += text.warnings
        body: Value = NIL
        for datum in reversed(text.data):
            body = Pair(datum.value, body, None, datum.location)
        names = machine.globals.names
        before = names.get(_IMPORT_PATH, False)
        names[_IMPORT_PATH] = name
        self.depth += 1

        def leave(value: Value) -> Value:
            self.depth -= 1
            names[_IMPORT_PATH] = before
            return value

        machine.push(leave)
        return machine.sequence(body, machine.globals, where)

    def _find(self, name: str) -> Path | None:
        """Look for an import: at its absolute place, else by name in the directories.

        A file of Apple's own directories is also found in the caller's, where a copy of it lies.
        """
        if not name or "\0" in name:
            return None
        candidates = [Path(name)] if name.startswith("/") else []
        relative = name
        for standard in STANDARD_DIRECTORIES:
            relative = relative.removeprefix(f"{standard}/")
        if not relative.startswith("/"):
            given = self.params.get("IMPORT_DIR")
            directories = [Path(given)] if given and "\0" not in given else []
            candidates += [path / relative for path in (*directories, *self.directories)]
        # Only plain files: a profile must not make us wait on a pipe or read a device.
        return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long or not encodable is no file
        return False


def file_text(path: Path, where: Place = None) -> str:
    """Return the text of a profile's file; bytes that are not UTF-8 as surrogates.

    Raises
    ------
    ProfileReadError
        It cannot be opened.
    ProfileLimitError
        It is larger than a profile can be.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        message = f"unable to open {show(str(path))}: {error.strerror}"
        raise ProfileReadError(message, where) from error
    if len(data) > _MAX_BYTES:
        raise ProfileLimitError(f"{show(str(path))} is larger than {_MAX_BYTES:,} bytes", where)
    return data.decode("utf-8", "surrogateescape")


def _one_string(name: str, arguments: list[Value], where: Place) -> str:
    if len(arguments) == 1 and isinstance(arguments[0], str) and is_string(arguments[0]):
        return arguments[0]
    got = ", ".join(map(type_name, arguments)) or "nothing"
    raise ProfileError(f"{name}: argument 1 must be: string, got {got}", where)


def _nothing(_machine: Machine, _arguments: list[Value], _where: Place) -> Value:
    return NIL


def _ignored(_machine: Machine, _form: Pair, _scope: Scope, _where: Place) -> Value:
    """Evaluate ``(debug …)``, a macro without a body since 10.15: its words are not looked up."""
    return NIL

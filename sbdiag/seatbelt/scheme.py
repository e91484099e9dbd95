"""A profile's program to the rules it makes.

A Seatbelt profile is a TinySCHEME program: rules are calls of ``allow`` and ``deny``. This room
runs it, with Seatbelt's prelude, to the rules in the order in which they were made. Rooms below:
``sexpr`` (reader), ``machine`` and ``syntax`` (evaluation), ``procedures`` (lists, strings),
``constructors`` and ``actions`` (filters, modifiers, rules), ``prelude`` (versions, params,
imports).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sbdiag.errors import Location, ProfileError
from sbdiag.seatbelt.machine import Limits, Machine
from sbdiag.seatbelt.prelude import Missing, Session
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.sexpr import read


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a profile says.

    Attributes
    ----------
    version
        1, 2 or 3.
    rules
        In the order in which they were made, imports included. Operations and filters have the
        names that the profile gave them, aliases too. Filters that a missing import defines have
        a name that :mod:`sbdiag.seatbelt.filters` does not know: nothing can be said of them.
    warnings
        What Seatbelt would accept and a reader should know, each with its place.
    unknown_imports
        Imports that were not found, as written, each once; their rules are missing.
    settled_from
        How many rules stand before the last place at which rules are missing: those behind it
        are in their order whatever the imports hold.
    """

    version: int
    rules: tuple[Rule, ...]
    warnings: tuple[str, ...] = ()
    unknown_imports: tuple[str, ...] = ()
    settled_from: int = 0


def evaluate(
    text: str,
    *,
    path: str = "<profile>",
    params: Mapping[str, str] | None = None,
    import_path: Iterable[str | os.PathLike[str]] = (),
    missing_import: Missing = "error",
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Evaluated:
    """Run a profile and return its rules.

    Parameters
    ----------
    text
        The profile. Bytes that are not UTF-8 as surrogates (``errors="surrogateescape"``).
    path
        Its name in locations and messages.
    params
        What ``sandbox-exec -D`` sets, for ``(param "K")``.
    import_path
        Directories in which ``import`` looks, after the one of the param ``IMPORT_DIR``.
    missing_import
        ``error``, or ``unknown``: go on without the file; what it would have defined is unknown.
    limits
        Where a program without end is stopped.

    Returns
    -------
    Evaluated

    Raises
    ------
    ProfileError
        What Seatbelt would refuse, with path, line and column: an unbound variable, an argument of
        the wrong type, no ``(version n)``, an import that is not there.
    ProfileSyntaxError
        The text is not S-expressions.
    ProfileLimitError
        A limit was reached.
    """
    session = Session(dict(params or {}), tuple(map(Path, import_path)), missing_import)
    machine = Machine(session.names(), limits)
    machine.unsettle = session.draft.unsettle
    machine.hint = "; no version specified before it"
    source = read(text, path=path)
    machine.warnings += source.warnings
    machine.run(source.data)
    if session.draft.version is None:
        raise ProfileError("no version specified", Location(path, 1, 1))
    return Evaluated(
        session.draft.version,
        tuple(session.draft.rules),
        tuple(machine.warnings),
        tuple(dict.fromkeys(machine.missing)),
        session.draft.settled_from,
    )

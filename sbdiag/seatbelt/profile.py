"""A profile: its evaluated rules, and what it answers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from sbdiag.seatbelt.access import Access, parse_access
from sbdiag.seatbelt.decision import Decision
from sbdiag.seatbelt.prelude import Missing, file_text
from sbdiag.seatbelt.prepared import Prepared
from sbdiag.seatbelt.request import NOTHING_KNOWN, Context, Request
from sbdiag.seatbelt.rules import Rule
from sbdiag.seatbelt.scheme import evaluate
from sbdiag.seatbelt.walk import Basis, concerned, decide

# How many times a profile is lengthened before it is prepared anew.
_MOST_LAYERS: Final = 8


@dataclass(frozen=True)
class Profile:
    """An evaluated profile.

    Attributes
    ----------
    version
        Language version, 1 to 3.
    rules
        In the order in which they came into force, imported ones in their place.
    path
        Where it was read, as the caller named it.
    warnings
        What the reader noticed, one line each.
    unknown_imports
        Imports that were not found. Their rules are not known, so no answer is certain but what
        an operation's own filtered rules behind the last of them say.
    settled_from
        How many rules stand before the end of the last of these; all of them if not given.
    """

    version: int
    rules: tuple[Rule, ...]
    path: str | None = None
    warnings: tuple[str, ...] = ()
    unknown_imports: tuple[str, ...] = ()
    settled_from: int | None = None
    # The profile that `with_rules` lengthened: what was prepared for it serves this one as well.
    _before: Profile | None = field(default=None, init=False, repr=False, compare=False)

    def with_rules(self, rules: Iterable[Rule]) -> Profile:
        """Return the profile with further rules at its end."""
        last = len(self.rules) if self.settled_from is None else self.settled_from
        longer = replace(self, rules=(*self.rules, *rules), settled_from=last)
        if self._depth < _MOST_LAYERS:
            object.__setattr__(longer, "_before", self)
        return longer

    @property
    def _depth(self) -> int:
        return 0 if self._before is None else 1 + self._before._depth

    def decide(
        self,
        operation: str,
        target: str | None = None,
        *,
        context: Context = NOTHING_KNOWN,
    ) -> Decision:
        """Say what the profile answers to one access.

        Parameters
        ----------
        operation
            As the log prints it, ``file-read-data`` or ``process-exec*``.
        target
            The detail as the log prints it: ``/private/etc/hosts``, ``remote:*:443``,
            ``com.apple.x (xpc)``; ``None`` where there is none.
        context
            What the line does not print.

        Returns
        -------
        Decision
            ``unknown`` where the file cannot settle it, never a guess.
        """
        return self.decide_access(parse_access(operation, target), context=context)

    def decide_access(self, access: Access, *, context: Context = NOTHING_KNOWN) -> Decision:
        """Say what the profile answers to an access that has been read already; see `decide`."""
        return self.decide_request(Request(access, context))

    def decide_request(self, request: Request) -> Decision:
        """Say what the profile answers to a request, which may be put to several profiles."""
        return decide(self._basis, request)

    def concerned(self, request: Request) -> set[int]:
        """Return the places of the rules that can matter to a request, from 0."""
        return concerned(self._basis, request)

    @cached_property
    def _basis(self) -> Basis:
        before = () if self._before is None else self._before._basis.prepared
        rules = self.rules if self._before is None else self.rules[len(self._before.rules) :]
        first = Prepared(rules, self.version, 0, before[0] if before else None)
        prepared: tuple[Prepared, ...] = (first,)
        if first.ambiguous:
            second = Prepared(rules, self.version, 1, before[-1] if before else None)
            prepared = (first, second)
        last = len(self.rules) if self.settled_from is None else self.settled_from
        return Basis(prepared, self.version, self.unknown_imports, last)


def read_profile(
    path: str | os.PathLike[str],
    params: Mapping[str, str] | None = None,
    *,
    import_path: Iterable[str | os.PathLike[str]] = (),
    missing_import: Missing = "error",
) -> Profile:
    """Read a profile's file and evaluate it.

    Parameters
    ----------
    path
        An ``.sb`` file.
    params
        What ``sandbox-exec -D`` sets, for ``(param "K")``.
    import_path
        Directories in which ``(import "system.sb")`` is looked for.
    missing_import
        ``error``, or ``unknown``: go on without the file, and say unknown wherever its rules
        could matter.

    Raises
    ------
    ProfileReadError
        The file cannot be opened.
    ProfileError
        What Seatbelt would refuse, with path, line and column.
    """
    return parse_profile(
        file_text(Path(path)),
        path=os.fspath(path),
        params=params,
        import_path=import_path,
        missing_import=missing_import,
    )


def parse_profile(
    text: str,
    *,
    path: str = "<profile>",
    params: Mapping[str, str] | None = None,
    import_path: Iterable[str | os.PathLike[str]] = (),
    missing_import: Missing = "error",
) -> Profile:
    """Evaluate the text of a profile; see :func:`read_profile`.

    Parameters
    ----------
    text
        The profile.
    path
        Its name in locations and messages.
    """
    evaluated = evaluate(
        text,
        path=path,
        params=params,
        import_path=import_path,
        missing_import=missing_import,
    )
    return Profile(
        evaluated.version,
        evaluated.rules,
        path,
        evaluated.warnings,
        evaluated.unknown_imports,
        evaluated.settled_from,
    )

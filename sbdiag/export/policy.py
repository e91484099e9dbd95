"""A policy as people keep it: a Seatbelt profile, or a nono profile by way of its preview."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal

from sbdiag.errors import ProfileReadError
from sbdiag.export.nono_preview import DEFAULT_HOME, preview_nono
from sbdiag.seatbelt.profile import Profile, read_profile


def read_policy(
    path: str | os.PathLike[str],
    params: Mapping[str, str] | None = None,
    *,
    import_path: Iterable[str | os.PathLike[str]] = (),
    missing_import: Literal["error", "unknown"] = "error",
) -> Profile:
    """Read a ``.sb`` file, or the JSON of a nono profile, told apart by content.

    Parameters
    ----------
    path
        The file. Text that begins with ``{``, comments aside, is a nono profile.
    params, import_path, missing_import
        As for :func:`sbdiag.read_profile`. For a nono profile ``HOME`` and ``WORKDIR`` count.

    Raises
    ------
    ProfileError, ExportError
        The text is neither.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        raise ProfileReadError(f"cannot read {os.fspath(path)}: {error.strerror}") from error
    if _is_json(text):
        given = params or {}
        home = given.get("HOME", DEFAULT_HOME)
        name = os.fspath(path)
        return preview_nono(text, path=name, home=home, workdir=given.get("WORKDIR")).profile
    return read_profile(path, params, import_path=tuple(import_path), missing_import=missing_import)


def _is_json(text: str) -> bool:
    """Whether the first thing that is no comment of JSONC is a brace."""
    rest = text.removeprefix("\ufeff").lstrip()
    while rest.startswith(("//", "/*")):
        end = "\n" if rest.startswith("//") else "*/"
        rest = rest.partition(end)[2].lstrip()
    return rest.startswith("{")

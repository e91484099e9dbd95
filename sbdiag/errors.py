"""The error tree.

::

    SbdiagError (Exception)
    ├── CaptureError (also ValueError)       a log that cannot be read as one
    │   └── CaptureReadError (also OSError)  the file itself cannot be opened or decompressed
    ├── EntitlementsError (also ValueError)  a codesign dump or binary that cannot be read
    ├── LimaLogError (also ValueError)       a Lima log that cannot be read as one
    ├── ProfileError (also ValueError)       a Seatbelt profile that Seatbelt would refuse
    │   ├── ProfileReadError (also OSError)  the file itself cannot be opened
    │   ├── ProfileSyntaxError               the text is not S-expressions
    │   └── ProfileLimitError                a limit on steps, depth or output was reached
    ├── FrameError (also ValueError)         a frame lacks a column that a step needs
    └── ExportError (also ValueError)        a rule that the target language cannot hold

Every message ends in ``path:line`` (``path:line:column`` for profiles) where a place is known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text: file name as the caller gave it, 1-based line and column."""

    path: str
    line: int
    column: int | None = None

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}"
        return place if self.column is None else f"{place}:{self.column}"


class SbdiagError(Exception):
    """Root of every error that sbdiag raises on purpose.

    Parameters
    ----------
    message
        One line, without the place.
    location
        Where the cause stands, if known; ends the text of the error.
    """

    def __init__(self, message: str, location: Location | None = None) -> None:
        super().__init__(message if location is None else f"{message} ({location})")
        self.message = message
        self.location = location


class CaptureError(SbdiagError, ValueError):
    """A log that cannot be read as one."""


class CaptureReadError(CaptureError, OSError):
    """The capture file itself cannot be opened or decompressed."""


class EntitlementsError(SbdiagError, ValueError):
    """A codesign dump or binary that cannot be read."""


class LimaLogError(SbdiagError, ValueError):
    """A Lima log that cannot be read as one."""


class ProfileError(SbdiagError, ValueError):
    """A Seatbelt profile that Seatbelt would refuse."""


class ProfileReadError(ProfileError, OSError):
    """The file of a profile cannot be opened."""


class ProfileSyntaxError(ProfileError):
    """The text of a profile is not S-expressions."""


class ProfileLimitError(ProfileError):
    """A profile reached a limit on steps, depth or output."""


class FrameError(SbdiagError, ValueError):
    """A frame lacks a column that a step needs."""


class ExportError(SbdiagError, ValueError):
    """A rule that the target language cannot hold."""

"""Progress on long input: a bar in a terminal, a widget in a notebook, silence anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Protocol

LONG_BYTES: Final = 64 * 1024 * 1024
"""Shorter files are read before anybody would look at a bar."""


class Progress(Protocol):
    """Something that is told how many bytes were read so far."""

    def update(self, done_bytes: int) -> None:
        """Take the number of bytes read so far."""

    def close(self) -> None:
        """Take the end of reading."""


class _Silent:
    def update(self, done_bytes: int) -> None: ...

    def close(self) -> None: ...


class _Told:
    def __init__(self, tell: Callable[[int, int | None], None], size: int | None) -> None:
        self._tell, self._size = tell, size

    def update(self, done_bytes: int) -> None:
        self._tell(done_bytes, self._size)

    def close(self) -> None: ...


class _Bar:
    def __init__(self, size: int | None) -> None:
        from tqdm.auto import tqdm  # looks for a notebook when it is imported

        self._bar = tqdm(total=size, unit="B", unit_scale=True, desc="reading", leave=False)

    def update(self, done_bytes: int) -> None:
        self._bar.update(done_bytes - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def reporting(
    progress: bool | Callable[[int, int | None], None] | None, size: int | None
) -> Progress:
    """Return what to tell about a file of `size` bytes, ``None`` for a pipe."""
    if callable(progress):
        return _Told(progress, size)
    seen = sys.stderr.isatty() or "ipykernel" in sys.modules
    wanted = (size or 0) >= LONG_BYTES and seen if progress is None else progress
    return _Bar(size) if wanted else _Silent()

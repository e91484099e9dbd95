"""The two ways in which blocks are read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sbdiag.capture import block_stream, marks, sieve
from sbdiag.capture.line_reader import LineReader


@pytest.fixture(scope="module", params=["whole", "sifted"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Read all lines of each block, or sift short pieces however many marks they have."""
    leave_out = LineReader.leave_out

    def at_rest(self: LineReader, lines: int) -> None:
        assert self.at_rest
        leave_out(self, lines)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineReader, "leave_out", at_rest)
        if request.param == "whole":
            patch.setattr(marks, "_RARE_BYTES", 2**60)
        else:
            patch.setattr(marks, "_RARE_BYTES", 0)
            patch.setattr(block_stream, "_FIRST_BYTES", 300)
            patch.setattr(block_stream, "_PIECE_BYTES", 2000)
            patch.setattr(block_stream, "_ROUND_PIECES", 5)
            patch.setattr(sieve, "_OBJECT_BYTES", 100)
            patch.setattr(sieve, "LINES_BACK", 5)
        yield request.param

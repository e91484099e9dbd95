"""Pictures as bytes, the same bytes for the same data: for pages, widgets and files.

The figures here are nobody's but ours: pyplot knows nothing of them, and no window opens.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Draw: TypeAlias = Callable[[Figure], Axes]

# The reader's own settings would change the bytes; the context puts them back afterwards. SVG has
# no other way to be told its identifiers' salt. Letters are outlines: no font is needed to look.
_SETTINGS: Final = ("default", {"svg.hashsalt": "sbdiag", "svg.fonttype": "path"})


def picture(draw: Draw, *, form: Literal["svg", "png"] = "png", dpi: int = 144) -> bytes:
    """Draw on a figure of its own and return the file.

    Parameters
    ----------
    draw
        Draws on an empty figure, giving it its size: ``lambda f: draw_startup(data, f)``.
    form
        ``svg`` or ``png``.
    dpi
        Resolution of a PNG.
    """
    out = io.BytesIO()
    # Neither format may say when, or by which version, it was made.
    made = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
    with style.context(list(_SETTINGS)):
        figure = Figure()
        draw(figure)
        figure.savefig(out, format=form, dpi=dpi, facecolor=figure.get_facecolor(), metadata=made)
    return out.getvalue()

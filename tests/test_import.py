"""What importing costs: nobody who reads a log waits for a plotting library."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "sbdiag",
        "sbdiag.analysis",
        "sbdiag.display",
        "sbdiag.display.exploration",
        "sbdiag.display.html",
        "sbdiag.display.html_explorer",
    ],
)
def test_importing_loads_neither_matplotlib_nor_ipython(module: str) -> None:
    heavy = ("matplotlib", "IPython", "ipywidgets")
    code = f"import {module}, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"

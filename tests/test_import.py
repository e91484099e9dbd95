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
def test_importing_loads_nothing_heavy_but_pandas(module: str) -> None:
    heavy = ("matplotlib", "IPython", "ipywidgets", "nbformat", "jsonschema", "joblib")
    code = f"import {module}, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_policy_language_and_the_messages_need_no_pandas() -> None:
    # So that they can run in a browser, where the wheels of pandas are not always at hand.
    code = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pandas", "numpy", "matplotlib", "ipywidgets", "nbformat",
                                      "IPython", "tqdm", "zstandard"}:
            raise ImportError(f"{name} is not to be had here")

sys.meta_path.insert(0, Absent())
import sbdiag.seatbelt
rooms = [room.name for room in pkgutil.iter_modules(sbdiag.seatbelt.__path__)]
for room in rooms:
    importlib.import_module(f"sbdiag.seatbelt.{room}")
from sbdiag.capture.message import parse_message
from sbdiag.seatbelt.profile import parse_profile

message = parse_message("Sandbox: wc(1) deny(1) file-read-data /private/etc/sudoers")
profile = parse_profile('(version 1)(allow default)(deny file-read* (subpath "/private/etc"))')
print(len(rooms) > 20, profile.decide(message.operation, message.target).verdict)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "deny"]

"""The command line; no logic."""

from sbdiag.cli.commands import main

__all__ = ["main"]

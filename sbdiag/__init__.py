"""Read macOS sandbox denials anywhere, explain them, and write the minimal rules.

>>> import sbdiag
>>> report = sbdiag.analyze("capture.log")  # doctest: +SKIP
>>> report.to_sb("rules.sb")  # doctest: +SKIP

Names are loaded when they are first asked for: the policy language needs neither pandas nor
matplotlib, and ``import sbdiag`` loads neither.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbdiag.analysis import Report, analyze, explore
    from sbdiag.capture.codesign import read_entitlements
    from sbdiag.capture.lima import read_lima_log
    from sbdiag.capture.many import read_denials
    from sbdiag.diagnosis.minimize import minimal_rules
    from sbdiag.diagnosis.replay import replay
    from sbdiag.diagnosis.ruleset import RuleSet
    from sbdiag.display.plots import plot_operations, plot_rules, plot_startup, plot_timeline
    from sbdiag.errors import SbdiagError
    from sbdiag.export.account import Export
    from sbdiag.export.nono import to_nono
    from sbdiag.export.sb import to_sb
    from sbdiag.seatbelt.profile import Profile, read_profile

# Where each public name lives.
_ROOMS = {
    "Export": "sbdiag.export.account",
    "Profile": "sbdiag.seatbelt.profile",
    "Report": "sbdiag.analysis",
    "RuleSet": "sbdiag.diagnosis.ruleset",
    "SbdiagError": "sbdiag.errors",
    "analyze": "sbdiag.analysis",
    "explore": "sbdiag.analysis",
    "minimal_rules": "sbdiag.diagnosis.minimize",
    "plot_operations": "sbdiag.display.plots",
    "plot_rules": "sbdiag.display.plots",
    "plot_startup": "sbdiag.display.plots",
    "plot_timeline": "sbdiag.display.plots",
    "read_denials": "sbdiag.capture.many",
    "read_entitlements": "sbdiag.capture.codesign",
    "read_lima_log": "sbdiag.capture.lima",
    "read_profile": "sbdiag.seatbelt.profile",
    "replay": "sbdiag.diagnosis.replay",
    "to_nono": "sbdiag.export.nono",
    "to_sb": "sbdiag.export.sb",
}

__all__ = [
    "Export",
    "Profile",
    "Report",
    "RuleSet",
    "SbdiagError",
    "analyze",
    "explore",
    "minimal_rules",
    "plot_operations",
    "plot_rules",
    "plot_startup",
    "plot_timeline",
    "read_denials",
    "read_entitlements",
    "read_lima_log",
    "read_profile",
    "replay",
    "to_nono",
    "to_sb",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'sbdiag' has no attribute {name!r}")
    value = getattr(import_module(_ROOMS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*globals(), *__all__])

"""The pictures: frames and values onto axes, never shown, never through global settings."""

from sbdiag.display.plots.operations import draw_operations, plot_operations
from sbdiag.display.plots.rules import draw_rules, plot_rules
from sbdiag.display.plots.startup import draw_startup, plot_startup
from sbdiag.display.plots.timeline import draw_timeline, plot_timeline

__all__ = [
    "draw_operations",
    "draw_rules",
    "draw_startup",
    "draw_timeline",
    "plot_operations",
    "plot_rules",
    "plot_startup",
    "plot_timeline",
]

"""What is drawn, computed without drawing."""

from sbdiag.display.plot_data.operations import OperationsData, operations_data
from sbdiag.display.plot_data.rules import RulesData, rules_data
from sbdiag.display.plot_data.startup import StartupData, startup_data
from sbdiag.display.plot_data.timeline import Color, Lanes, TimelineData, timeline_data

__all__ = [
    "Color",
    "Lanes",
    "OperationsData",
    "RulesData",
    "StartupData",
    "TimelineData",
    "operations_data",
    "rules_data",
    "startup_data",
    "timeline_data",
]

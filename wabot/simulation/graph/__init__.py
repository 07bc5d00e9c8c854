"""A stand-in for Meta's Graph API: its answers, its limits, its statuses, and faults on request."""

from wabot.simulation.graph.config import GraphConfig, Number, StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.graph.server import StandInGraph, run
from wabot.simulation.graph.templates import Template

__all__ = [
    "Fault",
    "GraphConfig",
    "Number",
    "SentMessage",
    "StandInGraph",
    "StatusLevel",
    "Template",
    "run",
]

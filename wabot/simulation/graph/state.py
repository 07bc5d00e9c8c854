"""All that one stand-in knows."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from wabot.simulation.graph.config import GraphConfig
from wabot.simulation.graph.faults import Faults
from wabot.simulation.graph.journal import Journal
from wabot.simulation.graph.media import MediaShelf, wait
from wabot.simulation.graph.rates import Rates
from wabot.simulation.graph.statuses import Statuses
from wabot.simulation.graph.templates import Templates
from wabot.simulation.graph.windows import Windows


@dataclass(slots=True)
class State:
    """Configuration, what was taken, what is to go wrong, what is told."""

    config: GraphConfig
    journal: Journal
    statuses: Statuses
    rates: Rates
    windows: Windows
    templates: Templates
    faults: Faults = field(default_factory=Faults)
    media: MediaShelf = field(default_factory=MediaShelf)
    # What is told of a number or an account instead of the ordinary, by id.
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: dict[str, list[float]] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @staticmethod
    def of(config: GraphConfig) -> "State":
        """Make the state of a fresh stand-in."""
        rates = Rates(
            pair_limit=config.pair_limit, throughput=config.throughput, timer=config.timer
        )
        windows = Windows(kept=config.windows, clock=config.clock)
        templates = Templates(config.templates)
        journal, statuses = Journal(config.kept), Statuses(config)
        return State(config, journal, statuses, rates, windows, templates)

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the stop of the stand-in."""
        await wait(seconds, self.stopping)

"""All that one stand-in knows."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from wabot.simulation.graph.config import GraphConfig
from wabot.simulation.graph.faults import Faults
from wabot.simulation.graph.journal import Journal
from wabot.simulation.graph.rates import Rates
from wabot.simulation.graph.statuses import Statuses
from wabot.simulation.graph.templates import Templates
from wabot.simulation.graph.windows import Windows

MEDIA_KEPT = 64
MEDIA_LIFETIME = 300.0


@dataclass(frozen=True, slots=True)
class File:
    """A file that a customer sent."""

    data: bytes
    mime_type: str

    @property
    def sha256(self) -> str:
        """Return the hash that Meta tells with the file."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True)
class MediaShelf:
    """The latest files; each address that is handed out works for five minutes."""

    _files: OrderedDict[str, File] = field(default_factory=OrderedDict)
    _addresses: OrderedDict[str, tuple[str, float]] = field(default_factory=OrderedDict)

    def add(self, data: bytes, mime_type: str) -> str:
        """Keep a file and return its media id."""
        media_id = str(secrets.randbelow(9 * 10**14) + 10**14)
        self._files[media_id] = File(data, mime_type)
        if len(self._files) > MEDIA_KEPT:
            self._files.popitem(last=False)
        return media_id

    def get(self, media_id: str) -> File | None:
        """Return a file by its media id."""
        return self._files.get(media_id)

    def address(self, media_id: str, now: float) -> str:
        """Return a fresh secret under which the file can be fetched."""
        secret = secrets.token_urlsafe(16)
        self._addresses[secret] = (media_id, now + MEDIA_LIFETIME)
        if len(self._addresses) > MEDIA_KEPT:
            self._addresses.popitem(last=False)
        return secret

    def fetch(self, secret: str, now: float) -> File | None:
        """Return the file behind an address that still works."""
        media_id, until = self._addresses.get(secret, ("", 0.0))
        return self._files.get(media_id) if now < until else None


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
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

"""What all groups of checks look at: settings, and databases once one of them asks."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Lock

from wabot.config import Examination, Settings, settings_of
from wabot.container.central import CentralUrls, open_central


@dataclass(slots=True)
class Surroundings:
    """The settings as they were found; the central database is opened when it is asked for.

    `slugs` names the shops that are looked at; None is all of them.
    """

    found: Examination
    slugs: tuple[str, ...] | None = None
    _urls: CentralUrls | None = None
    _opened: ExitStack = field(default_factory=ExitStack)
    _turn: Lock = field(default_factory=Lock)

    @property
    def settings(self) -> Settings:
        """Return the settings; raises ConfigurationError when some are malformed."""
        return settings_of(self.found)

    async def central(self) -> CentralUrls:
        """Return how to reach the central database, its embedded server started if need be."""
        return await asyncio.to_thread(self._central)

    def _central(self) -> CentralUrls:
        with self._turn:
            if self._urls is None:
                self._urls = self._opened.enter_context(open_central(self.settings))
            return self._urls

    def close(self) -> None:
        """Let go of what was opened."""
        self._opened.close()


@contextmanager
def open_surroundings(
    found: Examination,
    *,
    slugs: tuple[str, ...] | None = None,
    urls: CentralUrls | None = None,
) -> Iterator[Surroundings]:
    """Compose what checks look at; `urls` when the central database is open already."""
    around = Surroundings(found, slugs, urls)
    try:
        yield around
    finally:
        around.close()

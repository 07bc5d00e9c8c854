"""What all groups of checks look at: settings, and databases once one of them asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from threading import Lock

from wabot.config import Examination, Settings, settings_of
from wabot.container.central import CentralUrls, open_central
from wabot.domain.tenant import Tenant
from wabot.services.provisioning.token_rules import TokenFacts

ToldOfToken = Callable[[Tenant, TokenFacts], Awaitable[None]]
Find = Callable[[str], Awaitable[Tenant | None]]


async def _nobody(_tenant: Tenant, _facts: TokenFacts) -> None:
    return None


@dataclass(slots=True)
class Surroundings:
    """The settings as they were found; the central database is opened when it is asked for.

    `slugs` names the shops that are looked at; None is all of them. What a group enters into
    `opened` is left once all checks have run. `told_of_token` hears what Meta says of a token.
    `find` finds a shop by its slug where a connection is open already.
    """

    found: Examination
    slugs: tuple[str, ...] | None = None
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)
    told_of_token: ToldOfToken = _nobody
    find: Find | None = None
    _urls: CentralUrls | None = None
    _turn: Lock = field(default_factory=Lock)

    @property
    def settings(self) -> Settings:
        """Return the settings; raises ConfigurationError when some are malformed."""
        return settings_of(self.found)

    @property
    def own_address(self) -> str:
        """Return where `wabot serve` listens on this machine."""
        return address_here(self.settings["WABOT_HOST"], self.settings["WABOT_PORT"])

    async def central(self) -> CentralUrls:
        """Return how to reach the central database, its embedded server started if need be."""
        return await asyncio.to_thread(self._central)

    def _central(self) -> CentralUrls:
        with self._turn:
            if self._urls is None:
                self._urls = self.opened.enter_context(open_central(self.settings))
            return self._urls


def address_here(host: str, port: int) -> str:
    """Return how this machine reaches what listens there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def open_surroundings(
    found: Examination,
    *,
    slugs: tuple[str, ...] | None = None,
    urls: CentralUrls | None = None,
    told_of_token: ToldOfToken = _nobody,
    find: Find | None = None,
) -> AsyncIterator[Surroundings]:
    """Compose what checks look at; `urls` when the central database is open already.

    What was opened meanwhile is closed at the end.
    """
    async with AsyncExitStack() as opened:
        yield Surroundings(found, slugs, opened, told_of_token, find, urls)

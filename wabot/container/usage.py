"""What shops used up, for commands: the roll-up over a central database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from wabot.config import Settings

if TYPE_CHECKING:
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.runtime.ports import Clients, Clock, Journal
    from wabot.services.runtime.usage import UsageRollUp


def build_usage(
    settings: Settings, pools: "Pools", clients: "Clients", journal: "Journal", clock: "Clock"
) -> "UsageRollUp":
    """Put the roll-up together; ConfigurationError for prices that cannot be read."""
    from wabot.repositories.message_prices import read_prices
    from wabot.repositories.runtime.usage import PostgresUsage
    from wabot.services.runtime.usage import UsageRollUp

    prices = read_prices(settings["WABOT_MESSAGE_PRICES"])
    return UsageRollUp(PostgresUsage(pools), clients, journal, clock, prices)


@asynccontextmanager
async def open_usage(settings: Settings, runtime_url: str) -> AsyncIterator["UsageRollUp"]:
    """Give the roll-up of a central database while the block lasts."""
    from datetime import timedelta

    from wabot.gateways.clock import SystemClock
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.runtime.clients import PostgresClients
    from wabot.repositories.runtime.journal import PostgresJournal
    from wabot.repositories.runtime.pools import Pools

    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    pools = Pools(runtime_url, size=2, decrypt=cipher.decrypt)
    clock = SystemClock()
    none = timedelta(0)
    journal = PostgresJournal(
        pools, owner="usage", lease=none, quiet=none, quiet_limit=none, clock=clock
    )
    await pools.open()
    try:
        yield build_usage(settings, pools, PostgresClients(pools), journal, clock)
    finally:
        await pools.close()


async def rebuild_usage(
    settings: Settings, runtime_url: str, only: UUID | None = None
) -> list[tuple[str, str]]:
    """See `UsageRollUp.rebuild_all`."""
    async with open_usage(settings, runtime_url) as usage:
        return await usage.rebuild_all(only)

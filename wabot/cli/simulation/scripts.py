"""Plays `.chat` files, each on a copy of a prepared database that nothing else has touched."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from wabot.cli.simulation.databases import SimulationServer, Throwaways
from wabot.cli.simulation.shops import DEMO_SLUG, Secrets, demo_copy, prepare_database
from wabot.cli.simulation.stage import Surroundings, open_stage
from wabot.domain.tenant import Tenant
from wabot.services.provisioning.look import ShopCopy
from wabot.simulation.conversation.player import Outcome, first_clock, play
from wabot.simulation.conversation.script import Script

TICK = timedelta(seconds=1)


@dataclass(slots=True)
class ScriptPlayer:
    """Plays scripts with the demo shop of their template, or all with one given shop.

    `as_runtime` turns the owner's URL of a database into the runtime's.
    """

    server: SimulationServer
    run: Throwaways
    as_runtime: Callable[[str], str]
    shop: ShopCopy | None = None
    keys: Secrets = field(default_factory=Secrets)
    _prepared: dict[str, tuple[str, Tenant]] = field(default_factory=dict)

    def play(self, script: Script, *, update: bool = False) -> Outcome:
        """Play one script from the beginning of a shop's life."""
        with self.surroundings(script.template) as found:
            return asyncio.run(_play(script, found, update=update))

    @contextmanager
    def surroundings(self, template: str) -> Iterator[Surroundings]:
        """Have a fresh database with the shop in it while the block lasts."""
        prepared, tenant = self._prepare(template)
        database = self.run.make(prepared)
        try:
            owner_url = self.server.url(database)
            yield Surroundings(owner_url, self.as_runtime(owner_url), tenant, self.keys)
        finally:
            self.run.drop(database)

    def _prepare(self, template: str) -> tuple[str, Tenant]:
        key = "" if self.shop is not None else template
        if key not in self._prepared:
            shop = self.shop or demo_copy(template)
            database = self.run.make()
            owner_url = self.server.url(database)
            tenant = prepare_database(
                owner_url, self.as_runtime(owner_url), DEMO_SLUG, shop, self.keys
            )
            self._prepared[key] = database, tenant
        return self._prepared[key]


@contextmanager
def open_player(
    server: SimulationServer, as_runtime: Callable[[str], str], shop: ShopCopy | None = None
) -> Iterator[ScriptPlayer]:
    """Play scripts while the block lasts; its databases are gone afterwards."""
    with server.throwaway() as run:
        yield ScriptPlayer(server, run, as_runtime, shop)


async def _play(script: Script, found: Surroundings, *, update: bool) -> Outcome:
    clock = first_clock(found.tenant.time_zone)
    async with open_stage(found, clock=clock, tick=TICK) as stage:
        return await play(script, stage, update=update)

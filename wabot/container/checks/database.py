"""The checks of the central database, over the repositories."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wabot.checks.apps import APPS
from wabot.checks.database import DATABASE, Standing
from wabot.checks.env import OneSetting
from wabot.checks.model import CheckSet
from wabot.config import Settings
from wabot.container.central import CentralUrls
from wabot.container.checks.surroundings import Surroundings
from wabot.errors import WabotError

if TYPE_CHECKING:
    from wabot.repositories.central_schema import CentralStatus
    from wabot.services.server_facts import ServerFacts


class CentralDatabase:
    """The central database as the checks ask about it; what several ask is looked up once."""

    def __init__(self, urls: CentralUrls, settings: Settings) -> None:
        self._urls = urls
        self._settings = settings
        self._facts: asyncio.Task[ServerFacts] | None = None
        self._runtime_facts: asyncio.Task[ServerFacts] | None = None
        self._status: asyncio.Task[CentralStatus] | None = None

    @property
    def runtime_setting(self) -> str:
        """Return the name of the setting that the runtime's login comes from."""
        if self._urls.embedded:
            return "the embedded server"
        return "RUNTIME_DATABASE_URL" if self._settings["RUNTIME_DATABASE_URL"] else "DATABASE_URL"

    @property
    def owned(self) -> bool:
        """Tell whether the owner's login is at hand."""
        return bool(self._urls.owner)

    @property
    def servers(self) -> int:
        """Return how many machines serve."""
        found: int = self._settings["WABOT_SERVERS"]
        return found

    @property
    def pool_size(self) -> int:
        """Return how many connections a serving process may hold."""
        found: int = self._settings["WABOT_POOL_SIZE"]
        return found

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the names of the master keys at hand."""
        from wabot.gateways.encryption import TokenCipher

        keys = self._settings["WABOT_MASTER_KEY"]
        return TokenCipher(keys).key_ids if keys else ()

    async def as_owner(self) -> "ServerFacts":
        """Look as the owner; as the runtime where that login is not at hand."""
        from wabot.repositories.server_facts import look_at_server

        if self._facts is None:
            url = self._urls.owner or self._urls.runtime_url
            self._facts = asyncio.create_task(asyncio.to_thread(look_at_server, url))
        return await asyncio.shield(self._facts)

    async def pooled(self) -> bool:
        """Tell whether something stands between, on the way of the runtime if it gets in."""
        from wabot.repositories.server_facts import look_at_server

        owners = (await self.as_owner()).pooled
        if self._runtime_facts is None:
            url = self._urls.runtime_url
            self._runtime_facts = asyncio.create_task(asyncio.to_thread(look_at_server, url))
        try:
            return owners or (await asyncio.shield(self._runtime_facts)).pooled
        except WabotError:
            return owners

    async def verify_runtime(self) -> None:
        """Raise when the runtime's login does not get in, or may do too much."""
        from wabot.repositories.central_roles import verify_runtime_login

        await asyncio.to_thread(verify_runtime_login, self._urls.runtime_url)

    async def standing(self) -> Standing:
        """Look at the central tables."""
        from wabot.repositories.central_schema import status

        if self._status is None:
            url = self._urls.owner or self._urls.runtime_url
            self._status = asyncio.create_task(asyncio.to_thread(status, url))
        found = await asyncio.shield(self._status)
        return Standing(
            found.revision,
            found.head,
            len(found.pending),
            found.known,
            found.served,
            found.runtime_problems,
            found.clients,
        )

    async def keys_in_use(self) -> Mapping[str, int]:
        """Count tokens by the key that they are encrypted with."""
        from wabot.repositories.runtime.token_keys import keys_in_use

        return await asyncio.to_thread(keys_in_use, self._urls.runtime_url)

    async def behind(self) -> Mapping[str, int]:
        """Count shops that lack revisions, by where they stand."""
        return await asyncio.to_thread(self._behind)

    def _behind(self) -> Mapping[str, int]:
        from wabot.repositories.conninfo import connect
        from wabot.repositories.provisioning.migrating import standings_in
        from wabot.repositories.provisioning.migration_line import bundled_line

        line = bundled_line()
        found = {}
        with connect(self._urls.runtime_url, autocommit=True) as connection:
            standings = standings_in(connection)
        for ledger, standing in standings.items():
            try:
                late = bool(line.pending(ledger))
            except WabotError:
                late = True
            if late:
                found[ledger or "none"] = standing.tenants
        return found


class _BoundShops:
    def __init__(self, urls: CentralUrls, around: Surroundings) -> None:
        self._urls = urls
        self.known = frozenset(around.settings.apps)
        self.main: str = around.settings["WHATSAPP_APP_ID"]
        self.place = OneSetting(around.found, "WHATSAPP_APP_ID").place

    async def by_app(self) -> Mapping[str, Sequence[str]]:
        """Return the slugs of the shops by the app that each is bound to, in order."""
        from wabot.repositories.runtime.bound_apps import slugs_by_app

        return await asyncio.to_thread(slugs_by_app, self._urls.runtime_url)


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def database() -> dict[str, CentralDatabase]:
        return {"": CentralDatabase(await around.central(), around.settings)}

    async def shops() -> dict[str, _BoundShops]:
        return {"": _BoundShops(await around.central(), around)}

    readable = ("env.setting", "env.together")
    return (
        CheckSet(DATABASE, database, needs=readable),
        CheckSet(APPS, shops, needs=readable),
    )

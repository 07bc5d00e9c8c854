"""The checks of shops at Meta, over the Graph API: slow enough for Meta's limits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from wabot.checks.env import OneSetting
from wabot.checks.graph import GRAPH, Graph
from wabot.checks.model import CheckSet
from wabot.checks.whatsapp import SHOP, LeftForLater, ShopAtMeta
from wabot.container.central import CentralUrls
from wabot.container.checks.surroundings import Surroundings
from wabot.container.graph import graph_client
from wabot.container.provisioning import tenants_at
from wabot.domain.delivery import Reaction
from wabot.domain.meta import AccountFacts, NumberFacts
from wabot.domain.purpose import Purpose, TemplateName, parse_template
from wabot.domain.tenant import Tenant
from wabot.gateways.encryption import TokenCipher
from wabot.gateways.whatsapp.accounts import GraphAccounts
from wabot.gateways.whatsapp.budget import CallBudget
from wabot.gateways.whatsapp.client import GraphClient
from wabot.gateways.whatsapp.errors import GraphFailure
from wabot.gateways.whatsapp.inspection import GraphInspector
from wabot.gateways.whatsapp.reach import reach
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.token_rules import TokenFacts, account_of

T = TypeVar("T")

_AT_ONCE = 4
# Of the whole process: servers repeat these checks shop by shop, within the same hour.
_BUDGET = CallBudget()
_TEMPLATES = [purpose.setting for purpose in Purpose]


class _Platform:
    def __init__(self, around: Surroundings) -> None:
        self.version: str = around.settings["WHATSAPP_API_VERSION"]
        self.place = OneSetting(around.found, "WHATSAPP_API_VERSION").place
        self.today = datetime.now(UTC).date()
        self._url: str = around.settings["WHATSAPP_API_BASE"]

    async def reach(self) -> str:
        """Return the address that answered, whatever it said; raises ExternalFailure."""
        return await reach(self._url)


class _Graph:
    """Graph as all shops of a run share it: few calls at once, so many an hour and account."""

    def __init__(self, client: GraphClient, address: str) -> None:
        self._client = client
        self._address = address
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._shared: dict[tuple[str, ...], asyncio.Task[Any]] = {}

    async def ask(self, account: str, question: Callable[[GraphClient], Awaitable[T]]) -> T:
        """Ask once; raises LeftForLater when that account was asked enough."""
        async with self._turn:
            if not _BUDGET.take(f"{self._address} {account}"):
                raise LeftForLater(
                    "asked often enough: Meta limits questions by the hour and account"
                )
            try:
                return await question(self._client)
            except GraphFailure as failure:
                if failure.error is not None and failure.error.reaction is Reaction.LATER:
                    raise LeftForLater("Meta takes no more questions in this hour") from failure
                raise

    async def once(self, key: tuple[str, ...], ask: Callable[[], Awaitable[T]]) -> T:
        """Return the same answer to whoever asks the same in this run."""
        if key not in self._shared:
            self._shared[key] = asyncio.ensure_future(ask())
        found: T = await asyncio.shield(self._shared[key])
        return found

    def abandon(self) -> None:
        """Ask nothing that nobody waits for any more: the run is over."""
        for task in self._shared.values():
            task.cancel()


class _Shop:
    """One shop; its token is decrypted when Graph is first asked."""

    def __init__(
        self, tenant: Tenant, graph: _Graph, around: Surroundings, urls: CentralUrls
    ) -> None:
        self.tenant = tenant
        self.now = datetime.now(UTC)
        self._graph = graph
        self._told = around.told_of_token
        self._keys: tuple[bytes, ...] = around.settings["WABOT_MASTER_KEY"]
        self._urls = urls

    async def token(self) -> TokenFacts:
        """Return what Graph says of the shop's token."""
        return await self._once("token", self._inspect)

    async def _inspect(self, graph: GraphClient) -> TokenFacts:
        facts = await GraphInspector(graph).inspect(self._token)
        await self._told(self.tenant, facts)
        return facts

    async def number(self) -> NumberFacts:
        """Return what Graph says of the shop's number."""
        number = self.tenant.phone_number_id
        return await self._once("number", lambda g: GraphAccounts(g).number(number, self._token))

    async def account_id(self) -> str:
        """Return the shop's WhatsApp account: as stored, or the only one that the token is for."""
        if self.tenant.waba_id:
            return self.tenant.waba_id
        return account_of(self.tenant, await self.token())

    async def account(self) -> AccountFacts:
        """Return what Graph says of the account, asked once for all its shops."""
        waba = await self.account_id()
        return await self._once(
            "account", lambda g: GraphAccounts(g).account(waba, self._token), of=waba
        )

    async def subscribed(self) -> frozenset[str]:
        """Return the apps that get the account's webhooks, asked once for all its shops."""
        waba = await self.account_id()
        return await self._once(
            "apps", lambda g: GraphAccounts(g).subscribed(waba, self._token), of=waba
        )

    async def template(self, name: str) -> Mapping[str, str]:
        """Return the status of a template by language, asked once for all shops of the account."""
        waba = await self.account_id()
        return await self._once(
            f"template {name}",
            lambda g: GraphAccounts(g).template(waba, name, self._token),
            of=waba,
        )

    async def templates(self) -> Mapping[str, TemplateName] | None:
        """Return the templates that the shop's settings name, by setting; None: out of reach."""
        if not self._urls.owner:
            return None
        return await asyncio.to_thread(self._templates)

    def _templates(self) -> Mapping[str, TemplateName]:
        with tenants_at(self._urls.owner_url, keys=self._keys) as provisioning:
            stored = provisioning.tenants.read_seed(self.tenant).settings
        named = {key: parse_template(str(stored.get(key) or "")) for key in _TEMPLATES}
        return {key: template for key, template in named.items() if template is not None}

    @property
    def _token(self) -> str:
        return TokenCipher(self._keys).decrypt(self.tenant.id, self.tenant.token)

    async def _once(
        self, what: str, question: Callable[[GraphClient], Awaitable[T]], *, of: str = ""
    ) -> T:
        account = self.tenant.waba_id or self.tenant.phone_number_id
        key = (what, of or self.tenant.slug)
        return await self._graph.once(key, lambda: self._graph.ask(account, question))


def sets(around: Surroundings) -> tuple[CheckSet[Any], ...]:
    """Compose the group."""

    async def graph() -> Mapping[str, Graph]:
        return {"": _Platform(around)}

    async def shops() -> Mapping[str, ShopAtMeta]:
        settings = around.settings
        client = await around.opened.enter_async_context(graph_client(settings))
        urls, shared = await around.central(), _Graph(client, settings["WHATSAPP_API_BASE"])
        around.opened.callback(shared.abandon)
        if around.find is not None and around.slugs is not None:
            # One that was deleted meanwhile is nobody's.
            found = [shop for slug in around.slugs if (shop := await around.find(slug))]
        else:
            found = await asyncio.to_thread(_shops, around, urls)
        return {tenant.slug: _Shop(tenant, shared, around, urls) for tenant in found}

    readable = ("env.setting", "env.together")
    return (
        CheckSet(GRAPH, graph, needs=readable),
        CheckSet(SHOP, shops, needs=(*readable, "database.revision"), shops=True),
    )


def _shops(around: Surroundings, urls: CentralUrls) -> list[Tenant]:
    """Return the named shops, or all that answer customers."""
    url = urls.owner or urls.runtime_url
    with tenants_at(url) as provisioning:
        if around.slugs is not None:
            return [find_tenant(provisioning.tenants, slug) for slug in around.slugs]
        return list(provisioning.tenants.active())

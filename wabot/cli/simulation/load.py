"""`wabot simulate load`: real conversations against the real server, measured and compared."""

import asyncio
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from wabot.cli.output import Output
from wabot.cli.simulation.faults import FragileServer, Harm, fragile_server
from wabot.cli.simulation.home import simulation_server
from wabot.cli.simulation.run import LoadRequest, compared, run_generator
from wabot.cli.simulation.shops import (
    APP_ID,
    Secrets,
    demo_copy,
    let_everything_be_sent,
    let_staff_write,
)
from wabot.config import surroundings
from wabot.container import Provisioning, tenants_at
from wabot.domain.tenant import Tenant
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.graph import GraphConfig, StandInGraph
from wabot.simulation.load.books import Scope, now_at
from wabot.simulation.load.generator import LoadGenerator
from wabot.simulation.load.mischief import Mischief
from wabot.simulation.load.servers import Servers, serving

_FIRST_NUMBER = 106_700_000_000_000
_STOCK = 1_000_000
_KEPT = 20_000


def run_load(request: LoadRequest, out: Output) -> dict[str, Any]:
    """Make shops in a throwaway database, serve them, load them, and return the figures."""
    keys = Secrets()
    with _database(faults=request.faults) as (owner_url, fragile):
        runtime_url = as_runtime_login(owner_url)
        upgrade(owner_url, runtime_conninfo=runtime_url)
        with tenants_at(owner_url, keys=(keys.master_key,), actor="simulation") as provisioning:
            tenants = _make_shops(request, provisioning, keys, out)
        let_staff_write(owner_url, tenants)
        let_everything_be_sent(owner_url)
        numbers = tuple(tenant.phone_number_id for tenant in tenants)
        place = _Place(owner_url, runtime_url, keys, numbers, fragile)
        return asyncio.run(_measure(request, place, out))


@contextmanager
def _database(*, faults: bool) -> Iterator[tuple[str, FragileServer | None]]:
    """Give an empty database to its owner; one that is harmed has a server of its own."""
    if faults:
        with fragile_server() as fragile:
            yield fragile.url, fragile
        return
    with simulation_server() as (server, _), server.throwaway() as databases:
        yield server.url(databases.make()), None


def _make_shops(
    request: LoadRequest, provisioning: Provisioning, keys: Secrets, out: Output
) -> tuple[Tenant, ...]:
    shop = demo_copy(request.template)
    plenty = tuple(replace(product, stock=_STOCK) for product in shop.seed.products)
    seed = replace(shop.seed, products=plenty)
    tenants = []
    with out.progress("Making shops", request.tenants) as advance:
        for place in range(request.tenants):
            number = str(_FIRST_NUMBER + place)
            creation = provisioning.create.run(
                TenantRequest(
                    slug=f"carga-{place}",
                    name=f"Tienda {place}",
                    plan=shop.plan,
                    phone_number_id=number,
                    token=keys.token,
                    template=seed.template,
                    app_id=APP_ID,
                    actor="simulation",
                ),
                seed,
            )
            tenants.append(creation.tenant)
            advance(1)
    return tuple(tenants)


@dataclass(frozen=True, slots=True)
class _Place:
    """The throwaway database with its shops, and the run's keys."""

    owner_url: str
    runtime_url: str
    keys: Secrets
    numbers: tuple[str, ...]
    fragile: FragileServer | None


async def _measure(request: LoadRequest, place: _Place, out: Output) -> dict[str, Any]:
    secret = place.keys.app_secret
    config = GraphConfig(app_secret=secret, statuses=request.level, kept=_KEPT)
    since = now_at(place.owner_url)
    async with AsyncExitStack() as stack:
        graph = await stack.enter_async_context(StandInGraph(config))
        environment = {**_environment(place, graph.url), **request.settings}
        servers = [
            stack.enter_context(serving(environment, request.workers))
            for _ in range(request.servers)
        ]
        webhooks = [f"{server.url}/webhook" for server in servers]
        graph.statuses.callback_url = webhooks[0]
        generator = LoadGenerator(request.plan(place.numbers), secret, *webhooks)
        graph.journal.listen(generator.hear)
        harm = _harm(request, place, graph, servers)
        await run_generator(generator, harm, request, out)
        memory = [megabytes for server in servers for megabytes in server.memory()]
        scope = Scope(place.numbers, generator.contacts, since, stock=_STOCK)
        report = await compared(generator, place.owner_url, scope, request, out)
        errors = sum((server.errors() for server in servers), Counter())
    return {
        "tenants": request.tenants,
        "customers": request.customers,
        "servers": request.servers,
        "workers": request.workers,
        "statuses": request.level.value,
        **report,
        "bot_errors": sum(errors.values()),
        "errors": dict(errors),
        "worker_memory_mb": max(memory, default=None),
        "workers_memory_mb": memory,
        "faults": dict(harm.done) if harm else {},
    }


def _harm(
    request: LoadRequest, place: _Place, graph: StandInGraph, servers: Sequence[Servers]
) -> Mischief | None:
    if place.fragile is None:
        return None
    chance = request.chance()
    return Mischief(graph, chance, Harm(servers, place.fragile, chance).acts(), Counter())


def _environment(place: _Place, graph_url: str) -> dict[str, str]:
    keys = place.keys
    return surroundings() | {
        "DATABASE_URL": place.owner_url,
        "RUNTIME_DATABASE_URL": place.runtime_url,
        "WABOT_MASTER_KEY": urlsafe_b64encode(keys.master_key).decode(),
        "WHATSAPP_APP_ID": APP_ID,
        "WHATSAPP_APP_SECRET": keys.app_secret,
        "WHATSAPP_VERIFY_TOKEN": keys.verify_token,
        "WHATSAPP_API_BASE": graph_url,
        "WABOT_QUIET_WINDOW": "0",
        "WABOT_RATE_LIMITS": "off",
        "WABOT_LOG_FORMAT": "json",
    }

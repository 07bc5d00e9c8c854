"""`wabot simulate load`: real conversations against the real server, measured and compared."""

import asyncio
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from wabot.cli.output import Output
from wabot.cli.simulation_faults import FragileServer, Harm, fragile_server
from wabot.cli.simulation_home import simulation_server
from wabot.cli.simulation_shops import APP_ID, Secrets, demo_copy, let_staff_write
from wabot.config import surroundings
from wabot.container import Provisioning, tenants_at
from wabot.domain.tenant import Tenant
from wabot.errors import Finding
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.graph import GraphConfig, StandInGraph, StatusLevel
from wabot.simulation.load.books import Scope, now_at, read_books, wait_until_settled
from wabot.simulation.load.deliveries import CAPRICIOUS, Caprices
from wabot.simulation.load.figures import Figures
from wabot.simulation.load.generator import LoadGenerator, LoadPlan
from wabot.simulation.load.mischief import Mischief
from wabot.simulation.load.servers import Servers, serving
from wabot.simulation.load.verdict import Verdict, compare

_FIRST_NUMBER = 106_700_000_000_000
_STOCK = 1_000_000
_KEPT = 20_000
_PATIENCE = 15.0
_PATIENCE_WITH_FAULTS = 40.0
_REST = 60.0
_REST_WITH_FAULTS = 180.0
_FINDINGS = 10


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What the operator asked for; a rate of 0 means as fast as the customers can.

    `settings` are further ones for the serving processes.
    """

    tenants: int
    customers: int
    rate: float
    seconds: float
    workers: int
    statuses: str
    template: str
    concurrency: int = 0
    messages: int = 0
    seed: int = 1
    faults: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def plan(self, numbers: tuple[str, ...]) -> LoadPlan:
        """Return what the generator is to do."""
        return LoadPlan(
            numbers,
            self.customers,
            self.seconds,
            self.rate,
            patience=_PATIENCE_WITH_FAULTS if self.faults else _PATIENCE,
            seed=self.seed,
            messages=self.messages,
            caprices=CAPRICIOUS if self.faults else Caprices(),
            concurrency=self.concurrency,
        )

    @property
    def level(self) -> StatusLevel:
        """Return how far messages get; with faults outcomes are settled by at least one status."""
        level = StatusLevel(self.statuses)
        return StatusLevel.SENT if self.faults and level is StatusLevel.NONE else level

    @property
    def expected(self) -> int | None:
        """Return how many messages there will be, where that is known."""
        by_rate = int(self.rate * self.seconds)
        known = [number for number in (self.messages, by_rate) if number]
        return min(known) if known else None


def run_load(request: LoadRequest, out: Output) -> dict[str, Any]:
    """Make shops in a throwaway database, serve them, load them, and return the figures."""
    keys = Secrets()
    with _database(faults=request.faults) as (owner_url, fragile):
        runtime_url = as_runtime_login(owner_url)
        upgrade(owner_url, runtime_conninfo=runtime_url)
        with tenants_at(owner_url, keys=(keys.master_key,), actor="simulation") as provisioning:
            tenants = _make_shops(request, provisioning, keys, out)
        let_staff_write(owner_url, tenants)
        numbers = tuple(tenant.phone_number_id for tenant in tenants)
        place = _Place(owner_url, runtime_url, keys, numbers, fragile)
        return asyncio.run(_measure(request, place, out))


def report_of(figures: Figures, verdict: Verdict, out: Output) -> dict[str, Any]:
    """Return the figures with what the databases say; say what is wrong."""
    for finding in verdict.findings[:_FINDINGS]:
        out.warn(finding)
    report = figures.report()
    return report | {
        "orders": verdict.orders,
        "handled": verdict.handled,
        "lost": max(figures.lost, verdict.lost),
        "doubled": max(figures.doubled, verdict.doubled),
        "out_of_order": verdict.out_of_order,
        "second_sends": verdict.second_sends,
    }


def check_report(report: dict[str, Any]) -> None:
    """Raise Finding when anything was lost, done twice or out of order."""
    wrong = [f"{report[key]} {key.replace('_', ' ')}" for key in _WRONG if report[key]]
    if wrong:
        raise Finding(
            f"Not everything was done once and in order: {', '.join(wrong)}",
            hint="Without faults, try fewer customers: a full machine answers too late.",
        )


_WRONG = ("lost", "doubled", "out_of_order")


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
        servers = stack.enter_context(serving(environment, request.workers))
        graph.statuses.callback_url = f"{servers.url}/webhook"
        generator = LoadGenerator(request.plan(place.numbers), f"{servers.url}/webhook", secret)
        graph.journal.listen(generator.hear)
        harm = _harm(request, place, graph, servers)
        with out.progress("Messages answered", request.expected) as advance:
            figures = await _run(generator, harm, advance)
        contacts = tuple({posted.contact for posted in generator.ledger.posted.values()})
        scope = Scope(place.numbers, contacts, since, stock=_STOCK)
        rest = _REST_WITH_FAULTS if request.faults else _REST
        out.note("Comparing with the databases…")
        left = await asyncio.to_thread(wait_until_settled, place.owner_url, scope, rest)
        # Also those who had given up hope may have heard by now.
        figures.lost = generator.unanswered
        memory = servers.memory()
        errors = servers.errors()
    books = read_books(place.owner_url, scope)
    return {
        "tenants": request.tenants,
        "customers": request.customers,
        "workers": request.workers,
        "statuses": request.level.value,
        **report_of(figures, compare(generator.ledger, books), out),
        "unsettled": left,
        "bot_errors": sum(errors.values()),
        "errors": dict(errors),
        "worker_memory_mb": max(memory, default=None),
        "workers_memory_mb": memory,
        "faults": dict(harm.done) if harm else {},
    }


def _harm(
    request: LoadRequest, place: _Place, graph: StandInGraph, servers: Servers
) -> Mischief | None:
    if place.fragile is None:
        return None
    chance = Random(request.seed)  # noqa: S311 - repeatable, not secret
    return Mischief(graph, chance, Harm(servers, place.fragile, chance).acts(), Counter())


async def _run(generator: LoadGenerator, harm: Mischief | None, advance: Any) -> Figures:
    if harm is None:
        return await generator.run(advance)
    harming = asyncio.create_task(harm.run())
    try:
        return await generator.run(advance)
    finally:
        harming.cancel()
        with suppress(asyncio.CancelledError):
            await harming


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

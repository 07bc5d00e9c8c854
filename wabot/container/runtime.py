"""One serving process, composed from its settings."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from wabot.config import Settings, traces_wanted
from wabot.errors import InvalidInput
from wabot.logs import log

if TYPE_CHECKING:
    from wabot.container.alerts import Alerting
    from wabot.container.watching import Watching
    from wabot.domain.tenant import Tenant
    from wabot.gateways.whatsapp.client import GraphClient
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.runtime.acceptance import Acceptor
    from wabot.services.runtime.events import Leased
    from wabot.services.runtime.measuring import Measures
    from wabot.services.runtime.media import MediaWorker
    from wabot.services.runtime.plan_watch import PlanWatch
    from wabot.services.runtime.ports import Clients, Clock, Journal
    from wabot.services.runtime.quota import QuotaWatch
    from wabot.services.runtime.sending import Limits
    from wabot.services.runtime.spans import Spans
    from wabot.services.runtime.worker import Worker
    from wabot.services.signatures import SignatureVerifier
    from wabot.texts import Texts

_log = logging.getLogger(__name__)

# Conversations that hand something to Graph at once: 64 fill a number's 80 messages a second even
# when each takes most of a second.
_SENDS, _SENDS_PER_TENANT = 512, 64


def template_texts() -> "Callable[[Tenant], Texts]":
    """Return what gives a tenant its words: the common ones with its template's own."""
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.texts import Texts, load_texts

    templates = FolderTemplates()
    known: dict[str, Texts] = {}

    def texts_of(tenant: "Tenant") -> Texts:
        if tenant.template not in known:
            known[tenant.template] = load_texts().with_overrides(overrides_of(tenant.template))
        return known[tenant.template]

    def overrides_of(template: str) -> Mapping[str, str]:
        try:
            return templates.load(template).texts
        except InvalidInput as error:
            # A shop goes on with the common words rather than falling silent.
            said = "A shop's template is not at hand: it speaks the common words."
            log(_log, logging.ERROR, "template.missing", said, template=template, why=error.message)
            return {}

    return texts_of


@dataclass(slots=True)
class Runtime:
    """Everything that one serving process holds."""

    pools: "Pools"
    graph: "GraphClient"
    acceptor: "Acceptor"
    worker: "Worker"
    media: "MediaWorker"
    signatures: "SignatureVerifier"
    clock: "Clock"
    verify_token: str
    clients: "Clients"
    measures: "Measures"
    alerting: "Alerting"
    spans: "Spans"
    watching: "Watching | None" = None

    async def open(self) -> None:
        """Connect and begin to work; raises DatabaseUnavailable."""
        await self.pools.open()
        await self.graph.open()
        self.worker.start()
        self.media.start()
        self.alerting.start()
        if self.watching is not None:
            self.watching.start()

    async def close(self) -> None:
        """Finish what is at hand, give leases back and disconnect."""
        if self.watching is not None:
            await self.watching.stop()
        await self.alerting.stop()
        await self.media.stop()
        await self.worker.stop()
        await self.graph.close()
        await self.pools.close()
        # It may wait for a collector that does not answer.
        await asyncio.to_thread(self.spans.close)

    async def ping(self) -> None:
        """Raise DatabaseUnavailable when the central database does not answer."""
        async with self.pools.central() as connection:
            await connection.execute("SELECT 1")

    async def problems(self) -> "Sequence[dict[str, Any]]":
        """Return the checks of the installation and of this machine that fail."""
        from wabot.repositories.runtime.check_states import PostgresCheckStates

        return await PostgresCheckStates(self.pools).problems(socket.gethostname())


def build_runtime(
    settings: Settings,
    runtime_url: str,
    *,
    clock: "Clock | None" = None,
    texts_of: "Callable[[Tenant], Texts] | None" = None,
    workers: int = 1,
    shared_metrics: Path | None = None,
) -> Runtime:
    """Put the serving process, one of so many on this machine, together; nothing is opened yet.

    `shared_metrics` is its place in the folder of all workers' metrics.
    """
    from wabot.container.alerts import build_alerting
    from wabot.container.graph import graph_client
    from wabot.container.media import build_media
    from wabot.container.usage import build_usage
    from wabot.container.watching import build_measures, build_spans, build_watching
    from wabot.gateways.clock import SystemClock
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.runtime.clients import PostgresClients
    from wabot.repositories.runtime.pools import Pools
    from wabot.repositories.runtime.turns import PostgresTenantStore
    from wabot.services.alerts.tally import Tally
    from wabot.services.runtime.acceptance import Acceptor
    from wabot.services.runtime.apologies import Apologies
    from wabot.services.runtime.conversing import Conversing, closing_batcher
    from wabot.services.runtime.delivery_alerts import DeliveryAlerts
    from wabot.services.runtime.fallbacks import Fallbacks
    from wabot.services.runtime.gates import Gate
    from wabot.services.runtime.measuring import UNMEASURED
    from wabot.services.runtime.quota import QuotaWatch
    from wabot.services.runtime.sending import ResendRule, Sender
    from wabot.services.runtime.turn import TurnRunner
    from wabot.services.runtime.worker import Worker
    from wabot.services.signatures import SignatureVerifier

    def seconds(name: str) -> timedelta:
        return timedelta(seconds=settings[name])

    metrics = build_measures(settings, shared_metrics)
    spans = build_spans(traces_wanted())
    measures = Tally(metrics or UNMEASURED)
    business_clock = clock or SystemClock()
    owner = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    pools = Pools(runtime_url, size=settings["WABOT_POOL_SIZE"], decrypt=cipher.decrypt)
    journal = _journal(settings, pools, owner, business_clock, measures)
    clients = PostgresClients(pools)
    store = PostgresTenantStore(pools)
    graph = graph_client(settings, connections=_SENDS, measures=measures)

    def dispatch(leased: "Iterable[Leased]") -> None:
        worker.dispatch(leased)

    quotas = QuotaWatch(journal, business_clock, dispatch)
    limits = _limits(settings, pools, business_clock, quotas, workers)
    fallbacks = Fallbacks(store, DeliveryAlerts(journal, measures), business_clock)
    sender = Sender(
        store,
        journal,
        graph,
        TokenCipher(settings["WABOT_MASTER_KEY"]),
        ResendRule(
            seconds("WABOT_RESEND_AFTER"),
            seconds("WABOT_RESEND_AFTER_SILENT"),
            seconds("WABOT_LEASE"),
        ),
        clients=clients,
        limits=limits,
        fallbacks=fallbacks,
        clock=business_clock,
        measures=measures,
        spans=spans,
    )
    texts = texts_of or template_texts()
    turns = TurnRunner(
        store,
        business_clock,
        texts,
        owner=owner,
        claim=seconds("WABOT_LEASE"),
        late_after=seconds("WABOT_LATE_AFTER"),
    )
    apologies = Apologies(store, business_clock, texts, owner=owner, claim=seconds("WABOT_LEASE"))
    conversing = Conversing(
        journal,
        clients,
        turns,
        sender,
        fallbacks,
        apologies,
        quotas,
        tries=settings["WABOT_EVENT_TRIES"],
        closer=closing_batcher(journal),
        turn_gate=Gate(settings["WABOT_TURNS"], settings["WABOT_TURNS_PER_TENANT"]),
        send_gate=Gate(_SENDS, _SENDS_PER_TENANT),
        measures=measures,
        spans=spans,
    )
    worker = Worker(
        journal,
        clients,
        conversing,
        business_clock,
        limits.pauses,
        plans=_plan_watch(pools, journal, business_clock),
        usage=build_usage(settings, pools, clients, journal, business_clock),
        lease=seconds("WABOT_LEASE"),
        keep_journal=timedelta(hours=settings["WABOT_JOURNAL_HOURS"]),
        measures=measures,
    )
    media = build_media(
        settings,
        pools=pools,
        graph=graph,
        tokens=cipher,
        clients=clients,
        journal=journal,
        clock=business_clock,
        worker=worker,
        owner=owner,
        measures=measures,
        spans=spans,
    )
    acceptor = Acceptor(
        journal,
        clients,
        worker.dispatch,
        worker.wake,
        wake_media=media.wake,
        measures=measures,
        # Statuses of alerts that come from a number of the operator's own.
        ignored=[settings["WABOT_ALERTS_WHATSAPP_FROM"]]
        if settings["WABOT_ALERTS_WHATSAPP_TOKEN"]
        else (),
    )
    return Runtime(
        pools,
        graph,
        acceptor,
        worker,
        media,
        SignatureVerifier(settings.apps),
        business_clock,
        settings["WHATSAPP_VERIFY_TOKEN"],
        clients,
        measures,
        build_alerting(settings, pools, clients, owner, measures),
        spans,
        build_watching(metrics, pools=pools, worker=worker, clock=business_clock),
    )


def _journal(
    settings: Settings, pools: "Pools", owner: str, clock: "Clock", measures: "Measures"
) -> "Journal":
    from wabot.repositories.runtime.journal import PostgresJournal

    return PostgresJournal(
        pools,
        owner=owner,
        lease=timedelta(seconds=settings["WABOT_LEASE"]),
        quiet=timedelta(seconds=settings["WABOT_QUIET_WINDOW"]),
        quiet_limit=timedelta(seconds=settings["WABOT_QUIET_WINDOW_MAX"]),
        clock=clock,
        measures=measures,
    )


def _limits(
    settings: Settings, pools: "Pools", clock: "Clock", quotas: "QuotaWatch", workers: int
) -> "Limits":
    from wabot.repositories.runtime.pauses import PostgresPauses
    from wabot.services.runtime.pace import Pace
    from wabot.services.runtime.pausing import SendingPauses
    from wabot.services.runtime.sending import Limits

    pace = Pace(
        processes=workers * settings["WABOT_SERVERS"],
        limits=settings["WABOT_RATE_LIMITS"] == "on",
    )
    return Limits(SendingPauses(PostgresPauses(pools, clock=clock)), pace, quotas)


def _plan_watch(pools: "Pools", journal: "Journal", clock: "Clock") -> "PlanWatch":
    from wabot.repositories.runtime.plan_dates import PostgresPlanDates
    from wabot.services.runtime.plan_watch import PlanWatch

    return PlanWatch(PostgresPlanDates(pools), journal, clock)

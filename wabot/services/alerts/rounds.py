"""The rounds: each looks at one kind of fact and brings the alerts up to date with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from wabot.domain.alerts import RULES, Rule, findings, silence
from wabot.domain.alerts.account import word_of
from wabot.domain.hours import OpeningHours
from wabot.domain.tenant import Tenant
from wabot.errors import WabotError
from wabot.logs import log
from wabot.services.alerts.fact_ports import Disks, Facts, ShopFacts
from wabot.services.runtime.ports import Clients

_log = logging.getLogger(__name__)

_WINDOW = timedelta(minutes=20)
_HOURS_BACK = 6
_SHOPS_AT_ONCE = 8
_PATIENCE = 5.0
_UNLOOKED = "A shop could not be looked at."

Memory = dict[str, Any]
Look = Callable[[Memory], Awaitable[None]]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the operator's settings say; 0 leaves a rule out."""

    order_minutes: int = 0
    backup_days: int = 0
    database_gigabytes: int = 0
    disk_percent: int = 10


@dataclass(frozen=True, slots=True)
class Round:
    """Something to look at every so often."""

    every: timedelta
    look: Look


class Looks:
    """Everything there is to look at; `host` names this machine."""

    def __init__(
        self,
        facts: Facts,
        shops: ShopFacts,
        clients: Clients,
        disks: Disks,
        thresholds: Thresholds,
        *,
        host: str,
    ) -> None:
        self._facts = facts
        self._shops = shops
        self._clients = clients
        self._disks = disks
        self._thresholds = thresholds
        self._host = host

    def rounds(self) -> dict[str, Round]:
        """Return the rounds by name; one of a machine alone is named with it."""

        def every(seconds: float, look: Look) -> Round:
            return Round(timedelta(seconds=seconds), look)

        found = {
            "sending": every(30, self._sending),
            "tokens": every(600, self._tokens),
            "account": every(30, self._account),
            "unrouted": every(60, self._unrouted),
            "silence": every(300, self._silence),
            "orders": every(120, self._orders),
            "connections": every(60, self._connections),
            "processes": every(30, self._processes),
            "upkeep": every(60, self._settle),
            "purge": every(3600, self._purge),
        }
        if self._thresholds.disk_percent:
            found[f"disk:{self._host}"] = every(60, self._disk)
        # Rarely: the server looks at each of the shops' files.
        found["size"] = every(1800, self._size)
        found["backups"] = every(3600, self._backups)
        return found

    async def _sending(self, _: Memory) -> None:
        shops = await self._facts.traffic(_WINDOW)
        for rule, judge in (
            (Rule.GRAPH_FAILING, findings.graph_failing),
            (Rule.DELIVERY_FAILING, findings.delivery_failing),
        ):
            found = judge(shops, await self._facts.standing(rule))
            await self._facts.reconcile(rule, found)
        unpaid = findings.unpaid(await self._facts.unpaid())
        paused = f"{Rule.PAYMENT_PROBLEM}:paused:"
        await self._facts.reconcile(Rule.PAYMENT_PROBLEM, unpaid, paused)

    async def _tokens(self, _: Memory) -> None:
        tokens = await self._facts.tokens(timedelta(days=7))
        found = findings.tokens_expiring(tokens, await self._facts.now())
        await self._facts.reconcile(Rule.TOKEN_EXPIRING, found)

    async def _unrouted(self, _: Memory) -> None:
        waiting = await self._facts.unrouted()
        await self._facts.reconcile(Rule.FOREIGN_APP, findings.foreign_apps(waiting))
        await self._facts.reconcile(Rule.UNKNOWN_NUMBER, findings.unknown_numbers(waiting))

    async def _account(self, memory: Memory) -> None:
        last = memory.get("last", 0)
        for news in await self._facts.account_news(last):
            account = news.waba_id or news.phone_number_id
            word = word_of(news.field, news.value, account)
            if word is not None:
                await self._facts.take_word(word, news.waba_id)
            await self._facts.remember("account", {"last": news.id})

    async def _silence(self, _: Memory) -> None:
        silent = []
        for shop in await self._facts.quiet_shops(_HOURS_BACK):
            # Most are judged without their hours: those only excuse.
            if not silence.silent_hours(shop, lambda _: True):
                continue
            hours = silence.silent_hours(shop, await self._opening(shop.client_id))
            if hours:
                silent.append(silence.Silent(shop.client_id, shop.slug, hours))
        received = await self._facts.received_by_all() if silent else 0
        spared = await self._facts.still_silent((Rule.SHOP_SILENT, Rule.WEBHOOKS_SILENT))
        for rule, judge in (
            (Rule.SHOP_SILENT, silence.shops_silent),
            (Rule.WEBHOOKS_SILENT, silence.webhooks_silent),
        ):
            await self._facts.reconcile(rule, judge(silent, received), spared=spared)

    async def _opening(self, client_id: UUID) -> Callable[[datetime], bool]:
        """Return what tells whether a shop is open; what is not known excuses nothing."""
        tenant = await self._clients.by_id(client_id)
        hours = OpeningHours()
        if tenant is not None:
            hours = await self._ask(tenant, self._shops.opening_hours) or hours

        def is_open(begins: datetime) -> bool:
            if tenant is None or not any(hours.days):
                return True
            local = begins.astimezone(ZoneInfo(tenant.time_zone))
            minute = local.hour * 60 + local.minute
            spans = hours.days[local.weekday()]
            return any(start < minute + 60 and minute < end for start, end in spans)

        return is_open

    async def _orders(self, _: Memory) -> None:
        minutes = self._thresholds.order_minutes
        gate = asyncio.Semaphore(_SHOPS_AT_ONCE)
        unknown: list[str] = []

        async def look(client_id: UUID) -> findings.WaitingOrders | None:
            async with gate:
                tenant = await self._clients.by_id(client_id)
                if tenant is None:
                    return None
                found = await self._ask(
                    tenant, lambda shop: self._shops.waiting_orders(shop, minutes)
                )
                if found is None:
                    unknown.append(f"{Rule.ORDER_WAITS}:{client_id}")
                return found

        shops = await asyncio.gather(*map(look, await self._facts.shops_with_orders()))
        found = findings.orders_waiting([shop for shop in shops if shop is not None])
        await self._facts.reconcile(Rule.ORDER_WAITS, found, spared=unknown)

    async def _ask(
        self, tenant: Tenant, question: Callable[[Tenant], Awaitable[Found]]
    ) -> Found | None:
        """Ask a shop's own tables, not for long; None when they do not answer."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await question(tenant)
        except (WabotError, TimeoutError) as error:
            reason = getattr(error, "message", "no answer in time")
            log(_log, logging.INFO, "alerts.shop", _UNLOOKED, tenant=tenant.slug, reason=reason)
        except Exception:
            # Its own tables are not as they should be: that must not hide what others suffer.
            log(_log, logging.WARNING, "alerts.shop", _UNLOOKED, tenant=tenant.slug, exc_info=True)
        return None

    async def _connections(self, _: Memory) -> None:
        found = findings.connections_used(*await self._facts.connections())
        await self._facts.reconcile(Rule.DATABASE_CONNECTIONS, found)

    async def _size(self, _: Memory) -> None:
        most = self._thresholds.database_gigabytes
        found: Sequence[findings.Finding] = ()
        if most:
            found = findings.database_size(await self._facts.database_size(), most)
        await self._facts.reconcile(Rule.DATABASE_SIZE, found)

    async def _disk(self, _: Memory) -> None:
        disks = await asyncio.to_thread(self._disks.look)
        found = findings.disks_low(disks, self._host, self._thresholds.disk_percent)
        await self._facts.reconcile(Rule.DISK_LOW, found, f"{Rule.DISK_LOW}:{self._host}:")

    async def _processes(self, _: Memory) -> None:
        hosts = await self._facts.hosts()
        await self._facts.reconcile(Rule.WORKER_DYING, findings.processes_dying(hosts))
        await self._facts.reconcile(Rule.SERVER_GONE, findings.servers_gone(hosts))

    async def _backups(self, _: Memory) -> None:
        days = self._thresholds.backup_days
        found: Sequence[findings.Finding] = ()
        if days:
            backups = await self._facts.backups(timedelta(days=days))
            found = findings.backups_old(backups, days, await self._facts.now())
        await self._facts.reconcile(Rule.BACKUP_OLD, found)

    async def _settle(self, _: Memory) -> None:
        await self._facts.settle(
            {rule.value: spec.over_after for rule, spec in RULES.items() if spec.over_after}
        )

    async def _purge(self, _: Memory) -> None:
        await self._facts.purge()

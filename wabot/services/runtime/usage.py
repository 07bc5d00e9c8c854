"""Rolls the shops' own counters up into the central table, so that one query tells of all shops."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from wabot.domain.alerts.rules import Rule
from wabot.domain.cost import Charge, Cost, PriceTable, cost_of
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.domain.usage import LEVELS, Month
from wabot.errors import ExternalFailure
from wabot.logs import log
from wabot.services.runtime.ports import Clients, Clock, Journal
from wabot.services.runtime.quota import alert_key, quota_of

_log = logging.getLogger(__name__)

_EVERY = timedelta(minutes=1)
# Statuses of a month's last messages come in the first days of the next.
_LATE_STATUSES = timedelta(days=3)
_RULES = {80: Rule.QUOTA_80, 100: Rule.QUOTA_100}


@dataclass(frozen=True, slots=True)
class MonthOfShop:
    """What a shop's own tables say of a month; `messages` by day, from the first on."""

    messages: tuple[int, ...]
    orders: int
    charges: tuple[Charge, ...]

    @property
    def counted(self) -> int:
        """Return how many messages count."""
        return sum(self.messages)


@dataclass(frozen=True, slots=True)
class Changed:
    """Clients for which something was done until a moment, by the database's clock.

    Those that could not be read before are among them.
    """

    clients: frozenset[UUID]
    until: datetime


class UsageBook(Protocol):
    """The shops' counters, and the central table over all of them."""

    async def take(self, every: timedelta) -> Changed | None:
        """Take the next refresh; None when it is not due, or another process has it."""

    async def finish(self, changed: Changed) -> None:
        """Note how far the roll-up has come."""

    async def now(self) -> datetime:
        """Return the database's time."""

    async def wait(self, client_id: UUID, reason: str) -> None:
        """Note that a client's figures are not what they should be, for the next refresh."""

    async def wait_no_more(self, client_id: UUID) -> None:
        """Note that they are."""

    async def everybody(self) -> list[UUID]:
        """Return all clients."""

    async def alerted(self) -> list[UUID]:
        """Return the clients of which an alert stands that a line was crossed."""

    async def months(self, tenant: Tenant) -> list[Month]:
        """Return the months in which a shop counted anything."""

    async def read(self, tenant: Tenant, month: Month) -> MonthOfShop:
        """Read a shop's own tables."""

    async def save(self, client_id: UUID, month: Month, found: MonthOfShop, cost: Cost) -> None:
        """Write a month of a client into the central table."""

    async def forget(self, client_id: UUID, kept: Collection[Month]) -> None:
        """Drop a client's other months from the central table."""


@dataclass(frozen=True, slots=True)
class UsageRollUp:
    """Refreshes what changed; `prices` are Meta's."""

    book: UsageBook
    clients: Clients
    journal: Journal
    clock: Clock
    prices: PriceTable

    async def run(self) -> None:
        """Do a refresh if one is due: one process does it for all."""
        changed = await self.book.take(_EVERY)
        if changed is None:
            return
        now = self.clock.now()
        for client_id in changed.clients:
            tenant = await self.clients.by_id(client_id)
            if tenant is not None:
                await self._refresh(tenant, now)
        for client_id in await self.book.alerted():
            await self._resolve(client_id, now)
        await self.book.finish(changed)

    async def refresh(self, tenant: Tenant, month: Month) -> None:
        """Bring one month of a shop up to date; DatabaseUnavailable when its server is away."""
        found = await self.book.read(tenant, month)
        await self.book.save(tenant.id, month, found, cost_of(found.charges, self.prices))

    async def rebuild(self, tenant: Tenant) -> None:
        """Write all that is central about a shop's months anew from its own tables.

        Raises what keeps it from being read, and notes it.
        """
        try:
            months = await self.book.months(tenant)
            for month in months:
                await self.refresh(tenant, month)
        except ExternalFailure as error:
            await self.book.wait(tenant.id, error.message)
            raise
        await self.book.forget(tenant.id, months)
        await self.book.wait_no_more(tenant.id)

    async def rebuild_all(self, only: UUID | None = None) -> list[tuple[str, str]]:
        """Write what is central about all shops, or about one, anew from their own tables.

        Returns the slugs of those that cannot be read now, with the reason.
        """
        unread = []
        began = await self.book.now()
        for client_id in [only] if only else await self.book.everybody():
            tenant = await self.clients.by_id(client_id)
            if tenant is None or tenant.status is TenantStatus.PROVISIONING:
                continue
            try:
                await self.rebuild(tenant)
            except ExternalFailure as error:
                unread.append((tenant.slug, error.message))
        if not only:
            await self.book.finish(Changed(frozenset(), began))
        return unread

    async def _refresh(self, tenant: Tenant, now: datetime) -> None:
        try:
            for month in _open_months(now, tenant.time_zone):
                await self.refresh(tenant, month)
            await self.book.wait_no_more(tenant.id)
        except ExternalFailure as error:
            # Its own server is away: the next refresh looks again.
            await self.book.wait(tenant.id, error.message)
            said = "A shop's usage is brought up to date later."
            log(_log, logging.WARNING, "usage.waits", said, tenant=tenant.slug, why=error.message)

    async def _resolve(self, client_id: UUID, now: datetime) -> None:
        """Take alerts back whose line is no longer crossed: the month turned or the plan grew."""
        tenant = await self.clients.by_id(client_id)
        if tenant is None:
            return
        try:
            found = await self.book.read(tenant, Month.at(now, tenant.time_zone))
        except ExternalFailure:
            return
        quota = quota_of(tenant, found.counted, now)
        for level in LEVELS:
            if not quota.reaches(level):
                await self.journal.resolve_alert(alert_key(client_id, _RULES[level]))


def _open_months(now: datetime, time_zone: str) -> Iterator[Month]:
    yield Month.at(now, time_zone)
    before = Month.at(now - _LATE_STATUSES, time_zone)
    if before != Month.at(now, time_zone):
        yield before


def by_day(month: Month, counted: dict[date, int]) -> tuple[int, ...]:
    """Return a number for each day of a month."""
    return tuple(counted.get(day, 0) for day in month.days)

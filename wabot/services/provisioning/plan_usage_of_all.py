"""What all shops used in a month, from the central table that running servers keep."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from wabot.domain.cost import FREE_SERVICE_MESSAGES, Cost
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.domain.usage import Month
from wabot.services.provisioning.plan_usage import MonthTotals, month_of

_OLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RolledMonth:
    """A month of a client in the central table."""

    messages: int
    orders: int
    cost: Cost
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the central table is worth: complete until a moment but for those who wait, and why."""

    at: datetime
    done_until: datetime
    waiting: Mapping[UUID, str]

    @property
    def is_old(self) -> bool:
        """Tell whether no server can be rolling up."""
        return self.done_until < self.at - _OLD


class RolledUsage(Protocol):
    """Reads the central table."""

    def freshness(self) -> Freshness:
        """Return how far the roll-up has come, by the database's clock."""
        ...

    def months(self, months: Collection[Month]) -> Mapping[tuple[UUID, Month], RolledMonth]:
        """Return what all clients used in these months; who used nothing may be left out."""
        ...


class AllTenants(Protocol):
    """Reads all there is to know centrally of clients."""

    def chosen(self, slugs: Collection[str] | None) -> tuple[Tenant, ...]:
        """Return the tenants of these slugs, or all, by slug."""
        ...


@dataclass(frozen=True, slots=True)
class RolledTotals(MonthTotals):
    """A shop's month as of a moment, None where nothing was ever read.

    `unread` is why it could not be read since.
    """

    as_of: datetime | None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class ReportAllUsage:
    """The use case: it asks no shop, so that none which is away or slow is waited for."""

    tenants: AllTenants
    rolled: RolledUsage
    currency: str
    now: Callable[[], datetime]

    def run(self, month: Month | None = None) -> tuple[Freshness, list[RolledTotals]]:
        """Return each shop's month by slug, the present one of its time zone unless named."""
        at = self.now()
        made = [
            (tenant, month_of(tenant, month, at))
            for tenant in self.tenants.chosen(None)
            if tenant.status is not TenantStatus.PROVISIONING
        ]
        fresh = self.rolled.freshness()
        found = self.rolled.months({wanted for _, wanted in made})
        return fresh, list(self._totals(made, at, fresh, found))

    def _totals(
        self,
        made: list[tuple[Tenant, Month]],
        at: datetime,
        fresh: Freshness,
        found: Mapping[tuple[UUID, Month], RolledMonth],
    ) -> Iterator[RolledTotals]:
        nothing = Cost(Decimal(0), self.currency, FREE_SERVICE_MESSAGES)
        for tenant, month in made:
            row = found.get((tenant.id, month))
            unread = fresh.waiting.get(tenant.id, "")
            last = row.updated_at if row else None
            if not unread:
                last = max(fresh.done_until, last or fresh.done_until)
            yield RolledTotals(
                tenant,
                month,
                tenant.allowance(at).messages_per_month,
                row.messages if row else 0,
                row.orders if row else 0,
                row.cost if row else nothing,
                as_of=last,
                unread=unread,
            )

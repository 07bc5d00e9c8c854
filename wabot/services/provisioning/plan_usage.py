"""What shops used in a month: messages and orders by day, and what Meta bills for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from wabot.domain.cost import Charge, Cost, PriceTable, cost_of
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.domain.usage import Month, day_of
from wabot.errors import InvalidInput, WabotError
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants


@dataclass(frozen=True, slots=True)
class MonthUse:
    """What was counted in a month, by days of the shop's time zone; days of none are left out."""

    messages: Mapping[date, int]
    orders: Mapping[date, int]
    charges: tuple[Charge, ...] = ()


class MonthUses(Protocol):
    """Reads the tenants' own counters."""

    def month(self, tenant: Tenant, month: Month) -> MonthUse:
        """Return what a tenant used in a month."""
        ...


@dataclass(frozen=True, slots=True)
class UsageReport:
    """A shop's month, as far as it has come by `today`; what an order took is None without any."""

    tenant: Tenant
    month: Month
    today: date
    limit: int
    use: MonthUse
    cost: Cost

    @property
    def days(self) -> tuple[date, ...]:
        """Return the days that have come, in order."""
        return tuple(day for day in self.month.days if day <= self.today)

    @property
    def messages(self) -> int:
        """Return how many messages Graph accepted."""
        return sum(self.use.messages.values())

    @property
    def orders(self) -> int:
        """Return how many orders were placed."""
        return sum(self.use.orders.values())

    @property
    def messages_per_order(self) -> Decimal | None:
        """Return how many messages an order took."""
        if not self.orders:
            return None
        return (Decimal(self.messages) / self.orders).quantize(Decimal("0.01"))

    @property
    def cost_per_order(self) -> Decimal | None:
        """Return what an order's messages cost, in the currency of the prices."""
        if not self.orders:
            return None
        return (self.cost.amount / self.orders).quantize(Decimal("0.0001"))


@dataclass(frozen=True, slots=True)
class ReportUsage:
    """The use case."""

    tenants: Tenants
    uses: MonthUses
    prices: PriceTable
    now: Callable[[], datetime]

    def run(self, slug: str, month: Month | None = None) -> UsageReport:
        """Report on a shop's month, the present one of its time zone unless another is named."""
        return self._report(find_tenant(self.tenants, slug), month)

    def every(self, month: Month | None = None) -> Iterator[UsageReport | tuple[str, WabotError]]:
        """Yield each shop's report by slug; or the slug, with what keeps it from being read."""
        for line in self.tenants.listing():
            if line.status == TenantStatus.PROVISIONING.value:
                continue
            try:
                yield self.run(line.slug, month)
            except InvalidInput:
                raise
            except WabotError as error:
                yield line.slug, error

    def _report(self, tenant: Tenant, month: Month | None) -> UsageReport:
        at = self.now()
        today = day_of(at, tenant.time_zone)
        wanted = month or Month.of(today)
        if wanted > Month.of(today):
            raise InvalidInput(f"the month {wanted} has not begun in {tenant.time_zone}")
        use = self.uses.month(tenant, wanted)
        limit = tenant.allowance(at).messages_per_month
        return UsageReport(tenant, wanted, today, limit, use, cost_of(use.charges, self.prices))

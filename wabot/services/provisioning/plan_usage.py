"""What shops used in a month: messages and orders by day, and what Meta bills for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from wabot.domain.cost import Charge, Cost, PriceTable, cost_of
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month, day_of
from wabot.errors import InvalidInput
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
class MonthTotals:
    """A shop's month: messages that Graph accepted, orders placed, what Meta bills.

    What an order took is None without any.
    """

    tenant: Tenant
    month: Month
    limit: int
    messages: int
    orders: int
    cost: Cost

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
class UsageReport(MonthTotals):
    """A shop's month day by day, as far as it has come by `today`."""

    today: date
    use: MonthUse

    @property
    def days(self) -> tuple[date, ...]:
        """Return the days that have come, in order."""
        return tuple(day for day in self.month.days if day <= self.today)


@dataclass(frozen=True, slots=True)
class ReportUsage:
    """The use case for one shop, from its own tables."""

    tenants: Tenants
    uses: MonthUses
    prices: PriceTable
    now: Callable[[], datetime]

    def run(self, slug: str, month: Month | None = None) -> UsageReport:
        """Report on a shop's month, the present one of its time zone unless another is named."""
        tenant, at = find_tenant(self.tenants, slug), self.now()
        wanted = month_of(tenant, month, at)
        use = self.uses.month(tenant, wanted)
        return UsageReport(
            tenant,
            wanted,
            tenant.allowance(at).messages_per_month,
            sum(use.messages.values()),
            sum(use.orders.values()),
            cost_of(use.charges, self.prices),
            today=day_of(at, tenant.time_zone),
            use=use,
        )


def month_of(tenant: Tenant, wanted: Month | None, at: datetime) -> Month:
    """Return the month, the present one of the shop's time zone unless another is wanted."""
    present = Month.at(at, tenant.time_zone)
    if wanted is not None and wanted > present:
        raise InvalidInput(f"the month {wanted} has not begun in {tenant.time_zone}")
    return wanted or present

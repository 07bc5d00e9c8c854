"""What a client may use of its plan, what it uses, and how it stands with its payments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from wabot.domain.plan import PLANS, Allowance, Feature, Limit, Override
from wabot.domain.plan_standing import Phase
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.domain.usage import Month
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants


@dataclass(frozen=True, slots=True)
class PlanUse:
    """How much a shop uses of what plans limit; messages are those of a month so far."""

    active_products: int = 0
    messages: int = 0
    recurring_orders: int = 0
    own_database: bool = False


class PlanUses(Protocol):
    """Counts what tenants use."""

    def read(self, tenant: Tenant, month: Month) -> PlanUse:
        """Count what is used now, and the messages of the present month."""
        ...


class OverrideState(StrEnum):
    """Whether an override counts, and if not, why."""

    HOLDS = "holds"
    REPLACED = "replaced"
    NOT_BEGUN = "not begun"
    ENDED = "ended"
    UNKNOWN = "unknown item"


@dataclass(frozen=True, slots=True)
class PlanReport:
    """All there is to say about a client's plan at one moment."""

    tenant: Tenant
    allowance: Allowance
    phase: Phase
    use: PlanUse
    overrides: tuple[tuple[Override, OverrideState], ...]

    @property
    def has_unknown_plan(self) -> bool:
        """Tell whether the row names a plan that this version does not know."""
        return self.tenant.plan not in PLANS


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """The use case."""

    tenants: Tenants
    uses: PlanUses
    now: Callable[[], datetime]

    def run(self, slug: str) -> PlanReport:
        """Report on a tenant as it stands now."""
        tenant, at = find_tenant(self.tenants, slug), self.now()
        made = tenant.status is not TenantStatus.PROVISIONING
        use = self.uses.read(tenant, Month.at(at, tenant.time_zone)) if made else PlanUse()
        return PlanReport(
            tenant,
            tenant.allowance(at),
            tenant.standing.phase(at),
            use,
            tuple((override, _state(override, tenant, at)) for override in tenant.overrides),
        )


def _state(override: Override, tenant: Tenant, at: datetime) -> OverrideState:
    if override.item not in {*Limit, *Feature}:
        return OverrideState.UNKNOWN
    if override.ends_at is not None and override.ends_at <= at:
        return OverrideState.ENDED
    if override.starts_at > at:
        return OverrideState.NOT_BEGUN
    last = [o for o in tenant.overrides if o.item == override.item and o.holds(at)][-1]
    return OverrideState.HOLDS if override is last else OverrideState.REPLACED

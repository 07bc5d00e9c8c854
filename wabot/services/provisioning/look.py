"""Look at tenants: what the operator asks about, and what a copy of a shop needs."""

from dataclasses import dataclass
from difflib import get_close_matches

from wabot.domain.places import Places
from wabot.domain.template import ShopSeed
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import NotFound, WabotError
from wabot.services.provisioning.ports import StoppedSending, TenantCounts, Tenants


@dataclass(frozen=True, slots=True)
class TenantReport:
    """A tenant with what it holds; `unread` tells why that could not be read, if so."""

    tenant: Tenant
    seed: ShopSeed
    counts: TenantCounts
    places: Places
    stopped: StoppedSending | None = None
    unread: WabotError | None = None


@dataclass(frozen=True, slots=True)
class ShopCopy:
    """What another shop like this one starts with: no customers, no orders, no token."""

    name: str
    plan: str
    seed: ShopSeed


def find_tenant(tenants: Tenants, slug: str) -> Tenant:
    """Return the tenant, or say which slugs come close."""
    tenant = tenants.find(slug)
    if tenant is not None:
        return tenant
    close = get_close_matches(slug, [known.slug for known in tenants.listing()], n=3)
    raise NotFound(
        f"there is no tenant {slug!r}",
        hint=f"Did you mean {' or '.join(close)}?" if close else "See all with: wabot tenant list",
    )


def report_on(tenants: Tenants, slug: str) -> TenantReport:
    """Return all there is to say about a tenant; what is central although its tables are away."""
    tenant = find_tenant(tenants, slug)
    seed = ShopSeed(tenant.template, tenant.country, tenant.currency, tenant.time_zone, ())
    counts, places = TenantCounts(0, 0, 0, 0, 0, 0), tenants.places(tenant)
    if tenant.status is TenantStatus.PROVISIONING:
        # Its tables may not be there yet.
        return TenantReport(tenant, seed, counts, places)
    unread = None
    try:
        seed, counts = tenants.read_seed(tenant), tenants.counts(tenant)
    except WabotError as error:
        unread = error
    return TenantReport(tenant, seed, counts, places, tenants.stopped_sending(tenant), unread)


def read_shop(tenants: Tenants, slug: str) -> ShopCopy:
    """Return what `CreateTenant.run` needs to make a copy of the shop."""
    tenant = find_tenant(tenants, slug)
    return ShopCopy(tenant.name, tenant.plan, tenants.read_seed(tenant))

"""From a request to the tenant and the shop it describes, everything checked."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from wabot.domain.country import COUNTRIES
from wabot.domain.plan import check_active_products
from wabot.domain.slug import check_slug
from wabot.domain.template import ShopSeed
from wabot.domain.tenant import Tenant
from wabot.services.provisioning import request as rules
from wabot.services.provisioning.places import (
    CENTRAL,
    DatabaseAt,
    check_isolation,
    check_place,
    draw_place,
)
from wabot.services.provisioning.request import TenantRequest


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A tenant to be made; its token is still in clear here and never leaves memory."""

    tenant: Tenant
    seed: ShopSeed
    warnings: tuple[str, ...] = ()


def draw_blueprint(
    asked: TenantRequest,
    start: ShopSeed,
    *,
    client_id: UUID,
    now: datetime,
    at: DatabaseAt = CENTRAL,
) -> Blueprint:
    """Check the request and complete it with the defaults of its shop and country."""
    plan = rules.check_plan(asked.plan)
    seed = _localised(asked, start)
    allowed = plan.allowance
    check_active_products(allowed, asked.slug, before=0, after=seed.active_products)
    isolation = check_isolation(asked.isolation)
    check_place(isolation, at, allowed)
    tenant = Tenant(
        id=client_id,
        slug=check_slug(asked.slug),
        name=rules.check_name(asked.name),
        phone_number_id=rules.check_meta_id("phone_number_id", asked.phone_number_id),
        plan=plan.code,
        placement=draw_place(client_id, isolation, at),
        token=rules.check_token(asked.token),
        template=seed.template,
        country=seed.country,
        currency=seed.currency,
        time_zone=seed.time_zone,
        waba_id=rules.check_optional_meta_id("waba_id", asked.waba_id),
        app_id=rules.check_optional_meta_id("app_id", asked.app_id),
        created_at=now,
        throughput=rules.check_throughput(asked.throughput),
    )
    return Blueprint(tenant, seed, _warnings(start, seed))


def _localised(asked: TenantRequest, start: ShopSeed) -> ShopSeed:
    country = rules.check_country(asked.country or start.country)
    abroad = COUNTRIES[country] if country != start.country else start
    phones = {
        "owner_phone": rules.check_phone("owner", asked.owner_phone, country),
        "adviser_phone": rules.check_phone("adviser", asked.adviser_phone, country),
    }
    return replace(
        start.in_currency(rules.check_currency(asked.currency or abroad.currency)),
        country=country,
        time_zone=rules.check_time_zone(asked.time_zone or abroad.time_zone),
        settings={**start.settings, **{key: phone for key, phone in phones.items() if phone}},
    )


def _warnings(start: ShopSeed, seed: ShopSeed) -> tuple[str, ...]:
    found = []
    if seed.currency != start.currency:
        found.append(
            f"the catalogue's prices are meant in {start.currency} and were kept as figures in"
            f" {seed.currency}: correct them before the shop opens"
        )
    if not seed.settings.get("owner_phone"):
        found.append("without an owner's phone nobody of the shop is told of orders: --owner-phone")
    return tuple(found)

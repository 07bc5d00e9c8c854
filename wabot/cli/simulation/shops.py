"""Shops of the simulation: the demo shop, and copies of shops that exist."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from wabot.container import Provisioning, open_tenants, tenants_at
from wabot.domain.migration import modules_of, to_ledger
from wabot.domain.plan import Limit
from wabot.domain.tenant import Tenant
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.central_schema import upgrade
from wabot.repositories.provisioning.migration_line import head_revisions
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.services.provisioning.look import ShopCopy, read_shop
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.conversation.queries import STAFF_WROTE

if TYPE_CHECKING:
    from wabot.config import Settings

DEMO_SLUG = "demo"
OWNER_PHONE = "+525512340001"
ADVISER_PHONE = "+525512340002"
PHONE_NUMBER_ID = "106500000000001"
WABA_ID = "900100200300"
APP_ID = "100200300400500"
_DEMO_NAME = "Abarrotes Lupita"
_DEMO_PLACE = "Av. Hidalgo 12, Centro"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys of one run: nothing of them is stored in clear, and the next run has others."""

    master_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    app_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    token: str = field(default_factory=lambda: f"EAASIM{secrets.token_hex(24)}", repr=False)
    verify_token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    @property
    def cipher(self) -> TokenCipher:
        """Return what encrypts the run's token."""
        return TokenCipher((self.master_key,))


@cache
def demo_copy(template: str) -> ShopCopy:
    """Return the demo shop of a template: a place to pick up, an owner and an adviser to notify."""
    seed = FolderTemplates().load(template).seed()
    people = {"owner_phone": OWNER_PHONE, "adviser_phone": ADVISER_PHONE}
    settings = {**seed.settings, **people, "pickup_address": _DEMO_PLACE}
    return ShopCopy(_DEMO_NAME, "completo", replace(seed, settings=settings))


def copy_of(slug: str, settings: "Settings") -> ShopCopy:
    """Return a shop of the real central database as it can be copied; nothing there is changed."""
    with open_tenants(settings) as provisioning:
        return read_shop(provisioning.tenants, slug)


def prepare_database(
    owner_url: str, runtime_url: str, slug: str, shop: ShopCopy, keys: Secrets
) -> Tenant:
    """Bring a database of the simulation to this version and see that the shop stands in it."""
    upgrade(owner_url, runtime_conninfo=runtime_url)
    with tenants_at(owner_url, keys=(keys.master_key,), actor="simulation") as provisioning:
        tenant = provisioning.tenants.find(slug)
        if tenant is None:
            return _create(provisioning, slug, shop, keys)
    return take_over(owner_url, tenant, keys)


def is_of_this_version(owner_url: str, slug: str) -> bool:
    """Tell whether a kept shop's tables are those of this version; also when there is none yet."""
    with tenants_at(owner_url) as provisioning:
        tenant = provisioning.tenants.find(slug)
    return tenant is None or tenant.revision == to_ledger(
        head_revisions(modules_of(tenant.revision))
    )


def take_over(owner_url: str, tenant: Tenant, keys: Secrets) -> Tenant:
    """Store this run's token, encrypted with this run's key, and end the leases of a killed run."""
    import psycopg

    token = keys.cipher.encrypt(tenant.id, keys.token)
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE wabot.registry SET version = version + 1")
        connection.execute(
            "UPDATE wabot.clients SET whatsapp_token = %s,"
            " version = (SELECT version FROM wabot.registry) WHERE id = %s",
            (token, tenant.id),
        )
        # The database is ours alone: whoever holds a lease is dead.
        connection.execute("UPDATE wabot.conversations SET owner = NULL, lease_until = NULL")
    return replace(tenant, token=token)


def let_staff_write(owner_url: str, tenants: Sequence[Tenant]) -> None:
    """Let the owners and advisers have written to their shops' numbers: notices reach them."""
    import psycopg

    with psycopg.connect(owner_url) as connection:
        for tenant in tenants:
            path = (tenant.placement.schema,)
            connection.execute("SELECT set_config('search_path', %s, true)", path)
            values = {"at": datetime.now(UTC), "number": tenant.phone_number_id}
            connection.execute(STAFF_WROTE, values)


def let_everything_be_sent(owner_url: str) -> None:
    """Lift the plans' limits of messages: a test of many hours' traffic is to be answered whole."""
    import psycopg

    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "INSERT INTO wabot.plan_overrides (client_id, item, value, reason, starts_at, actor)"
            " SELECT id, %s, 2147483647, 'a simulation', '2020-01-01T00:00:00Z', 'simulation'"
            " FROM wabot.clients",
            (Limit.MESSAGES.value,),
        )


def _create(provisioning: Provisioning, slug: str, shop: ShopCopy, keys: Secrets) -> Tenant:
    seed = shop.seed
    request = TenantRequest(
        slug=slug,
        name=shop.name,
        plan=shop.plan,
        phone_number_id=PHONE_NUMBER_ID,
        token=keys.token,
        template=seed.template,
        country=seed.country,
        currency=seed.currency,
        time_zone=seed.time_zone,
        waba_id=WABA_ID,
        app_id=APP_ID,
        actor=provisioning.actor,
    )
    return provisioning.create.run(request, seed).tenant

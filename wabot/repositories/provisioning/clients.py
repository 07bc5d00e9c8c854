"""Rows of the central table `clients`."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Row,
    Select,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from wabot.domain.placement import placement_from_config, placement_to_config
from wabot.domain.places import Places, places_from_config, places_to_config
from wabot.domain.tenant import Placement, Tenant, TenantStatus
from wabot.errors import Conflict
from wabot.models.central import clients, registry
from wabot.repositories.plan_columns import OVERRIDES, overrides_from, standing_from
from wabot.services.provisioning.ports import TenantSummary

# One may have been spoilt: more than one is looked at before a key is called wrong.
_FEW = 3
_SUMMARIES = select(
    clients.c.slug,
    clients.c.name,
    clients.c.plan_type,
    clients.c.status,
    clients.c.template,
    clients.c.phone_number_id,
    clients.c.created_at,
    clients.c.schema_revision,
).order_by(clients.c.slug)


def everything() -> Select[Any]:
    """Select all there is to know of clients."""
    return select(clients, literal_column(OVERRIDES, JSONB).label("overrides"))


def read(connection: Connection, query: Select[Any]) -> tuple[Tenant, ...]:
    """Return the tenants that the query selects."""
    return tuple(_tenant(row) for row in connection.execute(query))


def summaries(connection: Connection) -> tuple[TenantSummary, ...]:
    """Return a line of each tenant, by slug."""
    return tuple(map(TenantSummary._make, connection.execute(_SUMMARIES).all()))


def sealed_tokens(
    connection: Connection, key_ids: Sequence[str] = ()
) -> tuple[tuple[UUID, str], ...]:
    """Return a few clients with the ciphertext of their tokens; of these keys, if any is given."""
    query = select(clients.c.id, clients.c.whatsapp_token).limit(_FEW)
    if key_ids:
        key_id = func.split_part(clients.c.whatsapp_token, ".", 2)
        query = query.where(key_id.in_(key_ids))
    return tuple((row.id, row.whatsapp_token) for row in connection.execute(query))


def of_status(status: TenantStatus) -> Select[Any]:
    """Select the tenants of that status, by slug."""
    return everything().where(clients.c.status == status.value).order_by(clients.c.slug)


def by_slug(slug: str) -> Select[Any]:
    """Select the tenant of that slug."""
    return everything().where(clients.c.slug == slug)


def chosen(slugs: Collection[str] | None) -> Select[Any]:
    """Select the tenants of these slugs, or all, by slug."""
    query = everything().order_by(clients.c.slug)
    return query if slugs is None else query.where(clients.c.slug.in_(slugs))


def holding(slug: str, phone_number_id: str) -> Select[Any]:
    """Select whoever has that slug or answers on that number."""
    return everything().where(
        or_(clients.c.slug == slug, clients.c.phone_number_id == phone_number_id)
    )


def add(connection: Connection, tenant: Tenant) -> None:
    """Insert the tenant's row; its token is ciphertext."""
    connection.execute(
        insert(clients).values(
            id=tenant.id,
            name=tenant.name,
            phone_number_id=tenant.phone_number_id,
            whatsapp_token=tenant.token,
            db_connection_config=placement_to_config(tenant.placement),
            plan_type=tenant.plan,
            slug=tenant.slug,
            status=tenant.status.value,
            template=tenant.template,
            country=tenant.country,
            currency=tenant.currency,
            time_zone=tenant.time_zone,
            waba_id=tenant.waba_id,
            app_id=tenant.app_id,
            schema_revision=tenant.revision,
            throughput=tenant.throughput,
            **({"created_at": tenant.created_at} if tenant.created_at else {}),
        )
    )


def read_places(connection: Connection, tenant: Tenant, *, lock: bool = False) -> Places:
    """Return every place of the tenant; `lock` keeps others from changing them."""
    query = select(clients.c.db_connection_config).where(clients.c.id == tenant.id)
    config = connection.execute(query.with_for_update() if lock else query).scalar_one()
    return places_from_config(config)


def write_places(
    connection: Connection, tenant: Tenant, places: Places, status: TenantStatus | None = None
) -> None:
    """Write down where the tenant is and, unless that stays, where it stands in its life."""
    values = {"status": status.value} if status else {}
    connection.execute(
        update(clients)
        .where(clients.c.id == tenant.id)
        .values(db_connection_config=places_to_config(places), **values)
    )


def set_status(connection: Connection, tenant: Tenant, status: TenantStatus) -> None:
    """Write down where the tenant stands in its life."""
    connection.execute(update(clients).where(clients.c.id == tenant.id).values(status=status.value))


def in_database(server: str, database: str) -> Select[Any]:
    """Select whoever has, had or will have a place in that database of that server."""
    config = clients.c.db_connection_config
    place = {"server": server, "database": database}
    return everything().where(
        or_(
            config.contains(place),
            config.contains({"former": [place]}),
            config.contains({"move": {"to": place}}),
        )
    )


def refuse_held_database(connection: Connection, place: Placement) -> None:
    """Refuse a database where some tenant has, had or will have a place."""
    for holder in read(connection, in_database(place.server, place.database)):
        raise Conflict(
            f"the database {place.database} is already that of tenant {holder.slug};"
            " nothing was changed",
            hint="Name another database in --database-url; it is made if it is missing.",
        )


def publish(connection: Connection, tenant: Tenant) -> None:
    """Give the row the next version, which running servers look out for.

    Last in a transaction: it serialises every change of clients until the commit.
    """
    version = connection.execute(
        update(registry).values(version=registry.c.version + 1).returning(registry.c.version)
    ).scalar_one()
    connection.execute(update(clients).where(clients.c.id == tenant.id).values(version=version))


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(
        id=row.id,
        slug=row.slug,
        name=row.name,
        phone_number_id=row.phone_number_id,
        plan=row.plan_type,
        placement=placement_from_config(row.db_connection_config),
        token=row.whatsapp_token,
        status=TenantStatus(row.status),
        template=row.template,
        country=row.country,
        currency=row.currency,
        time_zone=row.time_zone,
        waba_id=row.waba_id,
        app_id=row.app_id,
        revision=row.schema_revision,
        created_at=row.created_at,
        throughput=row.throughput,
        standing=standing_from(row.trial_ends_at, row.grace_ends_at, row.suspends_at),
        overrides=overrides_from(row.overrides),
    )

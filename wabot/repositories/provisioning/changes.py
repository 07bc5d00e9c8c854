"""Changes of a tenant that exists: its row, its settings, whether servers work for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, func, update

from wabot.domain.counted import counted
from wabot.domain.money import minor_units
from wabot.domain.settings import StoredValue
from wabot.domain.tenant import Placement, Tenant, TenantStatus
from wabot.errors import Conflict
from wabot.models.central import clients as clients_table
from wabot.repositories.provisioning import clients, product_limit, waiting
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.holding import central_transaction, hold, own_tables
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.stopped import TRY_SENDING
from wabot.repositories.provisioning.waking import wake

_SET = """
INSERT INTO tenant.__wbp__settings (key, value)
SELECT key, value FROM jsonb_each(%(values)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
"""
_ROUND = "UPDATE tenant.__wbp__products SET price = round(price, %(digits)s)"
_NEWER = "UPDATE tenant.__wbp__shop_state SET version = version + 1"

_ORIGIN = """
SELECT details->'from' FROM wabot.audit_log
WHERE client_id = %(client)s AND details ? 'from' ORDER BY id LIMIT 1
"""
_WAITING = "SELECT count(*) FROM wabot.inbox WHERE client_id = %(client)s AND state = 'waiting'"


class SqlChanges:
    """Changes the tenants of one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine, servers: Servers) -> None:
        self._engine = engine
        self._servers = servers

    def update(
        self,
        before: Tenant,
        after: Tenant,
        settings: Mapping[str, StoredValue],
        *,
        actor: str,
        changes: Mapping[str, Any],
        at: datetime,
        kept: frozenset[UUID] | None = None,
    ) -> int:
        """Write what differs; return how many events waited for the tenant's new number.

        Where not all products may stay active, those that are `kept` do. Raises Conflict when
        somebody else changed the tenant since `before` was read, or made more products active.
        """
        with central_transaction(self._engine) as connection:
            hold(connection, before)
            fewer_digits = minor_units(after.currency) < minor_units(before.currency)
            fewer_products = (
                after.allowance(at).active_products < before.allowance(at).active_products
            )
            if settings or fewer_digits or fewer_products:
                with own_tables(self._servers, connection, after) as own:
                    if fewer_products:
                        _fit(own, after, after.allowance(at).active_products, kept)
                    _write_shop(own, after, settings, round_prices=fewer_digits)
            connection.execute(
                update(clients_table)
                .where(clients_table.c.id == after.id)
                .values(
                    name=after.name,
                    plan_type=after.plan,
                    phone_number_id=after.phone_number_id,
                    waba_id=after.waba_id,
                    app_id=after.app_id,
                    country=after.country,
                    currency=after.currency,
                    time_zone=after.time_zone,
                    throughput=after.throughput,
                    updated_at=func.now(),
                )
            )
            moved = after.phone_number_id != before.phone_number_id
            attached = waiting.attach(connection, after) if moved else 0
            if moved:
                # What kept the former number from sending may be no fault of this one.
                connection.exec_driver_sql(TRY_SENDING, {"client": after.id})
            note(connection, after, actor=actor, action="tenant.update", details=changes)
            clients.publish(connection, after)
        return attached

    def set_status(self, before: Tenant, status: TenantStatus, *, actor: str, action: str) -> int:
        """Let servers work for the tenant, or not; return how many events wait for it."""
        with central_transaction(self._engine) as connection:
            hold(connection, before)
            clients.set_status(connection, before, status)
            if status is TenantStatus.ACTIVE:
                wake(connection, before.id)
            waits = connection.exec_driver_sql(_WAITING, {"client": before.id}).scalar_one()
            details = {"status": [before.status.value, status.value], "waiting_events": waits}
            note(connection, before, actor=actor, action=action, details=details)
            clients.publish(connection, before)
        return int(waits)

    def waiting_events(self, tenant: Tenant) -> int:
        """Count the events that wait for the tenant."""
        with central_transaction(self._engine) as connection:
            count = connection.exec_driver_sql(_WAITING, {"client": tenant.id}).scalar_one()
        return int(count)

    def origin(self, tenant: Tenant) -> dict[str, Any]:
        """Return what the tenant was made from, as its making was written down."""
        with central_transaction(self._engine) as connection:
            found = connection.exec_driver_sql(_ORIGIN, {"client": tenant.id}).scalar_one_or_none()
        return dict(found or {})

    def note(self, tenant: Tenant, *, actor: str, action: str, details: Mapping[str, Any]) -> None:
        """Write an act down that changes nothing central by itself."""
        with central_transaction(self._engine) as connection:
            note(connection, tenant, actor=actor, action=action, details=details)


def _fit(
    connection: Connection, tenant: Tenant, allowed: int, kept: frozenset[UUID] | None
) -> None:
    """Let no more products be active than are allowed, while nobody can make others so."""
    active = product_limit.hold_count(connection, tenant.placement)
    if kept is not None:
        active -= len(product_limit.keep_active(connection, tenant.placement, kept))
    if active > allowed:
        raise Conflict(
            f"{tenant.slug} has {counted(active, 'active product')} by now, {allowed:,} allowed;"
            " nothing was changed",
            hint="Run the command again.",
            retryable=True,
        )


def _write_shop(
    connection: Connection,
    after: Tenant,
    settings: Mapping[str, StoredValue],
    *,
    round_prices: bool,
) -> None:
    place = after.placement
    if settings:
        _run(connection, place, _SET, {"values": Jsonb(dict(settings))})
    if round_prices:
        _run(connection, place, _ROUND, {"digits": minor_units(after.currency)})
    _run(connection, place, _NEWER)


def _run(
    connection: Connection, place: Placement, statement: str, values: dict[str, Any] | None = None
) -> None:
    connection.exec_driver_sql(render(statement, place), values)

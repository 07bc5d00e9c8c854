"""The end of a tenant in SQL: parked, drained, its places dropped, its rows gone."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, select, update

from wabot.domain.places import Places, Removal
from wabot.domain.tenant import Placement, Tenant, TenantStatus
from wabot.models import alerting, central
from wabot.repositories.provisioning import clients, databases, namespaces
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.reach import Reach
from wabot.repositories.provisioning.rendering import quoted
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.tenant_ddl import ownership
from wabot.repositories.provisioning.turns import slug_turn
from wabot.repositories.provisioning.waking import wake

# Every central table with rows of a client but the audit, which stays as its tombstone.
_OF_CLIENT = (
    central.inbox,
    central.conversations,
    central.timers,
    central.usage,
    central.usage_waiting,
    central.alerts,
    central.previous_tokens,
    central.sending_pauses,
    central.plan_overrides,
    central.backups,
    alerting.alert_silences,
    alerting.traffic,
    alerting.busy_hours,
    central.checks,
)


class SqlRemovals:
    """Removes the tenants of one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine, servers: Servers) -> None:
        self._engine = engine
        self._servers = servers
        self._reach = Reach(engine, servers)

    def turn(self, slug: str) -> AbstractContextManager[None]:
        """Keep other acts away from the tenant; Conflict when one is under way."""
        return slug_turn(self._engine, slug)

    def read(self, slug: str) -> tuple[Tenant, Places] | None:
        """Return the tenant and its places as they are now."""
        with self._reach.central() as connection:
            for tenant in clients.read(connection, clients.by_slug(slug)):
                return tenant, clients.read_places(connection, tenant)
        return None

    def begin(self, tenant: Tenant, *, actor: str) -> None:
        """Write down that the deletion has begun: no server works for the tenant."""
        with self._reach.central() as connection:
            held = clients.read_places(connection, tenant, lock=True)
            places = replace(held, removal=Removal(tenant.status))
            clients.write_places(connection, tenant, places, TenantStatus.DELETING)
            note(connection, tenant, actor=actor, action="tenant.delete.begin", details={})
            clients.publish(connection, tenant)

    def give_up(self, tenant: Tenant, status: TenantStatus, *, actor: str) -> int:
        """Let servers work for the tenant as before; return how many events waited."""
        with self._reach.central() as connection:
            held = clients.read_places(connection, tenant, lock=True)
            clients.write_places(connection, tenant, replace(held, removal=None), status)
            waited = wake(connection, tenant.id) if status is TenantStatus.ACTIVE else 0
            note(connection, tenant, actor=actor, action="tenant.delete.give_up", details={})
            clients.publish(connection, tenant)
        return waited

    def commit_to(self, tenant: Tenant) -> None:
        """Write down that dropping begins: from now on there is no way back."""
        with self._reach.central() as connection:
            held = clients.read_places(connection, tenant, lock=True)
            if held.removal is not None:
                places = replace(held, removal=replace(held.removal, dropping=True))
                clients.write_places(connection, tenant, places)

    def at_work(self, tenant: Tenant) -> int:
        """Count the tenant's conversations and files that servers still hold."""
        return self._reach.at_work(tenant)

    def stands(self, tenant: Tenant, place: Placement) -> bool:
        """Tell whether there is anything left to export."""
        if place.database and not databases.is_there(self._servers, tenant.id, place):
            return False
        with self._reach.into(tenant, place) as connection:
            return namespaces.is_there(connection, place, tenant.id)

    def clear(self, tenant: Tenant, place: Placement) -> None:
        """Drop a place outside the central database; what is gone already is no fault."""
        self._reach.vacate(tenant, place)
        if place.server:
            databases.drop_roles(self._servers, tenant.id, place)

    def finish(
        self, tenant: Tenant, places: Places, *, actor: str, details: Mapping[str, Any]
    ) -> Mapping[str, int]:
        """Drop what is left of the tenant in one transaction; return rows by central table."""
        with self._reach.central() as connection:
            here = [place for place in (places.current, *places.former) if not place.database]
            for place in here:
                namespaces.drop(connection, place, tenant.id)
            # In this transaction: a role without a client would be nobody's to drop.
            for role in {place.role for place in (places.current, *places.former)}:
                _drop_role(connection, role, tenant.id)
            removed = {
                table.name: connection.execute(
                    delete(table).where(table.c.client_id == tenant.id)
                ).rowcount
                for table in _OF_CLIENT
            }
            for table in (central.numbers, central.media):
                number = table.c.phone_number_id == tenant.phone_number_id
                connection.execute(delete(table).where(number))
            connection.execute(delete(central.clients).where(central.clients.c.id == tenant.id))
            note(connection, tenant, actor=actor, action="tenant.delete", details=details)
            # Last: it serialises every change of clients until the commit.
            version = central.registry.c.version + 1
            connection.execute(update(central.registry).values(version=version))
        return removed

    def tombstone(self, slug: str) -> datetime | None:
        """Return when the last tenant of that slug was deleted."""
        found = select(central.audit_log.c.at).where(
            central.audit_log.c.slug == slug, central.audit_log.c.action == "tenant.delete"
        )
        with self._reach.central() as connection:
            return connection.execute(
                found.order_by(central.audit_log.c.id.desc()).limit(1)
            ).scalar_one_or_none()


def _drop_role(connection: Connection, role: str, client_id: UUID) -> None:
    comment = connection.exec_driver_sql(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", (role,)
    ).scalar_one_or_none()
    if comment == ownership(client_id):
        connection.exec_driver_sql(f"DROP ROLE {quoted(role)}")

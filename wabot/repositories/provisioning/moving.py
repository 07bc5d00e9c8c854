"""Moves of tenants in SQL: the pause, the copy and the switch."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from wabot.domain.migration import modules_of, parse_ledger
from wabot.domain.placement import placement_to_view
from wabot.domain.places import Places
from wabot.domain.tenant import Placement, Tenant, TenantStatus
from wabot.errors import Refused
from wabot.repositories.provisioning import clients, databases, namespaces
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.driver import driver_of
from wabot.repositories.provisioning.handmade import refuse_handmade
from wabot.repositories.provisioning.migration_line import MigrationLine, bundled_line
from wabot.repositories.provisioning.reach import Reach
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.table_copy import copy_tables, snapshot
from wabot.repositories.provisioning.table_shapes import tables_of
from wabot.repositories.provisioning.turns import slug_turn
from wabot.repositories.provisioning.waking import wake


class SqlMoves:
    """Moves the tenants of one central database; `engine` connects as its owner."""

    def __init__(
        self, engine: Engine, servers: Servers, *, line: MigrationLine | None = None
    ) -> None:
        self._engine = engine
        self._servers = servers
        self._reach = Reach(engine, servers)
        self._line = line or bundled_line()

    def turn(self, slug: str) -> AbstractContextManager[None]:
        """Keep other acts away from the tenant; Conflict when one is under way."""
        return slug_turn(self._engine, slug)

    def read(self, slug: str) -> tuple[Tenant, Places]:
        """Return the tenant and its places as they are now."""
        with self._reach.central() as connection:
            (tenant,) = clients.read(connection, clients.by_slug(slug))
            return tenant, clients.read_places(connection, tenant)

    def survey(self, tenant: Tenant, to: Placement) -> None:
        """Refuse a place that cannot take the tenant; nothing is changed."""
        head = self._line.heads(modules_of(tenant.revision))
        if set(parse_ledger(tenant.revision)) != set(head):
            raise Refused(
                f"the tables of {tenant.slug} are at {tenant.revision}, not at this version's"
                f" {','.join(head)}; nothing was changed",
                hint=f"First run: wabot tenant migrate {tenant.slug}",
            )
        with self._servers.connect(tenant.id, tenant.placement) as connection:
            tables = [table.name for table in tables_of(connection, tenant.placement)]
        refuse_handmade(self._line, modules_of(tenant.revision), tables, f"tenant {tenant.slug}")
        if not to.database:
            return
        with self._reach.central() as connection:
            clients.refuse_held_database(connection, to)
        databases.survey(self._servers, tenant.id, to)

    def pause(self, tenant: Tenant, places: Places, *, actor: str) -> None:
        """Write the move down: from now on no server takes the tenant's messages."""
        assert places.move is not None
        with self._reach.central() as connection:
            clients.write_places(connection, tenant, places, TenantStatus.MOVING)
            details = _from_to(places.current, places.move.to)
            note(connection, tenant, actor=actor, action="tenant.move.begin", details=details)
            clients.publish(connection, tenant)

    def at_work(self, tenant: Tenant) -> int:
        """Count the tenant's conversations and files that servers still hold."""
        return self._reach.at_work(tenant)

    def close(self, tenant: Tenant, place: Placement) -> None:
        """Take the tenant's rights away, once nobody is in the middle of writing."""
        with self._reach.into(tenant, place) as connection:
            namespaces.close(connection, place)

    def copy(self, tenant: Tenant, source: Placement, to: Placement) -> Mapping[str, int]:
        """Make the new place anew and copy every row; return rows by table, verified by sums.

        The new place stands whole or not at all. What an earlier run left there is dropped: the
        source has been closed since, so nothing was written but by that run.
        """
        if to.database:
            password = ""
            if to.runtime_secret:
                password = self._servers.password(tenant.id, to.runtime_secret)
            databases.make(self._servers, tenant.id, to, password)
        with (
            self._servers.connect(tenant.id, source) as reading,
            snapshot(reading),
            self._reach.into(tenant, to) as connection,
        ):
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            namespaces.drop(connection, to, tenant.id)
            namespaces.make(connection, tenant, to, self._line)
            with driver_of(connection) as writing:
                sums = copy_tables(reading, source, writing, to)
        return {table: found.rows for table, found in sums.items()}

    def switch(self, tenant: Tenant, places: Places, *, actor: str, rows: Mapping[str, int]) -> int:
        """Let servers work in the new place; return how many events waited."""
        with self._reach.central() as connection:
            # As they stand now: their passwords may have got another key meanwhile.
            places = clients.read_places(connection, tenant, lock=True)
            assert places.move is not None
            after = Places(places.move.to, (*places.former, places.current))
            clients.write_places(connection, tenant, after, places.move.status)
            waited = 0
            if places.move.status is TenantStatus.ACTIVE:
                waited = wake(connection, tenant.id)
            details = _from_to(places.current, places.move.to) | {"rows": dict(rows)}
            note(connection, tenant, actor=actor, action="tenant.move", details=details)
            clients.publish(connection, tenant)
        return waited

    def give_up(self, tenant: Tenant, places: Places, *, actor: str) -> None:
        """Open the present place again and take back what the move made."""
        assert places.move is not None
        with self._reach.into(tenant, places.current) as connection:
            namespaces.open_again(connection, places.current)
        with self._reach.central() as connection:
            held = clients.read_places(connection, tenant, lock=True)
            after = replace(held, move=None)
            clients.write_places(connection, tenant, after, places.move.status)
            if places.move.status is TenantStatus.ACTIVE:
                wake(connection, tenant.id)
            details = _from_to(places.current, places.move.to)
            note(connection, tenant, actor=actor, action="tenant.move.give_up", details=details)
            clients.publish(connection, tenant)
        self._clear(tenant, places.move.to)

    def drop(self, tenant: Tenant, places: Places, former: Placement, *, actor: str) -> Places:
        """Drop a former place with what belongs to it; return the places that are left."""
        self._clear(tenant, former)
        with self._reach.central() as connection:
            held = clients.read_places(connection, tenant, lock=True)
            left = tuple(place for place in held.former if place.address != former.address)
            after = replace(held, former=left)
            clients.write_places(connection, tenant, after)
            details = {"place": placement_to_view(former)}
            note(connection, tenant, actor=actor, action="tenant.move.drop", details=details)
        return replace(places, former=left)

    def _clear(self, tenant: Tenant, place: Placement) -> None:
        """Drop what stands in a place that nobody uses; each part may be gone already."""
        self._reach.vacate(tenant, place)
        databases.drop_roles(self._servers, tenant.id, place)


def _from_to(source: Placement, to: Placement) -> dict[str, Any]:
    return {"from": placement_to_view(source), "to": placement_to_view(to)}

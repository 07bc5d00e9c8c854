"""Content of tenants that are made from another tenant, or from an export."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection

from wabot.domain import migration
from wabot.domain.archive import Manifest, damaged
from wabot.domain.migration import modules_of, parse_ledger
from wabot.domain.tenant import Isolation, Placement, Tenant
from wabot.errors import ConfigurationError, Refused, UnknownChoice
from wabot.repositories.provisioning import namespaces
from wabot.repositories.provisioning.archive_file import read_tables
from wabot.repositories.provisioning.driver import driver_of
from wabot.repositories.provisioning.handmade import refuse_handmade
from wabot.repositories.provisioning.migration_line import MigrationLine, bundled_line
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.table_copy import (
    Position,
    copy_in,
    copy_tables,
    copying,
    require_shape,
    set_positions,
    snapshot,
)
from wabot.repositories.provisioning.table_shapes import Column, TableShape, tables_of
from wabot.repositories.provisioning.tenant_ddl import table_rights
from wabot.services.provisioning.lifecycle_ports import Extent
from wabot.services.provisioning.ports import Content

# What is of customers, besides everything that refers to it.
_OF_CUSTOMERS = frozenset({"customers", "orders", "messages", "media", "unknown_words"})
# Timers that the original still owes are the original's, and so is what it used up.
_NEVER = frozenset({"pending_effects", "usage", "usage_warnings", "charges"})
_OF_EVERY_SHOP = frozenset({"order_status", "settings", "shop_state"})
# What the original had not sent yet, only the original sends.
_CANCEL = """
UPDATE tenant.__wbp__messages
SET status = 'cancelled', claimed_by = NULL, claim_until = NULL, next_attempt_at = NULL
WHERE status = 'sending'
"""
# A copy is of rows: the files stay with the original, and go when it is deleted.
_WITHOUT_FILES = """
UPDATE tenant.__wbp__media SET status = 'absent', location = '' WHERE status = 'stored'
"""


class TenantCopies:
    """Copies of tenants and of exports."""

    def __init__(self, servers: Servers, *, line: MigrationLine | None = None) -> None:
        self._servers = servers
        self._line = line or bundled_line()

    def of_tenant(self, source: Tenant, extent: Extent) -> Content:
        """Return what copies a tenant; Refused when its tables are not at this version's."""
        head = self._line.heads(modules_of(source.revision))
        if set(parse_ledger(source.revision)) != set(head):
            raise Refused(
                f"the tables of {source.slug} are at {source.revision}, not at this version's"
                f" {','.join(head)}; nothing was changed",
                hint=f"First run: wabot tenant migrate {source.slug}",
            )
        return _TenantCopy(self._servers, self._line, source, extent)

    def of_archive(self, path: Path, manifest: Manifest) -> Content:
        """Return what restores an export; Refused when its revision is not known."""
        modules = self.modules(manifest.revision)
        if not migration.pending(self._line.branch, manifest.revision):
            # Of an older revision the tables may have had other names.
            tables = [table.name for table in manifest.tables]
            refuse_handmade(self._line, modules, tables, "the export")
        return _ArchiveCopy(self._line, path, manifest)

    def modules(self, revision: str) -> tuple[str, ...]:
        """Return the modules of an export's revision; Refused when it is not known here."""
        try:
            migration.pending(self._line.branch, revision)
            self._line.heads(modules_of(revision))
        except (ConfigurationError, UnknownChoice) as error:
            raise Refused(
                f"the export's tables are at {revision}, which this wabot does not know",
                hint="A newer wabot, or one with further templates or modules, wrote it:"
                " import it with that one. Nothing was changed.",
            ) from error
        return modules_of(revision)


@dataclass(frozen=True, slots=True)
class _TenantCopy:
    servers: Servers
    line: MigrationLine
    source: Tenant
    extent: Extent

    def write(self, connection: Connection, tenant: Tenant) -> None:
        """Make the tables and copy the source's rows, as of one moment, verified by sums."""
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        place, source = tenant.placement, self.source.placement
        namespaces.make(connection, tenant, place, self.line)
        with (
            self.servers.connect(self.source.id, source) as reading,
            snapshot(reading),
            driver_of(connection) as writing,
        ):
            tables = tables_of(reading, source)
            only = tuple(_chosen(tables, self.extent))
            modules = modules_of(self.source.revision)
            refuse_handmade(self.line, modules, only, f"tenant {self.source.slug}")
            copy_tables(reading, source, writing, place, only=only)
        _settle(connection, place)


@dataclass(frozen=True, slots=True)
class _ArchiveCopy:
    line: MigrationLine
    path: Path
    manifest: Manifest

    def write(self, connection: Connection, tenant: Tenant) -> None:
        """Make the tables as they were, load every row, and bring them to this version."""
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        place, ledger = tenant.placement, self.manifest.revision
        steps = migration.pending(self.line.branch, ledger)
        namespaces.make(connection, tenant, place, self.line, ledger=ledger if steps else "")
        with driver_of(connection) as writing:
            self._load(writing, place)
        if steps:
            text = render(self.line.steps_sql(steps), place)
            connection.exec_driver_sql(text, execution_options={"no_parameters": True})
            made = self.line.new_tables(steps)
            if made and place.isolation is Isolation.PREFIX:
                connection.exec_driver_sql(render(table_rights(made, place), place))
        _settle(connection, place)

    def _load(self, connection: psycopg.Connection[Any], place: Placement) -> None:
        there = {table.name: table for table in tables_of(connection, place)}
        for archived in self.manifest.tables:
            columns = tuple(Column(*column) for column in archived.columns)
            shape = TableShape(archived.name, columns)
            require_shape(shape, there.get(archived.name), place)
        for archived, pieces in read_tables(self.path, self.manifest):
            shape = TableShape(archived.name, tuple(Column(*c) for c in archived.columns))
            try:
                with copying(connection):
                    loaded = copy_in(connection, place, shape, pieces)
            except psycopg.DataError as error:
                raise damaged(f"table {archived.name} does not hold what it should") from error
            if loaded != archived.rows:
                raise damaged(f"table {archived.name} has another number of rows")
        for archived in self.manifest.tables:
            wanted = {name: Position(*found) for name, found in archived.positions.items()}
            set_positions(connection, there[archived.name], wanted)


def _chosen(tables: Sequence[TableShape], extent: Extent) -> Iterable[str]:
    """Return the tables that a clone takes over; `tables` come after those they refer to."""
    if extent is Extent.EMPTY:
        return _OF_EVERY_SHOP
    left_out = set(_NEVER) if extent is Extent.CUSTOMERS else set(_NEVER | _OF_CUSTOMERS)
    for table in tables:
        if table.refers_to & left_out:
            left_out.add(table.name)
    return [table.name for table in tables if table.name not in left_out]


def _settle(connection: Connection, place: Placement) -> None:
    connection.exec_driver_sql(render(_CANCEL, place))
    for table in sorted(_NEVER):
        connection.exec_driver_sql(render(f"DELETE FROM tenant.__wbp__{table}", place))
    connection.exec_driver_sql(render(_WITHOUT_FILES, place))

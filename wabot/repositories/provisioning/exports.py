"""Exports of a tenant: its tables at one moment, as one file."""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from psycopg import sql

from wabot.domain.archive import ArchivedTable, Manifest, manifest_to_json
from wabot.domain.tenant import Placement, Tenant
from wabot.errors import Refused
from wabot.repositories.conninfo import describe, for_one_connection
from wabot.repositories.engines import database_errors
from wabot.repositories.provisioning.archive_file import (
    MANIFEST,
    ArchiveWriter,
    Summed,
    read_manifest,
    writing,
)
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.table_copy import (
    copy_out,
    copying,
    positions,
    snapshot,
)
from wabot.repositories.provisioning.table_shapes import (
    Connection,
    TableShape,
    tables_of,
)


class Dump(Protocol):
    """Runs pg_dump."""

    def __call__(
        self, conninfo: str, placement: Placement, path: Path, *, server_major: int
    ) -> None:
        """Write the placement's tables to the path."""


Progress = Callable[[int], None]

_REVISION = "SELECT string_agg(version_num, ',' ORDER BY version_num) FROM {}"
_ACTIVE = "SELECT count(*) FROM {} WHERE is_active"
_CUSTOMER_DATA_SPOOL = 8 * 1024 * 1024
# What a spreadsheet would run. In text only: a number that is negative is a number.
_TEXTS = frozenset({"text", "json", "jsonb", "name", "citext"})
_FORMULA = r"^\s*[=+\-@＝＋－＠\t\r]"


class SqlExports:
    """Reads tenants wherever they are placed; nothing of them is changed."""

    def __init__(self, servers: Servers, dump: Dump) -> None:
        self._servers = servers
        self._dump = dump

    def rows(self, tenant: Tenant) -> int:
        """Estimate how many rows there are to export."""
        with self._servers.connect(tenant.id, tenant.placement) as connection:
            return sum(
                _estimate(connection, tenant.placement, table)
                for table in tables_of(connection, tenant.placement)
            )

    def export(self, tenant: Tenant, path: Path, *, now: datetime, progress: Progress) -> Manifest:
        """Write wabot's own format, which `imports` reads back, and check what was written."""
        where = describe(self._servers.owner_url(tenant.id, tenant.placement))
        with (
            database_errors(self._servers.owner_url(tenant.id, tenant.placement)),
            self._servers.connect(tenant.id, tenant.placement) as connection,
            snapshot(connection),
            copying(connection),
            writing(path) as archive,
        ):
            found = tables_of(connection, tenant.placement)
            if not found:
                raise Refused(
                    f"tenant {tenant.slug} has no tables in the {where}",
                    hint=f"Look at it with: wabot tenant doctor {tenant.slug}",
                )
            tables = [
                _add(archive, connection, tenant.placement, table, progress) for table in found
            ]
            manifest = _manifest(connection, tenant, tuple(tables), now)
            archive.add_manifest(manifest)
        return manifest

    def export_csv(
        self, tenant: Tenant, path: Path, *, now: datetime, progress: Progress
    ) -> Manifest:
        """Write a CSV file for each table, for people and their spreadsheets."""
        with (
            database_errors(self._servers.owner_url(tenant.id, tenant.placement)),
            self._servers.connect(tenant.id, tenant.placement) as connection,
            snapshot(connection),
            copying(connection),
            writing(path) as archive,
        ):
            tables = tuple(
                _add_csv(archive, connection, tenant.placement, table, progress)
                for table in tables_of(connection, tenant.placement)
            )
            manifest = _manifest(connection, tenant, tables, now)
            described = manifest_to_json(manifest) | {"format": "wabot tenant csv"}
            archive.add(MANIFEST, json.dumps(described, indent=1).encode())
        return manifest

    def check(self, path: Path) -> Manifest:
        """Read an export from end to end; InvalidInput when it is not whole."""
        return read_manifest(path)

    def export_pgdump(self, tenant: Tenant, path: Path) -> None:
        """Write what PostgreSQL's pg_restore reads."""
        with self._servers.connect(tenant.id, tenant.placement) as connection:
            major = connection.info.server_version // 10_000
        url = self._servers.owner_url(tenant.id, tenant.placement)
        self._dump(for_one_connection(url), tenant.placement, path, server_major=major)


def _add(
    archive: ArchiveWriter,
    connection: Connection,
    placement: Placement,
    table: TableShape,
    progress: Progress,
) -> ArchivedTable:
    with copy_out(connection, placement, table) as blocks:
        summed = archive.add_table(table.name, blocks)
    progress(summed.rows)
    return ArchivedTable(
        table.name,
        tuple((column.name, column.type) for column in table.columns),
        {
            column: (position.last, position.used)
            for column, position in positions(connection, table).items()
        },
        summed.rows,
        summed.size,
        summed.sha256,
    )


def _add_csv(
    archive: ArchiveWriter,
    connection: Connection,
    placement: Placement,
    table: TableShape,
    progress: Progress,
) -> ArchivedTable:
    harmless = sql.SQL(", ").join(
        sql.SQL(
            "CASE WHEN {0}::text ~ {1} THEN '''' || {0}::text ELSE {0}::text END AS {0}"
        ).format(sql.Identifier(column.name), sql.Literal(_FORMULA))
        if column.type in _TEXTS or column.type.startswith("character") or "[]" in column.type
        else sql.Identifier(column.name)
        for column in table.columns
    )
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER)").format(
        harmless, sql.Identifier(placement.schema, placement.prefix + table.name)
    )
    summed, rows = Summed(), -1
    # A tar tells a member's length before it: a table is gathered first, on disk when it is large.
    with tempfile.SpooledTemporaryFile(max_size=_CUSTOMER_DATA_SPOOL) as gathered:
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for block in copy:
                rows += 1
                gathered.write(summed.add(bytes(block)))
        archive.add_file(f"{table.name}.csv", gathered)
    progress(rows)
    columns = tuple((column.name, column.type) for column in table.columns)
    return ArchivedTable(table.name, columns, {}, rows, summed.size, summed.sha256)


def _manifest(
    connection: Connection, tenant: Tenant, tables: tuple[ArchivedTable, ...], now: datetime
) -> Manifest:
    return Manifest(
        slug=tenant.slug,
        name=tenant.name,
        plan=tenant.plan,
        template=tenant.template,
        country=tenant.country,
        currency=tenant.currency,
        time_zone=tenant.time_zone,
        # Of the snapshot: a migration may run beside it.
        revision=str(_one(connection, tenant.placement, _REVISION, "alembic_version") or ""),
        active_products=int(str(_one(connection, tenant.placement, _ACTIVE, "products"))),
        exported_at=now,
        tables=tables,
    )


def _one(connection: Connection, placement: Placement, query: str, table: str) -> object:
    named = sql.Identifier(placement.schema, placement.prefix + table)
    row = connection.execute(sql.SQL(query).format(named)).fetchone()
    return row[0] if row else None


def _estimate(connection: Connection, placement: Placement, table: TableShape) -> int:
    row = connection.execute(
        "SELECT greatest(reltuples, 0)::bigint FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = %s",
        (placement.schema, placement.prefix + table.name),
    ).fetchone()
    return int(row[0]) if row else 0

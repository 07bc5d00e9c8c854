"""Take a whole tenant out as one file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from wabot.domain.archive import Manifest
from wabot.domain.tenant import Tenant
from wabot.services.provisioning.depots import Depot
from wabot.services.provisioning.lifecycle_ports import Exports, Progress
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants


class ExportFormat(StrEnum):
    """What an export is for: to be imported, to be read by people, for PostgreSQL's tools."""

    WABOT = "wabot"
    CSV = "csv"
    PGDUMP = "pgdump"


SUFFIXES = {
    ExportFormat.WABOT: ".wabot.tgz",
    ExportFormat.CSV: ".csv.tgz",
    ExportFormat.PGDUMP: ".pgdump",
}


@dataclass(frozen=True, slots=True)
class Export:
    """Where an export is and what is in it; `manifest` is None for pg_dump's and for a dry run."""

    tenant: Tenant
    name: str
    address: str
    format: ExportFormat
    at: datetime
    manifest: Manifest | None = None
    size: int = 0

    @property
    def restorable(self) -> bool:
        """Tell whether the shop can be made anew from it."""
        return self.format is ExportFormat.WABOT and self.manifest is not None


class ExportLog(Protocol):
    """Writes exports down: in the audit, and a backup as the tenant's last one."""

    def note(self, export: Export, *, actor: str, backup: bool) -> None:
        """Write down an export that is kept; `backup` when it is one of all tenants' backups."""
        ...


@dataclass(frozen=True, slots=True)
class ExportTenant:
    """The use case; the tenant is only read, and goes on working."""

    tenants: Tenants
    exports: Exports
    log: ExportLog
    actor: str
    now: Callable[[], datetime]

    def rows(self, slug: str) -> int:
        """Estimate how many rows there will be, for a progress bar."""
        return self.exports.rows(find_tenant(self.tenants, slug))

    def run(
        self,
        slug: str,
        depot: Depot,
        format: ExportFormat,  # noqa: A002 - named as the option is
        *,
        name: str = "",
        progress: Progress = lambda _: None,
        dry_run: bool = False,
        backup: bool = False,
    ) -> Export:
        """Write the tenant's tables to the depot, under a name of their own unless one is given.

        With `backup` it counts as the tenant's last one.
        """
        tenant, now = find_tenant(self.tenants, slug), self.now()
        name = name or f"{tenant.slug}-{now:%Y%m%dT%H%M%SZ}{SUFFIXES[format]}"
        depot.require_free(name)
        export = Export(tenant, name, depot.address(name), format, now)
        if dry_run:
            return export
        with depot.writing(name) as path:
            manifest = self._write(tenant, path, format, now, progress)
            size = path.stat().st_size
        export = replace(export, manifest=manifest, size=size)
        self.log.note(export, actor=self.actor, backup=backup)
        return export

    def _write(
        self, tenant: Tenant, path: Path, wanted: ExportFormat, now: datetime, progress: Progress
    ) -> Manifest | None:
        match wanted:
            case ExportFormat.WABOT:
                return self.exports.export(tenant, path, now=now, progress=progress)
            case ExportFormat.CSV:
                return self.exports.export_csv(tenant, path, now=now, progress=progress)
            case ExportFormat.PGDUMP:
                self.exports.export_pgdump(tenant, path)
                return None

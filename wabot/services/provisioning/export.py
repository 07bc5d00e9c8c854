"""Take a whole tenant out as one file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from wabot.domain.archive import Manifest
from wabot.domain.tenant import Tenant
from wabot.errors import Conflict, InvalidInput
from wabot.services.provisioning.lifecycle_ports import Changes, Exports, Progress
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants


class ExportFormat(StrEnum):
    """What an export is for: to be imported, to be read by people, for PostgreSQL's tools."""

    WABOT = "wabot"
    CSV = "csv"
    PGDUMP = "pgdump"


_SUFFIXES = {
    ExportFormat.WABOT: ".wabot.tgz",
    ExportFormat.CSV: ".csv.tgz",
    ExportFormat.PGDUMP: ".pgdump",
}


@dataclass(frozen=True, slots=True)
class Export:
    """A file and what is in it; `manifest` is None for pg_dump's and for a dry run."""

    tenant: Tenant
    path: Path
    format: ExportFormat
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class ExportTenant:
    """The use case; the tenant is only read, and goes on working."""

    tenants: Tenants
    exports: Exports
    changes: Changes
    actor: str
    now: Callable[[], datetime]

    def rows(self, slug: str) -> int:
        """Estimate how many rows there will be, for a progress bar."""
        return self.exports.rows(find_tenant(self.tenants, slug))

    def run(
        self,
        slug: str,
        out: Path | None,
        format: ExportFormat,  # noqa: A002 - named as the option is
        *,
        progress: Progress = lambda _: None,
        dry_run: bool = False,
    ) -> Export:
        """Write the tenant's tables to `out`, or to a file of its own in this folder."""
        tenant, now = find_tenant(self.tenants, slug), self.now()
        path = out or Path(f"{slug}-{now:%Y%m%dT%H%M%SZ}{_SUFFIXES[format]}")
        if path.is_dir():
            path /= f"{slug}-{now:%Y%m%dT%H%M%SZ}{_SUFFIXES[format]}"
        if not path.parent.is_dir():
            raise InvalidInput(
                f"there is no folder {path.parent} for --out",
                hint="Make it first, or name another.",
            )
        if path.exists():
            raise Conflict(
                f"{path} exists already", hint="Name another file, or remove that one first."
            )
        if dry_run:
            return Export(tenant, path, format)
        manifest = self._write(tenant, path, format, now, progress)
        self.changes.note(
            tenant,
            actor=self.actor,
            action="tenant.export",
            details={
                "file": path.name,
                "format": format.value,
                "rows": manifest.rows if manifest else None,
            },
        )
        return Export(tenant, path, format, manifest)

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

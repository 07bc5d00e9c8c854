"""What the acts on existing tenants need of the outside."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from wabot.domain.archive import Manifest
from wabot.domain.settings import StoredValue
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.services.provisioning.ports import Content


class Changes(Protocol):
    """Writes changes of a tenant, each in one transaction that is audited and published."""

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
        ...

    def set_status(self, before: Tenant, status: TenantStatus, *, actor: str, action: str) -> int:
        """Let servers work for the tenant, or not; return how many events wait for it."""
        ...

    def waiting_events(self, tenant: Tenant) -> int:
        """Count the events that wait for the tenant."""
        ...

    def origin(self, tenant: Tenant) -> dict[str, Any]:
        """Return what the tenant was made from, as its making was written down."""
        ...

    def note(self, tenant: Tenant, *, actor: str, action: str, details: Mapping[str, Any]) -> None:
        """Write an act down that changes nothing central by itself."""
        ...


Progress = Callable[[int], None]
"""Called with the number of rows that were dealt with."""


class Exports(Protocol):
    """Reads all tables of a tenant at one moment into one file."""

    def rows(self, tenant: Tenant) -> int:
        """Estimate how many rows there are to export."""
        ...

    def export(self, tenant: Tenant, path: Path, *, now: datetime, progress: Progress) -> Manifest:
        """Write wabot's own format; the file is whole or not there."""
        ...

    def export_csv(
        self, tenant: Tenant, path: Path, *, now: datetime, progress: Progress
    ) -> Manifest:
        """Write a CSV file for each table, for people and their spreadsheets."""
        ...

    def export_pgdump(self, tenant: Tenant, path: Path) -> None:
        """Write what PostgreSQL's pg_restore reads."""
        ...

    def check(self, path: Path) -> Manifest:
        """Read an export from end to end; InvalidInput when it is not whole."""
        ...


class Copies(Protocol):
    """Content for tenants that are made from another tenant or from an export."""

    def of_tenant(self, source: Tenant, extent: "Extent") -> Content:
        """Return what copies a tenant; Refused when its tables are not at this version's."""
        ...

    def of_archive(self, path: Path, manifest: Manifest) -> Content:
        """Return what restores an export; Refused when its revision is not known."""
        ...

    def modules(self, revision: str) -> tuple[str, ...]:
        """Return the modules of an export's revision; Refused when it is not known here."""
        ...


class Extent(StrEnum):
    """How much of a tenant a clone takes over."""

    EMPTY = "empty"
    SHOP = "shop"
    CUSTOMERS = "customers"

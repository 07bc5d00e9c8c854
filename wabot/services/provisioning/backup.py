"""Export every tenant that has no fresh backup there: it may be begun again any time."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from wabot.domain.tenant import TenantStatus
from wabot.errors import WabotError
from wabot.services.provisioning.depots import Depot
from wabot.services.provisioning.export import Export, ExportFormat, ExportTenant

# These have no tables that are theirs for good.
_WITHOUT_TABLES = frozenset({TenantStatus.PROVISIONING, TenantStatus.DELETING})


@dataclass(frozen=True, slots=True)
class BackupOutcome:
    """What became of a tenant in a backup of all; `reason` tells why it failed, if it did."""

    slug: str
    address: str = ""
    rows: int = 0
    size: int = 0
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The slugs of who is exported, and of who was lately enough."""

    due: tuple[str, ...]
    fresh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When a tenant was last backed up, and where the file is."""

    at: datetime
    address: str


class Backups(Protocol):
    """What is known of the tenants' backups."""

    def last(self) -> Mapping[str, LastBackup]:
        """Return the last backup of each tenant that has one, by slug."""
        ...


@dataclass(frozen=True, slots=True)
class BackUpTenants:
    """The use case; a tenant that cannot be exported stops no other."""

    export: ExportTenant
    backups: Backups

    def plan(self, fresh_for: timedelta, depot: Depot) -> BackupPlan:
        """Find who has no backup in the depot that is younger than that; nothing is changed.

        Raises InvalidInput when nothing can be kept there, also where nobody is due.
        """
        depot.require_usable()
        now, backups = self.export.now(), self.backups.last()
        due: list[str] = []
        fresh: list[str] = []
        for tenant in self.export.tenants.listing():
            last = backups.get(tenant.slug)
            if tenant.status in _WITHOUT_TABLES:
                continue
            if last is not None and now - last.at < fresh_for and _is_in(depot, last):
                fresh.append(tenant.slug)
            else:
                due.append(tenant.slug)
        return BackupPlan(tuple(due), tuple(fresh))

    def run(self, plan: BackupPlan, depot: Depot, *, jobs: int = 4) -> Iterator[BackupOutcome]:
        """Export who is due; yields what became of each as it ends."""
        if not plan.due:
            return
        pool = ThreadPoolExecutor(min(jobs, len(plan.due)), thread_name_prefix="backup")
        try:
            running = [pool.submit(partial(self._one, slug, depot)) for slug in plan.due]
            for future in as_completed(running):
                yield future.result()
        finally:
            # Interrupted: what has begun ends, nothing else begins.
            pool.shutdown(cancel_futures=True)

    def _one(self, slug: str, depot: Depot) -> BackupOutcome:
        begun = time.monotonic()
        try:
            done = self.export.run(slug, depot, ExportFormat.WABOT, backup=True)
        except WabotError as error:
            reason = f"{error.message}. {error.hint}".strip()
            seconds = time.monotonic() - begun
            return BackupOutcome(slug, seconds=seconds, reason=reason)
        return _outcome(done, time.monotonic() - begun)


def _is_in(depot: Depot, last: LastBackup) -> bool:
    return depot.address(last.address.rsplit("/", 1)[-1]) == last.address


def _outcome(done: Export, seconds: float) -> BackupOutcome:
    rows = done.manifest.rows if done.manifest else 0
    return BackupOutcome(done.tenant.slug, done.address, rows, done.size, seconds)

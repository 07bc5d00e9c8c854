"""Export every tenant whose last export is not fresh: a backup that may be begun again any time."""

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


class Backups(Protocol):
    """What is known of the tenants' backups."""

    def times(self) -> Mapping[str, datetime]:
        """Return when each tenant that has a backup was last exported, by slug."""
        ...


@dataclass(frozen=True, slots=True)
class BackUpTenants:
    """The use case; a tenant that cannot be exported stops no other."""

    export: ExportTenant
    backups: Backups

    def plan(self, fresh_for: timedelta) -> BackupPlan:
        """Find whose last backup is older than that; nothing is changed."""
        now, times = self.export.now(), self.backups.times()
        due: list[str] = []
        fresh: list[str] = []
        for tenant in self.export.tenants.listing():
            last = times.get(tenant.slug)
            if tenant.status in _WITHOUT_TABLES:
                continue
            if last is not None and now - last < fresh_for:
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
            done = self.export.run(slug, depot, ExportFormat.WABOT)
        except WabotError as error:
            reason = f"{error.message}. {error.hint}".strip()
            seconds = time.monotonic() - begun
            return BackupOutcome(slug, seconds=seconds, reason=reason)
        return _outcome(done, time.monotonic() - begun)


def _outcome(done: Export, seconds: float) -> BackupOutcome:
    rows = done.manifest.rows if done.manifest else 0
    return BackupOutcome(done.tenant.slug, done.address, rows, done.size, seconds)

"""Take a tenant away for good: exported first, and nothing of it left behind.

Steps that may each be done again: whoever is killed anywhere gives the same command again.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from wabot.domain.archive import Manifest
from wabot.domain.counted import counted
from wabot.domain.places import Places, Removal
from wabot.domain.tenant import Placement, Tenant, TenantStatus
from wabot.errors import ExternalFailure, InvalidInput, Refused
from wabot.services.provisioning.depots import Depot
from wabot.services.provisioning.lifecycle_ports import Exports, Progress
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants

PATIENCE = 60.0
_LOOK_EVERY = 0.1


class DeleteStep(StrEnum):
    """The steps, in order."""

    PARK = "park"
    DRAIN = "drain"
    EXPORT = "export"
    CLEAR = "clear"
    FILES = "files"
    FINISH = "finish"


class Files(Protocol):
    """Where customers' files are kept."""

    def delete_tenant(self, client_id: UUID) -> int:
        """Delete all files of a tenant; return how many there were."""
        ...


class Removals(Protocol):
    """What a deletion does to the central tables and to the tenant's places."""

    def turn(self, slug: str) -> AbstractContextManager[None]:
        """Keep other acts away from the tenant; Conflict when one is under way."""
        ...

    def read(self, slug: str) -> tuple[Tenant, Places] | None:
        """Return the tenant and its places as they are now."""
        ...

    def begin(self, tenant: Tenant, *, actor: str) -> None:
        """Write down that the deletion has begun: no server works for the tenant."""
        ...

    def give_up(self, tenant: Tenant, status: TenantStatus, *, actor: str) -> int:
        """Let servers work for the tenant as before; return how many events waited."""
        ...

    def commit_to(self, tenant: Tenant) -> None:
        """Write down that dropping begins: from now on there is no way back."""
        ...

    def at_work(self, tenant: Tenant) -> int:
        """Count the tenant's conversations that servers still hold."""
        ...

    def stands(self, tenant: Tenant, place: Placement) -> bool:
        """Tell whether there is anything left to export."""
        ...

    def clear(self, tenant: Tenant, place: Placement) -> None:
        """Drop a place outside the central database; what is gone already is no fault."""
        ...

    def finish(
        self, tenant: Tenant, places: Places, *, actor: str, details: Mapping[str, Any]
    ) -> Mapping[str, int]:
        """Drop what is left of the tenant in one transaction; return rows by central table."""
        ...

    def tombstone(self, slug: str) -> datetime | None:
        """Return when the last tenant of that slug was deleted."""
        ...


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted; `at` is set when an earlier run had done it.

    `file` is where its export is. `stays` are places of a tenant that was forgotten, on servers
    that did not answer.
    """

    slug: str
    deleted: bool
    file: str = ""
    manifest: Manifest | None = None
    removed: Mapping[str, int] = field(default_factory=dict)
    files: int = 0
    at: datetime | None = None
    stays: tuple[Placement, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Where the tenant stands, and how many events waited for it meanwhile."""

    slug: str
    status: TenantStatus
    cancelled: bool
    waited: int = 0


def _silent(_step: DeleteStep) -> None:
    return


@dataclass(frozen=True, slots=True)
class DeleteTenant:
    """The use case; `on_step` is told of every step before it is done."""

    tenants: Tenants
    removals: Removals
    exports: Exports
    files: Files
    actor: str
    now: Callable[[], datetime]
    patience: float = PATIENCE
    sleep: Callable[[float], None] = time.sleep

    def run(
        self,
        slug: str,
        depot: Depot,
        *,
        confirmed: str = "",
        dry_run: bool = False,
        forget: bool = False,
        on_step: Callable[[DeleteStep], None] = _silent,
        progress: Progress = lambda _: None,
    ) -> Deletion:
        """Delete the tenant, or go on with a deletion that was begun.

        `confirmed` must be the slug. The export in `depot` is read back before anything is lost.
        To `forget` is for a tenant whose server is gone: nothing is exported, and what that server
        holds stays there.
        """
        found = self.removals.read(slug)
        if found is None:
            at = self.removals.tombstone(slug)
            if at is None:
                find_tenant(self.tenants, slug)
            return Deletion(slug, deleted=False, at=at)
        if dry_run:
            self._check(*found)
            return Deletion(slug, deleted=False, file=depot.address(_name(found[0])))
        self.check_confirmed(slug, confirmed)
        with self.removals.turn(slug):
            return self._delete(slug, None if forget else depot, on_step, progress)

    def check_confirmed(self, slug: str, confirmed: str) -> None:
        """Refuse what is not the slug."""
        if confirmed != slug:
            raise InvalidInput(
                f"{confirmed!r} is not {slug!r}: nothing was changed",
                hint=f"Type the slug, or give --confirm {slug}.",
            )

    def cancel(self, slug: str) -> Cancelled:
        """Give a deletion up that was begun, as long as nothing was dropped."""
        find_tenant(self.tenants, slug)
        with self.removals.turn(slug):
            found = self.removals.read(slug)
            assert found is not None
            tenant, places = found
            if tenant.status is not TenantStatus.DELETING:
                return Cancelled(slug, tenant.status, cancelled=False)
            status = self._status_before(tenant, places)
            if status is None:
                raise Refused(
                    f"parts of {slug} may be dropped already: its deletion can only be finished",
                    hint=f"Run: wabot tenant delete {slug}, then make it anew from its export with"
                    " wabot tenant import.",
                )
            waited = self.removals.give_up(tenant, status, actor=self.actor)
        return Cancelled(slug, status, cancelled=True, waited=waited)

    def _status_before(self, tenant: Tenant, places: Places) -> TenantStatus | None:
        """Return what the tenant was before its deletion; None if there is no way back."""
        if places.removal is not None:
            return None if places.removal.dropping else places.removal.status
        # Begun by a version that wrote neither down. It dropped the present place first, or all
        # at once with the client's row: what stands is whole, and whether it was active is not
        # known.
        stands = self.removals.stands(tenant, places.current)
        return TenantStatus.SUSPENDED if stands else None

    def _delete(
        self,
        slug: str,
        depot: Depot | None,
        on_step: Callable[[DeleteStep], None],
        progress: Progress,
    ) -> Deletion:
        found = self.removals.read(slug)
        if found is None:
            return Deletion(slug, deleted=False, at=self.removals.tombstone(slug))
        tenant, places = found
        self._check(tenant, places)
        if tenant.status is not TenantStatus.DELETING:
            on_step(DeleteStep.PARK)
            self.removals.begin(tenant, actor=self.actor)
            places = replace(places, removal=Removal(tenant.status))
        try:
            on_step(DeleteStep.DRAIN)
            self._drain(tenant)
            on_step(DeleteStep.EXPORT)
            manifest = self._export(tenant, places, depot, progress) if depot else None
            if depot is None:
                self._require_gone(tenant, places)
        except BaseException:
            # A shop that waits for a deletion that failed would wait for ever.
            if places.removal is not None and not places.removal.dropping:
                self.removals.give_up(tenant, places.removal.status, actor=self.actor)
            raise
        self.removals.commit_to(tenant)
        stays = []
        for place in (places.current, *places.former):
            if place.database:
                on_step(DeleteStep.CLEAR)
                try:
                    self.removals.clear(tenant, place)
                except ExternalFailure:
                    if depot is not None or not place.server:
                        raise
                    stays.append(place)
        # The export lists them but does not hold them: they may be gigabytes.
        on_step(DeleteStep.FILES)
        files = self.files.delete_tenant(tenant.id)
        on_step(DeleteStep.FINISH)
        file = depot.address(_name(tenant)) if depot and manifest else ""
        details = {
            "phone_number_id": tenant.phone_number_id,
            "template": tenant.template,
            "export": file or None,
            "stays": [place.address for place in stays],
            "rows": {table.name: table.rows for table in manifest.tables} if manifest else None,
            "files": files,
        }
        removed = self.removals.finish(tenant, places, actor=self.actor, details=details)
        return Deletion(
            slug,
            deleted=True,
            file=file,
            manifest=manifest,
            removed=removed,
            files=files,
            stays=tuple(stays),
        )

    def _require_gone(self, tenant: Tenant, places: Places) -> None:
        if places.current.server:
            try:
                self.removals.stands(tenant, places.current)
            except ExternalFailure:
                return
        raise Refused(
            f"the server of {tenant.slug} answers: there is no need to forget the shop",
            hint=f"Without --forget it is exported first: wabot tenant delete {tenant.slug}",
        )

    def _check(self, tenant: Tenant, places: Places) -> None:
        if places.move is not None or tenant.status is TenantStatus.MOVING:
            raise Refused(
                f"tenant {tenant.slug} is being moved and cannot be deleted",
                hint="Finish the move first, or give it up with:"
                f" wabot tenant move {tenant.slug} --cancel",
            )

    def _export(
        self, tenant: Tenant, places: Places, depot: Depot, progress: Progress
    ) -> Manifest | None:
        name = _name(tenant)
        if self.removals.stands(tenant, places.current):
            exported = replace(tenant, placement=places.current)
            with depot.writing(name) as path:
                self.exports.export(exported, path, now=self.now(), progress=progress)
        elif not depot.holds(name):
            # Never made, or dropped by an earlier run, which had exported it before.
            return None
        with depot.reading(name) as path:
            return self.exports.check(path)

    def _drain(self, tenant: Tenant) -> None:
        """Wait for the conversations that were at work when the tenant was parked."""
        waited = 0.0
        while self.removals.at_work(tenant):
            if waited >= self.patience:
                raise Refused(
                    f"a server still holds conversations of {tenant.slug} after"
                    f" {counted(round(self.patience), 'second')}; nothing was deleted",
                    hint="Look at the servers' logs, then try again.",
                    retryable=True,
                )
            self.sleep(_LOOK_EVERY)
            waited += _LOOK_EVERY


def _name(tenant: Tenant) -> str:
    # The same for every run: one that goes on after a kill writes no second file.
    return f"{tenant.slug}-{str(tenant.id)[:8]}-deleted.wabot.tgz"

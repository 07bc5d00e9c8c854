"""Stop and resume the work for a tenant: its customers' messages are kept meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from wabot.domain.plan_standing import Phase
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import Refused
from wabot.services.provisioning.lifecycle_ports import Changes
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants

_WAYS = {
    TenantStatus.MOVING: "Give its move up with: wabot tenant move {} --cancel",
    TenantStatus.DELETING: "Bring it back with: wabot tenant delete {} --cancel",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant stands now, and how many events wait for it."""

    tenant: Tenant
    changed: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class SuspendTenants:
    """Both ways; asking again for what is already so changes nothing."""

    tenants: Tenants
    changes: Changes
    actor: str
    now: Callable[[], datetime]

    def suspend(self, slug: str, *, dry_run: bool = False) -> Standing:
        """Leave the tenant's events waiting from now on; its customers get nothing."""
        return self._set(slug, TenantStatus.ACTIVE, TenantStatus.SUSPENDED, dry_run=dry_run)

    def resume(self, slug: str, *, dry_run: bool = False) -> Standing:
        """Let the tenant's events be handled again, those that waited at once."""
        tenant = find_tenant(self.tenants, slug)
        if tenant.standing.phase(self.now()) is Phase.SUSPENDED:
            raise Refused(
                f"tenant {slug} is suspended by a date of its plan: its customers get no answers"
                " before that is settled",
                hint=f"Once it pays: wabot plan set {slug} --paid; or --grace-until DAY.",
            )
        return self._set(slug, TenantStatus.SUSPENDED, TenantStatus.ACTIVE, dry_run=dry_run)

    def _set(
        self, slug: str, wanted: TenantStatus, status: TenantStatus, *, dry_run: bool
    ) -> Standing:
        tenant = find_tenant(self.tenants, slug)
        if tenant.status is status:
            return Standing(tenant, changed=False, waiting=self.changes.waiting_events(tenant))
        if tenant.status is not wanted:
            raise Refused(
                f"tenant {slug} is {tenant.status.value}: only what is {wanted.value} can become"
                f" {status.value}",
                hint=_WAYS.get(tenant.status, "See it with: wabot tenant show {}").format(slug),
            )
        if dry_run:
            return Standing(tenant, changed=False, waiting=self.changes.waiting_events(tenant))
        action = "tenant.suspend" if status is TenantStatus.SUSPENDED else "tenant.resume"
        waiting = self.changes.set_status(tenant, status, actor=self.actor, action=action)
        return Standing(tenant, changed=True, waiting=waiting)

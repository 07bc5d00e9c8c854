"""What the acts on existing tenants need of the outside."""

from collections.abc import Mapping
from typing import Any, Protocol

from wabot.domain.settings import StoredValue
from wabot.domain.tenant import Tenant, TenantStatus


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
    ) -> int:
        """Write what differs; return how many events waited for the tenant's new number.

        Raises Conflict when somebody else changed the tenant since `before` was read.
        """
        ...

    def set_status(self, before: Tenant, status: TenantStatus, *, actor: str, action: str) -> int:
        """Let servers work for the tenant, or not; return how many events wait for it."""
        ...

    def waiting_events(self, tenant: Tenant) -> int:
        """Count the events that wait for the tenant."""
        ...

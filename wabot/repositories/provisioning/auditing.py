"""Who did what to which tenant, and when."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from wabot.domain.tenant import Tenant
from wabot.models.central import audit_log


def note_central(
    connection: Connection, *, actor: str, action: str, details: Mapping[str, Any]
) -> None:
    """Write an act down that is of no single tenant; `details` holds no secrets."""
    connection.execute(insert(audit_log).values(actor=actor, action=action, details=dict(details)))


def note(
    connection: Connection, tenant: Tenant, *, actor: str, action: str, details: Mapping[str, Any]
) -> None:
    """Write an act down in the transaction that does it; `details` holds no secrets."""
    connection.execute(
        insert(audit_log).values(
            actor=actor,
            action=action,
            client_id=tenant.id,
            slug=tenant.slug,
            details=dict(details),
        )
    )

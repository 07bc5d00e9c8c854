"""What is agreed with clients apart from their plans, in the central tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, or_, update

from wabot.domain.counted import counted
from wabot.domain.plan import Feature, Limit, Override
from wabot.domain.tenant import Tenant
from wabot.errors import Refused
from wabot.models.central import clients as clients_table
from wabot.models.central import plan_overrides
from wabot.repositories.provisioning import clients
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.holding import central_transaction, hold, own_tables
from wabot.repositories.provisioning.product_limit import hold_count
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.waking import wake


class SqlAgreements:
    """Agreements with the tenants of one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine, servers: Servers) -> None:
        self._engine = engine
        self._servers = servers

    def write(
        self,
        before: Tenant,
        after: Tenant,
        given: Sequence[Override],
        cleared: Sequence[Limit | Feature],
        *,
        at: datetime,
        actor: str,
        changes: Mapping[str, Any],
    ) -> None:
        """Write it, as one audited change of the tenant that servers notice.

        Raises Conflict when somebody else changed the tenant since, Refused when fewer products
        would be allowed than before and than are active.
        """
        with central_transaction(self._engine) as connection:
            hold(connection, before)
            allowed = after.allowance(at)
            if allowed.active_products < before.allowance(at).active_products:
                with own_tables(self._servers, connection, after) as own:
                    active = hold_count(own, after.placement)
                if active > allowed.active_products:
                    raise Refused(
                        f"{after.slug} has {counted(active, 'active product')},"
                        f" {allowed.active_products:,} would be allowed; nothing was changed",
                        hint=f"First run: wabot catalog deactivate {after.slug} SKU...",
                    )
            _end(connection, before, cleared, at)
            _add(connection, before, given, actor)
            standing = after.standing
            connection.execute(
                update(clients_table)
                .where(clients_table.c.id == after.id)
                .values(
                    trial_ends_at=standing.trial_ends_at,
                    grace_ends_at=standing.grace_ends_at,
                    suspends_at=standing.suspends_at,
                )
            )
            if after.is_served(at) and not before.is_served(at):
                wake(connection, after.id)
            note(connection, after, actor=actor, action="plan.set", details=changes)
            clients.publish(connection, after)


def _end(
    connection: Connection, tenant: Tenant, items: Sequence[Limit | Feature], at: datetime
) -> None:
    """End what holds; what did not begin yet never will."""
    mine = (plan_overrides.c.client_id == tenant.id) & plan_overrides.c.item.in_(items)
    connection.execute(delete(plan_overrides).where(mine, plan_overrides.c.starts_at >= at))
    holds = or_(plan_overrides.c.ends_at.is_(None), plan_overrides.c.ends_at > at)
    connection.execute(update(plan_overrides).where(mine, holds).values(ends_at=at))


def _add(connection: Connection, tenant: Tenant, given: Sequence[Override], actor: str) -> None:
    rows = [
        {
            "client_id": tenant.id,
            "item": override.item,
            "value": override.value,
            "reason": override.reason,
            "starts_at": override.starts_at,
            "ends_at": override.ends_at,
            "actor": actor,
        }
        for override in given
    ]
    if rows:
        connection.execute(insert(plan_overrides), rows)

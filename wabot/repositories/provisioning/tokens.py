"""Tokens of clients: replaced, and what is known of their end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from wabot.domain.tenant import Tenant
from wabot.errors import Conflict
from wabot.models.central import alerts, clients, previous_tokens, sending_pauses
from wabot.repositories.provisioning import clients as rows
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.failures import named_failures
from wabot.repositories.provisioning.servers import LIMITS
from wabot.repositories.provisioning.turns import take_turn
from wabot.repositories.provisioning.waking import wake
from wabot.services.provisioning.rotate_token import TokenChange
from wabot.services.provisioning.token_expiry import TokenState

# What stops or is told because of a token is settled by another one.
_SETTLED = ("sending_paused", "token_refused")


class SqlTokens:
    """The tokens of one central database; `engine` connects as its owner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def replace(self, tenant: Tenant, change: TokenChange, *, actor: str) -> None:
        """Replace the token in one transaction, audited, and let running servers know.

        Raises Conflict when the tenant's token is not the one that was read.
        """
        with self._transaction() as connection:
            take_turn(connection, tenant.slug)
            present = select(clients.c.whatsapp_token).where(clients.c.id == tenant.id)
            if connection.execute(present.with_for_update()).scalar() != tenant.token:
                raise Conflict(
                    f"the token of {tenant.slug} was changed by another command meanwhile",
                    hint=f"See it with: wabot tenant show {tenant.slug}",
                    retryable=True,
                )
            _keep_former(connection, tenant, change.former_kept_until)
            connection.execute(
                update(clients)
                .where(clients.c.id == tenant.id)
                .values(
                    whatsapp_token=change.token,
                    token_changed_at=func.now(),
                    token_expires_at=change.expires_at,
                    token_checked_at=func.now(),
                    updated_at=func.now(),
                )
            )
            connection.execute(
                update(alerts)
                .where(alerts.c.key.in_([f"{rule}:{tenant.id}" for rule in _SETTLED]))
                .where(alerts.c.resolved_at.is_(None))
                .values(resolved_at=func.now())
            )
            connection.execute(
                delete(sending_pauses).where(sending_pauses.c.client_id == tenant.id)
            )
            wake(connection, tenant.id)
            details = {
                "token": [change.before, change.after],
                "expires_at": change.expires_at.isoformat() if change.expires_at else "never",
            }
            note(connection, tenant, actor=actor, action="tenant.rotate_token", details=details)
            rows.publish(connection, tenant)

    def note_expiry(self, tenant: Tenant, expires_at: datetime | None) -> None:
        """Write down when the present token ends, as Graph just said."""
        with self._transaction() as connection:
            connection.execute(
                update(clients)
                # What was said of a token says nothing of the one that took its place.
                .where(clients.c.id == tenant.id, clients.c.whatsapp_token == tenant.token)
                .values(token_expires_at=expires_at, token_checked_at=func.now())
            )

    def states(self) -> tuple[TokenState, ...]:
        """Return the state of every tenant's token, by slug."""
        columns = (clients.c.id, clients.c.token_expires_at, clients.c.token_checked_at)
        with self._transaction() as connection:
            known = {row[0]: row[1:] for row in connection.execute(select(*columns))}
            found = rows.read(connection, rows.everything().order_by(clients.c.slug))
        nothing = (None, None)
        return tuple(TokenState(tenant, *known.get(tenant.id, nothing)) for tenant in found)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with named_failures(), self._engine.begin() as connection:
            connection.exec_driver_sql(LIMITS)
            yield connection


def _keep_former(connection: Connection, tenant: Tenant, until: datetime | None) -> None:
    """Keep the last token that has sent: one that stands there still is more trusted than ours."""
    if until is None:
        connection.execute(delete(previous_tokens).where(previous_tokens.c.client_id == tenant.id))
        return
    connection.execute(
        delete(previous_tokens)
        .where(previous_tokens.c.client_id == tenant.id)
        .where(previous_tokens.c.kept_until <= func.now())
    )
    kept = insert(previous_tokens).values(
        client_id=tenant.id, whatsapp_token=tenant.token, kept_until=until
    )
    connection.execute(
        kept.on_conflict_do_update(index_elements=["client_id"], set_={"kept_until": until})
    )

"""One act on a tenant at a time, however many operators there are."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from wabot.errors import Conflict
from wabot.repositories.provisioning.failures import named_failures

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('wabot tenant ' || %(what)s, 0))"


def take_turn(connection: Connection, slug: str) -> None:
    """Hold the turn to act on a tenant until the transaction ends; Conflict when another has it."""
    if not connection.exec_driver_sql(_LOCK, {"what": slug}).scalar_one():
        raise Conflict(
            f"tenant {slug} is being created or changed by another command",
            hint=f"Wait for it to end, then: wabot tenant show {slug}",
            retryable=True,
        )


@contextmanager
def slug_turn(engine: Engine, slug: str) -> Iterator[None]:
    """Hold the turn over several transactions.

    A transaction of its own holds it: a session's lock would get lost behind PgBouncer.
    """
    with named_failures(), engine.connect() as holder, holder.begin():
        holder.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        take_turn(holder, slug)
        yield

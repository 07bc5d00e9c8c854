"""The central inbox, the leases of conversations and the timers, in SQL.

Every statement that touches several conversations takes their rows in the order of the primary
key, so that processes never wait for each other in a circle.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from wabot.repositories.runtime import journal_statements as statements
from wabot.repositories.runtime.alarm import PostgresAlarm
from wabot.repositories.runtime.media import queueing
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.scripts import run_statements
from wabot.repositories.runtime.sql import Statement
from wabot.services.runtime.events import (
    Acceptance,
    Closing,
    ConversationKey,
    EventKind,
    Leased,
    NewEvent,
    StoredEvent,
)
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.ports import Agenda, Clock, StatusSilence


class PostgresJournal(PostgresAlarm):
    """The journal of one process; `owner` names the process in its leases."""

    def __init__(
        self,
        pools: Pools,
        *,
        owner: str,
        lease: timedelta,
        quiet: timedelta,
        quiet_limit: timedelta,
        clock: Clock,
        measures: Measures = UNMEASURED,
    ) -> None:
        super().__init__(pools, measures)
        self._owner = owner
        self._lease = lease
        self._quiet = quiet
        self._quiet_limit = quiet_limit
        self._clock = clock

    async def accept(self, events: Sequence[NewEvent]) -> Acceptance:
        """Keep the events that are new and lease the conversations that are due and free."""
        accepting = {
            "owner": self._owner,
            "lease": self._lease,
            "now": self._clock.now(),
            "quiet": self._quiet,
            "numbers": [e.phone_number_id for e in events],
            "keys": [e.dedup_key for e in events],
            "kinds": [e.kind.value for e in events],
            "clients": [e.client_id for e in events],
            "contacts": [e.contact for e in events],
            "payloads": [Jsonb(e.payload) for e in events],
            "requests": [e.request_id for e in events],
            "apps": [e.app_id for e in events],
            "occurred": [e.occurred_at for e in events],
            "quiets": [e.quiet and bool(self._quiet) for e in events],
        }
        async with self._pools.central() as connection:
            rows = (
                await run_statements(
                    connection, [*queueing(events), (statements.ACCEPT, accepting)]
                )
            )[-1]
        given = {(e.client_id, e.contact, e.dedup_key): e for e in events}
        return Acceptance(
            stored=rows[0][0] if rows else 0,
            leased=tuple(
                Leased(
                    ConversationKey(client_id, contact),
                    _in_order(
                        _first_time(event_id, given[client_id, contact, key], at)
                        for event_id, key in zip(ids, keys, strict=True)
                    )
                    if ids
                    else None,
                )
                for _, client_id, contact, leased, ids, keys, at in rows
                if leased
            ),
        )

    async def adopt(self) -> int:
        """Let events be handled that no client had a number for, or whose client was parked."""
        adopted = 0
        async with self._pools.central() as connection:
            for statement in (statements.ADOPT, statements.WAKE_PARKED):
                cursor = await connection.execute(statement, {"now": self._clock.now()})
                row = await cursor.fetchone()
                adopted += row[0] if row else 0
        return adopted

    async def claim_due(self, limit: int) -> list[ConversationKey]:
        """Lease conversations whose time has come and that nobody holds."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(
                statements.CLAIM_DUE, {"owner": self._owner, "lease": self._lease, "limit": limit}
            )
            return [ConversationKey(*row) for row in await cursor.fetchall()]

    async def agenda(self, now: datetime) -> Agenda:
        """Return what asks to be done by that business time, all as of one moment."""
        async with self._pools.central() as connection:
            ((row,),) = await run_statements(connection, [(statements.AGENDA, {"now": now})])
        return Agenda(*row)

    async def take(self, key: ConversationKey) -> list[StoredEvent] | None:
        """Take what is due of a leased conversation; None when the lease was lost."""
        async with self._pools.central() as connection:
            asked = {
                "owner": self._owner,
                "client": key.client_id,
                "contact": key.contact,
                "now": self._clock.now(),
                "quiet_limit": self._quiet_limit,
            }
            (rows,) = await run_statements(connection, [(statements.TAKE, asked)])
        if not rows:
            return None
        events = [
            StoredEvent(
                id=row[0],
                phone_number_id=row[1],
                key=row[2],
                kind=EventKind(row[3]),
                contact=key.contact,
                payload=row[4],
                occurred_at=row[5],
                attempts=row[6],
                request_id=row[7],
                last_error=row[8],
                received_at=row[9],
            )
            for row in rows
            if row[0] is not None
        ]
        return list(_in_order(events))

    async def close(self, closings: Sequence[Closing]) -> list[ConversationKey]:
        """Settle events and give leases back; return those kept because more is due already."""
        ordered = sorted(closings, key=lambda c: (c.key.client_id.bytes, c.key.contact))
        keys = {
            "clients": [c.key.client_id for c in ordered],
            "contacts": [c.key.contact for c in ordered],
            "owner": self._owner,
            "lease": self._lease,
            "now": self._clock.now(),
            "quiet_limit": self._quiet_limit,
        }
        timers = [(c.key, t) for c in ordered for t in c.timers]
        asked: list[tuple[Statement, dict[str, Any]]] = [
            # A crashed server that forgets it has the turn found done and closed again.
            (statements.UNHURRIED, {}),
            # Locked first: whoever accepts an event meanwhile waits here, or is seen below.
            (statements.LOCK_CONVERSATIONS, keys),
            (statements.SETTLE, {"done": [event for c in ordered for event in c.done]}),
        ]
        failed = [event for c in ordered for event in c.failed]
        if failed:
            reasons = {"failed": [e.id for e in failed], "reasons": [e.reason for e in failed]}
            asked.append((statements.SET_ASIDE, reasons))
        kept = [event for c in ordered for event in c.kept]
        if kept:
            asked.append(
                (
                    statements.KEEP,
                    {
                        "ids": [event.id for event in kept],
                        "delays": [event.delay for event in kept],
                        "attempts": [event.attempts for event in kept],
                        "errors": [event.error for event in kept],
                        "growing": [event.growing for event in kept],
                    },
                )
            )
        if timers:
            asked.append(
                (
                    statements.CHANGE_TIMERS,
                    {
                        "clients": [key.client_id for key, _ in timers],
                        "contacts": [key.contact for key, _ in timers],
                        "kinds": [timer.kind.value for _, timer in timers],
                        "set_by": [timer.set_by for _, timer in timers],
                        "due": [timer.due_at for _, timer in timers],
                    },
                )
            )
        asked.append((statements.RELEASE, keys))
        async with self._pools.central() as connection:
            rows = (await run_statements(connection, asked))[-1]
        return [ConversationKey(row[0], row[1]) for row in rows if row[2]]

    async def renew(self, keys: Sequence[ConversationKey]) -> set[ConversationKey]:
        """Prolong the leases; return those still held."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(
                statements.RENEW,
                {
                    "owner": self._owner,
                    "lease": self._lease,
                    "clients": [key.client_id for key in keys],
                    "contacts": [key.contact for key in keys],
                },
            )
            return {ConversationKey(*row) for row in await cursor.fetchall()}

    async def release_all(self) -> None:
        """Give back every lease of this process."""
        async with self._pools.central() as connection:
            await connection.execute(statements.RELEASE_ALL, {"owner": self._owner})

    async def fire_timers(self, now: datetime) -> list[ConversationKey]:
        """Turn timers due by business time into events and lease their conversations."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(
                statements.FIRE_TIMERS, {"now": now, "owner": self._owner, "lease": self._lease}
            )
            return [ConversationKey(r[0], r[1]) for r in await cursor.fetchall() if r[2]]

    async def purge(self, kept: timedelta) -> int:
        """Delete events done longer ago than that; let go of what a deleted client left."""
        async with self._pools.central() as connection:
            await connection.execute(statements.RELEASE_ORPHANS)
            cursor = await connection.execute(statements.PURGE, {"kept": kept})
            return cursor.rowcount

    async def status_silence(self, phone_number_id: str, message_id: UUID) -> StatusSilence:
        """Tell what is known of the number's statuses, and of this message's."""
        async with self._pools.central() as connection:
            cursor = await connection.execute(
                statements.STATUS_SILENCE,
                {"number": phone_number_id, "message": str(message_id)},
            )
            row = await cursor.fetchone()
        return StatusSilence(*row) if row else StatusSilence(None, backlog=False)

    async def watch(self, patience: timedelta) -> list[str]:
        """Alert, once per tenant, when events wait longer than that; resolve what is over.

        Returns the alerts that are new.
        """
        async with self._pools.central() as connection:
            asked = {"patience": patience, "now": self._clock.now()}
            cursor = await connection.execute(statements.WATCH, asked)
            raised = [row[0] for row in await cursor.fetchall()]
        for _ in raised:
            self._measures.alert("event_waits")
        return raised


def _in_order(events: Iterable[StoredEvent]) -> tuple[StoredEvent, ...]:
    return tuple(sorted(events, key=lambda event: (event.occurred_at, event.id)))


def _first_time(event_id: int, event: NewEvent, at: datetime) -> StoredEvent:
    return StoredEvent(
        id=event_id,
        phone_number_id=event.phone_number_id,
        key=event.dedup_key,
        kind=event.kind,
        contact=event.contact,
        payload=event.payload,
        occurred_at=event.occurred_at,
        request_id=event.request_id,
        received_at=at,
    )

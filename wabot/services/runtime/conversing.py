"""Takes a leased conversation through turn, send and close."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from wabot.domain.alerts import Rule
from wabot.domain.counted import counted
from wabot.domain.tenant import Tenant
from wabot.errors import ExternalFailure, WriteConflict
from wabot.logs import bind, log, mask
from wabot.services.runtime.apologies import Apologies
from wabot.services.runtime.batching import Batcher
from wabot.services.runtime.events import (
    Closing,
    ConversationKey,
    EventKind,
    Failed,
    Kept,
    StoredEvent,
)
from wabot.services.runtime.fallbacks import Fallbacks
from wabot.services.runtime.gates import Gate
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.ports import Clients, Journal
from wabot.services.runtime.quota import QuotaWatch
from wabot.services.runtime.sending import Sender
from wabot.services.runtime.spans import UNTRACED, Spans
from wabot.services.runtime.turn import TurnResult, TurnRunner

_log = logging.getLogger(__name__)

LEASE_LOST = "lease lost"
"""With this a conversation's task is cancelled when another process took it over."""

_CLOSINGS_AT_ONCE = 100
_COLLISIONS = 3
_CLIENT_IS_GONE = timedelta(minutes=5)
_AGAIN_AT_MOST = timedelta(minutes=1)
_SOON = timedelta(seconds=2)
_ECHO_WAITS = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Conversing:
    """The three steps after accepting; `tries` is how often an event may fail.

    `turn_gate` bounds the tenants' transactions at once, `send_gate` what is handed to Graph.
    """

    journal: Journal
    clients: Clients
    turns: TurnRunner
    sender: Sender
    fallbacks: Fallbacks
    apologies: Apologies
    quotas: QuotaWatch
    tries: int
    closer: Batcher[Closing, bool]
    turn_gate: Gate
    send_gate: Gate
    measures: Measures = field(default=UNMEASURED)
    spans: Spans = field(default=UNTRACED)

    async def handle(
        self, key: ConversationKey, taken: Sequence[StoredEvent] | None = None
    ) -> bool:
        """Handle what is due of the conversation, all of it `taken` when that is given.

        Tell whether more is due by now, its lease still held. What fails beyond a turn leaves the
        conversation alone: the lease runs out, and whoever is able goes on.
        """
        with ExitStack() as known:
            try:
                return await self._handle(key, taken, known)
            except ExternalFailure as error:
                said = "Left alone."
                log(_log, logging.WARNING, "conversation.left", said, reason=error.message)
            except Exception:
                said = "Left after a bug."
                log(_log, logging.ERROR, "conversation.failed", said, exc_info=True)
            except asyncio.CancelledError as error:
                if LEASE_LOST in error.args:
                    said = "A lease was lost in the middle of work."
                    log(_log, logging.WARNING, "lease.lost", said)
                raise
        return False

    async def _handle(
        self, key: ConversationKey, taken: Sequence[StoredEvent] | None, known: ExitStack
    ) -> bool:
        known.enter_context(_about(taken or ()))
        if taken is None:
            # Of the shop at least, should the inbox not answer.
            known.enter_context(bind(tenant=await self._slug(key), contact=key.contact))
        events = await self.journal.take(key) if taken is None else taken
        if events is None:
            self.measures.lease_lost()
            log(_log, logging.INFO, "lease.lost", "Another process holds the conversation.")
            return False
        if taken is None:
            known.enter_context(_about(events))
        return await self.closer.submit(await self._work(key, events, known))

    async def _slug(self, key: ConversationKey) -> str:
        tenant = await self.clients.by_id(key.client_id)
        return tenant.slug if tenant else str(key.client_id)

    async def _work(
        self, key: ConversationKey, events: Sequence[StoredEvent], known: ExitStack
    ) -> Closing:
        if not events:
            return Closing(key)
        tenant = await self.clients.by_id(key.client_id)
        if tenant is None:
            return Closing(key, kept=tuple(Kept(event.id, _CLIENT_IS_GONE) for event in events))
        known.enter_context(bind(tenant=tenant.slug))
        spent = [event for event in events if event.attempts > self.tries]
        if spent:
            known.enter_context(_about(spent))
            return await self._set_aside(tenant, key, spent, events)
        # After a failure one event at a time, so that a bad one takes no other with it.
        alone = any(event.attempts > 1 for event in events)
        now, later = (events[:1], events[1:]) if alone else (events, [])
        first = now[0]
        others = {event.request_id for event in now[1:]} - {first.request_id}
        named = {"tenant": tenant.slug, "kind": first.kind.value, "tries": first.attempts}
        with self.spans.span("turn", first.request_id, links=sorted(others), **named):
            closing = await self._turn(tenant, key, now)
        rest = tuple(Kept(event.id, timedelta(0)) for event in later)
        return Closing(key, closing.done, closing.failed, closing.kept + rest, closing.timers)

    async def _turn(
        self, tenant: Tenant, key: ConversationKey, events: Sequence[StoredEvent]
    ) -> Closing:
        begun = time.perf_counter()
        try:
            result = await self._run(tenant, key, events)
            self._note(tenant, result)
            if result.reports:
                await self.fallbacks.heed(tenant, result.reports)
            if result.staff:
                await self.fallbacks.alerts.in_reach(tenant, result.staff, result.told)
            if result.counted is not None:
                self.quotas.note(tenant, result.counted)
            wait = None
            if result.outgoing:
                async with self.send_gate.through(tenant.id):
                    wait = await self.sender.send(tenant, result.outgoing)
            await self.quotas.heed(tenant)
            if result.crossed is not None:
                await self.quotas.alert(tenant, result.crossed)
        except ExternalFailure as error:
            log(_log, logging.WARNING, "turn.waits", "A turn waits.", reason=error.message)
            self.measures.turn("waits", time.perf_counter() - begun)
            return Closing(key, kept=tuple(_put_off(event, error) for event in events))
        except Exception as error:
            if await self._has_moved(tenant):
                # Its tables were closed to it, to be moved: no fault of the events.
                return Closing(key, kept=tuple(Kept(e.id, timedelta(0)) for e in events))
            log(_log, logging.ERROR, "turn.failed", "A turn failed.", exc_info=True)
            self.measures.turn("failed", time.perf_counter() - begun)
            # Operators read it later: what a database quotes of a message is not for them.
            reason = mask(f"{type(error).__name__}: {error}")[:500]
            return Closing(key, kept=tuple(_failed_once(event, reason) for event in events))
        self.measures.turn("done", time.perf_counter() - begun)
        if result.outgoing and wait is None:
            self._note_reply(events)
        log(
            _log,
            logging.INFO,
            "turn.done",
            "A turn is done.",
            events=len(events),
            messages=len(result.outgoing),
        )
        return _closing(key, events, result, wait)

    def _note(self, tenant: Tenant, result: TurnResult) -> None:
        if result.began:
            self.measures.session()
        for _ in range(result.orders):
            self.measures.order(tenant.slug)
        if result.handoff:
            self.measures.handoff(tenant.slug, result.handoff)

    def _note_reply(self, events: Sequence[StoredEvent]) -> None:
        received = [e.received_at for e in events if e.kind is EventKind.MESSAGE and e.received_at]
        if received:
            waited = datetime.now(UTC) - min(received)
            self.measures.replied(max(waited.total_seconds(), 0.0))

    async def _run(
        self, tenant: Tenant, key: ConversationKey, events: Sequence[StoredEvent]
    ) -> TurnResult:
        async with self.turn_gate.through(tenant.id):
            for _ in range(_COLLISIONS):
                try:
                    return await self.turns.run(tenant, key, events)
                except WriteConflict as error:
                    log(_log, logging.INFO, "turn.again", "Writes collided.", reason=error.message)
            return await self.turns.run(tenant, key, events)

    async def _has_moved(self, tenant: Tenant) -> bool:
        try:
            now = await self.clients.read_again(tenant.id)
        except ExternalFailure:
            return False
        return now is None or (now.placement, now.status) != (tenant.placement, tenant.status)

    async def _set_aside(
        self,
        tenant: Tenant,
        key: ConversationKey,
        spent: Sequence[StoredEvent],
        events: Sequence[StoredEvent],
    ) -> Closing:
        for event in spent:
            log(
                _log,
                logging.ERROR,
                "event.set_aside",
                "An event failed too often and is set aside.",
                message_id=event.key,
                request_id=event.request_id,
                event_id=event.id,
            )
            await self.journal.raise_alert(
                f"event_set_aside:{event.id}",
                Rule.EVENT_SET_ASIDE,
                tenant.id,
                f"Event {event.id} of {tenant.slug} failed {counted(self.tries, 'time')} and is set"
                f" aside. Look at it: wabot inbox show {event.id}",
            )
        rest = tuple(Kept(e.id, timedelta(0)) for e in events if e not in spent)
        wait = await self._apologise(tenant, key, spent)
        if wait is not None:
            # Not given up before the customer knows; whoever is next sends what is written.
            waiting = tuple(Kept(e.id, wait, e.attempts, e.last_error) for e in spent)
            return Closing(key, kept=waiting + rest)
        # Taken once more than it was tried: to be set aside.
        failed = tuple(
            Failed(e.id, e.last_error or f"failed {counted(self.tries, 'time')}") for e in spent
        )
        return Closing(key, failed=failed, kept=rest)

    async def _apologise(
        self, tenant: Tenant, key: ConversationKey, spent: Sequence[StoredEvent]
    ) -> timedelta | None:
        """Tell the customer; return how long that has to wait, None when there is no more to do."""
        try:
            async with self.turn_gate.through(tenant.id):
                outgoing = await self.apologies.write(tenant, key, spent)
            async with self.send_gate.through(tenant.id):
                return await self.sender.send(tenant, outgoing) if outgoing else None
        except ExternalFailure as error:
            log(_log, logging.WARNING, "turn.waits", "An apology waits.", reason=error.message)
            return _AGAIN_AT_MOST
        except Exception:
            # What spoils the message may spoil the apology; the operator knows of it already.
            log(_log, logging.ERROR, "apology.failed", "Nobody was told.", exc_info=True)
            return None


def _about(events: Sequence[StoredEvent]) -> AbstractContextManager[None]:
    """Let what is logged name the conversation, the message, and what it came with."""
    if not events:
        return nullcontext()
    first, *others = events
    named: dict[str, Any] = {
        "contact": first.contact,
        "message_id": first.key,
        "request_id": first.request_id,
    }
    if others:
        named["with"] = [event.key for event in others]
    return bind(**named)


def _put_off(event: StoredEvent, error: ExternalFailure) -> Kept:
    """Keep an event that is not to blame, for as long again as it has waited."""
    return Kept(event.id, _SOON, error=error.code, growing=True)


def _failed_once(event: StoredEvent, reason: str) -> Kept:
    delay = min(timedelta(seconds=2 ** min(event.attempts, 10)) / 2, _AGAIN_AT_MOST)
    return Kept(event.id, delay, event.attempts, reason)


def _closing(
    key: ConversationKey,
    events: Sequence[StoredEvent],
    result: TurnResult,
    wait: timedelta | None,
) -> Closing:
    kept = dict.fromkeys(result.held, _ECHO_WAITS)
    if wait is not None:
        kept |= dict.fromkeys(result.moved, wait)
    return Closing(
        key,
        done=tuple(event.id for event in events if event.id not in kept),
        kept=tuple(Kept(event, delay) for event, delay in kept.items()),
        timers=tuple(result.timers),
    )


def closing_batcher(journal: Journal) -> Batcher[Closing, bool]:
    """Return the batcher that closes conversations; each result tells whether more is due now."""

    async def flush(closings: Sequence[Closing]) -> list[bool]:
        again = set(await journal.close(closings))
        return [closing.key in again for closing in closings]

    return Batcher(flush, limit=_CLOSINGS_AT_ONCE)

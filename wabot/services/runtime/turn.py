"""One turn of one conversation: its due events through the engine, in one tenant transaction."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from wabot.domain import window
from wabot.domain.conversation.codec import memory_from_json, memory_to_json, step_name
from wabot.domain.conversation.events import PersonWrote, TimerKind
from wabot.domain.conversation.memory import Conversation, Memory
from wabot.domain.order import OrderDraft
from wabot.domain.shop import Shop
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Quota
from wabot.logs import log
from wabot.services.runtime.catching_up import catch_up
from wabot.services.runtime.drafting import Drafting, audiences_of
from wabot.services.runtime.events import ConversationKey, StoredEvent, TimerChange
from wabot.services.runtime.movers import Mover, Sorted, join_fragments, sort_events
from wabot.services.runtime.playing import Played, Player
from wabot.services.runtime.ports import Clock, TenantStore, TurnUnit
from wabot.services.runtime.quota import quota_of, warn_owner
from wabot.services.runtime.reach import Customer, heard_of, within_reach
from wabot.services.runtime.repeating import repeat_by_template, was_closed
from wabot.services.runtime.turns import (
    CUSTOMER_AUDIENCE,
    Contact,
    Inbound,
    Loaded,
    OrderResult,
    OrderToPlace,
    Outgoing,
    Report,
    SessionWrite,
    TurnWrites,
)
from wabot.texts import Texts

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class TurnResult:
    """What a committed turn leaves to do: messages to send in order, events still held back.

    `moved` are the events whose messages these are; all others are settled by the commit. `staff`
    are the people of the shop who wrote, `told` the notices that had waited for them. `handoff` is
    why the chat went to a person; `began` tells that the customer is new, or came back after their
    session ran out. `counted` is how many messages of the month the shop had; `crossed` what the
    operator is to know of it.
    """

    outgoing: list[Outgoing] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    timers: list[TimerChange] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    staff: tuple[str, ...] = ()
    told: list[Outgoing] = field(default_factory=list)
    orders: int = 0
    handoff: str = ""
    began: bool = False
    counted: int | None = None
    crossed: Quota | None = None


class TurnRunner:
    """Runs turns; `texts_of` gives a tenant's words, `claim` is how long a send may take."""

    def __init__(
        self,
        store: TenantStore,
        clock: Clock,
        texts_of: Callable[[Tenant], Texts],
        *,
        owner: str,
        claim: timedelta,
        late_after: timedelta,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._store = store
        self._clock = clock
        self._texts_of = texts_of
        self._owner = owner
        self._claim = claim
        self._late_after = late_after
        self._new_id = new_id

    async def run(
        self, tenant: Tenant, key: ConversationKey, events: Sequence[StoredEvent]
    ) -> TurnResult:
        """Handle the events and commit; an event that was handled before changes nothing."""
        found = sort_events(key.contact, events)
        result = TurnResult()
        async with self._store.turn(tenant) as unit:
            if found.statuses:
                await unit.apply_statuses([change for _, change in found.statuses])
            for _, change in found.identities:
                await unit.change_identity(
                    Contact(change.previous_wa_id, change.previous_user_id),
                    Contact(change.wa_id, change.user_id),
                )
            if found.movers:
                await self._converse(unit, tenant, key, found, result)
            if found.quotas:
                await self._warn(unit, tenant, key, found.quotas, result)
            await self._repeat(unit, key, found, result)
        result.reports = unit.reports()
        for message_id in unit.doubled():
            said = "A message that was sent again had arrived the first time: it reached its reader"
            log(_log, logging.WARNING, "send.doubled", f"{said} twice.", outgoing=str(message_id))
        return result

    async def _warn(
        self,
        unit: TurnUnit,
        tenant: Tenant,
        key: ConversationKey,
        events: Sequence[StoredEvent],
        result: TurnResult,
    ) -> None:
        """Tell the owner what line was crossed, unless the month turned or the plan grew since."""
        result.moved.update(event.id for event in events)
        result.outgoing.extend(await unit.unsettled(key.contact))
        now = self._clock.now()
        version, counted = await unit.standing(now)
        quota = quota_of(tenant, counted, now)
        if not quota.level:
            return
        result.crossed = quota
        shop = await unit.shop(version)
        texts = self._texts_of(tenant).addressing(shop.settings.addressing)
        drafting = Drafting(texts, shop, now, self._new_id)
        result.outgoing.extend(
            await warn_owner(
                unit, tenant, drafting, quota, claimed_by=self._owner, claim=self._claim
            )
        )

    async def _repeat(
        self, unit: TurnUnit, key: ConversationKey, found: Sorted, result: TurnResult
    ) -> None:
        closed = [event.id for event, change in found.statuses if was_closed(change)]
        if not closed:
            return
        result.moved.update(closed)
        if not found.movers:
            # What an earlier try of these events wrote.
            result.outgoing.extend(await unit.unsettled(key.contact))
        repeated = await repeat_by_template(
            unit, contact=key.contact, owner=self._owner, claim=self._claim
        )
        result.outgoing.extend(repeated)

    async def _converse(
        self,
        unit: TurnUnit,
        tenant: Tenant,
        key: ConversationKey,
        found: Sorted,
        result: TurnResult,
    ) -> None:
        keys = [event.key for mover in found.movers for event in mover.events]
        result.moved.update(event.id for mover in found.movers for event in mover.events)
        now = self._clock.now()
        loaded = await unit.load(found.contact, keys, now)
        result.counted = loaded.counted
        fresh = await self._fresh(unit, found.movers, loaded, result)
        if fresh and loaded.customer is None:
            known = await unit.register(found.contact, fresh[0].events[0].occurred_at)
            loaded = _joined(loaded, known)
        result.outgoing.extend(loaded.unsettled)
        result.timers.extend(timer for owed in loaded.owed.values() for timer in _timers(owed))
        if not fresh or loaded.customer is None:
            return
        allowance = tenant.allowance(now)
        shop = replace(await unit.shop(loaded.shop_version), features=allowance.features)
        quota = Quota(loaded.counted, allowance.messages_per_month)
        before = Conversation(loaded.customer, _memory_of(loaded), loaded.pause, quota)
        played = await self._play(unit, before, fresh, shop, now)
        result.orders, result.began = played.orders, played.began
        heard = heard_of(fresh)
        texts = self._texts_of(tenant).addressing(shop.settings.addressing)
        drafting = Drafting(texts, shop, now, self._new_id)
        drafts = list(drafting.rows(played, found.contact))
        customer = Customer.of(found.contact, loaded, heard, tenant.phone_number_id)
        if heard is not None and window.is_open(customer.last_message_at, now):
            result.staff = audiences_of(found.contact, shop.settings)
        outgoing = await within_reach(
            unit, tenant, drafts, shop.settings, customer=customer, now=now
        )
        if result.staff:
            waited, result.told = await catch_up(
                unit,
                tenant,
                drafting,
                found.contact,
                audiences=result.staff,
                event_key=fresh[-1].key,
            )
            outgoing = [*waited, *outgoing]
        if played.pause is not None and played.pause.pause is not None:
            result.handoff = played.pause.pause.reason
            # The same transaction cancels them: what follows must not wait for their time.
            result.outgoing = [row for row in result.outgoing if not _gives_way(row)]
        result.outgoing.extend(outgoing)
        result.timers.extend(timer for timers in played.timers.values() for timer in timers)
        memory = played.conversation.memory
        await unit.write(
            TurnWrites(
                customer_id=loaded.customer.id,
                contact=key.contact,
                at=now,
                claimed_by=self._owner,
                claim=self._claim,
                inbound=tuple(_notes(fresh, played)),
                outgoing=tuple(outgoing),
                session=SessionWrite(
                    last_step=step_name(memory.state),
                    state=memory_to_json(memory),
                    expires_at=memory.expires_at or now + shop.settings.session_lifetime,
                ),
                pause=played.pause,
                addresses=tuple(played.addresses),
                phone_number=played.phone_number,
                unknown_words=tuple(played.unknown_words),
                owed={k: [_timer_json(t) for t in ts] for k, ts in played.timers.items()},
                applied=tuple(loaded.owed),
                heard=heard,
            )
        )

    async def _fresh(
        self, unit: TurnUnit, movers: Sequence[Mover], loaded: Loaded, result: TurnResult
    ) -> list[Mover]:
        """Leave out what was handled, our own echoes, and echoes that cannot be judged yet."""
        fresh = []
        for mover in movers:
            if any(event.key in loaded.handled for event in mover.events):
                continue
            if isinstance(mover.happening, PersonWrote):
                if await unit.is_own_message(mover.echo_of):
                    continue
                if any(_may_be_out(row) for row in loaded.unsettled):
                    result.held.update(event.id for event in mover.events)
                    continue
            fresh.append(mover)
        return join_fragments(fresh)

    async def _play(
        self,
        unit: TurnUnit,
        before: Conversation,
        movers: Sequence[Mover],
        shop: Shop,
        now: datetime,
    ) -> Played:

        async def place(draft: OrderDraft, source: str) -> OrderResult:
            return await unit.place_order(OrderToPlace(before.customer.id, draft, source, now))

        player = Player(before, shop, now, place, self._new_id)
        expires_at = before.memory.expires_at
        player.played.began = expires_at is None or expires_at < now
        for mover in movers:
            await player.play(mover.event(now, self._late_after), mover.key)
        return player.played


def _memory_of(loaded: Loaded) -> Memory:
    if loaded.memory is None:
        return Memory()
    memory, readable = memory_from_json(loaded.memory)
    if not readable:
        log(_log, logging.WARNING, "session.unreadable", "A stored session starts anew.")
    return memory


def _gives_way(row: Outgoing) -> bool:
    """Tell whether a person who takes over cancels this message: it was certainly not sent."""
    return row.audience == CUSTOMER_AUDIENCE and not row.essential and row.ready_in is not None


def _may_be_out(row: Outgoing) -> bool:
    """Tell whether an echo may be that of this message: what Graph refused echoes nowhere."""
    return row.audience == CUSTOMER_AUDIENCE and row.ready_in is None


def _notes(movers: Sequence[Mover], played: Played) -> Iterator[Inbound]:
    """Return the movers' notes with what was made of them; fragments were one thought."""
    for mover in movers:
        told = played.understood[mover.key]
        for note in mover.inbound:
            yield replace(
                note,
                meaning=told.meaning,
                step_before=told.step_before,
                step_after=told.step_after,
            )


def _joined(before: Loaded, registered: Loaded) -> Loaded:
    return Loaded(
        customer=registered.customer,
        memory=registered.memory,
        pause=registered.pause,
        handled=before.handled,
        unsettled=before.unsettled,
        owed=before.owed,
        shop_version=before.shop_version,
        heard=registered.heard,
        counted=before.counted,
    )


def _timer_json(timer: TimerChange) -> dict[str, Any]:
    due = timer.due_at.isoformat() if timer.due_at else None
    return {"timer": timer.kind.value, "due_at": due, "set_by": timer.set_by}


def _timers(owed: Sequence[dict[str, Any]]) -> list[TimerChange]:
    return [
        TimerChange(
            TimerKind(entry["timer"]),
            entry["set_by"],
            datetime.fromisoformat(entry["due_at"]) if entry["due_at"] else None,
        )
        for entry in owed
    ]

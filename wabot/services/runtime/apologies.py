"""Tells a customer once that their message could not be handled and what they can do."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from wabot.domain.message import Recipient, TextMessage
from wabot.domain.tenant import Tenant
from wabot.services.runtime.events import ConversationKey, EventKind, StoredEvent
from wabot.services.runtime.movers import sort_events
from wabot.services.runtime.ports import Clock, TenantStore
from wabot.services.runtime.reach import heard_of
from wabot.services.runtime.turns import CUSTOMER_AUDIENCE, Outgoing, TurnWrites
from wabot.texts import Texts

_APOLOGIES = UUID("0b6f3c1e-6c0f-4a57-9a5e-5c7f2f0a9d11")
# Meta takes free words for 24 hours after the customer's own; some time for the way there.
_IN_TIME = timedelta(hours=23)


class Apologies:
    """Writes apologies beside the outbox's other messages; `claim` is how long a send may take."""

    def __init__(
        self,
        store: TenantStore,
        clock: Clock,
        texts_of: Callable[[Tenant], Texts],
        *,
        owner: str,
        claim: timedelta,
    ) -> None:
        self._store = store
        self._clock = clock
        self._texts_of = texts_of
        self._owner = owner
        self._claim = claim

    async def write(
        self, tenant: Tenant, key: ConversationKey, spent: Sequence[StoredEvent]
    ) -> list[Outgoing]:
        """Commit one apology for messages that failed too often; return what is to be sent.

        A second time returns what of it is still unsent. Nothing is said while a person has the
        chat, nor about a message that was handled after all. Reads nothing of the shop itself:
        that may be what is broken.
        """
        messages = [event for event in spent if event.kind is EventKind.MESSAGE]
        if not messages:
            return []
        found = sort_events(key.contact, messages)
        now = self._clock.now()
        apology_id = uuid5(_APOLOGIES, f"{tenant.id}:{messages[-1].key}")
        async with self._store.turn(tenant) as unit:
            loaded = await unit.load(found.contact, [event.key for event in messages], now)
            unsettled = list(loaded.unsettled)
            handled = all(event.key in loaded.handled for event in messages)
            paused = loaded.pause is not None and loaded.pause.until > now
            late = now - messages[-1].occurred_at > _IN_TIME
            if handled or paused or late or await unit.is_written(apology_id):
                return unsettled
            if loaded.customer is None:
                loaded = await unit.register(found.contact, messages[0].occurred_at)
            customer = loaded.customer
            assert customer is not None
            apology = Outgoing(
                id=apology_id,
                audience=CUSTOMER_AUDIENCE,
                recipient=Recipient(found.contact.wa_id, found.contact.user_id),
                message=TextMessage(self._texts_of(tenant).say("trouble.apology")),
                event_key=messages[-1].key,
                occurred_at=now,
            )
            await unit.write(
                TurnWrites(
                    customer_id=customer.id,
                    contact=key.contact,
                    at=now,
                    claimed_by=self._owner,
                    claim=self._claim,
                    outgoing=(apology,),
                    heard=heard_of(found.movers),
                )
            )
        return [*unsettled, apology]

"""Plays Meta's part towards one running server: posts signed webhooks, looks at what comes out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp

from wabot.domain.tenant import Tenant
from wabot.errors import Finding
from wabot.simulation.conversation.clock import ShiftableClock
from wabot.simulation.conversation.contents import Content, NativeCart
from wabot.simulation.conversation.database import SimulationDatabase
from wabot.simulation.conversation.hearing import Hearing
from wabot.simulation.conversation.observed import (
    CUSTOMER,
    BotMessage,
    list_button_of,
    options_of,
)
from wabot.simulation.conversation.people import SimulatedCustomer
from wabot.simulation.conversation.webhooks import (
    Phone,
    content_fields,
    customer_webhook,
    echo_webhook,
)
from wabot.simulation.graph import SentMessage, StandInGraph
from wabot.simulation.inbound_payloads import SIGNATURE_HEADER, encode, new_wamid, sign

_POLL = 0.004
_PATIENCE = 30.0
_MIME_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}


@dataclass(slots=True)
class Stage:
    """One shop's server with a customer in front of it.

    `tick` is how far a standing clock moves with each message. Nothing else may use the database.
    `notice_clients` has the server look at its clients again, as it does every second.
    """

    tenant: Tenant
    graph: StandInGraph
    webhook_url: str
    app_secret: str
    clock: ShiftableClock
    database: SimulationDatabase
    hearing: Hearing
    session: aiohttp.ClientSession
    notice_clients: Callable[[], Awaitable[object]]
    customer: SimulatedCustomer = field(default_factory=SimulatedCustomer)
    tick: timedelta = timedelta(0)
    late: timedelta = timedelta(0)
    _seen: int = 0
    _phones: dict[str, Phone] = field(default_factory=dict)

    @property
    def phone(self) -> Phone:
        """Return what stands on the current customer's screen."""
        return self._phones.setdefault(self.customer.contact, Phone())

    async def say(self, content: Content) -> list[BotMessage]:
        """Send something as the current customer; return all that the server sends until it rests.

        Raises NotOffered for an option that is not there, Finding when the server fails.
        """
        skus = [item.sku for item in content.items] if isinstance(content, NativeCart) else []
        prices = await self.database.prices(skus) if skus else {}
        fields, context_id = content_fields(content, self.phone, prices, self._keep_media)
        wamid = new_wamid()
        self.phone.last_sent = wamid
        self.clock.advance(self.tick)
        body = customer_webhook(
            self.customer,
            self.tenant.phone_number_id,
            self.tenant.waba_id,
            fields,
            timestamp=self._timestamp(self.late),
            wamid=wamid,
            context_id=context_id,
        )
        self.late = timedelta(0)
        return await self._post(body)

    async def write_as_person(self, words: str) -> list[BotMessage]:
        """Let somebody of the shop write to the current customer in the Business app."""
        self.clock.advance(self.tick)
        body = echo_webhook(
            self.customer,
            self.tenant.phone_number_id,
            self.tenant.waba_id,
            words,
            timestamp=self._timestamp(),
        )
        return await self._post(body)

    async def staff_wrote(self) -> None:
        """Let the owner and the adviser write to the shop's number; see that Graph knows it."""
        await self.database.staff_wrote(self.clock.now())
        for person, at in await self.database.windows():
            self.graph.windows.open(self.tenant.phone_number_id, person, at.timestamp())

    async def advance(self, length: timedelta) -> list[BotMessage]:
        """Let time pass; timers that fall due are played before this returns."""
        self.hearing.clear()
        self.clock.advance(length)
        return await self.settled()

    async def settled(self) -> list[BotMessage]:
        """Wait until the server rests; return what it sent since the last time."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._rest()
        except TimeoutError:
            raise Finding(f"The server did not come to rest within {_PATIENCE:g} s.") from None
        return await self.unseen()

    async def unseen(self) -> list[BotMessage]:
        """Return what was sent since the last time, without waiting."""
        sent = [m for m in self.graph.messages if m.sequence > self._seen]
        if not sent:
            return []
        self._seen = sent[-1].sequence
        ids = {message.sequence: _uuid(message.callback_data) for message in sent}
        meant = await self.database.audiences([found for found in ids.values() if found])
        messages = []
        for message in sent:
            found = ids[message.sequence]
            audience, contact = meant.get(found, (CUSTOMER, "")) if found else (CUSTOMER, "")
            seen = self._read(message, audience, contact)
            messages.append(seen)
            if audience == CUSTOMER:
                self._phones.setdefault(contact, Phone()).received.append(seen)
        return messages

    def _read(self, sent: SentMessage, audience: str, contact: str) -> BotMessage:
        return BotMessage(
            text=sent.text,
            options=options_of(sent),
            audience=audience,
            contact=contact,
            keys=self.hearing.keys_of(sent.text),
            wamid=sent.wamid,
            to=sent.to or sent.user_id,
            list_button=list_button_of(sent),
        )

    async def _post(self, body: dict[str, Any]) -> list[BotMessage]:
        self.hearing.clear()
        self.graph.windows.hear(body)
        data = encode(body)
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(data, self.app_secret),
        }
        async with self.session.post(self.webhook_url, data=data, headers=headers) as response:
            if response.status != 200:
                said = (await response.text())[:300]
                raise Finding(f"The server answered {response.status} to a webhook: {said}")
        return await self.settled()

    async def _rest(self) -> None:
        while True:
            standing = await self.database.standing(self.clock.now())
            if standing.trouble:
                raise Finding(f"The server failed: {standing.trouble}", hint="See its log.")
            if not standing.waiting and not standing.due_timers:
                return
            await asyncio.sleep(_POLL)

    def _timestamp(self, late: timedelta = timedelta(0)) -> int:
        moment: datetime = self.clock.now() - late
        return int(moment.timestamp())

    def _keep_media(self, kind: str) -> str:
        return self.graph.add_media(b"a file of the simulation", _MIME_TYPES[kind])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""From what the engine wants said to rows that wait to be sent."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wabot.domain.conversation.effects import Role
from wabot.domain.conversation.replies import Reply
from wabot.domain.message import Recipient
from wabot.domain.phone import spellings
from wabot.domain.purpose import Purpose
from wabot.domain.shop import Shop, ShopSettings
from wabot.services.rendering import outlined, render
from wabot.services.runtime.playing import Noticed, Played
from wabot.services.runtime.turns import CUSTOMER_AUDIENCE, Contact, Outgoing, audience_of
from wabot.texts import Texts


@dataclass(frozen=True, slots=True)
class Drafting:
    """Puts one turn's answers and notices into words."""

    texts: Texts
    shop: Shop
    now: datetime
    new_id: Callable[[], UUID]

    def rows(self, played: Played, contact: Contact) -> Iterator[Outgoing]:
        """Return what is to be sent, in order: the customer first, then people of the shop."""
        customer = Recipient(contact.wa_id, contact.user_id)
        for said in played.answers():
            yield self._row(
                CUSTOMER_AUDIENCE, customer, said.reply, said.event_key, essential=said.essential
            )
        yield from self.notices(played.notices)

    def notices(self, notices: Iterable[Noticed]) -> Iterator[Outgoing]:
        """Return what is to be sent to people of the shop, as far as the shop named any."""
        for notice in notices:
            phone = _phone_of(notice.role, self.shop.settings)
            if phone:
                yield self._row(
                    audience_of(notice.role),
                    Recipient(wa_id=phone),
                    notice.reply,
                    notice.event_key,
                )

    def _row(
        self,
        audience: str,
        recipient: Recipient,
        reply: Reply,
        event_key: str,
        *,
        essential: bool = False,
    ) -> Outgoing:
        outline = reply.outline
        return Outgoing(
            id=self.new_id(),
            audience=audience,
            recipient=recipient,
            message=render(reply, self.texts, self.shop),
            event_key=event_key,
            occurred_at=self.now,
            essential=essential,
            purpose=outline.purpose if outline else Purpose.REPLY,
            parameters=outlined(outline, self.texts, self.shop) if outline else (),
            order_id=outline.order_id if outline else None,
            meaning=reply.text.key,
        )


def audiences_of(contact: Contact, settings: ShopSettings) -> tuple[str, ...]:
    """Return the audiences whose notices go to this contact: none for a customer."""
    names = spellings(contact.wa_id) if contact.wa_id else ()
    return tuple(audience_of(role) for role in Role if _phone_of(role, settings) in names)


def _phone_of(role: Role, settings: ShopSettings) -> str:
    phone = settings.adviser_phone if role is Role.ADVISER else ""
    return (phone or settings.owner_phone).removeprefix("+")

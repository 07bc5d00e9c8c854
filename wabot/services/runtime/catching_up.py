"""What waited for people of the shop while nothing could reach them, told when they write."""

from collections.abc import Sequence
from datetime import timedelta

from wabot.domain.conversation.flows.notices import Waited, what_waited
from wabot.domain.message import Recipient
from wabot.domain.purpose import Purpose
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.services.rendering import render
from wabot.services.runtime.drafting import Drafting
from wabot.services.runtime.ports import TurnUnit
from wabot.services.runtime.turns import CUSTOMER_AUDIENCE, Contact, Outgoing

_REMEMBERED = timedelta(days=30)


async def catch_up(
    unit: TurnUnit,
    tenant: Tenant,
    drafting: Drafting,
    contact: Contact,
    *,
    audiences: Sequence[str],
    event_key: str,
) -> tuple[list[Outgoing], list[Outgoing]]:
    """Return one message about all that waited, if anything did, and the notices it is about.

    Those count as told from the same transaction on; `TenantStore.untell` takes that back.
    """
    message_id, now = drafting.new_id(), drafting.now
    told = await unit.tell(
        audiences,
        told_in=message_id,
        since=now - _REMEMBERED,
        month=Month.at(now, tenant.time_zone),
    )
    if not told:
        return [], []
    reply = what_waited([Waited(row.purpose, row.meaning, row.parameters) for row in told])
    message = Outgoing(
        id=message_id,
        audience=audiences[0],
        recipient=Recipient(contact.wa_id, contact.user_id),
        message=render(reply, drafting.texts, drafting.shop),
        event_key=event_key,
        occurred_at=now,
        essential=True,
        meaning=reply.text.key,
    )
    return [message], told


def tells_what_waited(row: Outgoing) -> bool:
    """Tell whether a message is about notices that waited: nothing else answers the shop."""
    return row.audience != CUSTOMER_AUDIENCE and row.purpose is Purpose.REPLY

"""What people of the shop are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wabot.domain.conversation.replies import Outline, Phrase, Reply, Value
from wabot.domain.conversation.screens.basket import line_phrases
from wabot.domain.conversation.screens.delivery import in_words
from wabot.domain.conversation.screens.menu import name_of
from wabot.domain.conversation.turn import Turn
from wabot.domain.language.words import one_line
from wabot.domain.money import Money
from wabot.domain.order import Attachment, Delivery, DeliveryKind, Order
from wabot.domain.phone import Phone
from wabot.domain.plan import Plan
from wabot.domain.purpose import Purpose
from wabot.domain.usage import Quota

_USED_UP = "owner.quota_100"
_MAX_SAID = 300
_KINDS = {
    "image": "owner.photo",
    "audio": "owner.voice",
    "video": "owner.video",
    "document": "owner.document",
}


def new_order(turn: Turn, order: Order, where: Delivery) -> Reply:
    """Tell the owner the whole order."""
    extras = [_attachment(attachment) for attachment in turn.memory.attachments]
    if where.latitude is not None and where.longitude is not None:
        link = f"https://maps.google.com/?q={where.latitude},{where.longitude}"
        extras.insert(0, Phrase("owner.map", {"link": link}))
    delivered = where.kind is DeliveryKind.DELIVERY
    customer = person(turn)
    lines = line_phrases(order.lines, turn)
    total = Money(order.total, turn.shop.currency)
    delivery = in_words(where, turn.shop)
    said = Phrase(
        "owner.new_order",
        {
            "code": order.code,
            "customer": customer,
            "lines": lines,
            "delivery": delivery,
            "payment": Phrase("owner.paid_on_delivery" if delivered else "owner.paid_at_shop"),
            "total": total,
            "extras": tuple(extras),
        },
    )
    values = (order.code, customer, lines, total, delivery)
    return Reply(said, outline=Outline(Purpose.ORDER_NOTICE, values, order.id))


def person_wanted(turn: Turn, said: str = "") -> Reply:
    """Tell the adviser who wants to talk, with a line of context and what they said."""
    return _about_a_person(turn, "adviser.wanted", said)


def nobody_answered(turn: Turn) -> Reply:
    """Tell the owner that a customer is still waiting for a person."""
    return _about_a_person(turn, "owner.handoff_unanswered")


def quota_reached(quota: Quota, plan: Plan) -> Reply:
    """Tell the owner how much of the month's messages is used up."""
    said = Phrase("owner.quota_80", {"used": quota.used, "limit": quota.limit, "plan": plan.name})
    if quota.is_used_up:
        said = Phrase(_USED_UP, {"limit": quota.limit, "plan": plan.name})
    values = (quota.used, quota.limit, plan.name)
    return Reply(said, outline=Outline(Purpose.QUOTA_NOTICE, values))


@dataclass(frozen=True, slots=True)
class Waited:
    """A notice that reached nobody: what for, the key of its text, its outline in words."""

    purpose: Purpose
    meaning: str
    values: tuple[str, ...]


def what_waited(notices: Sequence[Waited]) -> Reply:
    """Tell in one message what somebody of the shop could not be told, each thing once."""
    orders = _once(
        "owner.waited_order",
        {"code": 0, "customer": 1, "total": 3},
        [notice for notice in notices if notice.purpose is Purpose.ORDER_NOTICE],
    )
    persons = _once(
        "owner.waited_person",
        {"customer": 0},
        [notice for notice in notices if notice.purpose is Purpose.HANDOFF_NOTICE],
    )
    orders_said: Value = ()
    if orders:
        key = "owner.waited_orders" if len(orders) > 1 else "owner.waited_orders_one"
        orders_said = Phrase(key, {"count": len(orders)})
    return Reply(
        Phrase(
            "owner.waited",
            {
                "orders": orders_said,
                "order_lines": orders,
                "persons": Phrase("owner.waited_persons") if persons else (),
                "person_lines": persons,
                "quota": _last_quota(notices),
            },
        )
    )


def _once(key: str, places: Mapping[str, int], notices: Sequence[Waited]) -> tuple[Phrase, ...]:
    said = [
        Phrase(key, {name: notice.values[place] for name, place in places.items()})
        for notice in notices
    ]
    return tuple(phrase for at, phrase in enumerate(said) if phrase not in said[:at])


def _last_quota(notices: Sequence[Waited]) -> Value:
    """Tell of the highest line only: who is told of all of the limit is told of all below it."""
    told = [notice for notice in notices if notice.purpose is Purpose.QUOTA_NOTICE]
    if not told:
        return ()
    used, limit, plan = told[-1].values
    values: dict[str, Value] = {"used": used, "limit": limit, "plan": plan}
    if told[-1].meaning == _USED_UP:
        del values["used"]
    return Phrase(told[-1].meaning, values)


def person(turn: Turn) -> Phrase:
    """Name the customer and how to reach them."""
    customer = turn.customer
    phone = customer.phone_number or (f"+{customer.wa_id}" if customer.wa_id else "")
    name: Value = name_of(turn) or Phrase("owner.nameless")
    if phone:
        return Phrase("owner.customer", {"name": name, "phone": Phone(phone)})
    return Phrase("owner.customer_without_phone", {"name": name})


def _about_a_person(turn: Turn, key: str, said: str = "") -> Reply:
    customer, context = person(turn), _context(turn)
    if said:
        context = (Phrase("adviser.says", {"words": one_line(said)[:_MAX_SAID]}), *context)
    outline = Outline(Purpose.HANDOFF_NOTICE, (customer, context))
    return Reply(Phrase(key, {"customer": customer, "context": context}), outline=outline)


def _context(turn: Turn) -> tuple[Phrase, ...]:
    said = []
    if turn.lines:
        said.append(Phrase("adviser.cart", {"total": turn.total}))
        said.extend(line_phrases(turn.lines, turn))
    if turn.customer.orders:
        last = turn.customer.orders[0]
        total = Money(last.total, turn.shop.currency)
        said.append(
            Phrase(
                "adviser.last_order",
                {"code": last.code, "status": last.label, "total": total, "at": last.created_at},
            )
        )
    return tuple(said)


def _attachment(attachment: Attachment) -> Phrase:
    kind = Phrase(_KINDS.get(attachment.kind, "owner.document"))
    caption = one_line(attachment.caption)
    if caption:
        return Phrase("owner.attachment_with_caption", {"kind": kind, "caption": caption})
    return Phrase("owner.attachment", {"kind": kind})

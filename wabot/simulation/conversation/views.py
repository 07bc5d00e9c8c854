"""How a chat is shown: as a plain transcript, as JSON Lines, or (in `screen`) as bubbles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wabot.simulation.conversation.contents import Content
from wabot.simulation.conversation.database import OrderFact
from wabot.simulation.conversation.notation import write_content
from wabot.simulation.conversation.observed import CUSTOMER, BotMessage
from wabot.simulation.conversation.people import SimulatedCustomer

OWNER_MARK = "📱"


@dataclass(frozen=True, slots=True)
class Introduction:
    """Where the chat takes place."""

    shop: str
    customer: SimulatedCustomer
    database: str
    schema: str


class View(Protocol):
    """What shows a chat; every call is something that happened."""

    def begins(self, where: Introduction) -> None:
        """Show where we are."""

    def customer(self, who: SimulatedCustomer, content: Content) -> None:
        """Show what the customer sent."""

    def person(self, words: str) -> None:
        """Show what somebody of the shop wrote."""

    def bot(self, message: BotMessage) -> None:
        """Show a message of the bot, to whomever it went."""

    def order(self, order: OrderFact, *, new: bool) -> None:
        """Tell that an order is there now, or has changed."""

    def note(self, words: str) -> None:
        """Tell the operator something."""

    def trouble(self, words: str) -> None:
        """Tell the operator that something failed."""


class Transcript:
    """Lines for pipes and files; notes go their own way."""

    def __init__(self, write: Callable[[str], None], note: Callable[[str], None]) -> None:
        self._write = write
        self._note = note

    def begins(self, where: Introduction) -> None:
        """Say nothing: the transcript holds the conversation alone."""

    def customer(self, who: SimulatedCustomer, content: Content) -> None:  # noqa: ARG002 - one of many
        """Write the customer's line."""
        self._write(_block("» ", write_content(content).replace("\\n", "\n")))

    def person(self, words: str) -> None:
        """Write what somebody of the shop wrote."""
        self._write(_block("¤ ", words))

    def bot(self, message: BotMessage) -> None:
        """Write the bot's lines and the options below."""
        mark = "« " if message.audience == CUSTOMER else f"« {OWNER_MARK} {message.audience}: "
        self._write(_block(mark, message.text))
        plain = [option for option in message.options if not option.description]
        if plain:
            self._write("  " + " ".join(f"[{option.title}]" for option in plain))
        for option in message.options:
            if option.description:
                self._write(f"  [{option.title}] {option.description}")

    def order(self, order: OrderFact, *, new: bool) -> None:
        """Say only what the bot did not."""
        if order.problem:
            which = "the new order" if new else "order"
            self._note(f"Not everybody was told of {which} {order.code}: {order.problem}.")

    def note(self, words: str) -> None:
        """Tell the operator."""
        self._note(words)

    def trouble(self, words: str) -> None:
        """Tell the operator."""
        self._note(words)


class JsonLines:
    """One JSON object for everything that happens."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._write = write

    def begins(self, where: Introduction) -> None:
        """Write where we are."""
        self._write(
            {
                "event": "start",
                "shop": where.shop,
                "customer": _customer(where.customer),
                "database": where.database,
                "schema": where.schema,
            }
        )

    def customer(self, who: SimulatedCustomer, content: Content) -> None:
        """Write what the customer sent."""
        kind = type(content).__name__.lower()
        self._write(
            {"event": "in", "from": who.contact, "kind": kind, "text": write_content(content)}
        )

    def person(self, words: str) -> None:
        """Write what somebody of the shop wrote."""
        self._write({"event": "person", "text": words})

    def bot(self, message: BotMessage) -> None:
        """Write the message with its options."""
        options = [
            {"number": number, "id": o.id, "title": o.title, "description": o.description}
            for number, o in enumerate(message.options, 1)
        ]
        self._write(
            {
                "event": "out",
                "audience": message.audience,
                "to": message.to,
                "keys": list(message.keys),
                "text": message.text,
                "options": options,
            }
        )

    def order(self, order: OrderFact, *, new: bool) -> None:
        """Write the order as it stands."""
        self._write(
            {
                "event": "order",
                "new": new,
                "code": order.code,
                "status": order.status,
                "total": order.total,
                "delivery": order.delivery,
                "address": order.address,
                "delivery_problem": order.problem,
                "lines": list(order.lines),
            }
        )

    def note(self, words: str) -> None:
        """Write a note."""
        self._write({"event": "note", "text": words})

    def trouble(self, words: str) -> None:
        """Write what failed."""
        self._write({"event": "trouble", "text": words})


def _customer(who: SimulatedCustomer) -> dict[str, str]:
    return {"wa_id": who.wa_id, "user_id": who.user_id, "name": who.name}


def _block(mark: str, text: str) -> str:
    first, *rest = text.split("\n") or [""]
    lines: Sequence[str] = [f"{mark}{first}", *(f"  {line}".rstrip() for line in rest)]
    return "\n".join(lines)

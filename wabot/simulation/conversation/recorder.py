"""Writes a chat down as a `.chat` file that plays the same."""

from collections.abc import Sequence

from wabot.simulation.conversation.contents import Content
from wabot.simulation.conversation.database import OrderFact
from wabot.simulation.conversation.facts import write_fact
from wabot.simulation.conversation.matching import write_message
from wabot.simulation.conversation.notation import write_content
from wabot.simulation.conversation.observed import BotMessage
from wabot.simulation.conversation.people import (
    DEFAULT_NAME,
    DEFAULT_NUMBER,
    SimulatedCustomer,
)


class Recorder:
    """Collects the lines of one chat."""

    def __init__(self, title: str, template: str) -> None:
        self._lines = [f"# {title}"]
        if template:
            self._lines.append(f"@ template {template}")

    @property
    def text(self) -> str:
        """Return the file."""
        return "".join(f"{line}\n" for line in self._lines)

    def customer_is(self, who: SimulatedCustomer) -> None:
        """Write who is speaking, unless it is who always speaks first."""
        if who != SimulatedCustomer(DEFAULT_NUMBER, "", DEFAULT_NAME):
            escaped = who.name.replace("\\", "\\\\").replace('"', '\\"')
            self._lines.append(f'@ customer {who.contact} name="{escaped}"')

    def said(self, content: Content) -> None:
        """Write what the customer sent."""
        self._lines.append(f"> {write_content(content)}")

    def person_wrote(self, words: str) -> None:
        """Write what somebody of the shop wrote."""
        escaped = words.replace("\n", "\\n")
        self._lines.append(f"¤ echo {escaped}")

    def advanced(self, length: str) -> None:
        """Write that time passed."""
        self._lines.append(f"@ advance {length}")

    def answered(self, messages: Sequence[BotMessage], contact: str) -> None:
        """Write what the bot sent."""
        for message in messages:
            self._lines += write_message(message, contact)

    def ordered(self, order: OrderFact) -> None:
        """Write what stands in the database."""
        values = (
            ("lines", str(len(order.lines))),
            ("total", order.total),
            ("status", order.status),
            ("delivery", order.delivery),
        )
        self._lines.append(write_fact("order", values))

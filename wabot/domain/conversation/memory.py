"""What a conversation remembers between turns."""

from dataclasses import dataclass, field
from datetime import datetime

from wabot.domain.conversation.states import AtMenu, State
from wabot.domain.customer import Customer
from wabot.domain.order import Attachment, Cart


@dataclass(frozen=True, slots=True)
class Memory:
    """The stored part of a conversation; `misses` counts answers not understood in a row."""

    state: State = field(default_factory=AtMenu)
    cart: Cart = field(default_factory=Cart)
    attachments: tuple[Attachment, ...] = ()
    misses: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A person has the chat until then; the bot is silent."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that a step may look at besides the shop: memory, customer, pause."""

    customer: Customer
    memory: Memory = field(default_factory=Memory)
    pause: Pause | None = None

"""What a conversation remembers between turns."""

from dataclasses import dataclass, field
from datetime import date, datetime

from wabot.domain.conversation.states import AskingQuantity, AtMenu, BrowsingProducts, State
from wabot.domain.customer import Customer
from wabot.domain.order import Attachment, Cart, Delivery
from wabot.domain.usage import UNLIMITED, Quota


@dataclass(frozen=True, slots=True)
class Memory:
    """The stored part of a conversation.

    `misses` counts messages not understood in a row; `echo` and `echoes` tell what was said last
    and how many times in a row; `delivery` is what was chosen for the order in the making;
    `phone_asked` stays so that nobody is asked twice; `unwelcomed` is a new customer whose first
    events got no answer; `noted_on` is the day of the last note that the month's messages are used
    up; `pending` are the products of a list that are still to be asked for.
    """

    state: State = field(default_factory=AtMenu)
    cart: Cart = field(default_factory=Cart)
    attachments: tuple[Attachment, ...] = ()
    misses: int = 0
    expires_at: datetime | None = None
    delivery: Delivery | None = None
    phone_asked: bool = False
    echo: str = ""
    echoes: int = 0
    unwelcomed: bool = False
    noted_on: date | None = None
    pending: tuple[AskingQuantity | BrowsingProducts, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """A person has the chat until then; the bot is silent."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that a step may look at besides the shop: memory, customer, pause, the month's quota."""

    customer: Customer
    memory: Memory = field(default_factory=Memory)
    pause: Pause | None = None
    quota: Quota = UNLIMITED

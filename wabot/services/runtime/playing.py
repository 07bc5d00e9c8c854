"""Plays events through the conversation engine and gathers what is to be written and sent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID, uuid4

from wabot.domain.conversation.codec import step_name
from wabot.domain.conversation.effects import (
    CancelTimer,
    Effect,
    EndPause,
    NoteUnknown,
    Notify,
    PauseBot,
    PlaceOrder,
    Role,
    SaveAddress,
    SavePhone,
    Say,
    SetTimer,
)
from wabot.domain.conversation.engine import step
from wabot.domain.conversation.events import Event, OrderPlaced, OrderShort
from wabot.domain.conversation.meaning import meaning
from wabot.domain.conversation.memory import Conversation, Pause
from wabot.domain.conversation.replies import Reply
from wabot.domain.customer import Address
from wabot.domain.order import Order, OrderDraft
from wabot.domain.shop import Shop
from wabot.services.runtime.events import TimerChange
from wabot.services.runtime.turns import OrderResult, PauseChange

Place = Callable[[OrderDraft, str], Awaitable[OrderResult]]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to the customer; `essential` ones are sent even when another follows at once."""

    reply: Reply
    event_key: str
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notice to somebody of the shop."""

    role: Role
    reply: Reply
    event_key: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What an event was taken for, and where the conversation stood before and after it."""

    meaning: str
    step_before: str
    step_after: str


@dataclass(slots=True)
class Played:
    """The conversation after its events, and all that they want done."""

    conversation: Conversation
    said: list[Said] = field(default_factory=list)
    notices: list[Noticed] = field(default_factory=list)
    pause: PauseChange | None = None
    addresses: list[Address] = field(default_factory=list)
    phone_number: str = ""
    unknown_words: list[str] = field(default_factory=list)
    timers: dict[str, list[TimerChange]] = field(default_factory=dict)
    understood: dict[str, Understood] = field(default_factory=dict)
    orders: int = 0
    began: bool = False

    def answers(self) -> list[Said]:
        """Return what is sent: the last answer, and earlier ones that must not be lost."""
        return [said for said in self.said[:-1] if said.essential] + self.said[-1:]


class Player:
    """Plays the events of one turn; orders are placed through `place`."""

    def __init__(
        self,
        conversation: Conversation,
        shop: Shop,
        now: datetime,
        place: Place,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._shop = shop
        self._now = now
        self._place = place
        self._new_id = new_id
        self._effects: list[Effect] = []
        self.played = Played(conversation)

    async def play(self, event: Event, event_key: str) -> None:
        """Take one event through the engine, and an order it places to its end."""
        before = step_name(self.played.conversation.memory.state)
        self._effects.clear()
        placed = await self._step(event, event_key)
        while placed is not None:
            happening = (
                OrderPlaced(placed) if isinstance(placed, Order) else OrderShort(tuple(placed))
            )
            placed = await self._step(replace(event, happening=happening), event_key)
        after = step_name(self.played.conversation.memory.state)
        taken_for = meaning(event.happening, self._effects)
        self.played.understood[event_key] = Understood(taken_for, before, after)

    async def _step(self, event: Event, event_key: str) -> OrderResult | None:
        played = self.played
        outcome = step(played.conversation, event, self._shop, self._now)
        played.conversation = replace(played.conversation, memory=outcome.memory)
        self._effects.extend(outcome.effects)
        essential = isinstance(event.happening, OrderPlaced)
        draft: OrderDraft | None = None
        for effect in outcome.effects:
            if isinstance(effect, PlaceOrder):
                draft = effect.draft
            else:
                self._carry(effect, event_key, essential=essential)
        if draft is None:
            return None
        result = await self._place(draft, event_key)
        if isinstance(result, Order):
            played.orders += 1
            customer = played.conversation.customer
            orders = (result, *customer.orders)
            played.conversation = replace(
                played.conversation, customer=replace(customer, orders=orders)
            )
        return result

    def _carry(self, effect: Effect, event_key: str, *, essential: bool) -> None:  # noqa: C901 - one case per effect
        played = self.played
        match effect:
            case Say(reply):
                played.said.append(Said(reply, event_key, essential))
            case Notify(role, reply):
                played.notices.append(Noticed(role, reply, event_key))
            case PlaceOrder():
                pass
            case SaveAddress(text, latitude, longitude):
                self._save_address(Address(self._new_id(), text, True, latitude, longitude))
            case SavePhone(phone_number):
                played.phone_number = phone_number
                customer = replace(played.conversation.customer, phone_number=phone_number)
                played.conversation = replace(played.conversation, customer=customer)
            case PauseBot(until, reason):
                self._pause(Pause(until, reason))
            case EndPause():
                self._pause(None)
            case SetTimer(kind, at):
                played.timers.setdefault(event_key, []).append(TimerChange(kind, event_key, at))
            case CancelTimer(kind):
                played.timers.setdefault(event_key, []).append(TimerChange(kind, event_key))
            case NoteUnknown(words):
                played.unknown_words.append(words)
            case _ as never:
                assert_never(never)

    def _save_address(self, address: Address) -> None:
        played = self.played
        played.addresses.append(address)
        customer = played.conversation.customer
        others: Sequence[Address] = [replace(a, is_primary=False) for a in customer.addresses]
        customer = replace(customer, addresses=(address, *others))
        played.conversation = replace(played.conversation, customer=customer)

    def _pause(self, pause: Pause | None) -> None:
        self.played.pause = PauseChange(pause)
        self.played.conversation = replace(self.played.conversation, pause=pause)

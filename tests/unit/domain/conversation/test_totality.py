"""Every state times every kind of happening gives an answer or a silence that is meant."""

import pytest

from tests.unit.domain.chat import ANA, NOON, TEXTS, a_shop
from tests.unit.domain.samples import CUSTOMERS, HAPPENINGS, LIVE, MEMORIES, missing_samples
from wabot.domain.conversation.codec import memory_from_json, memory_to_json
from wabot.domain.conversation.effects import Notify, PlaceOrder, Say, Step
from wabot.domain.conversation.engine import step
from wabot.domain.conversation.events import (
    Event,
    Happening,
    MediaRefused,
    MessageEdited,
    MessageRevoked,
    OrderPlaced,
    OrderShort,
    PersonWrote,
    Reacted,
    TimerFired,
)
from wabot.domain.conversation.memory import Conversation, Memory, Pause
from wabot.domain.customer import Customer
from wabot.domain.shop import Shop
from wabot.services.rendering import render

SHOP = a_shop()
EMPTY_SHOP = a_shop(())
NOBODY_TO_CALL = a_shop(owner_phone="", adviser_phone="", pickup=False)
NEVER_ANSWERED = (Reacted, MessageRevoked, PersonWrote, TimerFired)


def test_every_state_and_every_happening_has_samples() -> None:
    assert missing_samples() == set()


@pytest.mark.parametrize("kind", HAPPENINGS, ids=lambda kind: kind.__name__)
def test_every_happening_is_answered_in_every_state(kind: type) -> None:
    for number, memory in enumerate(MEMORIES):
        for happening in HAPPENINGS[kind]:
            _check(CUSTOMERS[number % len(CUSTOMERS)], memory, happening, SHOP)


@pytest.mark.parametrize("kind", HAPPENINGS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("shop", [EMPTY_SHOP, NOBODY_TO_CALL], ids=["sells nothing", "alone"])
def test_a_shop_without_products_or_people_answers_as_well(kind: type, shop: Shop) -> None:
    for memory in LIVE:
        for happening in HAPPENINGS[kind]:
            _check(CUSTOMERS[2], memory, happening, shop)


@pytest.mark.parametrize("customer", CUSTOMERS, ids=["known", "new", "without phone"])
def test_every_customer_is_answered(customer: Customer) -> None:
    for memory in LIVE:
        for happenings in HAPPENINGS.values():
            _check(customer, memory, happenings[0], SHOP)


def _check(customer: Customer, memory: Memory, happening: Happening, shop: Shop) -> None:
    outcome = step(Conversation(customer, memory), Event(happening, NOON), shop, NOON)
    said = [effect for effect in outcome.effects if isinstance(effect, Say)]
    about = f"{happening} in {memory}"
    silent = isinstance(happening, NEVER_ANSWERED) or happening == MessageEdited()
    if isinstance(happening, MediaRefused):
        # Told only to whom it matters: the file was to go with an order.
        silent = not any(o.created_at >= happening.sent_at for o in customer.orders)
    assert len(said) == (0 if silent else 1), about
    # No sample carries the fingerprint of a summary that was really shown.
    assert not any(isinstance(effect, PlaceOrder) for effect in outcome.effects), about
    for effect in outcome.effects:
        if isinstance(effect, Say | Notify):
            assert render(effect.reply, TEXTS, shop).body.strip(), about
    assert memory_from_json(memory_to_json(outcome.memory)) == (outcome.memory, True), about


@pytest.mark.parametrize("kind", HAPPENINGS, ids=lambda kind: kind.__name__)
def test_during_a_pause_nothing_of_the_customer_is_answered(kind: type) -> None:
    paused = Pause(NOON.replace(year=2027), "person")
    for memory in LIVE:
        for happening in HAPPENINGS[kind]:
            outcome = step(Conversation(ANA, memory, paused), Event(happening, NOON), SHOP, NOON)
            if isinstance(happening, OrderPlaced | OrderShort | PersonWrote):
                continue
            assert outcome == Step(memory), happening


def test_silences_change_nothing() -> None:
    for memory in MEMORIES:
        for happening in (Reacted("👍"), MessageRevoked(), MessageEdited()):
            before = Conversation(ANA, memory)
            assert step(before, Event(happening, NOON), SHOP, NOON) == Step(memory)

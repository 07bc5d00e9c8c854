"""A person takes over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.domain.chat import ANA, SETTINGS, Chat, a_shop, after_order, at_summary, with_cart
from wabot.domain.conversation.effects import (
    CancelTimer,
    EndPause,
    Notify,
    PauseBot,
    Role,
    SetTimer,
)
from wabot.domain.conversation.events import PersonWrote, TextReceived, TimerFired, TimerKind
from wabot.domain.conversation.states import Confirming, ReviewingCart

END = TimerFired(TimerKind.PAUSE_END)
UNANSWERED = TimerFired(TimerKind.HANDOFF_UNANSWERED)


def test_asking_for_a_person_tells_both_sides_and_silences_the_bot() -> None:
    chat = with_cart().write("asesor")
    until = chat.now + SETTINGS.pause_lifetime
    assert "ya le avisé" in chat.body
    assert "tu pedido queda guardado" in chat.body
    assert chat.of(PauseBot) == [PauseBot(until, "requested")]
    assert chat.of(SetTimer) == [
        SetTimer(TimerKind.PAUSE_END, until),
        SetTimer(TimerKind.HANDOFF_UNANSWERED, chat.now + SETTINGS.handoff_patience),
    ]
    told = chat.notice(Role.ADVISER)
    for part in ("Ana", "+52 55 1234 5678", "Jitomate · 2 kg", "$56.00"):
        assert part in told


def test_the_adviser_learns_of_the_last_order() -> None:
    assert "P-101 · Pendiente · $56.00" in after_order().write("asesor").notice(Role.ADVISER)


@pytest.mark.parametrize("text", ["hola", "menú", "sí", "cancelar", "asesor"])
def test_during_the_pause_the_bot_is_silent(text: str) -> None:
    chat = at_summary().write("asesor").write(text)
    assert chat.effects == []
    assert chat.drafts == []


def test_each_message_of_the_person_renews_the_pause() -> None:
    chat = Chat().write("asesor").wait(timedelta(hours=11)).send(PersonWrote())
    until = chat.now + SETTINGS.pause_lifetime
    assert chat.of(PauseBot) == [PauseBot(until, "person")]
    assert chat.of(SetTimer) == [SetTimer(TimerKind.PAUSE_END, until)]
    assert chat.of(CancelTimer) == [CancelTimer(TimerKind.HANDOFF_UNANSWERED)]
    assert chat.body == ""


def test_a_person_who_writes_unasked_takes_the_chat() -> None:
    chat = with_cart().send(PersonWrote())
    assert chat.of(PauseBot)
    assert chat.write("hola").effects == []


def test_at_the_end_the_customer_is_told_once_and_the_cart_is_there() -> None:
    chat = with_cart().write("asesor").wait(SETTINGS.pause_lifetime).send(END)
    assert "Ya estoy de vuelta" in chat.body
    assert "Jitomate · 2 kg" in chat.body
    assert chat.of(EndPause) == [EndPause()]
    assert chat.pause is None
    assert chat.send(END).effects == []


def test_without_a_cart_the_end_leads_to_the_menu() -> None:
    chat = Chat().write("leche").write("asesor").wait(SETTINGS.pause_lifetime).send(END)
    assert "Ver catálogo" in chat.titles


def test_an_end_that_was_moved_does_nothing() -> None:
    chat = Chat().write("asesor").wait(timedelta(hours=6)).send(PersonWrote())
    assert chat.wait(timedelta(hours=7)).send(END).effects == []
    assert chat.pause is not None


def test_a_pause_is_over_when_its_time_has_come_even_without_its_timer() -> None:
    chat = with_cart().write("asesor").wait(SETTINGS.pause_lifetime).write("hola")
    assert "Ya estoy de vuelta" in chat.body
    assert isinstance(chat.state, ReviewingCart)
    assert chat.of(EndPause)
    assert chat.send(END).effects == []


def test_who_asks_again_for_a_person_after_the_pause_gets_one() -> None:
    chat = Chat().write("asesor").wait(SETTINGS.pause_lifetime).write("asesor")
    assert chat.pause is not None
    assert chat.pause.until > chat.now


def test_when_nobody_answers_the_customer_and_the_owner_are_told() -> None:
    chat = Chat().write("asesor").wait(SETTINGS.handoff_patience).send(UNANSWERED)
    assert "Disculpa la espera" in chat.body
    assert "Ana" in chat.notice(Role.OWNER)
    assert chat.pause is not None
    assert chat.write("hola").effects == []


def test_an_answered_call_is_not_complained_about() -> None:
    chat = Chat().write("asesor").send(PersonWrote())
    assert chat.wait(SETTINGS.handoff_patience).send(UNANSWERED).effects == []


@pytest.mark.parametrize("timer", [END, UNANSWERED])
def test_a_timer_without_a_pause_does_nothing(timer: TimerFired) -> None:
    assert Chat().send(timer).effects == []


def test_a_shop_with_nobody_to_call_says_so_and_goes_on() -> None:
    chat = Chat(a_shop(owner_phone="", adviser_phone="")).write("asesor")
    assert "no tengo cómo avisarle" in chat.body
    assert chat.of(Notify) == []
    assert chat.pause is None


def test_the_owner_stands_in_for_an_adviser() -> None:
    chat = Chat(a_shop(adviser_phone="")).write("asesor")
    assert chat.notice(Role.ADVISER)
    assert chat.pause is not None


def test_after_the_pause_the_summary_can_be_confirmed() -> None:
    chat = at_summary().write("asesor").wait(SETTINGS.pause_lifetime).send(END)
    assert isinstance(chat.state, Confirming)
    assert len(chat.send(TextReceived("sí")).drafts) == 1


def test_whom_a_person_wrote_to_first_is_welcomed_by_the_bot_when_it_answers() -> None:
    chat = Chat(customer=replace(ANA, is_new=True)).send(PersonWrote()).write("gracias")
    assert chat.reply is None
    chat.wait(SETTINGS.pause_lifetime + timedelta(minutes=1)).write("hola")
    assert "Aquí te atiende" in chat.body


@pytest.mark.parametrize("text", ["confirmar", "ok", "listo"])
def test_only_a_plain_yes_takes_the_offer_of_a_person(text: str) -> None:
    chat = at_summary()
    for nonsense in ("qwerty", "asdfgh", "zxcvbn"):
        chat = chat.write(nonsense)
    assert "persona" in chat.body
    assert chat.write(text).of(PauseBot) == []


def test_a_yes_to_the_offer_of_a_person_calls_one() -> None:
    chat = at_summary()
    for nonsense in ("qwerty", "asdfgh", "zxcvbn"):
        chat = chat.write(nonsense)
    assert len(chat.write("sí, por favor").of(PauseBot)) == 1


def test_a_yes_after_asking_to_cancel_a_placed_order_calls_a_person() -> None:
    chat = after_order().write("cancelar pedido")
    assert "te comunico con un asesor" in chat.body
    assert len(chat.write("sí").of(PauseBot)) == 1

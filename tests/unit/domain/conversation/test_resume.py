"""After the session ran out the cart is kept as a draft."""

from datetime import timedelta

import pytest

from tests.unit.domain.chat import SETTINGS, Chat, at_summary, with_cart
from wabot.domain.conversation.events import MediaKind, MediaReceived
from wabot.domain.conversation.states import AskingQuantity, AtMenu, OfferingResume, ReviewingCart

LATER = SETTINGS.session_lifetime


def test_each_turn_renews_the_session() -> None:
    chat = with_cart().wait(LATER - timedelta(minutes=1)).write("hola")
    assert chat.memory.expires_at == chat.now + LATER
    assert isinstance(chat.state, ReviewingCart)


@pytest.mark.parametrize("text", ["hola", "sí", "2", "asdf", "tienes arroz?"])
def test_an_expired_draft_is_offered_whatever_is_said(text: str) -> None:
    chat = with_cart().wait(LATER).write(text)
    assert "Tenías un pedido a medias" in chat.body
    assert "Jitomate · 2 kg · $56.00" in chat.body
    assert chat.titles == ["Seguir", "Empezar de nuevo"]


@pytest.mark.parametrize("answer", ["Seguir", "sí", "claro", "continuar"])
def test_the_draft_can_be_taken_up(answer: str) -> None:
    chat = with_cart().wait(LATER).write("hola").write(answer)
    assert isinstance(chat.state, ReviewingCart)
    assert chat.memory.cart


@pytest.mark.parametrize("answer", ["Empezar de nuevo", "no", "desde cero"])
def test_the_draft_can_be_dropped(answer: str) -> None:
    chat = with_cart().wait(LATER).write("hola").write(answer)
    assert not chat.memory.cart
    assert isinstance(chat.state, AtMenu)


def test_a_yes_of_another_day_orders_nothing() -> None:
    chat = at_summary()
    confirm = chat.option_id("Confirmar")
    assert chat.wait(LATER).write("sí").drafts == []
    assert chat.write("sí").drafts == []
    other = at_summary().wait(LATER).tap_id(confirm)
    assert other.drafts == []
    assert "revisa que todo esté bien" in other.body


def test_words_that_work_anywhere_work_on_a_draft() -> None:
    assert "Ver mi pedido" in with_cart().wait(LATER).write("menú").titles
    assert with_cart().wait(LATER).write("asesor").pause is not None


def test_without_a_cart_the_menu_is_shown() -> None:
    chat = Chat().write("leche").wait(LATER).write("hola")
    assert isinstance(chat.state, AtMenu)
    assert "Ver catálogo" in chat.titles


@pytest.mark.parametrize("text", ["2", "sí", "no", "media docena"])
def test_an_answer_of_another_day_chooses_nothing(text: str) -> None:
    chat = Chat().write("leche").wait(LATER).write(text)
    assert isinstance(chat.state, AtMenu)
    assert "Ver catálogo" in chat.titles


def test_a_product_asked_for_after_the_session_is_found() -> None:
    chat = Chat().write("hola").wait(LATER).write("leche")
    assert isinstance(chat.state, AskingQuantity)


def test_a_photo_after_the_session_offers_the_draft() -> None:
    chat = with_cart().wait(LATER).send(MediaReceived(MediaKind.IMAGE, "m1"))
    assert isinstance(chat.state, OfferingResume)


def test_starting_anew_from_an_old_message_keeps_todays_cart() -> None:
    chat = with_cart().wait(LATER).write("hola")
    anew = chat.option_id("Empezar de nuevo")
    chat.tap("Seguir").tap_id(anew)
    assert chat.memory.cart
    assert "ya no está disponible" in chat.body

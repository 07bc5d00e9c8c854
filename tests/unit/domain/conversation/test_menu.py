"""Greetings, the main menu, words that work anywhere, and what is not understood."""

from dataclasses import replace

import pytest

from tests.unit.domain.chat import ANA, Chat, a_shop, after_order, at_summary, with_cart
from tests.unit.domain.samples import AN_ORDER, EMPTY
from wabot.domain.conversation.events import (
    ChatOpened,
    Happening,
    MessageEdited,
    MessageRevoked,
    OptionChosen,
    Reacted,
    TextReceived,
)
from wabot.domain.conversation.states import (
    AtMenu,
    BrowsingProducts,
    Cancelling,
    Confirming,
    ReviewingCart,
)
from wabot.domain.message import ListMessage

MENU = ["Ver catálogo", "Hacer un pedido", "Estado de mi pedido", "Hablar con un asesor"]
NEW = replace(ANA, is_new=True)


@pytest.mark.parametrize("happening", [TextReceived("hola"), TextReceived("asdf"), ChatOpened()])
def test_a_new_customer_is_greeted_by_name_with_the_menu(happening: TextReceived) -> None:
    chat = Chat(customer=NEW).send(happening)
    assert "¡Hola, Ana!" in chat.body
    assert "Abarrotes Lupita" in chat.body
    assert isinstance(chat.message, ListMessage)
    assert chat.titles == MENU


def test_a_new_customer_without_a_name_is_greeted_all_the_same() -> None:
    chat = Chat(customer=replace(NEW, name="")).write("hola")
    assert chat.body.startswith("¡Hola! ")
    assert chat.titles == MENU


def test_a_new_customer_who_asks_for_a_product_is_greeted_and_answered_at_once() -> None:
    chat = Chat(customer=NEW).write("buenas, ¿tienes arroz?")
    assert chat.body.startswith("¡Hola, Ana!")
    assert "¿Cuánto quieres?" in chat.body


@pytest.mark.parametrize("silent", [Reacted("👍"), MessageRevoked(), MessageEdited()])
@pytest.mark.parametrize("text", ["hola", "buenas, ¿tienes arroz?"])
def test_whose_first_event_gets_no_answer_is_welcomed_with_the_first_one(
    silent: Happening, text: str
) -> None:
    chat = Chat(customer=NEW).send(silent).send(silent)
    assert chat.reply is None
    assert "Aquí te atiende *Abarrotes Lupita*" in chat.write(text).body
    assert "Aquí te atiende" not in chat.write(text).body


def test_a_known_customer_who_says_hello_gets_the_menu() -> None:
    chat = Chat().write("Hola, buenas tardes")
    assert "¡Hola, Ana!" in chat.body
    assert chat.titles == MENU


def test_the_usual_is_on_the_menu_once_there_was_an_order() -> None:
    chat = Chat(customer=replace(ANA, orders=(AN_ORDER,))).write("menú")
    assert chat.titles == [*MENU, "Lo de siempre"]


def test_hello_in_the_middle_asks_again_what_was_open() -> None:
    chat = at_summary().write("hola")
    assert isinstance(chat.state, Confirming)
    assert chat.titles == ["Confirmar", "Cambiar", "Cancelar"]


def test_the_menu_keeps_the_cart() -> None:
    chat = with_cart().write("menú")
    assert "Tu pedido sigue guardado" in chat.body
    assert chat.titles[0] == "Ver mi pedido"
    assert "$56.00" in chat.tap("Ver mi pedido").body


@pytest.mark.parametrize("text", ["Menú", "MENU", "menu principal", "volver al menú por favor"])
def test_menu_works_in_every_state(text: str) -> None:
    for memory in EMPTY:
        assert Chat(memory=memory).write(text).titles == MENU


@pytest.mark.parametrize(
    "text",
    [
        "asesor",
        "Quiero hablar con un asesor",
        "me puedes pasar con un asesor?",
        "quiero hablar con una persona por favor",
        "humano",
    ],
)
def test_a_person_can_be_asked_for_in_every_state(text: str) -> None:
    for memory in EMPTY:
        assert "ya le avisé a una persona" in Chat(memory=memory).write(text).body


def test_cancelling_asks_before_it_empties_the_cart() -> None:
    chat = with_cart().write("cancelar")
    assert isinstance(chat.state, Cancelling)
    assert "Jitomate" in chat.body
    chat.tap("Sí, cancelar")
    assert not chat.memory.cart
    assert "cancelé" in chat.body
    assert chat.titles == MENU


@pytest.mark.parametrize("answer", ["sí", "cancelar", "si cancelar", "sí, por favor"])
def test_cancelling_takes_a_typed_yes(answer: str) -> None:
    assert not with_cart().write("cancelar").write(answer).memory.cart


@pytest.mark.parametrize("answer", ["no", "no, seguir", "seguir"])
def test_a_no_to_cancelling_goes_back_to_where_it_was(answer: str) -> None:
    assert isinstance(with_cart().write("cancelar").write(answer).state, ReviewingCart)
    assert isinstance(at_summary().tap("Cancelar").write(answer).state, Confirming)


def test_a_yes_to_cancelling_is_no_yes_to_the_order() -> None:
    chat = at_summary().write("cancelar").write("sí")
    assert chat.drafts == []
    assert not chat.memory.cart


def test_an_old_yes_to_cancelling_asks_again() -> None:
    chat = with_cart().write("cancelar")
    old = chat.option_id("Sí, cancelar")
    chat.tap("No, seguir").tap_id(old)
    assert isinstance(chat.state, Cancelling)
    assert chat.memory.cart


def test_cancelling_without_a_cart_leaves_what_was_asked() -> None:
    chat = Chat().write("jitomate").write("cancelar")
    assert isinstance(chat.state, AtMenu)
    assert "lo dejamos" in chat.body


def test_cancelling_a_placed_order_offers_a_person() -> None:
    chat = after_order().write("cancelar")
    assert "P-101" in chat.body
    assert "Hablar con un asesor" in chat.titles


def test_unknown_words_are_answered_with_options_and_then_a_person() -> None:
    chat = Chat().write("hola")
    said = [chat.write("asdfgh").body for _ in range(3)]
    assert len(set(said)) == 3
    assert chat.titles == ["Hablar con un asesor", "Menú principal"]


def test_a_yes_to_the_offer_of_a_person_calls_one() -> None:
    chat = Chat().write("asdf").write("asdf").write("asdf").write("sí")
    assert chat.pause is not None


def test_a_yes_to_the_offer_of_a_person_never_places_an_order() -> None:
    chat = at_summary()
    for _ in range(3):
        chat.write("asdf")
    chat.write("sí")
    assert chat.drafts == []
    assert chat.pause is not None


def test_a_shop_with_nobody_to_call_offers_the_menu_instead() -> None:
    chat = Chat(a_shop(owner_phone="", adviser_phone=""))
    for _ in range(3):
        chat.write("asdf")
    assert "Hablar con un asesor" not in chat.titles


def test_an_answer_understood_resets_the_failures() -> None:
    chat = Chat().write("asdf").write("asdf").write("menú")
    assert chat.memory.misses == 0


def test_the_same_question_three_times_ends_in_a_way_out() -> None:
    chat = Chat()
    said = [chat.write("catálogo").body for _ in range(3)]
    assert said[0] == said[1] != said[2]
    assert "Menú principal" in chat.titles
    assert chat.write("menú").write("catálogo").write("catálogo").body == said[0]


def test_a_product_typed_by_its_number_in_the_list_works_like_a_tap() -> None:
    tapped = Chat().write("menú").tap("Ver catálogo")
    typed = Chat().write("menú").write("1")
    assert typed.body == tapped.body
    assert isinstance(typed.state, BrowsingProducts)


def test_a_number_where_a_quantity_is_asked_is_a_quantity() -> None:
    chat = Chat().write("leche").write("2")
    assert "2 piezas" in chat.body


def test_a_number_beyond_the_list_is_not_understood() -> None:
    assert "no te entendí" in Chat().write("menú").write("99").body


@pytest.mark.parametrize("text", ["gracias", "muchas gracias!", "ok gracias"])
def test_thanks_are_answered_kindly(text: str) -> None:
    assert "mucho gusto" in after_order().write(text).body


@pytest.mark.parametrize("option_id", ["m0:cat", "m2:cat", "old", "", "zz:1", "p1:xyz"])
def test_an_option_of_an_old_menu_gets_a_polite_answer_and_the_question(option_id: str) -> None:
    chat = with_cart().send(OptionChosen(option_id))
    assert "ya no está disponible" in chat.body
    assert chat.titles == ["Agregar más", "Terminar pedido", "Cambiar algo"]


@pytest.mark.parametrize("text", ["a mi casa", "lo recojo yo", "cambiar algo", "otra dirección"])
def test_words_about_an_order_without_one_say_that_there_is_none(text: str) -> None:
    assert "Tu pedido está vacío" in Chat().write("hola").write(text).body
    assert "Eso te lo dice mejor la tienda" in after_order().write(text).body


def test_nothing_more_without_an_order_is_a_good_bye() -> None:
    assert "mucho gusto" in after_order().write("no, es todo").body


@pytest.mark.parametrize("text", ["cuándo está el arroz rojo", "¿pasan por ella a mi casa?"])
def test_a_question_never_becomes_a_list_of_what_is_only_similar(text: str) -> None:
    assert "Eso te lo dice mejor la tienda" in Chat().write("hola").write(text).body

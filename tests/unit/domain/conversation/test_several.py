"""Several products in one text, or in several that were joined: nothing said is dropped."""

from dataclasses import replace

import pytest

from tests.unit.domain.chat import ARROZ, JITOMATE, LECHE, PAN, Chat, a_product, a_shop
from wabot.domain.conversation.effects import NoteUnknown
from wabot.domain.conversation.states import AskingQuantity, BrowsingProducts, ReviewingCart
from wabot.domain.plan import PLANS


def cart(chat: Chat) -> dict[str, int]:
    names = {p.id: p.name for p in (ARROZ, JITOMATE, LECHE, PAN)}
    return {names[line.product_id]: line.steps for line in chat.memory.cart.lines}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2 kilos jitomate\n1 leche\n3 arroz", {"Jitomate": 8, "Leche entera 1 L": 1, "Arroz": 3}),
        (
            "hola buenas\nquiero 2 kilos de jitomate\n1 leche",
            {"Jitomate": 8, "Leche entera 1 L": 1},
        ),
        ("medio kilo de jitomate y 2 leches", {"Jitomate": 2, "Leche entera 1 L": 2}),
        ("jitomate 1 kg, arroz 2, un pan", {"Jitomate": 4, "Arroz": 2, "Pan de caja": 1}),
    ],
)
def test_what_is_written_line_by_line_is_taken_with_its_quantities(
    text: str, wanted: dict[str, int]
) -> None:
    chat = Chat().write(text)
    assert cart(chat) == wanted
    assert isinstance(chat.state, ReviewingCart)
    assert "¡Anotado!" in chat.body


def test_what_is_not_certain_is_named_and_asked_for_in_one_question() -> None:
    chat = Chat().write("2 kilos jitomate\n1 leche\npan\n9 leches\n3 quesos de bola")
    assert cart(chat) == {"Jitomate": 8, "Leche entera 1 L": 1}
    assert "«pan», «9 leches», «3 quesos de bola»" in chat.body
    assert [e.words for e in chat.effects if isinstance(e, NoteUnknown)] == ["3 quesos bola"]


def test_one_that_is_certain_beside_one_that_is_not_is_kept() -> None:
    chat = Chat().write("2 kilos jitomate\npan")
    assert cart(chat) == {"Jitomate": 8}
    assert "«pan»" in chat.body


def test_an_amount_first_answers_the_question_that_was_asked() -> None:
    chat = Chat().write("jitomate")
    assert isinstance(chat.state, AskingQuantity)
    assert cart(chat.write("2 kilos\n1 leche")) == {"Jitomate": 8, "Leche entera 1 L": 1}


@pytest.mark.parametrize("text", ["kilo y medio de jitomate", "1,5 kg de jitomate"])
def test_one_amount_in_two_words_is_one(text: str) -> None:
    assert cart(Chat().write(text)) == {"Jitomate": 6}


def test_what_is_said_of_one_product_is_no_list() -> None:
    chat = Chat().write("2 kilos de jitomate\nbien maduro por favor")
    assert "¡Anotado!" not in chat.body


@pytest.mark.parametrize(
    "text",
    [
        "buenas, 2 kg de jitomate y 1 arroz",
        "2 kg de jitomate, 1 arroz, por favor",
        "hola, me das 2 kg de jitomate y 1 arroz, muchas gracias",
        "buenas tardes, me mandas 2 kilos de jitomate, 1 arroz porfa",
    ],
)
def test_courtesy_is_no_part_of_a_list(text: str) -> None:
    chat = Chat().write(text)
    assert cart(chat) == {"Jitomate": 8, "Arroz": 1}
    assert "no supe" not in chat.body


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("jitomate 2 kilos y medio, 1 arroz", {"Jitomate": 10, "Arroz": 1}),
        ("1 arroz y kilo y medio de jitomate", {"Arroz": 1, "Jitomate": 6}),
        ("1 leche y medio de jitomate", {"Leche entera 1 L": 1, "Jitomate": 2}),
        ("treinta y dos arroz y 1,5 kg de jitomate", {"Arroz": 32, "Jitomate": 6}),
    ],
)
def test_a_number_with_an_y_in_it_is_not_taken_apart(text: str, wanted: dict[str, int]) -> None:
    assert cart(Chat().write(text)) == wanted


def test_one_product_with_courtesy_around_it_is_taken() -> None:
    assert cart(Chat().write("buenas, 2 kg de jitomate, por favor")) == {"Jitomate": 8}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("2 kg de jitomate, 1 arroz y 3 chicles", "«3 chicles»"),
        ("2 kg de jitomate, 1 arroz, 50 leches", "«50 leches»"),
        ("2 kg de jitomate y 1 arroz, leche", "«leche»"),
        ("2 kg de jitomate,1 arroz,leche", "«leche»"),
    ],
)
def test_a_doubtful_product_leaves_the_certain_ones_in_the_cart(text: str, asked: str) -> None:
    chat = Chat().write(text)
    assert cart(chat) == {"Jitomate": 8, "Arroz": 1}
    assert asked in chat.body


def test_a_later_line_corrects_an_earlier_one() -> None:
    chat = Chat().write("1 kg de jitomate\n1 arroz\n2 kg de jitomate")
    assert cart(chat) == {"Jitomate": 8, "Arroz": 1}
    assert "no supe" not in chat.body


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 kg y 500 g de jitomate", {"Jitomate": 6}),
        ("un kilo 250 gramos de jitomate", {"Jitomate": 5}),
        ("2 leches y 1 kg y 500 g de jitomate", {"Jitomate": 6, "Leche entera 1 L": 2}),
    ],
)
def test_a_weight_in_two_units_is_one(text: str, wanted: dict[str, int]) -> None:
    assert cart(Chat().write(text)) == wanted
    assert cart(Chat().write("jitomate").write(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2 leches, 1 leche más", {"Leche entera 1 L": 3}),
        ("1 kg de jitomate y otro kilo de jitomate", {"Jitomate": 8}),
        ("1 kg de jitomate, 1 arroz y otro medio kilo de jitomate", {"Jitomate": 6, "Arroz": 1}),
    ],
)
def test_what_is_said_to_come_on_top_does(text: str, wanted: dict[str, int]) -> None:
    assert cart(Chat().write(text)) == wanted
    assert cart(Chat().write("jitomate").write(text)) == wanted


def test_what_comes_on_top_twice_is_counted_once_each() -> None:
    chat = Chat().write("2 panes").write("1 pan más y 1 pan más")
    assert cart(chat) == {"Pan de caja": 4}


@pytest.mark.parametrize(
    "text",
    [
        "1 kg y 1 kg de jitomate",
        "un kilo y un kilo de jitomate",
        "1 kg de jitomate y 1 kg de jitomate",
        "1 kg de jitomate, medio kg de jitomate",
    ],
)
def test_an_amount_that_is_said_twice_in_a_line_is_asked_for(text: str) -> None:
    chat = Chat().write(text)
    assert cart(chat) == {}
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert chat.write("2 kg").memory.cart.lines[0].steps == 8


def test_beside_what_is_certain_an_amount_said_twice_is_named() -> None:
    chat = Chat().write("1 kg de jitomate, 1 arroz y 2 kg de jitomate")
    assert cart(chat) == {"Arroz": 1}
    assert "«1 kg de jitomate y 2 kg de jitomate»" in chat.body


def test_products_without_amounts_are_asked_for_in_turn() -> None:
    chat = Chat().write("quiero leche, pan y jitomate")
    assert chat.state == AskingQuantity(LECHE.id)
    assert "Luego seguimos con: Pan de caja, Jitomate" in chat.body
    assert chat.write("2").state == AskingQuantity(PAN.id)
    assert "Seguimos con lo siguiente" in chat.body
    assert chat.write("no").state == AskingQuantity(JITOMATE.id)
    assert isinstance(chat.write("1 kg").state, ReviewingCart)
    assert cart(chat) == {"Leche entera 1 L": 2, "Jitomate": 4}


def of_basico(*products: object) -> Chat:
    shop = a_shop((JITOMATE, ARROZ, LECHE, PAN, *products))  # type: ignore[arg-type] - products
    return Chat(replace(shop, features=PLANS["basico"].features))


def test_without_orders_in_words_all_that_was_named_is_asked_for_in_turn() -> None:
    chicas = (a_product("Coca 600 ml"), a_product("Coca 2.5 L"))
    chat = of_basico(*chicas).write("hola, 2 kg de jitomate, 1 coca, 3 chicles y 2 arroz")
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert "«1 coca», Arroz" in chat.body
    assert "De esto no supe cuál o cuánto: «3 chicles»" in chat.body
    assert isinstance(chat.write("2").state, BrowsingProducts)
    chat.tap("Coca 2.5 L").write("1")
    assert chat.state == AskingQuantity(ARROZ.id)
    assert isinstance(chat.write("2").state, ReviewingCart)
    assert len(chat.memory.cart.lines) == 3


@pytest.mark.parametrize("end", ["es todo", "cancelar"])
def test_who_ends_a_list_is_asked_for_nothing_more(end: str) -> None:
    chat = of_basico().write("2 kg de jitomate, 1 pan y 2 arroz").write("2")
    assert chat.write(end).memory.pending == () or chat.write("sí").memory.pending == ()


@pytest.mark.parametrize(
    "text", ["1.5 kg de jitomate más", "1.5 kg más de jitomate", "otros 1.5 kg de jitomate"]
)
def test_more_is_added_to_what_is_there(text: str) -> None:
    chat = Chat().write("1 kg de jitomate").write(text)
    assert cart(chat) == {"Jitomate": 10}


def test_nothing_more_adds_nothing() -> None:
    chat = Chat().write("1 kg de jitomate").write("2 kg de jitomate nada más")
    assert cart(chat) == {"Jitomate": 8}


def test_another_product_in_between_does_not_make_a_list_forgotten() -> None:
    chat = of_basico().write("2 kg de jitomate y 1 pan").write("2")
    assert chat.state == AskingQuantity(PAN.id)
    assert chat.write("arroz").state == AskingQuantity(ARROZ.id)
    assert chat.write("1").state == AskingQuantity(PAN.id)
    assert isinstance(chat.write("1").state, ReviewingCart)


def test_a_list_with_an_ambiguous_product_and_no_amounts_is_gone_through() -> None:
    chat = Chat(a_shop((*of_basico().shop.catalog.products, a_product("Pan dulce"))))
    assert chat.write("leche, pan y arroz").state == AskingQuantity(LECHE.id)
    assert isinstance(chat.write("1").state, BrowsingProducts)
    chat.tap("Pan dulce").write("2")
    assert chat.state == AskingQuantity(ARROZ.id)


def test_a_second_list_answers_for_the_first() -> None:
    chat = Chat().write("leche, pan y jitomate").write("2 leches y 1 pan")
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert isinstance(chat.write("1 kg").state, ReviewingCart)
    assert cart(chat) == {"Leche entera 1 L": 2, "Pan de caja": 1, "Jitomate": 4}

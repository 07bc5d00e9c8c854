"""Several products in one text, or in several that were joined: nothing said is dropped."""

import pytest

from tests.unit.domain.chat import ARROZ, JITOMATE, LECHE, PAN, Chat
from wabot.domain.conversation.effects import NoteUnknown
from wabot.domain.conversation.states import AskingQuantity, ReviewingCart


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

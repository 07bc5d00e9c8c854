"""Typing a number or an option's words instead of tapping."""

import pytest

from wabot.simulation.conversation.choosing import labels, typed
from wabot.simulation.conversation.contents import Choice, Content, Text
from wabot.simulation.conversation.observed import ShownOption

MENU = tuple(
    ShownOption(title, str(number), in_list=True)
    for number, title in enumerate(("Ver catálogo", "Hacer un pedido", "7 Up 600 ml"))
)
AMOUNTS = (ShownOption("2 kg", "a"), ShownOption("½ kg", "b"), ShownOption("Quitar", "c"))
REQUEST = (ShownOption("<location>"),)


@pytest.mark.parametrize(
    ("words", "content"),
    [
        ("1", Choice("Ver catálogo")),
        (" 2 ", Choice("Hacer un pedido")),
        ("hacer un pedido", Choice("Hacer un pedido")),
        ("0", Text("0")),
        ("4", Text("4")),
        ("hacer", Text("hacer")),
        ("1.5", Text("1.5")),
    ],
)
def test_a_number_or_the_exact_words_choose_an_option(words: str, content: Content) -> None:
    assert typed(words, MENU) == content


def test_where_amounts_are_offered_a_number_is_an_amount_and_letters_choose() -> None:
    assert labels(AMOUNTS) == ("a", "b", "c")
    assert typed("2", AMOUNTS) == Text("2")
    assert typed("B", AMOUNTS) == Choice("½ kg")
    assert typed("2 kg", AMOUNTS) == Choice("2 kg")
    assert typed("c", AMOUNTS) == Choice("Quitar")


def test_a_product_whose_name_begins_with_a_number_is_no_amount() -> None:
    assert labels(MENU) == ("1", "2", "3")


def test_without_options_everything_is_text() -> None:
    assert typed("1", ()) == Text("1")


def test_a_request_for_the_location_is_not_answered_by_a_number() -> None:
    assert typed("1", REQUEST) == Text("1")


def test_spaces_of_a_text_are_kept() -> None:
    assert typed("  hola ", ()) == Text("  hola ")

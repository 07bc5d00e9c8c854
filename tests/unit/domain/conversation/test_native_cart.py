"""Carts from WhatsApp's own catalogue."""

from decimal import Decimal

from tests.unit.domain.chat import ARROZ, JITOMATE, LECHE, Chat, a_product, a_shop, with_cart
from wabot.domain.conversation.effects import NoteUnknown
from wabot.domain.conversation.events import NativeCartLine, NativeCartReceived
from wabot.domain.conversation.states import ReviewingCart


def cart(*lines: tuple[str, int, str], text: str = "") -> NativeCartReceived:
    return NativeCartReceived(
        tuple(NativeCartLine(sku, quantity, Decimal(price)) for sku, quantity, price in lines),
        text,
    )


def test_a_native_cart_is_priced_from_our_catalogue() -> None:
    chat = Chat().send(cart(("ARR-1", 2, "32.50"), (str(JITOMATE.id), 1, "28.00")))
    assert "• Arroz · 2 bolsas · $65.00" in chat.body
    assert "• Jitomate · 1 kg · $28.00" in chat.body
    assert "precio de hoy" not in chat.body
    assert isinstance(chat.state, ReviewingCart)


def test_a_different_price_is_said() -> None:
    chat = Chat().send(cart(("ARR-1", 1, "1.00")))
    assert "El precio de hoy de Arroz es $32.50" in chat.body
    assert "Total: $32.50" in chat.body


def test_a_second_native_cart_replaces_the_first_and_keeps_what_was_chosen_here() -> None:
    chat = with_cart().send(cart(("ARR-1", 2, "32.50"))).send(cart(("LEC-1", 1, "27")))
    assert chat.memory.cart.line(ARROZ.id) is None
    assert chat.memory.cart.line(LECHE.id) is not None
    assert chat.memory.cart.line(JITOMATE.id) is not None


def test_the_same_native_cart_twice_counts_once() -> None:
    once = cart(("ARR-1", 2, "32.50"))
    line = Chat().send(once).send(once).memory.cart.line(ARROZ.id)
    assert line is not None
    assert line.steps == 2


def test_an_unknown_product_is_said() -> None:
    chat = Chat().send(cart(("ARR-1", 1, "32.50"), ("gone", 3, "5"), ("", 1, "5")))
    assert "Varios productos de tu carrito ya no los tengo" in chat.body
    assert "Arroz" in chat.body


def test_more_than_there_is_becomes_what_is_left() -> None:
    chat = Chat().send(cart(("LEC-1", 9, "27")))
    assert "solo tengo 3 piezas" in chat.body
    assert "Total: $81.00" in chat.body


def test_what_is_sold_in_larger_steps_is_rounded_up_and_said() -> None:
    six = a_product("Refresco", "10", step=Decimal(6), sku="REF")
    chat = Chat(a_shop([six])).send(cart(("REF", 2, "10")))
    assert "• Refresco · 6 piezas · $60.00" in chat.body
    assert "se vende de 6 piezas en 6 piezas" in chat.body


def test_lines_of_one_product_are_added_up_and_senseless_ones_ignored() -> None:
    chat = Chat().send(cart(("ARR-1", 1, "32.50"), ("ARR-1", 2, "32.50"), ("LEC-1", -4, "27")))
    assert "• Arroz · 3 bolsas" in chat.body
    assert chat.memory.cart.line(LECHE.id) is None


def test_what_was_written_with_the_cart_reaches_the_owner() -> None:
    chat = Chat().send(cart(("ARR-1", 1, "32.50"), text="sin bolsa por favor"))
    assert chat.of(NoteUnknown) == [NoteUnknown("sin bolsa por favor")]


def test_an_empty_native_cart_leads_to_the_catalogue() -> None:
    assert "Ver catálogo" in Chat().send(cart()).titles

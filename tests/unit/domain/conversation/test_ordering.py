"""Quantities, the cart, and changing what is in it."""

from decimal import Decimal

import pytest

from tests.unit.domain.chat import (
    ARROZ,
    JITOMATE,
    LECHE,
    PAN,
    Chat,
    a_product,
    a_shop,
    with_cart,
)
from wabot.domain.conversation.states import (
    AskingQuantity,
    BrowsingProducts,
    Cancelling,
    ChoosingDelivery,
    RemovingLine,
    ReviewingCart,
)


def test_usual_quantities_are_buttons_in_the_products_unit() -> None:
    assert Chat().write("jitomate").titles == ["1 kg", "2 kg", "3 kg"]
    assert Chat().write("leche").titles == ["1 pieza", "2 piezas", "3 piezas"]


def test_quantities_beyond_the_stock_are_not_offered() -> None:
    assert Chat().stock(LECHE, 2).write("leche").titles == ["1 pieza", "2 piezas"]
    assert Chat().stock(JITOMATE, 3).write("jitomate").titles == ["¾ kg"]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("2", 8),
        ("dos", 8),
        ("2kg", 8),
        ("2 kilos por favor", 8),
        ("kilo y medio", 6),
        ("1.5", 6),
        ("1,5 kg", 6),
        ("750 g", 3),
        ("1/2", 2),
        ("½", 2),
        ("medio kilo", 2),
        ("tres cuartos", 3),
        ("un kilo", 4),
        ("quiero 2 kilos de jitomate", 8),
    ],
)
def test_a_typed_quantity_is_understood(text: str, steps: int) -> None:
    chat = Chat().write("jitomate").write(text)
    line = chat.memory.cart.line(JITOMATE.id)
    assert line is not None
    assert line.steps == steps
    assert isinstance(chat.state, ReviewingCart)


def test_half_a_dozen_is_six() -> None:
    line = Chat().write("arroz").write("media docena").memory.cart.line(ARROZ.id)
    assert line is not None
    assert line.steps == 6


def test_more_than_there_is_says_how_much_is_left() -> None:
    chat = Chat().write("leche").write("7")
    assert "solo tengo 3 piezas" in chat.body
    assert chat.state == AskingQuantity(LECHE.id)
    assert not chat.memory.cart


@pytest.mark.parametrize("text", ["mil", "5 mil", "999999999999", "9" * 300])
def test_a_quantity_beyond_all_measure_says_how_much_is_left(text: str) -> None:
    chat = Chat().write("leche").write(text)
    assert "solo tengo 3 piezas" in chat.body
    assert not chat.memory.cart


def test_a_thousand_thanks_are_no_thousand_pieces() -> None:
    chat = Chat().write("leche").write("mil gracias")
    assert "mucho gusto" in chat.body
    assert chat.state == AskingQuantity(LECHE.id)


@pytest.mark.parametrize("text", ["0", "cero"])
def test_nothing_of_a_product_is_answered_with_the_least_that_is_sold(text: str) -> None:
    assert "lo mínimo es 1 bolsa" in Chat().write("arroz").write(text).body
    assert "lo mínimo es ¼ kg" in Chat().write("jitomate").write(text).body


def test_a_button_for_more_than_is_left_by_now_says_how_much_that_is() -> None:
    chat = Chat().write("leche")
    three = chat.option_id("3 piezas")
    chat.stock(LECHE, 2).tap_id(three)
    assert "solo tengo 2 piezas" in chat.body
    assert not chat.memory.cart


def test_what_cannot_be_divided_so_is_refused_with_the_step() -> None:
    chat = Chat().write("jitomate").write("1.1 kg")
    assert "de ¼ kg en ¼ kg" in chat.body
    assert "se vende por bolsa, no por partes" in Chat().write("arroz").write("medio").body


def test_a_unit_that_does_not_fit_is_refused_with_the_right_one() -> None:
    assert "se vende por bolsa" in Chat().write("arroz").write("2 kg").body


AGUA = a_product("Agua natural 1.5 L", unit="botella", aliases=("agua", "botella de agua"))
GRANDE = a_product("Coca-Cola 2.5 L", unit="botella", aliases=("coca de dos y medio",))
SIETE = a_product("7 Up 600 ml")


@pytest.mark.parametrize("text", ["3 botellas", "una botella", "2 bolsas", "quiero 3 latas"])
def test_what_something_is_sold_in_never_names_another_product(text: str) -> None:
    chat = Chat(a_shop([JITOMATE, AGUA])).write("jitomate").write(text)
    assert "se vende por kg" in chat.body
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert not chat.memory.cart


@pytest.mark.parametrize("text", ["medio", "dos", "2 kg", "media botella", "3 botellas"])
def test_an_amount_alone_names_no_product(text: str) -> None:
    chat = Chat(a_shop([AGUA, GRANDE])).write("catálogo").write(text)
    assert isinstance(chat.state, BrowsingProducts)
    assert not chat.memory.cart


@pytest.mark.parametrize("text", ["2 kg", "3 botellas", "medio kilo", "5"])
def test_an_amount_beside_the_cart_is_asked_what_it_is_of(text: str) -> None:
    chat = with_cart(Chat(a_shop([JITOMATE, a_product("Sal 1 kg")]))).write(text)
    assert "¿De qué producto?" in chat.body
    assert isinstance(chat.state, ReviewingCart)
    assert "Jitomate · 2 kg" in chat.body


def test_a_product_that_was_not_called_by_its_name_is_asked_about() -> None:
    chat = Chat(a_shop([AGUA])).write("2 naturales")
    assert chat.state == AskingQuantity(AGUA.id)
    assert not chat.memory.cart


@pytest.mark.parametrize("text", ["3 jitomates", "un jitomate", "me trae 3 jitomates porfa"])
def test_pieces_of_what_is_sold_by_weight_are_no_kilos(text: str) -> None:
    for chat in (Chat().write(text), Chat().write("jitomate").write(text)):
        assert "se vende por kg" in chat.body
        assert chat.state == AskingQuantity(JITOMATE.id)
        assert not chat.memory.cart
    assert "3 kg" in Chat().write("3 de jitomate").body
    assert "½ kg" in Chat().write("medio de jitomate").body


def test_a_number_that_begins_a_products_name_is_no_quantity() -> None:
    shop = a_shop([SIETE])
    assert Chat(shop).write("me das 7 up").state == AskingQuantity(SIETE.id)
    assert "2 piezas de 7 Up" in Chat(shop).write("2 7up").body


@pytest.mark.parametrize("text", ["0", "-1", "mucho", "2 o 3", "20 pesos"])
def test_what_is_no_quantity_is_asked_again(text: str) -> None:
    chat = Chat().write("leche").write(text)
    assert chat.state == AskingQuantity(LECHE.id)
    assert not chat.memory.cart


def test_another_product_may_be_named_instead_of_a_quantity() -> None:
    assert Chat().write("leche").write("mejor arroz").state == AskingQuantity(ARROZ.id)


@pytest.mark.parametrize(
    "text", ["2 kg de jitomate", "me mandas 2 kilos de tomate", "jitomate 2kg"]
)
def test_a_product_with_its_quantity_goes_into_the_cart_at_once(text: str) -> None:
    chat = Chat().write(text)
    assert "2 kg" in chat.body
    assert "$56.00" in chat.body


def test_a_size_in_a_products_name_is_no_quantity() -> None:
    chat = Chat(a_shop([a_product("Sal 1 kg")])).write("sal 1 kg")
    assert isinstance(chat.state, AskingQuantity)


def test_the_cart_shows_lines_and_exact_total() -> None:
    chat = with_cart().write("arroz").write("3")
    assert "• Jitomate · 2 kg · $56.00" in chat.body
    assert "• Arroz · 3 bolsas · $97.50" in chat.body
    assert "Total: $153.50" in chat.body


def test_the_same_quantity_tapped_twice_counts_once() -> None:
    chat = Chat().write("jitomate")
    twice = chat.option_id("2 kg")
    chat.tap_id(twice).tap_id(twice)
    assert "Total: $56.00" in chat.body


def test_a_product_already_in_the_cart_is_asked_for_in_all() -> None:
    chat = with_cart().write("jitomate")
    assert "Ya llevas 2 kg" in chat.body
    assert chat.titles == ["1 kg", "2 kg", "Quitar del pedido"]
    assert "Total: $28.00" in chat.tap("1 kg").body


@pytest.mark.parametrize("answer", ["Quitar del pedido", "quitar", "quítalo", "0", "cero"])
def test_a_product_can_be_taken_out(answer: str) -> None:
    chat = with_cart().write("jitomate").write(answer)
    assert not chat.memory.cart
    assert "Quité Jitomate" in chat.body


def test_lines_are_chosen_for_a_change_from_a_list() -> None:
    chat = with_cart().write("arroz").write("2").tap("Cambiar algo")
    assert isinstance(chat.state, RemovingLine)
    assert chat.rows == {"Jitomate": "2 kg · $56.00", "Arroz": "2 bolsas · $65.00"}
    assert chat.tap("Arroz").state == AskingQuantity(ARROZ.id)


def test_a_cart_of_many_lines_is_paged() -> None:
    chat = Chat(a_shop([a_product(f"Cosa {n:02}") for n in range(14)]))
    for n in range(14):
        chat.write(f"cosa {n:02}").write("1")
    chat.write("cambiar algo")
    assert len(chat.titles) == 10
    assert len(chat.tap("Ver más").titles) == 5


@pytest.mark.parametrize("answer", ["no", "no, gracias", "es todo", "listo", "nada más", "ok"])
def test_nothing_more_ends_the_order(answer: str) -> None:
    assert isinstance(with_cart().write(answer).state, ChoosingDelivery)


@pytest.mark.parametrize("answer", ["sí", "claro", "agregar más", "otra cosa"])
def test_something_more_shows_the_catalogue(answer: str) -> None:
    assert isinstance(with_cart().write(answer).state, BrowsingProducts)


def test_an_empty_cart_leads_to_the_catalogue() -> None:
    chat = Chat().write("carrito")
    assert "vacío" in chat.body
    assert "Ver catálogo" in chat.titles


def test_what_is_withdrawn_or_sold_out_leaves_the_cart_and_is_said() -> None:
    chat = with_cart().write("pan").write("2").stock(JITOMATE, 0).withdraw(PAN).write("carrito")
    assert "De Jitomate ya no me queda" in chat.body
    assert "un producto que ya no se vende" in chat.body
    assert not chat.memory.cart


def test_what_is_scarce_is_reduced_and_said() -> None:
    chat = with_cart().stock(JITOMATE, 5).write("carrito")
    assert "solo tengo 1.25 kg" in chat.body
    assert "$35.00" in chat.body


def test_prices_round_half_up_to_the_currencys_unit() -> None:
    cheap = a_product("Cilantro", "0.10", unit="kg", step=Decimal("0.25"))
    chat = Chat(a_shop([cheap])).write("cilantro").write("1/4")
    assert "Total: $0.03" in chat.body


@pytest.mark.parametrize("text", ["mejor no", "no quiero nada", "siempre no"])
def test_who_does_not_want_the_order_any_more_is_asked_before_it_goes_on(text: str) -> None:
    assert isinstance(with_cart().write(text).state, Cancelling)


@pytest.mark.parametrize("text", ["no", "nada", "nada más", "no gracias"])
def test_who_wants_nothing_more_goes_on_to_the_delivery(text: str) -> None:
    assert isinstance(with_cart().write(text).state, ChoosingDelivery)


def test_beginning_anew_when_asked_whether_to_cancel_empties_the_cart() -> None:
    chat = with_cart().write("borra todo").write("quiero empezar de nuevo")
    assert not chat.memory.cart.lines
    assert "empezamos de nuevo" in chat.body


def test_beginning_anew_beside_a_cart_asks_what_becomes_of_it() -> None:
    assert isinstance(with_cart().write("empezar de nuevo").state, Cancelling)


@pytest.mark.parametrize("text", ["terminar", "terminar pedido", "quiero pagar"])
def test_ending_an_order_that_has_nothing_in_it_says_so(text: str) -> None:
    assert "Tu pedido está vacío" in Chat().write("hola").write(text).body


@pytest.mark.parametrize("text", ["terminar", "nada más", "es todo"])
def test_ending_at_the_first_quantity_says_that_there_is_nothing_yet(text: str) -> None:
    assert "Tu pedido está vacío" in Chat().write("jitomate").write(text).body


@pytest.mark.parametrize(("text", "left"), [("no quiero nada", 0), ("mejor no", 1), ("no", 1)])
def test_asked_whether_to_cancel_nothing_wanted_is_a_yes_and_no_is_a_no(
    text: str, left: int
) -> None:
    chat = with_cart().write("cancelar").write(text)
    assert len(chat.memory.cart.lines) == left


def test_what_is_to_be_added_to_the_order_is_added() -> None:
    chat = with_cart().write("quiero agregar 1 arroz a mi pedido")
    assert [line.product_id for line in chat.memory.cart.lines] == [JITOMATE.id, ARROZ.id]

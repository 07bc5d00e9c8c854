"""Replies become messages that WhatsApp accepts."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.chat import TEXTS, Chat, a_product, a_shop, with_cart
from wabot.domain.conversation.replies import (
    AskLocation,
    AskPhone,
    Buttons,
    Option,
    OptionGroup,
    OptionList,
    Phrase,
    Reply,
)
from wabot.domain.message import (
    ButtonsMessage,
    ContactRequest,
    ListMessage,
    LocationRequest,
    TextMessage,
)
from wabot.domain.money import Money
from wabot.domain.quantity import Quantity
from wabot.services.rendering import render

SHOP = a_shop()
HELLO = Phrase("menu.main")
LONG = "Arroz blanco de grano extra largo de la cosecha nueva"


def a_list(*options: Option) -> Reply:
    return Reply(HELLO, OptionList(Phrase("option.see_products"), (OptionGroup(options),)))


def rows(reply: Reply) -> list[tuple[str, str]]:
    message = render(reply, TEXTS, SHOP)
    assert isinstance(message, ListMessage)
    return [(row.title, row.description) for s in message.sections for row in s.rows]


def test_each_menu_becomes_its_kind_of_message() -> None:
    option = Option("m1:menu", Phrase("option.menu"))
    kinds = [
        (None, TextMessage),
        (Buttons((option,)), ButtonsMessage),
        (OptionList(Phrase("option.more"), (OptionGroup((option,)),)), ListMessage),
        (AskLocation(), LocationRequest),
        (AskPhone(), ContactRequest),
    ]
    for menu, kind in kinds:
        message = render(Reply(HELLO, menu), TEXTS, SHOP)
        assert type(message) is kind
        assert message.body == "¿En qué te ayudo?"


def test_values_are_written_as_in_the_shops_country() -> None:
    line = {
        "name": "Arroz",
        "quantity": Quantity(6, Decimal("0.25"), "kg"),
        "total": Money(Decimal("1234.5"), "COP"),
    }
    shop = replace(SHOP, country="CO")
    assert render(Reply(Phrase("cart.line", line)), TEXTS, shop).body == (
        "• Arroz · 1,5 kg · $1.234,50"
    )
    at = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    entry = Reply(Phrase("status.entry", {"status": "Lista", "at": at}))
    assert render(entry, TEXTS, SHOP).body == "lun 2 mar, 10:00 a.m.: Lista"


def test_the_lead_comes_first() -> None:
    reply = Reply(HELLO, lead=(Phrase("cancel.left"), Phrase("menu.with_pleasure")))
    assert render(reply, TEXTS, SHOP).body == (
        "Listo, lo dejamos ahí.\n¡Con mucho gusto! 😊\n\n¿En qué te ayudo?"
    )


def test_a_long_name_is_cut_at_a_word_and_told_in_full_below() -> None:
    price = Phrase("product.price", {"price": Money(Decimal(28), "MXN"), "unit": "kg"})
    ((title, description),) = rows(a_list(Option("p1:a", LONG, price)))
    assert title == "Arroz blanco de grano…"
    assert description == f"{LONG} · $28.00 por kg"


def test_the_price_stays_whole_when_the_full_name_is_too_long() -> None:
    price = Phrase("product.price", {"price": Money(Decimal(28), "MXN"), "unit": "kg"})
    ((_, description),) = rows(a_list(Option("p1:a", LONG * 3, price)))
    assert description.endswith("… · $28.00 por kg")
    assert len(description) <= 72


def test_equal_titles_are_told_apart() -> None:
    shown = rows(a_list(Option("a", LONG + " 1"), Option("b", LONG + " 2"), Option("c", LONG)))
    titles = [title for title, _ in shown]
    assert len(set(titles)) == 3
    assert all(len(title) <= 24 for title in titles)
    buttons = Buttons((Option("a", "Arroz"), Option("b", "Arroz")))
    message = render(Reply(HELLO, buttons), TEXTS, SHOP)
    assert isinstance(message, ButtonsMessage)
    assert [button.title for button in message.buttons] == ["Arroz", "Arroz 2"]


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\n\t", "\u0301"])
def test_a_name_that_shows_nothing_gets_one(name: str) -> None:
    assert rows(a_list(Option("a", name)))[0][0] == "Sin nombre"


def test_line_breaks_in_names_do_not_break_lines() -> None:
    values = {"name": "Ana\nPérez\t", "shop": "La  Tienda"}
    body = render(Reply(Phrase("menu.greeting", values)), TEXTS, SHOP).body
    assert body == "¡Hola, Ana Pérez! 👋 Aquí te atiende *La Tienda*."


def test_a_long_order_leaves_lines_out_but_never_the_total() -> None:
    chat = Chat(
        a_shop([a_product(f"Producto número {n:03} de la tienda", "10") for n in range(60)])
    )
    for n in range(60):
        chat.write(f"producto {n:03}").write("1")
    assert len(chat.memory.cart.lines) == 60
    assert len(chat.body) <= 1024
    assert "… y " in chat.body
    assert "Total: $600.00" in chat.body
    assert chat.body.endswith("¿Algo más?")
    left_out = int(chat.body.split("… y ")[1].split(" ")[0])
    assert chat.body.count("• ") + left_out == 60


def test_long_values_are_shortened_before_lines_are_left_out() -> None:
    chat = Chat(a_shop([a_product(f"{n} " + "larguísimo " * 40) for n in range(3)]))
    for product in chat.shop.catalog.products:
        chat.tap_id(f"q1:{product.id.hex}:1")
    assert chat.body.count("• ") == 3
    assert "… y " not in chat.body


def test_an_address_beyond_all_measure_still_fits() -> None:
    chat = with_cart().tap("Terminar pedido").tap("A domicilio").write("Calle 5 " + "x " * 3000)
    assert len(chat.body) <= 1024
    assert chat.body.endswith("¿Lo confirmas?")


@given(st.text(), st.text(), st.text())
@settings(max_examples=50, deadline=None)
def test_no_name_breaks_a_message(name: str, shop: str, unit: str) -> None:
    price = Phrase("product.price", {"price": Money(Decimal(28), "MXN"), "unit": unit})
    reply = replace(
        a_list(*(Option(f"p1:{n}", name, price) for n in range(10))),
        text=Phrase("menu.welcome", {"name": name, "shop": shop}),
    )
    message = render(reply, TEXTS, SHOP)
    assert isinstance(message, ListMessage)
    assert len({row.title for s in message.sections for row in s.rows}) == 10

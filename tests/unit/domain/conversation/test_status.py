"""What became of an order."""

from dataclasses import replace

import pytest

from tests.unit.domain.chat import ANA, Chat, after_order, an_id, with_cart
from tests.unit.domain.samples import AN_ORDER
from wabot.domain.conversation.states import Confirming, ReviewingCart
from wabot.domain.order import HistoryEntry


@pytest.mark.parametrize(
    "text",
    [
        "estado de mi pedido",
        "¿ya viene?",
        "¿Ya viene mi pedido?",
        "¿dónde está mi pedido?",
        "hola, ¿cómo va mi pedido?",
        "status",
        "¿cuánto falta?",
    ],
)
def test_the_last_order_is_told_with_its_history(text: str) -> None:
    chat = after_order().write(text)
    for part in ("P-101", "Pendiente", "Jitomate · 2 kg", "$56.00", "lun 2 mar, 12:00 p.m."):
        assert part in chat.body


def test_a_finished_order_is_told_too() -> None:
    done = replace(
        AN_ORDER,
        status="entregado",
        label="Entregado",
        is_open=False,
        history=(*AN_ORDER.history, HistoryEntry("entregado", "Entregado", AN_ORDER.created_at)),
    )
    chat = Chat(customer=replace(ANA, orders=(done,))).write("estado")
    assert "Estado: *Entregado*" in chat.body
    assert chat.body.index("Pendiente") < chat.body.rindex("Entregado")


def test_other_open_orders_are_options() -> None:
    older = replace(AN_ORDER, id=an_id("older"), code="P-099", label="En camino")
    closed = replace(AN_ORDER, id=an_id("closed"), code="P-098", is_open=False)
    chat = Chat(customer=replace(ANA, orders=(AN_ORDER, older, closed))).write("estado")
    assert chat.titles == ["Pedido P-099", "Hablar con un asesor", "Menú principal"]
    assert "P-099" in chat.tap("Pedido P-099").body


def test_without_orders_the_catalogue_is_offered() -> None:
    chat = Chat().write("estado")
    assert "Todavía no tienes pedidos" in chat.body
    assert "Ver catálogo" in chat.titles


def test_an_order_in_the_making_is_told_to_be_unconfirmed() -> None:
    chat = with_cart().write("mi pedido")
    assert "no has confirmado" in chat.body
    assert isinstance(chat.state, ReviewingCart)


def test_asking_for_the_status_keeps_the_place() -> None:
    chat = after_order().write("jitomate").tap("1 kg").tap("Terminar pedido")
    chat.tap("Recoger en tienda").write("estado")
    assert "P-101" in chat.body
    assert isinstance(chat.state, Confirming)


def test_an_order_that_is_not_the_customers_is_not_told() -> None:
    assert "ya no está disponible" in Chat().tap_id(f"s1:{an_id('other').hex}").body

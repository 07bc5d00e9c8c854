"""«Lo de siempre»: the last order again."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.domain.chat import ANA, ARROZ, JITOMATE, PAN, Chat, after_order, an_id
from tests.unit.domain.samples import AN_ORDER
from wabot.domain.conversation.states import ReviewingCart
from wabot.domain.order import CANCELLED_STATUS

BEFORE = replace(ANA, orders=(AN_ORDER,))


@pytest.mark.parametrize(
    "text", ["lo de siempre", "lo mismo de la otra vez", "quiero lo mismo por favor"]
)
def test_the_last_basket_is_rebuilt_at_todays_prices(text: str) -> None:
    chat = Chat(customer=BEFORE).change(ARROZ, price=Decimal(40)).write(text)
    assert "• Jitomate · 2 kg · $56.00" in chat.body
    assert "• Arroz · 2 bolsas · $80.00" in chat.body
    assert isinstance(chat.state, ReviewingCart)


def test_what_is_out_today_is_said() -> None:
    chat = Chat(customer=BEFORE).stock(ARROZ, 0).write("lo de siempre")
    assert "Hoy no tengo Arroz" in chat.body
    assert "Total: $56.00" in chat.body


def test_what_is_scarce_today_is_reduced() -> None:
    chat = Chat(customer=BEFORE).stock(JITOMATE, 2).write("lo de siempre")
    assert "De Jitomate solo tengo ½ kg" in chat.body


def test_when_all_is_out_the_catalogue_is_shown() -> None:
    chat = Chat(customer=BEFORE).stock(ARROZ, 0).stock(JITOMATE, 0).write("lo de siempre")
    assert "Pan de caja" in chat.titles
    assert not chat.memory.cart


def test_what_was_chosen_today_stays() -> None:
    chat = Chat(customer=BEFORE).write("pan").write("1").write("jitomate").write("1")
    chat.write("lo de siempre")
    assert "• Pan de caja · 1 pieza" in chat.body
    assert "• Jitomate · 1 kg · $28.00" in chat.body
    assert "• Arroz · 2 bolsas" in chat.body


def test_a_product_entered_anew_under_the_same_name_is_the_same() -> None:
    chat = Chat(customer=BEFORE).withdraw(JITOMATE).withdraw(ARROZ)
    chat.change(PAN, id=an_id("new jitomate"), name="JITOMATE").write("lo de siempre")
    assert "• JITOMATE" in chat.body


def test_a_cancelled_order_is_not_the_usual() -> None:
    cancelled = replace(AN_ORDER, id=an_id("c"), status=CANCELLED_STATUS, lines=AN_ORDER.lines[:1])
    chat = Chat(customer=replace(ANA, orders=(cancelled, AN_ORDER))).write("lo de siempre")
    assert "• Arroz" in chat.body


def test_without_a_past_order_there_is_no_usual() -> None:
    chat = Chat().write("lo de siempre")
    assert "Todavía no tengo un pedido tuyo" in chat.body
    assert "Arroz" in chat.titles


def test_the_usual_is_offered_after_the_first_order() -> None:
    assert "Lo de siempre" in after_order().write("menú").titles

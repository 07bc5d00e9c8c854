"""The order exists only after an explicit yes to the summary that was shown."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.domain.chat import (
    ANA,
    ARROZ,
    JITOMATE,
    LECHE,
    Chat,
    a_product,
    a_shop,
    after_order,
    at_summary,
    with_cart,
)
from wabot.domain.conversation.effects import Notify, Role
from wabot.domain.conversation.events import MediaKind, MediaReceived
from wabot.domain.conversation.memory import Memory
from wabot.domain.conversation.states import (
    AtMenu,
    ChoosingDelivery,
    Confirming,
    RemovingLine,
    ReviewingCart,
)


def test_the_summary_says_everything_before_it_asks() -> None:
    chat = at_summary()
    for part in (
        "• Jitomate · 2 kg · $56.00",
        "recoges en la tienda",
        "efectivo",
        "¿Lo confirmas?",
    ):
        assert part in chat.body
    assert chat.titles == ["Confirmar", "Cambiar", "Cancelar"]
    assert chat.drafts == []


def test_a_tap_on_confirm_places_the_order_and_says_so_once() -> None:
    chat = at_summary().tap("Confirmar")
    assert [draft.total for draft in chat.drafts] == [Decimal("56.00")]
    for part in ("P-101", "• Jitomate · 2 kg · $56.00", "Total: $56.00", "Estado: Pendiente"):
        assert part in chat.body


@pytest.mark.parametrize(
    "text",
    [
        "sí",
        "Si",
        "SÍ!!",
        "siiii",
        "sí, por favor",
        "sí, confirmo",
        "confirmo",
        "Confirmar",
        "ok",
        "dale",
        "va",
        "claro que sí",
        "listo",
        "perfecto, gracias",
        "de acuerdo",
        "👍",
        "👍🏽",
        "✅",
    ],
)
def test_a_whole_yes_places_the_order(text: str) -> None:
    assert len(at_summary().write(text).drafts) == 1


@pytest.mark.parametrize(
    "text",
    [
        "necesito cambiar la dirección",
        "casi",
        "va, pero sin pan",
        "sí pero que sean 3",
        "sí, y agrega arroz",
        "no",
        "no, gracias",
        "todavía no",
        "¿sí?",
        "si me lo traes hoy",
        "a ver si",
        "confirmo mañana",
        "no confirmo",
        "ok, cancela",
        "gracias",
        "1",
        "mi pedido",
        "👎",
        "👍👎",
        "jaja",
    ],
)
def test_what_is_no_whole_yes_places_nothing(text: str) -> None:
    assert at_summary().write(text).drafts == []


@pytest.mark.parametrize("text", ["no", "casi", "va, pero sin pan", "cambiar", "Cambiar"])
def test_reservations_ask_what_to_change(text: str) -> None:
    chat = at_summary().write(text)
    assert chat.titles == ["Cambiar productos", "Cambiar entrega", "Agregar más"]
    assert isinstance(chat.tap("Cambiar productos").state, RemovingLine)


@pytest.mark.parametrize("text", ["necesito cambiar la dirección", "la dirección está mal"])
def test_the_address_can_be_changed_in_words(text: str) -> None:
    assert isinstance(at_summary().write(text).state, ChoosingDelivery)


def test_a_yes_after_something_else_was_said_asks_first() -> None:
    chat = at_summary(after_order()).write("¿ya viene?").write("sí")
    assert len(chat.drafts) == 1
    assert "revisa que todo esté bien" in chat.body
    assert len(chat.write("sí").drafts) == 2


def test_a_late_yes_asks_first() -> None:
    for chat in (at_summary().write("sí", late=True), at_summary().tap("Confirmar", late=True)):
        assert chat.drafts == []
        assert "revisa que todo esté bien" in chat.body
        assert len(chat.tap("Confirmar").drafts) == 1


def test_a_yes_sent_before_the_summary_was_shown_asks_first() -> None:
    chat = at_summary()
    chat.delay = timedelta(seconds=10)
    chat.write("sí")
    assert chat.drafts == []
    assert "revisa que todo esté bien" in chat.body
    chat.delay = timedelta(seconds=1)
    assert len(chat.write("sí").drafts) == 1


def test_confirm_of_a_summary_with_another_address_asks_first() -> None:
    chat = with_cart().tap("Terminar pedido").write("Calle 8 #15, Centro")
    to_street_8 = chat.option_id("Confirmar")
    chat.tap("Cambiar").tap("Cambiar entrega").tap("Otra dirección").write("Calle 9 #15, Centro")
    chat.tap_id(to_street_8)
    assert chat.drafts == []
    assert "Entrega en: Calle 9 #15, Centro" in chat.body


def test_a_yes_to_a_price_that_changed_asks_again() -> None:
    chat = at_summary().change(JITOMATE, price=Decimal(30)).write("sí")
    assert chat.drafts == []
    assert "Tu pedido cambió" in chat.body
    assert "Total: $60.00" in chat.body
    assert chat.tap("Confirmar").drafts[0].total == Decimal("60.00")


def test_confirm_of_an_older_summary_does_not_order_the_newer_cart() -> None:
    chat = at_summary()
    old = chat.option_id("Confirmar")
    chat.write("arroz").write("2").tap("Terminar pedido").tap_id(old)
    assert chat.drafts == []
    assert "Tu pedido cambió" in chat.body


def test_confirm_of_the_same_summary_still_works_after_a_detour() -> None:
    chat = at_summary()
    confirm = chat.option_id("Confirmar")
    assert len(chat.write("menú").tap_id(confirm).drafts) == 1


def test_confirm_tapped_twice_orders_once() -> None:
    chat = at_summary()
    confirm = chat.option_id("Confirmar")
    chat.tap_id(confirm).tap_id(confirm)
    assert len(chat.drafts) == 1
    assert "ya quedó registrado" in chat.body
    assert "P-101" in chat.body


def test_after_the_order_the_conversation_begins_afresh() -> None:
    chat = after_order()
    assert chat.memory.state == AtMenu()
    assert not chat.memory.cart
    assert chat.memory.delivery is None
    assert chat.write("sí").drafts == chat.drafts[:1]


def test_the_owner_gets_the_whole_order() -> None:
    chat = Chat(customer=replace(ANA, phone_number="+525512345678"))
    chat = with_cart(chat).send(MediaReceived(MediaKind.IMAGE, "m1", "de estos"))
    chat = chat.tap("Terminar pedido").write("Calle 8 #15, Centro").tap("Confirmar")
    told = chat.notice(Role.OWNER)
    for part in ("P-101", "Ana", "+52 55 1234 5678", "Jitomate · 2 kg", "Calle 8 #15", "$56.00"):
        assert part in told
    assert "foto («de estos»)" in told
    assert chat.drafts[0].attachments[0].media_id == "m1"


@pytest.mark.parametrize("settings", [{"owner_notices": False}, {"owner_phone": ""}])
def test_an_owner_who_wants_no_notice_gets_none(settings: dict[str, object]) -> None:
    assert after_order(Chat(a_shop(**settings))).of(Notify) == []


def test_when_too_little_is_left_the_rest_is_offered_and_needs_another_yes() -> None:
    chat = with_cart().write("leche").write("3").tap("Terminar pedido").tap("Recoger en tienda")
    chat.others_buy(LECHE, 1).tap("Confirmar")
    assert chat.drafts == []
    assert "De Leche entera 1 L solo tengo 1 pieza" in chat.body
    assert "Total: $83.00" in chat.body
    assert chat.tap("Confirmar").drafts[0].total == Decimal("83.00")


def test_when_nothing_is_left_the_catalogue_is_offered() -> None:
    chat = at_summary().others_buy(JITOMATE, 0).tap("Confirmar")
    assert chat.drafts == []
    assert "agotar" in chat.body
    assert not chat.memory.cart


def test_stock_that_shrank_before_the_yes_is_shown_first() -> None:
    chat = at_summary().stock(JITOMATE, 4).write("sí")
    assert chat.drafts == []
    assert "solo tengo 1 kg" in chat.body
    assert isinstance(chat.state, Confirming)


def test_stock_that_is_gone_before_the_yes_empties_the_cart() -> None:
    chat = at_summary().stock(JITOMATE, 0).write("sí")
    assert chat.drafts == []
    assert isinstance(chat.state, ReviewingCart)


def test_a_yes_without_anything_to_confirm_orders_nothing() -> None:
    assert Chat().write("sí").drafts == []
    assert Chat(memory=Memory()).tap_id("o1:yes:00000000").drafts == []


def test_totals_of_several_products_are_exact() -> None:
    chat = with_cart().write("arroz").write("3").tap("Terminar pedido").tap("Recoger en tienda")
    draft = chat.tap("Confirmar").drafts[0]
    assert [(line.product_id, line.total) for line in draft.lines] == [
        (JITOMATE.id, Decimal("56.00")),
        (ARROZ.id, Decimal("97.50")),
    ]
    assert draft.total == Decimal("153.50")


ORO = a_product("Oro", "9999999999.99", stock=2_000_000_000)


def test_a_line_that_costs_more_than_an_order_may_is_refused() -> None:
    chat = Chat(a_shop([ORO])).write("oro").write("2000000000")
    assert "Un pedido tan grande" in chat.body
    assert not chat.memory.cart


@pytest.mark.parametrize("pick_up", [True, False])
def test_an_order_that_costs_too_much_by_now_is_not_placed(pick_up: bool) -> None:
    chat = at_summary() if pick_up else with_cart()
    chat.change(JITOMATE, price=Decimal("9999999999.99")).write("sí" if pick_up else "terminar")
    assert "Un pedido tan grande" in chat.body
    assert isinstance(chat.state, ReviewingCart)
    assert chat.drafts == []


def test_a_yes_said_several_times_is_one_yes() -> None:
    chat = at_summary().write("sí\nsí\nsí")
    assert len(chat.drafts) == 1
    assert at_summary().write("sí\npero sin pan").drafts == []


@pytest.mark.parametrize("text", ["no, mejor paso por él", "no mejor yo lo recojo"])
def test_fetching_it_after_all_is_not_asked_about_again(text: str) -> None:
    chat = with_cart().tap("Terminar pedido").tap("A domicilio").write("Calle 8 num 20, Centro")
    assert "Lo recoges en la tienda" in chat.write(text).body

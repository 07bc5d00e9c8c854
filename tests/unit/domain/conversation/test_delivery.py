"""Where the order goes, and the phone of those who have none."""

from dataclasses import replace

import pytest

from tests.unit.domain.chat import ANA, CASA, Chat, a_shop, an_id, at_summary, with_cart
from wabot.domain.conversation.effects import Role, SaveAddress, SavePhone
from wabot.domain.conversation.events import ContactsShared, LocationShared
from wabot.domain.conversation.states import (
    AskingPhone,
    ChoosingDelivery,
    Confirming,
    OfferingLocation,
    ReviewingCart,
    TypingAddress,
)
from wabot.domain.customer import Address
from wabot.domain.message import ContactRequest, LocationRequest
from wabot.domain.order import DeliveryKind

WORK = Address(an_id("work"), "Av. Juárez 100, piso 3, Centro Histórico, junto al banco")
TYPED = "Calle 8 #15, Centro, portón verde"
KNOWN = replace(ANA, addresses=(WORK, CASA))
BY_USER_ID = replace(ANA, wa_id="", phone_number="")


def at_delivery(chat: Chat | None = None) -> Chat:
    return with_cart(chat).tap("Terminar pedido")


def test_saved_addresses_come_first_the_primary_one_before_all() -> None:
    chat = at_delivery(Chat(customer=KNOWN))
    assert chat.titles == [
        "Calle 5 #12, Centro",
        "Av. Juárez 100, piso 3…",
        "Otra dirección",
        "Recoger en tienda",
    ]
    assert chat.rows["Av. Juárez 100, piso 3…"] == WORK.text


def test_a_saved_address_goes_into_the_summary_and_the_order() -> None:
    chat = at_delivery(Chat(customer=KNOWN)).tap("Calle 5 #12, Centro")
    assert "Entrega en: Calle 5 #12, Centro" in chat.body
    chat.tap("Confirmar")
    assert chat.drafts[0].delivery.address_id == CASA.id


def test_many_addresses_are_paged() -> None:
    many = tuple(Address(an_id(f"a{n}"), f"Calle {n} número {n}, Centro") for n in range(15))
    chat = at_delivery(Chat(customer=replace(ANA, addresses=many)))
    assert chat.titles[-3:] == ["Ver más", "Otra dirección", "Recoger en tienda"]
    assert len(chat.titles) == 10
    assert len(chat.tap("Ver más").titles) == 10


def test_a_typed_address_is_saved_and_linked_to_the_order() -> None:
    chat = at_delivery().tap("A domicilio")
    assert isinstance(chat.message, LocationRequest)
    chat.write(TYPED)
    assert chat.of(SaveAddress) == [SaveAddress(TYPED)]
    assert f"Entrega en: {TYPED}" in chat.body
    chat.tap("Confirmar")
    assert chat.drafts[0].delivery.address == TYPED
    assert chat.drafts[0].delivery.address_id == an_id(TYPED)


def test_an_address_typed_on_several_lines_is_joined() -> None:
    chat = at_delivery().tap("A domicilio").write("Calle 8 #15\nCentro\n\n portón verde ")
    assert chat.of(SaveAddress) == [SaveAddress("Calle 8 #15, Centro, portón verde")]


def test_an_address_may_be_typed_without_choosing_first() -> None:
    assert isinstance(at_delivery().write(TYPED).state, Confirming)


def test_a_saved_address_typed_again_is_not_saved_twice() -> None:
    chat = at_delivery(Chat(customer=KNOWN)).tap("Otra dirección").write("calle 5 #12 centro")
    assert chat.of(SaveAddress) == []
    assert isinstance(chat.state, Confirming)
    assert chat.state.delivery.address_id == CASA.id


@pytest.mark.parametrize("text", ["casa", "aquí", "sí", "mi casa", "5"])
def test_what_is_too_short_for_an_address_is_asked_again(text: str) -> None:
    chat = at_delivery().tap("A domicilio").write(text)
    assert isinstance(chat.state, TypingAddress)
    assert chat.of(SaveAddress) == []


@pytest.mark.parametrize(
    "question",
    [
        "¿cuánto cuesta el envío a la colonia Centro?",
        "hasta dónde entregan",
        "¿hasta dónde entregan?",
        "¿como cuánto tardan?",
        "aceptan tarjeta?",
        "quiero pagar con tarjeta",
    ],
)
@pytest.mark.parametrize("home", [True, False])
def test_a_question_about_the_delivery_is_answered_and_the_step_stays(
    question: str, home: bool
) -> None:
    chat = at_delivery()
    if home:
        chat.tap("A domicilio")
    before = chat.state
    chat.write(question)
    assert "Eso te lo dice mejor la tienda" in chat.body
    assert chat.state == before
    assert chat.of(SaveAddress) == []


def test_a_question_to_a_shop_with_nobody_to_call_is_not_passed_on() -> None:
    chat = at_delivery(Chat(a_shop(owner_phone="", adviser_phone=""))).write("¿cobran envío?")
    assert "Eso no te lo sé decir" in chat.body


@pytest.mark.parametrize(
    "text",
    [
        "lo recojo en la tienda",
        "mejor paso por mi pedido al rato",
        "yo voy a la tienda",
        "quiero recogerlo",
    ],
)
def test_who_comes_for_the_order_is_understood_in_other_words(text: str) -> None:
    assert "Lo recoges en la tienda" in at_delivery().write(text).body
    assert "Lo recoges en la tienda" in at_delivery().tap("A domicilio").write(text).body
    without = at_delivery(Chat(a_shop(pickup=False))).write(text)
    assert "solo entregamos a domicilio" in without.body
    assert isinstance(without.state, TypingAddress)
    assert without.of(SaveAddress) == []


@pytest.mark.parametrize(
    "text",
    ["ya te dije", "te pago con uno de 500", "20 minutos llevo esperando", "jajaja 100 por ciento"],
)
def test_what_is_said_about_something_else_is_no_address(text: str) -> None:
    chat = at_delivery().tap("A domicilio").write(text)
    assert isinstance(chat.state, TypingAddress)
    assert chat.of(SaveAddress) == []


def test_a_product_asked_for_at_the_address_goes_into_the_cart() -> None:
    chat = at_delivery().tap("A domicilio").write("agrégame 2 bolsas de arroz")
    assert "2 bolsas de Arroz" in chat.body
    assert chat.of(SaveAddress) == []


def test_an_address_that_may_be_a_product_is_asked_about() -> None:
    chat = at_delivery().tap("A domicilio").write("Arroz 15")
    assert "¿Entregamos tu pedido en esta dirección?" in chat.body
    chat.tap("Usar esta dirección")
    assert chat.of(SaveAddress) == [SaveAddress("Arroz 15")]
    assert isinstance(chat.state, Confirming)


def test_an_address_in_doubt_is_asked_about_and_may_be_refused() -> None:
    chat = at_delivery().tap("A domicilio").write("atrás de la iglesia de San Juan")
    assert isinstance(chat.state, OfferingLocation)
    assert isinstance(chat.write("no").state, ChoosingDelivery)
    assert chat.memory.delivery is None


def test_whoever_insists_on_a_place_is_asked_whether_it_is_the_address() -> None:
    chat = at_delivery().tap("A domicilio").write("San Miguel Tlaixpan")
    assert "dirección más completa" in chat.body
    assert "¿Entregamos tu pedido" in chat.write("San Miguel Tlaixpan").body
    assert isinstance(chat.write("sí").state, Confirming)


@pytest.mark.parametrize("text", ["la misma de siempre", "a la misma dirección por favor"])
def test_the_same_address_is_the_saved_one(text: str) -> None:
    chat = at_delivery(Chat(customer=KNOWN)).write(text)
    assert "Entrega en: Calle 5 #12, Centro" in chat.body
    assert isinstance(at_delivery().write(text).state, TypingAddress)


@pytest.mark.parametrize(
    "text", ["Calle 8 #15, Centro", "cambia la dirección a Calle 8 #15, Centro", "Juárez 15"]
)
def test_an_address_at_the_summary_is_offered_in_place_of_the_one_shown(text: str) -> None:
    chat = at_summary().write(text)
    assert "¿Entregamos tu pedido en esta dirección?" in chat.body
    assert text.removeprefix("cambia la dirección a ") in chat.body
    assert chat.drafts == []
    chat.write("sí")
    assert f"Entrega en: {text.removeprefix('cambia la dirección a ')}" in chat.body
    assert isinstance(chat.state, Confirming)
    chat.tap("Confirmar")
    assert chat.drafts[0].delivery.kind is DeliveryKind.DELIVERY


def test_an_address_refused_at_the_summary_leaves_it_as_it_was() -> None:
    chat = at_summary().write("Calle 8 #15, Centro").tap("No, gracias")
    assert "Lo recoges en la tienda" in chat.body
    assert isinstance(chat.state, Confirming)


def test_an_address_that_comes_early_is_offered_or_kept_for_later() -> None:
    assert isinstance(with_cart().write("Calle 8 #15, Centro").state, OfferingLocation)
    assert "Cuando armes tu pedido" in Chat().write("Calle 8 #15, Centro").body


def test_another_address_in_place_of_the_one_offered_is_taken() -> None:
    chat = with_cart().write("Calle 8 #15, Centro").write("Calle 9 #15, Centro")
    assert "Entrega en: Calle 9 #15, Centro" in chat.body


def test_a_location_is_an_address_where_one_is_asked() -> None:
    chat = at_delivery().tap("A domicilio").send(LocationShared(19.43, -99.13, "", "Calle 8 #15"))
    assert chat.of(SaveAddress) == [SaveAddress("Calle 8 #15", 19.43, -99.13)]
    assert "Entrega en: Calle 8 #15" in chat.body


def test_a_location_without_a_name_is_shown_as_such() -> None:
    chat = at_delivery().send(LocationShared(19.43, -99.13))
    assert "Entrega en tu ubicación" in chat.body
    chat.tap("Confirmar").write("jitomate").tap("1 kg").tap("Terminar pedido")
    assert chat.titles[0] == "📍 Mi ubicación"


def test_a_location_in_the_middle_of_an_order_is_offered_as_the_address() -> None:
    chat = with_cart().send(LocationShared(19.43, -99.13))
    assert isinstance(chat.state, OfferingLocation)
    assert isinstance(chat.tap("Usar esta ubicación").state, Confirming)


@pytest.mark.parametrize("answer", ["No, gracias", "no"])
def test_an_offered_location_may_be_refused(answer: str) -> None:
    chat = with_cart().send(LocationShared(19.43, -99.13)).write(answer)
    assert isinstance(chat.state, ReviewingCart)
    assert chat.memory.delivery is None


def test_a_location_without_an_order_is_thanked_for() -> None:
    assert "Cuando armes tu pedido" in Chat().send(LocationShared(19.43, -99.13)).body


def test_a_location_that_is_nowhere_is_not_taken() -> None:
    chat = at_delivery().send(LocationShared(float("nan"), 500))
    assert isinstance(chat.state, ChoosingDelivery)


@pytest.mark.parametrize("answer", ["Recoger en tienda", "paso por él", "yo lo recojo"])
def test_an_order_can_be_fetched_at_the_shop(answer: str) -> None:
    chat = at_delivery(Chat(a_shop(pickup_address="Juárez 5"))).write(answer)
    assert "Lo recoges en la tienda: Juárez 5" in chat.body
    assert chat.tap("Confirmar").drafts[0].delivery.kind is DeliveryKind.PICKUP


def test_an_order_is_paid_where_it_is_handed_over() -> None:
    fetched = at_delivery().tap("Recoger en tienda")
    assert "Pagas en efectivo al recogerlo." in fetched.body
    fetched.tap("Confirmar")
    assert "Pagas en efectivo al recogerlo." in fetched.body
    assert "Pago en efectivo al recoger" in fetched.notice(Role.OWNER)
    delivered = at_delivery().write(TYPED)
    assert "Pagas en efectivo al recibirlo." in delivered.body
    delivered.tap("Confirmar")
    assert "Pagas en efectivo al recibirlo." in delivered.body
    assert "Pago en efectivo al recibir" in delivered.notice(Role.OWNER)


def test_a_shop_without_pick_up_asks_for_the_address_at_once() -> None:
    chat = at_delivery(Chat(a_shop(pickup=False)))
    assert isinstance(chat.state, TypingAddress)
    assert "solo entregamos a domicilio" in chat.tap_id("d1:pickup").body


def test_the_way_of_delivery_is_remembered_while_products_change() -> None:
    chat = at_summary().tap("Cambiar").tap("Agregar más").write("arroz").write("1")
    assert isinstance(chat.tap("Terminar pedido").state, Confirming)
    assert "Total: $88.50" in chat.body


def test_a_customer_without_phone_is_asked_once_when_it_is_delivered() -> None:
    chat = at_delivery(Chat(customer=BY_USER_ID)).write(TYPED)
    assert isinstance(chat.state, AskingPhone)
    assert isinstance(chat.message, ContactRequest)
    chat.write("55 1234 5678")
    assert chat.of(SavePhone) == [SavePhone("+525512345678")]
    assert isinstance(chat.state, Confirming)


def test_a_phone_shared_by_the_button_is_taken() -> None:
    chat = at_delivery(Chat(customer=BY_USER_ID)).write(TYPED)
    chat.send(ContactsShared(("+52 55 1234 5678",), requested=True))
    assert chat.of(SavePhone) == [SavePhone("+525512345678")]


@pytest.mark.parametrize("answer", ["sin teléfono", "no", "prefiero no darlo"])
def test_who_gives_no_phone_can_order_all_the_same(answer: str) -> None:
    chat = at_delivery(Chat(customer=BY_USER_ID)).write(TYPED).write(answer)
    assert isinstance(chat.state, Confirming)
    chat.tap("Confirmar")
    assert len(chat.drafts) == 1
    # The next order does not ask again.
    assert isinstance(at_delivery(chat).tap("Calle 8 #15, Centro…").state, Confirming)


def test_a_question_about_the_phone_is_no_wrong_phone() -> None:
    chat = at_delivery(Chat(customer=BY_USER_ID)).write(TYPED).write("¿y para qué lo quieren?")
    assert isinstance(chat.state, AskingPhone)
    assert "Eso te lo dice mejor la tienda" in chat.body


def test_a_wrong_phone_is_asked_for_once_more_and_then_let_be() -> None:
    chat = at_delivery(Chat(customer=BY_USER_ID)).write(TYPED).write("123")
    assert isinstance(chat.state, AskingPhone)
    assert isinstance(chat.write("123").state, Confirming)


def test_who_fetches_the_order_is_not_asked_for_a_phone() -> None:
    chat = at_delivery(Chat(customer=BY_USER_ID)).tap("Recoger en tienda")
    assert isinstance(chat.state, Confirming)


def begun() -> Chat:
    return with_cart().tap("Terminar pedido").tap("A domicilio").write("Calle 8 num 20")


@pytest.mark.parametrize(
    "rest", ["Col. Centro, casa verde", "entre Hidalgo y Morelos", "portón negro", "CP 06000"]
)
def test_the_rest_of_an_address_is_added_to_its_street(rest: str) -> None:
    chat = begun().write(rest)
    assert f"📍 Calle 8 num 20, {rest}" in chat.body
    assert "Entrega en: Calle 8 num 20, " + rest in chat.write("sí").body


def test_an_address_in_three_pieces_is_one() -> None:
    chat = begun().write("Col. Centro").write("casa verde").write("sí")
    assert "Calle 8 num 20, Col. Centro, casa verde" in chat.body


def test_another_street_takes_the_place_of_the_first() -> None:
    chat = begun().write("Calle 9 num 21, Col. Centro")
    assert "📍 Calle 9 num 21, Col. Centro" in chat.body


@pytest.mark.parametrize(
    "text",
    [
        "la dirección está mal, es calle 9 num 21",
        "me equivoqué de dirección, es calle 9 num 21",
        "esa no es mi dirección, es en calle 9 num 21",
        "la dirección correcta es: calle 9 num 21",
    ],
)
def test_what_leads_to_an_address_is_no_part_of_it(text: str) -> None:
    assert "📍 calle 9 num 21" in begun().write(text).body

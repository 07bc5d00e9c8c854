"""What the plan leaves out is answered kindly, and the customer is led another way."""

from dataclasses import replace

import pytest

from tests.unit.domain.chat import ANA, JITOMATE, SETTINGS, Chat, a_shop, at_summary
from wabot.domain.conversation.states import AskingQuantity
from wabot.domain.language.recurrence import without_recurrence
from wabot.domain.plan import PLANS, Feature

OWNER = replace(ANA, wa_id=SETTINGS.owner_phone.replace("+52", "521"))

ADVISER = replace(ANA, wa_id=SETTINGS.adviser_phone.replace("+52", "521"))


def of_plan(plan: str, customer: object = ANA) -> Chat:
    shop = replace(a_shop(), features=PLANS[plan].features)
    return Chat(shop, customer)  # type: ignore[arg-type] - a customer


@pytest.mark.parametrize(
    "text", ["2 kg de jitomate", "jitomate 2 kg", "quiero dos kilos de jitomate"]
)
def test_an_order_in_words_becomes_one_step_by_step(text: str) -> None:
    chat = of_plan("basico").write(text)
    assert "paso a paso" in chat.body
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert not chat.memory.cart.lines
    chat.write("2 kg")
    assert [line.steps for line in chat.memory.cart.lines] == [8]


def test_a_list_of_products_begins_with_the_first_one() -> None:
    chat = of_plan("basico").write("2 kg de jitomate\n1 arroz")
    assert "de uno en uno" in chat.body
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert not chat.memory.cart.lines
    assert len(of_plan("completo").write("2 kg de jitomate\n1 arroz").memory.cart.lines) == 2


def test_with_the_feature_it_is_in_the_cart_at_once() -> None:
    chat = of_plan("completo").write("2 kg de jitomate")
    assert "paso a paso" not in chat.body
    assert [line.steps for line in chat.memory.cart.lines] == [8]


def test_looking_for_a_product_needs_no_feature() -> None:
    assert "paso a paso" not in of_plan("basico").write("¿tienes jitomate?").body


@pytest.mark.parametrize("plan", PLANS)
def test_an_order_that_repeats_itself_is_taken_for_once(plan: str) -> None:
    chat = of_plan(plan).write("jitomate cada martes")
    assert "pedidos que se repitan" in chat.body
    assert chat.state == AskingQuantity(JITOMATE.id)


def test_asking_for_repeated_orders_alone_shows_what_can_be_done() -> None:
    chat = of_plan("completo").write("¿puedo programar un pedido?")
    assert "pedidos que se repitan" in chat.body
    assert chat.titles


def test_a_yes_with_a_repetition_is_no_yes() -> None:
    chat = at_summary()
    chat.shop = replace(chat.shop, features=frozenset())
    assert chat.write("sí, cada martes").drafts == []


@pytest.mark.parametrize(
    "text", ["corte", "#corte", "pedidos", "pedido 12", "agotado aguacate", "precio jitomate 28"]
)
def test_commands_of_the_shop_get_the_same_kind_answer_in_every_plan(text: str) -> None:
    for plan in PLANS:
        for person in (OWNER, ADVISER):
            chat = of_plan(plan, person).write(text)
            assert "Todavía no puedo recibir" in chat.body
            assert not chat.memory.cart.lines


def test_the_monthly_report_as_well() -> None:
    for plan in PLANS:
        assert "Todavía no tengo listo" in of_plan(plan, OWNER).write("reporte").body


def test_a_customer_never_hears_of_the_owners_commands() -> None:
    assert "instrucciones de la tienda" not in of_plan("basico").write("corte").body


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("dos garrafones cada martes", "dos garrafones"),
        ("leche todos los lunes y jueves", "leche"),
        ("cada 15 días un garrafón", "un garrafon"),
        ("quiero una suscripción", "quiero una"),
        ("pan una vez a la semana", "pan"),
        ("2 de cada uno", None),
        ("el de cada día", "el de"),
        ("para el martes", None),
        ("todos los productos", None),
    ],
)
def test_repetitions_are_found_and_set_apart(text: str, rest: str | None) -> None:
    assert without_recurrence(text) == rest


def test_features_are_those_that_plans_name() -> None:
    assert a_shop().features == frozenset(Feature)

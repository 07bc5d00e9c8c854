"""The customers of the load: towards an order, and measured honestly."""

from random import Random

import pytest

from wabot.simulation.load.figures import Figures, percentile
from wabot.simulation.load.shopping import ends_in_order, next_move


def buttons(*titles: str, body: str = "?") -> dict:
    replies = [{"type": "reply", "reply": {"id": f"id-{t}", "title": t}} for t in titles]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": body}, "action": {"buttons": replies}},
    }


def test_without_an_answer_the_customer_greets() -> None:
    assert next_move(None, Random(1))[0] == "text"


def test_the_nearest_option_to_an_order_is_taken() -> None:
    kind, content = next_move(buttons("Cancelar", "Cambiar", "Confirmar"), Random(1))
    assert kind == "interactive"
    assert content["interactive"]["button_reply"]["id"] == "id-Confirmar"


def test_nobody_asks_for_a_person_under_load() -> None:
    assert next_move(buttons("Hablar con un asesor"), Random(1))[0] == "text"


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (buttons("Seguir", body="Tu pedido P-101 quedó listo"), True),
        (buttons("Confirmar", body="Es como el P-100"), False),
        ({"type": "text", "text": {"body": "P-7"}}, True),
        ({"type": "text", "text": {"body": "hola"}}, False),
    ],
)
def test_an_order_is_known_by_its_code(answer: dict, ends: bool) -> None:
    assert ends_in_order(answer) is ends


@pytest.mark.parametrize(("share", "value"), [(50, 50), (95, 95), (99, 99), (100, 100)])
def test_percentiles_are_of_the_nearest_rank(share: int, value: int) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == value


def test_a_run_without_answers_has_no_times() -> None:
    report = Figures(seconds=2.0, accepted=4).report()
    assert (report["accepted_per_s"], report["reply_ms_p99"]) == (2.0, None)

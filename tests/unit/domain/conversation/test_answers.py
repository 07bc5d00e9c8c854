"""What the shop's settings answer, and a yes or no to the bot's own questions."""

from datetime import timedelta

import pytest

from tests.unit.domain.chat import JITOMATE, Chat, a_shop, at_summary
from wabot.domain.conversation.states import AskingQuantity, AtMenu, BrowsingCategories
from wabot.domain.hours import parse_hours

# The chat's noon in UTC is a Monday's midday in the shop.
HOURS = parse_hours("mon-fri 09:00-14:00 16:00-20:00; sat 09:00-14:00")
MANY_SPANS = parse_hours("tue 08:00-11:00 13:00-16:00 18:00-21:00")


@pytest.mark.parametrize(
    "text",
    ["¿a qué hora abren?", "a que hora cierran", "que horario tienen", "¿están abiertos?"],
)
def test_opening_hours_are_told_with_how_it_stands_now(text: str) -> None:
    chat = Chat(a_shop(opening_hours=HOURS)).write(text)
    assert "lunes a viernes: 9:00 a.m. a 2:00 p.m. y 4:00 p.m. a 8:00 p.m.\n" in chat.body
    assert "sábado: 9:00 a.m. a 2:00 p.m.\n" in chat.body
    assert "domingo: cerrado" in chat.body
    assert "abiertos; hoy cerramos a las 2:00 p.m.\n" in chat.body


def test_a_day_of_many_spans_is_told_whole() -> None:
    chat = Chat(a_shop(opening_hours=MANY_SPANS)).write("¿a qué hora abren?")
    told = "8:00 a.m. a 11:00 a.m. y 1:00 p.m. a 4:00 p.m. y 6:00 p.m. a 9:00 p.m."
    assert f"martes: {told}\n" in chat.body


def test_a_day_without_closing_is_no_span_from_midnight_to_midnight() -> None:
    chat = Chat(a_shop(opening_hours=parse_hours("mon-sun 00:00-24:00"))).write("¿abren hoy?")
    assert "lunes a domingo: las 24 horas\n" in chat.body


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ("mon 08:00-13:00", "hoy cerramos a la 1:00 p.m.\n"),
        ("mon 13:30-20:00", "hoy abrimos a la 1:30 p.m.\n"),
        ("tue 01:00-02:00", "abrimos mañana a la 1:00 a.m.\n"),
        ("mon 08:00-23:00", "hoy cerramos a las 11:00 p.m.\n"),
        ("mon 08:00-24:00", "hoy cerramos a las 12:00 a.m.\n"),
    ],
)
def test_one_oclock_takes_the_singular(hours: str, told: str) -> None:
    chat = Chat(a_shop(opening_hours=parse_hours(hours))).write("¿a qué hora abren?")
    assert told in chat.body


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ("mon 08:00-24:00; tue 00:00-02:00", "abiertos; cerramos a las 2:00 a.m.\n"),
        ("mon 08:00-24:00; tue 00:00-18:00", "abiertos; cerramos el martes a las 6:00 p.m.\n"),
        ("mon-tue 00:00-24:00; wed 00:00-01:00", "cerramos el miércoles a la 1:00 a.m.\n"),
        ("mon-sun 00:00-24:00", "En este momento estamos abiertos."),
    ],
)
def test_a_shop_that_stays_open_past_midnight_does_not_close_then(hours: str, told: str) -> None:
    chat = Chat(a_shop(opening_hours=parse_hours(hours))).write("¿a qué hora cierran?")
    assert told in chat.body
    assert "12:00 a.m." not in chat.body.rpartition("En este momento")[2]


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (timedelta(hours=3), "hoy abrimos a las 4:00 p.m.\n"),
        (timedelta(hours=9), "abrimos mañana a las 9:00 a.m.\n"),
        (timedelta(days=5, hours=3), "abrimos el lunes a las 9:00 a.m.\n"),
    ],
)
def test_closed_says_when_it_opens(later: timedelta, told: str) -> None:
    assert told in Chat(a_shop(opening_hours=HOURS)).wait(later).write("¿ya abrieron?").body


def test_without_hours_the_shop_is_to_be_asked() -> None:
    assert "Eso te lo dice mejor la tienda" in Chat().write("¿a qué hora abren?").body


def test_a_question_on_the_way_asks_again_what_was_asked() -> None:
    chat = at_summary(Chat(a_shop(opening_hours=HOURS))).write("¿a qué hora cierran?")
    assert "Este es nuestro horario" in chat.body
    assert "¿Lo confirmas?" in chat.body


@pytest.mark.parametrize(
    "text", ["hacen envíos?", "¿tienen servicio a domicilio?", "recogen en casa?"]
)
def test_whether_orders_are_brought_is_known(text: str) -> None:
    assert "a domicilio, y también puedes recogerlo" in Chat(a_shop()).write(text).body
    assert "Sí, te lo llevamos a domicilio. " in Chat(a_shop(pickup=False)).write(text).body


def test_what_bringing_costs_is_the_shops_to_say() -> None:
    assert "Eso te lo dice mejor" in Chat().write("¿cuánto cobran el envío a domicilio?").body


def test_a_yes_takes_the_one_product_that_was_offered() -> None:
    chat = Chat().write("jitomate bola")
    assert "¿Buscabas algo de esto?" in chat.body
    assert chat.write("sí").state == AskingQuantity(JITOMATE.id)


def test_a_no_is_asked_what_was_meant() -> None:
    chat = Chat().write("jitomate bola").write("no")
    assert "¿Qué buscabas entonces?" in chat.body
    assert chat.memory.misses == 0


def test_what_was_not_wanted_is_not_shown_again_at_the_next_unclear_word() -> None:
    chat = Chat().write("jitomate bola").write("no").write("bla")
    assert "¿Buscabas algo de esto?" not in chat.body
    assert chat.state == BrowsingCategories()


def test_a_no_to_an_empty_cart_leaves_it_there() -> None:
    chat = Chat().write("carrito").write("no")
    assert "aquí estoy cuando quieras" in chat.body
    assert chat.state == AtMenu()
    assert chat.memory.misses == 0

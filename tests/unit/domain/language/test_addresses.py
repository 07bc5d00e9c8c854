"""Telling an address from something else that was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabot.domain.language.addresses import Reading, address_in, may_be_address, read_address
from wabot.domain.language.questions import is_about_service, is_question


@pytest.mark.parametrize(
    "text",
    [
        "Calle 5 #12, Centro",
        "calle 8 num 15 colonia jardines portón verde",
        "Av. Juárez 100, piso 3, Centro Histórico, junto al banco",
        "Juárez 15",
        "hidalgo no. 200 int 4",
        "5 de mayo 20, centro",
        "16 de septiembre #104",
        "priv. los pinos 4",
        "mz 5 lt 3 col. el mirador",
        "Calle Nogal, colonia Jardines",
        "Benito Juárez s/n esquina con Morelos 3",
        "12 calle Morelos",
    ],
)
def test_an_address_is_read(text: str) -> None:
    assert read_address(text) is Reading.CERTAIN


@pytest.mark.parametrize(
    "text",
    [
        "atrás de la iglesia de San Juan",
        "frente al parque, portón azul",
        "rancho El Encino",
        "mándalo a la calle 5 número 12 pero ya",
        "calle Morelos",
    ],
)
def test_an_address_in_doubt_is_asked_about(text: str) -> None:
    assert read_address(text) is Reading.DOUBTFUL


@pytest.mark.parametrize(
    "text",
    [
        *("", "casa", "aquí", "5", "mi casa", "55 1234 5678", "5512345678", "🏠🏠 12"),
        "lo recojo en la tienda",
        "¿cuánto cuesta el envío?",
        "cuánto cuesta el envío a la colonia centro 5",
        "hasta dónde entregan",
        "¿llegan a calle 5 número 12?",
        "a qué hora llega",
        "pago con 200",
        "con uno de 500 porfa",
        "20 pesos",
        "te pago con un billete de 200",
        "agrégame 2 kg de arroz",
        "2 kg de arroz",
        "2 refrescos",
        "3 cajas de leche y 2 bolsas de pan",
        "ya llevo 20 minutos esperando",
        "a las 5 de la tarde",
        "para el 24 de diciembre",
        "mañana a las 5",
        "que sean 3",
        "ya te dije",
        "jajaja ya ni modo",
        "no tengo cambio de 500",
        "mejor no",
        "apúrate por favor",
        "quitar jitomate 5",
    ],
)
def test_what_people_say_is_no_address(text: str) -> None:
    assert read_address(text) is Reading.NO


def test_a_place_without_number_may_still_be_one_when_somebody_insists() -> None:
    assert may_be_address("San Miguel de Allende")
    assert not may_be_address("ya te dije que")
    assert not may_be_address("Allende")


def test_what_introduces_an_address_is_left_out() -> None:
    assert address_in("Mi dirección es Calle 5 #12\n\nCentro ") == "Calle 5 #12, Centro"
    assert address_in("cambia la dirección a: Juárez 15") == "Juárez 15"
    assert address_in("no, mejor a Calle Roble 8") == "Calle Roble 8"
    assert address_in("Calle Dirección 5") == "Calle Dirección 5"


@pytest.mark.parametrize(
    "text",
    [
        "¿eh",
        "hasta donde entregan",
        "hola, cuánto cobran de envío",
        "aceptan tarjeta",
        "a qué hora",
    ],
)
def test_a_question_needs_no_question_mark(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["arroz", "calle cuándo", "te aceptan", "quiero pagar"])
def test_what_asks_nothing_is_no_question(text: str) -> None:
    assert not is_question(text)


def test_how_the_shop_works_is_told_from_what_it_sells() -> None:
    assert is_about_service("¿tienen envío a domicilio?")
    assert is_about_service("quiero pagar con tarjeta")
    assert not is_about_service("¿tienen pañales?")


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    assert read_address(text) in Reading
    may_be_address(text)
    assert len(address_in(text * 20)) <= 500

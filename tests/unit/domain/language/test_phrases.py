"""Yes and no, words that work anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabot.domain.language.intents import Word, anywhere, elsewhere
from wabot.domain.language.phrases import NO, YES, is_no, is_yes
from wabot.domain.language.words import clean, normalize, one_line, sound, stem, without_courtesy


def test_no_phrase_means_yes_and_no() -> None:
    assert frozenset() == YES & NO


@pytest.mark.parametrize("phrase", sorted(YES))
def test_a_yes_with_anything_added_is_no_yes(phrase: str) -> None:
    for tail in (" pero sin pan", " mañana", " o no", " casi", " cambia la dirección"):
        assert not is_yes(phrase + tail)
    assert not is_yes(f"no {phrase}")
    assert not is_yes(f"¿{phrase}?")


@pytest.mark.parametrize("phrase", sorted(YES | NO))
def test_courtesy_and_capitals_change_nothing(phrase: str) -> None:
    polite = f"{phrase.upper()}, por favor!"
    assert is_yes(polite) == (phrase in YES)
    assert is_no(polite) == (phrase in NO)


@pytest.mark.parametrize("text", ["", " ", "…", "🙂", "\u200d", "\ufe0f"])
def test_nothing_is_neither_yes_nor_no(text: str) -> None:
    assert not is_yes(text)
    assert not is_no(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("¡MENÚ!", Word.MENU),
        ("cancela mi pedido por favor", Word.CANCEL),
        ("buenas tardes, quiero hablar con un asesor", Word.PERSON),
        ("¿me puedes comunicar con un asesor?", Word.PERSON),
        ("¿Ya viene?", Word.STATUS),
        ("qué venden", Word.CATALOG),
        ("hola, quisiera hacer un pedido", Word.ORDER),
        ("lo de siempre porfa", Word.USUAL),
        ("¿cuánto es?", Word.CART),
        ("¿como cuánto sería?", Word.CART),
        ("cuánto te debo en total", Word.CART),
        ("alguien me atiende???", Word.PERSON),
        ("ya está listo?", Word.STATUS),
        ("q venden", Word.CATALOG),
        ("entonces qué tienen", Word.CATALOG),
        ("mejor cancela", Word.CANCEL),
        ("kiero hacer un pedido xfa", Word.ORDER),
    ],
)
def test_everyday_words_are_understood_anywhere(text: str, word: Word) -> None:
    assert anywhere(text) is word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *((text, Word.GREETING) for text in ("ola buenas", "holaaa", "hola muy buenas a todos")),
        *((text, Word.FINISH) for text in ("ya seria todo", "no ya nadamas", "pues es todo x hoy")),
        *((text, Word.PICKUP) for text in ("mejor lo recojo yo", "paso por él al rato")),
        *((text, Word.NEW_ADDRESS) for text in ("por favor mándelo a mi casa", "pues a domicilio")),
    ],
)
def test_what_is_said_in_many_ways_is_understood(text: str, word: Word) -> None:
    assert elsewhere(text) is word


@pytest.mark.parametrize(
    "text",
    [
        *("buenas galletas", "todo el arroz", "no es todo lo que quiero", "cuánto tarda"),
        *("no puedo recogerlo", "pueden recoger la ropa", "Recoger 15", "buenos bolillos", "ya"),
        "Privada Las Flores, en la casa azul",
    ],
)
def test_a_part_of_what_is_said_in_many_ways_is_not_enough(text: str) -> None:
    assert elsewhere(text) not in {Word.GREETING, Word.PICKUP, Word.NEW_ADDRESS}
    assert elsewhere(text) is not Word.FINISH or text == "ya"
    assert anywhere(text) is not Word.CART


@pytest.mark.parametrize(
    "text", ["Calle del Menú 5", "no quiero asesor", "cancelar no", "estado de méxico 12", "hola"]
)
def test_words_inside_something_else_are_not_taken(text: str) -> None:
    assert anywhere(text) is None


def test_no_phrase_has_two_meanings() -> None:
    from wabot.domain.language import intents

    phrases = [
        phrase
        for table in (intents._ANYWHERE, intents._ELSEWHERE)
        for phrases in table.values()
        for phrase in intents.phrase_set(phrases)
    ]
    assert sorted(set(phrases)) == sorted(phrases)
    assert all(normalize(phrase) == phrase for phrase in phrases)


def test_greetings_are_known() -> None:
    assert elsewhere("Holaaa!!") is Word.GREETING
    assert elsewhere("Buenos días") is Word.GREETING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("limones", "limón"),
        ("jitomates", "jitomate"),
        ("leches", "leche"),
        ("nueces", "nuez"),
        ("papas", "papa"),
        ("panes", "pan"),
        ("frijoles", "frijol"),
        ("aguacates", "aguacate"),
    ],
)
def test_singular_and_plural_meet(one: str, other: str) -> None:
    assert stem(normalize(one)) == stem(normalize(other))


def test_misspellings_sound_alike() -> None:
    assert sound(normalize("sevoya")) == sound(normalize("cebolla"))
    assert sound(normalize("queso")) != sound(normalize("hueso"))


@given(st.text())
def test_normalised_text_is_plain_and_stays_so(text: str) -> None:
    normal = normalize(text)
    assert normal == normalize(normal)
    assert all(c.isascii() and (c.isalnum() or c == " ") for c in normal)
    assert without_courtesy(without_courtesy(normal)) == without_courtesy(normal)


@given(st.text())
def test_cleaned_text_can_be_stored(text: str) -> None:
    clean(text).encode("utf-8")
    assert "\x00" not in clean(text)
    assert "\n" not in one_line(text)

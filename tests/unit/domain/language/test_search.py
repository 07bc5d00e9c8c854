"""Finding products by what customers call them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.chat import PRODUCTS, a_product
from wabot.domain.catalog import Product
from wabot.domain.language.search import (
    Found,
    asks_for_product,
    begins_name,
    find,
    names_product,
    query_words,
)

SHELF = tuple(
    a_product(name, aliases=aliases)
    for name, aliases in (
        ("Jitomate saladet", ("tomate",)),
        ("Cebolla blanca", ()),
        ("Limón", ()),
        ("Leche entera 1 L", ()),
        ("Leche deslactosada 1 L", ()),
        ("Pan de caja", ("pan bimbo",)),
        ("Sal", ()),
        ("Salsa verde", ()),
        ("Coca-Cola 600 ml", ("coca",)),
        ("Coca-Cola 2 L", ()),
        ("Jabón", ()),
        ("7 Up 600 ml", ()),
        ("Agua natural 1.5 L", ("agua", "botella de agua")),
        ("Garrafón de agua 20 L", ("garrafón", "garrafón 20 litros")),
        ("Coca-Cola 2.5 L", ("coca de dos y medio",)),
        ("Papas fritas 45 g", ("papas de bolsa",)),
    )
)


def exact(text: str) -> list[str]:
    return [product.name for product in find(text, SHELF).exact]


def close(text: str) -> list[str]:
    return [product.name for product in find(text, SHELF).close]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("¿tienes tomates?", ["Jitomate saladet"]),
        ("JITOMATE SALADET", ["Jitomate saladet"]),
        ("sevoya", ["Cebolla blanca"]),
        ("limones", ["Limón"]),
        ("leche", ["Leche entera 1 L", "Leche deslactosada 1 L"]),
        ("leche deslactosada", ["Leche deslactosada 1 L"]),
        ("sal", ["Sal"]),
        ("salsas", ["Salsa verde"]),
        ("pan bimbo", ["Pan de caja"]),
        ("coca", ["Coca-Cola 600 ml", "Coca-Cola 2 L", "Coca-Cola 2.5 L"]),
        ("botella de agua", ["Agua natural 1.5 L"]),
        ("garrafones", ["Garrafón de agua 20 L"]),
        ("garafon", ["Garrafón de agua 20 L"]),
        ("me trae 2 garrafones", ["Garrafón de agua 20 L"]),
        ("2 garrafones de 20 litros", ["Garrafón de agua 20 L"]),
        ("papas de bolsa", ["Papas fritas 45 g"]),
        ("coca 600", ["Coca-Cola 600 ml"]),
        ("coca de 600ml", ["Coca-Cola 600 ml"]),
        ("una coca de 2 litros", ["Coca-Cola 2 L"]),
        ("coca de 2,5 lts", ["Coca-Cola 2.5 L"]),
        ("kiero unos tomates xfa", ["Jitomate saladet"]),
        ("nesesito jitomate", ["Jitomate saladet"]),
        ("me urge una salsa", ["Salsa verde"]),
        ("me das 7up", ["7 Up 600 ml"]),
    ],
)
def test_all_words_must_be_the_products_words(text: str, names: list[str]) -> None:
    assert sorted(exact(text)) == sorted(names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("jitomte", ["Jitomate saladet"]),
        ("jamón", ["Jabón"]),
        ("me trae un garrafón bueno azul", ["Garrafón de agua 20 L"]),
        ("garrfon", ["Garrafón de agua 20 L"]),
        ("leche de almendra", ["Leche deslactosada 1 L", "Leche entera 1 L"]),
    ],
)
def test_what_is_near_is_close_and_never_exact(text: str, names: list[str]) -> None:
    assert exact(text) == []
    assert sorted(close(text)) == names


def test_words_of_several_products_find_each_of_them() -> None:
    found = find("pan y limón", SHELF)
    assert sorted(product.name for product in found.each) == ["Limón", "Pan de caja"]
    assert not found.exact


@pytest.mark.parametrize(
    "text",
    [
        *("", "hola", "¿qué tienes?", "600", "2 l", "s", "escoba", "ja", "🍞"),
        *("oiga llegan hasta la colonia roma"),
        *("2 kg", "3 botellas", "botella", "bolsa", "medio", "dos", "dos y medio", "1.5 L", "mil"),
    ],
)
def test_what_names_nothing_finds_nothing(text: str) -> None:
    assert not find(text, SHELF)


def test_what_is_only_like_it_comes_last() -> None:
    shelf = (a_product("Puré de tomate"), a_product("Jitomate", aliases=("tomate rojo",)))
    assert [p.name for p in find("tomate", shelf).exact] == ["Jitomate", "Puré de tomate"]


def test_a_name_typed_in_full_comes_first() -> None:
    shelf = (a_product("Arroz con leche"), a_product("Arroz"))
    assert [p.name for p in find("arroz", shelf).exact] == ["Arroz", "Arroz con leche"]


def test_a_name_is_said_by_its_first_word_and_not_by_what_it_is_like() -> None:
    blanca = a_product("Cebolla blanca", aliases=("cebollita de cambray",))
    assert names_product("2 kg de cebollas", blanca)
    assert names_product("cebolla", blanca)
    assert names_product("sevoya", blanca)
    assert not names_product("blanca", blanca)
    assert not names_product("cambray", blanca)
    assert names_product("garrafones", a_product("Garrafón 20 L"))


def test_a_number_may_begin_a_name() -> None:
    assert begins_name("me das 7 up", a_product("7 Up 600 ml"))
    assert begins_name("tres leches", a_product("Tres leches"))
    assert not begins_name("un arroz", a_product("Arroz"))
    assert not begins_name("2 cocas", a_product("Coca-Cola 2 L"))


def test_an_empty_shelf_finds_nothing() -> None:
    assert find("arroz", ()) == Found()


def test_asking_for_a_product_is_recognised() -> None:
    assert asks_for_product("¿no tienes escobas?")
    assert not asks_for_product("está lloviendo mucho")
    assert query_words("¿no tienes escobas grandes?") == ("escobas", "grandes")


@given(st.text(max_size=60))
def test_no_text_breaks_the_search(text: str) -> None:
    found = find(text, PRODUCTS)
    assert sum(map(bool, (found.exact, found.each, found.close))) <= 1
    assert {p.id for p in found.all} <= {p.id for p in PRODUCTS}


@given(st.sampled_from(PRODUCTS))
def test_every_product_is_found_by_its_own_name(product: Product) -> None:
    assert product in find(product.name, PRODUCTS).exact

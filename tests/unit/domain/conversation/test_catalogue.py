"""Browsing and searching."""

from decimal import Decimal

import pytest

from tests.unit.domain.chat import (
    AGOTADO,
    ARROZ,
    JITOMATE,
    LECHE,
    Chat,
    a_product,
    a_shop,
    with_cart,
)
from wabot.domain.conversation.effects import NoteUnknown
from wabot.domain.conversation.states import AskingQuantity, BrowsingCategories, BrowsingProducts

MANY = tuple(
    a_product(f"Producto {number:02}", category=f"Categoría {number % 3}") for number in range(36)
)


def test_few_products_are_shown_at_once_with_price_and_unit() -> None:
    chat = Chat().write("catálogo")
    assert chat.rows == {
        "Jitomate": "$28.00 por kg",
        "Arroz": "$32.50 por bolsa",
        "Leche entera 1 L": "$27.00 por pieza",
        "Pan de caja": "$45.00 por pieza",
    }


def test_what_is_sold_out_is_not_offered() -> None:
    assert AGOTADO.name not in Chat().write("catálogo").titles


def test_many_products_are_shown_by_category() -> None:
    chat = Chat(a_shop(MANY)).write("catálogo")
    assert isinstance(chat.state, BrowsingCategories)
    assert chat.rows == {f"Categoría {number}": "12 productos" for number in range(3)}


def test_many_products_of_one_category_need_no_categories() -> None:
    products = [a_product(f"Producto {n}", category="Todo") for n in range(20)]
    assert isinstance(Chat(a_shop(products)).write("catálogo").state, BrowsingProducts)


def test_products_without_a_category_have_their_own_heading() -> None:
    shop = a_shop([*MANY, a_product("Suelto")])
    chat = Chat(shop).write("catálogo")
    assert chat.rows["Otros productos"] == "1 producto"
    assert chat.tap("Otros productos").titles == ["Suelto"]


def test_a_list_has_ten_rows_and_more_pages_on() -> None:
    chat = Chat(a_shop(MANY)).write("catálogo").tap("Categoría 1")
    first = chat.titles
    assert len(first) == 10
    assert first[-1] == "Ver más"
    rest = chat.tap("Ver más").titles
    assert sorted(first[:-1] + rest) == [p.name for p in MANY if p.category == "Categoría 1"]


def test_more_can_be_typed() -> None:
    chat = Chat(a_shop(MANY)).write("catálogo").tap("Categoría 1")
    typed, tapped = chat.write("ver más").titles, chat.write("categoría 1").tap("Ver más").titles
    assert typed == tapped


def test_a_category_can_be_typed_from_anywhere() -> None:
    chat = Chat(a_shop(MANY)).write("hola").write("categoria 2")
    assert chat.state == BrowsingProducts(category="Categoría 2")


@pytest.mark.parametrize("text", ["botanas", "¿qué botanas tienes?", "dulses", "BOTANA"])
def test_a_category_is_found_by_a_word_of_its_name(text: str) -> None:
    shop = a_shop([*MANY, a_product("Cacahuates", category="Botanas y dulces")])
    chat = Chat(shop).write("hola").write(text)
    assert chat.state == BrowsingProducts(category="Botanas y dulces")


def test_a_product_counts_before_a_category_and_several_categories_are_offered() -> None:
    shop = a_shop(
        [
            a_product("Pan de caja", category="Pan y tortillas"),
            a_product("Escoba", category="Limpieza de casa"),
            *(a_product(f"Cloro {n}", category="Limpieza de ropa") for n in range(12)),
        ]
    )
    assert isinstance(Chat(shop).write("pan").state, AskingQuantity)
    assert isinstance(Chat(shop).write("limpieza").state, BrowsingCategories)


@pytest.mark.parametrize("text", ["arroz", "¿tienes arroz?", "2 bolsas de arroz", "arros"])
def test_a_withdrawn_product_is_said_to_be_none_today(text: str) -> None:
    chat = Chat().withdraw(ARROZ).write(text)
    assert "Hoy no tengo Arroz" in chat.body
    assert "Jitomate" in chat.titles
    assert chat.of(NoteUnknown) == []


def test_a_withdrawn_product_named_at_the_cart_leaves_the_cart_shown() -> None:
    chat = with_cart().withdraw(ARROZ).write("arroz")
    assert "Hoy no tengo Arroz" in chat.body
    assert "Jitomate · 2 kg" in chat.body


@pytest.mark.parametrize(
    "text",
    ["¿tienes arroz?", "arros", "Arroz", "hola buenas, ¿a cómo el arroz?", "busco ARROZ por favor"],
)
def test_a_product_is_found_in_free_text(text: str) -> None:
    chat = Chat().write(text)
    assert "*Arroz* · $32.50 por bolsa" in chat.body


@pytest.mark.parametrize("text", ["tomates", "jitomates", "Tomate", "quiero unos jitomates"])
def test_a_product_is_found_by_alias_and_plural(text: str) -> None:
    assert Chat().write(text).state == AskingQuantity(JITOMATE.id)


def test_several_hits_are_offered() -> None:
    shop = a_shop([a_product("Coca-Cola 600 ml"), a_product("Coca-Cola 2 L"), a_product("Cocoa")])
    chat = Chat(shop).write("coca")
    assert chat.titles == ["Coca-Cola 600 ml", "Coca-Cola 2 L"]
    assert Chat(shop).write("coca 600").state == AskingQuantity(shop.catalog.products[0].id)


def test_what_is_only_similar_is_asked_about_and_never_assumed() -> None:
    chat = Chat(a_shop([a_product("Jabón"), a_product("Arroz")])).write("¿tienes jamón?")
    assert "No tengo exactamente «jamón»" in chat.body
    assert chat.titles == ["Jabón"]


def test_a_part_of_a_word_is_no_hit() -> None:
    chat = Chat(a_shop([a_product("Pantalón"), a_product("Salsa")])).write("¿tienes pan?")
    assert "No tengo «pan»" in chat.body


def test_a_product_the_shop_does_not_have_is_noted_for_the_owner() -> None:
    chat = Chat().write("¿tienes escobas?")
    assert "No tengo «escobas»" in chat.body
    assert chat.of(NoteUnknown) == [NoteUnknown("escobas")]
    assert "Arroz" in chat.titles


def test_a_product_sold_out_is_said_to_be_with_its_neighbours() -> None:
    chat = Chat().write("¿tienes aguacate?")
    assert "Hoy ya no me queda Aguacate" in chat.body
    assert chat.titles == ["Jitomate"]


def test_a_product_tapped_in_an_old_list_works_in_the_middle_of_something_else() -> None:
    chat = Chat().write("catálogo")
    old = chat.option_id("Leche entera 1 L")
    chat.write("jitomate").tap("2 kg").tap_id(old)
    assert chat.state == AskingQuantity(LECHE.id)
    assert chat.memory.cart.line(JITOMATE.id) is not None


def test_a_product_withdrawn_meanwhile_is_said_to_be_gone() -> None:
    chat = Chat().write("catálogo")
    old = chat.option_id("Arroz")
    chat.withdraw(next(p for p in chat.shop.catalog.products if p.name == "Arroz")).tap_id(old)
    assert "ya no está disponible" in chat.body
    assert "Arroz" not in chat.titles


def test_an_empty_catalogue_is_said_to_be_empty() -> None:
    chat = Chat(a_shop(())).write("catálogo")
    assert "no tengo productos" in chat.body
    assert "Hablar con un asesor" in chat.titles


def test_with_a_cart_the_list_ends_the_order_too() -> None:
    chat = with_cart().tap("Agregar más")
    assert chat.titles[-1] == "Terminar mi pedido"


def test_a_price_changed_meanwhile_is_the_new_one() -> None:
    chat = Chat().write("catálogo").change(JITOMATE, price=Decimal("31.90"))
    assert "$31.90 por kg" in chat.tap("Jitomate").body


def test_the_unit_tells_which_of_several_products_is_meant() -> None:
    by_weight = a_product("Tortilla de maíz", unit="kg")
    shop = a_shop(
        [a_product("Harina", unit="bolsa", aliases=("harina para tortillas",)), by_weight]
    )
    assert "2 kg de Tortilla" in Chat(shop).write("2 kilos de tortillas").body
    assert isinstance(Chat(shop).write("2 tortillas").state, BrowsingProducts)


@pytest.mark.parametrize(
    ("query", "text", "name"),
    [
        ("coca", "la de 600", "Coca-Cola 600 ml"),
        ("coca", "de 2.5 litros", "Coca-Cola 2.5 L"),
        ("pan", "el de caja", "Pan de caja"),
    ],
)
def test_one_of_the_products_shown_is_chosen_by_what_tells_it_apart(
    query: str, text: str, name: str
) -> None:
    names = ("Coca-Cola 600 ml", "Coca-Cola 2.5 L", "Pan de caja", "Pan francés")
    shop = a_shop([a_product(known) for known in names])
    chat = Chat(shop).write(query)
    assert isinstance(chat.state, BrowsingProducts)
    assert f"*{name}*" in chat.write(text).body


def test_the_amount_is_left_out_of_what_was_looked_for() -> None:
    shop = a_shop([a_product("Coca-Cola 600 ml"), a_product("Coca-Cola 2.5 L")])
    assert "Esto tengo de «cocas»" in Chat(shop).write("me da 2 cocas").body


@pytest.mark.parametrize("text", ["quiero cambiar el jitomate", "quítale el tomate"])
def test_a_product_of_the_cart_that_is_to_change_is_asked_about_anew(text: str) -> None:
    chat = with_cart().write(text)
    assert chat.state == AskingQuantity(JITOMATE.id)
    assert "Quitar del pedido" in chat.titles
    assert Chat().write("cambia el arroz").state != AskingQuantity(ARROZ.id)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ah, papel de baño por favor", "«papel de baño»"),
        ("que sean 3 piñas", "«piñas»"),
        ("¿Tienes jamón?", "«jamón»"),
        ("buenas, ¿me da 2 piñas?", "«piñas»"),
    ],
)
def test_what_the_customer_wrote_is_said_back_as_written(text: str, said: str) -> None:
    names = ("Papel de baño chico", "Papel de baño grande", "Piña miel", "Piña en lata", "Jabón")
    assert said in Chat(a_shop([a_product(name) for name in names])).write(text).body


def test_a_long_text_is_not_said_back() -> None:
    shop = a_shop([a_product("Papel"), a_product("Piña"), a_product("Jabón")])
    chat = Chat(shop).write("papel bonito piña madura jabón neutro azul")
    assert "«" not in chat.body
    assert {"Papel", "Piña", "Jabón"} <= set(chat.titles)


@pytest.mark.parametrize("text", ["quita el arroz", "sí pero sin arroz", "no, quítame el arroz"])
def test_what_is_not_in_the_cart_is_not_sold_to_who_wants_it_out(text: str) -> None:
    chat = with_cart().write(text)
    assert "no está en tu pedido" in chat.body


def test_what_is_in_the_cart_is_asked_about_by_who_wants_it_out() -> None:
    chat = with_cart().write("sí pero sin jitomate")
    assert chat.state == AskingQuantity(JITOMATE.id)


@pytest.mark.parametrize("text", ["dame una de cada cosa", "no quiero nada", "nada"])
def test_no_thing_is_no_missing_product(text: str) -> None:
    chat = Chat().write("hola").write(text)
    assert "lo anoté para la tienda" not in chat.body
    assert not chat.of(NoteUnknown)

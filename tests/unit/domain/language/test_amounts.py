"""How much is wanted, as people write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.chat import ARROZ, JITOMATE, LECHE, a_product
from wabot.domain.catalog import Product
from wabot.domain.language.amounts import (
    Amount,
    amount_after,
    amount_for,
    amount_of,
    split_amount,
    units_of,
)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("2", "2", ""),
        ("2x", "2", ""),
        ("x2", "2", ""),
        ("dos", "2", ""),
        ("veintidós", "22", ""),
        ("treinta y dos", "32", ""),
        ("ciento veinte", "120", ""),
        ("un par", "2", ""),
        ("media docena", "6", ""),
        ("una docena", "12", ""),
        ("docena y media", "18", ""),
        ("dos docenas", "24", ""),
        ("kilo", "1", "kilo"),
        ("kilo y medio", "1.5", "kilo"),
        ("dos kilos y cuarto", "2.25", "kilos"),
        ("dos y medio kilos", "2.5", "kilos"),
        ("uno y medio", "1.5", ""),
        ("medio kilo", "0.5", "kilo"),
        ("un cuarto de kilo", "0.25", "kilo"),
        ("tres cuartos", "0.75", ""),
        ("3/4 de kilo", "0.75", "kilo"),
        ("½ kg", "0.5", "kg"),
        ("1½", "1.5", ""),
        ("1 1/2 kg", "1.5", "kg"),
        ("¼", "0.25", ""),
        ("750 g", "750", "g"),
        ("750grs", "750", "grs"),
        ("1,5 kg", "1.5", "kg"),
        ("1.5kg", "1.5", "kg"),
        ("1,500 g", "1500", "g"),
        ("me das 2 por favor", "2", ""),
        ("solo 1 nomás", "1", ""),
        ("quiero 3 jitomates", "3", ""),
        ("jaja no mejor 2 xfa", "2", ""),
        ("a ver, dame 3", "3", ""),
        ("pues 2, porfis", "2", ""),
        ("mil", "1000", ""),
        ("dos mil quinientos", "2500", ""),
        ("20 mil", "20000", ""),
        ("un millón", "1000000", ""),
        ("novecientas", "900", ""),
        ("0", "0", ""),
        ("cero", "0", ""),
    ],
)
def test_an_amount_is_read(text: str, value: str, unit: str) -> None:
    assert amount_for(text, JITOMATE) == Amount(Decimal(value), unit)


@pytest.mark.parametrize("text", ["9999999999999", "9" * 5000, "99,999,999,999,999 kg"])
def test_a_number_that_never_ends_is_more_than_anybody_has(text: str) -> None:
    amount = amount_for(text, JITOMATE)
    assert amount is not None
    assert amount.value == Decimal(10) ** 12


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hola",
        "-1",
        "2 o 3",
        "no 2",
        "no quiero 2",
        "20 pesos",
        "$20",
        "1/0",
        "muchos",
        "2 arroz",
        "1.2.3",
        "5%",
        "el 2 de mayo",
    ],
)
def test_what_is_no_amount_is_not_read(text: str) -> None:
    assert amount_for(text, JITOMATE) is None


@pytest.mark.parametrize(
    ("text", "units"),
    [("750 g", "0.75"), ("2 kg", "2"), ("2", "2"), ("2 piezas", None), ("2 litros", None)],
)
def test_amounts_are_converted_to_what_a_weight_is_sold_in(text: str, units: str | None) -> None:
    amount = amount_for(text, JITOMATE)
    assert amount is not None
    assert units_of(amount, JITOMATE) == (None if units is None else Decimal(units))


def test_amounts_are_converted_to_what_a_volume_is_sold_in() -> None:
    oil = a_product("Aceite", unit="litro")
    amount = amount_for("500 ml", oil)
    assert amount is not None
    assert units_of(amount, oil) == Decimal("0.5")


def test_pieces_fit_whatever_is_counted() -> None:
    assert units_of(Amount(Decimal(2), "pzas"), ARROZ) == 2
    assert units_of(Amount(Decimal(2), "kg"), ARROZ) is None


@pytest.mark.parametrize(
    ("text", "packs"),
    [
        ("una docena", "1"),
        ("2 docenas", "2"),
        ("media docena", "0.5"),
        ("12 piezas", "1"),
        ("3", "3"),
    ],
)
def test_what_is_called_by_the_dozen_is_counted_so(text: str, packs: str) -> None:
    eggs = a_product("Huevo 12 piezas", unit="paquete", aliases=("docena de huevo",))
    amount = amount_for(text, eggs)
    assert amount is not None
    assert units_of(amount, eggs) == Decimal(packs)


@pytest.mark.parametrize("text", ["2 bolsas", "2 bolsas de arroz", "dos arroces"])
def test_the_products_own_words_belong_to_the_answer(text: str) -> None:
    assert amount_for(text, ARROZ) == Amount(Decimal(2))


def test_an_amount_is_set_apart_from_what_follows() -> None:
    assert split_amount("2 kg de arroz") == (Amount(Decimal(2), "kg"), ["de", "arroz"])
    assert split_amount("arroz") == (None, ["arroz"])


def test_an_amount_after_the_name_is_found_but_not_a_size_in_it() -> None:
    assert amount_after("jitomate 2 kg", JITOMATE) == Amount(Decimal(2), "kg")
    assert amount_after("leche entera 1 l", LECHE) is None
    assert amount_after("leche entera 1 l 2", LECHE) == Amount(Decimal(2))
    assert amount_after("jitomate bueno", JITOMATE) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    amount, rest = split_amount(text)
    assert amount is None or amount.value >= 0
    assert all(isinstance(word, str) for word in rest)
    amount_for(text, JITOMATE)
    amount_after(text, JITOMATE)


@given(st.integers(0, 999_999), st.sampled_from(["", "kg", " kg", "x", " kilos"]))
def test_digits_are_read_as_they_stand(number: int, unit: str) -> None:
    amount = amount_for(f"{number}{unit}", JITOMATE)
    assert amount is not None
    assert amount.value == number


HUEVO = a_product("Huevo blanco 12 piezas", unit="paquete", aliases=("huevo", "docena de huevo"))
PAPEL = a_product("Papel higiénico 4 rollos", unit="paquete", aliases=("papel",))
BOLSA = a_product("Arroz 1 kg", unit="bolsa")


@pytest.mark.parametrize(
    ("text", "product", "packs"),
    [
        ("12 huevos", HUEVO, "1"),
        ("24 huevos", HUEVO, "2"),
        ("6 huevos", HUEVO, "0.5"),
        ("12 piezas de huevo", HUEVO, "1"),
        ("2 paquetes de huevo", HUEVO, "2"),
        ("2 cartones de huevo", HUEVO, "2"),
        ("un huevo", HUEVO, "1"),
        ("una docena de huevos", HUEVO, "1"),
        ("8 rollos de papel", PAPEL, "2"),
        ("3 rollos de papel", PAPEL, "0.75"),
        ("3 papeles", PAPEL, "3"),
        ("2 litros de leche", LECHE, "2"),
        ("2000 ml de leche", LECHE, "2"),
        ("1 kilo de arroz", BOLSA, "1"),
        ("medio kilo de arroz", BOLSA, None),
        ("1 kilo de leche", LECHE, None),
        ("1 kilo de huevo", HUEVO, None),
    ],
)
def test_pieces_and_measures_become_packs_where_they_go_up_evenly(
    text: str, product: Product, packs: str | None
) -> None:
    amount = amount_of(text, product)
    assert amount is not None
    assert units_of(amount, product) == (None if packs is None else Decimal(packs))

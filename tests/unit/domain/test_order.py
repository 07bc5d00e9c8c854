"""Carts, totals, money and quantities."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.chat import ARROZ, JITOMATE, an_id
from wabot.domain.catalog import Catalog
from wabot.domain.money import minor_units, round_money
from wabot.domain.order import Cart, CartLine, line_total, price_cart, total_of
from wabot.domain.quantity import Quantity, steps_of

SHELF = Catalog.of((JITOMATE, ARROZ))


def test_one_product_has_one_line_and_keeps_its_place() -> None:
    cart = Cart().put(CartLine(JITOMATE.id, 1)).put(CartLine(ARROZ.id, 2))
    assert cart.put(CartLine(JITOMATE.id, 8)).lines == (
        CartLine(JITOMATE.id, 8),
        CartLine(ARROZ.id, 2),
    )


def test_a_product_taken_out_is_gone() -> None:
    cart = Cart((CartLine(JITOMATE.id, 1),))
    assert not cart.without(JITOMATE.id)
    assert cart.without(ARROZ.id) == cart


def test_lines_are_priced_as_of_today_and_unknown_products_left_out() -> None:
    cart = Cart((CartLine(JITOMATE.id, 3), CartLine(an_id("gone"), 1)))
    (line,) = price_cart(cart, SHELF, "MXN")
    assert line.total == Decimal("21.00")
    assert line.quantity == Quantity(3, Decimal("0.25"), "kg")
    assert line.quantity.amount == Decimal("0.75")


@given(
    st.lists(
        st.tuples(
            st.decimals(0, 10_000, places=2),
            st.sampled_from(["1", "0.25", "0.1", "0.005"]),
            st.integers(1, 500),
        ),
        max_size=30,
    ),
    st.sampled_from(["MXN", "CLP", "COP"]),
)
def test_totals_are_the_sum_of_lines_rounded_half_up(
    sold: list[tuple[Decimal, str, int]], currency: str
) -> None:
    from dataclasses import replace

    products = [
        replace(JITOMATE, id=an_id(str(n)), price=price, step=Decimal(step))
        for n, (price, step, _) in enumerate(sold)
    ]
    cart = Cart(tuple(CartLine(p.id, s[2]) for p, s in zip(products, sold, strict=True)))
    unit = Fraction(1, 10 ** minor_units(currency))
    expected = sum(
        ((Fraction(price) * Fraction(step) * steps / unit + Fraction(1, 2)) // 1) * unit
        for price, step, steps in sold
    )
    assert Fraction(total_of(price_cart(cart, Catalog.of(products), currency))) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("0.005", "MXN", "0.01"), ("0.004", "MXN", "0.00"), ("10.5", "CLP", "11"), ("1", "X", "1.00")],
)
def test_money_rounds_half_up_to_the_smallest_unit(
    amount: str, currency: str, rounded: str
) -> None:
    assert str(round_money(Decimal(amount), currency)) == rounded


@pytest.mark.parametrize(
    ("amount", "step", "steps"),
    [
        ("0.75", "0.25", 3),
        ("2", "1", 2),
        ("1.1", "0.25", None),
        ("0", "1", None),
        ("-1", "1", None),
    ],
)
def test_only_whole_steps_can_be_sold(amount: str, step: str, steps: int | None) -> None:
    assert steps_of(Decimal(amount), Decimal(step)) == steps


def test_a_line_costs_price_times_step_times_steps() -> None:
    assert line_total(JITOMATE, 3, "MXN") == Decimal("21.00")


def test_products_are_known_by_sku_or_id_to_a_native_catalogue() -> None:
    assert SHELF.by_sku("ARR-1") is ARROZ
    assert SHELF.by_sku(str(JITOMATE.id)) is JITOMATE
    assert SHELF.by_sku("") is None
    assert SHELF.by_sku("nothing") is None


def test_categories_come_in_the_shops_order() -> None:
    assert SHELF.categories() == ("Verduras", "Abarrotes")
    assert SHELF.in_category("Verduras") == (JITOMATE,)

"""The greengrocer's price of the day."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    NotNullViolation,
    UniqueViolation,
)

from tests.integration.templates.conftest import ShopTables

TODAY = date(2026, 3, 2)
PRICE = {"product_id": "@first", "day": TODAY, "price": Decimal("28.00"), "changed_by": "owner"}


@pytest.fixture(scope="module")
def tables(open_shop: Callable[[str], ShopTables]) -> ShopTables:
    return open_shop("verduleria")


@pytest.fixture(autouse=True)
def _untouched(tables: ShopTables) -> Iterator[None]:
    with tables.connection.transaction(force_rollback=True):
        yield


def price(tables: ShopTables, **changes: Any) -> dict[str, Any]:
    return tables.put("daily_prices", **PRICE | changes)


def test_each_product_has_a_price_for_each_day(tables: ShopTables) -> None:
    assert price(tables)["is_valid"] is True
    price(tables, day=date(2026, 3, 3))
    price(tables, product_id="@second")


def test_a_product_has_one_valid_price_a_day(tables: ShopTables) -> None:
    price(tables)
    with tables.refusing("daily_prices_valid_key", UniqueViolation):
        price(tables, price=Decimal(30))


def test_a_corrected_price_leaves_the_wrong_one_to_look_up(tables: ShopTables) -> None:
    for wrong in (Decimal(280), Decimal(82)):
        price(tables, price=wrong, is_valid=False)
    price(tables)
    found = tables.connection.execute(
        "select price from daily_prices where day = %s order by id", [TODAY]
    ).fetchall()
    assert [row["price"] for row in found] == [Decimal(280), Decimal(82), Decimal(28)]


def test_prices_go_with_their_product(tables: ShopTables) -> None:
    price(tables, product_id="@second")
    tables.connection.execute("delete from products where sku = 'second'")
    assert tables.connection.execute("select * from daily_prices").fetchall() == []


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_price_is_more_than_nothing(tables: ShopTables, wrong: int) -> None:
    with tables.refusing("daily_prices_price_check", CheckViolation):
        price(tables, price=wrong)


def test_a_price_belongs_to_a_product_of_the_shop(tables: ShopTables) -> None:
    with tables.refusing("daily_prices_product_id_fkey", ForeignKeyViolation):
        price(tables, product_id="00000000-0000-0000-0000-000000000000")


def test_somebody_gave_the_price(tables: ShopTables) -> None:
    with tables.refusing("daily_prices_changed_by_check", CheckViolation):
        price(tables, changed_by="")


@pytest.mark.parametrize("column", ["product_id", "day", "price", "changed_by"])
def test_a_price_says_everything(tables: ShopTables, column: str) -> None:
    with pytest.raises(NotNullViolation, match=column), tables.connection.transaction():
        price(tables, **{column: None})


@pytest.mark.parametrize("weight", [0, -5])
def test_a_piece_weighs_something(tables: ShopTables, weight: int) -> None:
    with tables.refusing("products_piece_grams_check", CheckViolation):
        tables.put("products", name="x", price=1, piece_grams=weight)

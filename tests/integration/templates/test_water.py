"""The water seller's recurring orders and returnable bottles."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from tests.integration.templates.conftest import ShopTables

MONDAY, TUESDAY, EVERY_DAY = 1, 2, 127
EVERY_TUESDAY = {
    "customer_id": "@ana",
    "product_id": "@first",
    "steps": 2,
    "weekdays": TUESDAY,
    "next_date": date(2026, 3, 3),
}
LENT = {
    "customer_id": "@ana",
    "product_id": "@first",
    "kind": "lent",
    "bottles": 2,
    "changed_by": "owner",
}


@pytest.fixture(scope="module")
def tables(open_shop: Callable[[str], ShopTables]) -> ShopTables:
    return open_shop("agua")


@pytest.fixture(autouse=True)
def _untouched(tables: ShopTables) -> Iterator[None]:
    with tables.connection.transaction(force_rollback=True):
        yield


def recurring(tables: ShopTables, **changes: Any) -> dict[str, Any]:
    return tables.put("recurring_orders", **EVERY_TUESDAY | changes)


def moved(tables: ShopTables, **changes: Any) -> dict[str, Any]:
    return tables.put("bottle_movements", **LENT | changes)


@pytest.mark.parametrize(
    "rhythm",
    [
        {"weekdays": MONDAY},
        {"weekdays": MONDAY + TUESDAY},
        {"weekdays": EVERY_DAY},
        {"weekdays": 0, "interval_days": 15},
    ],
)
def test_an_order_comes_back_on_weekdays_or_after_so_many_days(
    tables: ShopTables, rhythm: dict[str, int]
) -> None:
    stored = recurring(tables, address_id="@address", **rhythm)
    assert stored["paused"] is False


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"weekdays": 0}, "recurring_orders_rhythm_check"),
        ({"interval_days": 7}, "recurring_orders_rhythm_check"),
        ({"weekdays": 128}, "recurring_orders_weekdays_check"),
        ({"weekdays": -1, "interval_days": 3}, "recurring_orders_weekdays_check"),
        ({"weekdays": 0, "interval_days": 367}, "recurring_orders_interval_check"),
        ({"steps": 0}, "recurring_orders_steps_check"),
    ],
)
def test_a_rhythm_that_cannot_be_is_refused(
    tables: ShopTables, changes: dict[str, Any], rule: str
) -> None:
    with tables.refusing(rule, CheckViolation):
        recurring(tables, **changes)


def test_the_same_order_asked_for_twice_is_refused(tables: ShopTables) -> None:
    recurring(tables)
    recurring(tables, customer_id="@luis")
    recurring(tables, weekdays=MONDAY)
    with tables.refusing("recurring_orders_rhythm_key", UniqueViolation):
        recurring(tables, steps=5)


def test_an_order_of_nobody_is_refused(tables: ShopTables) -> None:
    with tables.refusing("recurring_orders_customer_id_fkey", ForeignKeyViolation):
        recurring(tables, customer_id="00000000-0000-0000-0000-000000000000")


def test_recurring_orders_go_with_their_customer_and_outlive_an_address(
    tables: ShopTables,
) -> None:
    recurring(tables, customer_id="@luis")
    recurring(tables, address_id="@address")
    tables.connection.execute("delete from customer_addresses")
    tables.connection.execute("delete from customers where name = 'luis'")
    left = tables.connection.execute("select customer_id, address_id from recurring_orders")
    assert left.fetchall() == [{"customer_id": tables.ids["@ana"], "address_id": None}]


def test_a_customer_is_asked_once_for_each_date(tables: ShopTables) -> None:
    order = recurring(tables)
    day = {"recurring_order_id": order["id"], "day": date(2026, 3, 3)}
    asked = tables.put("recurring_deliveries", **day)
    assert asked["state"] == "asked"
    with tables.refusing("recurring_deliveries_pkey", UniqueViolation):
        tables.put("recurring_deliveries", **day, state="skipped")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"state": "maybe"}, "recurring_deliveries_state_check"),
        ({"state": "skipped", "order_id": "@order_first"}, "recurring_deliveries_order_check"),
        ({"order_id": "@order_first"}, "recurring_deliveries_order_check"),
        ({"answered_at": "2026-03-02"}, "recurring_deliveries_answered_check"),
    ],
)
def test_an_answer_that_contradicts_itself_is_refused(
    tables: ShopTables, changes: dict[str, Any], rule: str
) -> None:
    order = recurring(tables)
    with tables.refusing(rule, CheckViolation):
        tables.put(
            "recurring_deliveries",
            **{"recurring_order_id": order["id"], "day": date(2026, 3, 3)} | changes,
        )


def test_an_answer_may_have_made_an_order(tables: ShopTables) -> None:
    order = recurring(tables)
    for day, state in ((3, "ordered"), (10, "changed")):
        tables.put(
            "recurring_deliveries",
            recurring_order_id=order["id"],
            day=date(2026, 3, day),
            state=state,
            order_id="@order_first",
            answered_at="2026-03-02",
        )


def test_what_a_customer_owes_is_the_sum_of_the_movements(tables: ShopTables) -> None:
    moved(tables, bottles=3, order_id="@order_first")
    moved(tables, kind="returned", bottles=-1, order_id="@order_second")
    moved(tables, kind="paid", bottles=-1)
    moved(tables, kind="corrected", bottles=2, note="counted again")
    moved(tables, customer_id="@luis", bottles=7)
    owed = tables.connection.execute(
        "select sum(bottles) as bottles from bottle_movements where customer_id = %s",
        [tables.ids["@ana"]],
    ).fetchone()
    assert owed == {"bottles": 3}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"bottles": -2}, "bottle_movements_kind_check"),
        ({"bottles": 0}, "bottle_movements_kind_check"),
        ({"kind": "returned"}, "bottle_movements_kind_check"),
        ({"kind": "paid"}, "bottle_movements_kind_check"),
        ({"kind": "stolen"}, "bottle_movements_kind_check"),
        ({"kind": "corrected", "bottles": 0, "note": "x"}, "bottle_movements_kind_check"),
        ({"kind": "corrected"}, "bottle_movements_note_check"),
        ({"changed_by": ""}, "bottle_movements_changed_by_check"),
    ],
)
def test_a_movement_that_cannot_be_is_refused(
    tables: ShopTables, changes: dict[str, Any], rule: str
) -> None:
    with tables.refusing(rule, CheckViolation):
        moved(tables, **changes)


def test_a_delivery_is_entered_once(tables: ShopTables) -> None:
    moved(tables, order_id="@order_first")
    moved(tables, order_id="@order_first", kind="returned", bottles=-2)
    moved(tables, order_id="@order_first", product_id="@second")
    with tables.refusing("bottle_movements_order_key", UniqueViolation):
        moved(tables, order_id="@order_first")


@pytest.mark.parametrize(("table", "name"), [("customers", "luis"), ("products", "second")])
def test_bottles_that_are_owed_do_not_vanish(tables: ShopTables, table: str, name: str) -> None:
    moved(tables, customer_id="@luis", product_id="@second")
    with pytest.raises(ForeignKeyViolation), tables.connection.transaction():
        tables.connection.execute(f"delete from {table} where name = %s", [name])

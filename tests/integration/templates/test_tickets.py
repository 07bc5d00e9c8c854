"""The dry cleaner's garments and services, tickets, pieces and reminders."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from tests.integration.templates.conftest import ShopTables

TICKET = {
    "customer_id": "@ana",
    "received_on": date(2026, 3, 2),
    "promised_on": date(2026, 3, 5),
}
NOON = "2026-03-05T12:00"


@pytest.fixture(scope="module")
def tables(open_shop: Callable[[str], ShopTables]) -> ShopTables:
    tables = open_shop("tintoreria")
    for code in ("shirt", "suit"):
        tables.put("garments", code=code, label=code)
    for code, days in (("ironing", 1), ("dry_cleaning", 3)):
        tables.put("services", code=code, label=code, turnaround_days=days)
    return tables


@pytest.fixture(autouse=True)
def _untouched(tables: ShopTables) -> Iterator[None]:
    with tables.connection.transaction(force_rollback=True):
        yield


def ticket(tables: ShopTables, **changes: Any) -> dict[str, Any]:
    return tables.put("tickets", **TICKET | changes)


def piece(tables: ShopTables, of: dict[str, Any], position: int = 1, **changes: Any) -> None:
    row = {"garment_code": "shirt", "service_code": "ironing", "price": 20}
    tables.put("ticket_pieces", ticket_id=of["id"], position=position, **row | changes)


def reminder(tables: ShopTables, of: dict[str, Any], **changes: Any) -> None:
    row = {"kind": "uncollected", "due_at": NOON}
    tables.put("ticket_reminders", ticket_id=of["id"], **row | changes)


def test_tickets_are_numbered_for_the_counter(tables: ShopTables) -> None:
    first, second = ticket(tables), ticket(tables)
    assert first["number"] >= 1001
    assert second["number"] == first["number"] + 1
    assert first["ticket_code"] == f"T-{first['number']}"
    assert first["state"] == "received"


@pytest.mark.parametrize(
    "changes",
    [
        {"promised_on": date(2026, 3, 2)},
        {"state": "in_process"},
        {"state": "ready", "ready_at": NOON},
        {"state": "delivered", "ready_at": NOON, "closed_at": NOON},
        {"state": "cancelled", "closed_at": NOON},
        {"order_id": "@order_first"},
    ],
)
def test_a_ticket_goes_from_the_counter_to_the_customer(
    tables: ShopTables, changes: dict[str, Any]
) -> None:
    ticket(tables, **changes)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"state": "lost"}, "tickets_state_check"),
        ({"promised_on": date(2026, 3, 1)}, "tickets_promised_check"),
        ({"state": "ready"}, "tickets_ready_check"),
        ({"state": "delivered", "closed_at": NOON}, "tickets_ready_check"),
        ({"state": "delivered", "ready_at": NOON}, "tickets_closed_check"),
        ({"state": "cancelled"}, "tickets_closed_check"),
        ({"closed_at": NOON}, "tickets_closed_check"),
    ],
)
def test_a_ticket_that_contradicts_itself_is_refused(
    tables: ShopTables, changes: dict[str, Any], rule: str
) -> None:
    with tables.refusing(rule, CheckViolation):
        ticket(tables, **changes)


def test_an_order_has_one_ticket_which_outlives_it(tables: ShopTables) -> None:
    made = ticket(tables, order_id="@order_first")
    with tables.refusing("tickets_order_id_key", UniqueViolation):
        ticket(tables, order_id="@order_first")
    tables.connection.execute("delete from orders where source = 'first'")
    kept = tables.connection.execute("select order_id from tickets where id = %s", [made["id"]])
    assert kept.fetchall() == [{"order_id": None}]


def test_clothes_at_the_shop_keep_their_customer(tables: ShopTables) -> None:
    ticket(tables, customer_id="@luis")
    with tables.refusing("tickets_customer_id_fkey", ForeignKeyViolation):
        tables.connection.execute("delete from customers where name = 'luis'")


def test_each_piece_has_its_service_its_notes_and_its_state(tables: ShopTables) -> None:
    made = ticket(tables)
    piece(tables, made, 1, notes="mancha en el puño")
    piece(tables, made, 2, garment_code="suit", service_code="dry_cleaning", state="ready")
    with tables.refusing("ticket_pieces_pkey", UniqueViolation):
        piece(tables, made, 2)
    tables.connection.execute("delete from tickets where id = %s", [made["id"]])
    assert tables.connection.execute("select * from ticket_pieces").fetchall() == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"position": 0}, "ticket_pieces_position_check"),
        ({"price": -1}, "ticket_pieces_price_check"),
        ({"state": "burnt"}, "ticket_pieces_state_check"),
    ],
)
def test_a_piece_that_cannot_be_is_refused(
    tables: ShopTables, changes: dict[str, Any], rule: str
) -> None:
    made = ticket(tables)
    with tables.refusing(rule, CheckViolation):
        piece(tables, made, **changes)


@pytest.mark.parametrize("column", ["garment_code", "service_code"])
def test_a_piece_is_of_a_kind_that_the_shop_knows(tables: ShopTables, column: str) -> None:
    made = ticket(tables)
    with tables.refusing(f"ticket_pieces_{column}_fkey", ForeignKeyViolation):
        piece(tables, made, **{column: "spaceship"})


def test_reminders_are_planned_and_sent_once(tables: ShopTables) -> None:
    made = ticket(tables)
    reminder(tables, made, kind="ready", sent_at=NOON)
    reminder(tables, made)
    reminder(tables, made, number=2, cancelled_at=NOON)
    with tables.refusing("ticket_reminders_pkey", UniqueViolation):
        reminder(tables, made, due_at="2026-03-09")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"kind": "birthday"}, "ticket_reminders_kind_check"),
        ({"number": 0}, "ticket_reminders_number_check"),
        ({"number": 21}, "ticket_reminders_number_check"),
        ({"sent_at": NOON, "cancelled_at": NOON}, "ticket_reminders_end_check"),
    ],
)
def test_a_reminder_that_cannot_be_is_refused(
    tables: ShopTables, changes: dict[str, Any], rule: str
) -> None:
    made = ticket(tables)
    with tables.refusing(rule, CheckViolation):
        reminder(tables, made, **changes)


def test_a_product_is_one_service_to_one_garment(tables: ShopTables) -> None:
    what = {"garment_code": "shirt", "service_code": "ironing"}
    tables.put("garment_services", product_id="@first", **what)
    with tables.refusing("garment_services_garment_service_key", UniqueViolation):
        tables.put("garment_services", product_id="@second", **what)
    with tables.refusing("garment_services_garment_code_fkey", ForeignKeyViolation):
        tables.connection.execute("delete from garments where code = 'shirt'")


@pytest.mark.parametrize(
    ("table", "row", "rule"),
    [
        ("garments", {"code": "Shirt", "label": "x"}, "garments_code_check"),
        ("garments", {"code": "coat", "label": ""}, "garments_label_check"),
        ("services", {"code": "a b", "label": "x", "turnaround_days": 1}, "services_code_check"),
        ("services", {"code": "x", "label": "", "turnaround_days": 1}, "services_label_check"),
        ("services", {"code": "x", "label": "x", "turnaround_days": -1},
         "services_turnaround_check"),
        ("services", {"code": "x", "label": "x", "turnaround_days": 91},
         "services_turnaround_check"),
    ],
)  # fmt: skip
def test_a_kind_of_garment_or_service_that_cannot_be_is_refused(
    tables: ShopTables, table: str, row: dict[str, Any], rule: str
) -> None:
    with tables.refusing(rule, CheckViolation):
        tables.put(table, **row)

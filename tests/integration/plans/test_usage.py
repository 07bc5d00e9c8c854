"""What a shop used in a month, as the operator sees it."""

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.integration.plans.conftest import Connection, Provisioning, Rows
from tests.integration.tenants.asking import create_words, document
from tests.integration.tenants.conftest import Cli
from wabot.cli.plan import usage_chart
from wabot.domain.usage import Month
from wabot.repositories.message_prices import COLUMNS

MONTH = ("--month", "2026-02")


@pytest.fixture
def used(shop: str, rows: Rows) -> str:
    """A shop that sent 150 messages and took three orders in February of Mexico City."""
    rows("INSERT INTO {}.usage VALUES ('2026-01-31', 7), ('2026-02-01', 100), ('2026-02-28', 50),"
         " ('2026-03-01', 9)")  # fmt: skip
    rows("INSERT INTO {}.customers (wa_id, first_contact_at) VALUES ('1', now())")
    # Midnight is at six in UTC: the first and the last of these are of other months.
    for number, at in enumerate(
        ("02-01 05:59", "02-01 06:00", "02-15 12:00", "03-01 05:59", "03-01 06:00")
    ):
        rows(
            "INSERT INTO {}.orders (customer_id, total, status, source, created_at) SELECT c.id, 1,"
            " s.code, %s, %s FROM {}.customers c, {}.order_status s ORDER BY s.position LIMIT 1",
            str(number),
            f"2026-{at}+00",
        )
    return shop


def test_the_figures_are_those_of_the_shops_own_month(cli: Cli, used: str) -> None:
    data = document(cli("plan", "usage", used, *MONTH, "--json"))["data"]
    days = {day["day"]: (day["messages"], day["orders"]) for day in data.pop("days")}
    assert data == {
        "slug": "lupita",
        "month": "2026-02",
        "messages": 150,
        "limit": 1_000,
        "orders": 3,
        "messages_per_order": "50.00",
        "cost": "0",
        "cost_per_order": "0.0000",
        "currency": "USD",
        "allowance_left": 1_000,
    }
    assert len(days) == 28
    assert {day: figures for day, figures in days.items() if any(figures)} == {
        "2026-02-01": (100, 1),
        "2026-02-15": (0, 1),
        "2026-02-28": (50, 1),
    }


@pytest.mark.parametrize(
    ("zone", "month"),
    [
        # The clocks go back in the month's first days, forward in its middle, and at its edge:
        # Asunción's went from midnight of 30 September to 1:00 of 1 October.
        ("America/Santiago", ("2026-04", "2026-04-01 03:00Z", "2026-05-01 04:00Z")),
        ("America/Tijuana", ("2026-03", "2026-03-01 08:00Z", "2026-04-01 07:00Z")),
        ("America/Asuncion", ("2023-10", "2023-10-01 04:00Z", "2023-11-01 03:00Z")),
    ],
)
def test_a_month_has_what_lies_between_the_midnights_of_its_zone(
    cli: Cli, shop: str, rows: Rows, zone: str, month: tuple[str, str, str]
) -> None:
    named, begins, ends = month
    rows("UPDATE wabot.clients SET time_zone = %s", zone)
    rows("INSERT INTO {}.customers (wa_id, first_contact_at) VALUES ('1', now())")
    rows(
        "INSERT INTO {}.orders (customer_id, total, status, source, created_at)"
        " SELECT c.id, 1, (SELECT code FROM {}.order_status ORDER BY position LIMIT 1), at, at"
        " FROM {}.customers c, unnest(ARRAY[%s::timestamptz - interval '1 us', %s, %s::timestamptz"
        " - interval '1 us', %s]) at",
        *(begins, begins, ends, ends),
    )
    one = document(cli("plan", "usage", shop, "--month", named, "--json"))["data"]
    days = [(day["day"], day["orders"]) for day in one["days"]]
    assert len(days) == Month.parse(named).last.day
    assert [day for day in days if day[1]] == [(days[0][0], 1), (days[-1][0], 1)]
    (every,) = document(cli("plan", "usage", "--rebuild", "--month", named, "--json"))["data"]
    assert (one["orders"], every["orders"]) == (2, 2)


def test_off_a_terminal_totals_are_lines_and_days_are_csv(cli: Cli, used: str) -> None:
    lines = dict(
        line.split("\t") for line in cli("plan", "usage", used, *MONTH).stdout.splitlines()
    )
    assert (lines["messages"], lines["messages_per_order"]) == ("150", "50.00")
    days = cli("plan", "usage", used, *MONTH, "--csv").stdout.splitlines()
    assert (days[:2], len(days)) == (["day,messages,orders", "2026-02-01,100,1"], 29)
    every = cli("plan", "usage", "--rebuild", *MONTH, "--csv").stdout.splitlines()
    assert every[0].startswith("slug,month,messages,limit,orders,messages_per_order,cost,")
    assert every[1].startswith("lupita,2026-02,150,1000,3,50.00,0,")


def test_the_cost_is_priced_as_counted_and_what_has_no_price_is_told(
    cli: Cli, used: str, rows: Rows, provisioning: Provisioning
) -> None:
    rows("INSERT INTO {}.charges VALUES ('2026-10-02', '5215', 'service', 'regular', 0, 700),"
         " ('2026-10-02', '5215', 'service', 'regular', 1, 310),"
         " ('2026-10-02', '9999', 'service', 'regular', 0, 4)")  # fmt: skip
    found = document(cli("plan", "usage", used, "--month", "2026-10", "--json"))
    price = provisioning.plan_usage.prices.price("5215", "service", Month(2026, 10).first)
    assert price is not None
    # A thousand are free, and of a day the cheapest: 10 are billed. Those of no price come last.
    assert Decimal(found["data"]["cost"]) == 10 * price
    assert found["data"]["allowance_left"] == 0
    assert found["data"]["messages_per_order"] is None
    assert "no price is known for 4 service messages (regular) to 9999…" in found["warnings"][0]


def test_the_operators_own_prices_hold_for_one_shop_and_for_all(
    cli: Cli, used: str, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows("INSERT INTO {}.charges VALUES ('2026-02-02', '5215', 'service', 'regular', 0, 1010)")
    head = ",".join(COLUMNS)
    line = "Mexico,52 MX,service utility,0.16,MXN,2026-01-01,,the bill"
    file = tmp_path / "prices.csv"
    file.write_text(f"{head}\n{line}\n", encoding="utf-8")
    monkeypatch.setenv("WABOT_MESSAGE_PRICES", str(file))
    one = document(cli("plan", "usage", used, *MONTH, "--json"))["data"]
    (every,) = document(cli("plan", "usage", "--rebuild", *MONTH, "--json"))["data"]
    # 1,000 of 1,010 are free: 10 × 0.16 = 1.60 pesos, for three orders.
    for found in (one, every):
        assert (Decimal(found["cost"]), found["currency"]) == (Decimal("1.60"), "MXN")
        assert (found["cost_per_order"], found["allowance_left"]) == ("0.5333", 0)
    file.write_text(f"{head}\n{line}\n{line}\n", encoding="utf-8")
    for words in ((used,), (), ("--rebuild",)):
        refused = cli("plan", "usage", *words)
        assert refused.exit_code == 3
        assert str(file) in refused.stderr
        assert "lines 2 and 3 both have a price of service messages to Mexico" in refused.stderr


def test_all_shops_are_told_from_the_roll_up_with_how_fresh_it_is(
    cli: Cli, used: str, central: Connection
) -> None:
    before = document(cli("plan", "usage", *MONTH, "--json"))
    assert before["data"][0]["messages"] == 0
    central.execute("UPDATE wabot.usage_refresh SET done_until = '2026-01-02 03:04Z'")
    old = document(cli("plan", "usage", *MONTH, "--json"))
    assert old["data"][0]["as_of"] == "2026-01-02T03:04:00+00:00"
    assert "no server has rolled the figures up since 2026-01-02T03:04:00" in old["warnings"][0]
    assert old["next"] == ["wabot plan usage --rebuild"]
    fresh = document(cli("plan", "usage", "--rebuild", *MONTH, "--json"))
    (row,) = fresh["data"]
    assert fresh["warnings"] == []
    assert row["as_of"] > "2026-01-03"
    assert (row["messages"], row["orders"], row["cost"], row["unread"]) == (150, 3, "0", None)


def test_a_shop_that_cannot_be_read_is_told_as_it_was_last_known_and_marked(
    cli: Cli, used: str, rows: Rows, central: Connection
) -> None:
    assert cli(*create_words("otra", phone_number_id="2"), stdin="EAAtoken").exit_code == 0
    assert cli("plan", "usage", "--rebuild").exit_code == 0
    central.execute("UPDATE wabot.usage SET updated_at = '2026-01-02 03:04Z'")
    rows("ALTER TABLE {}.usage RENAME TO hidden")
    done = cli("plan", "usage", "--rebuild", *MONTH)
    assert (done.exit_code, "1 shop could not be read lately: lupita" in done.stderr) == (1, True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("lupita", "150"), ("otra", "0")]
    asked = cli("plan", "usage", *MONTH, "--json")
    lupita, otra = document(asked)["data"]
    assert asked.exit_code == 1
    assert (lupita["messages"], lupita["as_of"]) == (150, "2026-01-02T03:04:00+00:00")
    assert 'relation "' in lupita["unread"]
    assert otra["unread"] is None
    assert "lupita is as of 2026-01-02T03:04:00+00:00" in document(asked)["warnings"][0]
    rows("ALTER TABLE {}.hidden RENAME TO usage")
    assert cli("plan", "usage", "--rebuild", *MONTH).exit_code == 0


def test_a_month_that_is_none_or_has_not_begun_is_refused(
    cli: Cli, shop: str, subtests: pytest.Subtests
) -> None:
    for month, said in (
        ("febrero", "--month: 'febrero' is no month like"),
        ("2026-13", "is no month like"),
        ("2190-01", "the month 2190-01 has not begun in America/Mexico_City"),
    ):
        with subtests.test(month=month):
            done = cli("plan", "usage", shop, "--month", month)
            assert (done.exit_code, said in done.stderr) == (2, True)


def test_the_chart_has_a_bar_for_each_day_as_long_as_its_share(
    used: str, provisioning: Provisioning
) -> None:
    text = StringIO()
    usage_chart.draw(provisioning.plan_usage.run(used, Month(2026, 2)), text)
    lines: list[Any] = text.getvalue().splitlines()
    assert "150 of 1,000 messages (15 %) · 3 orders · 50.00 messages per order" in lines[1]
    days = [line.split() for line in lines if line[:3] in {"Sun", "Mon", "Sat"}]
    assert ["Sun", "1", "█" * 48, "100", "1"] in days
    assert ["Sat", "28", "█" * 24, "50", "1"] in days
    assert ["Mon", "2"] in days
    assert (
        sum(line[:3] in {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} for line in lines) == 28
    )


@pytest.mark.parametrize(
    ("value", "most", "drawn"),
    [(0, 0, ""), (0, 9, ""), (1, 10_000, "▏"), (8, 8, "████"), (5, 8, "██▌"), (1, 8, "▌")],
)
def test_a_bar_is_drawn_to_an_eighth_and_never_hides_what_is_there(
    value: int, most: int, drawn: str
) -> None:
    assert usage_chart.bar(value, most, 4) == drawn


def test_the_roll_up_can_be_lost_and_is_written_anew_from_the_shops_tables(
    cli: Cli, used: str, rows: Rows, central: Connection
) -> None:
    rows("INSERT INTO {}.charges VALUES ('2026-02-02', '5215', 'service', 'regular', 0, 100),"
         " ('2026-02-02', '9999', 'marketing', 'regular', 0, 4)")  # fmt: skip
    columns = "month, messages, orders, cost, currency, allowance_left, unpriced, days"
    query = f"SELECT {columns} FROM wabot.usage ORDER BY month"
    assert cli("plan", "usage", "--rebuild", "--json").exit_code == 0
    whole = central.execute(query).fetchall()
    assert [(row[0], row[1], row[2], sum(row[7]), len(row[7])) for row in whole] == [
        ("2026-01", 7, 1, 7, 31),
        ("2026-02", 150, 3, 150, 28),
        ("2026-03", 9, 1, 9, 31),
    ]
    assert whole[1][5:7] == (900, [["9999", "marketing", "regular", 4]])
    for spoilt in (
        "DELETE FROM wabot.usage",
        "UPDATE wabot.usage SET messages = 0, cost = 9, days = '{}', unpriced = '[]'",
        "INSERT INTO wabot.usage (client_id, month) SELECT id, '2019-01' FROM wabot.clients",
    ):
        central.execute(spoilt)
        assert central.execute(query).fetchall() != whole
        assert cli("plan", "usage", used, "--rebuild").exit_code == 0
        assert central.execute(query).fetchall() == whole

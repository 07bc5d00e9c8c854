"""What a month's messages cost, worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from wabot.domain.cost import (
    Charge,
    Cost,
    Kind,
    Price,
    PriceTable,
    Unpriced,
    cost_of,
    kind_of,
    refuse_overlaps,
)

OCTOBER = date(2026, 10, 1)
TABLE = PriceTable(
    "USD",
    (
        Price("Mexico", ("52", "MX"), "service", Decimal("0.0085"), OCTOBER),
        Price("Mexico", ("52", "MX"), "utility", Decimal("0.0085"), OCTOBER),
        Price("Mexico", ("52", "MX"), "marketing", Decimal("0.0397"), OCTOBER),
        Price("Argentina", ("54", "AR"), "service", Decimal("0.026"), OCTOBER, date(2027, 1, 1)),
        Price("Argentina", ("54", "AR"), "service", Decimal("0.03"), date(2027, 1, 1)),
        Price("Dominican Republic", ("1809", "DO"), "service", Decimal("0.0113"), OCTOBER),
    ),
)


def sent(
    messages: int,
    recipients: str = "5215",
    *,
    category: str = "service",
    kind: str = "regular",
    day: date = date(2026, 11, 5),
) -> Charge:
    return Charge(day, recipients, category, kind, messages)


def test_a_shop_below_the_free_messages_pays_nothing() -> None:
    assert cost_of([sent(600), sent(399)], TABLE) == Cost(Decimal(0), "USD", 1)


def test_beyond_a_thousand_each_service_message_costs() -> None:
    # 4,200 messages to Mexico, of which 1,000 are free: 3,200 × 0.0085 = 27.20 dollars.
    cost = cost_of([sent(2_100, day=date(2026, 11, 5)), sent(2_100, day=date(2026, 11, 6))], TABLE)
    assert (cost.amount, cost.allowance_left) == (Decimal("27.20"), 0)


def test_templates_cost_from_the_first_one() -> None:
    # 30 notices by template and 10 offers beside 800 free answers:
    # 30 × 0.0085 = 0.255; 10 × 0.0397 = 0.397; together 0.652 dollars.
    charges = [sent(800), sent(30, category="utility"), sent(10, category="marketing")]
    assert cost_of(charges, TABLE) == Cost(Decimal("0.652"), "USD", 200)


def test_the_free_messages_are_those_that_come_first() -> None:
    # On the 3rd 1,000 to Mexico take all that is free, so on the 4th 100 to Argentina cost
    # 100 × 0.026 = 2.60 dollars.
    charges = [sent(100, "5491", day=date(2026, 11, 4)), sent(1_000, day=date(2026, 11, 3))]
    assert cost_of(charges, TABLE).amount == Decimal("2.60")


def test_within_one_day_the_cheapest_count_as_free() -> None:
    # 900 + 200 on one day, 1,000 free: the 900 to Mexico and 100 of those to Argentina are.
    # The other 100 cost 100 × 0.026 = 2.60 dollars, and Meta never asks for more.
    assert cost_of([sent(200, "5491"), sent(900)], TABLE).amount == Decimal("2.60")


def test_a_price_holds_from_its_day_to_before_the_next_one() -> None:
    # 1,000 free on 30 December; then 10 × 0.026 = 0.26 on the 31st. In January, with a thousand
    # free again, 10 × 0.03 = 0.30.
    december = [
        sent(1_000, "5491", day=date(2026, 12, 30)),
        sent(10, "5491", day=date(2026, 12, 31)),
    ]
    assert cost_of(december, TABLE).amount == Decimal("0.26")
    january = [sent(1_000, "5491", day=date(2027, 1, 1)), sent(10, "5491", day=date(2027, 1, 2))]
    assert cost_of(january, TABLE).amount == Decimal("0.30")


def test_what_meta_calls_free_costs_nothing() -> None:
    # Free for the customer's window: of the thousand. Free after an advertisement: beside them.
    charges = [
        sent(300, kind="free_customer_service"),
        sent(500, kind="free_entry_point"),
        sent(20, category="utility", kind="free_entry_point"),
        sent(7, category="utility", kind="not_billed"),
    ]
    assert cost_of(charges, TABLE) == Cost(Decimal(0), "USD", 700)


def test_what_no_price_is_known_for_is_told_and_not_guessed() -> None:
    # All 1,000 free ones went to Mexico. 2 to Mexico cost 2 × 0.0085 = 0.017; what goes to
    # Spain, a category of the future, an unknown type and a day before all prices cost unknown.
    charges = [
        sent(1_000, day=date(2026, 11, 1)),
        sent(2),
        sent(3, "3461"),
        sent(1, category="authentication"),
        sent(4, kind="unknown"),
        sent(5, category="utility", day=date(2026, 9, 30)),
    ]
    cost = cost_of(charges, TABLE)
    assert cost.amount == Decimal("0.017")
    assert cost.unpriced == (
        Unpriced("3461", "service", "regular", 3),
        Unpriced("5215", "authentication", "regular", 1),
        Unpriced("5215", "service", "unknown", 4),
        Unpriced("5215", "utility", "regular", 5),
    )


def test_a_user_id_is_priced_by_its_country() -> None:
    # 1,000 free, then 10 × 0.0085 = 0.085 dollars.
    charges = [sent(1_000, "MX", day=date(2026, 11, 1)), sent(10, "MX")]
    assert cost_of(charges, TABLE).amount == Decimal("0.085")


@pytest.mark.parametrize(("recipients", "priced"), [("1809", True), ("1305", False), ("1", False)])
def test_the_longest_beginning_of_a_number_tells_its_country(recipients: str, priced: bool) -> None:
    found = TABLE.price(recipients, "service", date(2026, 11, 5))
    assert (found == Decimal("0.0113")) is priced


@pytest.mark.parametrize(
    ("written", "billable", "kind"),
    [
        ("regular", True, Kind.REGULAR),
        ("", None, Kind.REGULAR),
        ("regular", False, Kind.NOT_BILLED),
        ("free_customer_service", False, Kind.FREE_CUSTOMER_SERVICE),
        ("free_entry_point", None, Kind.FREE_ENTRY_POINT),
        ("of_the_future", True, Kind.UNKNOWN),
        ("of_the_future", False, Kind.NOT_BILLED),
    ],
)
def test_what_a_status_says_of_the_price(written: str, billable: bool | None, kind: Kind) -> None:
    assert kind_of(written, billable) is kind


def test_two_prices_for_one_day_are_refused_with_their_lines() -> None:
    first = Price("Chile", ("56", "CL"), "service", Decimal("0.02"), OCTOBER, line=4)
    second = Price("Chile", ("56",), "service", Decimal("0.03"), date(2026, 12, 1), line=9)
    with pytest.raises(ValueError, match=r"lines 4 and 9 .* from 2026-12-01"):
        refuse_overlaps([first, second])
    refuse_overlaps([Price("Chile", ("56",), "utility", Decimal("0.02"), OCTOBER), second])

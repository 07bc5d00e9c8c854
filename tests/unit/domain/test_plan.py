"""What a plan allows, and what is agreed with one client apart from it."""

from datetime import UTC, datetime, timedelta

import pytest

from wabot.domain.plan import (
    COMING,
    PLANS,
    Deviation,
    Feature,
    Limit,
    Override,
    effective,
    plan_of,
)
from wabot.domain.plan_standing import PAYS, Phase, PlanStanding

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
BASICO, COMPLETO, PREMIUM = (PLANS[code] for code in ("basico", "completo", "premium"))


def override(item: str, value: int, *, since: int = -1, until: int | None = None) -> Override:
    ends_at = None if until is None else NOW + until * DAY
    return Override(item, value, f"because {value}", NOW + since * DAY, ends_at)


def test_the_plans_are_those_of_the_price_list() -> None:
    figures = {p.code: (p.messages_per_month, p.active_products) for p in PLANS.values()}
    assert figures == {
        "basico": (1_000, 50),
        "completo": (5_000, 300),
        "premium": (25_000, 2_000),
    }
    assert BASICO.features == frozenset()
    assert COMPLETO.features == {
        Feature.OWNER_COMMANDS,
        Feature.FREE_TEXT_ORDERS,
        Feature.MONTHLY_REPORT,
    }
    assert PREMIUM.features == set(Feature)


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.code)
def test_without_an_override_a_client_has_just_its_plan(plan) -> None:
    allowed = effective(plan, (), NOW)
    assert (allowed.messages_per_month, allowed.active_products, allowed.features) == (
        plan.messages_per_month,
        plan.active_products,
        plan.features,
    )
    assert allowed.deviations == ()


def test_an_override_replaces_a_limit_and_says_why() -> None:
    ends = NOW + 9 * DAY
    allowed = effective(BASICO, (override(Limit.MESSAGES, 1_500, until=9),), NOW)
    assert (allowed.messages_per_month, allowed.active_products) == (1_500, 50)
    assert allowed.deviations == (Deviation(Limit.MESSAGES, 1_000, 1_500, "because 1500", ends),)


def test_a_limit_can_be_nothing_at_all() -> None:
    assert effective(BASICO, (override(Limit.PRODUCTS, 0),), NOW).active_products == 0


def test_a_feature_is_given_or_taken_away() -> None:
    allowed = effective(
        COMPLETO,
        (override(Feature.OWN_DATABASE, 1), override(Feature.FREE_TEXT_ORDERS, 0)),
        NOW,
    )
    assert allowed.includes(Feature.OWN_DATABASE)
    assert not allowed.includes(Feature.FREE_TEXT_ORDERS)
    assert {d.item: (d.planned, d.granted) for d in allowed.deviations} == {
        Feature.OWN_DATABASE: (0, 1),
        Feature.FREE_TEXT_ORDERS: (1, 0),
    }


def test_nobody_has_what_this_version_does_not(subtests: pytest.Subtests) -> None:
    premium = PLANS["premium"].allowance
    for feature in Feature:
        with subtests.test(feature=feature):
            assert feature in premium.features
            assert premium.includes(feature) is (feature not in COMING)


def test_an_override_holds_from_its_beginning_to_before_its_end() -> None:
    given = (override(Limit.MESSAGES, 9, since=0, until=2),)
    limits = [
        effective(BASICO, given, moment).messages_per_month
        for moment in (NOW - DAY, NOW, NOW + 2 * DAY - timedelta(microseconds=1), NOW + 2 * DAY)
    ]
    assert limits == [1_000, 9, 9, 1_000]


def test_the_last_given_override_that_holds_counts_and_the_one_before_returns_after_it() -> None:
    given = (override(Limit.MESSAGES, 2_000), override(Limit.MESSAGES, 3_000, until=1))
    assert effective(BASICO, given, NOW).messages_per_month == 3_000
    assert effective(BASICO, given, NOW + DAY).messages_per_month == 2_000


def test_an_override_of_something_unknown_counts_for_nothing() -> None:
    assert effective(BASICO, (override("voice_calls", 1),), NOW) == effective(BASICO, (), NOW)


def test_a_shop_whose_plan_is_unknown_is_not_limited_for_it() -> None:
    assert plan_of("oro") is PREMIUM
    assert plan_of("basico") is BASICO


def standing(trial: int | None, grace: int | None, suspends: int | None) -> PlanStanding:
    return PlanStanding(*(None if n is None else NOW + n * DAY for n in (trial, grace, suspends)))


@pytest.mark.parametrize(
    ("dates", "phase"),
    [
        ((None, None, None), Phase.PAID),
        ((1, None, None), Phase.TRIAL),
        ((1, 8, None), Phase.TRIAL),
        # Each date holds from its very moment on.
        ((0, 7, None), Phase.GRACE),
        ((-1, 6, None), Phase.GRACE),
        ((None, 5, None), Phase.GRACE),
        ((-7, 0, None), Phase.SUSPENDED),
        ((0, None, None), Phase.SUSPENDED),
        ((None, None, 1), Phase.PAID),
        ((None, None, 0), Phase.SUSPENDED),
        ((1, 8, -1), Phase.SUSPENDED),
        ((None, -1, 5), Phase.SUSPENDED),
    ],
)
def test_the_dates_come_to_a_phase(dates, phase) -> None:
    assert standing(*dates).phase(NOW) is phase


def test_who_has_no_dates_is_never_suspended() -> None:
    assert PAYS.suspended_from is None
    assert standing(1, 8, 3).suspended_from == NOW + 3 * DAY

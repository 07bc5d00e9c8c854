"""The plans as the operator sees them, and what they cost."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.plans.conftest import Connection
from tests.integration.tenants.asking import document
from tests.integration.tenants.conftest import Cli
from wabot.domain.plan import COMING, Feature


def test_the_plans_are_listed_with_limits_features_and_prices(cli: Cli) -> None:
    cli("plan", "price", "basico", "299", "--currency", "mxn")
    cli("plan", "price", "basico", "17.5", "--currency", "USD")
    done = cli("plan", "list")
    assert done.stdout.splitlines()[:2] == [
        "basico\tBásico\t1000\t50\t\t\t299.00 MXN 17.50 USD",
        "completo\tCompleto\t5000\t300\tfree_text_orders\towner_commands monthly_report\t",
    ]
    (basico, *_, premium) = document(cli("plan", "list", "--json"))["data"]
    assert basico["prices"] == {"MXN": "299.00", "USD": "17.50"}
    assert premium["features"] == ["free_text_orders", "own_database"]
    assert premium["coming"] == [feature for feature in Feature if feature in COMING]
    assert document(cli("plan", "show", "basico", "--json"))["data"] == basico


def test_a_price_is_changed_and_taken_away_and_each_change_is_audited(
    cli: Cli, audited: Callable[[], list[tuple[str, Any]]]
) -> None:
    assert cli("plan", "price", "basico", "299", "--currency", "MXN").exit_code == 0
    assert (
        "It is so already" in cli("plan", "price", "basico", "299.00", "--currency", "MXN").stderr
    )
    assert cli("plan", "price", "basico", "349", "--currency", "MXN").exit_code == 0
    for words in ((), ("--remove",), ("299",), ("299", "--remove", "--currency", "MXN")):
        refused = cli("plan", "price", "basico", *words)
        assert (refused.exit_code, "an amount and its --currency" in refused.stderr) == (2, True)
    assert cli("plan", "price", "basico", "--remove", "--currency", "MXN").exit_code == 0
    assert [(action, details["price"]) for action, details in audited()] == [
        ("plan.price", [None, "299.00"]),
        ("plan.price", ["299.00", "349.00"]),
        ("plan.price", ["349.00", None]),
    ]


_NO_PRICES: list[tuple[tuple[str, ...], str]] = [
    (("basica", "1", "--currency", "MXN"), "Did you mean basico?"),
    (("basico", "1", "--currency", "MXP"), "unknown currency 'MXP'"),
    (("basico", "--currency", "MXN", "--", "-1"), "must be an amount like 299"),
    (("basico", "1,50", "--currency", "MXN"), "must be an amount like 299"),
    (("basico", "1.5", "--currency", "CLP"), "more than the 0 decimals of CLP"),
    (("basico", "--currency", "MXN"), "an amount and its --currency"),
]


def test_a_price_that_cannot_be_is_refused(cli: Cli, subtests: pytest.Subtests) -> None:
    for words, said in _NO_PRICES:
        with subtests.test(words=words):
            done = cli("plan", "price", *words)
            assert done.exit_code == 2
            assert said in done.stderr


def test_an_unknown_plan_is_answered_with_the_likely_one(cli: Cli) -> None:
    done = cli("plan", "show", "premiun")
    assert (done.exit_code, "Did you mean premium?" in done.stderr) == (2, True)
    assert cli("plan", "show").exit_code == 2
    assert cli("plan", "show", "basico", "--tenant", "lupita").exit_code == 2


def test_what_stands_in_a_row_but_is_not_known_counts_for_nothing_and_is_told(
    cli: Cli, shop: str, central: Connection
) -> None:
    central.execute(
        "INSERT INTO wabot.plan_overrides (client_id, item, value, reason, starts_at, actor)"
        " SELECT id, 'voice_calls', 1, 'a newer version', now() - interval '1 day', 'x'"
        " FROM wabot.clients"
    )
    central.execute("UPDATE wabot.clients SET plan_type = 'oro'")
    found = document(cli("plan", "show", "--tenant", shop, "--json"))
    assert [override["state"] for override in found["data"]["overrides"]] == ["unknown item"]
    assert found["data"]["limits"]["active_products"]["allowed"] == 2_000
    assert "names the plan 'oro', which this version does not know" in found["warnings"][0]
    doctor = cli("tenant", "doctor", shop, "--json")
    (finding,) = document(doctor)["data"]["findings"]
    assert doctor.exit_code == 1
    assert finding["what"].startswith("its row names the plan 'oro'")
    assert finding["repair"] == "wabot tenant update lupita --plan basico|completo|premium"
    assert cli("tenant", "update", shop, "--plan", "premium").exit_code == 0
    assert cli("tenant", "doctor", shop).exit_code == 0

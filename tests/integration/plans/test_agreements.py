"""What is agreed with one shop apart from its plan, as the operator sets it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.plans.conftest import Connection, Rows
from tests.integration.tenants.asking import document
from tests.integration.tenants.conftest import Cli
from wabot.repositories.runtime.clients import PostgresClients
from wabot.repositories.runtime.pools import Pools

Audited = Callable[[], list[tuple[str, Any]]]


@pytest.fixture
def shown(cli: Cli, shop: str) -> Callable[[], Any]:
    return lambda: document(cli("plan", "show", "--tenant", shop, "--json"))["data"]


def agree(cli: Cli, *words: str) -> Any:
    return document(cli("plan", "set", "lupita", *words, "--json"))["data"]


def test_what_is_agreed_holds_at_once_in_running_servers_and_is_audited(
    cli: Cli, shop: str, shown: Callable, audited: Audited, central: Connection
) -> None:
    version = "SELECT version FROM wabot.clients"
    before = central.execute(version).fetchone()
    agree(
        cli,
        *("--messages", "1,500", "--feature", "+free_text_orders", "--feature", "-own-database"),
        *("--until", "30d", "--reason", "campaña"),
    )
    data = shown()
    assert data["limits"]["messages_per_month"] == {"plan": 1_000, "allowed": 1_500, "used": 0}
    assert data["limits"]["active_products"] == {"plan": 50, "allowed": 50, "used": 48}
    assert [name for name, on in data["features"].items() if on] == ["free_text_orders"]
    assert {found["state"] for found in data["overrides"]} == {"holds"}
    assert central.execute(version).fetchone() > before
    ((action, details),) = audited()
    assert action == "plan.set"
    assert details["messages_per_month"][0] == []
    assert details["messages_per_month"][1][0]["value"] == 1_500
    assert details["messages_per_month"][1][0]["reason"] == "campaña"


async def test_the_runtime_carries_it_with_the_tenant(
    cli: Cli, shop: str, runtime_url: str
) -> None:
    agree(cli, "--products", "60", "--reason", "x", "--until", "9d", "--trial-until", "3d")
    pools = Pools(runtime_url, size=1)
    await pools.open()
    tenant = await PostgresClients(pools).by_phone_number_id("106540352242922")
    await pools.close()
    assert tenant is not None
    now = datetime.now(UTC)
    assert [
        (tenant.allowance(at).active_products, tenant.standing.phase(at), tenant.is_served(at))
        for at in (now, now + timedelta(days=5), now + timedelta(days=20))
    ] == [(60, "trial", True), (60, "grace", True), (50, "suspended", False)]


def test_days_are_whole_days_of_the_shops_time_zone(cli: Cli, shop: str, shown: Callable) -> None:
    agree(cli, "--messages", "9", "--from", "2190-01-02", "--until", "2190-01-02", "--reason", "x")
    (found,) = shown()["overrides"]
    # Mexico City is six hours behind.
    assert (found["starts_at"], found["ends_at"], found["state"]) == (
        "2190-01-02T06:00:00+00:00",
        "2190-01-03T06:00:00+00:00",
        "not begun",
    )
    assert shown()["limits"]["messages_per_month"]["allowed"] == 1_000


def test_asking_again_changes_nothing_and_a_dry_run_neither(
    cli: Cli, shop: str, audited: Audited
) -> None:
    words = ("--messages", "2000", "--until", "9d", "--reason", "x", "--trial-until", "20d")
    tried = agree(cli, *words, "--dry-run")
    assert len(tried["changes"]) == 3
    assert audited() == []
    assert len(agree(cli, *words)["changes"]) == 3
    assert agree(cli, *words)["changes"] == []
    assert len(audited()) == 1


def test_what_is_cleared_ends_and_what_had_not_begun_never_does(
    cli: Cli, shop: str, shown: Callable
) -> None:
    agree(cli, "--messages", "2000", "--reason", "for good")
    agree(cli, "--messages", "3000", "--until", "9d", "--reason", "for a while")
    assert [found["state"] for found in shown()["overrides"]] == ["replaced", "holds"]
    agree(cli, "--messages", "4000", "--from", "3d", "--reason", "later")
    assert agree(cli, "--clear", "messages")["changes"][0]["what"] == "messages_per_month"
    data = shown()
    assert [(f["value"], f["state"]) for f in data["overrides"]] == [
        (2_000, "ended"),
        (3_000, "ended"),
    ]
    assert data["limits"]["messages_per_month"]["allowed"] == 1_000
    assert agree(cli, "--clear", "messages")["changes"] == []
    told = cli("plan", "show", "--tenant", shop).stdout
    # It ended this minute, not with a day.
    assert told.count(" until 20") == 2


def test_a_trial_is_followed_by_grace_and_paying_ends_both(
    cli: Cli, shop: str, shown: Callable, central: Connection
) -> None:
    agree(cli, "--trial-until", "2190-01-01")
    data = shown()
    assert (data["phase"], data["trial_ends_at"], data["grace_ends_at"]) == (
        "trial",
        "2190-01-02T06:00:00+00:00",
        "2190-01-09T06:00:00+00:00",
    )
    agree(cli, "--grace-until", "2190-02-01")
    assert shown()["suspended_from"] == "2190-02-02T06:00:00+00:00"
    central.execute("UPDATE wabot.clients SET trial_ends_at = now(), grace_ends_at = now()")
    assert shown()["phase"] == "suspended"
    refused = cli("tenant", "resume", shop)
    assert refused.exit_code == 4
    assert "wabot plan set lupita --paid" in refused.stderr
    agree(cli, "--paid")
    assert (shown()["phase"], shown()["suspended_from"]) == ("paid", None)


def test_a_limit_below_what_is_sold_is_refused_with_the_numbers(
    cli: Cli, shop: str, audited: Audited
) -> None:
    done = cli("plan", "set", shop, "--products", "40", "--reason", "x")
    assert done.exit_code == 4
    assert "lupita has 48 active products, 40 would be allowed; nothing was changed" in done.stderr
    assert audited() == []


def test_more_products_than_the_plan_has_may_be_agreed(cli: Cli, shop: str, rows: Rows) -> None:
    rows("INSERT INTO {}.products (sku, name, price, is_active) SELECT 'X' || n, 'X' || n, 1, false"
         " FROM generate_series(1, 4) n")  # fmt: skip
    agree(cli, "--products", "51", "--reason", "x")
    assert cli("catalog", "activate", shop, "X1", "X2", "X3").exit_code == 0
    done = cli("catalog", "activate", shop, "X4")
    assert (
        "plan basico, with what is agreed apart from it, allows 51 active products, lupita has 51"
        " and would have 52" in done.stderr
    )


_IMPOSSIBLE: list[tuple[tuple[str, ...], str]] = [
    (("--messages=-5",), "--messages must be a whole number from 0"),
    (("--messages", "1.5"), "--messages must be a whole number from 0"),
    (("--products", "99999999999"), "--products must be a whole number from 0"),
    (("--messages", "5"), "needs a --reason"),
    (("--messages", "5", "--reason", " "), "needs a --reason"),
    (("--feature", "free_text_orders", "--reason", "x"), "takes +NAME to give"),
    (("--feature", "+free_text", "--reason", "x"), "Did you mean free_text_orders?"),
    (("--clear", "product"), "Did you mean products?"),
    (("--messages", "5", "--until", "2020-01-01", "--reason", "x"), "is in the past"),
    (("--messages", "5", "--from", "2020-01-01", "--reason", "x"), "is in the past"),
    (("--messages", "5", "--from", "9d", "--until", "2d", "--reason", "x"), "is before --from"),
    (("--messages", "5", "--until", "mañana", "--reason", "x"), "takes a day like"),
    (("--messages", "5", "--until", "9999-12-31", "--reason", "x"), "takes a day like"),
    (("--until", "5d"), "are for what is given by --messages"),
    (("--reason", "x"), "nothing to agree on was given"),
    (("--trial-until", "2020-01-01"), "is in the past"),
    (("--trial-until", "9d", "--grace-until", "3d"), "is before the trial's end"),
    (("--paid", "--suspend-on", "3d"), "give one or the other"),
]


def test_what_cannot_be_agreed_on_is_refused_with_the_option_named(
    cli: Cli, shop: str, subtests: pytest.Subtests
) -> None:
    for words, said in _IMPOSSIBLE:
        with subtests.test(words=words):
            done = cli("plan", "set", shop, *words)
            assert done.exit_code == 2
            assert said in done.stderr
    assert document(cli("plan", "show", "--tenant", shop, "--json"))["data"]["overrides"] == []


def test_what_this_version_does_not_have_may_be_agreed_on_and_is_said_to_be_coming(
    cli: Cli, shop: str, shown: Callable
) -> None:
    words = ("plan", "set", shop, "--feature", "+recurring_orders", "--reason", "x", "--json")
    (warned,) = document(cli(*words))["warnings"]
    assert warned == "recurring_orders is not in this version yet: it changes nothing so far"
    assert (shown()["features"]["recurring_orders"], shown()["coming"]) == (
        False,
        ["recurring_orders"],
    )


def test_a_feature_that_is_given_is_as_good_as_one_of_the_plan(
    cli: Cli, shop: str, shown: Callable
) -> None:
    words = ("tenant", "move", shop, "--isolation", "database", "--dry-run")
    refused = cli(*words)
    assert (refused.exit_code, "does not include a database of its own" in refused.stderr) == (
        4,
        True,
    )
    agree(cli, "--feature", "+own_database", "--reason", "x")
    assert cli(*words).exit_code == 0
    assert document(cli("tenant", "show", shop, "--json"))["data"]["phase"] == "paid"


def test_another_plan_is_told_of_what_goes_on_ruling_and_how_to_end_it(cli: Cli, shop: str) -> None:
    agree(cli, "--messages", "100", "--feature", "-own-database", "--reason", "piloto")
    changed = document(cli("tenant", "update", shop, "--plan", "completo", "--json"))
    told = " ".join(changed["warnings"])
    assert "messages_per_month stays 100 as agreed (piloto)" in told
    assert f"wabot plan set {shop} --clear messages_per_month" in told
    agree(cli, "--clear", "messages_per_month", "--clear", "own_database")
    assert document(cli("tenant", "update", shop, "--plan", "premium", "--json"))["warnings"] == []

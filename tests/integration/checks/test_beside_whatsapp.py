"""What serve learns of shops at Meta becomes alerts, and ends them: only what was asked counts."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from tests.harness import NUMBER, TOKEN
from wabot.config import examine_settings, settings_of
from wabot.container.central import CentralUrls
from wabot.container.checks.beside import ChecksBeside
from wabot.domain.tenant import Tenant
from wabot.logs import hide
from wabot.repositories.alerts.facts import PostgresFacts
from wabot.repositories.runtime.alarm import PostgresAlarm
from wabot.repositories.runtime.check_states import PostgresCheckStates
from wabot.repositories.runtime.clients import PostgresClients
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.token_ends import PostgresTokenEnds
from wabot.services.alerts.rounds import Looks, Thresholds
from wabot.simulation.graph import GraphConfig, Number, StandInGraph

WABA, APP = "900100200300", "100200300400500"
DAY = 86400
ORDINARY = {
    "status": "CONNECTED",
    "quality_rating": "GREEN",
    "health_status": {"can_send_message": "AVAILABLE", "entities": []},
}
UNPAID = {"error_code": 141006, "error_description": "There is an error with the payment"}
WRONG = {
    "quality_rating": "RED",
    "health_status": {
        "can_send_message": "LIMITED",
        "entities": [{"entity_type": "WABA", "can_send_message": "LIMITED", "errors": [UNPAID]}],
    },
}

Look = Callable[[], Awaitable[dict[str, str]]]


@pytest.fixture
async def graph() -> AsyncIterator[StandInGraph]:
    config = GraphConfig(numbers=(Number(NUMBER, TOKEN, waba_id=WABA),), app_id=APP)
    async with StandInGraph(config) as running:
        running.tell(NUMBER, **ORDINARY)
        yield running


@pytest.fixture
async def pools(runtime_url: str) -> AsyncIterator[Pools]:
    opened = Pools(runtime_url, size=4)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def shop(make_shop: Callable[..., Tenant]) -> Tenant:
    return make_shop("bodega", waba_id=WABA)


@pytest.fixture
def look(
    environment: dict[str, str], runtime_url: str, pools: Pools, graph: StandInGraph, shop: Tenant
) -> Look:
    """Make all checks anew, and look at the tokens' ends; return what stands, by key."""
    given = environment | {"WHATSAPP_API_BASE": graph.url}
    central_url = environment["DATABASE_URL"]
    found = examine_settings(environ=given, env_file=Path("/nowhere/.env"))
    hide(found.secrets)
    facts = PostgresFacts(pools, owner="one", host="here")
    tokens = Looks(facts, None, None, None, Thresholds(), host="here").rounds()["tokens"]  # type: ignore[arg-type]  # asks none of them

    async def made() -> dict[str, str]:
        beside = ChecksBeside(
            found,
            settings_of(found),
            CentralUrls(runtime_url, embedded=False, owner=central_url),
            PostgresCheckStates(pools),
            PostgresAlarm(pools),
            PostgresTokenEnds(pools),
            PostgresClients(pools),
        )
        for _ in range(2):  # what is new is first spread over a while
            with psycopg.connect(central_url) as connection:
                connection.execute("update wabot.checks set next_at = now() - interval '1 s'")
            await beside.once()
        await tokens.look({})
        with psycopg.connect(central_url) as connection:
            rows = connection.execute(
                "select key, severity from wabot.alerts where resolved_at is null"
                " and (key like 'number_%' or key like 'payment_%' or key like '%token%')"
            )
            return dict(rows.fetchall())

    return made


RED, UNCHARGED = "number_quality:whatsapp.quality:bodega", "payment_problem:whatsapp.payment:bodega"


async def test_a_red_number_and_a_missing_payment_are_alerts_until_meta_is_content(
    look: Look, graph: StandInGraph
) -> None:
    graph.tell(NUMBER, **WRONG)
    assert await look() == {RED: "error", UNCHARGED: "critical"}
    graph.tell(NUMBER, **ORDINARY)
    assert await look() == {}


async def test_what_is_left_unasked_for_metas_limits_leaves_its_alert_as_it_stands(
    look: Look, graph: StandInGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.tell(NUMBER, **WRONG)
    await look()
    graph.tell(NUMBER, **ORDINARY)

    class Spent:
        def take(self, _account: str) -> bool:
            return False

    with monkeypatch.context() as patched:
        patched.setattr("wabot.container.checks.whatsapp._BUDGET", Spent())
        assert await look() == {RED: "error", UNCHARGED: "critical"}
    assert await look() == {}


async def test_a_check_whose_need_fails_leaves_its_alert_as_it_stands(
    look: Look, graph: StandInGraph, shop: Tenant
) -> None:
    graph.tell(NUMBER, **WRONG)
    await look()
    graph.withdraw(TOKEN)
    ended = {f"token_expiring:{shop.id}": "critical"}
    assert await look() == {RED: "error", UNCHARGED: "critical"} | ended


async def test_the_end_of_a_token_that_serve_learns_of_is_told_by_the_rule_for_it(
    look: Look, graph: StandInGraph, shop: Tenant
) -> None:
    key = f"token_expiring:{shop.id}"
    graph.let_end(TOKEN, int(time.time()) + 5 * DAY)
    assert await look() == {key: "warning"}
    graph.let_end(TOKEN, int(time.time()) + 60 * DAY)
    assert await look() == {}
    graph.withdraw(TOKEN)
    # Once, by its own rule: not as a failed check as well.
    assert await look() == {key: "critical"}


async def test_what_was_asked_of_a_former_token_is_not_noted_of_the_present_one(
    pools: Pools, shop: Tenant, central_url: str
) -> None:
    facts = PostgresFacts(pools, owner="one", host="here")
    with psycopg.connect(central_url) as connection:
        connection.execute("update wabot.clients set whatsapp_token = 'another'")
    now = await facts.now()
    await PostgresTokenEnds(pools).note(shop, now)
    with psycopg.connect(central_url) as connection:
        row = connection.execute("select token_expires_at from wabot.clients").fetchone()
    assert row == (None,)

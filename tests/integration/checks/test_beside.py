"""Checks beside the servers: each made by one process, told as alerts, shown to whoever asks."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.harness import running
from wabot.config import examine_settings, settings_of
from wabot.container.central import CentralUrls
from wabot.container.checks.beside import ChecksBeside
from wabot.logs import hide
from wabot.repositories.runtime.alarm import PostgresAlarm
from wabot.repositories.runtime.check_states import PostgresCheckStates
from wabot.repositories.runtime.clients import PostgresClients
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.token_ends import PostgresTokenEnds

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def pools(runtime_url: str) -> AsyncIterator[Pools]:
    opened = Pools(runtime_url, size=4)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def beside(environment, central_url: str, runtime_url: str, pools: Pools) -> ChecksBeside:
    found = examine_settings(environ=environment, env_file=Path("/nowhere/.env"))
    urls = CentralUrls(runtime_url, embedded=False, owner=central_url)
    states, alarm = PostgresCheckStates(pools), PostgresAlarm(pools)
    tokens = PostgresTokenEnds(pools)
    return ChecksBeside(
        found, settings_of(found), urls, states, alarm, tokens, PostgresClients(pools), ["whatsapp"]
    )


@pytest.fixture(autouse=True)
def _masked(environment):
    hide(examine_settings(environ=environment, env_file=Path("/nowhere/.env")).secrets)


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def _do(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)


DUE = "update wabot.checks set next_at = now() - interval '1 second'"
ALERTS = "select key, client_id, severity, resolved_at is null from wabot.alerts order by key"


async def test_one_process_of_several_gets_what_is_due(pools: Pools) -> None:
    one, other = PostgresCheckStates(pools), PostgresCheckStates(pools)
    keys = {"database@here": MINUTE, "aws": MINUTE}
    assert set(await one.claim(keys)) == {"database@here", "aws"}
    assert await other.claim(keys) == []


async def test_shops_are_claimed_a_few_at_a_time_and_each_once(
    pools: Pools, make_shop, central_url: str
) -> None:
    for number in range(3):
        make_shop(f"shop-{number}", f"10650000000000{number}")
    states = PostgresCheckStates(pools)
    await states.claim_shops("tenant", MINUTE, most=0)
    _do(central_url, DUE)
    first = await states.claim_shops("tenant", MINUTE, most=2)
    second = await states.claim_shops("tenant", MINUTE, most=2)
    slugs = sorted(due.slug for due in first + second)
    assert (len(first), slugs) == (2, ["shop-0", "shop-1", "shop-2"])
    assert await states.claim_shops("tenant", MINUTE, most=2) == []


async def test_a_shop_that_is_made_later_is_looked_at_as_well(
    pools: Pools, make_shop, central_url: str
) -> None:
    states = PostgresCheckStates(pools)
    for number in range(2):
        make_shop(f"shop-{number}", f"10650000000000{number}")
        await states.claim_shops("tenant", MINUTE, most=0)
    _do(central_url, DUE)
    claimed = await states.claim_shops("tenant", MINUTE, most=9)
    assert sorted(due.slug for due in claimed) == ["shop-0", "shop-1"]


async def test_what_stays_well_is_not_written_again(
    pools: Pools, make_shop, central_url: str
) -> None:
    make_shop("bodega")
    states = PostgresCheckStates(pools)
    await states.claim_shops("tenant", MINUTE, most=9)
    rows = "select problems, xmin::text from wabot.checks"
    before = _rows(central_url, rows)
    await states.keep({"tenant:bodega": []})
    assert _rows(central_url, rows) == before
    await states.keep({"tenant:bodega": [{"id": "tenant.database:bodega"}]})
    assert _rows(central_url, rows)[0][0] == [{"id": "tenant.database:bodega"}]


async def test_shops_are_looked_at_in_bundles(
    beside: ChecksBeside, make_shop, central_url: str
) -> None:
    seen = "select count(claimed_at) from wabot.checks where key like 'tenant:%'"
    await beside._once(1000.0)
    make_shop("bodega")
    await beside.states.claim_shops("tenant", MINUTE, most=0)
    _do(central_url, DUE)
    await beside._once(1200.0)
    assert _rows(central_url, seen) == [(0,)]
    await beside._once(1300.0)
    assert _rows(central_url, seen) == [(1,)]


async def test_an_accounts_share_of_an_hour_is_kept(
    pools: Pools, make_shop, central_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wabot.repositories.runtime.check_states._PER_ACCOUNT", 2)
    for number in range(4):
        waba = "900100200300" if number else "900100200999"
        make_shop(f"shop-{number}", f"10650000000000{number}", waba_id=waba)
    states = PostgresCheckStates(pools)
    await states.claim_shops("whatsapp", MINUTE, most=0)
    _do(central_url, DUE)
    claimed = [
        due.slug for _ in range(4) for due in await states.claim_shops("whatsapp", MINUTE, most=1)
    ]
    assert len(claimed) == 3
    assert "shop-0" in claimed


async def test_a_shops_problem_is_an_alert_of_that_shop_and_gone_with_its_cause(
    beside: ChecksBeside, make_shop, central_url: str
) -> None:
    shop = make_shop("bodega")
    make_shop("otra", "106500000000002")
    place = shop.placement
    _do(central_url, f'revoke usage on schema "{place.schema}" from "{place.role}"')
    await beside.once()
    _do(central_url, DUE)
    await beside.once()
    standing = {key: rest for key, *rest in _rows(central_url, ALERTS)}
    assert standing["check_failed:tenant.database:bodega"] == [shop.id, "warning", True]
    assert not any(key.endswith(":otra") for key in standing)
    _do(central_url, f'grant usage on schema "{place.schema}" to "{place.role}"', DUE)
    await beside.once()
    assert [key for key, *_, stands in _rows(central_url, ALERTS) if stands] == []


async def test_a_server_is_not_ready_while_what_it_needs_fails_and_ready_again_after(
    beside: ChecksBeside, environment, central_url: str
) -> None:
    async with running(environment) as server:

        async def readiness() -> tuple[int, dict[str, object]]:
            async with server.session.get(f"{server.admin}/readyz") as response:
                return response.status, await response.json()

        await beside.once()
        assert await readiness() == (200, {"status": "ready", "checks": []})
        _do(central_url, "grant delete on wabot.clients to wabot_runtime", DUE)
        await beside.once()
        problem = {
            "id": "database.runtime_role",
            "status": "error",
            "fix": "wabot db upgrade",
        }
        assert await readiness() == (
            503,
            {"status": "unavailable", "reason": "database.runtime_role", "checks": [problem]},
        )
        _do(central_url, "revoke delete on wabot.clients from wabot_runtime", DUE)
        await beside.once()
        assert (await readiness())[0] == 200


async def test_what_is_skipped_at_the_start_is_skipped_beside_as_well(
    beside: ChecksBeside, central_url: str
) -> None:
    beside.skipped = ("database.runtime_role", "whatsapp")
    _do(central_url, "grant delete on wabot.clients to wabot_runtime")
    await beside.once()
    assert _rows(central_url, ALERTS) == []

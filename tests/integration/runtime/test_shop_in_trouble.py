"""One shop's database away, slow, locked or full: its messages wait, the others' do not."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.harness import Harness, make_tenant, open_shop, running
from wabot.config import Settings
from wabot.domain.tenant import Isolation, Tenant
from wabot.errors import DatabaseUnavailable, WriteConflict
from wabot.repositories.runtime import pools as pools_module
from wabot.repositories.runtime.pools import Pools
from wabot.simulation.inbound_payloads import Person, from_customer, text

OTHER = "106500000000002"


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment) as harness:
        yield harness


def break_(shop: Harness, statement: str, when: str = "true") -> None:
    """Let every message that the shop writes run into that."""
    shop.shop(
        "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {when} THEN {statement}; END IF; RETURN NEW; END $$"
    )
    shop.shop("GRANT EXECUTE ON FUNCTION broken() TO PUBLIC")
    shop.shop(
        "CREATE TRIGGER broken BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION broken()"
    )


def repair(shop: Harness) -> None:
    shop.shop("DROP TRIGGER broken ON messages")


async def waiting(shop: Harness) -> dict:
    async with asyncio.timeout(10):
        while True:
            rows = shop.central(
                "SELECT state, attempts, last_error, due_at - now() AS left FROM wabot.inbox"
                " WHERE last_error IS NOT NULL"
            )
            if rows:
                return rows[0]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "57014", "55P03", "25006", "58030"])
async def test_what_the_database_cannot_do_now_waits_and_is_not_set_aside(
    environment: dict[str, str], state: str
) -> None:
    async with running(environment, WABOT_EVENT_TRIES="1") as shop:
        break_(shop, f"RAISE EXCEPTION 'no' USING ERRCODE = '{state}'")
        await shop.post(shop.body(text("hola")))
        event = await waiting(shop)
        assert (event["state"], event["attempts"]) == ("waiting", 0)
        assert event["last_error"] == "database_unavailable"
        await asyncio.sleep(2.5)
        assert shop.central("SELECT 1 FROM wabot.inbox WHERE state = 'failed'") == []
        assert shop.central("SELECT 1 FROM wabot.alerts") == []
        repair(shop)
        assert "hola" in (await shop.answer()).text.lower()


async def test_a_collision_is_tried_again_at_once(shop: Harness) -> None:
    shop.shop("CREATE SEQUENCE tries")
    shop.shop("GRANT USAGE ON SEQUENCE tries TO PUBLIC")
    schema = shop.tenant.placement.schema
    break_(
        shop,
        "RAISE EXCEPTION 'met' USING ERRCODE = '40P01'",
        when=f"nextval('\"{schema}\".tries') <= 2",
    )
    begun = time.monotonic()
    await shop.say("hola")
    assert time.monotonic() - begun < 1.5
    await shop.settled()
    assert shop.central("SELECT last_error FROM wabot.inbox") == [{"last_error": None}]


async def test_the_pauses_of_what_waits_grow_up_to_a_minute(shop: Harness) -> None:
    break_(shop, "RAISE EXCEPTION 'full' USING ERRCODE = '53100'")
    await shop.post(shop.body(text("hola")))
    event = await waiting(shop)
    assert event["left"] <= timedelta(seconds=2)
    for age, low, high in (("20 s", 19, 25), ("10 min", 58, 60)):
        shop.central_do(
            "UPDATE wabot.inbox SET last_error = NULL, due_at = now(),"
            " received_at = now() - %s::interval",
            [age],
        )
        shop.central_do("UPDATE wabot.conversations SET due_at = now()")
        event = await waiting(shop)
        assert timedelta(seconds=low) < event["left"] <= timedelta(seconds=high)


@pytest.mark.parametrize("trouble", ["sleep", "lock"])
async def test_a_slow_or_locked_shop_delays_no_other(
    shop: Harness, environment: dict[str, str], trouble: str
) -> None:
    other = make_tenant(shop.settings, shop.owner_url, "otra", number=OTHER)
    lock = None
    if trouble == "sleep":
        break_(shop, "PERFORM pg_sleep(1.5)")
    else:
        place = shop.tenant.placement
        lock = psycopg.connect(shop.owner_url)
        lock.execute(f'LOCK TABLE "{place.schema}".customers')
    for number in range(20):
        person = Person(f"52155502000{number:02}", "Eva")
        await shop.post(shop.body(text("hola"), sender=person))
    took = []
    for number in range(5):
        body = from_customer(
            other.phone_number_id,
            Person(f"52155503000{number:02}", "Luz"),
            text("hola"),
            timestamp=int(shop.clock.now().timestamp()),
        )
        begun = time.monotonic()
        await shop.post(body)
        answer = await shop.answer(Person(f"52155503000{number:02}", "Luz"))
        took.append(time.monotonic() - begun)
        assert answer.phone_number_id == OTHER
    if lock is None:
        repair(shop)
    else:
        lock.close()
    # A turn takes milliseconds; the machine may be busy with much else.
    assert max(took) < 3


@pytest.fixture
def alone(settings: Settings, central_url: str) -> Tenant:
    """A shop with a database of its own."""
    return make_tenant(settings, central_url, "sola", isolation=Isolation.DATABASE.value)


@pytest.fixture
async def pools(runtime_url: str) -> AsyncIterator[Pools]:
    opened = Pools(runtime_url, size=4, timeout=0.5)
    await opened.open()
    yield opened
    await opened.close()


async def touch(pools: Pools, tenant: Tenant) -> None:
    async with pools.tenant(tenant) as transaction:
        await transaction.execute("SELECT 1")


async def seconds_to_fail(pools: Pools, tenant: Tenant) -> float:
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        await touch(pools, tenant)
    return time.monotonic() - begun


def close_database(central_url: str, tenant: Tenant, *, allowed: bool = False) -> None:
    name = tenant.placement.database
    with psycopg.connect(central_url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}')
        if not allowed:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )


async def test_a_database_that_is_away_is_spared_after_three_tries_and_found_again(
    pools: Pools, alone: Tenant, central_url: str
) -> None:
    await touch(pools, alone)
    close_database(central_url, alone)
    for _ in range(3):
        await seconds_to_fail(pools, alone)
    begun = time.process_time()
    with pytest.raises(DatabaseUnavailable, match="spared"):
        await touch(pools, alone)
    assert time.process_time() - begun < 0.2
    close_database(central_url, alone, allowed=True)
    async with asyncio.timeout(20):
        while True:
            try:
                await touch(pools, alone)
                break
            except DatabaseUnavailable:
                await asyncio.sleep(0.2)


async def test_what_was_sent_is_marked_all_the_same(
    pools: Pools, alone: Tenant, central_url: str
) -> None:
    await touch(pools, alone)
    close_database(central_url, alone)
    for _ in range(3):
        await seconds_to_fail(pools, alone)
    close_database(central_url, alone, allowed=True)
    await asyncio.sleep(0.6)
    async with pools.tenant(alone, urgent=True) as transaction:
        assert await transaction.execute("SELECT 1") == [(1,)]


async def test_a_server_that_takes_connections_and_never_answers_is_spared(
    pools: Pools, alone: Tenant, make_far: Callable[[Tenant, int], Tenant]
) -> None:
    # The kernel takes connections for whoever listens; nobody ever reads from these.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        far = make_far(alone, silent.getsockname()[1])
        for _ in range(3):
            assert await seconds_to_fail(pools, far) < 5
        with pytest.raises(DatabaseUnavailable, match="spared"):
            await touch(pools, far)
        await touch(pools, alone)


@pytest.fixture
def make_far() -> Callable[[Tenant, int], Tenant]:
    from dataclasses import replace

    def make(tenant: Tenant, port: int) -> Tenant:
        server = f"host=127.0.0.1 port={port}"
        return replace(tenant, placement=replace(tenant.placement, server=server, login="x"))

    return make


async def test_a_server_that_falls_silent_in_the_middle_is_cut_off(
    pools: Pools, alone: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools_module, "_SILENCE", 0.5)
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        async with pools.tenant(alone) as transaction:
            await transaction.execute("SELECT pg_sleep(9)")
    assert time.monotonic() - begun < 5
    await touch(pools, alone)


async def test_a_collision_has_an_error_of_its_own_and_spares_nobody(
    pools: Pools, alone: Tenant
) -> None:
    for _ in range(4):
        with pytest.raises(WriteConflict):
            async with pools.tenant(alone) as transaction:
                await transaction.execute(
                    "DO $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = '40001'; END $$"
                )
    await touch(pools, alone)


async def test_while_a_shops_own_database_is_away_others_are_answered_and_then_it_is_too(
    environment: dict[str, str],
) -> None:
    async with running(environment, isolation=Isolation.DATABASE) as shop:
        other = make_tenant(shop.settings, shop.owner_url, "otra", number=OTHER)
        await shop.say("hola")
        await shop.settled()
        close_database(shop.owner_url, shop.tenant)
        people = [Person(f"52155504000{number:02}", "Eva") for number in range(6)]
        for person in people:
            await shop.post(shop.body(text("hola"), sender=person))
        luz = Person("5215550500001", "Luz")
        begun = time.monotonic()
        stamp = int(shop.clock.now().timestamp())
        await shop.post(from_customer(other.phone_number_id, luz, text("hola"), timestamp=stamp))
        await shop.answer(luz)
        assert time.monotonic() - begun < 3
        close_database(shop.owner_url, shop.tenant, allowed=True)
        await shop.settled(60)
        answered = [m.to for m in shop.graph.messages if m.to in {p.wa_id for p in people}]
        assert sorted(answered) == sorted(person.wa_id for person in people)
        assert conninfo_to_dict(shop.owner_url)["dbname"] != shop.tenant.placement.database
        with open_shop(shop.owner_url, shop.tenant) as rows:
            assert rows.execute("SELECT count(*) AS n FROM customers").fetchone() == {"n": 7}

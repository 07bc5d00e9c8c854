"""Whoever waits too long is noticed: one alert per shop, resolved when the backlog is gone."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.harness import Clock
from wabot.domain.tenant import Tenant
from wabot.repositories.runtime.journal import PostgresJournal
from wabot.repositories.runtime.media import PostgresFileQueue
from wabot.repositories.runtime.pools import Pools
from wabot.services.runtime.events import EventKind, NewEvent

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def journal(runtime_url: str) -> AsyncIterator[PostgresJournal]:
    pools = Pools(runtime_url, size=4)
    yield PostgresJournal(
        pools,
        owner="tests",
        lease=MINUTE,
        quiet=timedelta(0),
        quiet_limit=timedelta(0),
        clock=Clock(),
    )
    await pools.close()


@pytest.fixture
def central(central_url: str) -> Callable[..., list]:
    def run(statement: str) -> list:
        with psycopg.connect(central_url) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


async def keep_waiting(
    journal: PostgresJournal, central: Callable[..., list], shop: Tenant, seconds: int
) -> None:
    event = NewEvent(
        shop.phone_number_id, f"wamid.{seconds}", EventKind.MESSAGE, "521", {}, NOW, shop.id
    )
    await journal.accept([event])
    central(
        f"UPDATE wabot.inbox SET received_at = now() - interval '{seconds} s'"
        f" WHERE dedup_key = 'wamid.{seconds}'"
    )


ALERTS = "SELECT key, occurrences, resolved_at IS NULL FROM wabot.alerts ORDER BY key"


async def test_events_that_wait_over_a_minute_raise_one_alert_per_shop(
    journal: PostgresJournal, central: Callable[..., list], make_tenant: Callable[..., Tenant]
) -> None:
    one, two = make_tenant("una"), make_tenant("dos", number="106500000000002")
    make_tenant("tres", number="106500000000003")
    for seconds in (70, 90, 20):
        await keep_waiting(journal, central, one, seconds)
    await keep_waiting(journal, central, two, 61)
    found = sorted(await journal.watch(MINUTE))
    assert len(found) == 2
    first = central("SELECT min(id) FROM wabot.inbox")[0][0]
    assert found[1].startswith("Events of una wait: 2 since ")
    assert found[1].endswith(f"wabot inbox show {first}")
    assert await journal.watch(MINUTE) == []
    keys = sorted(f"event_waits:{shop.id}" for shop in (one, two))
    assert central(ALERTS) == [(key, 1, True) for key in keys]


async def test_it_is_resolved_when_the_backlog_is_gone_and_raised_anew_when_it_is_back(
    journal: PostgresJournal, central: Callable[..., list], make_tenant: Callable[..., Tenant]
) -> None:
    shop = make_tenant("una")
    await keep_waiting(journal, central, shop, 70)
    await journal.watch(MINUTE)
    central("UPDATE wabot.inbox SET state = 'done'")
    assert await journal.watch(MINUTE) == []
    key = f"event_waits:{shop.id}"
    assert central(ALERTS) == [(key, 1, False)]
    await keep_waiting(journal, central, shop, 80)
    assert len(await journal.watch(MINUTE)) == 1
    assert central(ALERTS) == [(key, 1, True)]


async def test_what_waits_for_a_shop_that_is_not_active_is_no_trouble(
    journal: PostgresJournal, central: Callable[..., list], make_tenant: Callable[..., Tenant]
) -> None:
    shop = make_tenant("una")
    await keep_waiting(journal, central, shop, 700)
    central("UPDATE wabot.clients SET status = 'suspended'")
    assert await journal.watch(MINUTE) == []
    assert central(ALERTS) == []


async def test_looking_costs_an_index_scan(
    central: Callable[..., list], make_tenant: Callable[..., Tenant]
) -> None:
    shop = make_tenant("una")
    central(
        "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,"
        f" occurred_at, state) SELECT '1', n::text, 'message', '{shop.id}', '52', '{{}}', now(),"
        " 'done' FROM generate_series(1, 20000) n"
    )
    central("ANALYZE wabot.inbox")
    plan = central(
        "EXPLAIN SELECT client_id, count(*) FROM wabot.inbox WHERE state = 'waiting'"
        " AND received_at < now() - interval '60 s' GROUP BY 1"
    )
    assert "inbox_received_ix" in str(plan)


async def test_files_that_wait_over_five_minutes_raise_one_alert_per_shop(
    runtime_url: str,
    central: Callable[..., list],
    make_tenant: Callable[..., Tenant],
) -> None:
    shop = make_tenant("bodega")
    pools = Pools(runtime_url, size=1)
    queue = PostgresFileQueue(pools, owner="tests", lease=MINUTE, clock=Clock())
    for age in (1, 6, 7):
        central(
            "INSERT INTO wabot.media (phone_number_id, media_id, event_key, contact, kind,"
            f" occurred_at, received_at) VALUES ('{shop.phone_number_id}', '{age}', 'w{age}',"
            f" '521', 'image', now(), now() - interval '{age} min')"
        )
    (told,) = await queue.watch(5 * MINUTE)
    assert told.startswith("Files that customers sent to bodega wait to be fetched: 2 since")
    assert await queue.watch(5 * MINUTE) == []
    assert central(ALERTS) == [(f"media_waits:{shop.id}", 1, True)]
    central("DELETE FROM wabot.media WHERE media_id <> '1'")
    assert await queue.watch(5 * MINUTE) == []
    assert central(ALERTS) == [(f"media_waits:{shop.id}", 1, False)]
    await pools.close()

"""Facts in a real database become alerts, once, by whichever process looks; and end again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from tests.harness import make_tenant
from tests.integration.alerts.looking import HOST, Central, FullDisk, alerts
from wabot.config import Settings
from wabot.domain.tenant import Tenant
from wabot.repositories.alerts.facts import PostgresFacts
from wabot.repositories.runtime.pools import Pools
from wabot.services.alerts.evaluator import Evaluator
from wabot.services.alerts.tally import Tally
from wabot.services.runtime.measuring import UNMEASURED


async def test_counted_failures_become_an_alert_and_success_ends_it(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    tally = Tally(UNMEASURED)
    evaluator = evaluator_of(tally=tally)
    for _ in range(6):
        tally.not_taken(shop.slug)
    tally.sent(shop.slug, "text", "accepted")
    tally.sent("gone", "text", "accepted")
    await evaluator._note_traffic()
    assert await alerts(evaluator, central) == [("graph_failing", "error")]
    (row,) = central("SELECT message, client_id FROM wabot.alerts")
    assert row == ("Meta did not take 6 of 7 messages of bodega lately.", shop.id)
    for _ in range(60):
        tally.sent(shop.slug, "text", "accepted")
    await evaluator._note_traffic()
    assert await alerts(evaluator, central) == []
    assert central("SELECT accepted, failed FROM wabot.traffic") == [(61, 6)]


async def test_counts_that_could_not_be_written_are_written_later(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant, pools: Pools
) -> None:
    tally = Tally(UNMEASURED)
    tally.received(shop.slug, "text", "accepted")
    counts = tally.take()
    tally.received(shop.slug, "text", "accepted")
    tally.received(shop.slug, "text", "foreign_app")
    tally.give_back(counts)
    await evaluator_of(tally=tally)._note_traffic()
    assert central("SELECT received FROM wabot.busy_hours") == [(2,)]


async def test_what_nobody_may_have_is_an_alert_until_somebody_may(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    evaluator = evaluator_of()
    for key, number, app in (("a", shop.phone_number_id, "777"), ("b", "106599999999999", "777")):
        central(
            "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, contact, payload, app_id,"
            " occurred_at, received_at, state) VALUES (%s, %s, 'message', '521', '{}', %s, now(),"
            " now() - interval '1 minute', 'unrouted')",
            number,
            key,
            app,
        )
    found = [("foreign_app", "critical"), ("unknown_number", "warning")]
    assert await alerts(evaluator, central) == found
    ((said,),) = central("SELECT message FROM wabot.alerts WHERE rule = 'foreign_app'")
    assert said == (
        f"The Meta app 777 signs what is written to bodega, which is bound to the app"
        f" {shop.app_id}: 1 event waits, nobody is answered."
    )
    central("UPDATE wabot.clients SET app_id = '777'")
    assert await alerts(evaluator, central) == [("unknown_number", "warning")]


async def test_a_token_that_ends_soon_is_an_alert_that_a_new_one_ends(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    evaluator = evaluator_of()
    central("UPDATE wabot.clients SET token_expires_at = now() + interval '6 days'")
    assert await alerts(evaluator, central) == [("token_expiring", "warning")]
    central("UPDATE wabot.clients SET token_expires_at = now() - interval '1 hour'")
    assert await alerts(evaluator, central) == [("token_expiring", "critical")]
    central("UPDATE wabot.clients SET token_expires_at = now() + interval '60 days'")
    assert await alerts(evaluator, central) == []


async def test_a_stop_for_want_of_payment_is_an_alert_of_its_own(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    evaluator = evaluator_of()
    central(
        "INSERT INTO wabot.sending_pauses (client_id, reason, code, next_probe_at)"
        " SELECT id, 'no payment method', 131042, now() FROM wabot.clients"
    )
    assert await alerts(evaluator, central) == [("payment_problem", "critical")]
    central("UPDATE wabot.sending_pauses SET code = 190")
    assert await alerts(evaluator, central) == []


async def test_what_meta_tells_of_an_account_is_read_once_in_order(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    evaluator = evaluator_of()

    def told(event: str) -> None:
        central(
            "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, contact, payload,"
            " occurred_at, received_at, state, done_at) VALUES ('900100200300', %s, 'account', '',"
            " jsonb_build_object('topic', 'phone_number_quality_update', 'waba_id', '900100200300',"
            " 'raw', jsonb_build_object('event', %s::text, 'display_phone_number', '1555')),"
            " now(), now() - interval '20 s', 'done', now())",
            event,
            event,
        )

    told("FLAGGED")
    assert await alerts(evaluator, central) == [("number_quality", "error")]
    (row,) = central("SELECT message, client_id, occurrences FROM wabot.alerts")
    assert row[0].endswith("the number +…1555. Shops: bodega.")
    assert row[1:] == (shop.id, 1)
    await alerts(evaluator, central)
    assert central("SELECT occurrences FROM wabot.alerts") == [(1,)]
    told("UNFLAGGED")
    assert await alerts(evaluator, central) == []


def order(central: Central, shop: Tenant, minutes: int) -> None:
    schema = f'"{shop.placement.schema}"'
    central(
        f"INSERT INTO {schema}.customers (wa_id, first_contact_at) VALUES (%s, now())",
        f"52155501{minutes}",
    )
    central(
        f"INSERT INTO {schema}.orders (customer_id, total, status, source, created_at)"
        f" SELECT id, 1, (SELECT code FROM {schema}.order_status ORDER BY position LIMIT 1),"
        f" wa_id, now() - %s * interval '1 minute' FROM {schema}.customers WHERE wa_id = %s",
        minutes,
        f"52155501{minutes}",
    )
    central("INSERT INTO wabot.traffic (client_id, at, orders) VALUES (%s, now(), 1)", shop.id)


def accept_all(central: Central, shop: Tenant) -> None:
    schema = f'"{shop.placement.schema}"'
    central(
        f"UPDATE {schema}.orders SET status ="
        f" (SELECT code FROM {schema}.order_status ORDER BY position DESC LIMIT 1)"
    )


async def test_orders_that_lie_are_an_alert_where_somebody_wants_to_know(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    order(central, shop, 31)
    assert await alerts(evaluator_of(), central) == []
    assert await alerts(evaluator_of(order_minutes=45), central) == []
    assert await alerts(evaluator_of(order_minutes=30), central) == [("order_waits", "warning")]
    (row,) = central("SELECT message FROM wabot.alerts")
    assert row[0].startswith("1 order of bodega was not accepted within 30 minutes")
    central(
        f'INSERT INTO "{shop.placement.schema}".settings (key, value)'
        " VALUES ('order_alert_minutes', '0')"
    )
    assert await alerts(evaluator_of(order_minutes=30), central) == []
    central(
        f"UPDATE \"{shop.placement.schema}\".settings SET value = '20'"
        " WHERE key = 'order_alert_minutes'"
    )
    assert await alerts(evaluator_of(), central) == [("order_waits", "warning")]
    accept_all(central, shop)
    assert await alerts(evaluator_of(), central) == []


async def test_a_shop_that_cannot_be_asked_keeps_its_alert_and_delays_no_other(
    evaluator_of: Callable[..., Evaluator],
    central: Central,
    settings: Settings,
    central_url: str,
    shop: Tenant,
) -> None:
    other = make_tenant(settings, central_url, "otra", number="106500000000002")
    for each in (shop, other):
        order(central, each, 31)
    evaluator = evaluator_of(order_minutes=30)
    assert len(await alerts(evaluator, central)) == 2
    accept_all(central, other)
    central(f'ALTER TABLE "{shop.placement.schema}".orders RENAME TO taken_away')
    await alerts(evaluator, central)
    assert central("SELECT client_id FROM wabot.alerts WHERE resolved_at IS NULL") == [(shop.id,)]


async def test_a_full_disk_is_an_alert_of_its_machine_alone(
    evaluator_of: Callable[..., Evaluator], central: Central, disk: FullDisk
) -> None:
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message)"
        " VALUES ('disk_low:other:/', 'disk_low', 'error', 'm')"
    )
    disk.free = 5
    assert await alerts(evaluator_of(), central) == [("disk_low", "error")] * 2
    disk.free = 50
    assert await alerts(evaluator_of(), central) == [("disk_low", "error")]


async def test_processes_that_die_are_noticed_and_those_that_end_are_not(
    evaluator_of: Callable[..., Evaluator], central: Central
) -> None:
    def process(owner: str, host: str, seen: int, ended: str = "NULL") -> None:
        central(
            f"INSERT INTO wabot.processes VALUES ('{owner}', '{host}', now() - interval '1 hour',"
            f" now() - interval '{seen} s', {ended})"
        )

    for n in range(3):
        process(f"dead {n}", "a", 300)
    process("alive", "a", 5)
    process("gone", "b", 90)
    process("stopped", "c", 90, "now()")
    found = await alerts(evaluator_of(), central)
    assert found == [("server_gone", "critical"), ("worker_dying", "error")]
    keys = central("SELECT key FROM wabot.alerts ORDER BY key")
    assert keys == [("server_gone:b",), ("worker_dying:a",)]
    process("back", "b", 1)
    central("UPDATE wabot.processes SET seen_at = now() - interval '20 minutes' WHERE host = 'a'"
            " AND owner LIKE 'dead%'")  # fmt: skip
    assert await alerts(evaluator_of(), central) == []


async def test_a_shop_that_was_not_exported_is_an_alert_where_the_operator_says_so(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    central("UPDATE wabot.clients SET created_at = now() - interval '10 days'")
    assert await alerts(evaluator_of(), central) == []
    assert await alerts(evaluator_of(backup_days=7), central) == [("backup_old", "warning")]
    central(
        "INSERT INTO wabot.backups (client_id, at, address, size, rows)"
        " SELECT id, now(), 'x', 1, 1 FROM wabot.clients"
    )
    assert await alerts(evaluator_of(backup_days=7), central) == []


async def test_a_database_above_its_size_is_an_alert(
    evaluator_of: Callable[..., Evaluator], central: Central, pools: Pools
) -> None:
    facts = PostgresFacts(pools, owner="one", host=HOST)
    assert await facts.database_size() > 1_000_000
    used, most = await facts.connections()
    assert 0 < used < most


async def test_what_told_of_a_moment_is_over_when_it_did_not_happen_again(
    evaluator_of: Callable[..., Evaluator], central: Central
) -> None:
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message, last_at) VALUES"
        " ('a', 'media_failed', 'warning', 'm', now() - interval '25 hours'),"
        " ('b', 'media_failed', 'warning', 'm', now() - interval '23 hours'),"
        " ('c', 'event_set_aside', 'error', 'm', now() - interval '25 hours')"
    )
    assert await alerts(evaluator_of(), central) == [
        ("event_set_aside", "error"),
        ("media_failed", "warning"),
    ]


async def test_of_several_processes_one_looks(
    evaluator_of: Callable[..., Evaluator], central: Central, pools: Pools
) -> None:
    every = {f"round {n}": timedelta(hours=1) for n in range(5)}
    processes = [PostgresFacts(pools, owner=f"p{n}", host=HOST) for n in range(6)]
    await processes[0].register(every)
    claimed = await asyncio.gather(*(each.claim_due(every) for each in processes))
    assert sorted(name for names in claimed for name in names) == sorted(every)
    assert await processes[0].claim_due(every) == {}


async def test_old_facts_are_purged_and_with_a_shop_its_own_go(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    central(
        "INSERT INTO wabot.traffic (client_id, at) VALUES (gen_random_uuid(), now() - interval"
        " '2 days'), (gen_random_uuid(), now())"
    )
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message, resolved_at) VALUES"
        " ('a', 'media_failed', 'warning', 'm', now() - interval '91 days')"
    )
    await alerts(evaluator_of(), central)
    assert central("SELECT count(*) FROM wabot.traffic") == [(1,)]
    assert central("SELECT count(*) FROM wabot.alerts") == [(0,)]

"""Dates of payment, which come without anybody's doing: what running servers make of them."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.harness import Clock, Harness, make_tenant, running
from wabot.config import Settings
from wabot.container import Provisioning, tenants_at
from wabot.repositories.runtime.journal import PostgresJournal
from wabot.repositories.runtime.plan_dates import PostgresPlanDates
from wabot.repositories.runtime.pools import Pools
from wabot.services.provisioning.agreements import AgreementRequest
from wabot.services.provisioning.update import UpdateRequest
from wabot.services.runtime.plan_watch import PlanWatch

DAY = timedelta(days=1)
Alerts = Callable[[], dict[str, str]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def watch(runtime_url: str, clock: Clock) -> AsyncIterator[PlanWatch]:
    pools = Pools(runtime_url, size=2)
    await pools.open()
    second = timedelta(seconds=1)
    journal = PostgresJournal(
        pools, owner="tests", lease=second, quiet=second, quiet_limit=second, clock=clock
    )
    yield PlanWatch(PostgresPlanDates(pools), journal, clock)
    await pools.close()


@pytest.fixture
def standing_alerts(central_url: str) -> Alerts:
    def ask() -> dict[str, str]:
        with psycopg.connect(central_url) as central:
            return dict(
                central.execute(
                    "SELECT rule, message FROM wabot.alerts WHERE resolved_at IS NULL"
                    " AND occurrences = 1"
                ).fetchall()
            )

    return ask


def dates(central_url: str, **given: datetime | None) -> None:
    changes = ", ".join(f"{name} = %s" for name in given)
    with psycopg.connect(central_url) as central:
        central.execute(f"UPDATE wabot.clients SET {changes}", list(given.values()))


async def test_the_operator_is_told_once_of_each_phase_and_of_its_end(
    settings: Settings,
    central_url: str,
    watch: PlanWatch,
    clock: Clock,
    standing_alerts: Alerts,
) -> None:
    make_tenant(settings, central_url, "bodega")
    now = clock.now()
    dates(central_url, trial_ends_at=now + 10 * DAY, grace_ends_at=now + 17 * DAY)
    seen = []
    for _ in range(9):
        await watch.look()
        await watch.look()
        seen.append(list(standing_alerts()))
        clock.advance(days=2)
    assert seen == [[]] * 4 + [["plan_trial_ends"]] + [["plan_grace"]] * 4
    await watch.look()
    assert "bodega is suspended since" in standing_alerts()["plan_suspended"]
    dates(central_url, trial_ends_at=None, grace_ends_at=None)
    await watch.look()
    assert standing_alerts() == {}


async def test_an_announced_suspension_is_told_three_days_before(
    settings: Settings,
    central_url: str,
    watch: PlanWatch,
    clock: Clock,
    standing_alerts: Alerts,
) -> None:
    make_tenant(settings, central_url, "bodega")
    dates(central_url, suspends_at=clock.now() + 4 * DAY)
    await watch.look()
    assert standing_alerts() == {}
    clock.advance(days=2)
    await watch.look()
    assert list(standing_alerts()) == ["plan_grace"]


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment) as harness:
        yield harness


@pytest.fixture
def provisioning(shop: Harness) -> AsyncIterator[Provisioning]:
    with tenants_at(shop.owner_url, keys=shop.settings["WABOT_MASTER_KEY"]) as opened:
        yield opened


async def test_a_server_that_runs_stops_by_the_date_and_answers_once_the_shop_paid(
    shop: Harness, provisioning: Provisioning
) -> None:
    slug = shop.tenant.slug
    assert await shop.say("hola")
    provisioning.agreements.run(AgreementRequest(slug, trial_until="1d"))
    assert await shop.say("hola")
    shop.clock.advance(days=40)
    assert (await shop.post(shop.body(("text", {"body": "¿hay alguien?"}))))[0] == 200
    # Kept, and not due.
    assert shop.central(
        "SELECT count(*) FROM wabot.inbox i JOIN wabot.conversations c USING (client_id, contact)"
        " WHERE i.state = 'waiting' AND c.due_at IS NULL"
    ) == [{"count": 1}]
    provisioning.agreements.run(AgreementRequest(slug, paid=True))
    assert await shop.answer()


async def test_another_plan_holds_at_once_in_a_server_that_runs(
    shop: Harness, provisioning: Provisioning
) -> None:
    clients = shop.runtime.worker._clients
    number = shop.tenant.phone_number_id
    before = await clients.by_phone_number_id(number)
    assert before is not None
    assert before.allowance(shop.clock.now()).messages_per_month == 1_000
    provisioning.update.run(UpdateRequest(shop.tenant.slug, {"plan": "premium"}))
    await clients.refresh()
    after = await clients.by_phone_number_id(number)
    assert after is not None
    assert after.allowance(shop.clock.now()).messages_per_month == 25_000

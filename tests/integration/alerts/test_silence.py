"""A shop that falls silent, as its own habits tell."""

from collections.abc import Callable

from tests.harness import make_tenant
from tests.integration.alerts.looking import Central, alerts
from wabot.config import Settings
from wabot.domain.tenant import Tenant
from wabot.services.alerts.evaluator import Evaluator


def busy_for_weeks(central: Central, client: object, count: int = 30) -> None:
    """Let the shop have been busy around this hour of the week, four weeks long."""
    central(
        "INSERT INTO wabot.busy_hours (client_id, hour, received)"
        " SELECT %s::uuid, date_trunc('hour', now()) - w * interval '7 days'"
        " - h * interval '1 hour', %s FROM generate_series(1, 4) w, generate_series(0, 6) h",
        client,
        count,
    )


def never_closes(central: Central, shop: Tenant) -> None:
    central(f"DELETE FROM \"{shop.placement.schema}\".settings WHERE key = 'opening_hours'")


async def test_a_busy_shop_that_falls_silent_is_an_alert_until_somebody_writes(
    evaluator_of: Callable[..., Evaluator], central: Central, shop: Tenant
) -> None:
    evaluator = evaluator_of()
    central("UPDATE wabot.clients SET time_zone = 'UTC'")
    busy_for_weeks(central, shop.id)
    never_closes(central, shop)
    assert await alerts(evaluator, central) == [("shop_silent", "error")]
    # The hours of which much was to be expected go by: nobody has written all the same.
    central("DELETE FROM wabot.busy_hours")
    assert await alerts(evaluator, central) == [("shop_silent", "error")]
    central("INSERT INTO wabot.busy_hours VALUES (%s, date_trunc('hour', now()), 1)", shop.id)
    assert await alerts(evaluator, central) == []


async def test_a_quiet_shop_and_one_that_is_closed_are_no_alert(
    evaluator_of: Callable[..., Evaluator],
    central: Central,
    settings: Settings,
    central_url: str,
    shop: Tenant,
) -> None:
    closed = make_tenant(settings, central_url, "cerrada", number="106500000000002")
    central("UPDATE wabot.clients SET time_zone = 'UTC'")
    busy_for_weeks(central, shop.id, 2)
    busy_for_weeks(central, closed.id, 50)
    (row,) = central("SELECT (extract(isodow FROM now() + interval '2 days'))::int")
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[row[0] - 1]
    central(
        f'INSERT INTO "{closed.placement.schema}".settings (key, value)'
        " VALUES ('opening_hours', to_jsonb(%s::text))"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        f"{day} 08:00-09:00",
    )
    assert await alerts(evaluator_of(), central) == []


async def test_when_nothing_arrives_at_all_it_is_one_alert(
    evaluator_of: Callable[..., Evaluator], central: Central, settings: Settings, central_url: str
) -> None:
    for n in range(3):
        tenant = make_tenant(settings, central_url, f"tienda-{n}", number=f"10650000000002{n}")
        busy_for_weeks(central, tenant.id)
        never_closes(central, tenant)
    central("UPDATE wabot.clients SET time_zone = 'UTC'")
    assert await alerts(evaluator_of(), central) == [("webhooks_silent", "critical")]

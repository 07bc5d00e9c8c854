"""One shop's whole state."""

import psycopg
import pytest

from tests.integration.checks.conftest import Checked
from wabot.checks.tenant import TENANT


def _of(found, slug: str) -> dict[str, object]:
    return {
        name.removeprefix("tenant.").removesuffix(f":{slug}"): result
        for name, result in found.items()
        if name.endswith(f":{slug}")
    }


@pytest.mark.parametrize("isolation", ["schema", "prefix", "database"])
async def test_a_new_shop_is_good_in_every_way(
    environment, checked: Checked, make_shop, isolation: str
) -> None:
    make_shop("bodega", isolation=isolation)
    found = await checked(environment, "tenant", slugs=("bodega",))
    own = _of(found, "bodega")
    assert set(own) == {check.id.removeprefix("tenant.") for check in TENANT}
    assert {result.status for result in own.values()} == {"ok"}, own
    assert all(result.shop for result in own.values())


async def test_a_shop_whose_role_does_not_get_to_its_tables_is_told_apart_from_the_others(
    environment, checked: Checked, make_shop
) -> None:
    broken = make_shop("bodega")
    make_shop("otra", "106500000000002")
    place = broken.placement
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute(f'revoke usage on schema "{place.schema}" from "{place.role}"')
        connection.execute(f'alter table "{place.schema}".products drop column description')
    found = await checked(environment, "tenant")
    own = _of(found, "bodega")
    assert own["database"].status == "error"
    assert f"Its role {place.role} does not get to its tables" in own["database"].detail
    assert own["database"].fix == "wabot tenant doctor bodega --fix"
    assert own["tables"].status == "error"
    assert "products.description is missing" in own["tables"].detail
    assert {result.status for result in _of(found, "otra").values()} == {"ok"}
    # Other tests leave their own on the server meanwhile.
    assert place.schema not in found["tenant.strays"].detail


async def test_a_suspended_shop_and_one_that_stands_still_say_what_to_do(
    environment, checked: Checked, make_shop
) -> None:
    shop = make_shop("bodega")
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("update wabot.clients set status = 'suspended'")
        connection.execute(
            "insert into wabot.sending_pauses (client_id, since, reason, code, next_probe_at)"
            " values (%s, now(), 'the token has ended', 190, now())",
            [shop.id],
        )
    own = _of(await checked(environment, "tenant", slugs=("bodega",)), "bodega")
    assert (own["status"].status, own["status"].fix) == ("warning", "wabot tenant resume bodega")
    assert own["sending"].status == "error"
    assert own["sending"].detail.endswith("the token has ended")
    assert own["sending"].fix == (
        "wabot tenant rotate-token bodega, then: wabot tenant try-sending bodega"
    )
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("update wabot.sending_pauses set code = 131042")
    own = _of(await checked(environment, "tenant", slugs=("bodega",)), "bodega")
    assert own["sending"].fix.startswith("add or renew the payment method: https://business.")
    assert own["sending"].fix.endswith(", then: wabot tenant try-sending bodega")


async def test_a_plan_that_is_not_known_is_no_matter_of_the_tables(
    environment, checked: Checked, make_shop
) -> None:
    make_shop("bodega")
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("update wabot.clients set plan_type = 'oro'")
    own = _of(await checked(environment, "tenant", slugs=("bodega",)), "bodega")
    assert own["status"].status == "warning"
    assert "the plan 'oro', which this version does not know" in own["status"].detail
    assert own["status"].fix == "wabot tenant update bodega --plan basico|completo|premium"
    assert own["tables"].status == "ok"


async def test_a_machine_that_only_serves_looks_at_what_it_can(
    environment, checked: Checked, make_shop
) -> None:
    make_shop("bodega")
    del environment["DATABASE_URL"]
    own = _of(await checked(environment, "tenant"), "bodega")
    statuses = {name: result.status.value for name, result in own.items()}
    assert statuses == {
        "status": "ok",
        "database": "ok",
        "sending": "ok",
        "revision": "skipped",
        "secrets": "skipped",
        "tables": "skipped",
    }


async def test_a_shop_that_is_not_there_is_named(environment, checked: Checked) -> None:
    found = await checked(environment, "tenant", slugs=("bodega",))
    first = found["tenant.status"]
    assert (first.status, first.detail) == ("error", "there is no tenant 'bodega'")
    assert first.fix == "See all with: wabot tenant list"

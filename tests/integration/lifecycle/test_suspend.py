"""A suspended shop answers nobody and loses nothing."""

import asyncio
from datetime import timedelta

import pytest

from tests.harness import Harness, running
from tests.integration.lifecycle.rows import Connection
from tests.integration.tenants.asking import document
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli, Create
from wabot.container import tenants_at
from wabot.domain.tenant import TenantStatus
from wabot.services.provisioning.suspend import Standing
from wabot.simulation.inbound_payloads import Person, text


def set_standing(environment: dict[str, str], slug: str, *, suspended: bool) -> Standing:
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        use_case = provisioning.suspend
        return use_case.suspend(slug) if suspended else use_case.resume(slug)


def waiting(shop: Harness) -> int:
    return len(shop.central("SELECT 1 FROM wabot.inbox WHERE state = 'waiting'"))


async def test_customers_of_a_suspended_shop_get_nothing_until_it_resumes(
    environment: dict[str, str],
) -> None:
    async with running(environment) as shop:
        await shop.say("hola")
        await shop.settled()
        set_standing(environment, shop.tenant.slug, suspended=True)
        status, _ = await shop.post(shop.body(text("hola")))
        other = Person("5215550100099", "Beto", "")
        await shop.post(shop.body(text("hola"), sender=other))
        assert status == 200
        await asyncio.sleep(1.5)
        assert len(shop.graph.messages) == 1
        assert waiting(shop) == 2

        assert set_standing(environment, shop.tenant.slug, suspended=False).waiting == 2
        await shop.settled()
        assert sorted(m.to.lstrip("+") for m in shop.graph.messages[1:]) == sorted(
            [shop.customer.wa_id, other.wa_id]
        )


async def test_what_waited_long_gets_one_answer_at_the_end_of_the_suspension(
    environment: dict[str, str],
) -> None:
    async with running(environment) as shop:
        set_standing(environment, shop.tenant.slug, suspended=True)
        for words in ("hola", "quiero arroz", "menú"):
            await shop.post(shop.body(text(words)))
        shop.clock.advance(hours=2)
        set_standing(environment, shop.tenant.slug, suspended=False)
        await shop.settled()
        assert len(shop.graph.messages) == 1


async def test_timers_of_a_suspended_shop_wait_as_well(environment: dict[str, str]) -> None:
    async with running(environment) as shop:
        await shop.say("asesor")
        await shop.settled()
        assert shop.central("SELECT 1 FROM wabot.timers")
        sent = len(shop.graph.messages)
        set_standing(environment, shop.tenant.slug, suspended=True)
        shop.clock.offset += timedelta(days=2)
        await asyncio.sleep(1.5)
        assert len(shop.graph.messages) == sent
        assert shop.central("SELECT 1 FROM wabot.timers")


def test_both_acts_are_idempotent_audited_and_say_so(
    cli: Cli, create: Create, central: Connection
) -> None:
    create()
    done = cli("tenant", "suspend", "lupita")
    assert (done.exit_code, "Suspended lupita" in done.stderr) == (0, True)
    assert "next: wabot tenant resume lupita" in done.stderr
    before = everything(central)
    again = cli("tenant", "suspend", "lupita", "--json")
    assert document(again)["data"]["changed"] is False
    assert cli("tenant", "resume", "lupita", "--dry-run").exit_code == 0
    assert everything(central) == before
    (listed,) = document(cli("tenant", "list", "--json"))["data"]
    assert listed["status"] == "suspended"
    assert "Resumed lupita" in cli("tenant", "resume", "lupita").stderr
    acts = central.execute("SELECT action FROM wabot.audit_log ORDER BY id").fetchall()
    assert [action for (action,) in acts] == ["tenant.create", "tenant.suspend", "tenant.resume"]


@pytest.mark.parametrize(
    "status", [TenantStatus.PROVISIONING, TenantStatus.MOVING, TenantStatus.DELETING]
)
def test_what_is_being_made_moved_or_deleted_is_neither_suspended_nor_resumed(
    cli: Cli, create: Create, central: Connection, status: TenantStatus
) -> None:
    create()
    central.execute("UPDATE wabot.clients SET status = %s", (status.value,))
    for act in ("suspend", "resume"):
        done = cli("tenant", act, "lupita")
        assert (done.exit_code, status.value in done.stderr) == (4, True)

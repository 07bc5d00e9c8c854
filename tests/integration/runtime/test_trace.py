"""`wabot trace`: the story of a message or an order, from the databases alone."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from tests.harness import Harness, make_tenant, running
from tests.integration.runtime.test_turns import order
from wabot.cli.app import app
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.inbound_payloads import text

Trace = Callable[..., Any]


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, ["trace", *words])


@pytest.fixture
def trace(run: Callable[..., Result]) -> Trace:
    async def story(*words: str) -> Any:
        done = await asyncio.to_thread(run, *words, "--json")
        assert done.exit_code == 0, done.output
        (told,) = json.loads(done.stdout)["data"]["stories"]
        return told

    return story


async def placed(shop: Harness) -> None:
    shop.staff_wrote()
    await order(shop)
    await shop.settled()


def names(story: Any) -> list[str]:
    return [step["step"] for step in story["steps"]]


def detail(story: Any, name: str) -> str:
    return next(step["detail"] for step in story["steps"] if step["step"] == name)


async def test_an_order_is_told_from_the_tap_to_the_delivered_answer(
    environment: dict[str, str], trace: Trace
) -> None:
    async with running(environment, statuses=StatusLevel.READ) as shop:
        await placed(shop)
        read = "SELECT 1 FROM messages WHERE order_id IS NOT NULL AND read_at IS NULL"
        async with asyncio.timeout(15):
            while await asyncio.to_thread(shop.shop, read):
                await asyncio.sleep(0.05)
        await shop.settled()
        story = await trace("P-101")
        (row,) = await asyncio.to_thread(
            shop.central,
            "SELECT request_id FROM wabot.inbox i WHERE kind = 'message' ORDER BY id DESC LIMIT 1",
        )
        assert story["request_id"] == row["request_id"]
        assert (story["tenant"], story["orders"]) == ("bodega", ["P-101"])
        told = names(story)
        assert told[:4] == ["received", "understood", "state", "order"]
        # To the customer and to the owner.
        for step in ("answer", "accepted", "sent", "delivered", "read"):
            assert told.count(step) == 2, step
        assert detail(story, "understood") == "interactive · tap order: place order, order.placed"
        assert detail(story, "state") == "confirm → menu"
        assert detail(story, "order").startswith("P-101 · 64.00 MXN")
        assert 0 < story["received_to_handled_ms"] < story["received_to_accepted_ms"]
        # The journal's memory is short; the shop's is not.
        await asyncio.to_thread(shop.central_do, "DELETE FROM wabot.inbox")
        later = await trace("p101", "--tenant", "bodega")
        assert [s for s in later["steps"] if s["step"] == "order"] == [
            s for s in story["steps"] if s["step"] == "order"
        ]
        assert (later["inbox"], later["request_id"]) == (None, story["request_id"])
        assert set(names(later)) == set(told) - {"settled"}


async def test_a_message_is_found_by_its_id_its_answers_id_and_its_end_as_logs_show_it(
    one: Harness, trace: Trace
) -> None:
    body = one.body(text("hola"))
    wamid = body["entry"][0]["changes"][0]["value"]["messages"][0]["id"]
    await one.post(body)
    answer = await one.answer()
    await one.settled()
    story = await trace(wamid)
    assert detail(story, "understood") == "text · text: menu.welcome"
    assert await trace(answer.wamid) == story
    assert await trace(f"wamid.…{wamid[-20:]}") == story
    assert await trace(wamid[-20:]) == story
    assert one.customer.wa_id not in json.dumps(story)
    assert wamid not in json.dumps(story)
    shown = json.dumps(await trace(wamid, "--show-people"))
    assert one.customer.wa_id in shown
    assert answer.wamid in shown


async def test_nothing_that_anybody_wrote_is_told(one: Harness, run: Callable[..., Result]) -> None:
    await one.say("quiero zanahorias moradas")
    await one.settled()
    (row,) = one.shop("SELECT wamid FROM messages WHERE direction = 'in'")
    done = await asyncio.to_thread(run, row["wamid"], "--show-people")
    assert done.exit_code == 0
    assert "zanahoria" not in done.output
    assert done.stdout.count("\t") == 3 * len(done.stdout.splitlines())


async def test_an_answer_that_failed_says_why(one: Harness, trace: Trace) -> None:
    one.graph.fail(Fault(code=131026, recipient=one.customer.wa_id))
    body = one.body(text("hola"))
    await one.post(body)
    await one.settled()
    story = await trace(body["entry"][0]["changes"][0]["value"]["messages"][0]["id"])
    assert "code 131026" in detail(story, "failed")
    assert "received_to_accepted_ms" not in story


async def test_what_still_waits_was_set_aside_or_has_no_shop_is_told_from_the_inbox(
    one: Harness, trace: Trace
) -> None:
    one.central_do(
        "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,"
        " occurred_at, due_at, state, last_error, done_at, attempts)"
        " SELECT n, 'wamid.' || s, 'message', c, '5215550100001', '{}', now(),"
        "        now() + interval '1 h', s, 'why not', now(), 3"
        " FROM (VALUES (%(n)s, %(c)s::uuid, 'waiting'), (%(n)s, %(c)s, 'failed'),"
        "              ('999', NULL, 'unrouted')) v(n, c, s)",
        {"n": one.tenant.phone_number_id, "c": one.tenant.id},
    )
    waits, failed, stray = [await trace(f"wamid.{s}") for s in ("waiting", "failed", "unrouted")]
    assert detail(waits, "waits") == "due then · 3 tries · why not"
    assert detail(failed, "set aside") == "3 tries · why not"
    assert (stray["tenant"], detail(stray, "unrouted")) == ("", "no shop has the number 999")


async def test_what_the_inbox_still_knows_of_is_looked_for_at_that_shop_alone(
    one: Harness, run: Callable[..., Result], environment: dict[str, str]
) -> None:
    body = one.body(text("hola"))
    wamid = body["entry"][0]["changes"][0]["value"]["messages"][0]["id"]
    await one.post(body)
    await one.answer()
    await one.settled()

    def broken() -> None:
        url = environment["DATABASE_URL"]
        other = make_tenant(one.settings, url, "otra", number="106500000000002")
        with psycopg.connect(url) as connection:
            connection.execute(f'DROP TABLE "{other.placement.schema}".messages CASCADE'.encode())

    await asyncio.to_thread(broken)
    done = await asyncio.to_thread(run, wamid)
    assert (done.exit_code, "otra" in done.stderr) == (0, False)
    # The journal forgot it: all are asked, and who cannot answer hides nobody.
    one.central_do("DELETE FROM wabot.inbox")
    done = await asyncio.to_thread(run, wamid)
    assert (done.exit_code, "otra was not looked at" in done.stderr) == (0, True), done.output


async def test_a_code_that_several_shops_have_asks_for_the_shop(
    environment: dict[str, str], run: Callable[..., Result], trace: Trace
) -> None:
    async with running(environment) as shop:
        other = await asyncio.to_thread(
            make_tenant,
            shop.settings,
            environment["DATABASE_URL"],
            "otra",
            number="106500000000002",
            isolation="database",
        )
        await placed(shop)
        shop.tenant, first = other, shop.tenant
        await placed(shop)
        done = await asyncio.to_thread(run, "P-101")
        assert done.exit_code == 2
        assert "bodega, otra" in done.stderr
        for slug in (first.slug, other.slug):
            assert (await trace("P-101", "--tenant", slug))["tenant"] == slug


@pytest.mark.parametrize("name", ["wamid.nothing", "P-999", "x' OR '1'='1", "wamid.…%"])
def test_what_nobody_knows_is_said_so_with_a_hint(
    run: Callable[..., Result], settings: Any, central_url: str, name: str
) -> None:
    make_tenant(settings, central_url, "bodega")
    done = run(name)
    assert done.exit_code == 4
    assert "wabot inbox list" in done.stderr


def test_a_shop_that_is_none_is_said_so(run: Callable[..., Result]) -> None:
    assert run("P-101", "--tenant", "nada").exit_code == 4


def test_a_shop_whose_database_is_away_hides_no_other_and_is_named(
    run: Callable[..., Result], settings: Any, central_url: str
) -> None:
    make_tenant(settings, central_url, "bodega")
    make_tenant(settings, central_url, "lejos", number="106500000000002", isolation="database")
    with psycopg.connect(central_url) as connection:
        connection.execute(
            "UPDATE wabot.clients SET db_connection_config ="
            " jsonb_set(db_connection_config, '{database}', '\"gone\"') WHERE slug = 'lejos'"
        )
        connection.execute(
            "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, contact, payload,"
            " occurred_at, state) VALUES ('9', 'wamid.x', 'message', '1', '{}', now(), 'unrouted')"
        )
    done = run("wamid.x")
    assert done.exit_code == 0, done.output
    assert "lejos was not looked at" in done.stderr
    lost = run("wamid.lost")
    assert lost.exit_code == 5
    assert "lejos" in lost.stderr


async def test_an_end_that_stands_for_several_messages_tells_of_each(
    one: Harness, run: Callable[..., Result]
) -> None:
    for number in (1, 2):
        body = one.body(text("hola"))
        body["entry"][0]["changes"][0]["value"]["messages"][0]["id"] = f"wamid.{number}TWINS"
        await one.post(body)
        await one.answer()
    await one.settled()
    done = await asyncio.to_thread(run, "wamid.…TWINS", "--json")
    assert len(json.loads(done.stdout)["data"]["stories"]) == 2

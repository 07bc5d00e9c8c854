"""A kill at each exact step of the way: one order, one reply, never two, never none."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from psycopg import sql

from tests.crash_scene import ANA, SOON, Scene, scene
from tests.crash_scene import tapped as option
from tests.tap import Tap, tapped
from wabot.simulation.graph.config import StatusLevel
from wabot.simulation.graph.faults import Fault
from wabot.simulation.graph.media import MediaFault
from wabot.simulation.inbound_payloads import media

_BLOCKED = """
SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'wabot_runtime'
AND datname = current_database()
"""


_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = 'wabot_runtime' AND datname = current_database()
"""


async def blocked(shop: Scene) -> None:
    """Wait until a statement of the server's waits for a lock."""
    async with asyncio.timeout(20):
        while not shop.query(_BLOCKED):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def barred(shop: Scene, table: str, event: str) -> AsyncIterator[None]:
    """Let nothing be done to a table while the block lasts: each try waits."""
    with psycopg.connect(shop.environment["DATABASE_URL"]) as holder:
        holder.execute(_BAR)
        holder.execute(
            sql.SQL(
                "CREATE TRIGGER bar BEFORE {event} ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION public.wait_at_the_bar()"
            ).format(event=sql.SQL(event), table=sql.Identifier(*table.split(".")))
        )
        holder.commit()
        holder.execute("SELECT pg_advisory_lock(4711)")
        yield
        holder.execute("SELECT pg_advisory_unlock(4711)")


_BAR = """
CREATE FUNCTION public.wait_at_the_bar() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_lock_shared(4711), pg_advisory_unlock_shared(4711);
    RETURN NEW;
END $$
"""


@asynccontextmanager
async def locked(shop: Scene, rows: str) -> AsyncIterator[None]:
    """Lock rows, of which there are some, while the block lasts."""
    with psycopg.connect(shop.environment["DATABASE_URL"]) as holder:
        holder.execute(f'SET search_path TO "{shop.tenant.placement.schema}"')
        assert holder.execute(rows).fetchall()
        yield


@asynccontextmanager
async def tapped_scene(environment: dict[str, str]) -> AsyncIterator[tuple[Tap, Scene]]:
    """Serve a shop whose server reaches the database through a tap."""
    async with (
        tapped(environment["RUNTIME_DATABASE_URL"]) as tap,
        scene({**environment, "RUNTIME_DATABASE_URL": tap.url}, resend_after=SOON) as shop,
    ):
        yield tap, shop


async def one_of_each(shop: Scene) -> None:
    """Check that what was confirmed became one order and one reply."""
    await shop.settled()
    assert shop.orders() == 1
    assert shop.stock_is_right()
    assert len(shop.confirmations()) == 1
    # Each message that Graph took counts once, whoever learned of it.
    assert shop.counted() == len({message.callback_data for message in shop.graph.messages})


async def test_after_the_insert_and_before_the_200_the_second_delivery_changes_nothing(
    environment: dict[str, str],
) -> None:
    async with tapped_scene(environment) as (tap, shop):
        webhook = shop.webhook(option(await shop.until_confirmation(), "Confirmar"))
        await shop.settled()
        # The message's id goes with the insert, whether or not its text is sent each time.
        (wamid,) = re.findall(rb"wamid\.\w+", webhook)
        tap.arm(re.escape(wamid))
        delivery = asyncio.create_task(shop.deliver(webhook))
        async with asyncio.timeout(20):
            await tap.reached.wait()
            while not shop.query("SELECT 1 FROM wabot.inbox WHERE state = 'waiting'"):
                await asyncio.sleep(0.02)
        assert not delivery.done()
        await shop.restart()
        with suppress(aiohttp.ClientError):
            await delivery
            pytest.fail("the webhook was acknowledged")
        assert await shop.deliver(webhook) == 200
        await one_of_each(shop)


async def test_after_the_200_and_before_the_shop_knows_of_it(environment: dict[str, str]) -> None:
    async with scene(environment) as shop:
        question = await shop.until_confirmation()
        await shop.settled()
        async with locked(shop, "SELECT 1 FROM customers FOR UPDATE"):
            await shop.post(option(question, "Confirmar"))
            await blocked(shop)
            await shop.server.kill()
            assert shop.query(_END)
        assert shop.orders() == 0
        await shop.restart()
        await one_of_each(shop)


@pytest.mark.parametrize("noticed", [True, False])
async def test_inside_the_shops_transaction(environment: dict[str, str], noticed: bool) -> None:
    async with scene(environment, resend_after=SOON) as shop:
        question = await shop.until_confirmation()
        await shop.settled()
        # The order and its stock are written by then, and not committed.
        async with barred(shop, f"{shop.tenant.placement.schema}.order_items", "INSERT"):
            await shop.post(option(question, "Confirmar"))
            await blocked(shop)
            await shop.server.kill()
            if noticed:
                # Rolled back. Else PostgreSQL goes on, to a commit if one was sent ahead.
                assert shop.query(_END)
        await shop.restart()
        await one_of_each(shop)


async def test_after_the_commit_of_the_shops_transaction(environment: dict[str, str]) -> None:
    async with tapped_scene(environment) as (tap, shop):
        question = await shop.until_confirmation()
        await shop.settled()
        tap.arm(b'"order_items"', b"COMMIT")
        await shop.post(option(question, "Confirmar"))
        async with asyncio.timeout(20):
            await tap.reached.wait()
            while not shop.orders():
                await asyncio.sleep(0.02)
        assert shop.confirmations() == []
        await shop.restart()
        await one_of_each(shop)


async def test_after_graph_accepted_the_status_decides(environment: dict[str, str]) -> None:
    async with scene(environment) as shop:
        question = await shop.until_confirmation()
        await shop.settled()
        # Taken, and never answered.
        shop.graph.fail(Fault(delay=30, recipient=ANA.wa_id))
        await shop.post(option(question, "Confirmar"))
        await shop.answer()
        await shop.restart()
        await one_of_each(shop)


async def test_after_graph_answered_and_before_the_mark_the_status_decides(
    environment: dict[str, str],
) -> None:
    async with scene(environment) as shop:
        question = await shop.until_confirmation()
        await shop.settled()
        shop.graph.statuses.hold()
        shop.graph.fail(Fault(delay=1, recipient=ANA.wa_id))
        await shop.post(option(question, "Confirmar"))
        await shop.answer()
        async with locked(shop, "SELECT 1 FROM messages WHERE status = 'sending' FOR UPDATE"):
            await blocked(shop)
            await shop.server.kill()
        await shop.restart()
        shop.graph.statuses.release()
        await one_of_each(shop)


async def test_after_the_mark_and_before_the_end(environment: dict[str, str]) -> None:
    async with scene(environment, StatusLevel.NONE) as shop:
        question = await shop.until_confirmation()
        await shop.settled()
        shop.graph.fail(Fault(delay=1, recipient=ANA.wa_id))
        await shop.post(option(question, "Confirmar"))
        await shop.answer()
        waiting = "SELECT 1 FROM wabot.inbox WHERE state = 'waiting' FOR UPDATE"
        async with locked(shop, waiting):
            await blocked(shop)
            assert shop.query("SELECT 1 FROM messages WHERE status = 'sending'") == []
            await shop.server.kill()
        await shop.restart()
        await one_of_each(shop)


async def held_back(shop: Scene, question: Any) -> None:
    """Let Graph accept the reply while its statuses are held, and kill the server."""
    await shop.settled()
    shop.graph.statuses.hold(ANA.wa_id)
    shop.graph.fail(Fault(delay=30, recipient=ANA.wa_id))
    await shop.post(option(question, "Confirmar"))
    await shop.answer()
    await shop.restart()


async def test_a_status_that_comes_too_late_means_a_second_send_and_it_is_counted(
    environment: dict[str, str],
) -> None:
    async with scene(environment, resend_after=SOON) as shop:
        await held_back(shop, await shop.until_confirmation())
        await shop.answer()
        shop.graph.statuses.release()
        await shop.settled()
        assert shop.orders() == 1
        assert len(shop.confirmations()) == 2
        assert len({message.callback_data for message in shop.confirmations()}) == 1
        assert shop.resends() == 1
        async with asyncio.timeout(20):
            while not shop.query("SELECT 1 FROM messages WHERE error = 'sent twice'"):
                await asyncio.sleep(0.1)


async def test_a_status_that_comes_in_time_means_no_second_send(
    environment: dict[str, str],
) -> None:
    async with scene(environment) as shop:
        await held_back(shop, await shop.until_confirmation())
        shop.graph.statuses.release()
        await one_of_each(shop)
        assert shop.resends() == 0


async def test_in_the_middle_of_a_file_the_next_server_fetches_it_whole(
    environment: dict[str, str],
) -> None:
    async with scene(environment, StatusLevel.NONE) as shop:
        data = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
        shop.graph.spoil(MediaFault(stall=60))
        await shop.post(media("image", shop.graph.add_media(data, "image/jpeg")))
        await shop.answer()
        folder = Path(environment["WABOT_HOME"]) / "media"
        async with asyncio.timeout(20):
            while not list((folder / ".incoming").glob("incoming-*")):
                await asyncio.sleep(0.02)
        await shop.restart()
        async with asyncio.timeout(90):
            while shop.query("SELECT 1 FROM wabot.media"):
                await asyncio.sleep(0.1)
        kept = shop.query("SELECT status, size, location FROM media")
        assert [row[:2] for row in kept] == [("stored", len(data))]
        assert (folder / kept[0][2]).read_bytes() == data
        assert len(shop.graph.messages) == 1

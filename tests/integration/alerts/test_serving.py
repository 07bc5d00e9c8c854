"""`wabot serve` looks and tells beside its own work, and stops cleanly."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.harness import running
from tests.integration.alerts.conftest import Receiver
from wabot.config import surroundings
from wabot.gateways.alerts.outage_mark import OutageMark
from wabot.gateways.alerts.webhook import WebhookChannel
from wabot.services.alerts.outage import PATIENCE, Outage
from wabot.simulation.inbound_payloads import from_customer, text

Central = Callable[..., list]


async def until(happened: Callable[[], object], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.05)


async def test_a_server_tells_what_was_raised_while_none_ran_and_a_restart_tells_it_no_more(
    environment: dict[str, str], receiver: Receiver, central: Central
) -> None:
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message)"
        " VALUES ('disk_low:a:/', 'disk_low', 'error', 'raised by a command')"
    )
    async with running(environment, WABOT_ALERTS_WEBHOOK=receiver.url) as shop:
        await until(lambda: receiver.posts)
        assert "raised by a command" in receiver.last
        assert central("SELECT count(*) FROM wabot.processes WHERE ended_at IS NULL") == [(1,)]
        tenant = shop.tenant
    assert central("SELECT count(*) FROM wabot.processes WHERE ended_at IS NULL") == [(0,)]
    told = "SELECT told_at FROM wabot.alert_notices WHERE channel = 'webhook'"
    before = central(told)
    central("UPDATE wabot.alert_channels SET next_at = now() - interval '1 s'")
    central("UPDATE wabot.alert_rounds SET due_at = now() - interval '1 s'")
    async with running(environment, tenant=tenant, WABOT_ALERTS_WEBHOOK=receiver.url):
        await until(
            lambda: central(
                "SELECT 1 FROM wabot.alert_rounds WHERE name = 'sending' AND due_at > now()"
            )
        )
    assert central(told) == before


async def test_a_server_counts_what_customers_write_and_what_is_answered(
    environment: dict[str, str], central: Central
) -> None:
    async with running(environment) as shop:
        await shop.say("hola")
        await shop.settled()
        tenant = shop.tenant
    counted = central("SELECT client_id, received, accepted, failed FROM wabot.traffic")
    assert counted == [(tenant.id, 1, 1, 0)]
    assert central("SELECT received FROM wabot.busy_hours") == [(1,)]


async def test_an_alert_of_a_payment_is_raised_by_what_meta_did_not_deliver(
    environment: dict[str, str], central: Central
) -> None:
    async with running(environment) as shop:
        await shop.say("hola")
        await shop.settled()
        sent = shop.graph.messages[-1]
        body = {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": "1",
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "metadata": {"phone_number_id": shop.tenant.phone_number_id},
                                "statuses": [
                                    {
                                        "id": sent.wamid,
                                        "status": "failed",
                                        "timestamp": str(int(shop.clock.now().timestamp())),
                                        "recipient_id": shop.customer.wa_id,
                                        "biz_opaque_callback_data": sent.body[
                                            "biz_opaque_callback_data"
                                        ],
                                        "errors": [{"code": 131042, "title": "payment"}],
                                    }
                                ],
                            },
                        }
                    ],
                }
            ],
        }
        assert (await shop.post(body))[0] == 200
        await until(lambda: central("SELECT 1 FROM wabot.alerts WHERE rule = 'payment_problem'"))
    assert central("SELECT undelivered FROM wabot.traffic") == [(1,)]


async def test_webhooks_of_the_operators_own_number_are_not_kept(
    environment: dict[str, str], central: Central
) -> None:
    own = {"WABOT_ALERTS_WHATSAPP_FROM": "990", "WABOT_ALERTS_WHATSAPP_TOKEN": "EAAown"}
    async with running(environment, **own) as shop:
        body = from_customer("990", shop.customer, text("?"), timestamp=1_772_452_813)
        assert (await shop.post(body))[0] == 200
    assert central("SELECT count(*) FROM wabot.inbox") == [(0,)]


async def test_a_process_killed_while_it_tells_has_it_told_by_the_next(
    environment: dict[str, str], receiver: Receiver, central: Central
) -> None:
    central(
        "INSERT INTO wabot.alerts (key, rule, severity, message)"
        " VALUES ('disk_low:a:/', 'disk_low', 'error', 'm')"
    )
    reached = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        killed = await send(environment, f"http://127.0.0.1:{port}/")
        async with asyncio.timeout(60):
            await reached.wait()
        killed.kill()
        await killed.communicate()
    second = await send(environment, receiver.url)
    assert (await second.communicate(), receiver.posts) == ((b"", b"Nothing is due.\n"), [])
    central("UPDATE wabot.alert_channels SET claimed_until = now() - interval '1 s'")
    third = await send(environment, receiver.url)
    assert (await third.communicate())[1] == b"Told: 1 through webhook.\n"
    assert len(receiver.posts) == 1


async def send(environment: dict[str, str], url: str) -> asyncio.subprocess.Process:
    """Start `wabot alerts send`, with that webhook, as a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from wabot.cli import main; main()",
        "alerts",
        "send",
        env={**surroundings(), **environment, "WABOT_ALERTS_WEBHOOK": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def outage_of(receiver: Receiver, folder: Path, now: list[float]) -> Outage:
    """Return what one worker tells of an outage, by the clock `now`."""
    channels = [WebhookChannel(receiver.url)]
    return Outage(channels, OutageMark(folder), "a-host", timer=lambda: now[0])


async def test_an_outage_of_the_central_database_is_told_once_per_machine_and_so_is_its_end(
    receiver: Receiver, tmp_path: Path
) -> None:
    now = [0.0]
    one, two = (outage_of(receiver, tmp_path, now) for _ in range(2))
    for seconds in (0, PATIENCE - 1, PATIENCE + 1, PATIENCE + 5, PATIENCE + 70):
        now[0] = seconds
        await one.goes_on("connection refused")
        await two.goes_on("connection refused")
    assert len(receiver.posts) == 1
    assert "a-host cannot reach the central database: connection refused" in receiver.last
    await two.is_over()
    assert len(receiver.posts) == 1
    await one.is_over()
    assert "RESOLVED database_away" in receiver.last
    assert not (tmp_path / "database_away").exists()
    await one.is_over()
    assert len(receiver.posts) == 2


async def test_an_outage_of_hours_is_told_once_and_one_whose_teller_died_by_another(
    receiver: Receiver, tmp_path: Path
) -> None:
    now = [0.0]
    one, two = (outage_of(receiver, tmp_path, now) for _ in range(2))
    hours_ago = time.time() - 7200
    for seconds in (0, 61, 122, 183):
        now[0] = seconds
        await one.goes_on("connection refused")
        await two.goes_on("connection refused")
        if seconds:
            os.utime(tmp_path / "database_away", (hours_ago, hours_ago))
    assert len(receiver.posts) == 1
    now[0] = 244
    await two.goes_on("connection refused")
    await two.is_over()
    assert len(receiver.posts) == 3
    assert "RESOLVED database_away" in receiver.last


async def test_a_short_outage_is_not_told(receiver: Receiver, tmp_path: Path) -> None:
    now = [0.0]
    outage = outage_of(receiver, tmp_path, now)
    await outage.goes_on("connection refused")
    now[0] = 30
    await outage.is_over()
    now[0] = 70
    await outage.goes_on("connection refused")
    assert receiver.posts == []


async def test_an_outage_is_told_as_soon_as_the_channel_takes_it(
    receiver: Receiver, tmp_path: Path
) -> None:
    now = [0.0]
    outage = outage_of(receiver, tmp_path, now)
    receiver.answers = [500]
    for seconds in (0, 61, 90, 130):
        now[0] = seconds
        await outage.goes_on("connection refused")
    assert (len(receiver.raw), len(receiver.posts)) == (2, 1)


async def test_a_server_that_loses_its_database_says_so_and_when_it_is_back(
    environment: dict[str, str], receiver: Receiver, central_url: str, monkeypatch
) -> None:
    monkeypatch.setattr("wabot.services.alerts.outage.PATIENCE", 0.5)
    name = psycopg.conninfo.conninfo_to_dict(central_url)["dbname"]
    server = psycopg.conninfo.make_conninfo(central_url, dbname="postgres")

    def allow(allowed: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}')
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    async with running(environment, WABOT_ALERTS_WEBHOOK=receiver.url):
        await asyncio.to_thread(allow, "false")
        try:
            await until(lambda: receiver.posts, 60)
        finally:
            await asyncio.to_thread(allow, "true")
        assert "CRITICAL database_away" in receiver.last
        await until(lambda: "RESOLVED database_away" in receiver.last, 60)

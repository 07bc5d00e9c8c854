"""Customers' files: fetched at once, whatever happens on the way, kept for the shop."""

import asyncio
import hashlib
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.harness import NUMBER, TOKEN, Harness, running
from tests.integration.runtime.test_turns import until_confirmation
from wabot.domain.files import MEGABYTE
from wabot.simulation.graph.config import Number
from wabot.simulation.graph.media import MediaFault
from wabot.simulation.inbound_payloads import media

JPEG = b"\xff\xd8\xff\xe0 a photo of the list \x00\x01" * 100


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment, numbers=(Number(NUMBER, TOKEN),)) as harness:
        yield harness


def photo(shop: Harness, data: bytes = JPEG, mime_type: str = "image/jpeg") -> tuple:
    return media("image", shop.graph.add_media(data, mime_type))


async def files_of(shop: Harness, count: int = 1, timeout: float = 15) -> list[dict]:
    """Wait until the shop knows what became of so many files."""
    async with asyncio.timeout(timeout):
        while len(rows := shop.shop("SELECT * FROM media ORDER BY created_at")) < count:
            await asyncio.sleep(0.02)
        while shop.central("SELECT 1 FROM wabot.media"):
            await asyncio.sleep(0.02)
    return rows


def kept(environment: dict[str, str]) -> list[Path]:
    root = Path(environment["WABOT_HOME"]) / "media"
    return [path for path in root.rglob("*") if path.is_file()]


class TestAFile:
    async def test_it_is_stored_whole_under_the_tenant_and_linked_to_its_message(
        self, shop: Harness, environment: dict[str, str]
    ) -> None:
        await shop.give(photo(shop))
        (row,) = await files_of(shop)
        assert (row["status"], row["kind"], row["mime_type"]) == ("stored", "image", "image/jpeg")
        assert (row["size"], row["sha256"]) == (len(JPEG), hashlib.sha256(JPEG).hexdigest())
        (path,) = kept(environment)
        assert path == Path(environment["WABOT_HOME"]) / "media" / row["location"]
        assert row["location"].startswith(f"{shop.tenant.id}/")
        assert path.read_bytes() == JPEG
        messages = shop.shop(
            "SELECT kind FROM messages WHERE event_key = %s AND direction = 'in'",
            [row["event_key"]],
        )
        assert [message["kind"] for message in messages] == ["image"]

    async def test_only_the_user_who_serves_can_read_it(
        self, shop: Harness, environment: dict[str, str]
    ) -> None:
        await shop.give(photo(shop))
        await files_of(shop)
        (path,) = kept(environment)
        root = Path(environment["WABOT_HOME"]) / "media"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        folders = [f for f in path.parents if f == root or root in f.parents]
        assert len(folders) == 3
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}

    async def test_one_sent_during_an_order_is_found_by_the_order(self, shop: Harness) -> None:
        await until_confirmation(shop)
        answer = await shop.give(photo(shop))
        await shop.tap(answer, "Confirmar")
        await files_of(shop)
        rows = shop.shop(
            "SELECT o.order_code, f.location FROM orders o"
            " JOIN order_attachments a ON a.order_id = o.id"
            " JOIN media f ON f.media_id = a.media_id AND f.status = 'stored'"
        )
        assert len(rows) == 1

    async def test_a_second_delivery_of_its_message_fetches_nothing_again(
        self, shop: Harness
    ) -> None:
        body = shop.body(photo(shop))
        await shop.post(body)
        await files_of(shop)
        assert (await shop.post(body))[0] == 200
        await shop.settled()
        assert shop.central("SELECT 1 FROM wabot.media") == []

    async def test_the_answer_does_not_wait_for_it(self, shop: Harness) -> None:
        shop.graph.spoil(MediaFault(delay=5))
        assert (await shop.give(photo(shop))).text
        assert shop.shop("SELECT 1 FROM media") == []
        assert len(shop.central("SELECT 1 FROM wabot.media")) == 1

    async def test_stickers_are_not_fetched(self, shop: Harness) -> None:
        await shop.give(media("sticker", shop.graph.add_media(b"webp", "image/webp")))
        assert shop.central("SELECT 1 FROM wabot.media") == []

    async def test_of_a_number_that_is_nobodys_yet_it_is_fetched_when_the_shop_is_there(
        self, shop: Harness
    ) -> None:
        shop.tenant, other = _with_number(shop, "106500000000077"), shop.tenant
        await shop.post(shop.body(photo(shop)))
        assert len(shop.central("SELECT 1 FROM wabot.media")) == 1
        shop.central_do("UPDATE wabot.clients SET phone_number_id = '106500000000077'")
        shop.central_do("UPDATE wabot.registry SET version = version + 1")
        shop.tenant = other
        assert (await files_of(shop))[0]["status"] == "stored"


def _with_number(shop: Harness, number: str):
    from dataclasses import replace

    return replace(shop.tenant, phone_number_id=number)


class TestTrouble:
    @pytest.mark.parametrize(
        "fault",
        [
            MediaFault(http=500, step="locate"),
            MediaFault(http=503),
            MediaFault(http=404),
            MediaFault(http=401),
            MediaFault(drop=True),
            MediaFault(truncate=True),
            MediaFault(wrong_sha=True),
        ],
        ids=str,
    )
    async def test_what_passes_is_tried_again_until_the_file_is_there(
        self, shop: Harness, environment: dict[str, str], fault: MediaFault
    ) -> None:
        shop.graph.spoil(fault)
        await shop.give(photo(shop))
        (row,) = await files_of(shop)
        assert row["status"] == "stored"
        assert [path.read_bytes() for path in kept(environment)] == [JPEG]

    async def test_an_address_that_ran_out_is_asked_for_anew_at_once(self, shop: Harness) -> None:
        shop.graph.spoil(MediaFault(expired=True))
        await shop.give(photo(shop))
        (row,) = await files_of(shop, timeout=1.5)
        assert row["status"] == "stored"

    async def test_a_file_that_meta_does_not_have_fails_with_the_reason(
        self, shop: Harness
    ) -> None:
        await shop.give(media("image", "799999999999999"))
        (row,) = await files_of(shop)
        assert row["status"] == "failed"
        assert "799999999999999" in row["reason"]
        alerts = shop.central("SELECT rule, client_id FROM wabot.alerts")
        assert alerts == [{"rule": "media_failed", "client_id": shop.tenant.id}]

    async def test_one_that_is_wrong_at_every_try_fails_with_the_reason(
        self, shop: Harness
    ) -> None:
        shop.graph.spoil(MediaFault(wrong_sha=True, count=0))
        await shop.give(photo(shop))
        async with asyncio.timeout(15):
            while not shop.shop("SELECT 1 FROM media"):
                shop.central_do("UPDATE wabot.media SET due_at = now(), received_at = now()")
                shop.runtime.media.wake()
                await asyncio.sleep(0.05)
        (row,) = await files_of(shop)
        assert (row["status"], "checksum" in row["reason"]) == ("failed", True)

    async def test_while_graph_is_away_no_try_counts(self, shop: Harness) -> None:
        shop.graph.spoil(MediaFault(http=503, step="locate", count=8))
        await shop.give(photo(shop))
        async with asyncio.timeout(15):
            while not shop.shop("SELECT 1 FROM media"):
                shop.central_do("UPDATE wabot.media SET due_at = now(), received_at = now()")
                shop.runtime.media.wake()
                await asyncio.sleep(0.05)
        assert (await files_of(shop))[0]["status"] == "stored"

    async def test_the_token_is_never_sent_to_another_host(self, shop: Harness) -> None:
        seen = []

        async def catch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.read(1000))
            writer.close()

        async with await asyncio.start_server(catch, "127.0.0.1", 0) as thief:
            port = thief.sockets[0].getsockname()[1]
            shop.graph.spoil(MediaFault(address=f"http://127.0.0.1:{port}/steal", count=0))
            await shop.give(photo(shop))
            async with asyncio.timeout(10):
                while not shop.central("SELECT 1 FROM wabot.media WHERE attempts > 0"):
                    await asyncio.sleep(0.02)
            shop.graph.spoil(None)
            shop.graph.spoil(MediaFault(redirect=f"http://127.0.0.1:{port}/steal"))
            shop.central_do("UPDATE wabot.media SET due_at = now()")
            shop.runtime.media.wake()
            await files_of(shop)
        assert seen == []

    async def test_a_full_or_missing_disk_keeps_the_file_waiting(
        self, environment: dict[str, str], tmp_path: Path
    ) -> None:
        blocked = tmp_path / "blocked"
        blocked.write_text("no folder")
        async with running(environment, WABOT_MEDIA=str(blocked / "files")) as shop:
            await shop.give(photo(shop))
            async with asyncio.timeout(10):
                while not shop.central("SELECT 1 FROM wabot.media WHERE last_error IS NOT NULL"):
                    await asyncio.sleep(0.02)
            (row,) = shop.central("SELECT attempts, last_error FROM wabot.media")
            assert row["attempts"] == 0
            assert "Files cannot be kept" in row["last_error"]
            blocked.unlink()
            shop.central_do("UPDATE wabot.media SET due_at = now()")
            shop.runtime.media.wake()
            assert (await files_of(shop))[0]["status"] == "stored"

    async def test_what_a_killed_server_was_fetching_another_takes_up(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment) as shop:
            shop.graph.spoil(MediaFault(delay=60))
            await shop.give(photo(shop))
            async with asyncio.timeout(5):
                while not shop.central("SELECT 1 FROM wabot.media WHERE owner IS NOT NULL"):
                    await asyncio.sleep(0.02)
            # Its lease is some dead process's, and runs out.
            for task in shop.runtime.media._work.values():
                task.cancel()
            await asyncio.sleep(0)
            shop.central_do(
                "UPDATE wabot.media SET owner = 'a dead server', lease_until = now() + '1 s'"
            )
            # It may have died before its request was on the way.
            shop.graph.spoil(None)
            await asyncio.sleep(1.1)
            shop.runtime.media.wake()
            assert (await files_of(shop))[0]["status"] == "stored"


class TestARefusal:
    async def test_a_wrong_type_is_refused_from_the_webhook_and_never_fetched(
        self, shop: Harness
    ) -> None:
        kind, content = media("document", shop.graph.add_media(b"MZ", "application/x-msdownload"))
        content["document"]["mime_type"] = "application/x-msdownload"
        answer = await shop.give((kind, content))
        assert "Ese tipo de archivo" in answer.text
        assert shop.central("SELECT 1 FROM wabot.media") == []

    @pytest.mark.parametrize(
        ("data", "mime_type", "words", "reason"),
        [
            (b"x" * (MEGABYTE + 1), "image/jpeg", "pesa demasiado", "too_large"),
            (b"<svg/>", "image/svg+xml", "Ese tipo de archivo", "wrong_type"),
        ],
    )
    async def test_what_only_graph_tells_is_refused_after_the_answer_once(
        self, environment: dict[str, str], data: bytes, mime_type: str, words: str, reason: str
    ) -> None:
        async with running(environment, WABOT_MEDIA_MB="1") as shop:
            await until_confirmation(shop)
            answer = await shop.give(photo(shop, data, mime_type))
            if "Guardé tu archivo" in answer.text:  # else Graph told before the turn began
                answer = await shop.answer()
            assert words in answer.text
            (row,) = await files_of(shop)
            assert (row["status"], row["reason"]) == ("refused", reason)
            await shop.settled()
            confirmed = await shop.tap(answer, "Confirmar")
            assert "quedó registrado" in confirmed.text
            assert len([said for said in shop.body_texts() if words in said]) == 1
            assert shop.shop("SELECT 1 FROM order_attachments") == []
            assert kept(environment) == []

    async def test_more_than_was_told_is_not_read_to_its_end(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment, WABOT_MEDIA_MB="1") as shop:
            shop.graph.spoil(MediaFault(told_size=10))
            await shop.give(photo(shop, b"x" * (3 * MEGABYTE)))
            (row,) = await files_of(shop)
            assert (row["status"], row["reason"]) == ("refused", "too_large")
            assert kept(environment) == []


class TestBounds:
    async def test_so_many_at_once_and_of_one_tenant_a_quarter(
        self, environment: dict[str, str]
    ) -> None:
        async with running(environment, WABOT_MEDIA_AT_ONCE="8") as shop:
            shop.graph.spoil(MediaFault(delay=0.3, count=0))
            for number in range(6):
                await shop.post(shop.body(photo(shop, JPEG + bytes([number]))))
            most = 0
            async with asyncio.timeout(15):
                while shop.central("SELECT 1 FROM wabot.media"):
                    held = shop.central("SELECT count(*) FROM wabot.media WHERE owner IS NOT NULL")
                    most = max(most, held[0]["count"])
                    await asyncio.sleep(0.02)
            assert most == 2
            assert len(await files_of(shop, 6)) == 6

    async def test_files_that_meta_deleted_long_ago_are_let_go_of(self, shop: Harness) -> None:
        old = datetime.now(UTC) - timedelta(days=40)
        shop.central_do(
            "INSERT INTO wabot.media (phone_number_id, media_id, event_key, contact, kind,"
            " occurred_at, received_at, due_at) VALUES ('1', '2', 'w', '52', 'image', %s, %s,"
            " now() + '1 day')",
            [old, old],
        )
        # A server that begins purges as well: it may have been first.
        await shop.runtime.media._queue.purge(timedelta(days=31))
        assert shop.central("SELECT 1 FROM wabot.media") == []

"""The one endpoint: who may speak to it, what is kept, what is refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from yarl import URL

from tests.harness import Harness, make_tenant, running
from tests.payloads import load, names
from wabot.simulation.inbound_payloads import (
    SIGNATURE_HEADER,
    Person,
    encode,
    from_customer,
    sign,
    text,
)


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Harness]:
    async with running(environment) as harness:
        yield harness


def stored(shop: Harness) -> int:
    return shop.central("SELECT count(*) AS n FROM wabot.inbox")[0]["n"]


class TestHandshake:
    async def test_the_right_word_gets_its_challenge_back(self, shop: Harness) -> None:
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": "1158201444",
            "hub.verify_token": shop.settings["WHATSAPP_VERIFY_TOKEN"],
        }
        async with shop.session.get(f"{shop.url}/webhook", params=query) as response:
            assert (response.status, await response.text()) == (200, "1158201444")
            assert response.content_type == "text/plain"

    @pytest.mark.parametrize(
        "change",
        [
            {"hub.verify_token": "wrong"},
            {"hub.verify_token": ""},
            {"hub.verify_token": "palabra ñ"},
            {"hub.mode": "unsubscribe"},
        ],
    )
    async def test_anything_else_is_forbidden(self, shop: Harness, change: dict) -> None:
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": "1",
            "hub.verify_token": shop.settings["WHATSAPP_VERIFY_TOKEN"],
            **change,
        }
        async with shop.session.get(f"{shop.url}/webhook", params=query) as response:
            assert response.status == 403

    async def test_a_handshake_without_a_query_is_forbidden(self, shop: Harness) -> None:
        async with shop.session.get(f"{shop.url}/webhook") as response:
            assert response.status == 403


class TestSignature:
    @pytest.mark.parametrize(
        "signature",
        ["", "sha256=", "sha256=00", "sha1=" + "0" * 40, "sha256=" + "0" * 64, "sha256=ñ", "☃"],
    )
    async def test_a_wrong_missing_or_garbled_signature_stores_nothing(
        self, shop: Harness, signature: str
    ) -> None:
        status, _ = await shop.post(shop.body(text("hola")), signature=signature)
        assert status == 401
        assert stored(shop) == 0

    @pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
    async def test_a_packed_body_is_not_unpacked_for_whoever_did_not_sign_it(
        self, shop: Harness, coding: str
    ) -> None:
        headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
        post = shop.session.post(f"{shop.url}/webhook", data=b"xxxx", headers=headers)
        async with post as response:
            assert response.status == 401

    async def test_a_body_that_breaks_off_is_a_bad_request(self, shop: Harness) -> None:
        url = URL(shop.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(
            b"POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
        )
        assert b" 400 " in await reader.readline()
        writer.close()

    async def test_no_signature_at_all_stores_nothing(self, shop: Harness) -> None:
        async with shop.session.post(f"{shop.url}/webhook", data=b"{}") as response:
            assert response.status == 401
        assert stored(shop) == 0

    @pytest.mark.parametrize("words", ["piñata y jamón", "🥑🇲🇽", "a@b.mx", "1/2 kilo", "<b>%"])
    async def test_the_raw_bytes_are_what_is_signed(self, shop: Harness, words: str) -> None:
        escaped = encode(shop.body(text(words)))
        assert (await shop.post(escaped))[0] == 200
        plain = str(shop.body(text(words))).replace("'", '"').encode()
        assert (await shop.post(plain))[0] == 200
        assert stored(shop) == 2

    async def test_the_older_secret_is_good_while_it_is_rotated(
        self, environment: dict[str, str]
    ) -> None:
        secrets = {"WHATSAPP_APP_SECRET": "newer secret,older secret"}
        async with running({**environment, **secrets}) as shop:
            raw = encode(shop.body(text("hola")))
            for secret in ("newer secret", "older secret"):
                assert (await shop.post(raw, signature=sign(raw, secret)))[0] == 200

    async def test_an_app_never_reaches_the_client_of_another(
        self, environment: dict[str, str]
    ) -> None:
        more = {"WHATSAPP_MORE_APPS": "777=secret of the other app"}
        async with running({**environment, **more}) as shop:
            raw = encode(shop.body(text("hola")))
            status, _ = await shop.post(raw, signature=sign(raw, "secret of the other app"))
            assert status == 200
            waiting = shop.central("SELECT state, client_id FROM wabot.inbox")
            assert waiting == [{"state": "unrouted", "client_id": None}]

    async def test_a_shop_that_was_bound_to_the_wrong_app_answers_once_that_is_corrected(
        self, environment: dict[str, str]
    ) -> None:
        more = {"WHATSAPP_MORE_APPS": "777=secret of the other app"}
        async with running({**environment, **more}) as shop:
            body = shop.body(text("hola"))
            raw = encode(body)
            shop.graph.windows.hear(body)
            assert (await shop.post(raw, signature=sign(raw, "secret of the other app")))[0] == 200
            shop.central_do(
                "WITH next AS (UPDATE wabot.registry SET version = version + 1 RETURNING version)"
                " UPDATE wabot.clients SET app_id = '777', version = next.version FROM next"
            )
            assert "Hola" in (await shop.answer()).text


class TestBadBodies:
    @pytest.mark.parametrize("body", [b"", b"{", b"hola", b"\xff\xfe", b'{"a":NaN}'])
    async def test_invalid_json_with_a_good_signature_is_refused(
        self, shop: Harness, body: bytes
    ) -> None:
        assert (await shop.post(body))[0] == 400
        assert stored(shop) == 0

    @pytest.mark.parametrize("body", [{}, [], 1, None, "x", {"object": "page"}, {"entry": 3}])
    async def test_json_that_is_no_webhook_is_taken_and_left(
        self, shop: Harness, body: object
    ) -> None:
        assert (await shop.post(body))[0] == 200
        assert stored(shop) == 0

    async def test_a_body_over_the_limit_is_refused(self, shop: Harness) -> None:
        status, _ = await shop.post(b" " * 4_000_000)
        assert status == 413

    async def test_a_body_of_three_megabytes_is_taken(self, shop: Harness) -> None:
        raw = encode(shop.body(text("hola")))
        assert (await shop.post(raw + b" " * (3_000_000 - len(raw))))[0] == 200
        assert stored(shop) == 1

    async def test_a_malformed_item_does_not_stop_the_others(self, shop: Harness) -> None:
        body = load("batch_with_broken_items")
        assert (await shop.post(body))[0] == 200
        assert stored(shop) > 0

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
    async def test_other_methods_are_refused(self, shop: Harness, method: str) -> None:
        async with shop.session.request(method, f"{shop.url}/webhook") as response:
            assert response.status == 405


class TestRouting:
    async def test_every_documented_body_is_taken_and_ends(self, shop: Harness) -> None:
        for name in names():
            assert (await shop.post(load(name)))[0] == 200, name
        await shop.settled(60)
        failed = shop.central("SELECT dedup_key, last_error FROM wabot.inbox WHERE state='failed'")
        assert failed == []

    async def test_a_batch_of_twelve_messages_is_handled_twelve_times(
        self, environment: dict[str, str], shop: Harness
    ) -> None:
        body = load("batch")
        numbers = {
            change["value"]["metadata"]["phone_number_id"]
            for entry in body["entry"]
            for change in entry["changes"]
        }
        (other,) = numbers - {shop.tenant.phone_number_id}
        await asyncio.to_thread(
            make_tenant, shop.settings, environment["DATABASE_URL"], "otra", number=other
        )
        assert (await shop.post(body))[0] == 200
        await shop.settled()
        handled = shop.central("SELECT state, count(*) AS n FROM wabot.inbox GROUP BY 1")
        assert handled == [{"state": "done", "n": 12}]
        kept = shop.shop("SELECT count(*) AS n FROM messages WHERE direction = 'in'")
        assert kept == [{"n": 6}]

    async def test_a_header_never_chooses_the_company(
        self, environment: dict[str, str], shop: Harness
    ) -> None:
        other = await asyncio.to_thread(
            make_tenant,
            shop.settings,
            environment["DATABASE_URL"],
            "otra",
            number="106500000000002",
            app_id="",
        )
        headers = {"X-Phone-Number-Id": other.phone_number_id, "X-Tenant": "otra"}
        await shop.post(shop.body(text("hola")), headers=headers)
        await shop.settled()
        owners = shop.central("SELECT DISTINCT client_id FROM wabot.inbox")
        assert [row["client_id"] for row in owners] == [shop.tenant.id]

    async def test_an_unknown_number_waits_until_it_is_registered(
        self, environment: dict[str, str], shop: Harness
    ) -> None:
        ana = Person("5215550100077", "Ana")
        later = "106500000000009"
        stamp = int(shop.clock.now().timestamp())
        body = from_customer(later, ana, text("hola"), timestamp=stamp)
        assert (await shop.post(body))[0] == 200
        states = shop.central("SELECT state FROM wabot.inbox")
        assert [row["state"] for row in states] == ["unrouted"]
        await asyncio.to_thread(
            make_tenant, shop.settings, environment["DATABASE_URL"], "nueva", number=later
        )
        assert (await shop.answer(ana)).phone_number_id == later

    async def test_the_caller_learns_the_requests_name(self, shop: Harness) -> None:
        raw = encode(shop.body(text("hola")))
        headers = {SIGNATURE_HEADER: sign(raw, shop.settings["WHATSAPP_APP_SECRET"][0])}
        async with shop.session.post(f"{shop.url}/webhook", data=raw, headers=headers) as response:
            request_id = response.headers["X-Request-Id"]
        rows = shop.central("SELECT request_id FROM wabot.inbox")
        assert [row["request_id"] for row in rows] == [request_id]


class TestACutEmoji:
    async def test_it_costs_neither_its_message_nor_what_came_with_it(self, shop: Harness) -> None:
        first = shop.body(text("HALF fin"))
        raw = encode(first).replace(b"HALF", b"hola \\ud83d")
        assert (await shop.post(raw))[0] == 200
        payload = shop.central("SELECT payload FROM wabot.inbox")[0]["payload"]
        assert payload["raw"]["text"]["body"] == "hola ? fin"

    @pytest.mark.parametrize("spoilt", [b'{"a": "\\ud83d"', b'{"a": NaN, "b": "\\ud83d"}'])
    async def test_what_is_no_json_besides_is_refused(self, shop: Harness, spoilt: bytes) -> None:
        assert (await shop.post(spoilt))[0] == 400

    async def test_nesting_without_end_is_refused(self, shop: Harness) -> None:
        assert (await shop.post(b'["\\ud83d",' + b"[" * 100_000))[0] == 400

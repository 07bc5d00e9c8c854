"""When a person has the chat the bot is silent, for a while."""

import asyncio

from tests.harness import ADVISER_PHONE, Harness
from wabot.simulation.inbound_payloads import text


class TestAPerson:
    async def test_asking_for_an_adviser_silences_the_bot_and_tells_them(
        self, shop: Harness
    ) -> None:
        shop.staff_wrote()
        await shop.say("asesor")
        await shop.settled()
        told = [m for m in shop.graph.messages if m.to == ADVISER_PHONE.lstrip("+")]
        assert len(told) == 1
        sent = len(shop.graph.messages)
        await shop.post(shop.body(text("¿hola?")))
        await shop.settled()
        assert len(shop.graph.messages) == sent
        assert shop.shop("SELECT reason FROM pauses") == [{"reason": "requested"}]

    async def test_the_pause_ends_by_itself_and_is_told_once(self, shop: Harness) -> None:
        await shop.say("asesor")
        await shop.settled()
        shop.clock.advance(minutes=31)
        await shop.answer()
        shop.clock.advance(hours=13)
        await shop.answer()
        await shop.settled()
        assert shop.shop("SELECT 1 FROM pauses") == []
        await asyncio.sleep(1.2)
        assert shop.central("SELECT 1 FROM wabot.timers") == []

    async def test_our_own_message_echoed_back_is_not_a_person(self, shop: Harness) -> None:
        sent = await shop.say("hola")
        await shop.settled()
        await shop.post(echo(shop, sent.wamid))
        await shop.settled()
        assert shop.shop("SELECT 1 FROM pauses") == []

    async def test_a_person_who_writes_in_the_business_app_silences_the_bot(
        self, shop: Harness
    ) -> None:
        await shop.say("hola")
        await shop.settled()
        await shop.post(echo(shop, "wamid.HBgMtypedByAPerson"))
        await shop.settled()
        sent = len(shop.graph.messages)
        await shop.post(shop.body(text("gracias")))
        await shop.settled()
        assert len(shop.graph.messages) == sent


def echo(shop: Harness, wamid: str) -> dict:
    entry = {
        "from": "15550100000",
        "to": shop.customer.wa_id,
        "id": wamid,
        "timestamp": str(int(shop.clock.now().timestamp())),
        "type": "text",
        "text": {"body": "Hola, soy de la tienda"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": "15550100000",
            "phone_number_id": shop.tenant.phone_number_id,
        },
        "message_echoes": [entry],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": "900100200300", "changes": [{"field": "smb_message_echoes", "value": value}]}
        ],
    }

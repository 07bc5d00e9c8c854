"""Every documented kind of inbound message becomes a happening."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.payloads import ANA, PHONE_NUMBER_ID, load
from wabot.domain.conversation.events import (
    LOST_FILE,
    ChatOpened,
    ContactsShared,
    Happening,
    LocationShared,
    MediaReceived,
    MessageEdited,
    MessageRevoked,
    NativeCartLine,
    NativeCartReceived,
    OptionChosen,
    Reacted,
    TextReceived,
    UnreadableReceived,
)
from wabot.domain.files import MediaKind
from wabot.domain.inbound import InboundMessage, parse_webhook

RECEIVED = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)

HAPPENINGS: dict[str, Happening] = {
    "text": TextReceived("Hola, buenos días 👋 ¿tienen ñame? ana@correo.example 1/2 kg"),
    "text_without_phone": TextReceived("hola"),
    "text_without_user_id": TextReceived("hola"),
    "text_without_contacts": TextReceived("hola"),
    "text_quoting": TextReceived("va, ya le digo"),
    "text_forwarded": TextReceived("te paso mi lista"),
    "text_forwarded_often": TextReceived("cadena"),
    "text_from_ad": TextReceived("Quiero más información"),
    "text_about_product": TextReceived("¿este sigue disponible?"),
    "image": MediaReceived(MediaKind.IMAGE, "700000000000001", "así de maduro", "image/jpeg"),
    "video": MediaReceived(MediaKind.VIDEO, "700000000000001", "mira", "video/mp4"),
    "audio": MediaReceived(MediaKind.AUDIO, "700000000000001", mime_type="audio/ogg; codecs=opus"),
    "sticker": MediaReceived(MediaKind.STICKER, "700000000000001", mime_type="image/webp"),
    "document": MediaReceived(
        MediaKind.DOCUMENT, "700000000000002", "mi transferencia", "application/pdf"
    ),
    "location": LocationShared(19.4326, -99.1332),
    "location_with_name": LocationShared(19.43, -99.13, "Mercado Central", "Calle Uno 10, Centro"),
    "contacts": ContactsShared(("+52 1 555 010 0001",)),
    "contacts_requested": ContactsShared(("+52 1 555 010 0001",), requested=True),
    "button_reply": OptionChosen("1:confirm", "Confirmar"),
    "list_reply": OptionChosen("1:menu:catalog", "Ver catálogo"),
    "flow_reply": UnreadableReceived("nfm_reply"),
    "call_permission_reply": UnreadableReceived("call_permission_reply"),
    "interactive_without_object": UnreadableReceived("interactive"),
    "interactive_of_the_future": UnreadableReceived("hologram_reply"),
    "template_button": OptionChosen("skip-today", "Saltar"),
    "template_button_without_context": OptionChosen("yes-please", "Sí"),
    "order": NativeCartReceived(
        (
            NativeCartLine("ARR-1KG", 2, Decimal("28.5")),
            NativeCartLine("LEC-1L", 1, Decimal(26)),
        ),
        "sin bolsa, por favor",
    ),
    "order_with_broken_line": UnreadableReceived("order"),
    "reaction": Reacted("👍🏽"),
    "reaction_removed_empty": Reacted(""),
    "reaction_removed_absent": Reacted(""),
    "edit": MessageEdited("que sean 3 leches"),
    "edit_of_caption": MessageEdited(""),
    "edit_under_the_same_id": MessageEdited("mejor mañana"),
    "revoke": MessageRevoked(),
    "unsupported": UnreadableReceived("poll_creation"),
    "image_not_downloaded": UnreadableReceived(LOST_FILE),
    "unsupported_unavailable": UnreadableReceived("unavailable"),
    "unknown_as_formerly": UnreadableReceived("unsupported"),
    "type_of_the_future": UnreadableReceived("telepathy"),
    "request_welcome": ChatOpened(),
}


def read(name: str) -> InboundMessage:
    message = parse_webhook(load(name), RECEIVED)[0]
    assert isinstance(message, InboundMessage)
    return message


@pytest.mark.parametrize("name", HAPPENINGS)
def test_each_kind_of_message_becomes_its_happening(name: str) -> None:
    message = read(name)

    assert message.happening == HAPPENINGS[name]
    assert message.phone_number_id == PHONE_NUMBER_ID
    assert message.waba_id == "900100200300"
    assert message.wamid.startswith("wamid.")


def test_a_message_carries_who_wrote_it_and_when() -> None:
    message = read("text")

    assert (message.wa_id, message.user_id) == (ANA.wa_id, ANA.user_id)
    assert message.profile_name == "Ana"
    assert message.occurred_at == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert message.kind == "text"


def test_the_user_id_names_the_conversation_when_there_is_one() -> None:
    assert read("text").contact == ANA.user_id
    assert read("text_without_user_id").contact == ANA.wa_id


def test_a_username_user_is_known_without_a_phone_number() -> None:
    message = read("text_without_phone")

    assert (message.wa_id, message.user_id) == ("", ANA.user_id)
    assert message.username == "ana.lopez"


def test_a_message_without_contacts_has_no_name() -> None:
    assert read("text_without_contacts").profile_name == ""
    assert read("text_without_contacts").wa_id == ANA.wa_id


def test_a_message_tells_which_of_ours_it_answers() -> None:
    assert read("text_quoting").context_id == "wamid.HBgNNTIxNTU1MDEwMDAwMRUCABEGSHOP01"
    assert read("text").context_id == ""


def test_forwarded_messages_are_marked() -> None:
    assert read("text_forwarded").forwarded
    assert read("text_forwarded_often").forwarded
    assert not read("text_quoting").forwarded


def test_only_text_waits_for_more_fragments() -> None:
    waiting = {name for name in HAPPENINGS if read(name).is_free_text}

    assert waiting == {name for name in HAPPENINGS if name.startswith("text")}


def test_the_wamid_tells_a_second_delivery() -> None:
    assert read("image").dedup_key == read("image").wamid


def test_an_edit_under_the_id_of_its_original_is_no_second_delivery() -> None:
    edited = read("edit_under_the_same_id")

    assert edited.wamid == read("text").wamid
    assert edited.dedup_key != read("text").dedup_key
    assert edited.dedup_key == read("edit_under_the_same_id").dedup_key


def test_edits_revocations_and_reactions_name_the_message_they_are_about() -> None:
    original = read("text").wamid

    assert read("edit").target_id == original
    assert read("revoke").target_id == original
    assert read("reaction").target_id.endswith("SHOP01")

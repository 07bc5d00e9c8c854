"""Everything that is neither text nor a tap."""

from datetime import timedelta

import pytest

from tests.unit.domain.chat import (
    ARROZ,
    NOON,
    Chat,
    a_shop,
    an_id,
    at_summary,
    with_cart,
)
from wabot.domain.conversation.effects import SavePhone
from wabot.domain.conversation.events import (
    LOST_FILE,
    ContactsShared,
    MediaReceived,
    MediaRefused,
    MessageEdited,
    MessageRevoked,
    Reacted,
    UnreadableReceived,
)
from wabot.domain.conversation.memory import Pause
from wabot.domain.conversation.states import AskingQuantity, Confirming
from wabot.domain.customer import Customer
from wabot.domain.files import MEGABYTE, FileRefusal, MediaKind

PHOTO = MediaReceived(MediaKind.IMAGE, "m1")


@pytest.mark.parametrize(
    "kind", [MediaKind.IMAGE, MediaKind.AUDIO, MediaKind.VIDEO, MediaKind.DOCUMENT]
)
def test_a_file_during_an_order_is_kept_with_it(kind: MediaKind) -> None:
    chat = at_summary().send(MediaReceived(kind, "m1", "mira"))
    assert "con el pedido" in chat.body
    assert isinstance(chat.state, Confirming)
    (kept,) = chat.tap("Confirmar").drafts[0].attachments
    assert (kept.media_id, kept.kind, kept.caption) == ("m1", kind.value, "mira")


def test_the_same_file_is_kept_once_and_at_most_ten() -> None:
    chat = with_cart().send(PHOTO).send(PHOTO)
    assert len(chat.memory.attachments) == 1
    for number in range(20):
        chat.send(MediaReceived(MediaKind.IMAGE, f"n{number}"))
    assert len(chat.memory.attachments) == 10


def test_several_photos_in_a_row_are_each_acknowledged() -> None:
    chat = with_cart()
    bodies = [chat.send(MediaReceived(MediaKind.IMAGE, f"n{n}")).body for n in range(4)]
    assert all("Guardé tu archivo" in body for body in bodies)


def test_audio_without_an_order_asks_for_words() -> None:
    assert "No puedo escuchar" in Chat().send(MediaReceived(MediaKind.AUDIO, "m1")).body


def test_a_photo_without_an_order_asks_for_words() -> None:
    assert "No puedo ver" in Chat().send(PHOTO).body


def test_a_photo_with_words_is_read_by_its_words() -> None:
    chat = Chat().send(MediaReceived(MediaKind.IMAGE, "m1", "¿tienes arroz?"))
    assert chat.state == AskingQuantity(ARROZ.id)


def test_a_sticker_gets_a_friendly_answer_and_keeps_the_place() -> None:
    chat = at_summary().send(MediaReceived(MediaKind.STICKER, "m1"))
    assert "sticker" in chat.body
    assert isinstance(chat.state, Confirming)
    assert chat.memory.attachments == ()


def test_stickers_without_end_lead_to_a_person() -> None:
    chat = Chat()
    for number in range(3):
        chat.send(MediaReceived(MediaKind.STICKER, f"m{number}"))
    assert "Hablar con un asesor" in chat.titles


@pytest.mark.parametrize("happening", [Reacted("👍"), Reacted(), MessageRevoked(), MessageEdited()])
def test_reactions_and_deletions_are_met_with_silence(happening: Reacted) -> None:
    chat = at_summary().send(happening)
    assert chat.effects == []
    assert chat.drafts == []


def test_a_message_that_whatsapp_did_not_deliver_is_asked_for_again() -> None:
    assert "¿Me lo escribes otra vez" in Chat().send(UnreadableReceived()).body


def test_an_edited_search_is_read_anew() -> None:
    chat = Chat().write("xyz").send(MessageEdited("arroz"))
    assert chat.state == AskingQuantity(ARROZ.id)


def test_an_edited_message_never_confirms() -> None:
    chat = at_summary().send(MessageEdited("sí"))
    assert chat.drafts == []
    assert "cambiaste un mensaje" in chat.body


def test_a_contact_nobody_asked_for_is_acknowledged() -> None:
    assert "Recibí el contacto" in Chat().send(ContactsShared(("+525511112222",))).body


def test_a_phone_shared_on_request_is_kept_even_when_it_comes_late() -> None:
    chat = Chat(a_shop(), Customer(an_id("x"), "Eva"))
    chat.send(ContactsShared(("+52 55 1234 5678",), requested=True))
    assert chat.of(SavePhone) == [SavePhone("+525512345678")]


APK = MediaReceived(MediaKind.DOCUMENT, "m1", mime_type="application/vnd.android.package-archive")
HUGE = MediaReceived(MediaKind.IMAGE, "m1", mime_type="image/jpeg", size=6 * MEGABYTE)


@pytest.mark.parametrize(
    ("file", "words"), [(APK, "Ese tipo de archivo"), (HUGE, "pesa demasiado")]
)
def test_a_file_that_is_not_taken_is_refused_at_once_with_what_to_send_instead(
    file: MediaReceived, words: str
) -> None:
    chat = at_summary().send(file)
    assert words in chat.body
    assert "escríbemelo" in chat.body
    assert isinstance(chat.state, Confirming)
    assert chat.memory.attachments == ()
    assert words in Chat().send(file).body


def test_a_type_that_meta_did_not_name_is_no_reason_to_refuse() -> None:
    assert len(with_cart().send(PHOTO).memory.attachments) == 1


@pytest.mark.parametrize("reason", list(FileRefusal))
def test_a_file_kept_with_the_order_in_the_making_is_taken_back_when_it_cannot_be_had(
    reason: FileRefusal,
) -> None:
    chat = at_summary().send(PHOTO).send(MediaRefused("m1", reason, NOON))
    assert chat.memory.attachments == ()
    assert isinstance(chat.state, Confirming)
    assert chat.body
    assert chat.tap("Confirmar").drafts[0].attachments == ()


def test_a_refusal_is_told_when_the_order_was_placed_meanwhile() -> None:
    chat = at_summary().send(PHOTO).tap("Confirmar")
    chat.send(MediaRefused("m1", FileRefusal.UNAVAILABLE, NOON - timedelta(minutes=1)))
    assert "¿Me lo mandas otra vez" in chat.body


def test_a_refusal_of_a_file_that_no_order_hangs_on_says_nothing_more() -> None:
    chat = Chat().send(PHOTO)
    assert chat.send(MediaRefused("m1", FileRefusal.TOO_LARGE, NOON)).effects == []


def test_while_a_person_has_the_chat_a_refusal_is_silent() -> None:
    chat = with_cart().send(PHOTO)
    chat.pause = Pause(NOON + timedelta(hours=1), "person")
    assert chat.send(MediaRefused("m1", FileRefusal.TOO_LARGE, NOON)).effects == []


def test_a_file_that_whatsapp_lost_on_the_way_is_asked_for_again() -> None:
    assert "¿Me lo mandas otra vez" in Chat().send(UnreadableReceived(LOST_FILE)).body

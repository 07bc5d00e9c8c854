"""What is said after an order: an address to set right, thanks, a second «confirmar»."""

import pytest

from tests.unit.domain.chat import Chat, a_shop, after_order, at_summary
from wabot.domain.conversation.effects import PauseBot, Role
from wabot.domain.conversation.events import ContactsShared, MediaReceived
from wabot.domain.files import MediaKind


@pytest.mark.parametrize(
    "text",
    [
        "me equivoqué de dirección, es calle 9 num 21",
        "la dirección está mal, es calle 9 num 21",
        "me equivoqué de dirección",
        "cambiar la dirección",
    ],
)
def test_a_wrong_address_is_passed_to_a_person_and_never_only_thanked_for(text: str) -> None:
    chat = after_order().write(text)
    assert "P-101" in chat.body
    assert "dirección que me diste antes" in chat.body
    assert "ya le avisé a una persona" in chat.body
    assert f"Dice: «{text}»" in chat.notice(Role.ADVISER)


def test_an_address_alone_after_an_order_is_asked_about() -> None:
    chat = after_order().write("calle 9 num 21")
    assert "P-101" in chat.body
    assert "Hablar con un asesor" in chat.titles
    assert chat.write("sí").of(PauseBot)


def test_without_anybody_to_call_it_says_at_least_where_the_order_goes() -> None:
    shop = a_shop(owner_phone="", adviser_phone="")
    for text in ("calle 9 num 21", "me equivoqué de dirección, es calle 9 num 21"):
        chat = after_order(Chat(shop)).write(text)
        assert "dirección que me diste antes" in chat.body
        assert not chat.of(PauseBot)


def test_an_address_before_any_order_is_for_later() -> None:
    assert "Cuando armes tu pedido" in Chat().write("calle 9 num 21").body


@pytest.mark.parametrize(
    "text",
    [
        "muchas gracias, muy amable",
        "ya lo recibí, gracias",
        "ya me llegó todo",
        "gracias, que tengan buen día",
        "👍",
        "👍🏽",
        "❤️",
        "🙏🙏",
        "ok",
        "sí",
    ],
)
def test_thanks_after_an_order_never_count_as_a_miss(text: str) -> None:
    chat = after_order().write(text)
    assert "Con mucho gusto" in chat.body
    assert chat.memory.misses == 0


@pytest.mark.parametrize("text", ["confirmar", "perfecto, confirmo", "sí confirmo"])
def test_a_second_confirmation_is_told_that_it_is_confirmed(text: str) -> None:
    chat = after_order().write(text)
    assert "ya quedó registrado" in chat.body
    assert "P-101" in chat.body
    assert len(chat.drafts) == 1


@pytest.mark.parametrize("text", ["confirmar\nestado", "sí\ngracias"])
def test_a_yes_with_something_harmless_at_once_confirms(text: str) -> None:
    assert len(at_summary().write(text).drafts) == 1


@pytest.mark.parametrize("text", ["sí\npero sin jitomate", "confirmar\ncancelar", "estado\nsí"])
def test_a_yes_with_anything_else_does_not(text: str) -> None:
    assert at_summary().write(text).drafts == []


def test_files_after_misses_keep_their_own_sentence() -> None:
    chat = Chat().write("hola").write("xyzzy").write("xyzzy")
    assert "notas de voz" in chat.send(MediaReceived(MediaKind.AUDIO, "a")).body
    assert "Recibí el contacto" in chat.send(ContactsShared(("+525512345678",))).body

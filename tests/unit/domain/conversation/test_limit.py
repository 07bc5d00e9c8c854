"""The month's messages are used up: what has begun is finished, everybody else gets one note."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.domain.chat import ANA, NOON, Chat, a_shop, after_order, at_summary, with_cart
from wabot.domain.conversation import options
from wabot.domain.conversation.effects import EndPause, Notify, PauseBot, Role, Say
from wabot.domain.conversation.events import (
    ChatOpened,
    Happening,
    LocationShared,
    MediaReceived,
    MediaRefused,
    OptionChosen,
    PersonWrote,
    Reacted,
    TextReceived,
    TimerFired,
    TimerKind,
)
from wabot.domain.conversation.states import AtMenu
from wabot.domain.files import FileRefusal, MediaKind
from wabot.domain.usage import Quota

NOTE = "Llámanos o mándanos un mensaje al +52 55 1111 1111"
OLD_DAY = timedelta(days=2)


@pytest.mark.parametrize(
    "happening",
    [
        TextReceived("hola"),
        TextReceived("2 kg de jitomate"),
        TextReceived("asesor"),
        TextReceived("¿ya viene mi pedido?"),
        OptionChosen(options.ORDER),
        LocationShared(19.4, -99.1),
        MediaReceived(MediaKind.IMAGE, "m1"),
    ],
)
def test_a_new_conversation_gets_the_note_whatever_it_wants(happening: Happening) -> None:
    chat = Chat().run_out().send(happening)
    assert NOTE in chat.body
    assert len(chat.effects) == 1


def test_the_note_is_given_once_a_day_of_the_shop() -> None:
    chat = Chat().run_out()
    # Noon in UTC is six in the morning of the shop; its day ends at six in the morning of UTC.
    assert NOTE in chat.write("hola").body
    assert chat.wait(timedelta(hours=11, minutes=59)).write("hola").effects == []
    assert NOTE in chat.wait(timedelta(minutes=1)).write("hola").body


def test_opening_the_chat_without_a_word_gets_no_note() -> None:
    chat = Chat(customer=replace(ANA, is_new=True)).run_out().send(ChatOpened())
    assert chat.effects == []
    assert NOTE in chat.write("hola").body


def test_a_shop_without_any_phone_says_so_without_one() -> None:
    shop = a_shop(owner_phone="", adviser_phone="")
    assert "Búscanos en la tienda" in Chat(shop).run_out().write("hola").body


def test_the_adviser_is_named_where_there_is_no_owner() -> None:
    shop = a_shop(owner_phone="")
    assert "+52 55 2222 2222" in Chat(shop).run_out().write("hola").body


def test_an_order_in_the_making_goes_on_to_its_confirmation_and_the_owner_learns_of_it() -> None:
    chat = with_cart().run_out()
    chat.write("terminar").tap("Recoger en tienda").tap("Confirmar")
    assert len(chat.drafts) == 1
    assert "P-101" in chat.body
    assert "P-101" in chat.notice(Role.OWNER)
    assert NOTE in chat.write("hola").body


def test_whoever_is_choosing_has_begun() -> None:
    chat = Chat().write("hacer un pedido").run_out().write("jitomate")
    assert "Jitomate" in chat.body
    assert "¿" in chat.write("2").body


def test_whoever_only_saw_the_menu_has_not() -> None:
    chat = Chat().write("hola").run_out()
    assert chat.state == AtMenu()
    assert NOTE in chat.write("hacer un pedido").body


def test_a_person_can_be_called_in_the_middle_of_an_order() -> None:
    chat = at_summary().run_out().write("asesor")
    assert chat.of(PauseBot)
    assert chat.of(Notify)


def test_whoever_ordered_just_now_may_ask_how_it_stands() -> None:
    chat = after_order().run_out()
    assert "P-101" in chat.write("¿ya viene?").body
    assert "P-101" in chat.tap_id(options.status(chat.customer.orders[0].id)).body
    assert "P-101" in after_order().run_out().tap_id(options.STATUS).body
    assert NOTE in chat.wait(OLD_DAY).write("¿ya viene?").body


def test_a_draft_of_another_day_is_offered_again_and_may_be_finished() -> None:
    chat = with_cart().run_out().wait(OLD_DAY)
    assert "¿Seguimos?" in chat.write("hola").body
    chat.write("sí").write("terminar").tap("Recoger en tienda").tap("Confirmar")
    assert "P-101" in chat.notice(Role.OWNER)


def test_whoever_drops_that_draft_gets_the_note_in_place_of_the_menu() -> None:
    chat = with_cart().run_out().wait(OLD_DAY).write("hola").tap("Empezar de nuevo")
    assert NOTE in chat.body
    assert chat.titles == []
    assert chat.write("hola").effects == []


@pytest.mark.parametrize(
    "text", ["asesor", "me urge", "quiero cancelar mi pedido", "me equivoqué de dirección"]
)
def test_whoever_has_an_open_order_reaches_a_person_before_and_after_the_note(text: str) -> None:
    for chat in (after_order().run_out(), after_order().run_out().write("hola")):
        chat.write(text)
        assert "ya le avisé a una persona" in chat.body
        assert "P-101" in chat.notice(Role.ADVISER)
        assert chat.write("¿hola?").effects == []


def test_without_an_open_order_or_anybody_to_call_the_note_is_all() -> None:
    assert NOTE in Chat().run_out().write("me urge").body
    chat = after_order(Chat(a_shop(owner_phone="", adviser_phone=""))).run_out()
    assert "Búscanos" in chat.write("me urge").body


def test_no_button_is_offered_that_is_then_refused() -> None:
    chat = with_cart().run_out()
    chat.write("terminar").tap("Recoger en tienda").tap("Confirmar")
    assert chat.titles == ["Estado de mi pedido"]
    assert chat.tap("Estado de mi pedido").titles == ["Hablar con un asesor"]
    assert "ya le avisé a una persona" in chat.tap("Hablar con un asesor").body


def test_somebody_new_is_welcomed_once_there_are_messages_again() -> None:
    chat = Chat(customer=replace(ANA, is_new=True)).run_out()
    assert "¡Hola, Ana!" not in chat.write("hola").body
    chat.quota = Quota(0, 1_000)
    assert "Qué gusto saludarte" in chat.write("hola").body


def test_a_file_that_could_not_be_kept_with_an_order_is_told() -> None:
    chat = after_order().run_out()
    chat.send(MediaRefused("m1", FileRefusal.TOO_LARGE, NOON - timedelta(minutes=1)))
    assert "pesa demasiado" in chat.body


def test_a_reaction_stays_without_an_answer() -> None:
    assert Chat().run_out().send(Reacted("👍")).effects == []


def test_a_person_of_the_shop_takes_over_as_ever_and_the_bot_is_silent() -> None:
    chat = Chat().run_out().send(PersonWrote())
    assert chat.of(PauseBot)
    assert chat.write("hola").effects == []


def test_the_bot_comes_back_from_a_person_without_a_word() -> None:
    chat = Chat().write("asesor").run_out().wait(OLD_DAY).send(TimerFired(TimerKind.PAUSE_END))
    assert chat.of(EndPause)
    assert chat.of(Say) == []


def test_it_comes_back_with_a_word_to_whoever_has_an_order_in_the_making() -> None:
    shop = a_shop(pause_lifetime=timedelta(hours=12))
    chat = with_cart(Chat(shop)).write("asesor").run_out().wait(timedelta(hours=12))
    assert "tu pedido sigue aquí" in chat.send(TimerFired(TimerKind.PAUSE_END)).body.lower()


def test_whoever_was_promised_a_person_is_told_that_nobody_came() -> None:
    chat = Chat().write("asesor").run_out().wait(timedelta(minutes=30))
    chat.send(TimerFired(TimerKind.HANDOFF_UNANSWERED))
    assert "se desocupa nadie" in chat.body
    assert chat.notice(Role.OWNER)


@pytest.mark.parametrize(("used", "level"), [(0, 0), (799, 0), (800, 80), (999, 80), (1_000, 100)])
def test_levels_begin_exactly_where_they_say(used: int, level: int) -> None:
    quota = Quota(used, 1_000)
    assert quota.level == level
    assert quota.is_used_up == (level == 100)


def test_of_a_limit_of_nothing_all_is_used_up() -> None:
    assert Quota(0, 0).is_used_up


def test_a_small_limit_is_reached_by_whole_messages() -> None:
    assert [Quota(n, 3).level for n in range(4)] == [0, 0, 0, 100]

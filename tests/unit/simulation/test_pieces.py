"""Clock, facts, commands, hearing and the rewriting of scripts."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from wabot.domain.tenant import Tenant
from wabot.simulation.conversation.clock import ShiftableClock
from wabot.simulation.conversation.commands import Advance, Send, ShowHelp, read_command
from wabot.simulation.conversation.contents import File, Pin
from wabot.simulation.conversation.directives import read_length, read_setting
from wabot.simulation.conversation.facts import observe, write_fact
from wabot.simulation.conversation.hearing import HeardTexts, Hearing, heard
from wabot.simulation.conversation.matching import compare
from wabot.simulation.conversation.observed import BotMessage, ShownOption
from wabot.simulation.conversation.parser import parse_script
from wabot.simulation.conversation.player import Outcome, Rewrite
from wabot.simulation.conversation.report import difference, rewritten
from wabot.simulation.conversation.script import Fact
from wabot.texts import Texts

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = "5215512345678"


class Book:
    def __init__(self, **facts: str) -> None:
        self._facts = facts

    async def facts(self, subject: str, keys: tuple[str, ...]) -> dict[str, str]:
        return {key: self._facts[key] for key in keys if key in self._facts} or self._facts


def test_a_standing_clock_moves_only_when_told_to() -> None:
    clock = ShiftableClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(hours=25))
    assert clock.now() == NOON + timedelta(hours=25)
    clock.set(NOON + timedelta(days=3))
    assert clock.now() == NOON + timedelta(days=3)


def test_a_running_clock_keeps_its_shift() -> None:
    clock = ShiftableClock()
    clock.advance(timedelta(days=1))
    assert timedelta(hours=23) < clock.now() - datetime.now(UTC) < timedelta(hours=25)


def test_lengths_of_time_may_be_composed() -> None:
    assert read_length("1d12h") == timedelta(hours=36)
    assert read_length("90m") == timedelta(minutes=90)
    with pytest.raises(ValueError, match="no length"):
        read_length("1x")


def test_settings_are_read_as_they_are_stored() -> None:
    assert read_setting("pickup", "off") is False
    assert read_setting("usual_quantities", "1,5,10") == [1, 5, 10]
    assert read_setting("owner_phone", "") == ""
    assert read_setting("pause_lifetime", "2h") == "2h"


async def test_facts_compare_numbers_as_numbers() -> None:
    fact = Fact(1, "order", (("total", "56.00"), ("status", "pendiente")))
    assert await observe(fact, Book(total="56", status="pendiente")) == fact.wanted
    other = await observe(fact, Book(total="58", status="pendiente"))
    assert write_fact("order", other) == "! order total=58 status=pendiente"


async def test_no_order_is_a_fact_too() -> None:
    none = Fact(1, "order", (("", "none"),))
    assert await observe(none, Book()) == none.wanted
    assert write_fact("order", await observe(none, Book(code="P-101"))) == "! order code=P-101"
    some = Fact(1, "order", (("lines", "1"),))
    assert write_fact("order", await observe(some, Book())) == "! order none"


def test_facts_with_spaces_are_quoted() -> None:
    assert write_fact("customer", (("name", "Ana López"), ("phone", ""))) == (
        '! customer name="Ana López" phone=""'
    )


def test_commands_are_understood_with_and_without_accents() -> None:
    assert read_command("/foto la receta") == Send(File("image", "la receta"))
    assert read_command("/ubicación 19.43,-99.13") == Send(Pin(19.43, -99.13))
    assert read_command("/avanzar 25h") == Advance(timedelta(hours=25), "25h")
    assert read_command("/HELP") == ShowHelp()
    with pytest.raises(ValueError, match="no command"):
        read_command("/baila")
    with pytest.raises(ValueError, match=r"19\.43"):
        read_command("/ubicacion aquí")


def test_a_message_is_named_by_the_sentences_that_stand_in_it() -> None:
    texts = Texts(
        {
            "menu.hello": "¡Hola, {name}!",
            "cart.review": "Tu pedido:\n{lines}",
            "cart.line": "• {name}",
            "option.menu": "Tu",
            "menu.main": "¿Algo más?",
        }
    )
    hearing = Hearing()
    said = HeardTexts(texts, hearing)
    line = said.say("cart.line", {"name": "Arroz"})
    body = (
        f"{said.say('menu.hello', {'name': 'Ana'})}\n\n{said.say('cart.review', {'lines': line})}"
    )
    said.say("option.menu")
    assert hearing.keys_of(body) == ("menu.hello", "cart.review")
    assert hearing.keys == {"menu.hello", "cart.review", "cart.line", "option.menu"}
    hearing.clear()
    assert hearing.keys_of(body) == ()


def test_heard_texts_say_the_same_as_any() -> None:
    texts = Texts({"menu.hello": "¡Hola, {name}!"})
    of = heard(lambda _: texts, Hearing())
    tenant: Tenant = SimpleNamespace(template="x")  # type: ignore[assignment] - its template is all that is read
    assert of(tenant).say("menu.hello", {"name": "Ana"}) == "¡Hola, Ana!"
    assert of(tenant) is of(tenant)


def _message(text: str, *titles: str, audience: str = "customer", key: str = "") -> BotMessage:
    options = tuple(ShownOption(title, title) for title in titles)
    return BotMessage(text, options, audience, ANA, (key,) if key else (), wamid=text)


def test_messages_are_paired_in_order_for_each_audience() -> None:
    script = parse_script("a.chat", '> x\n<owner owner.a\n< menu.b "dos"\n[X] [Y]\n')
    messages = [
        _message("uno dos", "X", "Y", key="menu.b"),
        _message("aviso", audience="owner", key="owner.a"),
    ]
    assert compare(script, script.blocks[0], messages, ANA).matches


@pytest.mark.parametrize(
    "message",
    [
        _message("dos", "X", key="menu.b"),
        _message("dos", "Y", "X", key="menu.b"),
        _message("tres", "X", "Y", key="menu.b"),
        _message("dos", "X", "Y", key="menu.c"),
    ],
)
def test_key_parts_and_exact_options_must_all_match(message: BotMessage) -> None:
    script = parse_script("a.chat", '> x\n< menu.b "dos"\n[X] [Y]\n')
    assert not compare(script, script.blocks[0], [message], ANA).matches


def test_a_message_to_another_customer_is_not_taken_for_the_present_one() -> None:
    script = parse_script("a.chat", "> x\n< menu.b\n")
    message = _message("dos", key="menu.b")
    found = compare(script, script.blocks[0], [message], "5215500000000")
    assert found.actual == (f"<{ANA} menu.b",)


def test_a_rewritten_script_keeps_its_comments() -> None:
    before = "# top\n> x\n< menu.a\n# between\n[X]\n! orders=1\n"
    script = parse_script("a.chat", before)
    outcome = Outcome(script)
    outcome.rewrites = [
        Rewrite(2, (3, 5), ("< menu.b", "[Y]")),
        Rewrite(6, (6,), ("! orders=2",)),
    ]
    after = rewritten(outcome)
    assert after == "# top\n> x\n< menu.b\n[Y]\n# between\n! orders=2\n"
    assert "-< menu.a\n" in difference("a.chat", before, after)


def test_what_was_not_expected_is_written_below_its_act() -> None:
    script = parse_script("a.chat", "> x\n> y\n")
    outcome = Outcome(script, rewrites=[Rewrite(1, (), ("< menu.a",))])
    assert rewritten(outcome) == "> x\n< menu.a\n> y\n"

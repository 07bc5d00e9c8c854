"""Carries out what a script's lines ask of a stage."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from wabot.domain.usage import day_of
from wabot.simulation.conversation.directives import (
    PRODUCT_PAIRS,
    USAGE_PAIRS,
    read_flag,
    read_length,
    read_moment,
    read_pairs,
    read_setting,
)
from wabot.simulation.conversation.observed import BotMessage
from wabot.simulation.conversation.people import DEFAULT_NAME, customer_named
from wabot.simulation.conversation.script import Action, CustomerSays, Directive, PersonWrites
from wabot.simulation.conversation.stage import Stage

Words = tuple[str, ...]

_STAFF = ("owner_phone", "adviser_phone")


async def act(stage: Stage, action: Action) -> list[BotMessage]:
    """Do it, and return what the bot sent until it came to rest.

    Raises NotOffered, LookupError or Finding when it cannot be done.
    """
    match action:
        case CustomerSays(content):
            return await stage.say(content)
        case PersonWrites(body):
            return await stage.write_as_person(body)
        case Directive(name, words):
            await _DIRECTIVES[name](stage, words)
            return await stage.settled()
        case _ as never:
            assert_never(never)


async def _now(stage: Stage, words: Words) -> None:
    moment = read_moment(words[0]).replace(tzinfo=ZoneInfo(stage.tenant.time_zone))
    if moment < stage.clock.now():
        raise LookupError("@ now goes forward only; the scripts' day begins at 2026-03-02T09:00")
    stage.clock.set(moment)


async def _advance(stage: Stage, words: Words) -> None:
    stage.clock.advance(read_length(words[0]))


async def _late(stage: Stage, words: Words) -> None:
    stage.late = read_length(words[0])


async def _setting(stage: Stage, words: Words) -> None:
    key, written = words
    await stage.database.set_setting(key, read_setting(key, written))
    if key in _STAFF:
        await stage.staff_wrote()


async def _staff(stage: Stage, words: Words) -> None:  # noqa: ARG001 - it says «wrote»
    await stage.staff_wrote()


async def _plan(stage: Stage, words: Words) -> None:
    await stage.database.set_plan(words[0])
    await stage.notice_clients()


async def _usage(stage: Stage, words: Words) -> None:
    counted = int(read_pairs(words, USAGE_PAIRS)["messages"])
    today = day_of(stage.clock.now(), stage.tenant.time_zone)
    await stage.database.set_usage(today, counted)


async def _customer(stage: Stage, words: Words) -> None:
    pairs = read_pairs(words[1:], ("name",))
    stage.customer = customer_named(words[0], pairs.get("name", DEFAULT_NAME))


async def _stock(stage: Stage, words: Words) -> None:
    await stage.database.change_product(words[0], {"stock": words[1]})


async def _product(stage: Stage, words: Words) -> None:
    pairs: dict[str, object] = dict(read_pairs(words[1:], PRODUCT_PAIRS))
    if "active" in pairs:
        pairs["active"] = read_flag(str(pairs["active"]))
    await stage.database.change_product(words[0], pairs)


async def _order(stage: Stage, words: Words) -> None:
    status, code = (*words, "")[:2]
    stage.clock.advance(timedelta(seconds=1))
    await stage.database.move_order(stage.customer.contact, status, code, stage.clock.now())


_DIRECTIVES: dict[str, Callable[[Stage, Words], Coroutine[Any, Any, None]]] = {
    "now": _now,
    "advance": _advance,
    "late": _late,
    "setting": _setting,
    "staff": _staff,
    "plan": _plan,
    "usage": _usage,
    "customer": _customer,
    "stock": _stock,
    "product": _product,
    "order": _order,
}

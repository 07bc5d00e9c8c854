"""Owner and operator hear of each line once in a month, whatever the owner's 24 hours say."""

from tests.harness import Harness
from tests.integration.runtime.test_counting import use_up
from tests.integration.runtime.windows import alerts, name_template, outgoing, to_owner
from wabot.simulation.inbound_payloads import Person


async def heard(shop: Harness, n: int, used: int) -> None:
    """Let somebody new write when so many messages are used up."""
    use_up(shop, used)
    await shop.say("hola", sender=Person(f"52155501001{n:02}", f"Cliente {n}", ""))
    await shop.settled()


def quotas(shop: Harness) -> list[tuple[str, bool]]:
    return [(rule, is_open) for rule, _, is_open in alerts(shop) if rule.startswith("quota_")]


async def test_an_owner_who_did_not_write_for_a_day_is_told_by_template_once_of_each_line(
    one: Harness,
) -> None:
    name_template(one, "quota_notice", "mensajes_del_plan", 3)
    await heard(one, 1, 799)
    await heard(one, 2, 810)
    (first,) = to_owner(one)
    assert (first.template, first.parameters[1:]) == ("mensajes_del_plan", ("1,000", "Básico"))
    assert quotas(one) == [("quota_80", True)]
    await heard(one, 3, 999)
    await heard(one, 4, 1_000)
    assert [sent.template for sent in to_owner(one)] == ["mensajes_del_plan"] * 2
    assert quotas(one) == [("quota_80", True), ("quota_100", True)]


async def test_without_a_template_nothing_is_sent_that_meta_refuses_and_the_operator_knows(
    one: Harness,
) -> None:
    await heard(one, 1, 799)
    assert to_owner(one) == []
    assert one.graph.journal.refusals == ()
    (row,) = outgoing(one, "owner")
    assert (row["status"], row["error"]) == ("failed", "window closed, no template")
    assert {rule for rule, _, is_open in alerts(one) if is_open} == {"quota_80", "notice_unsent"}


async def test_the_next_month_tells_anew(one: Harness) -> None:
    name_template(one, "quota_notice", "mensajes_del_plan", 3)
    await heard(one, 1, 799)
    assert len(to_owner(one)) == 1
    one.clock.advance(days=31)
    await heard(one, 2, 799)
    assert len(to_owner(one)) == 2

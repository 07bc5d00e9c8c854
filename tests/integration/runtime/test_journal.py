"""The journal: what is durable, who holds a conversation, and when it is due."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import psycopg

from tests.integration.runtime.journals import NOW, SECOND, Journals, event
from wabot.repositories.runtime.journal import PostgresJournal
from wabot.services.runtime.events import (
    Closing,
    ConversationKey,
    EventKind,
    Failed,
    Kept,
    Leased,
)


async def test_a_second_delivery_of_the_same_message_is_ignored(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    first = await journal.accept([event("m1", client), event("m1", client)])
    second = await journal.accept([event("m1", client), event("m2", client)])
    assert (first.stored, second.stored) == (1, 1)


async def test_whoever_accepts_a_free_conversation_holds_it(journals: Journals) -> None:
    a, b, client = journals.of("a"), journals.of("b"), uuid4()
    key = ConversationKey(client, "521")
    assert [held.key for held in (await a.accept([event("m1", client)])).leased] == [key]
    assert (await b.accept([event("m2", client)])).leased == ()
    assert await b.take(key) is None
    taken = await a.take(key)
    assert taken is not None
    assert [e.key for e in taken] == ["m1", "m2"]


async def test_events_are_taken_by_metas_time_then_by_arrival(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    await journal.accept(
        [
            event("late", client, occurred_at=NOW + SECOND),
            event("x-first", client),
            event("a-second", client, occurred_at=NOW),
        ]
    )
    taken = await journal.take(ConversationKey(client, "521"))
    assert taken is not None
    assert [e.key for e in taken] == ["x-first", "a-second", "late"]


async def test_an_expired_lease_is_taken_over_and_the_first_holder_learns_of_it(
    journals: Journals,
) -> None:
    a, b, client = journals.of("a", lease=0.2), journals.of("b"), uuid4()
    key = ConversationKey(client, "521")
    await a.accept([event("m1", client)])
    assert await b.claim_due(10) == []
    await asyncio.sleep(0.3)
    assert await b.claim_due(10) == [key]
    assert await a.take(key) is None
    assert await a.renew([key]) == set()
    taken = await b.take(key)
    assert taken is not None
    assert taken[0].attempts == 1


async def test_a_renewed_lease_is_not_taken_over(journals: Journals) -> None:
    a, b, client = journals.of("a", lease=0.4), journals.of("b"), uuid4()
    key = ConversationKey(client, "521")
    await a.accept([event("m1", client)])
    for _ in range(3):
        await asyncio.sleep(0.2)
        assert await a.renew([key]) == {key}
    assert await b.claim_due(10) == []


async def test_free_text_waits_for_further_fragments(journals: Journals) -> None:
    journal, client = journals.of("a", quiet=0.4), uuid4()
    key = ConversationKey(client, "521")
    accepted = await journal.accept([event("m1", client, quiet=True)])
    assert accepted.leased == ()
    assert await journal.claim_due(10) == []
    await asyncio.sleep(0.25)
    await journal.accept([event("m2", client, quiet=True)])
    await asyncio.sleep(0.25)
    for claimed in await journal.claim_due(10):
        assert await journal.take(claimed) == []
        assert await journal.close([Closing(claimed)]) == []
    await asyncio.sleep(0.25)
    assert await journal.claim_due(10) == [key]
    taken = await journal.take(key)
    assert taken is not None
    assert {e.key for e in taken} == {"m1", "m2"}


async def test_free_text_waits_no_longer_than_the_limit(journals: Journals) -> None:
    journal, client = journals.of("a", quiet=0.2), uuid4()
    for number in range(6):
        await journal.accept([event(f"m{number}", client, quiet=True)])
        await asyncio.sleep(0.13)
    key = ConversationKey(client, "521")
    assert await journal.claim_due(10) == [key]
    taken = await journal.take(key)
    assert taken is not None
    assert len(taken) == 6


async def test_a_button_flushes_the_text_that_waits(journals: Journals) -> None:
    journal, client = journals.of("a", quiet=30), uuid4()
    await journal.accept([event("m1", client, quiet=True)])
    accepted = await journal.accept([event("m2", client)])
    (held,) = accepted.leased
    assert held.events is None
    taken = await journal.take(held.key)
    assert taken is not None
    assert {e.key for e in taken} == {"m1", "m2"}


async def test_a_status_does_not_flush_the_text_that_waits(journals: Journals) -> None:
    journal, client = journals.of("a", quiet=30), uuid4()
    await journal.accept([event("m1", client, quiet=True)])
    accepted = await journal.accept([event("s1", client, kind=EventKind.STATUS)])
    (held,) = accepted.leased
    assert held.events is None
    taken = await journal.take(held.key)
    assert taken is not None
    assert [e.key for e in taken] == ["s1"]


async def test_what_is_all_that_waits_is_taken_with_the_lease(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    late = event("m2", client, occurred_at=NOW + SECOND)
    (held,) = (await journal.accept([late, event("m1", client)])).leased
    assert held.events is not None
    assert [(e.key, e.attempts, e.payload) for e in held.events] == [
        ("m1", 1, {"key": "m1"}),
        ("m2", 1, {"key": "m2"}),
    ]
    taken = await journal.take(held.key)
    assert taken is not None
    assert [e.id for e in taken] == [e.id for e in held.events]


async def test_what_another_process_is_still_storing_is_taken_too(
    journals: Journals, runtime_url: str
) -> None:
    journal, client = journals.of("a", quiet=30), uuid4()
    async with await psycopg.AsyncConnection.connect(runtime_url) as other:
        await other.execute(
            "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact,"
            " payload, occurred_at, due_at, quiet)"
            " VALUES ('100', 'm0', 'message', %s, '521', '{}', %s, now() + '30 s', true)",
            (client, NOW),
        )
        await other.execute(
            "INSERT INTO wabot.conversations (client_id, contact, due_at)"
            " VALUES (%s, '521', now() + interval '30 s')",
            (client,),
        )
        accepting = asyncio.create_task(journal.accept([event("m1", client)]))
        await asyncio.sleep(0.2)
        await other.commit()
    (held,) = (await accepting).leased
    assert held.events is None
    taken = await journal.take(held.key)
    assert taken is not None
    assert {e.key for e in taken} == {"m0", "m1"}


async def test_closing_gives_the_lease_back(journals: Journals) -> None:
    a, b, client = journals.of("a"), journals.of("b"), uuid4()
    key = ConversationKey(client, "521")
    await a.accept([event("m1", client)])
    taken = await a.take(key)
    assert taken is not None
    assert await a.close([Closing(key, done=(taken[0].id,))]) == []
    assert [held.key for held in (await b.accept([event("m2", client)])).leased] == [key]


async def test_what_came_meanwhile_keeps_the_lease(journals: Journals) -> None:
    a, b, client = journals.of("a"), journals.of("b"), uuid4()
    key = ConversationKey(client, "521")
    await a.accept([event("m1", client)])
    taken = await a.take(key)
    assert taken is not None
    await b.accept([event("m2", client)])
    assert await a.close([Closing(key, done=(taken[0].id,))]) == [key]
    again = await a.take(key)
    assert again is not None
    assert [e.key for e in again] == ["m2"]


async def test_an_event_is_never_overlooked_between_accepting_and_closing(
    journals: Journals,
) -> None:
    a, b, client = journals.of("a"), journals.of("b"), uuid4()
    key = ConversationKey(client, "521")
    seen: set[str] = set()

    async def work(journal: PostgresJournal, leased: tuple[Leased, ...]) -> None:
        again, given = bool(leased), leased[0].events if leased else None
        while again:
            taken = given if given is not None else await journal.take(key)
            given = None
            if taken is None:
                return
            assert seen.isdisjoint(e.key for e in taken)
            seen.update(e.key for e in taken)
            done = tuple(e.id for e in taken)
            again = bool(await journal.close([Closing(key, done=done)]))

    async def deliver(journal: PostgresJournal, name: str) -> None:
        accepted = await journal.accept([event(name, client)])
        await work(journal, accepted.leased)

    await asyncio.gather(
        *(deliver(journal, f"{n}-{i}") for i in range(40) for n, journal in (("a", a), ("b", b)))
    )
    assert len(seen) == 80


async def test_a_kept_event_is_due_again_after_its_delay(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    key = ConversationKey(client, "521")
    await journal.accept([event("m1", client)])
    taken = await journal.take(key)
    assert taken is not None
    kept = Kept(
        taken[0].id, timedelta(seconds=0.3), attempts=taken[0].attempts, error="ValueError: x"
    )
    assert await journal.close([Closing(key, kept=(kept,))]) == []
    assert await journal.claim_due(10) == []
    soon = (await journal.agenda(NOW)).due_in
    assert soon is not None
    assert timedelta(0) < soon <= timedelta(seconds=0.3)
    await asyncio.sleep(0.35)
    assert await journal.claim_due(10) == [key]
    again = await journal.take(key)
    assert again is not None
    assert again[0].attempts == 2


async def test_a_failed_event_stays_visible_and_is_not_taken_again(
    journals: Journals, central_url: str
) -> None:
    journal, client = journals.of("a"), uuid4()
    key = ConversationKey(client, "521")
    await journal.accept([event("m1", client)])
    taken = await journal.take(key)
    assert taken is not None
    await journal.close([Closing(key, failed=(Failed(taken[0].id, "five tries"),))])
    assert await journal.claim_due(10) == []
    with psycopg.connect(central_url) as connection:
        row = connection.execute("SELECT state, last_error FROM wabot.inbox").fetchone()
    assert row == ("failed", "five tries")

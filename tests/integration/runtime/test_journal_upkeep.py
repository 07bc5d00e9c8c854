"""What the journal keeps apart from messages: timers, alerts, strangers' events, old ones."""

from datetime import timedelta
from uuid import uuid4

import psycopg

from tests.integration.runtime.journals import NOW, SECOND, Journals, event
from wabot.domain.alerts import Rule
from wabot.domain.conversation.events import TimerKind
from wabot.services.runtime.events import (
    Closing,
    ConversationKey,
    EventKind,
    Kept,
    TimerChange,
)


async def test_an_event_for_an_unknown_number_is_kept_and_wakes_nobody(
    journals: Journals, central_url: str
) -> None:
    journal = journals.of("a")
    accepted = await journal.accept([event("m1", None)])
    assert (accepted.stored, accepted.leased) == (1, ())
    with psycopg.connect(central_url) as connection:
        assert connection.execute("SELECT state FROM wabot.inbox").fetchall() == [("unrouted",)]
        assert connection.execute("SELECT 1 FROM wabot.conversations").fetchall() == []


async def test_a_timer_becomes_one_event_when_business_time_reaches_it(
    journals: Journals, make_tenant
) -> None:
    journal, tenant = journals.of("a"), make_tenant("bodega")
    key = ConversationKey(tenant.id, "521")
    await journal.accept([event("m1", tenant.id)])
    taken = await journal.take(key)
    assert taken is not None
    timers = (
        TimerChange(TimerKind.PAUSE_END, "m1", NOW),
        TimerChange(TimerKind.PAUSE_END, "m1", NOW + SECOND),
        TimerChange(TimerKind.HANDOFF_UNANSWERED, "m1", NOW),
        TimerChange(TimerKind.HANDOFF_UNANSWERED, "m1"),
    )
    for _ in range(2):
        await journal.close([Closing(key, done=(taken[0].id,), timers=timers)])
    assert not (await journal.agenda(NOW)).timers_due
    assert await journal.fire_timers(NOW) == []
    assert (await journal.agenda(NOW + SECOND)).timers_due
    assert await journal.fire_timers(NOW + SECOND) == [key]
    assert not (await journal.agenda(NOW + SECOND)).timers_due
    assert await journal.fire_timers(NOW + SECOND) == []
    due = await journal.take(key)
    assert due is not None
    assert [(e.kind, e.payload) for e in due] == [(EventKind.TIMER, {"timer": "pause_end"})]


async def test_the_journal_forgets_what_was_done_long_ago(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    key = ConversationKey(client, "521")
    await journal.accept([event("m1", client), event("m2", client)])
    taken = await journal.take(key)
    assert taken is not None
    await journal.close([Closing(key, done=(taken[0].id,), kept=(Kept(taken[1].id, SECOND),))])
    assert await journal.purge(timedelta(hours=1)) == 0
    assert await journal.purge(timedelta(0)) == 1


async def test_statuses_tell_that_a_number_is_heard(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    message = uuid4()
    assert (await journal.status_silence("100", message)).last_status_age is None
    told = {"raw": {"biz_opaque_callback_data": str(message)}}
    await journal.accept([event("s1", client, kind=EventKind.STATUS, payload=told)])
    heard = await journal.status_silence("100", message)
    assert heard.last_status_age is not None
    assert heard.last_status_age < timedelta(minutes=1)
    assert heard.backlog


async def test_statuses_of_other_messages_are_no_backlog_of_this_one(journals: Journals) -> None:
    journal, client = journals.of("a"), uuid4()
    told = {"raw": {"biz_opaque_callback_data": str(uuid4())}}
    await journal.accept([event("s1", client, kind=EventKind.STATUS, payload=told)])
    assert not (await journal.status_silence("100", uuid4())).backlog


async def test_the_same_alert_counts_its_occurrences(journals: Journals, central_url: str) -> None:
    journal, client = journals.of("a"), uuid4()
    for _ in range(3):
        await journal.raise_alert("k", Rule.MEDIA_FAILED, client, "what happened")
    with psycopg.connect(central_url) as connection:
        assert connection.execute("SELECT occurrences FROM wabot.alerts").fetchall() == [(3,)]


async def test_released_leases_are_free_at_once(journals: Journals) -> None:
    a, b, client = journals.of("a"), journals.of("b"), uuid4()
    await a.accept([event("m1", client)])
    await a.release_all()
    assert await b.claim_due(10) == [ConversationKey(client, "521")]


class TestAdoption:
    async def test_an_event_stored_after_its_client_was_created_is_adopted(
        self, journals: Journals, make_tenant
    ) -> None:
        journal, tenant = journals.of("a"), make_tenant("bodega")
        number = {"phone_number_id": tenant.phone_number_id}
        await journal.accept([event("m1", None, **number), event("m2", None, **number)])
        assert await journal.adopt() == 2
        assert await journal.adopt() == 0
        assert await journal.claim_due(10) == [ConversationKey(tenant.id, "521")]

    async def test_a_client_never_adopts_what_another_app_signed(
        self, journals: Journals, make_tenant
    ) -> None:
        journal, tenant = journals.of("a"), make_tenant("bodega")
        number = {"phone_number_id": tenant.phone_number_id}
        await journal.accept(
            [
                event("ours", None, app_id=tenant.app_id, **number),
                event("theirs", None, app_id="999", **number),
            ]
        )
        assert await journal.adopt() == 1
        taken = await journal.take((await journal.claim_due(10))[0])
        assert taken is not None
        assert [e.key for e in taken] == ["ours"]

    async def test_a_new_client_never_takes_over_what_another_app_signed(
        self, journals: Journals, make_tenant
    ) -> None:
        journal = journals.of("a")
        await journal.accept([event("theirs", None, phone_number_id="777", app_id="999")])
        make_tenant("bodega", number="777")
        assert await journal.claim_due(10) == []

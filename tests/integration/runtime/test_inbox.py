"""The operator's hands on the inbox."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.runtime.journals import Journals, event
from wabot.domain.alerts import Rule
from wabot.errors import NotFound
from wabot.repositories.engines import open_engine
from wabot.repositories.inbox import SqlInbox
from wabot.services.runtime.events import Closing, ConversationKey, Failed


@pytest.fixture
def inbox(central_url: str) -> Iterator[SqlInbox]:
    engine = open_engine(central_url)
    yield SqlInbox(engine)
    engine.dispose()


async def _failed(journals: Journals, client) -> ConversationKey:
    journal = journals.of("a")
    key = ConversationKey(client, "521")
    await journal.accept([event("m1", client), event("m2", client)])
    taken = await journal.take(key)
    assert taken is not None
    failed = (Failed(taken[0].id, "ValueError: no"),)
    await journal.close([Closing(key, failed=failed, done=(taken[1].id,))])
    return key


async def test_what_failed_is_listed_with_its_reason(
    journals: Journals, inbox: SqlInbox, make_tenant
) -> None:
    await _failed(journals, make_tenant("bodega").id)
    (found,) = inbox.listing(("failed",), "bodega", 10)
    assert (found.tenant, found.state, found.last_error) == ("bodega", "failed", "ValueError: no")
    make_tenant("otra", number="106500000000002")
    assert inbox.listing(("failed",), "otra", 10) == ()


async def test_what_is_retried_is_due_at_once_with_its_tries_forgotten(
    journals: Journals, inbox: SqlInbox, make_tenant, central_url: str
) -> None:
    key = await _failed(journals, make_tenant("bodega").id)
    assert inbox.retry_failed("bodega", actor="op@host") == 1
    journal = journals.of("b")
    assert await journal.claim_due(10) == [key]
    taken = await journal.take(key)
    assert taken is not None
    assert [(e.key, e.attempts) for e in taken] == [("m1", 1)]
    with psycopg.connect(central_url) as connection:
        acts = connection.execute(
            "SELECT actor, client_id FROM wabot.audit_log WHERE action = 'inbox.retry'"
        ).fetchall()
    assert acts == [("op@host", key.client_id)]


async def test_what_was_handled_is_not_retried_but_can_be_replayed(
    journals: Journals, inbox: SqlInbox, make_tenant
) -> None:
    key = await _failed(journals, make_tenant("bodega").id)
    (done,) = inbox.listing(("done",), "bodega", 10)
    assert inbox.retry([done.id], actor="op") == 0
    assert inbox.replay("bodega", "521", actor="op") == 2
    assert await journals.of("b").claim_due(10) == [key]


async def test_what_is_discarded_is_never_handled(
    journals: Journals, inbox: SqlInbox, make_tenant
) -> None:
    await _failed(journals, make_tenant("bodega").id)
    (failed,) = inbox.listing(("failed",), "", 10)
    assert inbox.discard([failed.id, 999_999], actor="op") == 1
    assert inbox.listing(("failed", "waiting"), "", 10) == ()
    assert inbox.get(failed.id)[0].last_error == "discarded by op"


async def test_an_event_for_no_client_can_be_discarded(journals: Journals, inbox: SqlInbox) -> None:
    await journals.of("a").accept([event("m1", None)])
    (waiting,) = inbox.listing(("unrouted",), "", 10)
    assert inbox.discard([waiting.id], actor="op") == 1


def test_an_unknown_event_is_named(inbox: SqlInbox) -> None:
    with pytest.raises(NotFound, match="no event 7"):
        inbox.get(7)


async def test_what_was_discarded_is_not_replayed(
    journals: Journals, inbox: SqlInbox, make_tenant
) -> None:
    await _failed(journals, make_tenant("bodega").id)
    (failed,) = inbox.listing(("failed",), "", 10)
    inbox.discard([failed.id], actor="op")
    assert inbox.replay("bodega", "521", actor="op") == 1
    assert inbox.get(failed.id)[0].state == "done"


@pytest.mark.parametrize("act", ["discard", "retry"])
async def test_the_alert_of_what_was_seen_to_is_resolved(
    journals: Journals, inbox: SqlInbox, make_tenant, central_url: str, act: str
) -> None:
    await _failed(journals, make_tenant("bodega").id)
    (failed,) = inbox.listing(("failed",), "", 10)
    journal = journals.of("a")
    for event_id in (failed.id, failed.id + 1000):
        await journal.raise_alert(f"event_set_aside:{event_id}", Rule.EVENT_SET_ASIDE, None, "…")
    getattr(inbox, act)([failed.id], actor="op")
    with psycopg.connect(central_url) as connection:
        resolved = connection.execute(
            "SELECT key FROM wabot.alerts WHERE resolved_at IS NOT NULL"
        ).fetchall()
    assert resolved == [(f"event_set_aside:{failed.id}",)]
    if act == "retry":
        assert inbox.get(failed.id)[0].last_error == ""

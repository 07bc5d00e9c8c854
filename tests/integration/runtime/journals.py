"""Journals of several processes, and events for them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.harness import Clock
from wabot.repositories.runtime.journal import PostgresJournal
from wabot.repositories.runtime.pools import Pools
from wabot.services.runtime.events import EventKind, NewEvent

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Journals:
    """Journals of several processes over one database."""

    def __init__(self, runtime_url: str) -> None:
        self.pools = Pools(runtime_url, size=8)

    def of(self, owner: str, *, lease: float = 10, quiet: float = 2) -> PostgresJournal:
        return PostgresJournal(
            self.pools,
            owner=owner,
            lease=timedelta(seconds=lease),
            quiet=timedelta(seconds=quiet),
            quiet_limit=timedelta(seconds=quiet * 3),
            clock=Clock(),
        )


def event(key: str, client: UUID | None, contact: str = "521", **given) -> NewEvent:
    return NewEvent(
        **{
            "phone_number_id": "100",
            "dedup_key": key,
            "kind": EventKind.MESSAGE,
            "contact": contact,
            "payload": {"key": key},
            "occurred_at": NOW,
            "client_id": client,
            **given,
        }
    )

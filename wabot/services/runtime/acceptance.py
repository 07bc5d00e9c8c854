"""Accepts what a webhook brought: durable before anybody says 200."""

import logging
from collections.abc import Callable, Collection, Sequence

from wabot.domain.conversation.events import MediaReceived
from wabot.domain.files import MediaKind, refusal
from wabot.domain.inbound import (
    AccountNotice,
    Echo,
    IdentityChange,
    InboundMessage,
    Item,
    Malformed,
    StatusUpdate,
)
from wabot.domain.tenant import Tenant
from wabot.errors import Overloaded
from wabot.logs import log
from wabot.services.runtime.batching import Batcher
from wabot.services.runtime.events import Acceptance, EventKind, Leased, NewEvent
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.media_ports import FileToFetch
from wabot.services.runtime.ports import Clients, Journal

_log = logging.getLogger(__name__)

_EVENTS_AT_ONCE = 500


class Acceptor:
    """Stores events in batches over concurrent requests and passes leased conversations on.

    `dispatch` gets the conversations to handle now; `wake` is called when some are due later,
    `wake_media` when there are files to fetch. What concerns `ignored` numbers is not kept.
    """

    def __init__(
        self,
        journal: Journal,
        clients: Clients,
        dispatch: Callable[[Sequence[Leased]], None],
        wake: Callable[[], None],
        *,
        wake_media: Callable[[], None] = lambda: None,
        most_waiting: int = 2000,
        measures: Measures = UNMEASURED,
        ignored: Collection[str] = (),
    ) -> None:
        self._ignored = frozenset(ignored)
        self._journal = journal
        self._clients = clients
        self._dispatch = dispatch
        self._wake = wake
        self._wake_media = wake_media
        self._most_waiting = most_waiting
        self._measures = measures
        self._batcher: Batcher[Sequence[NewEvent], None] = Batcher(self._store, limit=100)

    async def accept(self, items: Sequence[Item], *, app_id: str, request_id: str) -> int:
        """Keep the items signed by an app; return how many events there are, old ones included.

        Raises Overloaded when too much waits for the database, DatabaseUnavailable when it is away.
        """
        if self._batcher.backlog >= self._most_waiting:
            raise Overloaded("Too many webhooks wait for the database.", retryable=True)
        events: list[NewEvent] = []
        slugs: list[str] = []
        for item in items:
            if item.phone_number_id in self._ignored:
                continue
            if isinstance(item, IdentityChange) and not item.phone_number_id:
                found = await self._of_account(item, app_id, request_id)
            else:
                found = await self._event(item, app_id, request_id)
            events += (event for event, _ in found)
            slugs += (slug for _, slug in found)
        for start in range(0, len(events), _EVENTS_AT_ONCE):
            await self._batcher.submit(events[start : start + _EVENTS_AT_ONCE])
        for event, slug in zip(events, slugs, strict=True):
            log(
                _log,
                logging.INFO,
                "webhook.accepted",
                "An event is stored.",
                tenant=slug,
                message_id=event.dedup_key,
                kind=event.kind.value,
            )
        if not events:
            said = "A webhook held nothing to keep."
            log(_log, logging.INFO, "webhook.empty", said, items=len(items))
        return len(events)

    async def _store(self, batches: Sequence[Sequence[NewEvent]]) -> list[None]:
        events = [event for batch in batches for event in batch]
        acceptance: Acceptance = await self._journal.accept(events)
        if acceptance.stored < len(events):
            self._measures.duplicates(len(events) - acceptance.stored)
        if acceptance.leased:
            self._dispatch(acceptance.leased)
        if any(event.quiet for event in events):
            self._wake()
        if any(event.file for event in events):
            self._wake_media()
        return [None] * len(batches)

    async def _event(self, item: Item, app_id: str, request_id: str) -> list[tuple[NewEvent, str]]:
        """Return the event with its tenant's slug, or nothing when there is none to keep."""
        match item:
            case Malformed():
                log(
                    _log,
                    logging.WARNING,
                    "webhook.malformed",
                    "A part of a webhook cannot be read and is left out.",
                    reason=item.reason,
                )
                self._measures.received("", item.kind, "malformed")
                return []
            case AccountNotice():
                return [(self._notice(item, app_id, request_id), "")]
            case InboundMessage():
                kind, contact = EventKind.MESSAGE, item.contact
            case Echo():
                kind, contact = EventKind.ECHO, item.contact
            case StatusUpdate():
                kind, contact = EventKind.STATUS, item.contact or item.wamid
                self._measures.status(item.status)
            case IdentityChange():
                kind, contact = EventKind.IDENTITY, item.contact
        tenant = await self._clients.by_phone_number_id(item.phone_number_id)
        if tenant is None:
            log(
                _log,
                logging.WARNING,
                "webhook.unrouted",
                "No client has this phone_number_id; the event is kept until one does.",
                phone_number_id=item.phone_number_id,
                message_id=item.dedup_key,
            )
            self._note(item, None, "unrouted")
        elif not _signed_for(tenant, app_id):
            log(
                _log,
                logging.ERROR,
                "webhook.foreign_app",
                "An app signed an event for a client that is bound to another app; the event is"
                " kept until the binding is corrected.",
                tenant=tenant.slug,
                app_id=app_id,
                message_id=item.dedup_key,
            )
            self._note(item, tenant, "foreign_app")
            tenant = None
        else:
            self._note(item, tenant, "accepted")
        event = NewEvent(
            phone_number_id=item.phone_number_id,
            dedup_key=item.dedup_key,
            kind=kind,
            contact=contact,
            payload=item.to_json(),
            occurred_at=item.occurred_at,
            client_id=tenant.id if tenant else None,
            quiet=item.is_free_text,
            request_id=request_id,
            app_id=app_id,
            file=_file(item) if isinstance(item, InboundMessage) else None,
        )
        return [(event, tenant.slug if tenant else "")]

    def _note(self, item: Item, tenant: Tenant | None, result: str) -> None:
        if isinstance(item, InboundMessage):
            self._measures.received(tenant.slug if tenant else "", item.kind, result)

    async def _of_account(
        self, change: IdentityChange, app_id: str, request_id: str
    ) -> list[tuple[NewEvent, str]]:
        """Tell every client of the account: the change names no number."""
        return [
            (
                NewEvent(
                    phone_number_id=tenant.phone_number_id,
                    dedup_key=change.dedup_key,
                    kind=EventKind.IDENTITY,
                    contact=change.contact,
                    payload=change.to_json(),
                    occurred_at=change.occurred_at,
                    client_id=tenant.id,
                    request_id=request_id,
                    app_id=app_id,
                ),
                tenant.slug,
            )
            for tenant in await self._clients.by_waba_id(change.waba_id)
            if _signed_for(tenant, app_id)
        ]

    def _notice(self, item: AccountNotice, app_id: str, request_id: str) -> NewEvent:
        log(
            _log,
            logging.WARNING,
            "webhook.notice",
            "WhatsApp told something about an account.",
            field=item.field,
            event=item.event,
            waba_id=item.waba_id,
        )
        return NewEvent(
            phone_number_id=item.phone_number_id or item.waba_id,
            dedup_key=item.dedup_key,
            kind=EventKind.ACCOUNT,
            contact="",
            payload=item.to_json(),
            occurred_at=item.occurred_at,
            request_id=request_id,
            app_id=app_id,
        )


def _file(message: InboundMessage) -> FileToFetch | None:
    """Return the file to fetch; stickers, and what is refused by its type, are not wanted."""
    media = message.happening
    if not isinstance(media, MediaReceived) or media.kind is MediaKind.STICKER:
        return None
    if refusal(media.kind, media.mime_type, media.size) is not None:
        return None
    return FileToFetch(
        message.phone_number_id,
        media.media_id,
        message.dedup_key,
        message.contact,
        media.kind,
        message.occurred_at,
    )


def _signed_for(tenant: Tenant, app_id: str) -> bool:
    return not tenant.app_id or not app_id or tenant.app_id == app_id

"""Sends a conversation's messages in order and settles what became of them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from wabot.domain.delivery import (
    TOKEN_REFUSED,
    Accepted,
    Reaction,
    Rejected,
    SendOutcome,
    Unknown,
    other_spelling,
    retry_delay,
)
from wabot.domain.message import Recipient
from wabot.domain.tenant import Tenant
from wabot.errors import DecryptionFailed, ExternalFailure
from wabot.logs import log
from wabot.services.runtime.batching import Batcher
from wabot.services.runtime.ports import Clients, Journal, MessageSender, TenantStore, TokenReader
from wabot.services.runtime.turns import Outgoing, SendMark

_log = logging.getLogger(__name__)

PAUSE_OF_TENANT = timedelta(seconds=60)
_STATUSES_ARE_HEARD_FOR = timedelta(hours=24)
_MARKS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class ResendRule:
    """How long an unknown outcome waits for a status before the message is sent again."""

    after: timedelta
    after_when_silent: timedelta


class Sender:
    """Hands messages to Graph, the next of a recipient only after the previous was accepted."""

    def __init__(
        self,
        store: TenantStore,
        journal: Journal,
        graph: MessageSender,
        tokens: TokenReader,
        resend: ResendRule,
        *,
        clients: Clients,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clients = clients
        self._graph = graph
        self._tokens = tokens
        self._resend = resend
        self._marks: dict[UUID, Batcher[SendMark, None]] = {}

    async def send(self, tenant: Tenant, rows: Sequence[Outgoing]) -> timedelta | None:
        """Send what is ready; return how long to wait for the rest, None when all is settled."""
        waits: dict[Recipient, timedelta] = {}
        for row in rows:
            if row.recipient in waits:
                if row.fresh:
                    # Known not to be sent: it need not wait for a status that cannot come.
                    await self._mark(tenant, SendMark(row.id, retry_in=waits[row.recipient]))
                continue
            wait = await self._wait(tenant, row)
            if wait is None:
                wait = await self._attempt(tenant, row)
            if wait is not None:
                waits[row.recipient] = wait
        return min(waits.values()) if waits else None

    async def _wait(self, tenant: Tenant, row: Outgoing) -> timedelta | None:
        """Return how long the row may not be sent yet."""
        if row.fresh:
            return None
        if row.ready_in is not None:
            return row.ready_in if row.ready_in > timedelta(0) else None
        # Handed over once and never settled: only a status can tell, for a while.
        heard = await self._journal.status_silence(tenant.phone_number_id)
        patience = self._resend.after
        if heard.last_status_age is None or heard.last_status_age > _STATUSES_ARE_HEARD_FOR:
            patience = self._resend.after_when_silent
        elif heard.backlog:
            return timedelta(seconds=1)
        left = patience - (row.waited or timedelta(0))
        return left if left > timedelta(0) else None

    async def _attempt(self, tenant: Tenant, row: Outgoing) -> timedelta | None:
        resent = not row.fresh and row.ready_in is None
        if resent:
            log(
                _log,
                logging.WARNING,
                "send.again",
                "No status told of a message whose outcome was unknown: it is sent again.",
                outgoing=str(row.id),
            )
        outcome = await self._hand_over(tenant, tenant.token, row)
        refused = isinstance(outcome, Rejected) and outcome.code == TOKEN_REFUSED
        fallback = None
        if refused and tenant.previous_token:
            fallback = await self._hand_over(tenant, tenant.previous_token, row)
        if fallback is None or isinstance(fallback, Rejected):
            wait = await self._settle(tenant, row, outcome, resent=resent)
        else:
            wait = await self._settle(tenant, row, fallback, resent=resent)
        if tenant.previous_token:
            await self._judge_tokens(tenant, outcome, fallback)
        return wait

    async def _hand_over(self, tenant: Tenant, ciphertext: str, row: Outgoing) -> SendOutcome:
        try:
            token = self._tokens.decrypt(tenant.id, ciphertext)
        except DecryptionFailed as error:
            return Rejected(None, error.message, Reaction.PAUSE_TENANT)
        return await self._graph.send(
            tenant.phone_number_id, token, row.recipient, row.message, str(row.id)
        )

    async def _judge_tokens(
        self, tenant: Tenant, outcome: SendOutcome, fallback: SendOutcome | None
    ) -> None:
        """Let go of the former token once the present one sent; alert when only the former did.

        After the message was settled: a failure here must not leave its outcome unknown.
        """
        try:
            if isinstance(outcome, Accepted):
                await self._clients.forget_previous_token(tenant)
            elif isinstance(fallback, Accepted):
                await self._journal.raise_alert(
                    f"token_refused:{tenant.id}",
                    "token_refused",
                    tenant.id,
                    f"Graph refuses the new token of {tenant.slug}; the former one still sends."
                    f" Give it another: wabot tenant rotate-token {tenant.slug}",
                )
        except ExternalFailure as error:
            log(_log, logging.WARNING, "token.judged", "Told next time.", reason=error.message)

    async def _settle(
        self, tenant: Tenant, row: Outgoing, outcome: SendOutcome, *, resent: bool
    ) -> timedelta | None:
        match outcome:
            case Accepted(wamid):
                mark, wait = SendMark(row.id, wamid=wamid, resent=resent), None
                log(_log, logging.INFO, "send.accepted", "Graph accepted a message.", sent=wamid)
            case Rejected():
                mark, wait = await self._refused(tenant, row, outcome, resent=resent)
            case Unknown(reason):
                mark = SendMark(row.id, error=reason, resent=resent)
                wait = self._resend.after
                log(
                    _log,
                    logging.WARNING,
                    "send.unknown",
                    "The outcome of a message is unknown.",
                    reason=reason,
                )
            case _ as never:
                assert_never(never)
        await self._mark(tenant, mark)
        return wait

    async def _refused(
        self, tenant: Tenant, row: Outgoing, refusal: Rejected, *, resent: bool
    ) -> tuple[SendMark, timedelta | None]:
        mark = SendMark(
            row.id,
            refused=True,
            resent=resent,
            error_code=refusal.code,
            error=refusal.details,
        )
        log(
            _log,
            logging.WARNING,
            "send.refused",
            "Graph refused a message.",
            code=refusal.code,
            details=refusal.details,
            reaction=refusal.reaction.value,
        )
        if refusal.reaction is Reaction.PAUSE_TENANT:
            await self._journal.raise_alert(
                f"sending_paused:{tenant.id}",
                "sending_paused",
                tenant.id,
                f"{tenant.slug} cannot send: {refusal.details} (code {refusal.code})",
            )
            return replace(mark, retry_in=PAUSE_OF_TENANT), PAUSE_OF_TENANT
        spelling = other_spelling(row.recipient.wa_id)
        if refusal.reaction is Reaction.NORMALISE_ONCE and spelling and not row.attempts:
            again = timedelta(0)
            return replace(mark, retry_in=again, recipient=Recipient(wa_id=spelling)), again
        if refusal.reaction is Reaction.USE_PHONE and row.recipient.wa_id and not row.attempts:
            again = timedelta(0)
            return replace(mark, retry_in=again, recipient=Recipient(row.recipient.wa_id)), again
        delay = retry_delay(refusal.reaction, row.attempts + 1, refusal.retry_after)
        if delay is None:
            return replace(mark, failed=True), None
        return replace(mark, retry_in=delay), delay

    async def _mark(self, tenant: Tenant, mark: SendMark) -> None:
        batcher = self._marks.get(tenant.id)
        if batcher is None:

            async def flush(marks: Sequence[SendMark]) -> list[None]:
                await self._store.mark(tenant, marks)
                return [None] * len(marks)

            batcher = self._marks[tenant.id] = Batcher(flush, limit=_MARKS_AT_ONCE)
        await batcher.submit(mark)
        if not batcher.busy:
            self._marks.pop(tenant.id, None)

"""Sends a conversation's messages in order and settles what became of them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from wabot.domain.alerts import Rule
from wabot.domain.collapse import SUPERSEDED, Unsent, superseded
from wabot.domain.delivery import (
    TOKEN_REFUSED,
    Accepted,
    Reaction,
    Rejected,
    SendOutcome,
    Unknown,
    is_metas_fault,
    retry_delay,
)
from wabot.domain.message import Recipient
from wabot.domain.message_codec import KINDS
from wabot.domain.phone import without_mobile_prefix
from wabot.domain.tenant import Tenant
from wabot.errors import DecryptionFailed, ExternalFailure
from wabot.logs import bound, log
from wabot.services.runtime.batching import Batcher
from wabot.services.runtime.fallbacks import Fallbacks
from wabot.services.runtime.measuring import UNMEASURED, Measures
from wabot.services.runtime.pace import Pace, person_of
from wabot.services.runtime.pausing import ANOTHER_TOKEN, LOOK_AGAIN, SendingPauses
from wabot.services.runtime.ports import (
    Clients,
    Clock,
    Journal,
    MessageSender,
    TenantStore,
    TokenReader,
)
from wabot.services.runtime.quota import QuotaWatch
from wabot.services.runtime.scouting import Scouts
from wabot.services.runtime.spans import UNTRACED, Spans
from wabot.services.runtime.turns import CUSTOMER_AUDIENCE, Outgoing, SendClaim, SendMark

_log = logging.getLogger(__name__)

_STATUSES_ARE_HEARD_FOR = timedelta(hours=24)
_MARKS_AT_ONCE = 200
_AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class ResendRule:
    """How long an unknown outcome waits for a status before the message is sent again.

    `claim` is how long handing it over may take before its outcome counts as unknown.
    """

    after: timedelta
    after_when_silent: timedelta
    claim: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may keep a message from being sent now, and what is used up by sending it."""

    pauses: SendingPauses
    pace: Pace
    quotas: QuotaWatch


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
        limits: Limits,
        fallbacks: Fallbacks,
        clock: Clock,
        measures: Measures = UNMEASURED,
        spans: Spans = UNTRACED,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clients = clients
        self._graph = graph
        self._tokens = tokens
        self._resend = resend
        self._pauses = limits.pauses
        self._pace = limits.pace
        self._quotas = limits.quotas
        self._scouts = Scouts()
        self._fallbacks = fallbacks
        self._clock = clock
        self._measures = measures
        self._spans = spans
        self._marks: dict[UUID, Batcher[SendMark, None]] = {}

    async def send(self, tenant: Tenant, rows: Sequence[Outgoing]) -> timedelta | None:
        """Send what is ready; return how long to wait for the rest, None when all is settled."""
        if not all(row.fresh for row in rows):
            rows = await self._drop_superseded(tenant, rows)
        waits: dict[str, timedelta] = {}
        for row in rows:
            line = _line(row)
            if line in waits:
                await self._keep(tenant, row)
                continue
            wait = await self._wait(tenant, row)
            if wait is None:
                wait = await self._go(tenant, row)
            if wait is not None:
                waits[line] = wait
        return min(waits.values()) if waits else None

    async def _drop_superseded(
        self, tenant: Tenant, rows: Sequence[Outgoing]
    ) -> Sequence[Outgoing]:
        """Cancel answers that a stop of sending has made stale, where a newer one takes over."""
        unsent = [
            Unsent(row.id, row.occurred_at, row.essential)
            for row in rows
            if row.audience == CUSTOMER_AUDIENCE and (row.fresh or row.ready_in is not None)
        ]
        stale = superseded(unsent, self._clock.now())
        if stale:
            said = "Stale answers are not sent: a newer one takes their place."
            log(_log, logging.INFO, "send.collapsed", said, messages=len(stale))
            marks = [SendMark(row, cancelled=True, error=SUPERSEDED) for row in stale]
            await asyncio.gather(*(self._mark(tenant, mark) for mark in marks))
        return [row for row in rows if row.id not in stale]

    async def _wait(self, tenant: Tenant, row: Outgoing) -> timedelta | None:
        """Return how long the row may not be sent yet."""
        if row.fresh:
            return None
        if row.ready_in is not None:
            return row.ready_in if row.ready_in > _AT_ONCE else None
        # Handed over once and never settled: only a status can tell, for a while.
        heard = await self._journal.status_silence(tenant.phone_number_id, row.id)
        patience = self._resend.after
        if heard.last_status_age is None or heard.last_status_age > _STATUSES_ARE_HEARD_FOR:
            patience = self._resend.after_when_silent
        elif heard.backlog:
            return timedelta(seconds=1)
        left = patience - (row.waited or _AT_ONCE)
        return left if left > _AT_ONCE else None

    async def _go(self, tenant: Tenant, row: Outgoing) -> timedelta | None:
        """Send the row unless something keeps it; each reason is looked at before each POST."""
        if row.withheld:
            row = await self._fallbacks.judge(tenant, row)
        if row.withheld:
            await self._withhold(tenant, row)
            return None
        held = self._pauses.holds(tenant.id)
        probing = held and await self._pauses.may_probe(tenant.id)
        if held and not probing:
            await self._keep(tenant, row)
            return LOOK_AGAIN
        wait = await self._pace.turn(tenant, row.recipient)
        if wait is not None:
            await self._keep(tenant, row, wait)
            return wait
        async with self._scouts.behind(tenant.id):
            if self._pauses.holds(tenant.id) and not probing:
                await self._keep(tenant, row)
                return LOOK_AGAIN
            if not row.fresh and not await self._claim(tenant, row):
                return None
            row = await self._fallbacks.judge(tenant, row)
            if row.withheld:
                await self._withhold(tenant, row)
                return None
            named = {"kind": KINDS[type(row.message)], "audience": row.audience}
            with self._spans.span("send", bound("request_id"), tenant=tenant.slug, **named):
                return await self._attempt(await self._as_it_is(tenant), row, probing=probing)

    async def _withhold(self, tenant: Tenant, row: Outgoing) -> None:
        await self._mark(tenant, await self._fallbacks.withhold(tenant, row))

    async def _as_it_is(self, tenant: Tenant) -> Tenant:
        """Return the tenant with its present token: a turn may have begun before it was changed."""
        now = await self._clients.by_id(tenant.id)
        if now is None or now.token == tenant.token:
            return tenant
        return replace(tenant, token=now.token, previous_token=now.previous_token)

    async def _keep(self, tenant: Tenant, row: Outgoing, wait: timedelta = _AT_ONCE) -> None:
        """Let a fresh row be known as not sent: it must not wait for a status that cannot come."""
        if row.fresh:
            await self._mark(tenant, SendMark(row.id, retry_in=wait))

    async def _claim(self, tenant: Tenant, row: Outgoing) -> bool:
        """Take a row that waited; false when it was settled, or a person took over meanwhile."""
        resent = row.ready_in is None
        claim = SendClaim(row.id, self._resend.claim, self._clock.now(), resent)
        if not await self._store.claim_again(tenant, claim):
            said = "A message that waited is not sent: it was settled or cancelled meanwhile."
            log(_log, logging.INFO, "send.dropped", said, outgoing=str(row.id))
            return False
        if resent:
            log(
                _log,
                logging.WARNING,
                "send.again",
                "No status told of a message whose outcome was unknown: it is sent again.",
                outgoing=str(row.id),
                resends=row.resends + 1,
            )
        return True

    async def _attempt(self, tenant: Tenant, row: Outgoing, *, probing: bool) -> timedelta | None:
        outcome = await self._hand_over(tenant, tenant.token, row)
        refused = isinstance(outcome, Rejected) and outcome.code == TOKEN_REFUSED
        fallback = None
        if refused and tenant.previous_token:
            fallback = await self._hand_over(tenant, tenant.previous_token, row)
        final = outcome if fallback is None or isinstance(fallback, Rejected) else fallback
        wait = await self._settle(tenant, row, final)
        if probing:
            await self._judge_probe(tenant, final)
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

    async def _judge_probe(self, tenant: Tenant, outcome: SendOutcome) -> None:
        if isinstance(outcome, Accepted):
            await self._pauses.end(tenant)
        elif isinstance(outcome, Rejected) and outcome.reaction is not Reaction.PAUSE_TENANT:
            await self._pauses.probed_in_vain(tenant.id)

    async def _judge_tokens(
        self, tenant: Tenant, outcome: SendOutcome, fallback: SendOutcome | None
    ) -> None:
        """Let go of the former token once the present one sent; alert when only the former did.

        After the message was settled: a failure here must not leave its outcome unknown.
        """
        alert = f"token_refused:{tenant.id}"
        try:
            if isinstance(outcome, Accepted):
                await self._clients.forget_previous_token(tenant)
                await self._journal.resolve_alert(alert)
            elif isinstance(fallback, Accepted):
                await self._journal.raise_alert(
                    alert,
                    Rule.TOKEN_REFUSED,
                    tenant.id,
                    f"Graph refuses the new token of {tenant.slug}; the former one still sends."
                    f" Give it another: wabot tenant rotate-token {tenant.slug}",
                )
        except ExternalFailure as error:
            log(_log, logging.WARNING, "token.judged", "Told next time.", reason=error.message)

    async def _settle(
        self, tenant: Tenant, row: Outgoing, outcome: SendOutcome
    ) -> timedelta | None:
        result = type(outcome).__name__.lower()
        self._measures.sent(tenant.slug, KINDS[type(row.message)], result)
        if is_metas_fault(outcome):
            self._measures.not_taken(tenant.slug)
        match outcome:
            case Accepted(wamid):
                self._scouts.accepted(tenant.id)
                mark, wait = SendMark(row.id, wamid=wamid), None
                log(_log, logging.INFO, "send.accepted", "Graph accepted a message.", sent=wamid)
            case Rejected():
                return await self._refused(tenant, row, outcome)
            case Unknown(reason):
                mark, wait = SendMark(row.id, error=reason), self._resend.after
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

    async def _refused(self, tenant: Tenant, row: Outgoing, refusal: Rejected) -> timedelta | None:
        log(
            _log,
            logging.WARNING,
            "send.refused",
            "Graph refused a message.",
            code=refusal.code,
            details=refusal.details,
            reaction=refusal.reaction.value,
        )
        mark = SendMark(row.id, refused=True, error_code=refusal.code, error=refusal.details)
        if refusal.reaction is Reaction.PAUSE_TENANT:
            self._pauses.stop(tenant.id)
            # The fault is not the message's: its own tries are not used up.
            await self._mark(tenant, replace(mark, refused=False, retry_in=_AT_ONCE))
            paused = await self._pauses.begin(tenant, refusal)
            return LOOK_AGAIN if paused else ANOTHER_TOKEN
        other = _readdressed(row.recipient, refusal.reaction)
        if other is not None:
            await self._mark(tenant, replace(mark, retry_in=_AT_ONCE, recipient=other))
            return _AT_ONCE
        closed = refusal.reaction is Reaction.USE_TEMPLATE
        if closed and await self._fallbacks.by_template(tenant, row):
            await self._mark(tenant, replace(mark, retry_in=_AT_ONCE))
            return _AT_ONCE
        delay = retry_delay(refusal.reaction, row.attempts + 1, refusal.retry_after)
        if delay is None:
            await self._mark(tenant, await self._fallbacks.given_up(tenant, row, refusal, mark))
            return None
        self._pace.refused(tenant, row.recipient, refusal, delay)
        await self._mark(tenant, replace(mark, retry_in=delay))
        return delay

    async def _mark(self, tenant: Tenant, mark: SendMark) -> None:
        batcher = self._marks.get(tenant.id)
        if batcher is None:

            async def flush(marks: Sequence[SendMark]) -> list[None]:
                counted = await self._store.mark(tenant, marks, self._clock.now())
                if counted is not None:
                    self._quotas.note(tenant, counted)
                return [None] * len(marks)

            batcher = self._marks[tenant.id] = Batcher(flush, limit=_MARKS_AT_ONCE)
        await batcher.submit(mark)
        if not batcher.busy:
            self._marks.pop(tenant.id, None)


def _line(row: Outgoing) -> str:
    """Return what keeps its order: one customer under whatever name, each person of the shop."""
    return CUSTOMER_AUDIENCE if row.audience == CUSTOMER_AUDIENCE else person_of(row.recipient)


def _readdressed(recipient: Recipient, reaction: Reaction) -> Recipient | None:
    """Return how else the person can be named; once, for the result has no further name."""
    if reaction is Reaction.NORMALISE_ONCE:
        spelling = without_mobile_prefix(recipient.wa_id)
        return Recipient(wa_id=spelling) if spelling else None
    if reaction is Reaction.USE_PHONE and recipient.wa_id and recipient.user_id:
        return Recipient(wa_id=recipient.wa_id)
    return None

"""Waits its turn before each message: Meta's limits per number and per user."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from wabot.domain.delivery import Reaction, Rejected
from wabot.domain.message import Recipient
from wabot.domain.pacing import NumberPace, PairPace
from wabot.domain.phone import without_mobile_prefix
from wabot.domain.tenant import Tenant
from wabot.logs import log

_log = logging.getLogger(__name__)

PATIENCE = 0.75
"""Seconds that a turn may wait at its place; who must wait longer gives the place up."""
_TOO_FAST = 130429


class Pace:
    """The limits as one of `processes` keeps them, each of which has its share of a number's.

    What a user of a number gets from another process is not known here, nor what else uses the
    number up: Meta refuses it, and `refused` learns of it.
    """

    def __init__(
        self,
        *,
        processes: int = 1,
        limits: bool = True,
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._processes = processes
        self._limits = limits
        self._timer = timer
        self._sleep = sleep
        self._numbers = NumberPace()
        self._pairs = PairPace(processes=processes)

    async def turn(self, tenant: Tenant, recipient: Recipient) -> timedelta | None:
        """Wait a moment for the message's turn; return how long it is to be kept if for longer."""
        if not self._limits:
            return None
        number, person = tenant.phone_number_id, person_of(recipient)
        now = self._timer()
        rate = self._rate(tenant, now)
        in_turn = self._numbers.wait(number, rate, now)
        wait = max(in_turn, self._pairs.wait(number, person, now))
        if wait > PATIENCE:
            if in_turn > PATIENCE:
                wait = max(wait, self._numbers.postpone(number, rate, now))
            return timedelta(seconds=wait)
        self._numbers.take(number, rate, now + wait)
        self._pairs.take(number, person, now + wait)
        if wait:
            await self._sleep(wait)
        return None

    def refused(
        self, tenant: Tenant, recipient: Recipient, refusal: Rejected, delay: timedelta
    ) -> None:
        """Learn from Meta's refusal that others would be refused as well."""
        now = self._timer()
        until = now + delay.total_seconds()
        if refusal.reaction is Reaction.PAIR_LIMIT:
            self._pairs.hold(tenant.phone_number_id, person_of(recipient), until)
        elif refusal.code == _TOO_FAST:
            share = self._numbers.slow(tenant.phone_number_id, now)
            rate = self._rate(tenant, now)
            self._numbers.hold(tenant.phone_number_id, rate, until)
            if share is not None:
                log(
                    _log,
                    logging.WARNING,
                    "send.slowed",
                    "Meta finds a number too fast: it goes slower for a while. Where the WhatsApp"
                    " Business app is used beside: wabot tenant update SLUG --throughput 20",
                    tenant=tenant.slug,
                    throughput=tenant.throughput,
                    share=share,
                )

    def _rate(self, tenant: Tenant, now: float) -> float:
        share = self._numbers.share(tenant.phone_number_id, now)
        return tenant.throughput * share / self._processes


def person_of(recipient: Recipient) -> str:
    """Return one name for whoever has it in several spellings."""
    return without_mobile_prefix(recipient.wa_id) or recipient.wa_id or recipient.user_id

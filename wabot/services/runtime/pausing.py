"""Stops of a tenant's sending: nothing but a probe now and then, until the cause is gone."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from wabot.domain.delivery import Rejected, probe_delay
from wabot.domain.tenant import Tenant
from wabot.logs import log
from wabot.services.runtime.pausing_ports import PauseStore, SendingPause

_log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(minutes=10)
"""When what waits for a paused tenant is looked at again, should nothing wake it before."""
ANOTHER_TOKEN = timedelta(seconds=2)
"""By then the clients are read again."""
_NEXT_PROBE = timedelta(seconds=5)
# A turn that saw the pause may close, and put off what it holds, just after the pause has ended.
_WAKES_AFTER_END = 5
_PROBE_WAKES_EVERY = 15.0


@dataclass(slots=True)
class _Held:
    probes: int
    probe_at: float
    woken_at: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Seen:
    """What stood centrally, and how much this process had changed by itself until then."""

    changes: int
    standing: tuple[SendingPause, ...]


class SendingPauses:
    """The stops of sending as this process knows them.

    It is to look every second, unless it is at rest and nothing stands centrally.
    """

    def __init__(self, store: PauseStore, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._timer = timer
        self._held: dict[UUID, _Held] = {}
        self._ended: dict[UUID, int] = {}
        self._changes = 0

    @property
    def at_rest(self) -> bool:
        """Tell whether nothing stands still here, nor has to be woken."""
        return not self._held and not self._ended

    def holds(self, client_id: UUID) -> bool:
        """Tell whether nothing but a probe may be sent."""
        return client_id in self._held

    async def may_probe(self, client_id: UUID) -> bool:
        """Tell whether the caller, alone of all processes, may try one message now."""
        held = self._held.get(client_id)
        if held is None or self._timer() < held.probe_at:
            return False
        delay = probe_delay(held.probes + 1)
        # Before the answer: of several messages at hand one asks.
        held.probe_at = self._timer() + delay.total_seconds()
        if not await self._store.claim_probe(client_id, held.probes, delay):
            return False
        held.probes += 1
        return True

    def stop(self, client_id: UUID) -> None:
        """Send nothing more from this process: what follows at once must not be refused too."""
        self._changes += 1
        delay = probe_delay(0).total_seconds()
        self._held.setdefault(client_id, _Held(0, self._timer() + delay))

    async def begin(self, tenant: Tenant, refusal: Rejected) -> bool:
        """Keep centrally that sending stands still; false when the token was changed meanwhile."""
        self.stop(tenant.id)
        reason = refusal.details
        named = "" if refusal.code is None else f" (code {refusal.code})"
        began = await self._store.begin(
            tenant,
            code=refusal.code,
            reason=reason,
            message=f"{tenant.slug} cannot send: {reason}{named}",
            probe_in=probe_delay(0),
        )
        self._changes += 1
        if began is None:
            self._held.pop(tenant.id, None)
            return False
        self.stop(tenant.id)
        if began:
            log(
                _log,
                logging.ERROR,
                "sending.paused",
                "Nothing of this shop will pass: its sending stands still.",
                tenant=tenant.slug,
                code=refusal.code,
                reason=reason,
            )
        return True

    async def probed_in_vain(self, client_id: UUID) -> None:
        """Let another message be tried soon: this one was refused for a reason of its own."""
        held = self._held.get(client_id)
        if held is not None:
            held.probe_at = self._timer() + _NEXT_PROBE.total_seconds()
            await self._store.probe_again(client_id, _NEXT_PROBE)

    async def end(self, tenant: Tenant) -> None:
        """Let everything go out: a message was accepted."""
        ended = await self._store.end(tenant.id)
        self._let_go(tenant.id)
        if ended:
            log(
                _log,
                logging.INFO,
                "sending.resumed",
                "A message was accepted: sending goes on.",
                tenant=tenant.slug,
            )

    async def look(self) -> "Seen":
        """Return how things stand centrally; `follow` it once the clients were read after it.

        Whoever changes a token ends the pause with it: the token at hand must not be an older one.
        """
        changes = self._changes
        return Seen(changes, tuple(await self._store.standing()))

    async def follow(self, seen: "Seen") -> None:
        """Follow what other processes and commands changed, and wake what is to go out."""
        if seen.changes == self._changes:
            self._follow({pause.client_id: pause for pause in seen.standing})
        await self._wake()

    def _follow(self, standing: dict[UUID, SendingPause]) -> None:
        for client_id in self._held.keys() - standing.keys():
            self._let_go(client_id)
            said = "Its sending goes on."
            log(_log, logging.INFO, "sending.resumed", said, client=str(client_id))
        now = self._timer()
        for client_id, pause in standing.items():
            held = self._held.setdefault(client_id, _Held(0, 0.0))
            if held.probe_at > now:
                held.woken_at = float("-inf")
            held.probes, held.probe_at = pause.probes, now + pause.probe_in.total_seconds()
            self._ended.pop(client_id, None)

    def _let_go(self, client_id: UUID) -> None:
        self._changes += 1
        self._held.pop(client_id, None)
        self._ended[client_id] = _WAKES_AFTER_END

    async def _wake(self) -> None:
        if self._ended:
            await self._store.wake(list(self._ended))
            self._ended = {c: left - 1 for c, left in self._ended.items() if left > 1}
        now = self._timer()
        due = {
            client_id: held
            for client_id, held in self._held.items()
            if held.probe_at <= now and held.woken_at + _PROBE_WAKES_EVERY <= now
        }
        if due:
            await self._store.wake_for_probes(list(due))
            for held in due.values():
                held.woken_at = now

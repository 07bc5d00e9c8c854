"""Which tokens are about to end: asked of Graph now and then, within its limits."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from wabot.domain.tenant import Tenant
from wabot.errors import WabotError
from wabot.services.provisioning.ports import TokenCipher
from wabot.services.provisioning.token_rules import TokenInspector

# Meta allows 200 calls an hour to an app and account; half of them are left to others.
_PER_HOUR = 100
_HOUR = timedelta(hours=1)
_FRESH = timedelta(days=1)
_AT_ONCE = 4
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class TokenState:
    """A tenant's token with what is known of its end: checked and without end, it never ends."""

    tenant: Tenant
    expires_at: datetime | None
    checked_at: datetime | None
    problem: str = ""


class ExpiryStore(Protocol):
    """What is known of the tokens' ends."""

    def states(self) -> tuple[TokenState, ...]:
        """Return the state of every tenant's token, by slug."""
        ...

    def note_expiry(self, tenant: Tenant, expires_at: datetime | None) -> None:
        """Write down when the present token ends, as Graph just said."""
        ...


@dataclass(frozen=True, slots=True)
class Survey:
    """The tokens that end in time, those nothing could be learnt of, and those left for later."""

    ending: tuple[TokenState, ...]
    failed: tuple[TokenState, ...]
    postponed: int
    checked: int


@dataclass(frozen=True, slots=True)
class SurveyTokens:
    """The use case: what is known for a day is not asked again."""

    store: ExpiryStore
    cipher: TokenCipher
    inspector: TokenInspector
    now: Callable[[], datetime]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self, within: timedelta, told: Callable[[int], None]) -> Survey:
        """Ask about tokens not asked about for a day, then tell which end within that time."""
        now = self.now()
        states = self.store.states()
        due = self._due(states, now)
        stale = sum(_is_stale(state, now) for state in states)
        found = {state.tenant.id: state for state in states}
        for start in range(0, len(due), _AT_ONCE):
            if start:
                await self.pause(_PAUSE)
            batch = due[start : start + _AT_ONCE]
            for state in await asyncio.gather(*map(self._ask, batch)):
                found[state.tenant.id] = state
            told(len(batch))
        ending = [s for s in found.values() if s.expires_at and s.expires_at <= now + within]
        return Survey(
            ending=tuple(sorted(ending, key=lambda state: state.expires_at or now)),
            failed=tuple(state for state in found.values() if state.problem),
            postponed=stale - len(due),
            checked=len(due),
        )

    def _due(self, states: Sequence[TokenState], now: datetime) -> list[TokenState]:
        """Choose whom to ask about, those asked longest ago first, within each account's limit."""
        asked = Counter(
            _account(state)
            for state in states
            if state.checked_at and now - state.checked_at < _HOUR
        )
        chosen = []
        never = now - timedelta(days=36500)
        for state in sorted(states, key=lambda state: state.checked_at or never):
            account = _account(state)
            if _is_stale(state, now) and asked[account] < _PER_HOUR:
                asked[account] += 1
                chosen.append(state)
        return chosen

    async def _ask(self, state: TokenState) -> TokenState:
        tenant = state.tenant
        try:
            token = self.cipher.decrypt(tenant.id, tenant.token)
            facts = await self.inspector.inspect(token)
        except WabotError as error:
            return replace(state, problem=error.message)
        now = self.now()
        end = facts.end(now)
        self.store.note_expiry(tenant, end)
        return TokenState(tenant, end, now)


def _is_stale(state: TokenState, now: datetime) -> bool:
    return state.checked_at is None or now - state.checked_at >= _FRESH


def _account(state: TokenState) -> tuple[str, str]:
    # A number of an unknown account is taken for an account of its own.
    tenant = state.tenant
    return tenant.app_id, tenant.waba_id or tenant.phone_number_id

"""When a token may stand in for a shop: what Graph must say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from wabot.errors import Refused

MESSAGING = "whatsapp_business_messaging"
MANAGEMENT = "whatsapp_business_management"
_SHORT_LIVED = timedelta(days=3)
_HOW = (
    "Make a token of a system user that never ends: Meta Business settings → System users →"
    " Generate token, with both WhatsApp permissions."
)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What Graph says of a token; `expires_at` is None when it never ends.

    `targets` names the accounts that a scope is limited to; a scope without any is not limited.
    """

    valid: bool
    reason: str = ""
    app_id: str = ""
    expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def end(self, now: datetime) -> datetime | None:
        """Return when it ends; one that is refused has ended, whatever end was foreseen."""
        return self.expires_at if self.valid else min(self.expires_at or now, now)


class Sender(Protocol):
    """Whose messages a token is to send: a shop that stands, or one that is asked for."""

    @property
    def slug(self) -> str:
        """Return its short name."""
        ...

    @property
    def phone_number_id(self) -> str:
        """Return its number's id at Meta."""
        ...

    @property
    def waba_id(self) -> str:
        """Return its WhatsApp account, if known."""
        ...

    @property
    def app_id(self) -> str:
        """Return its Meta app, if known."""
        ...


def account_of(tenant: Sender, facts: TokenFacts) -> str:
    """Return the tenant's WhatsApp account: as stored, or the only one that its token is for."""
    if tenant.waba_id:
        return tenant.waba_id
    found = frozenset[str]().union(
        *(facts.targets.get(scope, frozenset()) for scope in (MESSAGING, MANAGEMENT))
    )
    return next(iter(found)) if len(found) == 1 else ""


class TokenInspector(Protocol):
    """Asks Graph about tokens. Raises ExternalFailure when Graph gives no answer."""

    async def inspect(self, token: str) -> TokenFacts:
        """Return what Graph says of the token, asked with itself."""
        ...

    async def refusal(self, phone_number_id: str, token: str) -> str:
        """Return why Graph does not answer about that number with that token; empty if it does."""
        ...


async def prove(
    inspector: TokenInspector, tenant: Sender, token: str, now: datetime
) -> tuple[TokenFacts, tuple[str, ...]]:
    """Return what Graph says of a token that fits the tenant, with warnings; else raise Refused."""
    facts = await inspector.inspect(token)
    if not facts.valid:
        raise Refused(f"Graph does not accept the token: {facts.reason}", hint=_HOW)
    if facts.expires_at is not None and facts.expires_at <= now:
        raise Refused(f"the token ended at {facts.expires_at.isoformat()}", hint=_HOW)
    if MESSAGING not in facts.scopes:
        raise Refused(f"the token lacks the permission {MESSAGING}", hint=_HOW)
    targets = facts.targets.get(MESSAGING, frozenset())
    if tenant.waba_id and targets and tenant.waba_id not in targets:
        raise Refused(
            f"the token may not send for the account {tenant.waba_id}{_of(tenant)};"
            f" it may for {', '.join(sorted(targets))}",
            hint="Give the system user access to that WhatsApp account, or use its own token.",
        )
    refusal = await inspector.refusal(tenant.phone_number_id, token)
    if refusal:
        raise Refused(
            f"the token may not use the number {tenant.phone_number_id}{_of(tenant)}: {refusal}",
            hint="Check that it is the number's id, not its telephone number, and whose the token"
            " is.",
        )
    return facts, tuple(_warnings(facts, tenant, now))


def _warnings(facts: TokenFacts, tenant: Sender, now: datetime) -> list[str]:
    found = []
    if MANAGEMENT not in facts.scopes:
        found.append(f"the token lacks {MANAGEMENT}: templates and subscriptions cannot be checked")
    if facts.expires_at is not None and facts.expires_at - now < _SHORT_LIVED:
        found.append(f"the token ends already at {facts.expires_at.isoformat()}. {_HOW}")
    if tenant.app_id and facts.app_id and facts.app_id != tenant.app_id:
        found.append(
            f"the token is of the Meta app {facts.app_id}, the shop is bound to {tenant.app_id}"
        )
    return found


def _of(sender: Sender) -> str:
    # An import takes the slug of its file when none is given.
    return f" of {sender.slug}" if sender.slug else ""

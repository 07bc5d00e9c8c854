"""Give a shop another token: proven first, and the former one kept until it is not needed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from wabot.domain.tenant import Tenant
from wabot.errors import DecryptionFailed
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.ports import Tenants, TokenCipher
from wabot.services.provisioning.request import check_token
from wabot.services.provisioning.token_rules import TokenInspector, prove

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TokenChange:
    """A token that takes the place of another; tokens as ciphertext, names as fingerprints."""

    token: str
    before: str
    after: str
    expires_at: datetime | None
    former_kept_until: datetime | None


class TokenStore(Protocol):
    """Where tokens of clients stand."""

    def replace(self, tenant: Tenant, change: TokenChange, *, actor: str) -> None:
        """Replace the token in one transaction, audited, and let running servers know.

        Raises Conflict when the tenant's token is not the one that was read.
        """
        ...

    def note_expiry(self, tenant: Tenant, expires_at: datetime | None) -> None:
        """Write down when the present token ends, as Graph just said."""
        ...


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of a rotation; `changed` is false when the token was the present one."""

    tenant: Tenant
    changed: bool
    before: str
    after: str
    expires_at: datetime | None
    former_kept_until: datetime | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RotateToken:
    """The use case; `fingerprint` names a token without telling it."""

    tenants: Tenants
    store: TokenStore
    cipher: TokenCipher
    inspector: TokenInspector
    fingerprint: Callable[[str], str]
    now: Callable[[], datetime]
    actor: str

    async def run(self, slug: str, token: str, *, discard_unreadable: bool = False) -> Rotation:
        """Prove the token against Graph, then put it in the present one's place.

        A present token that no key opens is refused, for the key at hand is likely a wrong one;
        `discard_unreadable` gives it up.
        """
        token = check_token(token)
        tenant = find_tenant(self.tenants, slug)
        before = self._present(tenant, discard=discard_unreadable)
        facts, warnings = await prove(self.inspector, tenant, token, self.now())
        after = self.fingerprint(token)
        if before == token:
            self.store.note_expiry(tenant, facts.expires_at)
            return Rotation(tenant, False, after, after, facts.expires_at, warnings=warnings)
        change = TokenChange(
            token=self.cipher.encrypt(tenant.id, token),
            before=self.fingerprint(before) if before else "unreadable",
            after=after,
            expires_at=facts.expires_at,
            former_kept_until=self.now() + KEPT if before else None,
        )
        self.store.replace(tenant, change, actor=self.actor)
        return Rotation(
            tenant,
            True,
            change.before,
            after,
            facts.expires_at,
            change.former_kept_until,
            warnings,
        )

    def _present(self, tenant: Tenant, *, discard: bool) -> str:
        try:
            return self.cipher.decrypt(tenant.id, tenant.token)
        except DecryptionFailed as error:
            if discard:
                return ""
            raise DecryptionFailed(
                f"{error.message}. Nothing was changed.",
                hint=f"{error.hint} If that key is lost for good: --discard-unreadable",
            ) from error

"""Create a tenant: whole or not at all, and safe to repeat."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from wabot.domain.template import ShopSeed
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import Conflict
from wabot.services.provisioning.blueprint import draw_blueprint
from wabot.services.provisioning.places import (
    CENTRAL,
    DatabaseAt,
    is_at,
    with_passwords,
)
from wabot.services.provisioning.ports import Templates, Tenants, TokenCipher
from wabot.services.provisioning.present_key import prove_key
from wabot.services.provisioning.request import TenantRequest

_COMPARED = (
    "name",
    "phone_number_id",
    "plan",
    "template",
    "country",
    "currency",
    "time_zone",
    "waba_id",
    "app_id",
    "throughput",
)


@dataclass(frozen=True, slots=True)
class Creation:
    """What a creation made, or found already standing; `attached` events were waiting for it."""

    tenant: Tenant
    seed: ShopSeed
    created: bool
    existed: bool = False
    attached: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateTenant:
    """The use case; `now` and `new_id` are given so that simulations can repeat themselves."""

    tenants: Tenants
    cipher: TokenCipher
    templates: Templates
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def run(
        self,
        asked: TenantRequest,
        seed: ShopSeed | None = None,
        *,
        at: DatabaseAt = CENTRAL,
        dry_run: bool = False,
        key_is_proven: bool = False,
    ) -> Creation:
        """Create what is asked; the seed replaces the template's, as when a shop is copied.

        Asking again for exactly what stands changes nothing; `dry_run` changes nothing either.
        Asking again for what was begun and not ended ends it.
        """
        start = seed if seed is not None else self.templates.load(asked.template).seed()
        blueprint = draw_blueprint(asked, start, client_id=self.new_id(), now=self.now(), at=at)
        tenant, seed, warnings = blueprint.tenant, blueprint.seed, blueprint.warnings
        holders = self.tenants.holders(tenant.slug, tenant.phone_number_id)
        for existing in holders:
            if existing.slug == tenant.slug:
                self._refuse_if_different(existing, tenant, seed, at)
                if existing.status is TenantStatus.PROVISIONING and not dry_run:
                    return self._create(existing, seed, warnings, asked.actor)
                return Creation(existing, seed, created=False, existed=True, warnings=warnings)
        for holder in holders:
            raise Conflict(
                f"phone_number_id {tenant.phone_number_id} already belongs to tenant {holder.slug}",
                hint=f"See it with: wabot tenant show {holder.slug}",
            )
        if not key_is_proven:
            self.prove_key()
        encrypted = replace(
            tenant,
            token=self.cipher.encrypt(tenant.id, tenant.token),
            placement=with_passwords(tenant.placement, tenant.id, at, self.cipher),
        )
        if dry_run:
            self.tenants.survey(encrypted)
            return Creation(tenant, seed, created=False, warnings=warnings)
        return self._create(encrypted, seed, warnings, asked.actor)

    def prove_key(self) -> None:
        """Refuse a master key that is not this installation's; who creates many asks once."""
        prove_key(self.tenants, self.cipher)

    def _create(
        self, tenant: Tenant, seed: ShopSeed, warnings: tuple[str, ...], actor: str
    ) -> Creation:
        stored, attached = self.tenants.create(tenant, seed, actor=actor)
        return Creation(stored, seed, created=True, attached=attached, warnings=warnings)

    def _refuse_if_different(
        self, existing: Tenant, wanted: Tenant, seed: ShopSeed, at: DatabaseAt
    ) -> None:
        different = [key for key in _COMPARED if getattr(existing, key) != getattr(wanted, key)]
        if not is_at(existing.placement, existing.id, wanted.placement.isolation, at):
            different.append("isolation and database")
        begun = existing.status is TenantStatus.PROVISIONING
        if not begun and existing.status is not TenantStatus.ACTIVE:
            different.append(f"status ({existing.status.value})")
        # What was only begun has no settings yet.
        stored = seed.settings if begun else self.tenants.read_seed(existing).settings
        different += [
            key
            for key in ("owner_phone", "adviser_phone")
            if stored.get(key, "") != seed.settings.get(key, "")
        ]
        # Last: a token that no present key opens says nothing about the other differences.
        if not different and self.cipher.decrypt(existing.id, existing.token) != wanted.token:
            different.append("token")
        if different:
            raise Conflict(
                f"tenant {existing.slug} exists already and differs in: {', '.join(different)};"
                " nothing was changed",
                hint=f"See it with: wabot tenant show {existing.slug}",
            )

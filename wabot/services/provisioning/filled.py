"""Make a tenant whose tables come from elsewhere: from another tenant, from an export."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from wabot.domain.template import ShopSeed
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import Conflict
from wabot.services.provisioning.blueprint import draw_blueprint
from wabot.services.provisioning.create import Creation
from wabot.services.provisioning.lifecycle_ports import Changes
from wabot.services.provisioning.places import DatabaseAt, is_at, with_passwords
from wabot.services.provisioning.ports import Origin, Tenants, TokenCipher
from wabot.services.provisioning.present_key import prove_key
from wabot.services.provisioning.request import TenantRequest

_COMPARED = ("name", "phone_number_id", "plan", "waba_id", "app_id")


@dataclass(frozen=True, slots=True)
class CreateFilled:
    """The common part of both; whole or not at all, and safe to repeat."""

    tenants: Tenants
    changes: Changes
    cipher: TokenCipher
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def run(
        self,
        asked: TenantRequest,
        seed: ShopSeed,
        origin: Origin,
        *,
        at: DatabaseAt,
        dry_run: bool,
    ) -> Creation:
        """Make the tenant from its origin.

        Asking again for the same changes nothing, or goes on with what was begun.
        """
        blueprint = draw_blueprint(asked, seed, client_id=self.new_id(), now=self.now(), at=at)
        wanted = blueprint.tenant
        for existing in self.tenants.holders(wanted.slug, wanted.phone_number_id):
            if existing.slug != wanted.slug:
                raise Conflict(
                    f"phone_number_id {wanted.phone_number_id} already belongs to tenant"
                    f" {existing.slug}",
                    hint="The copy needs a number and a token of its own."
                    f" See the other with: wabot tenant show {existing.slug}",
                )
            self._refuse_if_different(existing, wanted, origin, at)
            if existing.status is TenantStatus.PROVISIONING and not dry_run:
                return self._create(existing, seed, origin, asked.actor)
            return Creation(existing, seed, created=False, existed=True)
        prove_key(self.tenants, self.cipher)
        encrypted = replace(
            wanted,
            token=self.cipher.encrypt(wanted.id, wanted.token),
            placement=with_passwords(wanted.placement, wanted.id, at, self.cipher),
        )
        if dry_run:
            self.tenants.survey(encrypted)
            # Without the blueprint's warnings: the origin holds settings that the seed does not.
            return Creation(wanted, seed, created=False)
        return self._create(encrypted, seed, origin, asked.actor)

    def _create(self, tenant: Tenant, seed: ShopSeed, origin: Origin, actor: str) -> Creation:
        stored, attached = self.tenants.create(tenant, seed, actor=actor, origin=origin)
        return Creation(stored, seed, created=True, attached=attached)

    def _refuse_if_different(
        self, existing: Tenant, wanted: Tenant, origin: Origin, at: DatabaseAt
    ) -> None:
        different = [key for key in _COMPARED if getattr(existing, key) != getattr(wanted, key)]
        if not is_at(existing.placement, existing.id, wanted.placement.isolation, at):
            different.append("place")
        # What is being made is not written down as made yet.
        begun = existing.status is TenantStatus.PROVISIONING
        if not begun and self.changes.origin(existing) != dict(origin.details):
            different.append("origin")
        if not begun and existing.status is not TenantStatus.ACTIVE:
            different.append(f"status ({existing.status.value})")
        if not different and self.cipher.decrypt(existing.id, existing.token) != wanted.token:
            different.append("token")
        if different:
            raise Conflict(
                f"tenant {existing.slug} exists already and differs in: {', '.join(different)};"
                " nothing was changed",
                hint=f"Choose another slug; or see it with: wabot tenant show {existing.slug}",
            )

"""Make another tenant like one that exists."""

from dataclasses import dataclass, replace

from wabot.domain.migration import modules_of
from wabot.errors import InvalidInput
from wabot.services.provisioning.create import Creation
from wabot.services.provisioning.filled import CreateFilled
from wabot.services.provisioning.lifecycle_ports import Copies, Extent
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.places import CENTRAL, DatabaseAt
from wabot.services.provisioning.ports import Origin
from wabot.services.provisioning.request import TenantRequest


@dataclass(frozen=True, slots=True)
class CloneTenant:
    """The use case; the original is only read, and goes on working."""

    filled: CreateFilled
    copies: Copies

    def run(
        self,
        source: str,
        asked: TenantRequest,
        extent: Extent,
        *,
        at: DatabaseAt = CENTRAL,
        dry_run: bool = False,
    ) -> Creation:
        """Make what is asked; an empty name or plan is the original's."""
        tenants = self.filled.tenants
        original = find_tenant(tenants, source)
        if asked.slug == original.slug:
            raise InvalidInput("the copy needs a slug of its own")
        seed = replace(tenants.read_seed(original), modules=modules_of(original.revision))
        if extent is Extent.EMPTY:
            seed = replace(seed, products=())
        origin = Origin(
            self.copies.of_tenant(original, extent),
            "tenant.clone",
            {"tenant": str(original.id), "slug": original.slug, "extent": extent.value},
        )
        asked = replace(
            asked,
            name=asked.name or original.name,
            plan=asked.plan or original.plan,
            waba_id=asked.waba_id,
            app_id=asked.app_id or original.app_id,
        )
        return self.filled.run(asked, seed, origin, at=at, dry_run=dry_run)

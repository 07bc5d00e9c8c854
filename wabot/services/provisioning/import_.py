"""Make a tenant from an export."""

from dataclasses import dataclass, replace
from pathlib import Path

from wabot.domain.archive import Manifest
from wabot.domain.plan import check_active_products
from wabot.domain.template import ShopSeed
from wabot.services.provisioning.create import Creation
from wabot.services.provisioning.filled import CreateFilled
from wabot.services.provisioning.lifecycle_ports import Copies, Exports
from wabot.services.provisioning.places import CENTRAL, DatabaseAt
from wabot.services.provisioning.ports import Origin, Templates
from wabot.services.provisioning.request import TenantRequest, check_plan


@dataclass(frozen=True, slots=True)
class Import:
    """What was made, and from what."""

    creation: Creation
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class ImportTenant:
    """The use case; the file is read from end to end before anything is made."""

    filled: CreateFilled
    exports: Exports
    copies: Copies
    templates: Templates

    def run(
        self,
        path: Path,
        asked: TenantRequest,
        *,
        at: DatabaseAt = CENTRAL,
        dry_run: bool = False,
    ) -> Import:
        """Make what is asked; an empty slug, name or plan is that of the export."""
        manifest = self.exports.check(path)
        # Its words and settings come from the template: without it no message could be answered.
        self.templates.load(manifest.template)
        seed = ShopSeed(
            template=manifest.template,
            country=manifest.country,
            currency=manifest.currency,
            time_zone=manifest.time_zone,
            statuses=(),
            modules=self.copies.modules(manifest.revision),
        )
        asked = replace(
            asked,
            slug=asked.slug or manifest.slug,
            name=asked.name or manifest.name,
            plan=asked.plan or manifest.plan,
        )
        allowed = check_plan(asked.plan).allowance
        check_active_products(allowed, asked.slug, before=0, after=manifest.active_products)
        origin = Origin(
            self.copies.of_archive(path, manifest),
            "tenant.import",
            {
                "slug": manifest.slug,
                "exported_at": manifest.exported_at.isoformat(),
                "rows": manifest.rows,
                "sha256": [table.sha256 for table in manifest.tables if table.rows],
            },
        )
        return Import(self.filled.run(asked, seed, origin, at=at, dry_run=dry_run), manifest)

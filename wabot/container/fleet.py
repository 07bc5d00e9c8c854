"""Acts on many tenants' tables, composed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wabot.container.provisioning import Provisioning
    from wabot.repositories.provisioning.migrating import PostgresFleet
    from wabot.repositories.provisioning.migration_line import MigrationLine
    from wabot.services.provisioning.doctor import ExamineTenants
    from wabot.services.provisioning.migrate import MigrateTenants
    from wabot.services.provisioning.modules import TenantModules


@contextmanager
def fleet_of(provisioning: "Provisioning") -> Iterator["PostgresFleet"]:
    """Open what runs SQL on many tenants' tables; its connections close with the block."""
    from wabot.repositories.conninfo import connect
    from wabot.repositories.provisioning.migrating import PostgresFleet

    fleet = PostgresFleet(
        lambda: connect(provisioning.owner_url, autocommit=True), provisioning.servers.connect
    )
    try:
        yield fleet
    finally:
        fleet.close()


@contextmanager
def migrations_of(provisioning: "Provisioning") -> Iterator["MigrateTenants"]:
    """Compose the migration of tenants."""
    from wabot.services.provisioning.migrate import MigrateTenants

    with fleet_of(provisioning) as fleet:
        yield MigrateTenants(fleet, provisioning.tenants.line, time.sleep, provisioning.actor)


@contextmanager
def modules_of(
    provisioning: "Provisioning", line: "MigrationLine | None" = None
) -> Iterator["TenantModules"]:
    """Compose adding and removing modules, of these revisions or of those at hand."""
    from wabot.repositories.provisioning.module_folders import FolderModules
    from wabot.services.provisioning.modules import TenantModules

    line = line or provisioning.tenants.line
    with fleet_of(provisioning) as fleet:
        yield TenantModules(
            provisioning.tenants,
            provisioning.templates,
            FolderModules(line),
            line,
            fleet,
            provisioning.exports,
            provisioning.actor,
            now=lambda: datetime.now(UTC),
        )


def doctor_of(provisioning: "Provisioning") -> "ExamineTenants":
    """Compose the look at what is not as it should be."""
    from wabot.repositories.conninfo import connect
    from wabot.repositories.provisioning.surveying import PostgresSurvey
    from wabot.services.provisioning.doctor import ExamineTenants

    line = provisioning.tenants.line
    survey = PostgresSurvey(
        lambda: connect(provisioning.owner_url, autocommit=True), provisioning.servers, line
    )
    cipher = provisioning.cipher if provisioning.keys else None
    return ExamineTenants(survey, provisioning.templates, line.pending, provisioning.actor, cipher)

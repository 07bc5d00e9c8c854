"""An export of earlier tables becomes a shop of this version on the spot."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.lifecycle.rows import Connection, contents, fill
from tests.integration.tenant_migrations.revisions import (
    EXPAND,
    NEW_TABLE,
    add_revision,
    templates,
)
from tests.integration.tenants.asking import request_for
from tests.integration.tenants.catalogue import rights
from wabot.config import Settings
from wabot.container import Provisioning, open_tenants
from wabot.errors import Refused
from wabot.repositories.provisioning.copies import TenantCopies
from wabot.repositories.provisioning.migration_line import MigrationLine, head_revisions
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.import_ import ImportTenant
from wabot.services.provisioning.lifecycle_ports import Extent


@pytest.fixture
def provisioning(settings: Settings) -> Iterator[Provisioning]:
    with open_tenants(settings) as found:
        yield found


@pytest.fixture
def later(tmp_path: Path) -> MigrationLine:
    """The line of a later version: another column, another table."""
    folder = templates(tmp_path)
    last = int(head_revisions()[0][-4:])
    for number, upgrade in enumerate((EXPAND, NEW_TABLE), last + 1):
        add_revision(folder / "base" / "versions", f"base_{number:04}", upgrade)
    return MigrationLine(folder)


def of_version(provisioning: Provisioning, line: MigrationLine) -> ImportTenant:
    """The use case as that version has it."""
    use_case = provisioning.import_
    tenants = SqlTenants(provisioning.engine, servers=provisioning.servers, line=line)
    return replace(
        use_case,
        filled=replace(use_case.filled, tenants=tenants),
        copies=TenantCopies(provisioning.servers, line=line),
    )


@pytest.mark.parametrize("isolation", ["schema", "prefix"])
def test_rows_are_loaded_as_they_were_and_tables_are_brought_to_this_version(
    provisioning: Provisioning, central: Connection, later: MigrationLine, tmp_path: Path, *,
    isolation: str,
) -> None:  # fmt: skip
    source = provisioning.create.run(request_for("lupita")).tenant
    fill(central, source.placement)
    file = tmp_path / "file.tgz"
    provisioning.exports.export(source, file, now=datetime.now(UTC), progress=lambda _: None)

    asked = request_for("dos", isolation=isolation)
    copy = of_version(provisioning, later).run(file, asked).creation.tenant
    assert copy.revision == later.heads()[0]
    found, original = contents(central, copy.placement), contents(central, source.placement)
    assert found["alembic_version"] == [f"({later.heads()[0]})"]
    assert found["customers"] == original["customers"]
    # The column that came later is there, and empty.
    assert found["products"] == sorted(f"{row[:-1]},)" for row in original["products"])
    granted = rights(central, copy.placement.schema, copy.placement.role)
    assert granted[f"{copy.placement.prefix}visits"] == "DELETE,INSERT,SELECT,UPDATE"


def test_a_clone_waits_until_the_original_is_migrated(
    provisioning: Provisioning, later: MigrationLine
) -> None:
    source = provisioning.create.run(request_for("lupita")).tenant
    copies = TenantCopies(provisioning.servers, line=later)
    with pytest.raises(Refused, match=head_revisions()[0]) as refused:
        copies.of_tenant(source, Extent.SHOP)
    assert "wabot tenant migrate lupita" in refused.value.hint

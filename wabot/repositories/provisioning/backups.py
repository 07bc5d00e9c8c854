"""Exports as they are written down: each in the audit, a tenant's last backup besides."""

from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from wabot.models.central import backups, clients
from wabot.repositories.provisioning.auditing import note
from wabot.repositories.provisioning.failures import named_failures
from wabot.services.provisioning.backup import LastBackup
from wabot.services.provisioning.export import Export


class SqlBackups:
    """The backups of one central database's tenants; `engine` connects as its owner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, export: Export, *, actor: str, backup: bool) -> None:
        """Write down an export that is kept; `backup` when it is one of all tenants' backups."""
        rows = export.manifest.rows if export.manifest else None
        with named_failures(), self._engine.begin() as connection:
            note(
                connection,
                export.tenant,
                actor=actor,
                action="tenant.export",
                details={
                    "file": export.name,
                    "address": export.address,
                    "format": export.format.value,
                    "rows": rows,
                },
            )
            if backup and export.restorable:
                values = {
                    "at": export.at,
                    "address": export.address,
                    "size": export.size,
                    "rows": rows,
                }
                wanted = insert(backups).values(client_id=export.tenant.id, **values)
                connection.execute(
                    wanted.on_conflict_do_update(
                        index_elements=[backups.c.client_id],
                        set_=values,
                        # Two at once: the later moment stays, whichever ends last.
                        where=backups.c.at <= wanted.excluded.at,
                    )
                )

    def last(self, slug: str = "") -> Mapping[str, LastBackup]:
        """Return the last backup of each tenant that has one, by slug; of one alone by its slug."""
        asked = select(clients.c.slug, backups.c.at, backups.c.address).join(clients)
        with named_failures(), self._engine.connect() as connection:
            found = connection.execute(asked.where(clients.c.slug == slug) if slug else asked)
            return {row.slug: LastBackup(row.at, row.address) for row in found}

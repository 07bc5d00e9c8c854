"""The operator's acts on tenants, composed over one central database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from wabot.config import Settings
from wabot.container.central import open_central

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.provisioning.backups import SqlBackups
    from wabot.repositories.provisioning.changes import SqlChanges
    from wabot.repositories.provisioning.exports import SqlExports
    from wabot.repositories.provisioning.plan_prices import SqlPlanPrices
    from wabot.repositories.provisioning.servers import Servers
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.repositories.provisioning.tenants import SqlTenants
    from wabot.services.provisioning.agreements import SetAgreement
    from wabot.services.provisioning.backup import BackUpTenants
    from wabot.services.provisioning.catalog import ManageCatalog
    from wabot.services.provisioning.clone import CloneTenant
    from wabot.services.provisioning.create import CreateTenant
    from wabot.services.provisioning.delete import DeleteTenant
    from wabot.services.provisioning.export import ExportTenant
    from wabot.services.provisioning.filled import CreateFilled
    from wabot.services.provisioning.import_ import ImportTenant
    from wabot.services.provisioning.move import MoveTenant
    from wabot.services.provisioning.plan_prices import SetPlanPrice
    from wabot.services.provisioning.plan_report import ReportPlan
    from wabot.services.provisioning.plan_usage import ReportUsage
    from wabot.services.provisioning.plan_usage_of_all import ReportAllUsage
    from wabot.services.provisioning.suspend import SuspendTenants
    from wabot.services.provisioning.update import UpdateTenant
    from wabot.services.runtime.media_ports import FileStorage


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What the operator's acts on tenants are made of; `actor` stands in the audit log.

    `message_prices` is the operator's own file of Meta's prices.
    """

    owner_url: str = field(repr=False)
    engine: "Engine" = field(repr=False)
    tenants: "SqlTenants"
    templates: "FolderTemplates"
    actor: str
    keys: tuple[bytes, ...] = field(repr=False, default=())
    message_prices: Path | None = None

    @property
    def move(self) -> "MoveTenant":
        """Return the use case that moves a tenant to another place."""
        from wabot.repositories.provisioning.moving import SqlMoves
        from wabot.services.provisioning.move import MoveTenant

        return MoveTenant(
            self.tenants,
            SqlMoves(self.engine, self.servers),
            lambda: self.cipher,
            self.actor,
            now=lambda: datetime.now(UTC),
        )

    @property
    def cipher(self) -> "TokenCipher":
        """Return what encrypts tokens; looking at tenants needs no key."""
        from wabot.gateways.encryption import TokenCipher

        return TokenCipher(self.keys)

    @property
    def servers(self) -> "Servers":
        """Return the way to the tenants' databases; a key is needed where one has a password."""
        return _servers(self.owner_url, self.keys)

    @property
    def changes(self) -> "SqlChanges":
        """Return what writes changes of tenants."""
        from wabot.repositories.provisioning.changes import SqlChanges

        return SqlChanges(self.engine, self.servers)

    @property
    def exports(self) -> "SqlExports":
        """Return what reads tenants into files."""
        from wabot.gateways.pg_dump import dump
        from wabot.repositories.provisioning.exports import SqlExports

        return SqlExports(self.servers, dump)

    @property
    def backups(self) -> "SqlBackups":
        """Return what writes exports down."""
        from wabot.repositories.provisioning.backups import SqlBackups

        return SqlBackups(self.engine)

    @property
    def export(self) -> "ExportTenant":
        """Return the use case that takes a tenant out as one file."""
        from wabot.services.provisioning.export import ExportTenant

        return ExportTenant(
            self.tenants, self.exports, self.backups, self.actor, now=lambda: datetime.now(UTC)
        )

    @property
    def back_up(self) -> "BackUpTenants":
        """Return the use case that exports all tenants."""
        from wabot.services.provisioning.backup import BackUpTenants

        return BackUpTenants(self.export, self.backups)

    @property
    def update(self) -> "UpdateTenant":
        """Return the use case that changes a tenant."""
        from wabot.repositories.provisioning.catalog_rows import SqlCatalog
        from wabot.repositories.provisioning.module_folders import FolderModules
        from wabot.repositories.provisioning.plan_use import SqlPlanUses
        from wabot.services.provisioning.update import UpdateTenant

        modules = FolderModules(self.tenants.line)
        return UpdateTenant(
            self.tenants,
            self.changes,
            self.templates,
            modules,
            SqlCatalog(self.engine, self.servers),
            SqlPlanUses(self.tenants),
            now=lambda: datetime.now(UTC),
            actor=self.actor,
        )

    @property
    def suspend(self) -> "SuspendTenants":
        """Return the use case that stops and resumes the work for a tenant."""
        from wabot.services.provisioning.suspend import SuspendTenants

        return SuspendTenants(self.tenants, self.changes, self.actor, now=lambda: datetime.now(UTC))

    @property
    def agreements(self) -> "SetAgreement":
        """Return the use case that agrees on something apart from a plan."""
        from wabot.repositories.provisioning.agreements import SqlAgreements
        from wabot.services.provisioning.agreements import SetAgreement

        agreements = SqlAgreements(self.engine, self.servers)
        return SetAgreement(
            self.tenants, agreements, now=lambda: datetime.now(UTC), actor=self.actor
        )

    @property
    def plan_report(self) -> "ReportPlan":
        """Return the use case that tells what a tenant may use and uses."""
        from wabot.repositories.provisioning.plan_use import SqlPlanUses
        from wabot.services.provisioning.plan_report import ReportPlan

        return ReportPlan(self.tenants, SqlPlanUses(self.tenants), now=lambda: datetime.now(UTC))

    @property
    def plan_usage(self) -> "ReportUsage":
        """Return the use case that tells what tenants used in a month, and what it cost."""
        from wabot.repositories.message_prices import read_prices
        from wabot.repositories.provisioning.plan_use import SqlPlanUses
        from wabot.services.provisioning.plan_usage import ReportUsage

        uses, prices = SqlPlanUses(self.tenants), read_prices(self.message_prices)
        return ReportUsage(self.tenants, uses, prices, now=lambda: datetime.now(UTC))

    @property
    def plan_usage_of_all(self) -> "ReportAllUsage":
        """Return the use case that tells what all tenants used, as far as it is rolled up."""
        from wabot.repositories.message_prices import read_prices
        from wabot.repositories.provisioning.rolled_usage import SqlRolledUsage
        from wabot.services.provisioning.plan_usage_of_all import ReportAllUsage

        return ReportAllUsage(
            self.tenants,
            SqlRolledUsage(self.engine),
            read_prices(self.message_prices).currency,
            now=lambda: datetime.now(UTC),
        )

    @property
    def plan_prices(self) -> "SqlPlanPrices":
        """Return what the operator asks for the plans."""
        from wabot.repositories.provisioning.plan_prices import SqlPlanPrices

        return SqlPlanPrices(self.engine)

    @property
    def set_plan_price(self) -> "SetPlanPrice":
        """Return the use case that sets a plan's price."""
        from wabot.services.provisioning.plan_prices import SetPlanPrice

        return SetPlanPrice(self.plan_prices, self.actor)

    @property
    def catalog(self) -> "ManageCatalog":
        """Return the use cases about a shop's catalogue."""
        from wabot.repositories.provisioning.catalog_csv import read_catalog_file
        from wabot.repositories.provisioning.catalog_rows import SqlCatalog
        from wabot.services.provisioning.catalog import ManageCatalog

        return ManageCatalog(
            self.tenants,
            self.templates,
            SqlCatalog(self.engine, self.servers),
            read_catalog_file,
            now=lambda: datetime.now(UTC),
            actor=self.actor,
        )

    @property
    def clone(self) -> "CloneTenant":
        """Return the use case that makes a tenant like another."""
        from wabot.repositories.provisioning.copies import TenantCopies
        from wabot.services.provisioning.clone import CloneTenant

        return CloneTenant(self._filled, TenantCopies(self.servers, line=self.tenants.line))

    @property
    def import_(self) -> "ImportTenant":
        """Return the use case that makes a tenant from an export."""
        from wabot.repositories.provisioning.copies import TenantCopies
        from wabot.services.provisioning.import_ import ImportTenant

        copies = TenantCopies(self.servers, line=self.tenants.line)
        return ImportTenant(self._filled, self.exports, copies, self.templates)

    def delete(self, files: "FileStorage") -> "DeleteTenant":
        """Return the use case that takes a tenant away, with what it has in `files`."""
        from wabot.repositories.provisioning.removals import SqlRemovals
        from wabot.services.provisioning.delete import DeleteTenant

        removals = SqlRemovals(self.engine, self.servers)
        return DeleteTenant(
            self.tenants, removals, self.exports, files, self.actor, now=lambda: datetime.now(UTC)
        )

    @property
    def _filled(self) -> "CreateFilled":
        from wabot.services.provisioning.filled import CreateFilled

        return CreateFilled(
            self.tenants, self.changes, self.cipher, now=lambda: datetime.now(UTC), new_id=uuid4
        )

    @property
    def create(self) -> "CreateTenant":
        """Return the use case that creates a tenant."""
        from wabot.services.provisioning.create import CreateTenant

        return CreateTenant(
            self.tenants, self.cipher, self.templates, now=lambda: datetime.now(UTC), new_id=uuid4
        )


@contextmanager
def open_tenants(settings: Settings, *, connections: int = 0) -> Iterator[Provisioning]:
    """Compose the acts on the tenants of the settings' central database, as its owner.

    As many `connections` are kept for what comes next; otherwise each act makes its own.
    """
    with (
        open_central(settings) as urls,
        tenants_at(
            urls.owner_url,
            keys=settings["WABOT_MASTER_KEY"],
            actor=settings.operator,
            connections=connections,
        ) as provisioning,
    ):
        yield replace(provisioning, message_prices=settings["WABOT_MESSAGE_PRICES"])


@contextmanager
def tenants_at(
    owner_url: str,
    *,
    keys: tuple[bytes, ...] = (),
    actor: str = "operator",
    connections: int = 0,
) -> Iterator[Provisioning]:
    """Compose the acts on the tenants of any central database."""
    from wabot.repositories.engines import open_engine
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.repositories.provisioning.tenants import SqlTenants

    engine = open_engine(owner_url, connections=connections)
    try:
        tenants = SqlTenants(engine, servers=_servers(owner_url, keys))
        yield Provisioning(owner_url, engine, tenants, FolderTemplates(), actor, keys)
    finally:
        engine.dispose()


def _servers(owner_url: str, keys: tuple[bytes, ...]) -> "Servers":
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.provisioning.servers import Servers

    def decrypt(client_id: UUID, ciphertext: str, purpose: str) -> str:
        return TokenCipher(keys).decrypt(client_id, ciphertext, purpose)

    return Servers(owner_url, decrypt)

"""Give a company that already runs further tables and settings, or take them away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from wabot.domain import migration
from wabot.domain.migration import BASE, branch_of, modules_of, parse_ledger, to_ledger
from wabot.domain.module import Module
from wabot.domain.tenant import Tenant, TenantStatus
from wabot.errors import InvalidInput, Refused
from wabot.services.provisioning.depots import Depot
from wabot.services.provisioning.lifecycle_ports import Exports
from wabot.services.provisioning.look import find_tenant
from wabot.services.provisioning.migration_ports import Candidate, Fleet, Line, Result, Work
from wabot.services.provisioning.ports import Templates, Tenants

_SETTLED = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)


class Modules(Protocol):
    """The modules at hand, and the SQL that adds and removes them, with the marks in it."""

    def names(self) -> tuple[str, ...]:
        """Return the known modules, sorted."""
        ...

    def load(self, name: str) -> Module:
        """Return a checked module; UnknownChoice lists the known ones."""
        ...

    def adding_sql(self, module: Module) -> str:
        """Return what gives a tenant the module's tables and settings."""
        ...

    def removing_sql(self, module: Module) -> str:
        """Return what takes them away again."""
        ...


@dataclass(frozen=True, slots=True)
class ModuleStanding:
    """A module as one tenant has it; `revision` is empty when it has not."""

    module: Module
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Standings:
    """All modules that can be used, and by name what is wrong with the others."""

    modules: tuple[ModuleStanding, ...]
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """What adding or removing changed; `rows` are those of the module's tables.

    `export` is where the whole shop, these rows too, was kept before they went.
    """

    tenant: Tenant
    module: Module
    changed: bool
    rows: Mapping[str, int]
    export: str = ""


@dataclass(frozen=True, slots=True)
class TenantModules:
    """The use cases; each change is one transaction of the tenant's tables and the ledger."""

    tenants: Tenants
    templates: Templates
    modules: Modules
    line: Line
    fleet: Fleet
    exports: Exports
    actor: str
    now: Callable[[], datetime]

    def standings(self, slug: str = "") -> Standings:
        """Return every module, with what the tenant has of it when one is named."""
        ledger = find_tenant(self.tenants, slug).revision if slug else ""
        has = {branch_of(revision): revision for revision in parse_ledger(ledger)}
        found, faults = [], {}
        for name in sorted({*self.modules.names(), *has} - {BASE}):
            try:
                found.append(ModuleStanding(self.modules.load(name), has.get(name, "")))
            except InvalidInput as error:
                # One that is being written does not hide the others.
                faults[name] = error.message
        return Standings(tuple(found), faults)

    def add(self, slug: str, name: str, *, dry_run: bool = False) -> ModuleChange:
        """Give the tenant the module's tables and settings; asking again changes nothing."""
        module, tenant = self.modules.load(name), find_tenant(self.tenants, slug)
        if name in modules_of(tenant.revision):
            return ModuleChange(tenant, module, changed=False, rows={})
        self._refuse_unready(tenant)
        after = to_ledger((*parse_ledger(tenant.revision), module.head))
        work = Work(
            tenant.revision,
            after,
            self.modules.adding_sql(module),
            module.tables,
            action="tenant.module.add",
        )
        if not dry_run:
            self._do(tenant, work)
        return ModuleChange(tenant, module, changed=True, rows={})

    def remove(
        self,
        slug: str,
        name: str,
        depot: Depot,
        *,
        drop_data: bool = False,
        confirm: str = "",
        dry_run: bool = False,
    ) -> ModuleChange:
        """Take the module's tables and settings away; rows go only when the slug is repeated.

        Before they go the shop is exported into the depot, and the file read back.
        """
        if confirm and confirm != slug:
            raise InvalidInput(
                f"{confirm!r} is not {slug!r}: nothing was changed",
                hint=f"Give --confirm {slug}.",
            )
        module, tenant = self.modules.load(name), find_tenant(self.tenants, slug)
        if name not in modules_of(tenant.revision):
            return ModuleChange(tenant, module, changed=False, rows={})
        if name in self.templates.load(tenant.template).modules:
            raise Refused(
                f"module {name} belongs to the template {tenant.template} of tenant {slug};"
                " nothing was changed",
                hint="Its template needs it; only modules added since can be removed.",
            )
        self._refuse_unready(tenant)
        rows = self.fleet.rows(_candidate(tenant), module.tables)
        held = [table for table, count in rows.items() if count]
        if held and not (drop_data and confirm == slug):
            raise Refused(
                "rows would be lost: "
                + ", ".join(f"{table} ({rows[table]})" for table in held)
                + "; nothing was changed",
                hint="To have the shop exported, then drop them: wabot tenant module remove"
                f" {slug} {name} --drop-data --confirm {slug}",
            )
        kept = [r for r in parse_ledger(tenant.revision) if branch_of(r) != name]
        work = Work(
            tenant.revision,
            to_ledger(kept),
            self.modules.removing_sql(module),
            # What is written between the count or the export and the transaction counts too.
            must_hold=rows,
            action="tenant.module.remove",
        )
        file = f"{slug}-{self.now():%Y%m%dT%H%M%SZ}-with-{name}.wabot.tgz" if held else ""
        if not dry_run:
            if file:
                work = replace(work, must_hold=self._export(tenant, depot, file, module))
            self._do(tenant, work)
        kept_in = depot.address(file) if file else ""
        return ModuleChange(tenant, module, changed=True, rows=rows, export=kept_in)

    def _export(self, tenant: Tenant, depot: Depot, file: str, module: Module) -> dict[str, int]:
        """Keep the whole shop in a file; return how many rows of the module's tables it has."""
        with depot.writing(file) as path:
            self.exports.export(tenant, path, now=self.now(), progress=lambda _: None)
        with depot.reading(file) as path:
            kept = {table.name: table.rows for table in self.exports.check(path).tables}
        return {table: kept[table] for table in module.tables}

    def _refuse_unready(self, tenant: Tenant) -> None:
        if tenant.status not in _SETTLED:
            raise Refused(
                f"tenant {tenant.slug} is {tenant.status.value}; nothing was changed",
                hint=f"See what ends that: wabot tenant doctor {tenant.slug}",
                retryable=True,
            )
        missing = migration.pending(self.line.branch, tenant.revision)
        if missing:
            raise Refused(
                f"tenant {tenant.slug} is behind: it lacks {', '.join(s.id for s in missing)};"
                " nothing was changed",
                hint=f"First: wabot tenant migrate {tenant.slug}",
            )

    def _do(self, tenant: Tenant, work: Work) -> None:
        outcome = self.fleet.migrate(_candidate(tenant), work, actor=self.actor)
        if outcome.result not in {Result.MIGRATED, Result.ALREADY}:
            raise Refused(
                f"tenant {tenant.slug}: {outcome.reason}",
                hint="Nothing was changed.",
                retryable=outcome.result is Result.BUSY,
            )


def _candidate(tenant: Tenant) -> Candidate:
    return Candidate(tenant.id, tenant.slug, tenant.revision, tenant.placement)

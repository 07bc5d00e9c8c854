"""Tables and settings that a company adds while it runs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.tenant_migrations.conftest import Make
from tests.integration.tenant_migrations.revisions import add_module, add_revision
from tests.integration.tenants.asking import document
from tests.integration.tenants.catalogue import namespace, rights
from tests.integration.tenants.conftest import Cli, cli
from wabot.container import Provisioning
from wabot.container.fleet import modules_of
from wabot.errors import InvalidInput, NotFound, Refused, UnknownChoice, WabotError
from wabot.gateways.depots import FolderDepot
from wabot.repositories.provisioning.migration_line import MigrationLine, head_revisions
from wabot.repositories.provisioning.module_folders import FolderModules
from wabot.services.provisioning.migration_ports import Candidate, Result, Work
from wabot.services.provisioning.modules import TenantModules

__all__ = ["cli"]

Connection = psycopg.Connection[Any]

TABS = """op.create_table(
        "__wbp__tabs",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("owed", sa.Numeric(12, 2), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["tenant.__wbp__customers.id"], name="__wbp__tabs_customer_id_fkey"
        ),
        sa.PrimaryKeyConstraint("customer_id", name="__wbp__tabs_pkey"),
        schema="tenant",
    )
    op.create_table(
        "__wbp__tab_payments",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["tenant.__wbp__tabs.customer_id"],
            name="__wbp__tab_payments_customer_id_fkey",
        ),
        schema="tenant",
    )"""
SETTINGS = """
[settings.tabs_limit]
type = "whole"
default = 500
help = "The most that a customer may owe."

[settings.tabs_note]
type = "text"
default = "it's \\\\ on the house"
help = "Shown beside what is owed."
"""


@pytest.fixture
def modules(provisioning: Provisioning, folder: Path) -> Iterator[TenantModules]:
    add_module(folder, "tabs", TABS, SETTINGS)
    with modules_of(replace(provisioning, actor="tester"), MigrationLine(folder)) as found:
        yield found


def stored(central: Connection, schema: str) -> dict[str, Any]:
    return dict(central.execute(f"select key, value from {schema}.settings").fetchall())


def test_adding_makes_tables_rights_settings_and_moves_the_ledger(
    make: Make, modules: TenantModules, central: Connection
) -> None:
    placement = make("lupita").placement
    shop_version = central.execute(f"select version from {placement.schema}.shop_state").fetchone()
    change = modules.add("lupita", "tabs")
    assert change.changed
    given = rights(central, placement.schema, placement.role)
    assert given["tabs"] == given["tab_payments"] == "DELETE,INSERT,SELECT,UPDATE"
    settings = stored(central, placement.schema)
    assert (settings["tabs_limit"], settings["tabs_note"]) == (500, "it's \\ on the house")
    ledger = ",".join(sorted([*head_revisions(), "tabs_0001"]))
    assert central.execute("select schema_revision from wabot.clients").fetchall() == [(ledger,)]
    own = central.execute(f"select version_num from {placement.schema}.alembic_version order by 1")
    assert [version for (version,) in own] == ledger.split(",")
    (after,) = central.execute(f"select version from {placement.schema}.shop_state").fetchall()
    assert after != shop_version


def test_adding_twice_changes_nothing(
    make: Make, modules: TenantModules, central: Connection
) -> None:
    schema = make("lupita").placement.schema
    modules.add("lupita", "tabs")
    central.execute(f"update {schema}.settings set value = '900' where key = 'tabs_limit'")
    assert not modules.add("lupita", "tabs").changed
    assert stored(central, schema)["tabs_limit"] == 900


def test_a_dry_run_changes_nothing(make: Make, modules: TenantModules, central: Connection) -> None:
    schema = make("lupita").placement.schema
    before = namespace(central, schema)
    assert modules.add("lupita", "tabs", dry_run=True).changed
    assert namespace(central, schema) == before


@pytest.mark.parametrize("status", ["moving", "deleting", "provisioning"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_shop_that_is_between_two_states_gets_no_module(
    make: Make, modules: TenantModules, central: Connection, status: str, dry_run: bool
) -> None:
    make("lupita")
    central.execute("update wabot.clients set status = %s", [status])
    with pytest.raises(Refused, match=f"lupita is {status}"):
        modules.add("lupita", "tabs", dry_run=dry_run)


def test_a_module_that_cannot_be_made_leaves_nothing_of_it(
    make: Make, modules: TenantModules, central: Connection
) -> None:
    schema = make("lupita").placement.schema
    central.execute(f"create table {schema}.tab_payments ()")
    before = namespace(central, schema)
    with pytest.raises(Refused, match="tab_payments"):
        modules.add("lupita", "tabs")
    assert namespace(central, schema) == before
    assert "tabs_limit" not in stored(central, schema)


def test_removing_what_is_empty_restores_what_was_before(
    make: Make, modules: TenantModules, central: Connection, tmp_path: Path
) -> None:
    tenant = make("lupita")
    schema = tenant.placement.schema
    before, settings = namespace(central, schema), stored(central, schema)
    modules.add("lupita", "tabs")
    assert namespace(central, schema) != before
    assert modules.remove("lupita", "tabs", FolderDepot(tmp_path)).changed
    assert namespace(central, schema) == before
    assert stored(central, schema) == settings
    assert central.execute("select schema_revision from wabot.clients").fetchall() == [
        (tenant.revision,)
    ]
    assert not modules.remove("lupita", "tabs", FolderDepot(tmp_path)).changed


def give_rows(central: Connection, schema: str, wa_id: str = "5215550100001") -> None:
    central.execute(
        f"with c as (insert into {schema}.customers (wa_id, first_contact_at)"
        f" values ('{wa_id}', now()) returning id)"
        f" insert into {schema}.tabs (customer_id, owed) select id, 80 from c"
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"drop_data": True}, {"confirm": "lupita"}],
    ids=str,
)
def test_rows_are_only_dropped_when_the_slug_is_repeated(
    make: Make, modules: TenantModules, central: Connection, options: dict[str, Any], tmp_path: Path
) -> None:
    schema = make("lupita").placement.schema
    modules.add("lupita", "tabs")
    give_rows(central, schema)
    with pytest.raises(Refused, match=r"tabs \(1\)"):
        modules.remove("lupita", "tabs", FolderDepot(tmp_path), **options)
    assert central.execute(f"select owed from {schema}.tabs").fetchall() == [(80,)]
    change = modules.remove(
        "lupita", "tabs", FolderDepot(tmp_path), drop_data=True, confirm="lupita"
    )
    assert change.rows == {"tabs": 1, "tab_payments": 0}
    # The whole shop was kept before: what was dropped comes back by an import.
    kept = {table.name: table.rows for table in modules.exports.check(Path(change.export)).tables}
    assert (kept["tabs"], kept["customers"]) == (1, 1)
    assert central.execute("select to_regclass(%s)", [f"{schema}.tabs"]).fetchone() == (None,)


def test_nothing_is_dropped_when_it_cannot_be_exported_or_rows_come_after_the_export(
    make: Make, modules: TenantModules, central: Connection, tmp_path: Path
) -> None:
    schema = make("lupita").placement.schema
    modules.add("lupita", "tabs")
    give_rows(central, schema)
    (tmp_path / "file").touch()
    drop = {"drop_data": True, "confirm": "lupita"}
    with pytest.raises(WabotError, match="cannot be written"):
        modules.remove("lupita", "tabs", FolderDepot(tmp_path / "file"), **drop)

    class Late:
        """Exports, and a row that comes right after."""

        def export(self, *words: Any, **options: Any) -> Any:
            modules.exports.export(*words, **options)
            give_rows(central, schema, "5215550100002")

        check = modules.exports.check

    with pytest.raises(Refused, match="tabs holds 2 rows, 1 when they were exported"):
        replace(modules, exports=Late()).remove("lupita", "tabs", FolderDepot(tmp_path), **drop)
    assert len(central.execute(f"select owed from {schema}.tabs").fetchall()) == 2


def test_a_slug_that_is_repeated_wrongly_is_told_as_such(
    make: Make, modules: TenantModules, central: Connection, tmp_path: Path
) -> None:
    schema = make("lupita").placement.schema
    modules.add("lupita", "tabs")
    give_rows(central, schema)
    with pytest.raises(InvalidInput, match="'lupito' is not 'lupita': nothing was changed"):
        modules.remove("lupita", "tabs", FolderDepot(tmp_path), drop_data=True, confirm="lupito")
    assert central.execute(f"select owed from {schema}.tabs").fetchall() == [(80,)]


def test_what_a_template_is_made_of_stays(
    make: Make, modules: TenantModules, tmp_path: Path
) -> None:
    make("clean", template="tintoreria")
    with pytest.raises(Refused, match="belongs to the template tintoreria"):
        modules.remove("clean", "tintoreria", FolderDepot(tmp_path))


def test_the_tables_of_a_trade_can_be_added_to_another(
    make: Make, modules: TenantModules, central: Connection
) -> None:
    grocer, dry_cleaner = make("lupita"), make("clean", template="tintoreria")
    modules.add("lupita", "tintoreria")
    assert namespace(central, grocer.placement.schema) == namespace(
        central, dry_cleaner.placement.schema
    )


def test_a_shop_that_is_behind_is_migrated_first(
    make: Make, modules: TenantModules, folder: Path, provisioning: Provisioning
) -> None:
    make("lupita")
    (head,) = head_revisions()
    add_revision(folder / "base" / "versions", f"base_{int(head[-4:]) + 1:04}", "pass")
    line = MigrationLine(folder)
    late = replace(modules, modules=FolderModules(line), line=line)
    with pytest.raises(Refused) as refused:
        late.add("lupita", "tabs")
    assert "wabot tenant migrate lupita" in refused.value.hint


def test_unknown_names_are_refused(make: Make, modules: TenantModules) -> None:
    make("lupita")
    with pytest.raises(UnknownChoice, match="known: agua, tabs, tintoreria, verduleria"):
        modules.add("lupita", "nothing")
    for name in ("base", "modules", "abarrotes", "../agua", ""):
        with pytest.raises(UnknownChoice):
            modules.add("lupita", name)
    with pytest.raises(NotFound):
        modules.add("nobody", "tabs")


def test_changes_are_audited(
    make: Make, modules: TenantModules, central: Connection, tmp_path: Path
) -> None:
    make("lupita")
    modules.add("lupita", "tabs")
    modules.remove("lupita", "tabs", FolderDepot(tmp_path))
    acts = central.execute(
        "select actor, action, details ->> 'after' from wabot.audit_log"
        " where action like 'tenant.module.%' order by id"
    ).fetchall()
    with_tabs = ",".join(sorted([*head_revisions(), "tabs_0001"]))
    assert acts == [
        ("tester", "tenant.module.add", with_tabs),
        ("tester", "tenant.module.remove", ",".join(head_revisions())),
    ]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ('name = "x"\ndescription = "y"\ncolour = "z"\n', "module.toml:3: unknown key 'colour'"),
        ('name = ""\ndescription = "y"\n', "module.toml:1: name must be a text"),
        ('name = "x"\n', "description must be a text"),
        ("name = \n", "module.toml:1: no valid TOML"),
        (
            'name = "x"\ndescription = "y"\n[settings.limit]\ntype = "whole"\ndefault = 1\n',
            "module.toml:3: unknown setting 'limit'",
        ),
    ],
)
def test_a_bad_module_is_refused_with_file_line_and_reason(
    folder: Path, file: str, reason: str
) -> None:
    home = add_module(folder, "odd", "pass")
    (home / "module.toml").write_text(file)
    with pytest.raises(InvalidInput) as refused:
        FolderModules(MigrationLine(folder)).load("odd")
    assert reason in refused.value.message


def test_the_command_line_lists_adds_and_removes(cli: Cli, make: Make, settings: Any) -> None:
    make("lupita")
    listed = document(cli("tenant", "module", "list", "--json"))["data"]
    assert {row["module"] for row in listed} >= {"agua", "tintoreria", "verduleria"}
    added = cli("tenant", "module", "add", "lupita", "agua", "--json")
    assert (added.exit_code, document(added)["data"]["changed"]) == (0, True)
    standing = document(cli("tenant", "module", "list", "lupita", "--json"))["data"]
    assert {row["module"]: row["added"] for row in standing}["agua"] is True
    removed = cli("tenant", "module", "remove", "lupita", "agua")
    assert (removed.exit_code, removed.stdout) == (0, "")
    assert "was removed from lupita" in removed.stderr
    refused = cli("tenant", "module", "add", "lupita", "agau")
    assert refused.exit_code == 2


def test_what_is_dropped_with_a_module_is_kept_where_backups_are(
    cli: Cli, make: Make, central: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WABOT_BACKUPS", str(tmp_path / "backups"))
    schema = make("lupita").placement.schema
    cli("tenant", "module", "add", "lupita", "verduleria")
    central.execute(
        f"insert into {schema}.daily_prices (product_id, day, price, changed_by)"
        f" select id, current_date, 1, 'ana' from {schema}.products limit 1"
    )
    words = ("lupita", "verduleria", "--drop-data", "--confirm", "lupita", "--json")
    data = document(cli("tenant", "module", "remove", *words))["data"]
    assert Path(data["file"]).parent == tmp_path / "backups"
    assert Path(data["file"]).is_file()


def test_modules_are_composed_with_the_bundled_line(provisioning: Provisioning) -> None:
    with modules_of(provisioning) as found:
        assert "agua" in {one.module.name for one in found.standings().modules}


def test_a_module_that_is_being_written_does_not_hide_the_others(
    modules: TenantModules, folder: Path
) -> None:
    add_module(folder, "odd", "raise NotImplementedError")
    found = modules.standings()
    assert {one.module.name for one in found.modules} >= {"tabs", "agua"}
    assert list(found.faults) == ["odd"]
    assert "odd_0001.py" in found.faults["odd"]


def test_a_row_that_is_written_at_the_last_moment_keeps_the_module(
    make: Make, modules: TenantModules, central: Connection
) -> None:
    tenant = make("lupita")
    with_tabs = modules.add("lupita", "tabs").module
    after = ",".join(sorted([*head_revisions(), "tabs_0001"]))
    # As `remove` asks for it after it counted no rows.
    work = Work(
        after,
        tenant.revision,
        modules.modules.removing_sql(with_tabs),
        must_hold=dict.fromkeys(with_tabs.tables, 0),
    )
    give_rows(central, tenant.placement.schema)
    candidate = Candidate(tenant.id, "lupita", after, tenant.placement)
    outcome = modules.fleet.migrate(candidate, work, actor="tester")
    assert outcome.result is Result.FAILED
    assert "table tabs holds rows; nothing was changed" in outcome.reason
    assert central.execute(f"select owed from {tenant.placement.schema}.tabs").fetchall() == [(80,)]

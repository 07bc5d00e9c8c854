"""What stands in PostgreSQL after a creation."""

from collections import Counter
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from tests.integration.tenants.catalogue import namespace, rights
from tests.integration.tenants.conftest import Create
from wabot.models.naming import TENANT_PREFIX_MARK, TENANT_SCHEMA_MARK
from wabot.models.tenant import metadata
from wabot.repositories.provisioning.migration_line import (
    MigrationLine,
    head_revisions,
    upgrade_sql,
)
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.repositories.provisioning.tenant_ddl import head_ddl

Connection = psycopg.Connection[Any]

UUID, TEXT, TIME = "uuid", "text", "timestamp with time zone"

# The contract with whoever reads the tables besides wabot: these columns, under these names.
PROMISED = {
    "customers": {
        "id": UUID,
        "wa_id": TEXT,
        "name": TEXT,
        "phone_number": TEXT,
        "first_contact_at": TIME,
        "created_at": TIME,
    },
    "customer_addresses": {
        "id": UUID,
        "customer_id": UUID,
        "address": TEXT,
        "is_primary": "boolean",
        "created_at": TIME,
    },
    "products": {
        "id": UUID,
        "name": TEXT,
        "description": TEXT,
        "price": "numeric",
        "is_active": "boolean",
        "stock": "integer",
        "created_at": TIME,
    },
    "orders": {
        "id": UUID,
        "order_code": TEXT,
        "customer_id": UUID,
        "address_id": UUID,
        "total": "numeric",
        "status": TEXT,
        "created_at": TIME,
    },
    "order_status": {},
    "order_history": {},
    "customer_sessions": {
        "id": UUID,
        "customer_id": UUID,
        "last_step": TEXT,
        "expires_at": TIME,
        "is_active": "boolean",
        "created_at": TIME,
    },
}


def test_a_tenant_has_the_promised_tables_and_columns(create: Create, central: Connection) -> None:
    schema = create().tenant.placement.schema
    rows = central.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = %s",
        [schema],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    for table, columns in PROMISED.items():
        assert columns.items() <= found[table].items(), table


def test_codes_of_orders_are_unique(create: Create, central: Connection) -> None:
    schema = create().tenant.placement.schema
    unique = central.execute(
        "select 1 from pg_constraint where conrelid = to_regclass(%s) and contype = 'u'"
        " and pg_get_constraintdef(oid) = 'UNIQUE (order_code)'",
        [f"{schema}.orders"],
    ).fetchone()
    assert unique


@pytest.mark.parametrize("template", FolderTemplates().names())
def test_a_new_tenant_is_what_all_revisions_make(
    create: Create, central: Connection, template: str
) -> None:
    schema = create(template=template).tenant.placement.schema
    central.execute("create schema replayed")
    replay = upgrade_sql(*FolderTemplates().load(template).modules)
    central.execute(replay.replace("tenant.__wbp__", "replayed.").replace("__wbp__", "").encode())
    assert namespace(central, schema) == namespace(central, "replayed")
    assert len(namespace(central, schema)) > 100


def test_no_two_branches_make_the_same_table() -> None:
    line = MigrationLine()
    made = Counter(table for name in ("base", *line.modules()) for table in line.tables(name))
    assert [table for table, times in made.items() if times > 1] == []


@pytest.mark.parametrize("text", [head_ddl(), upgrade_sql()], ids=["head", "revisions"])
def test_the_models_are_what_the_tables_are(text: str, engine: Engine) -> None:
    with engine.connect() as connection:
        # The marks are names like any other: unrendered, the tables can be compared as they are.
        connection.exec_driver_sql(f"create schema {TENANT_SCHEMA_MARK}")
        connection.exec_driver_sql(text, execution_options={"no_parameters": True})
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == "tenant",
                "version_table": f"{TENANT_PREFIX_MARK}alembic_version",
                "version_table_schema": TENANT_SCHEMA_MARK,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_nothing_of_a_tenant_refers_to_anything_outside(
    create: Create, central: Connection
) -> None:
    schema = create().tenant.placement.schema
    outside = central.execute(
        """
        select c.conname, c.confrelid::regclass::text from pg_constraint c
        join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
        where t.relnamespace = to_regnamespace(%(schema)s) and f.relnamespace <> t.relnamespace
        union all
        select c.relname, p.proname from pg_depend d
        join pg_attrdef a on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid
        join pg_class c on c.oid = a.adrelid and c.relnamespace = to_regnamespace(%(schema)s)
        join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
        where p.pronamespace <> 'pg_catalog'::regnamespace
        """,
        {"schema": schema},
    ).fetchall()
    assert outside == []


def test_the_template_fills_the_tables(create: Create, central: Connection) -> None:
    template = FolderTemplates().load("abarrotes")
    schema = create(owner_phone="55 1234 5678").tenant.placement.schema
    products = central.execute(
        f"select sku, name, price, unit, step, stock, category, aliases, is_active"
        f" from {schema}.products order by position"
    ).fetchall()
    assert products == [
        (p.sku, p.name, p.price, p.unit, p.step, p.stock, p.category, list(p.aliases), True)
        for p in template.products
    ]
    states = central.execute(
        f"select code, label, is_final from {schema}.order_status order by position"
    ).fetchall()
    assert states == [(s.code, s.label, s.is_final) for s in template.statuses]
    settings = dict(central.execute(f"select key, value from {schema}.settings").fetchall())
    assert settings == {s.key: s.default for s in template.settings} | {
        "owner_phone": "+525512345678"
    }
    assert central.execute(f"select version from {schema}.shop_state").fetchall() == [(1,)]
    for table in ("customers", "orders", "messages", "customer_sessions"):
        assert central.execute(f"select count(*) from {schema}.{table}").fetchone() == (0,)


def test_the_revision_stands_in_the_tenant_and_with_the_client(
    create: Create, central: Connection
) -> None:
    tenant = create().tenant
    own = central.execute(
        f"select version_num from {tenant.placement.schema}.alembic_version order by 1"
    ).fetchall()
    stored = central.execute("select schema_revision from wabot.clients").fetchone()
    assert own == [(revision,) for revision in head_revisions()]
    assert stored == (",".join(head_revisions()),)
    assert tenant.revision == ",".join(head_revisions())


def test_the_client_is_bound_to_its_placement(create: Create, central: Connection) -> None:
    tenant = create().tenant
    row = central.execute(
        "select id, slug, name, phone_number_id, plan_type, status, template, country, currency,"
        " time_zone, app_id, db_connection_config, version from wabot.clients"
    ).fetchone()
    registry = central.execute("select version from wabot.registry").fetchone()
    assert row is not None
    assert registry is not None
    assert row[:11] == (
        tenant.id,
        "lupita",
        "Abarrotes Lupita",
        tenant.phone_number_id,
        "basico",
        "active",
        "abarrotes",
        "MX",
        "MXN",
        "America/Mexico_City",
        "100200300400500",
    )
    assert row[11] == {
        "isolation": "schema",
        "server": "",
        "schema": tenant.placement.schema,
        "prefix": "",
        "role": tenant.placement.role,
    }
    assert row[12] == registry[0]


def test_each_creation_raises_the_version_that_servers_poll(
    create: Create, central: Connection
) -> None:
    versions = []
    for slug in ("one", "two"):
        create(slug)
        versions.append(central.execute("select version from wabot.registry").fetchone())
    assert versions[0] < versions[1]
    stored = central.execute("select version from wabot.clients order by slug").fetchall()
    assert [(version,) for (version,) in stored] == versions


def test_schema_and_role_say_whose_they_are(create: Create, central: Connection) -> None:
    tenant = create().tenant
    said = central.execute(
        "select obj_description(to_regnamespace(%s), 'pg_namespace'),"
        " shobj_description(to_regrole(%s), 'pg_authid')",
        [tenant.placement.schema, tenant.placement.role],
    ).fetchone()
    assert said == (f"wabot tenant={tenant.id}",) * 2


def test_the_tenants_role_gets_what_the_runtime_needs_and_no_more(
    create: Create, central: Connection
) -> None:
    placement = create().tenant.placement
    given = rights(central, placement.schema, placement.role)
    tables = {table.name.removeprefix(TENANT_PREFIX_MARK) for table in metadata.sorted_tables}
    assert given == dict.fromkeys(tables, "DELETE,INSERT,SELECT,UPDATE")
    login = central.execute(
        "select rolcanlogin, rolsuper, rolcreaterole, rolbypassrls from pg_roles"
        " where rolname = %s",
        [placement.role],
    ).fetchone()
    assert login == (False, False, False, False)


def test_a_table_that_a_later_migration_adds_is_granted_too(
    create: Create, central: Connection
) -> None:
    placement = create().tenant.placement
    central.execute(f"create table {placement.schema}.garments (id int)")
    assert "SELECT" in rights(central, placement.schema, placement.role)["garments"]


def test_what_was_done_is_audited(create: Create, central: Connection) -> None:
    tenant = create().tenant
    rows = central.execute("select actor, action, client_id, slug, details from wabot.audit_log")
    ((actor, action, client_id, slug, details),) = rows.fetchall()
    assert (actor, action, client_id, slug) == ("operator", "tenant.create", tenant.id, "lupita")
    assert details["template"] == "abarrotes"
    assert details["revision"] == tenant.revision


def test_two_tenants_have_the_same_tables_and_none_in_common(
    create: Create, central: Connection
) -> None:
    schemas = [create(slug).tenant.placement.schema for slug in ("one", "two")]
    assert schemas[0] != schemas[1]
    assert namespace(central, schemas[0]) == namespace(central, schemas[1])
    kinds = Counter(row[0] for row in namespace(central, schemas[0]))
    assert kinds["table"] >= len(metadata.sorted_tables)

"""Who is behind moves on, each tenant by itself."""

from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from tests.integration.tenant_migrations.conftest import Make, Open
from tests.integration.tenant_migrations.revisions import (
    CONTRACT,
    EXPAND,
    NEW_TABLE,
    add_revision,
)
from tests.integration.tenants.catalogue import namespace, rights
from wabot.domain.tenant import Tenant
from wabot.errors import InvalidInput, NotFound, Refused
from wabot.repositories.provisioning.migration_line import MigrationLine, head_revisions
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.tenant_ddl import head_ddl
from wabot.services.provisioning.migration_ports import Outcome, Result

Connection = psycopg.Connection[Any]


def ledgers(central: Connection) -> dict[str, str]:
    rows = central.execute("select slug, schema_revision from wabot.clients").fetchall()
    return dict(rows)


def versions(central: Connection, tenant: Tenant) -> list[str]:
    rows = central.execute(
        f"select version_num from {tenant.placement.schema}.alembic_version order by 1"
    ).fetchall()
    return [version for (version,) in rows]


def columns(central: Connection, tenant: Tenant, table: str = "products") -> set[str]:
    rows = central.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s",
        [tenant.placement.schema, table],
    ).fetchall()
    return {name for (name,) in rows}


def run(use_case: Any, slugs: list[str] | None = None, **options: int) -> list[Outcome]:
    return sorted(use_case.run(use_case.plan(slugs), **options), key=lambda o: o.slug)


def next_base(folder: Path, upgrade: str = EXPAND, kind: str = "expand", step: int = 1) -> str:
    (head,) = head_revisions()
    revision = f"base_{int(head[-4:]) + step:04}"
    add_revision(folder / "base" / "versions", revision, upgrade, kind=kind)
    return revision


def test_nothing_to_migrate_touches_nobody(make: Make, migrations: Open) -> None:
    make("one")
    plan = migrations().plan()
    assert (plan.groups, plan.held, plan.at_head) == ((), (), 1)


def test_a_plan_for_some_counts_those_alone(make: Make, migrations: Open) -> None:
    for slug in ("one", "two", "three"):
        make(slug)
    assert migrations().plan(["one", "two"]).at_head == 2


def test_all_who_are_behind_move_and_the_ledger_moves_with_them(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenants = [make(slug) for slug in ("one", "two", "three")]
    revision = next_base(folder)
    done = run(migrations(), jobs=2)
    assert [outcome.result for outcome in done] == [Result.MIGRATED] * 3
    assert set(ledgers(central).values()) == {revision}
    for tenant in tenants:
        assert versions(central, tenant) == [revision]
        assert "origin" in columns(central, tenant)
    again = migrations().plan()
    assert (again.groups, again.at_head) == ((), 3)


def test_only_the_named_move(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    one, two = make("one"), make("two")
    revision = next_base(folder)
    done = run(migrations(), ["two"])
    assert [(o.slug, o.result) for o in done] == [("two", Result.MIGRATED)]
    assert ledgers(central) == {"one": one.revision, "two": revision}
    assert "origin" not in columns(central, one)
    assert "origin" in columns(central, two)


def test_an_unknown_name_stops_all_before_anything_is_changed(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    make("one")
    next_base(folder)
    with pytest.raises(NotFound, match="nobody"):
        migrations().plan(["one", "nobody"])
    assert set(ledgers(central).values()) == set(head_revisions())


def test_several_revisions_run_in_order_in_one_transaction(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("one")
    next_base(folder)
    revision = next_base(
        folder, "op.execute(\"UPDATE tenant.__wbp__products SET origin = 'México'\")", step=2
    )
    run(migrations())
    assert versions(central, tenant) == [revision]
    found = central.execute(
        f"select distinct origin from {tenant.placement.schema}.products"
    ).fetchall()
    assert found == [("México",)]


def test_a_new_table_is_the_tenants_to_use(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("one")
    next_base(folder, NEW_TABLE)
    run(migrations())
    given = rights(central, tenant.placement.schema, tenant.placement.role)
    assert given["visits"] == "DELETE,INSERT,SELECT,UPDATE"
    assert "alembic_version" not in given


def test_a_failure_stops_only_its_tenant_and_leaves_nothing_of_it(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    broken, whole = make("broken"), make("whole")
    central.execute(f"alter table {broken.placement.schema}.products add column origin text")
    before = namespace(central, broken.placement.schema)
    revision = next_base(folder, f"{NEW_TABLE}\n    {EXPAND}")
    done = {outcome.slug: outcome for outcome in run(migrations())}
    assert done["whole"].result is Result.MIGRATED
    assert done["broken"].result is Result.FAILED
    assert 'column "origin" of relation "products" already exists' in done["broken"].reason
    assert namespace(central, broken.placement.schema) == before
    assert ledgers(central) == {"broken": broken.revision, "whole": revision}
    assert versions(central, whole) == [revision]


def test_a_tenant_whose_own_version_differs_is_left_alone_and_named(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("one")
    central.execute(f"update {tenant.placement.schema}.alembic_version set version_num = 'odd'")
    next_base(folder)
    (done,) = run(migrations())
    assert done.result is Result.FAILED
    assert "alembic_version holds odd" in done.reason
    assert "origin" not in columns(central, tenant)


def test_a_missing_schema_is_a_failure_of_that_tenant(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    gone = make("gone")
    make("here")
    central.execute(f"drop schema {gone.placement.schema} cascade")
    next_base(folder)
    done = {outcome.slug: outcome for outcome in run(migrations())}
    assert done["here"].result is Result.MIGRATED
    assert done["gone"].result is Result.FAILED
    assert "does not exist" in done["gone"].reason


def test_a_locked_tenant_is_tried_again_then_named_and_the_next_command_touches_it_alone(
    make: Make, migrations: Open, folder: Path, central: Connection, central_url: str
) -> None:
    locked, *_ = make("locked"), make("one"), make("two")
    next_base(folder)
    with psycopg.connect(central_url) as other:
        other.execute(f"select 1 from {locked.placement.schema}.products limit 1")
        done = {outcome.slug: outcome for outcome in run(migrations())}
    assert {slug: o.result for slug, o in done.items()} == {
        "locked": Result.BUSY,
        "one": Result.MIGRATED,
        "two": Result.MIGRATED,
    }
    assert done["locked"].failed
    assert "lock timeout" in done["locked"].reason
    plan = migrations().plan()
    assert [tenant.slug for group in plan.groups for tenant in group.tenants] == ["locked"]
    (after,) = run(migrations())
    assert after.result is Result.MIGRATED


def test_a_lock_that_is_given_back_costs_only_a_second_try(
    make: Make, migrations: Open, folder: Path, central_url: str
) -> None:
    tenant = make("one")
    next_base(folder)
    use_case = migrations(lock_timeout=0.1)
    with psycopg.connect(central_url) as other:
        other.execute(f"select 1 from {tenant.placement.schema}.products limit 1")
        object.__setattr__(use_case, "pause", lambda _: other.rollback())
        (done,) = run(use_case)
    assert done.result is Result.MIGRATED


def test_what_another_command_works_on_is_not_touched(
    make: Make, migrations: Open, folder: Path, central: Connection, central_url: str
) -> None:
    tenant = make("one")
    next_base(folder)
    with psycopg.connect(central_url) as other:
        other.execute(
            "select pg_advisory_xact_lock(hashtextextended('wabot tenant ' || %s, 0))", ["one"]
        )
        (done,) = run(migrations())
    assert (done.result, done.reason) == (Result.BUSY, "another command works on it")
    assert versions(central, tenant) == [tenant.revision]


def test_two_commands_at_once_share_the_work(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenants = [make(f"shop{number}") for number in range(12)]
    revision = next_base(folder)
    use_cases = [migrations(lock_timeout=2), migrations(lock_timeout=2)]
    plans = [use_case.plan() for use_case in use_cases]
    results: list[list[Outcome]] = [[], []]

    def work(number: int) -> None:
        results[number] = list(use_cases[number].run(plans[number], jobs=2))

    threads = [Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = [o.slug for done in results for o in done if o.result is Result.MIGRATED]
    assert sorted(moved) == sorted(tenant.slug for tenant in tenants)
    others = {o.result for done in results for o in done} - {Result.MIGRATED}
    assert others <= {Result.ALREADY}
    assert set(ledgers(central).values()) == {revision}
    audited = central.execute(
        "select count(*) from wabot.audit_log where action = 'tenant.migrate'"
    ).fetchone()
    assert audited == (12,)


def test_a_failing_canary_stops_the_rest(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenants = [make(slug) for slug in ("a1", "b2", "c3")]
    central.execute(f"alter table {tenants[0].placement.schema}.products add column origin text")
    next_base(folder)
    done = run(migrations(), canary=1)
    assert [o.result for o in done] == [Result.FAILED, Result.NOT_STARTED, Result.NOT_STARTED]
    assert all(outcome.failed for outcome in done)
    assert all(versions(central, t) == [t.revision] for t in tenants)


def test_a_canary_that_stands_lets_the_rest_follow(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    for slug in ("a1", "b2", "c3"):
        make(slug)
    revision = next_base(folder)
    done = run(migrations(), canary=1)
    assert [o.result for o in done] == [Result.MIGRATED] * 3
    assert set(ledgers(central).values()) == {revision}


def test_what_takes_something_away_waits_for_all_active_tenants(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    make("one")
    late = make("late")
    expanded = next_base(folder)
    contracted = next_base(folder, CONTRACT, "contract", step=2)
    plan = migrations().plan(["one"])
    assert plan.held == (contracted,)
    run(migrations(), ["one"])
    assert ledgers(central)["one"] == expanded

    with pytest.raises(Refused, match="late"):
        migrations().plan(["one"])

    run(migrations(), ["late"])
    run(migrations())
    assert set(ledgers(central).values()) == {contracted}
    assert "origin" not in columns(central, late)


def test_a_suspended_tenant_keeps_nobody_waiting(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    make("one")
    make("asleep")
    next_base(folder)
    run(migrations(), ["one"])
    contracted = next_base(folder, CONTRACT, "contract", step=2)
    central.execute("update wabot.clients set status = 'suspended' where slug = 'asleep'")
    run(migrations())
    assert set(ledgers(central).values()) == {contracted}


def test_what_was_done_is_audited(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("one")
    revision = next_base(folder)
    run(migrations())
    rows = central.execute(
        "select actor, slug, client_id, details from wabot.audit_log"
        " where action = 'tenant.migrate'"
    ).fetchall()
    details = {"before": tenant.revision, "after": revision}
    assert rows == [("tester", "one", tenant.id, details)]


def test_a_revision_of_a_later_wabot_is_named_and_nothing_is_done(
    make: Make, migrations: Open, central: Connection
) -> None:
    make("one")
    central.execute("update wabot.clients set schema_revision = 'base_9999'")
    (done,) = run(migrations())
    assert done.result is Result.FAILED
    assert "base_9999" in done.reason
    assert "newer wabot" in done.reason


def test_a_branch_moves_with_its_tenants_alone(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    plain, dry_cleaner = make("plain"), make("clean", template="tintoreria")
    assert "tintoreria_0001" in dry_cleaner.revision
    number = int(MigrationLine(folder).heads(["tintoreria"])[-1][-4:]) + 1
    revision = f"tintoreria_{number:04}"
    add_revision(folder / "tintoreria" / "versions", revision, NEW_TABLE)
    done = run(migrations())
    assert [(o.slug, o.result) for o in done] == [("clean", Result.MIGRATED)]
    assert versions(central, dry_cleaner) == [*head_revisions(), revision]
    assert ledgers(central)["clean"] == ",".join([*head_revisions(), revision])
    assert versions(central, plain) == list(head_revisions())


def test_base_and_branch_move_together(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("clean", template="tintoreria")
    base = next_base(folder)
    number = int(MigrationLine(folder).heads(["tintoreria"])[-1][-4:]) + 1
    branch = f"tintoreria_{number:04}"
    add_revision(
        folder / "tintoreria" / "versions",
        branch,
        'op.execute("UPDATE tenant.__wbp__products SET origin = NULL")',
        depends_on=base,
    )
    run(migrations())
    assert versions(central, tenant) == sorted([base, branch])


def test_a_migrated_tenant_is_what_the_newest_tables_are(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("one", template="agua")
    number = int(MigrationLine(folder).heads(["agua"])[0][-4:]) + 1
    add_revision(folder / "agua" / "versions", f"agua_{number:04}", NEW_TABLE)
    run(migrations())
    central.execute("create schema made_anew")
    text = render(
        head_ddl(["agua"], MigrationLine(folder)),
        type(tenant.placement)(tenant.placement.isolation, schema="made_anew", role="nobody"),
    )
    central.execute(text.encode())
    assert namespace(central, tenant.placement.schema) == namespace(central, "made_anew")


def test_a_revision_that_cannot_be_written_as_sql_is_refused_before_anything_moves(
    make: Make, migrations: Open, folder: Path, central: Connection
) -> None:
    tenant = make("one")
    revision = next_base(folder, "op.get_bind().execute(sa.text('select 1')).scalar()")
    with pytest.raises(InvalidInput, match=revision):
        run(migrations())
    assert versions(central, tenant) == [tenant.revision]

"""The command, killed anywhere and run again, ends as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.doctor.looking import examined
from tests.integration.tenant_migrations.conftest import Make
from tests.integration.tenant_migrations.revisions import NEW_TABLE, add_module, add_revision
from tests.integration.tenants.catalogue import namespace
from wabot.container import Provisioning
from wabot.container.fleet import doctor_of, modules_of
from wabot.domain.tenant import Isolation, Tenant
from wabot.repositories.provisioning.migration_line import MigrationLine, head_revisions
from wabot.repositories.provisioning.tenants import SqlTenants

Connection = psycopg.Connection[Any]

_WABOT = "from wabot.cli import main; main()"
BEFORE = 'op.add_column("__wbp__visits", sa.Column("at", sa.Date()), schema="tenant")'
# Long enough to be killed in the middle of a tenant.
SLOW = f"""{BEFORE}
    op.execute("SELECT pg_sleep(0.05)")
    op.create_index("__wbp__visits_at_ix", "__wbp__visits", ["at"], schema="tenant")"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of the operator's, with a module that has a second revision to come."""
    folder = tmp_path / "own"
    add_module(folder, "visits", NEW_TABLE)
    return folder


@pytest.fixture
def shops(make: Make, provisioning: Provisioning, own: Path) -> list[Tenant]:
    line = MigrationLine(*MigrationLine().folders, own)
    shops = [make(f"shop{number}") for number in range(6)]
    shops.append(make("apart", isolation=Isolation.DATABASE.value, plan="premium"))
    shops.append(make("beside", isolation=Isolation.PREFIX.value))
    with modules_of(provisioning, line) as modules:
        for shop in shops:
            modules.add(shop.slug, "visits")
    add_revision(own / "modules/visits/versions", "visits_0002", SLOW)
    return shops


def start(environment: dict[str, str], own: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _WABOT, "tenant", "migrate", "--all", *words],
        env={"PATH": os.environ["PATH"], **environment, "WABOT_TEMPLATE_DIR": str(own)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ledgers(central: Connection) -> set[str]:
    return {ledger for (ledger,) in central.execute("select schema_revision from wabot.clients")}


def test_a_killed_command_goes_on_where_it_stopped(
    environment: dict[str, str],
    own: Path,
    shops: list[Tenant],
    central: Connection,
    provisioning: Provisioning,
) -> None:
    killed = 0
    done = 0
    while done < len(shops) and killed < 6:
        process = start(environment, own, "--jobs", "2")
        assert process.stdout is not None
        with process:
            # The first line is the plan: from there on tenants are moving.
            line = process.stdout.readline()
            if json.loads(line)["total"] == 0:
                break
            time.sleep(0.04 * killed)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        killed += 1
        done = sum(
            "visits_0002" in ledger
            for (ledger,) in central.execute("select schema_revision from wabot.clients")
        )
    last = start(environment, own)
    out, err = last.communicate(timeout=60)
    assert last.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in (events[0], events[-1])] == ["plan", "end"]
    assert killed > 1
    assert ledgers(central) == {",".join(sorted([*head_revisions(), "visits_0002"]))}
    line = MigrationLine(*MigrationLine().folders, own)
    tenants = SqlTenants(provisioning.engine, servers=provisioning.servers, line=line)
    assert examined(doctor_of(replace(provisioning, tenants=tenants))).findings == ()
    schemas = [s.placement.schema for s in shops if s.placement.isolation is Isolation.SCHEMA]
    assert len({frozenset(namespace(central, schema)) for schema in schemas}) == 1


def test_the_stream_names_each_shop_and_the_code_says_that_a_part_failed(
    environment: dict[str, str], own: Path, shops: list[Tenant], central: Connection
) -> None:
    broken = shops[2]
    central.execute(f"alter table {broken.placement.schema}.visits add column at date")
    process = start(environment, own)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    events = [json.loads(line) for line in out.splitlines()]
    tenants = {event["slug"]: event for event in events if event["event"] == "tenant"}
    assert {slug for slug, event in tenants.items() if event["result"] == "migrated"} == {
        shop.slug for shop in shops
    } - {broken.slug}
    assert "already exists" in tenants[broken.slug]["reason"]
    assert events[-1]["failed_slugs"] == [broken.slug]
    assert f"wabot tenant migrate {broken.slug}" in err


def test_a_dry_run_shows_the_sql_and_changes_nothing(
    environment: dict[str, str], own: Path, shops: list[Tenant], central: Connection
) -> None:
    before = namespace(central, shops[0].placement.schema)
    process = start(environment, own, "--dry-run")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    (plan,) = [json.loads(line) for line in out.splitlines()]
    assert (plan["dry_run"], plan["total"]) == (True, len(shops))
    assert "visits_at_ix" in plan["groups"][0]["sql"]
    assert namespace(central, shops[0].placement.schema) == before

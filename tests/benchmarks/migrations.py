"""Measure the migration of many tenants and the search for drift, raw DDL beside it.

Run: python -m tests.benchmarks.migrations [--tenants N] [--jobs N]. Exits 1 when a limit is broken.
The server is an embedded one in a temporary folder.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.benchmarks.creation import KEY, bulk, central
from tests.benchmarks.table import Figure, show
from tests.integration.tenant_migrations.revisions import add_revision, templates
from wabot.container import Provisioning, tenants_at
from wabot.container.fleet import doctor_of, migrations_of
from wabot.repositories.provisioning.migration_line import MigrationLine
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.migration_ports import Outcome, Result

NOTHING, SMALL, DRIFT = 0.2, 5.0, 3.0


def column(number: int) -> str:
    """Return a small revision: a column that may be NULL."""
    return f'op.add_column("__wbp__orders", sa.Column("c{number}", sa.Text()), schema="tenant")'


class Fleet:
    """Many tenants, and revisions as they come."""

    def __init__(self, provisioning: Provisioning, folder: Path) -> None:
        self._given = provisioning
        self._folder = folder

    def next_revision(self) -> None:
        """Release one small revision."""
        (head,) = self.line.heads()
        number = int(head[-4:]) + 1
        add_revision(self._folder / "base/versions", f"base_{number:04}", column(number))

    @property
    def line(self) -> MigrationLine:
        """Return all revisions that there are by now."""
        return MigrationLine(self._folder)

    @property
    def provisioning(self) -> Provisioning:
        """Return the acts on tenants as the present release knows them."""
        given = self._given
        tenants = SqlTenants(given.engine, servers=given.servers, line=self.line)
        return replace(given, tenants=tenants)

    def migrate(self, jobs: int) -> tuple[float, float, list[Outcome]]:
        """Return the seconds of planning and of running, and what became of each."""
        with migrations_of(self.provisioning) as use_case:
            began = time.perf_counter()
            plan = use_case.plan()
            planned = time.perf_counter()
            outcomes = list(use_case.run(plan, jobs=jobs))
            return planned - began, time.perf_counter() - planned, outcomes


def raw(url: str, text: str, tenants: int) -> float:
    """Return the seconds that the bare statements take: a transaction each, one after the other."""
    from wabot.domain.placement import placement_from_config

    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT db_connection_config FROM wabot.clients ORDER BY slug LIMIT %s", (tenants,)
        ).fetchall()
        places = [placement_from_config(config) for (config,) in rows]
        began = time.perf_counter()
        for place in places:
            connection.execute(render(text, place).encode())
            connection.commit()
        return time.perf_counter() - began


def command_line(url: str, home: Path, *words: str) -> tuple[float, dict[str, object]]:
    """Return the seconds of a whole command and its last line."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "WABOT_HOME": str(home / "cli"),
        "WABOT_MASTER_KEY": urlsafe_b64encode(KEY).decode(),
    }
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", "from wabot.cli import main; main()", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
    )
    return time.perf_counter() - began, json.loads(done.stdout.splitlines()[-1])


def measure(url: str, home: Path, asked: argparse.Namespace) -> Iterator[Figure]:
    """Yield every figure as it is known."""
    tenants, jobs = asked.tenants, asked.jobs
    bulk(url, tenants, jobs)
    with psycopg.connect(url, autocommit=True) as connection:
        # As the server's own autovacuum would have done within a minute.
        connection.execute("VACUUM ANALYZE")
    with tenants_at(url, keys=(KEY,)) as provisioning:
        fleet = Fleet(provisioning, templates(home))
        yield from migrations(fleet, url, home, tenants, jobs)
        yield from drift(fleet, url, tenants)


def migrations(fleet: Fleet, url: str, home: Path, tenants: int, jobs: int) -> Iterator[Figure]:
    """Yield what migrating takes."""
    planning, running, _ = fleet.migrate(jobs)
    yield limited("nothing to migrate", planning + running, NOTHING)
    seconds, last = command_line(url, home, "tenant", "migrate", "--all", "--json")
    assert last["data"] == {"total": 0}, last
    yield Figure("the same as a command, Python's start included", f"{seconds:.2f} s", "", True)

    bare = "ALTER TABLE tenant.__wbp__orders ADD COLUMN bare TEXT;"
    yield Figure(
        "raw DDL of one small revision, one connection",
        f"{raw(url, bare, tenants):.2f} s",
        "",
        True,
    )
    fleet.next_revision()
    planning, running, outcomes = fleet.migrate(jobs)
    assert {outcome.result for outcome in outcomes} == {Result.MIGRATED}, outcomes[:3]
    assert len(outcomes) == tenants
    yield limited(f"one small revision, {jobs} at once", planning + running, SMALL)

    fleet.next_revision()
    with psycopg.connect(url) as other:
        slug, schema = other.execute(
            "SELECT slug, db_connection_config ->> 'schema' FROM wabot.clients"
            " ORDER BY slug OFFSET %s LIMIT 1",
            (tenants // 2,),
        ).fetchall()[0]
        other.execute(f'SELECT 1 FROM "{schema}".orders LIMIT 1'.encode())
        _, running, outcomes = fleet.migrate(jobs)
    failed = [outcome.slug for outcome in outcomes if outcome.failed]
    done = len(outcomes) - len(failed)
    yield Figure(
        "one of them locked: done / named",
        f"{done} / {len(failed)}",
        f"{tenants - 1} / 1",
        failed == [slug] and done == tenants - 1,
    )
    yield Figure("  its three tries of 2 s included", f"{running:.2f} s", "", True)
    _, running, outcomes = fleet.migrate(jobs)
    yield Figure(
        "the command again touches",
        str(len(outcomes)),
        "1",
        [o.slug for o in outcomes if o.result is Result.MIGRATED] == [slug],
    )


def drift(fleet: Fleet, url: str, tenants: int) -> Iterator[Figure]:
    """Yield what looking for drift takes."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT slug, db_connection_config ->> 'schema' FROM wabot.clients ORDER BY slug"
        ).fetchall()
        for _, schema in rows:
            # What the raw DDL above left behind.
            connection.execute(f'ALTER TABLE "{schema}".orders DROP COLUMN bare'.encode())
        slug, schema = rows[tenants // 3]
        connection.execute(f'DROP INDEX "{schema}".messages_event_ix'.encode())
        connection.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    diagnosis = doctor_of(fleet.provisioning).examine()
    seconds = time.perf_counter() - began
    found = [finding.slug for finding in diagnosis.findings]
    yield limited("drift, rights and strays", seconds, DRIFT)
    yield Figure("  of one that drifted, found", str(len(found)), "1", found == [slug])


def limited(name: str, seconds: float, limit: float) -> Figure:
    """Return a figure of seconds that must not be above its limit."""
    return Figure(name, f"{seconds:.3f} s", f"at most {limit:g} s", seconds <= limit)


def main(words: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=4)
    asked = parser.parse_args(words)
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    try:
        with central(home) as url:
            sys.stdout.write(f"{asked.tenants} tenants\n")
            return show(measure(url, home, asked))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

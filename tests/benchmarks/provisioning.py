"""Measure exports, imports and clones of a large shop among many, and the list of tenants.

Run: python -m tests.benchmarks.provisioning [--others N] [--clients N]. Exits 1 when a limit is
broken. Beside the export stands a plain COPY of the same tables, in the same run.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import psycopg

from tests.benchmarks.creation import KEY, bulk, central, request
from tests.benchmarks.table import Figure, show
from tests.integration.lifecycle.rows import fill
from wabot.container import Provisioning, tenants_at
from wabot.domain.tenant import Tenant
from wabot.repositories.provisioning.table_copy import copy_out
from wabot.repositories.provisioning.table_shapes import tables_of
from wabot.services.provisioning.lifecycle_ports import Extent

# Ten tables with a row each per customer.
CUSTOMERS = 22_000
EXPORT, LISTING, EMPTY = 1.0, 1.0, 0.1
_JOBS = min(os.cpu_count() or 1, 8)


def best(act: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of a few runs: a busy machine only adds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        found.append(time.perf_counter() - start)
    return min(found)


def raw_copy(url: str, tenant: Tenant) -> None:
    """Read the same rows with COPY and throw them away."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in tables_of(connection, tenant.placement):
            with copy_out(connection, tenant.placement, table) as blocks:
                for _ in blocks:
                    pass


def lifecycle(url: str, home: Path, others: int) -> Iterator[Figure]:
    """Export, import and clone a large shop among others."""
    bulk(url, others, _JOBS)
    with tenants_at(url, keys=(KEY,)) as provisioning:
        tenant = provisioning.create.run(replace(request(), plan="premium")).tenant
        empty = provisioning.create.run(request()).tenant
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection, tenant.placement, CUSTOMERS)
            connection.execute("ANALYZE")
        raw = best(lambda: raw_copy(url, tenant))
        yield Figure(f"raw COPY of the same tables, {others} others", f"{raw:.2f} s", "", True)
        file = home / "large.tgz"
        took = best(lambda: export(provisioning, tenant, file))
        rows = provisioning.exports.check(file).rows
        name = f"export of {rows} rows ({file.stat().st_size / 1e6:.0f} MB)"
        yield Figure(name, f"{took:.2f} s", f"at most {EXPORT:g} s", took <= EXPORT)
        took = best(lambda: export(provisioning, empty, home / "small.tgz"))
        yield Figure("export of a new shop", f"{took:.3f} s", f"at most {EMPTY} s", took <= EMPTY)
        yield from copies(provisioning, tenant, file)


def export(provisioning: Provisioning, tenant: Tenant, file: Path) -> None:
    """Write the file anew."""
    file.unlink(missing_ok=True)
    provisioning.exports.export(tenant, file, now=datetime.now(UTC), progress=lambda _: None)


def copies(provisioning: Provisioning, tenant: Tenant, file: Path) -> Iterator[Figure]:
    """Tell how long the other ways take; nothing limits them."""
    ways = {
        "check of that export": lambda: provisioning.exports.check(file),
        "import of it": lambda: provisioning.import_.run(file, replace(request(), plan="premium")),
        "clone with customers": lambda: provisioning.clone.run(
            tenant.slug, replace(request(), plan="premium"), Extent.CUSTOMERS
        ),
        "clone of the shop alone": lambda: provisioning.clone.run(
            tenant.slug, replace(request(), plan="premium"), Extent.SHOP
        ),
        "pg_dump of it": lambda: provisioning.exports.export_pgdump(
            tenant, file.with_suffix(".dump")
        ),
    }
    for name, act in ways.items():
        yield Figure(name, f"{best(act, 1):.2f} s", "", True)


def listing(url: str, home: Path, clients: int) -> Iterator[Figure]:
    """List that many clients as a process of its own, start and all."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO wabot.clients (id, name, phone_number_id, whatsapp_token,"
            " db_connection_config, plan_type, slug, template, country, currency, time_zone)"
            " SELECT gen_random_uuid(), 'Tienda ' || n, 'l' || n, whatsapp_token,"
            " db_connection_config, plan_type, 'listed-' || n, template, country, currency,"
            " time_zone FROM generate_series(1, %s) n,"
            " (SELECT * FROM wabot.clients LIMIT 1) one",
            (clients,),
        )
    variables = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "WABOT_HOME": str(home / "cli"),
        "WABOT_MASTER_KEY": urlsafe_b64encode(KEY).decode(),
    }
    program = Path(sys.executable).with_name("wabot")

    def run() -> None:
        words = [program, "tenant", "list"]
        done = subprocess.run(words, env=variables, cwd=home, capture_output=True, check=True)
        assert done.stdout.count(b"\n") >= clients

    took = best(run)
    name = f"wabot tenant list, {clients} clients"
    yield Figure(name, f"{took:.2f} s", f"at most {LISTING:g} s", took <= LISTING)


def main(words: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=10_000)
    asked = parser.parse_args(words)
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    try:
        with central(home / "server") as url:
            lives = lifecycle(url, home, asked.others)
            return show(chain(lives, listing(url, home, asked.clients)))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

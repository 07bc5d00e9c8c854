"""Two shops through one server connection that PgBouncer hands from transaction to transaction."""

import asyncio
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.harness import Harness, make_tenant, open_shop, running
from wabot.checks.runner import Runner, select
from wabot.config import examine_settings, load_settings
from wabot.container.checks import open_surroundings, sets_of
from wabot.domain.tenant import Isolation, Tenant
from wabot.simulation.inbound_payloads import Person, from_customer, text

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")

OTHER_NUMBER = "106500000000002"
TURNS = 150

_CONFIG = """
[databases]
{database} = host={host} port={port} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 1
max_client_conn = 100
logfile = {folder}/log
"""


@pytest.fixture
def pooled_url(runtime_url: str) -> Iterator[str]:
    """The runtime's login through PgBouncer in transaction mode, with one server connection."""
    login = conninfo_to_dict(runtime_url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = probe.getsockname()[1]
    # Not in pytest's own folder: root's is closed to the user that the program runs as.
    folder = Path(tempfile.mkdtemp(prefix="wabot-pgbouncer-"))
    folder.chmod(0o777)
    host = str(login.get("host", "127.0.0.1"))
    (folder / "users.txt").write_text(f'"{login["user"]}" "{login["password"]}"\n')
    (folder / "config.ini").write_text(
        _CONFIG.format(
            database=login["dbname"],
            host=host,
            port=login.get("port", 5432),
            listen=listen,
            folder=folder,
        )
    )
    for file in folder.iterdir():
        file.chmod(0o644)  # whatever the umask of the tests
    assert PROGRAM is not None
    with subprocess.Popen(
        [PROGRAM, str(folder / "config.ini")], stderr=subprocess.DEVNULL, **_account(host)
    ) as process:
        url = make_conninfo("", **login | {"host": "127.0.0.1", "port": listen})
        try:
            _wait_for(url, folder)
            yield url
        finally:
            process.terminate()
    shutil.rmtree(folder)


def _account(host: str) -> dict[str, int]:
    """The program refuses to run as root: then it runs as whoever the socket belongs to."""
    if os.geteuid() != 0:
        return {}
    owner = Path(host).stat() if host.startswith("/") else pwd.getpwnam("nobody")
    if isinstance(owner, pwd.struct_passwd):
        return {"user": owner.pw_uid, "group": owner.pw_gid}
    return {"user": owner.st_uid, "group": owner.st_gid}


def _wait_for(url: str, folder: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                log = folder / "log"
                said = log.read_text() if log.exists() else "no log"
                raise AssertionError(f"pgbouncer does not answer:\n{said}") from error
            time.sleep(0.05)
        else:
            return


async def test_the_checks_see_that_the_runtime_goes_through_it(
    environment: dict[str, str], pooled_url: str
) -> None:
    """Also where the owner goes to the server itself, as migrations like to."""

    async def pooler(url: str) -> str:
        given = {**environment, "RUNTIME_DATABASE_URL": url}
        found = examine_settings(environ=given, env_file=Path("/nowhere/.env"))
        async with open_surroundings(found) as around:
            sets = select(sets_of(around, ["database"]), ["database"])
            results = {each.id: each for each in await Runner().run(sets)}
        assert {results["database.runtime_login"].status, results["database.keys"].status} == {"ok"}
        return results["database.pooler"].detail

    assert await pooler(environment["RUNTIME_DATABASE_URL"]) == "reached directly"
    assert (await pooler(pooled_url)).startswith("behind a pooler (PgBouncer or alike)")


@pytest.mark.parametrize("isolation", [Isolation.SCHEMA, Isolation.PREFIX])
async def test_no_row_of_one_shop_gets_to_the_other(
    environment: dict[str, str], pooled_url: str, isolation: Isolation
) -> None:
    settings = load_settings(environ=environment)
    other = await asyncio.to_thread(
        make_tenant,
        settings,
        environment["DATABASE_URL"],
        "ajena",
        number=OTHER_NUMBER,
        isolation=isolation.value,
    )
    through = {**environment, "RUNTIME_DATABASE_URL": pooled_url}
    async with running(through, isolation=isolation) as shop:
        people = {
            shop.tenant.phone_number_id: [Person(f"5215550{n:06}", "Propia") for n in range(8)],
            other.phone_number_id: [Person(f"5218880{n:06}", "Ajena") for n in range(8)],
        }
        chance = random.Random(20260302)
        await asyncio.gather(*(post_any(shop, people, chance) for _ in range(TURNS)))
        await shop.settled(60)
        failed = shop.central("SELECT last_error FROM wabot.inbox WHERE last_error IS NOT NULL")
        assert failed == []
        for tenant, own, foreign in (
            (shop.tenant, "5215550", "5218880"),
            (other, "5218880", "5215550"),
        ):
            kept = contacts(environment["DATABASE_URL"], tenant)
            assert any(contact.startswith(own) for contact in kept)
            assert not any(contact.startswith(foreign) for contact in kept)
        total = sum(
            rows(environment["DATABASE_URL"], tenant, "direction = 'in'")
            for tenant in (shop.tenant, other)
        )
        assert total == TURNS


async def post_any(shop: Harness, people: dict[str, list[Person]], chance: random.Random) -> None:
    number = chance.choice(list(people))
    words = chance.choice(["hola", "catálogo", "arroz", "asesor", "menú", "2", "cancelar"])
    body = from_customer(
        number,
        chance.choice(people[number]),
        text(words),
        timestamp=int(shop.clock.now().timestamp()),
    )
    await asyncio.sleep(chance.random())
    assert (await shop.post(body))[0] == 200


def contacts(owner_url: str, tenant: Tenant) -> set[str]:
    with open_shop(owner_url, tenant) as connection:
        found = connection.execute(
            "SELECT wa_id AS who FROM customers UNION SELECT contact FROM messages"
        ).fetchall()
    return {row["who"] for row in found}


def rows(owner_url: str, tenant: Tenant, which: str) -> int:
    with open_shop(owner_url, tenant) as connection:
        query = f"SELECT count(*) AS n FROM messages WHERE {which}"
        return int(connection.execute(query.encode()).fetchall()[0]["n"])

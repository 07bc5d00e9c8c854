"""With rds-iam no connection is made with an old token, neither by the CLI nor by the server."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.aws import use
from wabot.config import load_settings
from wabot.container import open_central
from wabot.errors import ConfigurationError, DatabaseUnavailable
from wabot.gateways.aws import rds
from wabot.gateways.aws.errors import AwsFailure
from wabot.gateways.embedded_postgres import EmbeddedPostgres
from wabot.repositories import logins
from wabot.repositories.central_schema import status, upgrade
from wabot.repositories.conninfo import connect, parameters_of
from wabot.repositories.logins import Login, passwords_from
from wabot.repositories.runtime.pools import Pools

HOST = "wabot.abc123.sa-east-1.rds.amazonaws.com"
_HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    use("http://127.0.0.1:1", monkeypatch)
    rds._client.cache_clear()


class Server:
    """A PostgreSQL that takes from the owner nothing but the token that was made last."""

    def __init__(self, admin: str, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self._admin = admin

    def token(self, login: Login) -> str:
        token = rds.rds_token(HOST, 5432, login.user)
        self.asked.append(token)
        self.take(token)
        return token

    def take(self, password: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER ROLE iam PASSWORD {}").format(sql.Literal(password)))


@pytest.fixture(scope="module")
def _cluster() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="wi-") as home:
        Path(home).chmod(0o755)
        hba = Path(home) / "hba"
        hba.write_text(_HBA)
        hba.chmod(0o644)
        options = {"hba_file": str(hba), "fsync": "off"}
        with EmbeddedPostgres(Path(home) / "data", options=options).running() as server:
            admin = server.url("postgres")
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute("CREATE ROLE iam LOGIN CREATEROLE CREATEDB PASSWORD 'first'")
                connection.execute(
                    "CREATE DATABASE iam OWNER iam ENCODING 'UTF8' TEMPLATE template0"
                )
            yield admin


@pytest.fixture
def server(_cluster: str) -> Server:
    url = psycopg.conninfo.make_conninfo(_cluster, user="iam", dbname="iam")
    return Server(_cluster, url)


def test_a_token_is_signed_for_host_port_and_user_and_lives_for_fifteen_minutes() -> None:
    token = rds.rds_token(HOST, 5433, "wabot_owner")
    where = urlsplit(f"https://{token}")
    asked = parse_qs(where.query)
    assert (where.hostname, where.port) == (HOST, 5433)
    assert (asked["Action"], asked["DBUser"]) == (["connect"], ["wabot_owner"])
    assert asked["X-Amz-Expires"] == ["900"]
    # The endpoint's region signs, wherever this machine is.
    assert asked["X-Amz-Credential"][0].split("/")[2:4] == ["sa-east-1", "rds-db"]


def test_every_connection_asks_anew_and_an_older_token_is_of_no_use(server: Server) -> None:
    with passwords_from(server.token, parameters_of(server.url)):
        upgrade(server.url)
        made = len(server.asked)
        assert made >= 2
        for _ in range(2):
            connect(server.url).close()
        assert len(server.asked) == made + 2
        server.take("another")
        assert status(server.url).pending == ()
        server.take("another")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url, password=server.asked[-1])
    with pytest.raises(DatabaseUnavailable):
        connect(server.url)


async def test_the_servers_connections_ask_anew_as_well(server: Server) -> None:
    with passwords_from(server.token, parameters_of(server.url)):
        await asyncio.to_thread(upgrade, server.url)
        before = len(server.asked)
        pools = Pools(server.url, size=2)
        await pools.open()
        try:
            async with pools.central() as one, pools.central() as two:
                for connection in (one, two):
                    row = await (await connection.execute("SELECT current_user")).fetchone()
                    assert row == ("iam",)
            assert len(server.asked) == before + 2
        finally:
            await pools.close()


async def test_without_credentials_the_server_says_so_and_waits(server: Server) -> None:
    def none(_: Login) -> str:
        raise AwsFailure("no AWS credentials were found", hint="Give the machine an IAM role")

    with passwords_from(none, parameters_of(server.url)):
        pools = Pools(server.url, size=2, timeout=0.3)
        try:
            with pytest.raises(DatabaseUnavailable, match="no AWS credentials were found"):
                await pools.open()
        finally:
            await pools.close()


def test_a_token_travels_encrypted_whatever_the_url_leaves_out() -> None:
    way = {"host": HOST, "user": "u", "dbname": "d"}
    with passwords_from(lambda login: f"for {login.port}", way):
        asked = logins.with_password(way)
        assert (asked["password"], asked["sslmode"]) == ("for 5432", "require")
        stricter = logins.with_password(way | {"sslmode": "verify-full"})
        assert stricter["sslmode"] == "verify-full"
        # Another user of that server, as tenants' own databases have them, is left alone.
        assert logins.with_password(way | {"user": "x"}) == way | {"user": "x"}
    assert logins.with_password(way) == way


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://u:secret-word@{HOST}/d", "holds a password, and WABOT_DATABASE_AUTH=rds"),
        (f"postgresql://u@{HOST}/d?sslmode=prefer", "could travel in clear"),
        ("postgresql:///d", "needs host and user"),
    ],
)
def test_urls_that_do_not_go_with_it_are_refused_with_what_to_change(
    environment: dict[str, str], url: str, said: str
) -> None:
    given = environment | {"DATABASE_URL": url, "WABOT_DATABASE_AUTH": "rds-iam"}
    with (
        pytest.raises(ConfigurationError, match=said) as refused,
        open_central(load_settings(environ=given)),
    ):
        pass
    assert refused.value.hint
    assert "secret-word" not in refused.value.message + refused.value.hint


def test_open_central_asks_for_both_logins(environment: dict[str, str]) -> None:
    urls = {
        "DATABASE_URL": f"postgresql://owner@{HOST}/wabot",
        "RUNTIME_DATABASE_URL": f"postgresql://wabot_runtime@{HOST}/wabot",
        "WABOT_DATABASE_AUTH": "rds-iam",
    }
    with open_central(load_settings(environ=environment | urls)) as found:
        for url, user in ((found.owner_url, "owner"), (found.runtime_url, "wabot_runtime")):
            token = logins.with_password(parameters_of(url))["password"]
            assert f"DBUser={user}" in token
    assert not logins.is_asked_for(parameters_of(urls["DATABASE_URL"]))

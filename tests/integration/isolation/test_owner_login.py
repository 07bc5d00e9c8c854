"""A runtime that logs in as the owner, an ordinary role, and takes wabot_runtime's place at once.

PostgreSQL asks the login whether it may take a shop's role, not the role that it took.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.harness import make_tenant, running
from wabot.config import load_settings
from wabot.domain.tenant import Isolation
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import with_runtime_role

_PASSWORD = "owner of the tests"


@dataclass(frozen=True)
class Owner:
    """An ordinary role with CREATEROLE that owns a database."""

    role: str
    url: str


@pytest.fixture
def owner(postgres_url: str, make_database: Callable[..., str]) -> Iterator[Owner]:
    role = f"t{os.environ['TESTS_OF_WABOT_RUN']}_owner_{secrets.token_hex(4)}"
    name = sql.Identifier(role)
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                name, sql.Literal(_PASSWORD)
            )
        )
        # On an older server CREATEROLE alone allows it; the role exists already in any case.
        server.execute(sql.SQL("GRANT wabot_runtime TO {} WITH ADMIN OPTION").format(name))
        url = make_database()
        database = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
        server.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, name))
        login = {"user": role, "password": _PASSWORD}
        yield Owner(role, make_conninfo("", **conninfo_to_dict(url) | login))
    # Its databases and roles go with the database, in the fixture that made it.


@pytest.fixture
def served(central_template: str, owner: Owner, environment: dict[str, str]) -> dict[str, str]:
    """The settings of an installation that knows the owner's login alone."""
    upgrade(owner.url)
    return {
        **environment,
        "DATABASE_URL": owner.url,
        "RUNTIME_DATABASE_URL": with_runtime_role(owner.url),
    }


@pytest.mark.parametrize("isolation", list(Isolation))
async def test_it_serves_shops_in_every_kind_of_place(
    served: dict[str, str], isolation: Isolation
) -> None:
    async with running(served, isolation=isolation) as shop:
        assert (await shop.say("hola")).text
        await shop.settled()
        assert len(shop.shop("SELECT 1 FROM customers")) == 1
        failed = shop.central("SELECT last_error FROM wabot.inbox WHERE last_error IS NOT NULL")
        assert failed == []


@pytest.mark.parametrize("isolation", list(Isolation))
def test_the_owner_inherits_nothing_by_it(
    served: dict[str, str], owner: Owner, isolation: Isolation
) -> None:
    tenant = make_tenant(
        load_settings(environ=served), owner.url, "bodega", isolation=isolation.value
    )
    with psycopg.connect(owner.url) as connection:
        if connection.info.server_version < 160_000:
            pytest.skip("before PostgreSQL 16 a membership has no options of its own")
        options = connection.execute(
            "SELECT inherit_option, set_option, admin_option FROM pg_auth_members"
            " WHERE roleid = %s::regrole AND member = %s::regrole ORDER BY admin_option",
            [tenant.placement.role, owner.role],
        ).fetchall()
    # The second is what PostgreSQL gives to whoever creates a role.
    assert options == [(False, True, False), (False, False, True)]

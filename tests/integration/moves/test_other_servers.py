"""A place on another server: its passwords, its rights, and what cannot be one."""

import os
from dataclasses import replace

import psycopg
import pytest

from tests.harness import make_tenant
from tests.integration.moves.looking import content, places_standing
from wabot.config import Settings
from wabot.container import Provisioning
from wabot.domain.placement import DATABASE_PASSWORD
from wabot.domain.tenant import Isolation, Tenant
from wabot.errors import Conflict, InvalidInput, Refused, WabotError
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.provisioning.servers import split_database_url
from wabot.services.provisioning.move import MoveRequest
from wabot.services.provisioning.places import DatabaseAt


def test_on_another_server_the_passwords_are_kept_encrypted_for_this_client(
    provisioning: Provisioning,
    tenant: Tenant,
    central_url: str,
    server_at: DatabaseAt,
    settings: Settings,
) -> None:
    before = content(central_url, tenant)
    moved = provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at)).tenant
    assert content(central_url, moved) == before
    place = moved.placement
    assert place.login.startswith("wabot_r_")
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    opened = cipher.decrypt(moved.id, place.owner_secret, DATABASE_PASSWORD)
    assert opened == server_at.password
    with psycopg.connect(central_url) as central:
        (config,) = central.execute(
            "SELECT db_connection_config::text FROM wabot.clients"
        ).fetchone() or ("",)
        login = central.execute(
            "SELECT rolcanlogin, rolinherit, rolsuper FROM pg_roles WHERE rolname = %s",
            [place.login],
        ).fetchone()
    assert server_at.password not in config
    assert login == (True, False, False)
    # It was there before: moving away leaves the database, and nothing in it.
    back = provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX, drop_source=True))
    assert content(central_url, back.tenant) == before
    assert places_standing(central_url, tenant) == {"prefix"}
    with psycopg.connect(central_url) as central:
        left = central.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s"
            " UNION SELECT 2 FROM pg_database WHERE datname = %s",
            [place.login, place.database],
        ).fetchall()
    assert left == [(2,)]


def test_a_database_that_cannot_be_the_tenants_is_refused_and_nothing_is_changed(
    provisioning: Provisioning,
    tenant: Tenant,
    settings: Settings,
    server_at: DatabaseAt,
    subtests: pytest.Subtests,
) -> None:
    central_url = provisioning.owner_url
    other = make_tenant(settings, central_url, "ajena", number="2", isolation="database")
    central = str(psycopg.conninfo.conninfo_to_dict(central_url)["dbname"])
    away = replace(server_at, server="host=127.0.0.1 port=1 user=nobody")
    for name, at, kind, said in (
        (
            "of another tenant",
            replace(server_at, database=other.placement.database),
            Conflict,
            "already that of tenant ajena",
        ),
        (
            "of another tenant on the central server",
            DatabaseAt(database=other.placement.database),
            Conflict,
            "already that of tenant ajena",
        ),
        ("the central one", replace(server_at, database=central), Refused, "wabot's central"),
        ("away", away, WabotError, "Cannot connect"),
    ):
        with subtests.test(name), pytest.raises(kind, match=said) as refused:
            provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, at))
        assert refused.value.hint
        assert provisioning.tenants.find("bodega") == tenant
        assert places_standing(central_url, tenant) == {"schema"}


def test_a_database_with_something_else_in_it_is_refused(
    provisioning: Provisioning, tenant: Tenant, server_at: DatabaseAt
) -> None:
    with psycopg.connect(server_at.server, dbname=server_at.database) as database:
        database.execute("CREATE TABLE public.theirs (id int)")
    with pytest.raises(Refused, match="holds 1 table of something else"):
        provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, server_at))
    assert provisioning.tenants.find("bodega") == tenant


def test_a_login_without_the_rights_is_refused(
    provisioning: Provisioning, tenant: Tenant, server_at: DatabaseAt, postgres_url: str
) -> None:
    weak = f"t{os.environ['TESTS_OF_WABOT_RUN']}_weak"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE ROLE {weak} LOGIN PASSWORD 'x'")
        parameters = psycopg.conninfo.conninfo_to_dict(server_at.server) | {"user": weak}
        at = DatabaseAt(psycopg.conninfo.make_conninfo("", **parameters), "wabot_new", "x")
        try:
            with pytest.raises(Refused, match="may not make roles"):
                provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, at))
            server.execute(f"ALTER ROLE {weak} CREATEROLE")
            with pytest.raises(Refused, match="may not make it"):
                provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE, at))
        finally:
            server.execute(f"DROP ROLE {weak}")
    assert provisioning.tenants.find("bodega") == tenant


def test_a_password_in_the_url_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        split_database_url("postgresql://admin:s3cret@db2.example/lupita")
    assert "s3cret" not in refused.value.message + refused.value.hint
    assert split_database_url("postgresql://admin@db2.example:5433/lupita") == (
        "user=admin host=db2.example port=5433",
        "lupita",
    )

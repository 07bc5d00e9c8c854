"""Shops on servers of their own: whether servers can log in, and what stands there of nobody."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.integration.doctor.looking import examined
from tests.integration.tenants.asking import request_for
from wabot.container import Provisioning
from wabot.domain.placement import database_placement
from wabot.domain.tenant import Isolation, Tenant
from wabot.repositories.provisioning.servers import split_database_url
from wabot.services.provisioning.doctor import ExamineTenants
from wabot.services.provisioning.places import DatabaseAt

Connection = psycopg.Connection[Any]


@pytest.fixture
def elsewhere(provisioning: Provisioning, make_database: Callable[..., str]) -> Tenant:
    """A shop in a database on what it takes for another server."""
    given = conninfo_to_dict(make_database())
    password = str(given.pop("password", ""))
    server, database = split_database_url(make_conninfo("", **given))
    asked = request_for("lejana", plan="premium", isolation=Isolation.DATABASE)
    return provisioning.create.run(asked, at=DatabaseAt(server, database, password)).tenant


@pytest.mark.parametrize(
    ("done", "kind", "told"),
    [
        ("alter role {login} nologin", "login", "is not let in: Cannot connect"),
        ("alter role {login} createdb inherit", "powers", "its login has CREATEDB, INHERIT"),
        ("grant pg_read_all_data to {login}", "powers", "login is a member of pg_read_all_data"),
        ("revoke {role} from {login}", "rights", "its role lacks rights"),
        ("drop role {login}", "login", "its login {login} is missing"),
    ],
)
def test_what_is_wrong_with_a_login_is_told_and_repaired(  # noqa: PLR0917 - fixtures and cases
    elsewhere: Tenant,
    doctor: ExamineTenants,
    central: Connection,
    done: str,
    kind: str,
    told: str,
) -> None:
    assert examined(doctor, ["lejana"]).findings == ()
    names = {"login": elsewhere.placement.login, "role": elsewhere.placement.role}
    if done.startswith("drop"):
        central.execute(f"revoke all on database {elsewhere.placement.database} from {{login}}"
                        .format(**names).encode())  # fmt: skip
    central.execute(done.format(**names).encode())
    diagnosis = examined(doctor, ["lejana"])
    assert (kind, True) in [(f.kind, told.format(**names) in f.what) for f in diagnosis.findings]
    assert all(finding.safe for finding in diagnosis.findings)
    assert [treatment.failure for treatment in doctor.repair(diagnosis)] == [""] * len(
        diagnosis.findings
    )
    assert examined(doctor, ["lejana"]).findings == ()


def test_a_login_of_another_installation_is_left_alone(
    elsewhere: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    login = elsewhere.placement.login
    central.execute(f"comment on role {login} is 'wabot tenant={uuid4()}'".encode())
    (finding,) = examined(doctor, ["lejana"]).findings
    assert (finding.kind, finding.safe) == ("login", False)
    assert f"its login {login} is another's: wabot tenant=" in finding.what


@pytest.fixture
def left_there(central: Connection, elsewhere: Tenant, provisioning: Provisioning) -> Iterator[Any]:
    """On that server: a role of nobody, one of a shop that is not there, one without a comment."""
    nobody, unmarked = uuid4(), uuid4()
    shop = provisioning.create.run(request_for("cerca")).tenant
    names = {
        "nobody": database_placement(nobody, server="x").login,
        "shop": database_placement(shop.id, server="x").login,
        "unmarked": database_placement(unmarked, server="x").login,
    }
    for name in names.values():
        central.execute(f"create role {name}".encode())
    central.execute(f"comment on role {names['nobody']} is 'wabot tenant={nobody}'".encode())
    central.execute(f"comment on role {names['shop']} is 'wabot tenant={shop.id}'".encode())
    yield names | {"client": str(unmarked)}
    for name in names.values():
        central.execute(f"drop role if exists {name}".encode())


def test_what_is_of_no_shop_of_that_server_is_told_and_never_dropped(
    elsewhere: Tenant, doctor: ExamineTenants, left_there: dict[str, str]
) -> None:
    diagnosis = doctor.examine()
    on_server = [finding for finding in diagnosis.findings if " on " in finding.what]
    told = {
        name: (finding.kind, finding.what, finding.repair)
        for name, role in left_there.items()
        for finding in on_server
        if f"role {role} on" in finding.what
    }
    assert told.keys() == {"nobody", "shop", "unmarked"}
    assert told["nobody"][0] == "orphan_role"
    assert f"DROP ROLE {left_there['nobody']};" in told["nobody"][2]
    assert left_there["client"] in told["unmarked"][1]
    kind, what, _ = told["shop"]
    assert (kind, "is of cerca, which has no place on that server" in what) == (
        "misplaced_role", True,
    )  # fmt: skip
    assert not any(finding.safe or finding.sql for finding in on_server)
    own = (elsewhere.placement.login, elsewhere.placement.role, elsewhere.placement.database)
    assert not [f for f in diagnosis.findings if any(name in f.what for name in own)]


def test_a_server_that_does_not_answer_is_told_once_and_stops_nothing(
    elsewhere: Tenant, doctor: ExamineTenants, central: Connection
) -> None:
    central.execute(
        "update wabot.clients set db_connection_config = db_connection_config"
        " || jsonb_build_object('server', 'host=127.0.0.1 port=1 user=nobody')"
    )
    findings = [finding for finding in examined(doctor).findings if finding.slug]
    assert [(finding.slug, finding.kind) for finding in findings] == [("lejana", "unreachable")]

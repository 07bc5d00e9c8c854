"""What is looked at on the servers that single shops have: the runtime's logins, and strays."""

from base64 import b32decode
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg

from wabot.domain.tenant import Placement
from wabot.errors import WabotError
from wabot.repositories.conninfo import connect, parameters_of
from wabot.repositories.provisioning.databases import make
from wabot.repositories.provisioning.rendering import quoted
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.tenant_ddl import ownership
from wabot.services.provisioning.survey_ports import LoginFault, Power, Shop, Stray

Connection = psycopg.Connection[Any]

# A login may inherit nothing: its role is taken in each transaction, and may be forgotten.
_ATTRIBUTES = ("SUPERUSER", "CREATEROLE", "CREATEDB", "BYPASSRLS", "REPLICATION", "INHERIT")
_LOGIN = """
SELECT shobj_description(r.oid, 'pg_authid'), r.rolsuper, r.rolcreaterole, r.rolcreatedb,
       r.rolbypassrls, r.rolreplication, r.rolinherit,
       array(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid AND g.rolname <> %(role)s ORDER BY 1)
FROM pg_roles r WHERE r.rolname = %(login)s
"""
_ID = "[a-z2-7]{26}"
_MARKED = f"""
SELECT kind, name, comment FROM (
    SELECT 'role' AS kind, rolname::text AS name, shobj_description(oid, 'pg_authid') AS comment
    FROM pg_roles
    UNION ALL
    SELECT 'database', datname::text, shobj_description(oid, 'pg_database') FROM pg_database
) found
WHERE starts_with(comment, 'wabot tenant=')
   OR kind = 'role' AND comment IS NULL AND name ~ '^wabot_[tr]_{_ID}$'
ORDER BY 1, 2
"""


def examine_login(
    servers: Servers, connection: Connection, shop: Shop
) -> tuple[LoginFault | None, tuple[Power, ...]]:
    """Return why servers cannot log in to a shop's own server, and what its login may beside."""
    place = shop.places.current
    if not place.login:
        return None, ()
    names = {"login": place.login, "role": place.role}
    row = connection.execute(_LOGIN, names).fetchone()
    if row is None:
        return LoginFault(f"its login {place.login} is missing"), ()
    mark, *given, member_of = row
    if mark and mark != ownership(shop.id):
        return LoginFault(f"its login {place.login} is another's: {mark}", curable=False), ()
    return _refusal(servers, shop.id, place), tuple(_powers(place, given, member_of))


def renew_login(servers: Servers, shop: Shop) -> None:
    """Make the login of a shop's own server as it should be, with the password that is kept."""
    place = shop.places.current
    make(servers, shop.id, place, servers.password(shop.id, place.runtime_secret))


def find_server_strays(servers: Servers, shops: Sequence[Shop]) -> Iterator[Stray]:
    """Yield what stands on shops' own servers and is of no shop that has a place there.

    Other installations may have shops there as well: nothing is removed from here.
    """
    for server, (client, place) in _way_to_each(shops).items():
        here = {
            shop.id for shop in shops if any(other.server == server for other in shop.places.all)
        }
        slugs = {shop.id: shop.slug for shop in shops}
        try:
            with servers.connect(client, place) as connection:
                rows = connection.execute(_MARKED).fetchall()
        except (WabotError, psycopg.Error):
            # A shop whose server does not answer is a finding of its own.
            continue
        where = _host(server)
        for kind, name, comment in rows:
            owner = _client_of(name, comment)
            if owner not in here:
                yield Stray(kind, name, str(owner), 0, "", slugs.get(owner, ""), where)


def _refusal(servers: Servers, client_id: UUID, place: Placement) -> LoginFault | None:
    try:
        connect(servers.runtime_url(client_id, place)).close()
    except WabotError as error:
        return LoginFault(f"its login {place.login} is not let in: {error.message}")
    return None


def _powers(place: Placement, given: Sequence[bool], member_of: Sequence[str]) -> Iterator[Power]:
    login = quoted(place.login)
    if has := [word for word, there in zip(_ATTRIBUTES, given, strict=True) if there]:
        taken = " ".join(f"NO{word}" for word in has)
        yield Power(f"its login has {', '.join(has)}", (f"ALTER ROLE {login} {taken}",))
    if member_of:
        revoked = tuple(f"REVOKE {quoted(group)} FROM {login}" for group in member_of)
        yield Power(f"its login is a member of {', '.join(member_of)}", revoked)


def _way_to_each(shops: Sequence[Shop]) -> dict[str, tuple[UUID, Placement]]:
    found: dict[str, tuple[UUID, Placement]] = {}
    for shop in shops:
        for place in shop.places.all:
            if place.server:
                found.setdefault(place.server, (shop.id, place))
    return found


def _host(server: str) -> str:
    given = parameters_of(server)
    return ":".join(filter(None, (given.get("host", "the default host"), given.get("port", ""))))


def _client_of(name: str, comment: str | None) -> UUID:
    if comment:
        return UUID(comment.removeprefix("wabot tenant=")[:36])
    return UUID(bytes=b32decode(f"{name[-26:].upper()}======"))

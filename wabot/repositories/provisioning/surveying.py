"""What PostgreSQL holds of tenants, beside what the central table says of them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from wabot.domain import migration
from wabot.domain.drift import Fact, compare
from wabot.domain.migration import Revision, branch_of, parse_ledger, to_ledger
from wabot.domain.places import places_from_config
from wabot.domain.tenant import Isolation, Placement
from wabot.errors import Refused, WabotError
from wabot.repositories.provisioning.catalogue import Sum, facts_of, sum_of, sums_of
from wabot.repositories.provisioning.failures import named_driver_failures
from wabot.repositories.provisioning.migration_line import (
    VERSION_TABLE,
    VERSION_TABLE_DDL,
    MigrationLine,
)
from wabot.repositories.provisioning.ownership_marks import mismatches
from wabot.repositories.provisioning.rendering import quoted, render
from wabot.repositories.provisioning.repairs import repair_sql
from wabot.repositories.provisioning.role_powers import excess_powers
from wabot.repositories.provisioning.role_rights import missing_rights
from wabot.repositories.provisioning.server_logins import (
    examine_login,
    find_server_strays,
    renew_login,
)
from wabot.repositories.provisioning.servers import Servers
from wabot.repositories.provisioning.strays import drop_roles, find_strays
from wabot.services.provisioning.survey_ports import Condition, Shop, Stray

Connection = psycopg.Connection[Any]

_SHOPS = """
SELECT id, slug, status, template, schema_revision, db_connection_config, whatsapp_token,
       plan_type
FROM wabot.clients WHERE %(slugs)s::text[] IS NULL OR slug = ANY(%(slugs)s) ORDER BY slug
"""
_RIGHTS_OF_ROLE = "DELETE, INSERT, SELECT, UPDATE"
_BUSY = "another command works on it"
# A union of so many tables takes as many locks, of which PostgreSQL has some thousands.
_AT_ONCE = 500
# Shops whose facts are in memory together.
_IN_FULL = 100


class PostgresSurvey:
    """The tenants of one central database, and whatever else says that it is a tenant's."""

    def __init__(
        self, central: Callable[[], Connection], servers: Servers, line: MigrationLine
    ) -> None:
        self._connect_central = central
        self._servers = servers
        self._line = line
        self._expected: dict[tuple[int, str], tuple[frozenset[Fact], Sum]] = {}

    @contextmanager
    def _central(self) -> Iterator[Connection]:
        with named_driver_failures(), self._connect_central() as connection:
            yield connection

    def shops(self, slugs: Collection[str] | None) -> tuple[Shop, ...]:
        """Return the clients by slug, all or the named ones."""
        named = None if slugs is None else list(slugs)
        with self._central() as connection:
            rows = connection.execute(_SHOPS, {"slugs": named}).fetchall()
        return tuple(
            Shop(client, slug, status, template, ledger, places_from_config(config), token, plan)
            for client, slug, status, template, ledger, config, token, plan in rows
        )

    def examine(self, shops: Sequence[Shop]) -> Mapping[UUID, Condition]:
        """Look at the shops' tables; a database that does not answer is noted in `unknown`."""
        here = [shop for shop in shops if not shop.places.current.database]
        found: dict[UUID, Condition] = {}
        if here:
            with self._central() as connection:
                found |= self._examine(connection, here)
        for shop in shops:
            if not shop.places.current.database:
                continue
            try:
                with self._servers.connect(shop.id, shop.places.current) as connection:
                    found |= self._examine(connection, [shop])
                    login, powers = examine_login(self._servers, connection, shop)
                    condition = found[shop.id]
                    found[shop.id] = replace(
                        condition, login=login, powers=(*condition.powers, *powers)
                    )
            except (WabotError, psycopg.Error) as error:
                found[shop.id] = Condition(exists=False, unknown=str(error).strip())
        return found

    def repair(self, shop: Shop, statements: Sequence[str], *, actor: str) -> str:
        """Run the statements in one transaction; return why that failed, if it did."""
        place = shop.places.current
        try:
            with self._central() as central, central.transaction():
                if not _take_turn(central, shop.slug):
                    return _BUSY
                if place.database:
                    with self._servers.connect(shop.id, place) as own, own.transaction():
                        _run_for(own, shop, statements)
                else:
                    _run_for(central, shop, statements)
                _note(central, actor, shop.id, shop.slug, statements)
        except (WabotError, psycopg.Error) as error:
            return str(error).strip().split("\n", 1)[0]
        return ""

    def strays(self) -> tuple[Stray, ...]:
        """Return what the central database and other servers hold of clients not there."""
        with self._central() as connection:
            shops = self.shops(None)
            return (*find_strays(connection, shops), *find_server_strays(self._servers, shops))

    def renew_login(self, shop: Shop, *, actor: str) -> str:
        """Let servers log in to the shop's own server; return why that failed, if it did."""
        try:
            with self._central() as central, central.transaction():
                if not _take_turn(central, shop.slug):
                    return _BUSY
                renew_login(self._servers, shop)
                told = f"-- login {shop.places.current.login} made as it should be"
                _note(central, actor, shop.id, shop.slug, [told])
        except (WabotError, psycopg.Error) as error:
            return str(error).strip().split("\n", 1)[0]
        return ""

    def remove(self, stray: Stray, *, actor: str) -> str:
        """Remove a stray thing; return why that failed, if it did."""
        try:
            with self._central() as central, central.transaction():
                _run(central, [stray.sql])
                _note(central, actor, None, None, [stray.sql])
                drop_roles(central, stray.client)
        except (WabotError, psycopg.Error) as error:
            return str(error).strip().split("\n", 1)[0]
        return ""

    def _examine(self, connection: Connection, shops: Sequence[Shop]) -> dict[UUID, Condition]:
        places = [shop.places.current for shop in shops]
        with connection.transaction():
            # Names come out in full with an empty path, whoever's the connection is.
            connection.execute(
                "SELECT set_config('search_path', '', true), set_config('jit', 'off', true),"
                " set_config('statement_timeout', '120s', true)"
            )
            sums = sums_of(connection, places)
            rights = missing_rights(connection, shops)
            misplaced = mismatches(connection, shops)
            powers = excess_powers(connection, shops)
            standing = [
                shop
                for shop, one in zip(shops, sums, strict=True)
                if one is not None and shop.id not in misplaced
            ]
            versions = _versions(connection, standing)
            drifted = []
            found = {}
            for shop, one in zip(shops, sums, strict=True):
                own = versions.get(shop.id, ())
                if one is not None and (mismatch := misplaced.get(shop.id)) is not None:
                    found[shop.id] = Condition(
                        exists=True, misplaced=mismatch.what, marking=mismatch.sql
                    )
                    continue
                found[shop.id] = Condition(
                    one is not None,
                    own,
                    rights.get(shop.id, ()),
                    powers=powers.get(shop.id, ()),
                )
                expected = one and self._expected_of(connection, shop, own)
                if expected and expected[1] != one:
                    drifted.append((shop, expected[0]))
            for start in range(0, len(drifted), _IN_FULL):
                found |= self._compared(connection, found, drifted[start : start + _IN_FULL])
        return found

    def _compared(
        self,
        connection: Connection,
        found: Mapping[UUID, Condition],
        drifted: Sequence[tuple[Shop, frozenset[Fact]]],
    ) -> dict[UUID, Condition]:
        """Return the conditions of shops whose sum differs, with what differs."""
        places = [shop.places.current for shop, _ in drifted]
        compared = {}
        for (shop, expected), facts in zip(drifted, facts_of(connection, places), strict=True):
            condition, place = found[shop.id], shop.places.current
            ddl = self._ddl(to_ledger(condition.versions) or shop.ledger)
            differences = tuple((d, *repair_sql(d, place, ddl)) for d in compare(expected, facts))
            compared[shop.id] = replace(condition, differences=differences)
        return compared

    def _expected_of(
        self, connection: Connection, shop: Shop, versions: tuple[str, ...]
    ) -> tuple[frozenset[Fact], Sum] | None:
        # By what the tables say of themselves: a ledger that is wrong is a finding of its own.
        try:
            return self._expect(connection, to_ledger(versions) or shop.ledger)
        except WabotError:
            # A revision that this wabot does not know is told as such.
            return None

    def _expect(self, connection: Connection, ledger: str) -> tuple[frozenset[Fact], Sum]:
        """Return what a tenant at the ledger is made of, once made for a look and taken back."""
        key = (connection.info.server_version // 10_000, ledger)
        if key not in self._expected:
            scratch = Placement(Isolation.SCHEMA, schema=f"wabot_look_{uuid4().hex}", role="role")
            with connection.transaction(force_rollback=True):
                connection.execute(f"CREATE SCHEMA {quoted(scratch.schema)}".encode())
                connection.execute(render(self._ddl(ledger), scratch).encode())
                (made,) = facts_of(connection, [scratch])
            own = {fact for fact in made if fact.kind != "grant"}
            own |= {
                Fact("grant", fact.table, "role", _RIGHTS_OF_ROLE)
                for fact in made
                if fact.kind == "table" and fact.table != "alembic_version"
            }
            facts = frozenset(own)
            self._expected[key] = (facts, sum_of(connection, facts))
        return self._expected[key]

    def _ddl(self, ledger: str) -> str:
        steps: list[Revision] = []
        for revision in parse_ledger(ledger):
            branch = self._line.branch(branch_of(revision))
            ids = [step.id for step in branch]
            if revision not in ids:
                raise WabotError(f"revision {revision} is not known to this wabot")
            steps += branch[: ids.index(revision) + 1]
        return VERSION_TABLE_DDL + self._line.steps_sql(migration.in_order(steps))


def _versions(connection: Connection, shops: Sequence[Shop]) -> dict[UUID, tuple[str, ...]]:
    """Return what each tenant's own version table says, of those that have one."""
    if not shops:
        return {}
    named = {render(VERSION_TABLE, shop.places.current): shop.id for shop in shops}
    there = connection.execute(
        "SELECT name FROM unnest(%s::text[]) AS asked (name) WHERE to_regclass(name) IS NOT NULL",
        (list(named),),
    ).fetchall()
    found: dict[UUID, list[str]] = {}
    names = [name for (name,) in there]
    for start in range(0, len(names), _AT_ONCE):
        union = " UNION ALL ".join(
            f"SELECT {number}, version_num FROM {name}"
            for number, name in enumerate(names[start : start + _AT_ONCE], start)
        )
        for number, version in connection.execute(union.encode()):
            found.setdefault(named[names[number]], []).append(version)
    return {client: tuple(sorted(versions)) for client, versions in found.items()}


def _run(connection: Connection, statements: Sequence[str]) -> None:
    connection.execute("SELECT set_config('lock_timeout', '3s', true)")
    for statement in statements:
        connection.execute(statement.encode())


def _run_for(connection: Connection, shop: Shop, statements: Sequence[str]) -> None:
    """Run what repairs a shop's tables, if they are still marked as its own."""
    mismatch = mismatches(connection, [shop]).get(shop.id)
    if mismatch is not None and mismatch.sql != tuple(statements):
        raise Refused(mismatch.what)
    _run(connection, statements)


def _take_turn(connection: Connection, slug: str) -> bool:
    row = connection.execute(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('wabot tenant ' || %s, 0))", (slug,)
    ).fetchone()
    return row == (True,)


def _note(
    connection: Connection,
    actor: str,
    client: UUID | None,
    slug: str | None,
    statements: Sequence[str],
) -> None:
    connection.execute(
        "INSERT INTO wabot.audit_log (actor, action, client_id, slug, details)"
        " VALUES (%s, 'tenant.doctor.fix', %s, %s, %s)",
        (actor, client, slug, Jsonb({"statements": list(statements)})),
    )

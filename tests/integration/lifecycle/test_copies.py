"""Clones and imports: equal to the original row by row, with a number of their own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.integration.lifecycle.rows import Connection, contents, fill
from tests.integration.lifecycle.test_export import rewritten
from tests.integration.tenants.asking import TOKEN, create_words, document
from tests.integration.tenants.catalogue import everything, namespace, rights
from tests.integration.tenants.conftest import Cli, Create
from wabot.container import tenants_at
from wabot.domain.tenant import Isolation, Placement, Tenant
from wabot.repositories.provisioning.migration_line import head_revisions

NEW_TOKEN = "EAAthenewtokenofthecopy"


@pytest.fixture
def shop(cli: Cli, environment: dict[str, str], central: Connection) -> Tenant:
    words = create_words("lupita", owner_phone="5512345678", plan="premium")
    assert cli(*words, stdin=TOKEN).exit_code == 0
    tenant = found(environment, "lupita")
    fill(central, tenant.placement)
    return tenant


@pytest.fixture
def file(cli: Cli, shop: Tenant, tmp_path: Path) -> Path:
    path = tmp_path / "lupita.tgz"
    assert cli("tenant", "export", "lupita", "--out", str(path)).exit_code == 0
    return path


def found(environment: dict[str, str], slug: str) -> Tenant:
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        tenant = provisioning.tenants.find(slug)
    assert tenant is not None
    return tenant


def clone(cli: Cli, *words: str, number: str = "42", token: str = NEW_TOKEN) -> Any:
    given = ("--phone-number-id", number, "--token-file", "-", "--json")
    return cli("tenant", "clone", "lupita", "dos", "--no-verify", *given, *words, stdin=token)


def restore(cli: Cli, file: Path, *words: str, number: str = "42", token: str = NEW_TOKEN) -> Any:
    given = ("--phone-number-id", number, "--token-file", "-", "--json")
    return cli("tenant", "import", str(file), "--no-verify", *given, *words, stdin=token)


def settled(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the rows that a copy must have: nothing is left to send."""
    assert sum(",sending," in row for row in rows["messages"]) == 3
    return {
        **rows,
        "messages": sorted(
            row.replace(",sending,", ",cancelled,").replace("host:1", "")
            for row in rows["messages"]
        ),
        "pending_effects": [],
        # Copies are of rows: the files stay with the original.
        "media": sorted(re.sub(r",x/[^,]*,stored,", ',"",absent,', row) for row in rows["media"]),
    }


ISOLATIONS = ["schema", "prefix", "database"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_import_equals_the_original_row_by_row(
    cli: Cli, shop: Tenant, file: Path, central: Connection, environment: dict[str, str], *,
    isolation: str,
) -> None:  # fmt: skip
    done = restore(cli, file, "--slug", "dos", "--isolation", isolation)
    assert done.exit_code == 0, done.stdout
    copy = found(environment, "dos")
    assert copy.id != shop.id
    with placed(environment, copy) as own:
        assert contents(own, copy.placement) == settled(contents(central, shop.placement))
        if isolation != "prefix":
            assert namespace(own, copy.placement.schema) == namespace(
                central, shop.placement.schema
            )
        granted = rights(own, copy.placement.schema, copy.placement.role)
    assert len(granted) == len(rights(central, shop.placement.schema, shop.placement.role))
    assert "\t" not in copy.name
    drop_database(central, copy)


def placed(environment: dict[str, str], tenant: Tenant) -> psycopg.Connection[Any]:
    parameters = conninfo_to_dict(environment["DATABASE_URL"])
    if tenant.placement.database:
        parameters["dbname"] = tenant.placement.database
    return psycopg.connect(**parameters, autocommit=True)


def drop_database(central: Connection, tenant: Tenant) -> None:
    if tenant.placement.database:
        central.execute(f'DROP DATABASE "{tenant.placement.database}"')
        central.execute(f'DROP ROLE "{tenant.placement.role}"')


def test_numbers_of_orders_go_on_after_an_import(
    cli: Cli, shop: Tenant, file: Path, central: Connection, environment: dict[str, str]
) -> None:
    restore(cli, file, "--slug", "dos")
    place = found(environment, "dos").placement
    central.execute(
        f'INSERT INTO "{place.schema}".orders (customer_id, total, status, source)'
        f' SELECT id, 1, (SELECT min(code) FROM "{place.schema}".order_status), $$new$$'
        f' FROM "{place.schema}".customers LIMIT 1'
    )
    codes = central.execute(f'SELECT max(number) FROM "{place.schema}".orders').fetchone()
    assert codes == (104,)


def test_the_same_import_again_changes_nothing_and_another_is_a_conflict(
    cli: Cli, shop: Tenant, file: Path, central: Connection
) -> None:
    assert document(restore(cli, file, "--slug", "dos"))["data"]["created"] is True
    before = everything(central)
    again = restore(cli, file, "--slug", "dos")
    assert (again.exit_code, document(again)["data"]["created"]) == (0, False)
    assert restore(cli, file, "--slug", "dos", token="EAAother").exit_code == 4
    assert restore(cli, file, "--slug", "dos", number="43").exit_code == 4
    assert restore(cli, file).exit_code == 4
    assert everything(central) == before


def test_the_number_of_the_original_is_refused(cli: Cli, shop: Tenant, file: Path) -> None:
    for done in (
        clone(cli, number=shop.phone_number_id),
        restore(cli, file, "--slug", "dos", number=shop.phone_number_id),
    ):
        assert done.exit_code == 4
        assert "a number and a token of its own" in document(done)["error"]["hint"]


def test_without_a_number_or_token_nothing_is_asked_off_a_terminal(
    cli: Cli, shop: Tenant, file: Path
) -> None:
    for words in (("clone", "lupita", "dos"), ("import", str(file), "--slug", "dos")):
        done = cli("tenant", *words)
        assert (done.exit_code, "--phone-number-id" in done.stderr) == (2, True)
        done = cli("tenant", *words, "--phone-number-id", "42")
        assert (done.exit_code, "--token-file" in done.stderr) == (2, True)


@pytest.mark.parametrize("damage", ["cut", "row"])
def test_a_damaged_export_is_refused_and_nothing_is_made(
    cli: Cli, shop: Tenant, file: Path, central: Connection, damage: str
) -> None:
    before = everything(central)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-300])
    else:
        rewritten(file, lambda n, d: (n, d.replace(b"Arroz", b"Bulgur") if "json" not in n else d))
    done = restore(cli, file, "--slug", "dos")
    assert (done.exit_code, "cannot be used" in document(done)["error"]["message"]) == (2, True)
    assert everything(central) == before


def test_a_dry_run_of_either_makes_nothing(
    cli: Cli, shop: Tenant, file: Path, central: Connection
) -> None:
    before = everything(central)
    for done in (clone(cli, "--dry-run"), restore(cli, file, "--slug", "dos", "--dry-run")):
        assert (done.exit_code, document(done)["data"]["created"]) == (0, False)
        assert document(done)["warnings"] == []
    assert everything(central) == before


def test_a_table_made_by_hand_is_named_before_anything_is_made(
    cli: Cli, shop: Tenant, central: Connection, tmp_path: Path
) -> None:
    central.execute(f"CREATE TABLE {shop.placement.schema}.handmade (a int)")
    path = tmp_path / "lupita.tgz"
    assert cli("tenant", "export", "lupita", "--out", str(path)).exit_code == 0
    before = everything(central)
    acts = (
        restore(cli, path, "--slug", "dos", "--dry-run"),
        restore(cli, path, "--slug", "dos"),
        clone(cli, "--with", "customers"),
    )
    for done in acts:
        assert done.exit_code == 4
        assert "no revision makes: handmade" in document(done)["error"]["message"]
    assert everything(central) == before


@pytest.mark.parametrize("format_", ["csv", "pgdump"])
def test_an_export_to_be_read_is_told_from_a_damaged_one(
    cli: Cli, shop: Tenant, tmp_path: Path, format_: str
) -> None:
    path = tmp_path / "lupita.x"
    assert cli("tenant", "export", "lupita", "--out", str(path), "--format", format_).exit_code == 0
    done = restore(cli, path, "--slug", "dos")
    assert done.exit_code == 2
    assert "--format wabot" in document(done)["error"]["hint"]


def test_an_export_of_a_newer_revision_is_refused(
    cli: Cli, shop: Tenant, file: Path, central: Connection
) -> None:
    before = everything(central)
    rewritten(file, lambda n, d: (n, d.replace(head_revisions()[0].encode(), b"base_9001")))
    done = restore(cli, file, "--slug", "dos")
    assert (done.exit_code, "does not know" in document(done)["error"]["message"]) == (4, True)
    assert everything(central) == before


def test_a_plan_too_small_for_the_export_is_refused(
    cli: Cli, shop: Tenant, central: Connection, tmp_path: Path
) -> None:
    central.execute(
        f'INSERT INTO "{shop.placement.schema}".products (name, price)'
        " SELECT n::text, 1 FROM generate_series(1, 10) n"
    )
    file = tmp_path / "large.tgz"
    cli("tenant", "export", "lupita", "--out", str(file))
    done = restore(cli, file, "--slug", "dos", "--plan", "basico")
    assert (done.exit_code, "58" in document(done)["error"]["message"]) == (4, True)
    assert restore(cli, file, "--slug", "dos", "--plan", "completo").exit_code == 0


CLONES: list[tuple[list[str], Callable[[dict[str, list[str]]], dict[str, list[str]]]]] = [
    (["--with", "customers"], settled),
    (
        [],
        lambda rows: {
            table: found if table in SHOP else [] for table, found in settled(rows).items()
        },
    ),
    (
        ["--empty"],
        lambda rows: {
            table: found if table in SHOP - {"products"} else [] for table, found in rows.items()
        },
    ),
]
SHOP = {"alembic_version", "order_status", "products", "settings", "shop_state"}


@pytest.mark.parametrize(("words", "expected"), CLONES, ids=["customers", "shop", "empty"])
def test_a_clone_has_what_was_asked_for_and_no_more(
    cli: Cli, shop: Tenant, central: Connection, environment: dict[str, str], *,
    words: list[str], expected: Callable[[dict[str, list[str]]], dict[str, list[str]]],
) -> None:  # fmt: skip
    original = contents(central, shop.placement)
    done = clone(cli, *words)
    assert done.exit_code == 0, done.stdout
    copy = found(environment, "dos")
    assert contents(central, copy.placement) == expected(original)
    assert contents(central, shop.placement) == original
    assert (copy.phone_number_id, copy.token != shop.token) == ("42", True)
    before = everything(central)
    again = clone(cli, *words)
    assert (again.exit_code, document(again)["data"]["created"]) == (0, False)
    assert everything(central) == before
    other = ["--empty"] if words != ["--empty"] else []
    assert clone(cli, *other).exit_code == 4


def test_a_clone_takes_no_timer_and_no_message_of_the_original(
    cli: Cli, shop: Tenant, central: Connection, environment: dict[str, str]
) -> None:
    central.execute(
        "INSERT INTO wabot.timers (client_id, contact, kind, due_at, set_by)"
        " VALUES (%s, '521', 'handoff', now(), 'wamid.1')",
        (shop.id,),
    )
    clone(cli, "--with", "customers")
    place = found(environment, "dos").placement
    assert central.execute("SELECT client_id FROM wabot.timers").fetchall() == [(shop.id,)]
    unsent = central.execute(
        f"SELECT count(*) FROM \"{place.schema}\".messages WHERE status = 'sending'"
    )
    assert unsent.fetchone() == (0,)


def test_a_clone_that_asks_for_both_or_for_itself_is_refused(cli: Cli, shop: Tenant) -> None:
    assert clone(cli, "--with", "customers", "--empty").exit_code == 2
    assert clone(cli, "--with", "orders").exit_code == 2
    given = ("--phone-number-id", "42", "--token-file", "-")
    assert (
        cli("tenant", "clone", "lupita", "lupita", "--no-verify", *given, stdin=TOKEN).exit_code
        == 2
    )
    assert (
        cli("tenant", "clone", "nobody", "dos", "--no-verify", *given, stdin=TOKEN).exit_code == 4
    )


def test_tables_of_a_trade_are_cloned_unless_they_are_of_customers(
    cli: Cli, create: Create, central: Connection, environment: dict[str, str]
) -> None:
    source = create("lupita", template="agua", plan="premium").tenant
    fill(central, source.placement)
    done = clone(cli)
    assert done.exit_code == 0, done.stdout
    copy = found(environment, "dos")
    assert set(contents(central, copy.placement)) == set(contents(central, source.placement))
    assert contents(central, copy.placement)["customers"] == []


@pytest.fixture
def elsewhere(make_database: Callable[..., str], central_template: str) -> Iterator[str]:
    """Another installation."""
    return make_database(central_template)


def test_an_export_is_imported_into_another_installation(
    cli: Cli, shop: Tenant, file: Path, central: Connection, elsewhere: str, *,
    as_runtime: Callable[[str], str],
) -> None:  # fmt: skip
    there = {"DATABASE_URL": elsewhere, "RUNTIME_DATABASE_URL": as_runtime(elsewhere)}
    given = ("--phone-number-id", shop.phone_number_id, "--token-file", "-")
    done = cli("tenant", "import", str(file), "--no-verify", *given, stdin=NEW_TOKEN, env=there)
    assert done.exit_code == 0, done.stderr
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        row = connection.execute("SELECT slug, db_connection_config FROM wabot.clients").fetchone()
        assert row is not None
        place = Placement(Isolation.SCHEMA, schema=row[1]["schema"], role=row[1]["role"])
        assert contents(connection, place) == settled(contents(central, shop.placement))


def test_a_copy_begins_to_count_at_zero(
    cli: Cli, shop: Tenant, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    schema = shop.placement.schema
    central.execute(f"INSERT INTO {schema}.usage VALUES ('2026-11-01', 900)")
    central.execute(f"INSERT INTO {schema}.usage_warnings VALUES ('2026-11-01', 80, 1000)")
    central.execute(
        f"INSERT INTO {schema}.charges VALUES ('2026-11-01', '5215', 'service', 'regular', 0, 9)"
    )
    file = tmp_path / "counted.tgz"
    assert cli("tenant", "export", "lupita", "--out", str(file)).exit_code == 0
    assert clone(cli, "--with", "customers").exit_code == 0
    assert restore(cli, file, "--slug", "tres", number="43").exit_code == 0
    for slug in ("dos", "tres"):
        rows = contents(central, found(environment, slug).placement)
        assert (rows["usage"], rows["usage_warnings"], rows["charges"]) == ([], [], [])
    assert len(contents(central, shop.placement)["usage"]) == 1

"""What is central about a shop is shown although its own tables cannot be read."""

import json
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.asking import TOKEN, create_words, document
from tests.integration.tenants.conftest import Cli

Connection = psycopg.Connection[Any]

_AWAY = "host=127.0.0.1 port=1 user=nobody"


@pytest.mark.parametrize("isolation", ["schema", "database"])
def test_a_shop_whose_tables_are_gone_is_not_a_central_database_that_is_not_prepared(
    cli: Cli, central: Connection, isolation: str
) -> None:
    words = create_words(plan="premium", isolation=isolation)
    made = document(cli(*words, "--json", stdin=TOKEN))["data"]
    at = psycopg.conninfo.make_conninfo(
        central.info.dsn, dbname=made["database"] or central.info.dbname
    )
    with psycopg.connect(at, password=central.info.password or None) as owner:
        owner.execute(f"drop schema {made['schema']} cascade")
    shown = cli("tenant", "show", "lupita")
    assert shown.exit_code == 0, shown.stderr
    assert "phone_number_id\t106540352242922" in shown.stdout
    assert "unreadable\tthe tables of tenant lupita are not as they should be" in shown.stdout
    assert "counts.orders" not in shown.stdout
    assert "lupita is active and its tables cannot be read" in shown.stderr
    assert "wabot tenant doctor lupita" in shown.stderr
    assert "wabot db upgrade" not in shown.output


def test_a_shop_whose_deletion_was_cut_short_is_shown_as_being_deleted(
    cli: Cli, central: Connection
) -> None:
    words = create_words(plan="premium", isolation="database")
    made = document(cli(*words, "--json", stdin=TOKEN))["data"]
    central.execute("update wabot.clients set status = 'deleting'")
    central.execute(f"drop database {made['database']}")
    shown = cli("tenant", "show", "lupita", "--json")
    assert shown.exit_code == 0, shown.stderr
    data = document(shown)["data"]
    assert data["status"] == "deleting"
    assert "There is no database" in data["unreadable"]


def test_a_shop_whose_own_server_is_away_is_shown_with_the_reason(
    cli: Cli, central: Connection
) -> None:
    cli(*create_words(), stdin=TOKEN)
    elsewhere = {
        "isolation": "database",
        "server": _AWAY,
        "database": "away",
        "login": "wabot_r_away",
    }
    central.execute(
        "update wabot.clients set db_connection_config = db_connection_config || %s",
        [json.dumps(elsewhere)],
    )
    shown = cli("tenant", "show", "lupita")
    assert shown.exit_code == 0, shown.stderr
    assert "name\tAbarrotes Lupita" in shown.stdout
    assert f"placement.server\t{_AWAY}" in shown.stdout
    assert "Cannot connect to database away on 127.0.0.1 port 1" in shown.stdout
    assert "Check that the shop's own server runs" in shown.stderr
    assert "DATABASE_URL" not in shown.output

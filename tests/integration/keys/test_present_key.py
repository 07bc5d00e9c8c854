"""Nothing is sealed under a master key that opens nothing of what is stored."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.integration.keys.conftest import NEW, NEW_ID, OLD, OLD_ID, OTHER, written
from tests.integration.tenants.asking import create_words
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli
from wabot.domain.tenant import Tenant

Connection = psycopg.Connection[Any]

TOKEN = "EAAtokenofanewshop"
NUMBER = ("--phone-number-id", "555", "--token-file", "-")


def new_shop(cli: Cli, *keys: bytes, slug: str = "nueva", number: str = "777", **more: str) -> Any:
    words = create_words(slug, phone_number_id=number, **more)
    return cli(*words, stdin=TOKEN, env=written(*keys))


def test_the_first_shop_of_all_may_be_under_any_key(cli: Cli, central: Connection) -> None:
    assert new_shop(cli, NEW).exit_code == 0


@pytest.mark.parametrize("keys", [(NEW,), (NEW, OTHER)])
def test_a_key_that_opens_nothing_stored_makes_no_shop(
    cli: Cli, shops: list[Tenant], central: Connection, tmp_path: Path, keys: tuple[bytes, ...]
) -> None:
    exported = tmp_path / "shop.tgz"
    assert cli("tenant", "export", "shop-0", "--out", str(exported)).exit_code == 0
    # What says where a server is, without the password that libpq may need.
    server = {k: v for k, v in conninfo_to_dict(central.info.dsn).items() if k != "password"}
    elsewhere = make_conninfo("", **server | {"dbname": "elsewhere_of_the_tests"})
    central.execute("update wabot.clients set plan_type = 'premium' where slug = 'shop-1'")
    listed = tmp_path / "shops.csv"
    listed.write_text(
        "slug,name,template,plan,phone_number_id,token\n"
        f"nueva,Nueva,abarrotes,basico,777,{TOKEN}\notra,Otra,abarrotes,basico,778,{TOKEN}\n"
    )
    listed.chmod(0o600)
    before = everything(central)
    refusals = [
        new_shop(cli, *keys),
        cli(*create_words(phone_number_id="9"), "--dry-run", stdin=TOKEN, env=written(*keys)),
        cli("tenant", "create", "--from", str(listed), env=written(*keys)),
        cli(
            "tenant",
            "clone",
            "shop-0",
            "nueva",
            "--no-verify",
            *NUMBER,
            stdin=TOKEN,
            env=written(*keys),
        ),
        cli(
            *("tenant", "import", str(exported), "--slug", "nueva", "--no-verify", *NUMBER),
            stdin=TOKEN,
            env=written(*keys),
        ),
        cli(
            *("tenant", "move", "shop-1", "--isolation", "database", "--database-url", elsewhere),
            env=written(*keys),
        ),
    ]
    for refused in refusals:
        assert refused.exit_code == 3, refused.stderr
        assert f"encrypted under the key {OLD_ID}" in refused.stderr
        assert NEW_ID in refused.stderr
        assert "nothing was changed" in refused.stderr
        assert "wabot keys list" in refused.stderr
    assert everything(central) == before


def test_while_keys_are_rotated_the_new_one_seals_already(
    cli: Cli, shops: list[Tenant], central: Connection
) -> None:
    assert new_shop(cli, NEW, OLD).exit_code == 0
    ((token,),) = central.execute(
        "select whatsapp_token from wabot.clients where slug = 'nueva'"
    ).fetchall()
    assert token.startswith(f"v1.{NEW_ID}.")


def test_one_spoilt_secret_does_not_make_a_key_wrong(
    cli: Cli, shops: list[Tenant], central: Connection
) -> None:
    central.execute(
        "update wabot.clients set whatsapp_token ="
        " (select whatsapp_token from wabot.clients where slug = 'shop-1') where slug = 'shop-0'"
    )
    assert new_shop(cli, OLD).exit_code == 0


def test_shops_under_a_lost_key_do_not_keep_others_from_being_made(
    cli: Cli, shops: list[Tenant], central: Connection
) -> None:
    assert new_shop(cli, NEW, OLD, slug="nueva").exit_code == 0
    assert new_shop(cli, NEW, slug="otra", number="778").exit_code == 0

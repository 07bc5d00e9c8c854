"""`wabot tenant` as the operator runs it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.asking import TOKEN, create_words, document
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli

Connection = psycopg.Connection[Any]


def test_create_says_what_it_made_and_what_comes_next(cli: Cli, central: Connection) -> None:
    done = cli(*create_words(), stdin=TOKEN)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert "Created lupita (Abarrotes Lupita, basico, abarrotes)" in done.stderr
    assert "next: wabot tenant show lupita" in done.stderr
    assert central.execute("select slug, app_id from wabot.clients").fetchall() == [
        ("lupita", "100200300400500")
    ]


def test_create_and_show_give_one_document_each(cli: Cli, central: Connection) -> None:
    phone = "+525512345678"
    made = document(cli(*create_words("lupita", "--json", owner_phone=phone), stdin=TOKEN))
    assert made["ok"] is True
    assert made["command"] == "tenant create"
    assert set(made) == {"ok", "command", "data", "warnings", "next"}
    assert made["warnings"] == []
    assert made["data"]["created"] is True
    assert made["data"]["products"] == 48

    shown = document(cli("tenant", "show", "lupita", "--json"))["data"]
    assert shown["id"] == made["data"]["id"]
    assert shown["placement"]["schema"] == made["data"]["schema"]
    assert shown["counts"] == {
        "customers": 0,
        "products": 48,
        "active_products": 48,
        "orders": 0,
        "open_orders": 0,
        "untold_orders": 0,
    }
    assert shown["settings"]["session_lifetime"] == "24h"
    stored = central.execute("select whatsapp_token from wabot.clients").fetchone()
    assert stored is not None
    assert stored[0] not in str(shown)
    assert len(shown["token"]) == 8


def test_the_token_is_nowhere_but_encrypted_in_the_database(
    environment: dict[str, str], central: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    printed = ""
    for words in (
        create_words("lupita", token_file=str(file)),
        create_words("lupita", name="Otra", token_file=str(file)),
        ["tenant", "show", "lupita", "--json"],
    ):
        assert TOKEN not in " ".join(words)
        done = subprocess.run(
            [Path(sys.executable).with_name("wabot"), *words],
            env={"PATH": os.environ["PATH"], "WABOT_LOG_LEVEL": "debug", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        printed += done.stdout + done.stderr
    assert "Created lupita" in printed
    assert "differs in: name" in printed
    assert TOKEN not in printed
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(TOKEN in path.read_text() for path in written)
    ((row,),) = central.execute("select c::text from wabot.clients c").fetchall()
    assert TOKEN not in row
    ((audited,),) = central.execute("select a::text from wabot.audit_log a").fetchall()
    assert TOKEN not in audited


def test_the_same_command_again_changes_nothing_and_succeeds(cli: Cli, central: Connection) -> None:
    assert cli(*create_words(), stdin=TOKEN).exit_code == 0
    before = everything(central)
    again = cli(*create_words(), stdin=TOKEN)
    assert again.exit_code == 0
    assert "exists already" in again.stderr
    assert everything(central) == before


BAD_INPUT: list[tuple[dict[str, str], str, str]] = [
    ({"template": "abarotes"}, "unknown_choice", "known: abarrotes"),
    ({"plan": "gold"}, "unknown_choice", "known: basico, completo, premium"),
    ({"phone_number_id": "+52 55"}, "invalid_input", "digits only"),
    ({"owner_phone": "12"}, "invalid_input", "owner phone"),
    ({"country": "zz"}, "unknown_choice", "known: AR, BO"),
    ({"time_zone": "Lima"}, "unknown_choice", "IANA"),
    ({"token_file": "/nowhere"}, "invalid_input", "/nowhere"),
]
BAD_SLUGS = ("Lupita", "a", "lu pita", "lu;pita", "niño", "x" * 63, "wabot")


def test_bad_input_is_refused_and_nothing_is_made(
    cli: Cli, central: Connection, subtests: pytest.Subtests
) -> None:
    for changes, code, told in BAD_INPUT:
        with subtests.test(**changes):
            done = cli(*create_words("lupita", "--json", **changes), stdin=TOKEN)
            error = document(done)["error"]
            assert (done.exit_code, error["code"]) == (2, code)
            assert told in error["message"]
    for slug in BAD_SLUGS:
        with subtests.test(slug=slug):
            done = cli(*create_words(slug), stdin=TOKEN)
            assert done.exit_code == 2
            assert "cannot be a slug" in done.stderr
    assert central.execute("select count(*) from wabot.clients").fetchone() == (0,)


def test_a_number_or_slug_in_use_is_a_conflict(cli: Cli, central: Connection) -> None:
    assert cli(*create_words(), stdin=TOKEN).exit_code == 0
    before = everything(central)
    taken = cli(*create_words("second"), stdin=TOKEN)
    assert taken.exit_code == 4
    assert "already belongs to tenant lupita" in taken.stderr
    renamed = cli(*create_words("lupita", "--json", name="Otra"), stdin=TOKEN)
    assert renamed.exit_code == 4
    assert document(renamed)["error"]["code"] == "conflict"
    assert everything(central) == before


def test_without_a_master_key_it_says_how_to_make_one(cli: Cli, central: Connection) -> None:
    done = cli(*create_words(), stdin=TOKEN, env={"WABOT_MASTER_KEY": ""})
    assert done.exit_code == 3
    assert "WABOT_MASTER_KEY" in done.stderr
    assert "`wabot init` makes one" in done.stderr
    assert central.execute("select count(*) from wabot.clients").fetchone() == (0,)


def test_without_a_token_and_a_terminal_the_option_is_named(cli: Cli) -> None:
    words = [word for word in create_words() if word not in {"--token-file", "-"}]
    done = cli(*words)
    assert done.exit_code == 2
    assert "--token-file" in done.stderr


def test_a_dry_run_shows_and_changes_nothing(cli: Cli, central: Connection) -> None:
    before = everything(central)
    done = cli(*create_words("lupita", "--dry-run"), stdin=TOKEN)
    assert done.exit_code == 0
    assert "Would create lupita" in done.stderr
    planned = document(cli(*create_words("lupita", "--dry-run", "--json"), stdin=TOKEN))["data"]
    assert (planned["dry_run"], planned["created"], planned["products"]) == (True, False, 48)
    assert everything(central) == before


def test_a_shop_whose_owner_hears_of_no_order_is_warned_about(cli: Cli) -> None:
    made = document(cli(*create_words("lupita", "--json"), stdin=TOKEN))
    assert "--owner-phone" in made["warnings"][0]


def test_creating_tells_when_the_shops_people_can_be_written_to(cli: Cli) -> None:
    told = cli(*create_words("lupita", owner_phone="+525512345678"), stdin=TOKEN).stderr
    assert "for 24 hours" in told
    assert "wabot tenant update lupita --set order_notice_template=NAME:LANGUAGE" in told
    assert "24 hours" not in cli(*create_words("two", phone_number_id="2"), stdin=TOKEN).stderr


def test_an_app_whose_secret_is_not_known_is_warned_about(cli: Cli) -> None:
    owner = {"owner_phone": "+525512345678"}
    known = document(cli(*create_words("one", "--json", **owner), stdin=TOKEN))
    words = create_words("two", "--json", phone_number_id="2", app_id="999", **owner)
    other = document(cli(*words, stdin=TOKEN))
    assert known["warnings"] == []
    assert "999" in other["warnings"][0]


def test_the_list_is_tab_separated_off_a_terminal(cli: Cli) -> None:
    empty = cli("tenant", "list")
    assert (empty.exit_code, empty.stdout) == (0, "")
    cli(*create_words("lupita", name="Doña Lupita"), stdin=TOKEN)
    cells = cli("tenant", "list").stdout.rstrip("\n").split("\t")
    assert cells[:6] == [
        "lupita",
        "Doña Lupita",
        "basico",
        "active",
        "abarrotes",
        "106540352242922",
    ]
    (listed,) = document(cli("tenant", "list", "--json"))["data"]
    assert listed["slug"] == "lupita"
    assert "token" not in str(listed)


def test_show_names_tenants_that_come_close(cli: Cli) -> None:
    cli(*create_words(), stdin=TOKEN)
    done = cli("tenant", "show", "lupitta")
    assert done.exit_code == 4
    assert "Did you mean lupita?" in done.stderr


def test_show_without_the_key_says_so_instead_of_failing(cli: Cli) -> None:
    cli(*create_words(), stdin=TOKEN)
    for key, told in (("", "set WABOT_MASTER_KEY"), ("A" * 43, "no key of WABOT_MASTER_KEY")):
        done = cli("tenant", "show", "lupita", env={"WABOT_MASTER_KEY": key})
        assert done.exit_code == 0
        assert told in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("tenant", "list"),
        ("tenant", "show", "lupita"),
        ("tenant", "update", "lupita", "--name", "Lupita"),
        ("tenant", "module", "list"),
        ("keys", "list"),
        ("inbox", "list"),
        ("db", "status"),
    ],
    ids=" ".join,
)
def test_a_setting_that_is_none_is_told_by_every_command(cli: Cli, words: tuple[str, ...]) -> None:
    cli(*create_words(), stdin=TOKEN)
    told = document(cli(*words, "--json", env={"WABOT_POOLSIZE": "4"}))["warnings"]
    assert told == [
        "WABOT_POOLSIZE is not a setting of wabot and has no effect. Did you mean WABOT_POOL_SIZE?"
    ]

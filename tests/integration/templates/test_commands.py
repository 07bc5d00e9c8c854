"""`wabot tenant template`: what the operator sees of the kinds of shop, and begins anew."""

import json
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.templates.conftest import Cli
from tests.integration.tenants.asking import create_words
from wabot.config import bundled
from wabot.repositories.provisioning.migration_line import head_revisions

BUNDLED = bundled("tenant_templates")
UPGRADE = "def upgrade() -> None:\n"
ADD = 'op.add_column("__wbp__orders", sa.Column("fruit", sa.Text()), schema="tenant")'
DROP = 'op.drop_table("__wbp__orders", schema="tenant")'
TRADES = ("abarrotes", "agua", "comercio", "tintoreria", "verduleria")


@pytest.fixture
def own(cli: Cli, tmp_path: Path) -> Path:
    """The operator's folder with a template begun from the water seller."""
    folder = tmp_path / "own"
    done = cli(
        "tenant", "template", "new", "pipas", "--from", "agua", "--template-dir", str(folder)
    )
    assert done.exit_code == 0, done.output
    return folder


def data(cli: Cli, *words: str, own: Path | None = None) -> Any:
    where = ("--template-dir", str(own)) if own else ()
    done = cli("tenant", "template", *words, *where, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["data"]


def schemas(central_url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(central_url) as connection:
        return connection.execute("select nspname from pg_namespace order by 1").fetchall()


def test_the_list_has_every_trade_with_its_tables(cli: Cli) -> None:
    rows = {row["template"]: row for row in data(cli, "list")}
    assert tuple(sorted(rows)) == TRADES
    assert rows["verduleria"]["tables"] == "daily_prices"
    assert rows["comercio"]["tables"] == ""
    assert all(row["products"] >= 40 and row["description"] for row in rows.values())
    assert not any(row["own"] for row in rows.values())


def test_an_own_template_is_listed_as_such(cli: Cli, own: Path) -> None:
    rows = {row["template"]: row["own"] for row in data(cli, "list", own=own)}
    assert [name for name, is_own in rows.items() if is_own] == ["pipas"]


def test_one_broken_template_does_not_hide_the_others(cli: Cli, own: Path) -> None:
    (own / "pipas/catalog.csv").unlink()
    done = cli("tenant", "template", "list", "--template-dir", str(own))
    assert done.exit_code == 0
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {*TRADES, "pipas"}
    assert "pipas cannot be used" in done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("pipas\t")]
    assert "catalog.csv" in row


def test_show_tells_what_a_shop_is_made_of(cli: Cli) -> None:
    shown = data(cli, "show", "verduleria")
    settings = {setting["key"]: setting for setting in shown["settings"]}
    assert settings["verduleria_tolerance"] == {
        "key": "verduleria_tolerance",
        "type": "whole",
        "default": 10,
        "minimum": 0,
        "maximum": 50,
        "help": settings["verduleria_tolerance"]["help"],
    }
    assert settings["verduleria_substitution"]["choices"] == ["similar", "remove", "ask"]
    assert shown["order_status"][0] == {"code": "pendiente", "label": "Pendiente", "final": False}
    assert shown["categories"]["Chiles frescos"] == 5
    assert shown["tables"] == {"verduleria": ["daily_prices"]}


def test_show_as_text_has_a_line_for_each_setting_and_state(cli: Cli) -> None:
    shown = cli("tenant", "template", "show", "tintoreria").stdout
    assert "settings.tintoreria_reminders\t3 (whole, minimum 0, maximum 20): " in shown
    assert "order_status.entregado\tRopa entregada (final)" in shown
    assert "tables.tintoreria\tgarments, services, garment_services, tickets" in shown


def test_an_unknown_template_is_refused_with_the_known_ones(cli: Cli) -> None:
    done = cli("tenant", "template", "show", "panaderia")
    assert done.exit_code == 2
    assert "known: abarrotes, agua" in done.stderr


def test_a_new_template_passes_its_own_check(cli: Cli, own: Path) -> None:
    (row,) = data(cli, "validate", "pipas", own=own)
    assert row == {
        "template": "pipas",
        "products": 45,
        "settings": 13,
        "texts": 28,
        "conversations": 13,
        "tables_tried": True,
    }
    scripts = [path.read_text(encoding="utf-8") for path in own.glob("pipas/conversations/*")]
    assert all("\n@ template pipas\n" in text for text in scripts)


def test_settings_of_a_template_without_tables_take_the_new_name(cli: Cli, own: Path) -> None:
    again = data(cli, "new", "cisternas", "--from", "pipas", own=own)
    assert again["source"] == "pipas"
    keys = {setting["key"] for setting in data(cli, "show", "cisternas", own=own)["settings"]}
    assert "agua_bottle_limit" in keys


@pytest.mark.parametrize("name", ["agua", "pipas", "base", "modules"])
def test_a_name_that_is_taken_is_refused(cli: Cli, own: Path, name: str) -> None:
    before = sorted(own.rglob("*"))
    done = cli("tenant", "template", "new", name, "--template-dir", str(own))
    assert done.exit_code == 4
    assert "nothing was changed" in done.stderr
    assert sorted(own.rglob("*")) == before


@pytest.mark.parametrize("name", ["Pipas", "pi-pas", "../pipas", "1pipas", "", "p" * 28, "pípas"])
def test_a_name_that_cannot_be_is_refused(cli: Cli, own: Path, name: str) -> None:
    done = cli("tenant", "template", "new", name, "--template-dir", str(own))
    assert done.exit_code == 2
    assert sorted(path.name for path in own.iterdir()) == ["pipas"]


def test_a_new_template_needs_a_folder_of_ones_own(cli: Cli) -> None:
    done = cli("tenant", "template", "new", "pipas")
    assert done.exit_code == 3
    assert "--template-dir" in done.stderr
    assert not (BUNDLED / "pipas").exists()


def test_nothing_is_begun_from_a_broken_template(cli: Cli, own: Path) -> None:
    (own / "pipas/texts.toml").write_text("[menu]\nmain = 3\n", encoding="utf-8")
    words = ("tenant", "template", "new", "otra", "--from", "pipas", "--template-dir", str(own))
    assert cli(*words).exit_code == 2
    assert sorted(path.name for path in own.iterdir()) == ["pipas"]


def test_every_bundled_template_is_good_and_leaves_nothing_behind(
    cli: Cli, central_url: str
) -> None:
    before = schemas(central_url)
    rows = data(cli, "validate")
    assert tuple(row["template"] for row in rows) == TRADES
    assert all(row["tables_tried"] for row in rows)
    assert schemas(central_url) == before


def test_offline_asks_no_database(cli: Cli) -> None:
    unreachable = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = cli("tenant", "template", "validate", "agua", "--offline", env=unreachable)
    assert done.exit_code == 0
    assert done.stdout.split("\t")[-1] == "no\n"


def test_a_database_that_is_away_is_said_and_the_rest_is_checked(cli: Cli) -> None:
    unreachable = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = cli("tenant", "template", "validate", "agua", env=unreachable)
    assert done.exit_code == 0, done.output
    assert "tables were not tried on PostgreSQL" in done.stderr


def test_everything_wrong_is_told_at_once_with_file_and_line(cli: Cli, own: Path) -> None:
    folder = own / "pipas"
    replace(folder / "catalog.csv", ",40.00,garrafón", ",cuarenta,garrafón")
    replace(folder / "texts.toml", 'pickup = "Paso a la planta"', f'pickup = "{"x" * 21}"')
    replace(folder / "template.toml", '"Hielo"', f'"Hielo", "{"H" * 25}"')
    replace(folder / "conversations/saludo.chat", "> hola", "hola")
    replace(folder / "conversations/estado.chat", "status.none", "status.nome")
    replace(folder / "conversations/asesor.chat", "@ template pipas", "@ template agua")
    done = cli("tenant", "template", "validate", str(folder))
    assert done.exit_code == 1
    for told in (
        "catalog.csv:2: price 'cuarenta' is no number",
        "texts.toml:9: text 'option.pickup' has 21 characters, the limit is 20",
        f"categories: '{'H' * 25}' must be a text of 1 to 24 characters",
        "saludo.chat:3: ",
        "estado.chat:4: there is no text status.nome",
        "asesor.chat:1: plays agua; write: @ template pipas",
    ):
        assert told in done.stderr, done.stderr
    assert "'Hielo' is not among" not in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"__wbp__daily_prices_day_ix"', '"daily_prices_day_ix"', "index daily_prices_day_ix has"),
        ('["day"], schema="tenant")', '["day"])', "daily_prices: write it with schema"),
        (UPGRADE, f"{UPGRADE}    {DROP}\n", "drops a table"),
        ("__wbp__daily_prices_price_check", "price_check", "constraint price_check has no mark"),
        ('"__wbp__daily_prices_pkey"', f'"__wbp__{"p" * 47}"', "longer than 46 characters"),
        (UPGRADE, f"{UPGRADE}    {ADD}\n", "changes orders, a table that this branch does"),
        ('("base_0001",)', '("base_0099",)', "there is no base_0099"),
        ('("base_0001",)', '("agua_0001", "nada_0001")', "there is no nada_0001"),
        ('kind = "expand"', 'kind = "explode"', 'kind must be "expand" or "contract"'),
        (UPGRADE, f"{UPGRADE}    raise ValueError('no')\n",
         "cannot be written as SQL: ValueError: no"),
        ("price > 0", "prize > 0", 'PostgreSQL refuses it: column "prize" does not exist'),
        ('"tenant.__wbp__products.id"', '"tenant.__wbp__product.id"', "PostgreSQL refuses it"),
    ],
)  # fmt: skip
def test_a_branch_that_breaks_a_rule_is_refused_with_its_file(
    cli: Cli, tmp_path: Path, old: str, new: str, reason: str
) -> None:
    folder = tmp_path / "own/frutas"
    copy_of("verduleria", folder)
    (revision,) = (folder / "versions").glob("*.py")
    replace(revision, old, new)
    done = cli("tenant", "template", "validate", str(folder))
    assert done.exit_code == 1, done.output
    assert f"{revision}:" in done.stderr
    assert reason in done.stderr


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("garments", "code,label\nhat\n", "garments.csv:2: 1 cell, 2 expected"),
        ("garments", "code,code\nhat,x\n", "garments.csv:1: the first line must name each column"),
        ("garment_services", "sku,garment_code,service_code\nNO-1,traje,planchado\n",
         "garment_services.csv:2: sku 'NO-1' is not in catalog.csv"),
        ("hats", "code\nx\n", "hats.csv:1: the template makes no table hats"),
        ("garments", 'code,label\n"a"b,c\n', "garments.csv:2: no valid CSV"),
        ("services", "code,label,turnaround_days\nx,y,soon\n", "PostgreSQL refuses its rows"),
        ("services", "code,label,turnaround_days\nx,y,1\n", "PostgreSQL refuses its rows"),
        ("services", "code,colour\nx,red\n", "PostgreSQL refuses its rows"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_their_table_are_refused(
    cli: Cli, tmp_path: Path, file: str, text: str, reason: str
) -> None:
    folder = tmp_path / "own/lavados"
    copy_of("tintoreria", folder)
    (folder / f"rows/{file}.csv").write_text(text, encoding="utf-8")
    done = cli("tenant", "template", "validate", str(folder))
    assert done.exit_code == 1, done.output
    assert reason in done.stderr


def test_a_good_branch_of_ones_own_is_taken(cli: Cli, tmp_path: Path) -> None:
    copy_of("verduleria", tmp_path / "own/frutas")
    (row,) = data(cli, "validate", str(tmp_path / "own/frutas"))
    assert row["tables_tried"] is True


def test_a_dry_cleaner_begins_with_its_garments_and_services(cli: Cli, central_url: str) -> None:
    token = Path("token")
    token.write_text("EAAGm0PX4ZCpsBAKZCZBhEr5aQZDZD")
    words = [str(token) if word == "-" else word for word in create_words(template="tintoreria")]
    assert cli(*words).exit_code == 0
    with psycopg.connect(central_url) as connection:
        (schema,) = connection.execute(
            "select db_connection_config->>'schema' from wabot.clients"
        ).fetchone() or ("",)
        connection.execute(f"set search_path to {schema}")
        ironed = connection.execute(
            "select p.sku, g.label, s.turnaround_days from garment_services x"
            " join products p on p.id = x.product_id join garments g on g.code = x.garment_code"
            " join services s on s.code = x.service_code"
            " where s.code = 'planchado' order by p.sku limit 2"
        ).fetchall()
        assert ironed == [("PLA-001", "Camisa", 1), ("PLA-002", "Pantalón", 1)]


def test_a_shop_is_created_from_an_own_template(
    cli: Cli, own: Path, central_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = create_words("aguita", "--template-dir", str(own), template="pipas")
    token = own / "token"
    token.write_text("EAAGm0PX4ZCpsBAKZCZBhEr5aQZDZD")
    words = [str(token) if word == "-" else word for word in words]
    done = cli(*words)
    assert done.exit_code == 0, done.output
    with psycopg.connect(central_url) as connection:
        (schema, template, revision) = connection.execute(
            "select db_connection_config->>'schema', template, schema_revision from wabot.clients"
        ).fetchone() or ("", "", "")
        assert (template, revision) == ("pipas", f"agua_0001,{head_revisions()[0]}")
        assert connection.execute(f"select * from {schema}.bottle_movements").fetchall() == []


def copy_of(name: str, folder: Path) -> None:
    """Copy a template that has tables under another name, as a careful operator would."""
    shutil.copytree(BUNDLED / name, folder, ignore=shutil.ignore_patterns("*.pyc"))
    for path in (*folder.rglob("*.chat"), *folder.rglob("*.toml"), *folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        text = text.replace(f"@ template {name}", f"@ template {folder.name}")
        text = text.replace(f"{name}_", f"{folder.name}_")
        path.write_text(text, encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

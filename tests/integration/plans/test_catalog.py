"""The operator's way to a shop's catalogue, and the plan's limit on what is sold."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.plans.conftest import Rows
from tests.integration.tenants.asking import create_words, document
from tests.integration.tenants.conftest import Cli
from wabot.container import Provisioning
from wabot.errors import Refused

HEADER = "sku,name,description,price,unit,step,stock,category,aliases\n"


def csv(folder: Path, *lines: str) -> str:
    path = folder / "productos.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return str(path)


def new_products(count: int) -> list[str]:
    return [f"NEW-{n:03},Nuevo {n},,10,pieza,1,5,Despensa," for n in range(1, count + 1)]


def active(rows: Rows) -> int:
    return rows("SELECT count(*) FROM {}.products WHERE is_active")[0][0]


def version(rows: Rows) -> int:
    return rows("SELECT version FROM {}.shop_state")[0][0]


def test_products_are_listed_as_customers_see_them_with_the_limit_beside(
    cli: Cli, shop: str
) -> None:
    done = cli("catalog", "list", shop)
    lines = done.stdout.splitlines()
    assert lines[0] == "DES-001\tArroz 1 kg\t32.00\tbolsa\t40\tDespensa\tyes"
    assert len(lines) == 48
    assert done.stderr == "48 of 48 products on sale; 50 allowed.\n"
    found = document(cli("catalog", "list", shop, "--inactive", "--json"))
    assert found["data"] == []


def test_stock_is_listed_in_units_not_in_steps(cli: Cli, shop: str, rows: Rows) -> None:
    rows("UPDATE {}.products SET step = 0.25, stock = 6 WHERE sku = 'DES-001'")
    (first, *_) = document(cli("catalog", "list", shop, "--json"))["data"]
    assert first["stock"] == "1.5"


def test_a_file_adds_changes_and_leaves_products_and_running_servers_see_it(
    cli: Cli, shop: str, rows: Rows, tmp_path: Path, audited: Callable
) -> None:
    before = version(rows)
    path = csv(
        tmp_path,
        "DES-001,Arroz 1 kg,Arroz blanco súper extra,35.50,bolsa,1,12,Despensa,arroz",
        "NEW-1,Queso Oaxaca suelto,,90,kg,0.25,2.5,Despensa,queso",
        "DES-004,Sal de mesa 1 kg,Sal refinada yodada,17.00,bolsa,1,30,Despensa,sal",
    )
    tried = document(cli("catalog", "import", shop, path, "--dry-run", "--json"))["data"]
    assert (tried["added"], tried["changed"], tried["unchanged"]) == (["NEW-1"], ["DES-001"], 1)
    assert (version(rows), audited()) == (before, [])
    done = document(cli("catalog", "import", shop, path, "--json"))["data"]
    assert done == tried | {"dry_run": False}
    assert rows("SELECT name, price, stock, step, position FROM {}.products WHERE sku = 'NEW-1'")[
        0
    ] == ("Queso Oaxaca suelto", 90, 10, pytest.approx(0.25), 50)
    assert rows("SELECT price, stock, position FROM {}.products WHERE sku = 'DES-001'") == [
        (pytest.approx(35.5), 12, 1)
    ]
    assert version(rows) == before + 1
    assert audited() == [
        (
            "catalog.import",
            {
                "active_products": [48, 49],
                "added": ["NEW-1"],
                "changed": {"DES-001": {"price": ["32.00", "35.50"], "stock": ["40", "12"]}},
            },
        )
    ]


def test_the_same_file_again_changes_nothing(
    cli: Cli, shop: str, rows: Rows, tmp_path: Path, audited: Callable
) -> None:
    path = csv(tmp_path, *new_products(2))
    cli("catalog", "import", shop, path)
    before = version(rows)
    again = cli("catalog", "import", shop, path)
    assert "Added 0 and changed 0 products of lupita; 2 are just so already." in again.stderr
    assert version(rows) == before
    assert len(audited()) == 1


def test_a_product_off_sale_stays_so_when_a_file_changes_it(
    cli: Cli, shop: str, rows: Rows, tmp_path: Path
) -> None:
    cli("catalog", "deactivate", shop, "DES-001")
    cli("catalog", "import", shop, csv(tmp_path, "DES-001,Arroz,,1,bolsa,1,1,Despensa,"))
    assert rows("SELECT name, is_active FROM {}.products WHERE sku = 'DES-001'") == [
        ("Arroz", False)
    ]


def test_one_active_product_too_many_is_refused_with_the_numbers_and_nothing_is_written(
    cli: Cli, shop: str, rows: Rows, tmp_path: Path, audited: Callable
) -> None:
    path = csv(tmp_path, *new_products(3))
    for words in (("import", shop, path), ("import", shop, path, "--dry-run")):
        done = cli("catalog", *words)
        assert done.exit_code == 4
        assert (
            "plan basico allows 50 active products, lupita has 48 and would have 51; nothing was"
            " changed" in done.stderr
        )
        assert "Deactivate others first or choose plan completo or premium." in done.stderr
    assert (active(rows), audited()) == (48, [])
    assert cli("catalog", "import", shop, path, "--inactive").exit_code == 0
    assert cli("catalog", "activate", shop, "NEW-001", "nuevo 2").exit_code == 0
    refused = cli("catalog", "activate", shop, "NEW-003")
    assert (refused.exit_code, "has 50 and would have 51" in refused.stderr) == (4, True)
    assert active(rows) == 50
    assert cli("catalog", "deactivate", shop, "DES-001", "DES-001").exit_code == 0
    assert cli("catalog", "activate", shop, "NEW-003").exit_code == 0
    assert active(rows) == 50


def test_of_many_that_activate_at_once_no_more_pass_than_the_plan_allows(
    cli: Cli, shop: str, rows: Rows, tmp_path: Path, provisioning: Provisioning
) -> None:
    cli("catalog", "import", shop, csv(tmp_path, *new_products(8)), "--inactive")

    def activate(sku: str) -> str:
        try:
            provisioning.catalog.switch(shop, [sku], active=True)
        except Refused as refused:
            return refused.message.rpartition("lupita ")[2]
        return "activated"

    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(activate, [f"NEW-{n:03}" for n in range(1, 9)]))
    assert Counter(passed) == {
        "activated": 2,
        "has 50 and would have 51; nothing was changed": 6,
    }
    assert active(rows) == 50


def test_who_has_too_many_keeps_them_and_gets_no_more(cli: Cli, shop: str, rows: Rows) -> None:
    """As when an override ended."""
    rows("INSERT INTO {}.products (sku, name, price) SELECT 'X' || n, 'X' || n, 1"
         " FROM generate_series(1, 10) n")  # fmt: skip
    assert cli("catalog", "deactivate", shop, "X1").exit_code == 0
    done = cli("catalog", "activate", shop, "X1")
    assert (done.exit_code, "has 57 and would have 58" in done.stderr) == (4, True)


_BAD_LINES = [
    ("A,Queso,,x,kg,1,1,Despensa,", "productos.csv:3: price 'x' is no number"),
    ("A,Queso,,1,litro-raro,1,1,Despensa,", "productos.csv:3: unit 'litro-raro'"),
    ("A,Queso,,1,kg,1,1,Nada,", "productos.csv:3: category 'Nada'"),
    ("NEW-001,Queso,,1,kg,1,1,Despensa,", "productos.csv:3: sku 'NEW-001' stands"),
    ("A,Arroz 1 kg,,1,kg,1,1,Despensa,", "already that of the product with sku DES-001"),
]


def test_a_bad_line_is_named_and_nothing_is_loaded(
    cli: Cli, shop: str, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for line, said in _BAD_LINES:
        with subtests.test(line=line):
            done = cli("catalog", "import", shop, csv(tmp_path, *new_products(1), line))
            assert done.exit_code == 2
            assert said in done.stderr
    assert len(document(cli("catalog", "list", shop, "--json"))["data"]) == 48


def test_a_file_without_products_or_missing_is_refused(cli: Cli, shop: str, tmp_path: Path) -> None:
    empty = cli("catalog", "import", shop, csv(tmp_path))
    assert (empty.exit_code, "there are no products in it" in empty.stderr) == (2, True)
    gone = cli("catalog", "import", shop, str(tmp_path / "gone.csv"))
    assert (gone.exit_code, "gone.csv: the file is missing" in gone.stderr) == (2, True)
    assert "Hint: Correct the path" in gone.stderr


def test_an_unknown_product_is_answered_with_those_that_come_close(
    cli: Cli, shop: str, rows: Rows
) -> None:
    done = cli("catalog", "deactivate", shop, "DES-002", "DES-0001")
    assert done.exit_code == 2
    assert "no product 'DES-0001'; nothing was changed" in done.stderr
    assert "Did you mean DES-001" in done.stderr
    assert active(rows) == 48


def test_a_shop_that_is_moved_or_deleted_is_not_changed(
    cli: Cli, shop: str, rows: Rows, central
) -> None:
    central.execute("UPDATE wabot.clients SET status = 'moving'")
    done = cli("catalog", "deactivate", shop, "DES-001")
    assert (done.exit_code, "lupita is moving: nothing was changed" in done.stderr) == (4, True)
    assert active(rows) == 48


def test_a_shop_in_a_database_of_its_own_is_changed_the_same_way(
    cli: Cli, audited: Callable, tmp_path: Path
) -> None:
    words = create_words("propia", plan="premium", phone_number_id="1", isolation="database")
    assert cli(*words, stdin="EAAtoken").exit_code == 0
    done = document(cli("catalog", "import", "propia", csv(tmp_path, *new_products(2)), "--json"))
    assert (done["data"]["active_products"], done["data"]["allowed"]) == (50, 2_000)
    assert [action for action, _ in audited()] == ["catalog.import"]


def test_a_clone_with_more_active_products_than_its_plan_allows_is_refused(
    cli: Cli, shop: str, tmp_path: Path
) -> None:
    assert cli("tenant", "update", shop, "--plan", "completo").exit_code == 0
    cli("catalog", "import", shop, csv(tmp_path, *new_products(10)))
    words = ("--phone-number-id", "77", "--token-file", "-", "--plan", "basico")
    done = cli("tenant", "clone", shop, "copia", *words, stdin="EAAother")
    assert done.exit_code == 4
    assert "plan basico allows 50 active products, copia would have 58" in done.stderr

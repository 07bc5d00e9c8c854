"""A smaller plan for a shop that uses more: refused, or done as the operator says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.plans.conftest import Connection, Rows
from tests.integration.tenants.asking import create_words, document
from tests.integration.tenants.conftest import Cli
from wabot.cli.tenant import keep_products
from wabot.container import Provisioning
from wabot.errors import Conflict
from wabot.services.provisioning.update import UpdateRequest


@pytest.fixture
def large(cli: Cli, shop: str, rows: Rows) -> str:
    """A shop that sells 58 products in a plan that allows 300."""
    assert cli("tenant", "update", shop, "--plan", "completo").exit_code == 0
    rows(
        "INSERT INTO {}.products (sku, name, price, position) SELECT 'X' || n, 'Extra ' || n, 1,"
        " 100 + n FROM generate_series(1, 10) n"
    )
    return shop


def active(rows: Rows) -> list[str]:
    return [sku for (sku,) in rows("SELECT sku FROM {}.products WHERE is_active ORDER BY sku")]


def plan(cli: Cli, shop: str) -> str:
    return document(cli("tenant", "show", shop, "--json"))["data"]["plan"]


def test_a_plan_below_todays_use_is_refused_with_the_list_of_what_is_over(
    cli: Cli, large: str, rows: Rows
) -> None:
    rows("INSERT INTO {}.usage VALUES (current_date, 1001)")
    done = cli("tenant", "update", large, "--plan", "basico")
    assert done.exit_code == 4
    unanswered = "no new conversation would be answered before the next month"
    saying = "saying which products stay with --keep-products FILE|SKU,…"
    assert done.stderr.splitlines() == [
        "Error: plan basico is too small for lupita as it is used today:",
        "  58 active products, 50 allowed",
        f"  1,001 messages this month, 1,000 allowed: {unanswered}",
        "Nothing was changed.",
        f"Hint: Bring that down first; or --force, {saying}.",
    ]
    assert (plan(cli, large), len(active(rows))) == ("completo", 58)


def test_by_force_the_products_that_were_named_stay_and_the_others_are_off_sale(
    cli: Cli, large: str, rows: Rows, tmp_path: Path, audited: Callable[[], list[tuple[str, Any]]]
) -> None:
    version = rows("SELECT version FROM {}.shop_state")[0][0]
    kept = tmp_path / "kept.csv"
    kept.write_text("sku,name\nX1,Extra 1\nextra 2,\nDES-001,Arroz\n")
    words = ("tenant", "update", large, "--plan", "basico", "--force")
    tried = document(cli(*words, "--keep-products", str(kept), "--dry-run", "--json"))["data"]
    assert (len(tried["deactivated"]), len(active(rows))) == (55, 58)
    done = document(cli(*words, "--keep-products", str(kept), "--json"))["data"]
    assert done["deactivated"] == tried["deactivated"]
    assert active(rows) == ["DES-001", "X1", "X2"]
    assert plan(cli, large) == "basico"
    assert rows("SELECT version FROM {}.shop_state")[0][0] == version + 1
    action, details = audited()[-1]
    assert (action, details["plan"]) == ("tenant.update", ["completo", "basico"])
    assert len(details["deactivated"]) == 55
    again = cli(*words, "--keep-products", "X1,X2,DES-001")
    assert "is just so already" in again.stderr


def test_a_larger_plan_tells_what_is_off_sale_and_how_all_of_it_is_sold_again(
    cli: Cli, large: str, rows: Rows
) -> None:
    words = ("tenant", "update", large, "--plan")
    assert cli(*words, "basico", "--force", "--keep-products", "X1,X2").exit_code == 0
    refused = cli("catalog", "activate", large, "--all")
    assert (refused.exit_code, len(active(rows))) == (4, 2)
    done = document(cli(*words, "completo", "--json"))
    assert done["data"]["off_sale"] == 56
    assert done["next"][-1] == "wabot catalog activate lupita --all"
    assert cli("catalog", "activate", large, "--all").exit_code == 0
    assert len(active(rows)) == 58
    assert cli(*words, "basico", "--force", "--keep-products", "X1").exit_code == 0
    told = cli(*words, "completo").stderr
    assert "Off sale are 57 of 58 products; 300 may be active now." in told
    assert cli("catalog", "activate", large).exit_code == 2
    assert cli("catalog", "activate", large, "X1", "--all").exit_code == 2


def test_off_a_terminal_the_products_are_to_be_named_and_named_well(
    cli: Cli, large: str, rows: Rows, subtests: pytest.Subtests
) -> None:
    words = ("tenant", "update", large, "--plan", "basico", "--force")
    everything = ",".join(active(rows))
    for extra, said in (
        ((), "58 products are active, 50 may be: say which ones stay"),
        (("--keep-products", everything), "58 products are to stay, plan basico allows 50"),
        (("--keep-products", "DES-999"), "no product 'DES-999'"),
        (("--keep-products", " , "), "names no product"),
    ):
        with subtests.test(said=said):
            done = cli(*words, *extra)
            assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    lonely = cli("tenant", "update", large, "--plan", "basico", "--keep-products", "X1")
    assert "Give it with --plan and --force" in lonely.stderr
    assert (plan(cli, large), len(active(rows))) == ("completo", 58)


def test_on_a_terminal_the_operator_chooses(
    cli: Cli, large: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["1-58", "x", "60", "", "49-50,1"])
    monkeypatch.setattr(keep_products, "_is_person_there", lambda: True)
    monkeypatch.setattr(keep_products.typer, "prompt", lambda *_, **__: next(answers))
    done = cli("tenant", "update", large, "--plan", "basico", "--force")
    assert done.exit_code == 0, done.stderr
    assert "   49  X1           Extra 1\n" in done.stderr
    assert "That are 58, 8 too many." in done.stderr
    assert "the numbers go from 1 to 58" in done.stderr
    assert active(rows) == ["DES-001", "X1", "X2"]


def test_what_was_activated_meanwhile_is_not_overlooked(
    provisioning: Provisioning, large: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the change somebody activated more."""
    rows("UPDATE {}.products SET is_active = false WHERE sku LIKE 'X%%'")
    use_case = provisioning.update
    read = use_case.uses.read

    def then_activate(*asked: Any) -> Any:
        found = read(*asked)
        rows("UPDATE {}.products SET is_active = true WHERE sku LIKE 'X%%'")
        return found

    monkeypatch.setattr(use_case.uses, "read", then_activate)
    with pytest.raises(Conflict, match="has 58 active products by now, 50 allowed"):
        use_case.run(UpdateRequest(large, {"plan": "basico"}))
    assert len(active(rows)) == 58


def test_a_database_of_its_own_is_named_and_may_stay_by_force(
    cli: Cli, central: Connection
) -> None:
    words = create_words("propia", plan="premium", phone_number_id="1", isolation="database")
    assert cli(*words, stdin="EAAtoken").exit_code == 0
    asked = ("tenant", "update", "propia", "--plan", "basico")
    done = cli(*asked)
    assert (done.exit_code, "a database of its own, which is not included" in done.stderr) == (
        4,
        True,
    )
    forced = document(cli(*asked, "--force", "--json"))
    assert "a database of its own" in forced["warnings"][0]
    assert plan(cli, "propia") == "basico"


def test_recurring_orders_are_named(cli: Cli, rows: Rows, central: Connection) -> None:
    words = create_words("agua", plan="premium", phone_number_id="1", template="agua")
    assert cli(*words, stdin="EAAtoken").exit_code == 0
    schema = document(cli("tenant", "show", "agua", "--json"))["data"]["placement"]["schema"]
    central.execute(
        f"INSERT INTO \"{schema}\".customers (wa_id, first_contact_at) VALUES ('1', now())"
    )
    central.execute(
        f'INSERT INTO "{schema}".recurring_orders (customer_id, product_id, steps, interval_days,'
        f' next_date) SELECT c.id, p.id, 1, 7, now() FROM "{schema}".customers c'
        f' CROSS JOIN (SELECT id FROM "{schema}".products LIMIT 2) p'
    )
    done = cli("tenant", "update", "agua", "--plan", "completo")
    assert "  2 recurring orders, not included\n" in done.stderr


def test_an_override_counts_in_the_smaller_plan_too(cli: Cli, large: str, rows: Rows) -> None:
    assert cli("plan", "set", large, "--products", "60", "--reason", "agreed").exit_code == 0
    assert cli("tenant", "update", large, "--plan", "basico").exit_code == 0
    assert len(active(rows)) == 58

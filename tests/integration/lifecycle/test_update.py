"""`wabot tenant update`: what is asked for changes, and nothing else."""

from typing import Any

import pytest

from tests.harness import running
from tests.integration.lifecycle.rows import Connection
from tests.integration.tenants.asking import TOKEN, create_words, document
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli, Create
from wabot.config import load_settings
from wabot.container import tenants_at
from wabot.services.provisioning.update import UpdateRequest
from wabot.simulation.inbound_payloads import Person


@pytest.fixture
def shop(cli: Cli) -> str:
    assert cli(*create_words(), stdin=TOKEN).exit_code == 0
    return "lupita"


def shown(cli: Cli) -> Any:
    return document(cli("tenant", "show", "lupita", "--json"))["data"]


def test_columns_and_settings_change_and_it_says_from_what_to_what(cli: Cli, shop: str) -> None:
    done = cli(
        "tenant", "update", shop, "--name", "Don Beto", "--plan", "completo",
        "--owner-phone", "5512345678", "--set", "opening_hours=mon-fri 09:00-18:00",
        "--set", "addressing=usted", "--set", "usual_quantities=1, 5", "--set", "owner_notices=no",
        "--set", "order_notice_template=pedido_nuevo:es_MX",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "name: Abarrotes Lupita → Don Beto" in done.stderr
    assert "owner_phone: (nothing) → +525512345678" in done.stderr
    assert "owner_notices: yes → no" in done.stderr
    found = shown(cli)
    assert (found["name"], found["plan"]) == ("Don Beto", "completo")
    settings = found["settings"]
    assert settings["opening_hours"] == "mon-fri 09:00-18:00"
    assert settings["addressing"] == "usted"
    assert settings["usual_quantities"] == [1, 5]
    assert settings["owner_notices"] is False
    assert settings["order_notice_template"] == "pedido_nuevo:es_MX"
    assert settings["pickup"] is True


def test_the_same_update_again_changes_nothing(cli: Cli, shop: str, central: Connection) -> None:
    words = ("tenant", "update", shop, "--name", "Don Beto", "--set", "pickup=no", "--json")
    assert len(document(cli(*words))["data"]["changes"]) == 2
    before = everything(central)
    again = cli(*words)
    assert (again.exit_code, document(again)["data"]["changes"]) == (0, [])
    assert everything(central) == before


def test_a_dry_run_tells_the_changes_and_makes_none(
    cli: Cli, shop: str, central: Connection
) -> None:
    before = everything(central)
    done = cli("tenant", "update", shop, "--currency", "clp", "--dry-run", "--json")
    (change,) = document(done)["data"]["changes"]
    assert change == {"what": "currency", "before": "MXN", "after": "CLP"}
    assert "rounded" in document(done)["warnings"][0]
    assert everything(central) == before
    assert shown(cli)["currency"] == "MXN"


BAD: list[tuple[list[str], int, str]] = [
    (["--set", "addressing=vos"], 2, "must be one of: tu, usted"),
    (["--set", "adressing=tu"], 2, "unknown setting"),
    (["--set", "opening_hours=lunes 9-5"], 2, "mon"),
    (["--set", "usual_quantities=1,1"], 2, "different whole numbers"),
    (["--set", "owner_notices=perhaps"], 2, "true or false"),
    (["--set", "order_notice_template=Pedido Nuevo"], 2, "like pedido_nuevo:es_MX"),
    (["--set", "currency=USD"], 2, "--currency USD"),
    (["--set", "time-zone=America/Lima"], 2, "--time-zone America/Lima"),
    (["--set", "session_lifetime=99999999h"], 2, "must be at most 365d"),
    (["--set", f"session_lifetime={'9' * 5000}h"], 2, "must be at most 365d"),
    (["--set", "session_lifetime=forever"], 2, "whole number with d, h, m or s"),
    (["--set", "addressing"], 2, "KEY=VALUE"),
    (["--set", "pickup=no", "--set", "pickup=yes"], 2, "twice"),
    (["--owner-phone", "12"], 2, "valid phone number"),
    (["--set", "owner_phone=12"], 2, "valid phone number"),
    (["--name", "  "], 2, "1 to 100"),
    (["--plan", "gold"], 2, "known: basico"),
    (["--currency", "ZZZ"], 2, "unknown currency"),
    (["--time-zone", "Lima"], 2, "IANA"),
    (["--phone-number-id", "+52"], 2, "digits only"),
    ([], 2, "nothing to change"),
]


def test_a_wrong_value_is_refused_with_its_rule_and_nothing_changes(
    cli: Cli, shop: str, central: Connection, subtests: pytest.Subtests
) -> None:
    before, settings = everything(central), shown(cli)
    for words, code, told in BAD:
        with subtests.test(words=words):
            also = ["--waba-id", "77"] if words else []
            done = cli("tenant", "update", shop, *also, *words)
            assert (done.exit_code, told in done.stderr) == (code, True), done.stderr
    assert everything(central) == before
    assert shown(cli) == settings


def test_settings_of_a_trade_follow_the_rules_of_its_template(cli: Cli, create: Create) -> None:
    create("agua", template="agua")
    for words, code in (("agua_bottle_limit=3", 0), ("agua_bottle_limit=-1", 2)):
        done = cli("tenant", "update", "agua", "--set", words, "--json")
        assert done.exit_code == code, done.stdout
    settings = document(cli("tenant", "show", "agua", "--json"))["data"]["settings"]
    assert settings["agua_bottle_limit"] == 3


def test_what_is_central_changes_although_the_shops_own_server_is_away(
    cli: Cli, central: Connection
) -> None:
    made = document(cli(*create_words(plan="premium", isolation="database"), "--json", stdin=TOKEN))
    central.execute(f"DROP DATABASE {made['data']['database']}")
    done = cli("tenant", "update", "lupita", "--name", "Don Beto", "--throughput", "20")
    assert done.exit_code == 0, done.stderr
    assert central.execute("SELECT name, throughput FROM wabot.clients").fetchall() == [
        ("Don Beto", 20)
    ]
    for words in (["--set", "pickup=no"], ["--plan", "basico"], ["--currency", "CLP"]):
        refused = cli("tenant", "update", "lupita", "--name", "Otra", *words)
        assert refused.exit_code in {3, 4}, refused.output
    assert central.execute("SELECT name, currency FROM wabot.clients").fetchall() == [
        ("Don Beto", "MXN")
    ]


def test_a_larger_plan_needs_no_look_at_the_shop(cli: Cli, shop: str, central: Connection) -> None:
    schema = shown(cli)["placement"]["schema"]
    central.execute(f'DROP SCHEMA "{schema}" CASCADE')
    assert cli("tenant", "update", shop, "--plan", "completo").exit_code == 0
    assert "not as they should be" in cli("tenant", "update", shop, "--plan", "basico").stderr


def test_a_number_of_another_tenant_is_a_conflict(cli: Cli, shop: str, create: Create) -> None:
    other = create("otra").tenant
    done = cli("tenant", "update", shop, "--phone-number-id", other.phone_number_id)
    assert done.exit_code == 4
    assert "already belongs to tenant otra" in done.stderr


def test_a_plan_too_small_for_the_catalogue_is_refused(
    cli: Cli, shop: str, central: Connection
) -> None:
    assert cli("tenant", "update", shop, "--plan", "completo").exit_code == 0
    schema = shown(cli)["placement"]["schema"]
    central.execute(
        f'INSERT INTO "{schema}".products (name, price) SELECT n::text, 1'
        " FROM generate_series(1, 10) n"
    )
    done = cli("tenant", "update", shop, "--plan", "basico")
    assert done.exit_code == 4
    assert "  58 active products, 50 allowed\n" in done.stderr


def test_prices_are_rounded_to_what_the_new_currency_has(
    cli: Cli, shop: str, central: Connection
) -> None:
    schema = shown(cli)["placement"]["schema"]
    central.execute(f'UPDATE "{schema}".products SET price = 12.50')
    assert cli("tenant", "update", shop, "--currency", "CLP").exit_code == 0
    prices = central.execute(f'SELECT DISTINCT price FROM "{schema}".products').fetchall()
    assert [str(price) for (price,) in prices] == ["13.00"]


def test_events_that_waited_for_the_new_number_are_the_tenants(
    cli: Cli, shop: str, central: Connection
) -> None:
    central.execute(
        "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, contact, payload, state,"
        " occurred_at) VALUES ('42', 'wamid.1', 'message', '521', '{}', 'unrouted', now())"
    )
    done = cli("tenant", "update", shop, "--phone-number-id", "42", "--json")
    assert document(done)["data"]["attached_events"] == 1
    assert central.execute("SELECT state FROM wabot.inbox").fetchall() == [("waiting",)]


def test_every_update_is_audited_with_before_and_after(
    cli: Cli, shop: str, central: Connection
) -> None:
    cli("tenant", "update", shop, "--name", "Don Beto", env={"WABOT_OPERATOR": "ana"})
    row = central.execute(
        "SELECT actor, slug, details FROM wabot.audit_log WHERE action = 'tenant.update'"
    ).fetchone()
    assert row == ("ana", "lupita", {"name": ["Abarrotes Lupita", "Don Beto"]})


async def test_a_running_server_follows_without_a_restart(environment: dict[str, str]) -> None:
    async with running(environment) as shop:
        first = await shop.say("hola")
        assert "te atiende" in first.text
        with tenants_at(
            environment["DATABASE_URL"], keys=load_settings(environ=environment)["WABOT_MASTER_KEY"]
        ) as provisioning:
            provisioning.update.run(
                UpdateRequest(shop.tenant.slug, {"name": "Don Beto"}, {"addressing": "usted"})
            )
        for number in range(50):
            stranger = Person(f"52155502000{number:02}", "Beto", "")
            answer = await shop.say("hola", sender=stranger)
            if "Don Beto" in answer.text:
                break
        assert "Aquí le atiende *Don Beto*" in answer.text

"""Each shop at Meta: what the operator reads when something is wrong, and what repairs it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from tests.harness import NUMBER, TOKEN, make_tenant
from wabot.checks.env import OneSetting
from wabot.checks.graph import GRAPH
from wabot.checks.model import Status
from wabot.cli.app import app
from wabot.config import Settings, examine_settings
from wabot.domain.meta import CURRENT_VERSION, VERSION_ENDS
from wabot.simulation.graph import GraphConfig, Number, StandInGraph, Template

WABA, APP = "900100200300", "100200300400500"


@pytest.fixture
async def graph() -> AsyncIterator[StandInGraph]:
    config = GraphConfig(numbers=(Number(NUMBER, TOKEN, waba_id=WABA),), app_id=APP)
    async with StandInGraph(config) as running:
        yield running


@pytest.fixture
def cli(environment: dict[str, str], graph: StandInGraph) -> Callable[..., Any]:
    """Run `wabot` in a thread of its own: the stand-in answers in this one's event loop."""

    async def run(*words: str, **env: str) -> Result:
        given = environment | {"WHATSAPP_API_BASE": graph.url} | env
        return await asyncio.to_thread(CliRunner().invoke, app, words, env=given)

    return run


@pytest.fixture
def shop(settings: Settings, central_url: str) -> None:
    make_tenant(settings, central_url, "lupita")


async def look(cli: Callable[..., Any], *words: str, **env: str) -> dict[str, dict[str, str]]:
    done = await cli("check", "whatsapp", *words, "--json", **env)
    document = json.loads(done.stdout)
    assert document["ok"] is (done.exit_code == 0), document
    assert TOKEN not in done.stdout + done.stderr
    return {line["id"].removesuffix(":lupita"): line for line in document["data"]}


async def problems(cli: Callable[..., Any], *words: str, **env: str) -> dict[str, tuple[str, ...]]:
    found = await look(cli, *words, **env)
    return {
        name: (line["status"], line["detail"], line["fix"])
        for name, line in found.items()
        if line["status"] != "ok" and name.startswith("whatsapp.")
    }


async def test_a_shop_in_order_is_told_so_after_its_repair_by_the_command_that_is_named(
    cli: Callable[..., Any], graph: StandInGraph, shop: None
) -> None:
    found = await problems(cli, "lupita")
    assert found == {
        "whatsapp.subscribed": (
            "error",
            f"the account {WABA} is no subscription of the app {APP}",
            "wabot tenant subscribe lupita",
        ),
        "whatsapp.templates": ("skipped", "the shop names no templates", ""),
    }
    done = await cli("tenant", "subscribe", "lupita")
    assert (done.exit_code, f"tells its webhooks to: {APP}" in done.stderr) == (0, True)
    found = await look(cli, "lupita")
    assert found["whatsapp.subscribed"]["detail"] == f"app {APP}"
    assert found["whatsapp.token"]["detail"] == "valid, without end"
    assert found["whatsapp.throughput"]["detail"] == "80 messages a second, Meta takes 80"


ORDINARY = {
    "status": "CONNECTED",
    "quality_rating": "GREEN",
    "is_on_biz_app": False,
    "health_status": {"can_send_message": "AVAILABLE", "entities": []},
}
SAID: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "whatsapp.number": (
        {"status": "DISCONNECTED"},
        (
            "error",
            "the number is DISCONNECTED",
            f"register the number anew: POST /{NUMBER}/register with its PIN",
        ),
    ),
    "whatsapp.quality": (
        {"quality_rating": "RED"},
        (
            "error",
            "quality RED: Meta may restrict the number",
            "see what customers complain of: https://business.facebook.com/wa/manage/phone-numbers",
        ),
    ),
    "whatsapp.throughput": (
        {"is_on_biz_app": True},
        (
            "warning",
            (
                "Meta takes 20 messages a second of the number, for it is used in the WhatsApp"
                " Business app as well; wabot sends up to 80"
            ),
            "wabot tenant update lupita --throughput 20",
        ),
    ),
    "whatsapp.payment": (
        {"health_status": {"can_send_message": "LIMITED", "entities": [
            {"entity_type": "WABA", "id": WABA, "can_send_message": "LIMITED", "errors": [
                {"error_code": 141006, "error_description": "There is an error with the payment"},
                {"error_code": 138024, "error_description": "SIP is not enabled"},
            ]}]}},
        (
            "error",
            "Meta cannot charge the account (141006: There is an error with the payment)",
            (
                "add or renew the payment method:"
                " https://business.facebook.com/billing_hub/payment_settings"
            ),
        ),
    ),
    "whatsapp.health": (
        {"health_status": {"can_send_message": "BLOCKED", "entities": [
            {"entity_type": "BUSINESS", "id": "1", "can_send_message": "BLOCKED", "errors": [
                {"error_code": 141000, "error_description": "The business is locked",
                 "possible_solution": "Ask for a review in the Business Support Home."},
            ]}]}},
        (
            "error",
            "Meta lets the number send nothing (BUSINESS 141000: The business is locked)",
            "Ask for a review in the Business Support Home.",
        ),
    ),
}  # fmt: skip


async def test_what_meta_says_of_a_number_is_judged_by_what_it_means(
    cli: Callable[..., Any], graph: StandInGraph, shop: None, subtests: pytest.Subtests
) -> None:
    await cli("tenant", "subscribe", "lupita")
    for check, (facts, expected) in SAID.items():
        with subtests.test(check):
            graph.tell(NUMBER, **ORDINARY | facts)
            found = await problems(cli, "lupita")
            found.pop("whatsapp.templates")
            assert found == {check: expected}


async def test_limits_that_are_harmless_are_no_problem(
    cli: Callable[..., Any], graph: StandInGraph, shop: None
) -> None:
    unverified = {"error_code": 141010, "error_description": "The business is not verified"}
    business = {"entity_type": "BUSINESS", "can_send_message": "LIMITED", "errors": [unverified]}
    graph.tell(NUMBER, health_status={"can_send_message": "LIMITED", "entities": [business]})
    found = await look(cli, "lupita")
    assert (found["whatsapp.health"]["status"], found["whatsapp.payment"]["status"]) == ("ok", "ok")


async def test_a_token_that_ended_is_told_and_nothing_else_is_asked_with_it(
    cli: Callable[..., Any], graph: StandInGraph, shop: None
) -> None:
    graph.withdraw(TOKEN)
    found = await problems(cli, "lupita")
    assert found.pop("whatsapp.token") == (
        "error",
        (
            "Meta refuses the token: (#190) Access token has expired: Invalid OAuth access token -"
            " Cannot parse access token"
        ),
        "wabot tenant rotate-token lupita",
    )
    assert {line[:2] for line in found.values()} == {
        ("skipped", "whatsapp.token:lupita failed"),
    }


async def test_a_token_that_ends_soon_and_lacks_a_permission_is_told(
    environment: dict[str, str], settings: Settings, central_url: str
) -> None:
    make_tenant(settings, central_url, "lupita", waba_id="7")
    ends = int(time.time()) + 3 * 86400 + 600
    number = Number(
        NUMBER, TOKEN, waba_id=WABA, expires_at=ends, scopes=("whatsapp_business_messaging",)
    )
    config = GraphConfig(numbers=(number,), app_id="55")
    async with StandInGraph(config) as graph:
        given = environment | {"WHATSAPP_API_BASE": graph.url}

        async def cli(*words: str, **env: str) -> Result:
            return await asyncio.to_thread(CliRunner().invoke, app, words, env=given | env)

        found = await problems(cli, "lupita")
    end = datetime.fromtimestamp(ends, UTC)
    assert found["whatsapp.token"] == (
        "warning",
        f"the token ends at {end:%Y-%m-%d %H:%M} UTC, in 3 days",
        "wabot tenant rotate-token lupita",
    )
    assert found["whatsapp.scopes"][1] == "the token lacks whatsapp_business_management"
    assert found["whatsapp.app"] == (
        "warning",
        f"the token is of the app 55, the shop is bound to {APP}",
        (
            "if 55 is the right app: wabot tenant update lupita --app-id 55;"
            f" else give a token of {APP}: wabot tenant rotate-token lupita"
        ),
    )
    refused = "does not exist, cannot be loaded due to missing permissions"
    assert refused in found["whatsapp.account"][1]


async def test_templates_are_left_to_a_machine_that_may_read_the_shops_settings(
    cli: Callable[..., Any], shop: None
) -> None:
    found = await look(cli, "lupita", DATABASE_URL="")
    line = found["whatsapp.templates"]
    assert (line["status"], line["detail"]) == (
        "skipped",
        "DATABASE_URL is not set here, which the shop's settings are read with",
    )
    assert found["whatsapp.token"]["status"] == "ok"


async def test_a_template_that_meta_did_not_approve_is_named(
    cli: Callable[..., Any], graph: StandInGraph, shop: None
) -> None:
    graph.put_template(Template("pedido_nuevo", "es_MX", 5, status="PENDING"))
    graph.put_template(Template("pedido_nuevo_2", "es_MX", 5))
    done = await cli("tenant", "update", "lupita",
                     "--set", "order_notice_template=pedido_nuevo:es_MX",
                     "--set", "handoff_notice_template=persona:es")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    status, detail, fix = (await problems(cli, "lupita"))["whatsapp.templates"]
    assert status == "error"
    assert "order_notice_template pedido_nuevo:es_MX is PENDING" in detail
    assert "handoff_notice_template persona:es is not there" in detail
    assert "wabot tenant update lupita --set" in fix
    graph.put_template(Template("pedido_nuevo", "es_MX", 5))
    graph.put_template(Template("persona", "es", 2))
    assert "whatsapp.templates" not in await problems(cli, "lupita")


async def test_shops_of_one_account_ask_about_it_once_and_never_beyond_its_limit(
    environment: dict[str, str], settings: Settings, central_url: str
) -> None:
    """Meta's limit is of the account: what was left unasked is said, and no shop is blamed."""
    numbers = tuple(Number(f"10650000000000{n}", TOKEN, waba_id=WABA) for n in range(1, 6))
    for n, number in enumerate(numbers):
        make_tenant(settings, central_url, f"shop-{n}", number=number.phone_number_id, waba_id=WABA)
    config = GraphConfig(numbers=numbers, app_id=APP, account_calls=1)
    async with StandInGraph(config) as graph:
        given = environment | {"WHATSAPP_API_BASE": graph.url}
        done = await asyncio.to_thread(
            CliRunner().invoke, app, ("check", "whatsapp", "--json"), env=given
        )
    found = {line["id"]: line for line in json.loads(done.stdout)["data"]}
    asked = [found[f"whatsapp.{name}:shop-{n}"] for name in ("account", "subscribed")
             for n in range(5)]  # fmt: skip
    left = {line["detail"] for line in asked if line["status"] == "skipped"}
    assert left == {"Meta takes no more questions in this hour"}
    # One of the two questions was answered, to all five.
    assert sum(line["status"] != "skipped" for line in asked) == 5


async def test_a_shop_that_is_not_there_and_graph_that_is_away_are_told(
    cli: Callable[..., Any], graph: StandInGraph, shop: None
) -> None:
    for command in ("whatsapp", "tenant"):
        done = await cli("check", command, "lupta", "--json")
        error = json.loads(done.stdout)["error"]
        assert (done.exit_code, error["code"]) == (4, "not_found")
        assert (error["message"], error["hint"]) == (
            "there is no tenant 'lupta'",
            "Did you mean lupita?",
        )
    away = await look(cli, "--only", "whatsapp.token", WHATSAPP_API_BASE="http://127.0.0.1:1")
    assert away["whatsapp.token"]["detail"] == (
        "Graph at http://127.0.0.1:1 (WHATSAPP_API_BASE) did not answer GET debug_token:"
        " connection refused"
    )
    assert away["whatsapp.token"]["fix"].startswith(
        "see that this machine may reach it: curl -I http://127.0.0.1:1;"
    )


async def test_a_suspended_shop_is_only_looked_at_by_name(
    cli: Callable[..., Any], shop: None, central_url: str
) -> None:
    with psycopg.connect(central_url) as central:
        central.execute("UPDATE wabot.clients SET status = 'suspended'")
    assert (await look(cli))["whatsapp.token"]["detail"] == "there is nothing to look at"
    assert "whatsapp.token" in await look(cli, "lupita")


@pytest.mark.parametrize(
    ("version", "today", "status", "said"),
    [
        ("v26.0", date(2026, 11, 30), Status.OK, "v26.0, no end announced"),
        ("v22.0", date(2026, 11, 30), Status.OK, "v22.0, served until 2027-05-20"),
        ("v21.0", date(2026, 11, 30), Status.WARNING, "Meta ends v21.0 on 2027-01-21, in 52 days"),
        ("v20.0", date(2026, 11, 30), None, "Meta ended v20.0 on 2026-09-24"),
        ("v13.0", date(2026, 11, 30), None, "Meta ended v13.0 on 2026-09-24"),
        ("v27.0", date(2026, 11, 30), Status.OK, "v27.0, no end announced"),
    ],
)
async def test_a_version_that_meta_ends_is_told_ninety_days_before(
    version: str, today: date, *, status: Status | None, said: str
) -> None:
    found = examine_settings(environ={}, env_file=Path("/srv/.env"))
    place = OneSetting(found, "WHATSAPP_API_VERSION").place
    asked = SimpleNamespace(version=version, place=place, today=today)
    outcome = await GRAPH[0].run(asked)
    assert (outcome.status, outcome.detail) == (status, said)
    if status is not Status.OK:
        assert outcome.fix == "set WHATSAPP_API_VERSION in /srv/.env to v26.0"


def test_the_default_version_is_the_newest_that_is_known(settings: Settings) -> None:
    assert settings["WHATSAPP_API_VERSION"] == CURRENT_VERSION
    assert CURRENT_VERSION not in VERSION_ENDS

"""Which tokens are about to end is asked of Graph, within its limits."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from tests.harness import make_tenant
from tests.integration.tenants.asking import document
from tests.integration.tokens.conftest import NEW, OLD, WABA, Run
from wabot.config import Settings
from wabot.domain.tenant import Tenant
from wabot.gateways.encryption import TokenCipher
from wabot.gateways.whatsapp import GraphClient
from wabot.gateways.whatsapp.inspection import GraphInspector
from wabot.repositories.provisioning.tokens import SqlTokens
from wabot.services.provisioning.token_expiry import Survey, SurveyTokens
from wabot.simulation.graph import StandInGraph

Connection = psycopg.Connection[Any]
Make = Callable[..., Tenant]


@pytest.fixture
def make(settings: Settings, central_url: str) -> Make:
    def one(slug: str, token: str, **asked: str) -> Tenant:
        number = str(300_000 + sum(map(ord, slug)))
        return make_tenant(settings, central_url, slug, number=number, token=token, **asked)

    return one


async def survey(
    settings: Settings, engine: Engine, graph: StandInGraph, *, later: timedelta = timedelta(0)
) -> Survey:
    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    async with GraphClient(graph.url, "v26.0") as client:
        return await SurveyTokens(
            SqlTokens(engine),
            TokenCipher(settings["WABOT_MASTER_KEY"]),
            GraphInspector(client),
            now=lambda: datetime.now(UTC) + later,
            pause=at_once,
        ).run(timedelta(days=7), lambda _steps: None)


async def test_tokens_that_end_soon_or_have_ended_are_listed_soonest_first(
    rotate: Run, make: Make
) -> None:
    make("forever", OLD)
    make("soon", "EAAshortlived")
    make("ended", "EAAunknowntograph")
    done = await rotate("--all", "--expiring", "7d")
    assert done.exit_code == 0, done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["ended", "soon"]
    listed = document(await rotate("--all", "--json"))["data"]
    assert [row["slug"] for row in listed] == ["ended", "soon"]
    assert "EAA" not in str(listed)


async def test_what_is_known_for_a_day_is_not_asked_again(
    settings: Settings, engine: Engine, graph: StandInGraph, make: Make
) -> None:
    make("soon", "EAAshortlived")
    assert (await survey(settings, engine, graph)).checked == 1
    again = await survey(settings, engine, graph)
    assert (again.checked, again.postponed, len(again.ending)) == (0, 0, 1)
    assert (await survey(settings, engine, graph, later=timedelta(hours=25))).checked == 1


async def test_no_more_than_half_of_an_accounts_calls_are_used_in_an_hour(
    settings: Settings, engine: Engine, graph: StandInGraph, make: Make, central: Connection
) -> None:
    for slug in ("one", "two", "three"):
        make(slug, NEW, waba_id=WABA)
    # As if 98 others of the account had been asked about just now.
    central.execute(
        """
        insert into wabot.clients (id, name, phone_number_id, whatsapp_token, plan_type, slug,
            db_connection_config, template, country, currency, time_zone, waba_id, app_id,
            token_checked_at)
        select gen_random_uuid(), name, 'n' || n, whatsapp_token, plan_type, 's' || n,
            db_connection_config, template, country, currency, time_zone, waba_id, app_id, now()
        from wabot.clients, generate_series(1, 98) n where slug = 'one'
        """
    )
    found = await survey(settings, engine, graph)
    assert (found.checked, found.postponed) == (2, 1)


async def test_a_token_that_cannot_be_asked_about_is_told_and_the_others_are_listed(
    rotate: Run, make: Make, central: Connection
) -> None:
    make("soon", "EAAshortlived")
    make("broken", NEW)
    central.execute("update wabot.clients set whatsapp_token = 'v1.x.y' where slug = 'broken'")
    done = await rotate("--all")
    assert done.exit_code == 1
    assert done.stdout.startswith("soon\t")
    assert "broken: " in done.stderr


async def test_a_length_that_is_none_is_refused(rotate: Run) -> None:
    done = await rotate("--all", "--expiring", "soon")
    assert done.exit_code == 2
    assert "--expiring must be a whole number with d, h, m or s" in done.stderr

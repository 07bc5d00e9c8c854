"""A new shop's token is proven against Graph before the shop is made."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from tests.integration.tenants.asking import document
from tests.integration.tenants.conftest import Cli
from tests.integration.tokens.conftest import NEW, NUMBER, NUMBERS, WABA
from wabot.domain.tenant import Tenant
from wabot.simulation.graph import StandInGraph

Connection = psycopg.Connection[Any]
Make = Callable[..., Awaitable[Result]]

GIVEN = ("--phone-number-id", NUMBER, "--waba-id", WABA, "--token-file", "-")
CREATE = ("create", "nueva", "--name", "Nueva", "--template", "abarrotes", "--plan", "basico")


@pytest.fixture
def make(cli: Cli, graph: StandInGraph) -> Make:
    """Make a shop in any way beside the Graph of this test."""

    async def run(*words: str, token: str = NEW, base: str = "") -> Result:
        env = {"WHATSAPP_API_BASE": base or graph.url, "WHATSAPP_API_VERSION": "v26.0"}
        return await asyncio.to_thread(
            cli, "tenant", words[0], *GIVEN, *words[1:], stdin=token, env=env
        )

    return run


async def test_a_token_that_fits_is_taken_and_its_end_is_known(
    make: Make, central: Connection
) -> None:
    done = await make(*CREATE, token="EAAshortlived")
    assert done.exit_code == 0, done.stderr
    assert "ends already" in done.stderr
    ((ends, checked),) = central.execute(
        "select extract(epoch from token_expires_at), token_checked_at is not null"
        " from wabot.clients"
    ).fetchall()
    (given,) = (each.expires_at for each in NUMBERS if each.token == "EAAshortlived")
    # The module of these numbers may be loaded twice, a moment apart.
    assert (abs(int(ends) - given) < 60, checked) == (True, True)


async def test_a_token_that_does_not_fit_makes_no_shop(  # noqa: PLR0917 - fixtures
    make: Make, central: Connection, shop: Tenant, cli: Cli, tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:  # fmt: skip
    file = str(tmp_path / "bodega.wabot.tgz")
    assert cli("tenant", "export", "bodega", "--out", file).exit_code == 0
    cases = (
        (CREATE, "EAAunknowntograph", "Graph does not accept the token"),
        ((*CREATE, "--dry-run"), "EAAnomessaging", "lacks the permission"),
        (("clone", "bodega", "nueva"), "EAAothernumber", f"not use the number {NUMBER} of nueva"),
        (("import", file, "--slug", "nueva"), "EAAotheraccount", "not send for the account"),
    )
    for words, token, told in cases:
        with subtests.test(words=words):
            done = await make(*words, token=token)
            assert (done.exit_code, told in done.stderr) == (4, True), done.stderr
            assert token not in done.output
    assert central.execute("select slug from wabot.clients").fetchall() == [("bodega",)]


async def test_without_an_answer_the_shop_is_made_with_a_warning(
    make: Make, central: Connection
) -> None:
    done = await make(*CREATE, "--json", base="http://127.0.0.1:1")
    assert done.exit_code == 0, done.stderr
    (warning, *_) = document(done)["warnings"]
    assert "not proven" in warning
    assert "wabot tenant rotate-token nueva" in warning
    assert central.execute("select token_checked_at from wabot.clients").fetchall() == [(None,)]


async def test_graph_is_not_asked_when_that_is_not_wanted_nor_about_what_is_no_id(
    make: Make,
) -> None:
    done = await make(*CREATE, "--phone-number-id", "../me")
    assert (done.exit_code, "digits only" in done.stderr) == (2, True)
    done = await make(*CREATE, "--no-verify", token="EAAunknowntograph")
    assert (done.exit_code, "proven" in done.stderr) == (0, False)

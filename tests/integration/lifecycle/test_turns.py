"""Two operators at once: the second is told to wait, and nothing is half done."""

from pathlib import Path

import pytest

from tests.integration.lifecycle.rows import Connection
from tests.integration.tenants.asking import TOKEN, create_words, document
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli
from wabot.repositories.engines import open_engine
from wabot.repositories.provisioning.turns import slug_turn


@pytest.mark.parametrize(
    "words",
    [
        ("update", "lupita", "--name", "Don Beto"),
        ("suspend", "lupita"),
        ("delete", "lupita", "--confirm", "lupita"),
    ],
    ids=lambda words: words[0],
)
def test_while_one_act_is_under_way_another_is_refused(
    cli: Cli, central: Connection, central_url: str, tmp_path: Path, *, words: tuple[str, ...]
) -> None:
    assert cli(*create_words("lupita"), stdin=TOKEN).exit_code == 0
    before = everything(central)
    engine = open_engine(central_url)
    with slug_turn(engine, "lupita"):
        done = cli("tenant", *words, "--json")
    engine.dispose()
    error = document(done)["error"]
    assert (done.exit_code, error["code"], error["retryable"]) == (4, "conflict", True)
    assert everything(central) == before
    assert cli("tenant", *words).exit_code == 0

"""How many messages a second Meta allows a shop's number, as the operator says."""

import json
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.conftest import Cli, Create
from wabot.errors import Conflict, InvalidInput
from wabot.services.provisioning.request import check_throughput


def shown(cli: Cli) -> int:
    done = cli("tenant", "show", "lupita", "--json")
    return int(json.loads(done.stdout)["data"]["throughput"])


def test_a_number_has_metas_usual_limit_until_told_otherwise(create: Create, cli: Cli) -> None:
    create()
    assert shown(cli) == 80


def test_a_number_beside_the_business_app_is_given_its_lower_limit(
    create: Create, cli: Cli
) -> None:
    create(throughput="20")
    assert shown(cli) == 20


def test_servers_learn_of_a_changed_limit(
    create: Create, cli: Cli, central: psycopg.Connection[Any]
) -> None:
    create()
    before = central.execute("select version from wabot.registry").fetchone()
    done = cli("tenant", "update", "lupita", "--throughput", "20", "--json")
    (change,) = json.loads(done.stdout)["data"]["changes"]
    assert change == {"what": "throughput", "before": 80, "after": 20}
    assert shown(cli) == 20
    assert central.execute("select version from wabot.registry").fetchone() != before


@pytest.mark.parametrize("value", ["0", "1001", "-1", "8O", "1.5", "٨٠"])
def test_a_limit_that_meta_never_gives_is_refused(create: Create, cli: Cli, value: str) -> None:
    create()
    done = cli("tenant", "update", "lupita", f"--throughput={value}")
    assert done.exit_code == 2
    assert "1 to 1000" in done.stderr
    assert shown(cli) == 80


def test_none_given_is_the_usual_one() -> None:
    assert check_throughput("") == 80
    assert check_throughput("1000") == 1000
    with pytest.raises(InvalidInput):
        check_throughput("many")


def test_asking_for_the_same_shop_with_another_limit_is_no_repetition(create: Create) -> None:
    create()
    assert create().existed
    with pytest.raises(Conflict, match="throughput"):
        create(throughput="20")

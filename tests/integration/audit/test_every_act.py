"""Every command that changes something writes down who did it; none writes a secret down."""

import asyncio
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.audit.acts import APP, NUMBER, TOKENS, WABA, acts
from tests.integration.tenants.conftest import Cli, central, cli
from wabot.simulation.graph import GraphConfig, Number, StandInGraph

__all__ = ["central", "cli"]

Connection = psycopg.Connection[Any]


@pytest.fixture
async def graph() -> AsyncIterator[StandInGraph]:
    numbers = [Number(NUMBER[:-1] + str(n), token=TOKENS[n - 1], waba_id=WABA) for n in (1, 2, 3)]
    numbers.append(Number(NUMBER, token=TOKENS[3], waba_id=WABA))
    async with StandInGraph(GraphConfig(numbers=tuple(numbers), app_id=APP)) as running:
        yield running


@pytest.fixture
def secrets(environment: dict[str, str]) -> list[str]:
    """Whatever must never be read in the audit; a new master key and the present one first."""
    password = psycopg.conninfo.conninfo_to_dict(environment["RUNTIME_DATABASE_URL"])["password"]
    named = ("WABOT_MASTER_KEY", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN")
    newer = urlsafe_b64encode(os.urandom(32)).decode()
    return [newer, *(environment[name] for name in named), *TOKENS, str(password)]


async def test_each_act_stands_in_the_audit_with_who_did_it_and_no_secret_does(
    cli: Cli, graph: StandInGraph, central: Connection, secrets: list[str], tmp_path: Path
) -> None:
    env = {"WHATSAPP_API_BASE": graph.url, "WABOT_OPERATOR": "ana", "WHATSAPP_APP_ID": APP}
    newer, present, *_ = secrets
    for act in acts(tmp_path):
        if act.before:
            central.execute(act.before)
        if act.action == "keys.rotate":
            env |= {"WABOT_MASTER_KEY": f"{newer},{present}"}
        (last,) = central.execute("SELECT coalesce(max(id), 0) FROM wabot.audit_log").fetchone()
        done = await asyncio.to_thread(cli, *act.words, stdin=act.stdin, env=env)
        assert done.exit_code == 0, f"{act.words}: {done.output}"
        found = central.execute(
            "SELECT actor, action FROM wabot.audit_log WHERE id > %s", [last]
        ).fetchall()
        assert ("ana", act.action) in found, act.words
        assert {actor for actor, _ in found} == {"ana"}
    written = json.dumps(central.execute("SELECT row_to_json(a) FROM wabot.audit_log a").fetchall())
    assert [secret for secret in secrets if secret in written] == []
    # Ciphertexts neither: they begin with their version.
    assert '"v1.' not in written


def test_the_audit_is_searched_by_shop_actor_action_and_age(
    cli: Cli, central: Connection, subtests: pytest.Subtests
) -> None:
    central.execute(
        "INSERT INTO wabot.audit_log (at, actor, action, slug, details) VALUES"
        " (now() - interval '9 days', 'ana', 'tenant.create', 'gone', '{}'),"
        " (now() - interval '1 hour', 'ana', 'tenant.delete.begin', 'gone', '{}'),"
        " (now(), 'berta', 'tenant.delete', 'gone', '{\"dropped\": 3}'),"
        " ('2020-01-02 00:00+00', 'berta', 'tenants', '', '{}')"
    )
    every = ["tenants", "tenant.delete", "tenant.delete.begin", "tenant.create"]
    looks: Callable[..., list[str]] = lambda *words: [  # noqa: E731
        act["action"] for act in json.loads(cli("audit", "list", "--json", *words).stdout)["data"]
    ]
    for words, found in (
        ((), every),
        (("--tenant", "gone"), every[1:]),
        (("--actor", "berta"), every[:2]),
        (("--action", "tenant"), every[1:]),
        (("--action", "tenant.delete"), every[1:3]),
        (("--since", "7d"), every[1:3]),
        (("--since", "2020-01-02"), every),
        (("--since", "2020-01-03"), every[1:]),
        (("--limit", "1"), every[:1]),
    ):
        with subtests.test(words=words):
            assert looks(*words) == found
    slip = json.loads(cli("audit", "list", "--tenant", "gon", "--json").stdout)["error"]
    assert (slip["code"], slip["hint"]) == ("not_found", "Did you mean gone?")
    (warning,) = json.loads(cli("audit", "list", "--action", "tenant.delet", "--json").stdout)[
        "warnings"
    ]
    assert warning.startswith("Nothing was done that is called tenant.delet. Did you mean")
    line = cli("audit", "list", "--tenant", "gone", "--limit", "1").stdout.rstrip("\n").split("\t")
    assert line[1:] == ["berta", "tenant.delete", "gone", '{"dropped":3}']
    for wrong in ("mañana", "2026-13-01", "-3d"):
        done = cli("audit", "list", f"--since={wrong}")
        assert (done.exit_code, "--since" in done.stderr) == (2, True)

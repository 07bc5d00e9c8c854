"""Every command that changes something writes down who did it; none writes a secret down."""

import asyncio
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.architecture.readme import leaves
from tests.integration.tenants.conftest import Cli, central, cli
from wabot.cli.app import COMMANDS, Deferred
from wabot.simulation.graph import GraphConfig, Number, StandInGraph

__all__ = ["central", "cli"]

Connection = psycopg.Connection[Any]

READ_ONLY = {
    *("tenant list", "tenant show", "tenant module list"),
    *("tenant template list", "tenant template show", "tenant template validate"),
    *("catalog list", "plan list", "plan show", "audit list", "trace"),
    *("keys list", "inbox list", "inbox show", "alerts list", "alerts silence list", "db status"),
}
NO_ACTS = {
    "serve": "works for customers; the operator decides nothing by it",
    "keys new": "prints a key and stores nothing",
    "tenant template new": "makes a folder of the operator's",
    "db revision": "makes a file of the operator's",
    "alerts test": "changes nothing but that somebody is told",
    "alerts send": "tells what is due, as the server does by itself",
}
ELSEWHERE = {
    "tenant migrate": "tests/integration/tenant_migrations/test_migrating.py::"
    "test_what_was_done_is_audited",
}
ANOTHER_DATABASE, LOOKING = ("simulate",), ("check",)

NUMBER, WABA, APP = "106500000000001", "900100200300", "100200300400500"
TOKENS = ("EAAfirsttoken", "EAAsecondtoken", "EAAthirdtoken", "EAAfourthtoken")


@dataclass(frozen=True)
class Act:
    """A command, and what it is called in the audit; `before` prepares what it needs."""

    words: Sequence[str]
    action: str
    stdin: str = ""
    before: str = ""


def acts(folder: Path) -> list[Act]:
    """Return every act, in an order in which each has something to change."""
    number = ("--waba-id", WABA, "--token-file", "-", "--phone-number-id")
    catalog = folder / "catalog.csv"
    catalog.write_text(
        "sku,name,description,price,unit,step,stock,category,aliases\n"
        "NEW-1,Nuevo,,10,pieza,1,5,Despensa,\n"
    )
    export = str(folder / "bodega.wabot")
    failed = (
        "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,"
        " occurred_at, state) SELECT '1', gen_random_uuid()::text, 'message', id, '521', '{}',"
        " now(), 'failed' FROM wabot.clients WHERE slug = 'bodega'"
    )
    new = ("--name", "Bodega", "--template", "abarrotes", "--plan", "basico")
    return [
        Act(
            ("db", "upgrade"),
            "db.upgrade",
            before="REVOKE SELECT ON wabot.registry FROM wabot_runtime",
        ),
        Act(("tenant", "create", "bodega", *new, *number, NUMBER), "tenant.create", TOKENS[0]),
        Act(("tenant", "update", "bodega", "--plan", "premium"), "tenant.update"),
        Act(("tenant", "suspend", "bodega"), "tenant.suspend"),
        Act(("tenant", "resume", "bodega"), "tenant.resume"),
        Act(
            ("tenant", "clone", "bodega", "copia", *number, NUMBER[:-1] + "2"),
            "tenant.clone",
            TOKENS[1],
        ),
        Act(("tenant", "export", "bodega", "--to", export), "tenant.export"),
        Act(
            ("tenant", "import", export, "--slug", "traida", *number, NUMBER[:-1] + "3"),
            "tenant.import",
            TOKENS[2],
        ),
        Act(
            ("tenant", "rotate-token", "bodega", "--token-file", "-"),
            "tenant.rotate_token",
            TOKENS[3],
        ),
        Act(("tenant", "subscribe", "bodega"), "tenant.subscribe"),
        Act(
            ("tenant", "try-sending", "bodega"),
            "tenant.try_sending",
            before="INSERT INTO wabot.sending_pauses (client_id, reason, next_probe_at)"
            " SELECT id, 'x', now() FROM wabot.clients WHERE slug = 'bodega'",
        ),
        Act(("tenant", "module", "add", "copia", "agua"), "tenant.module.add"),
        Act(("tenant", "module", "remove", "copia", "agua"), "tenant.module.remove"),
        Act(
            ("tenant", "doctor", "bodega", "--fix"),
            "tenant.doctor.fix",
            before="DO $$ BEGIN EXECUTE (SELECT format('REVOKE INSERT ON %I.orders FROM %I',"
            " db_connection_config->>'schema', db_connection_config->>'role')"
            " FROM wabot.clients WHERE slug = 'bodega'); END $$",
        ),
        Act(("tenant", "move", "bodega", "--isolation", "prefix"), "tenant.move"),
        Act(("catalog", "import", "bodega", str(catalog)), "catalog.import"),
        Act(("catalog", "deactivate", "bodega", "NEW-1"), "catalog.deactivate"),
        Act(("catalog", "activate", "bodega", "NEW-1"), "catalog.activate"),
        Act(("plan", "set", "bodega", "--messages", "9", "--reason", "x"), "plan.set"),
        Act(("plan", "price", "basico", "299", "--currency", "MXN"), "plan.price"),
        Act(("inbox", "retry", "--failed"), "inbox.retry", before=failed),
        Act(("inbox", "replay", "bodega", "521"), "inbox.replay"),
        Act(("inbox", "discard", "1", "--yes"), "inbox.discard"),
        Act(
            ("alerts", "resolve", "x"),
            "alert.resolve",
            before="INSERT INTO wabot.alerts (key, rule, severity, message)"
            " VALUES ('x', 'disk_low', 'error', 'x')",
        ),
        Act(
            ("alerts", "silence", "add", "disk_low", "--for", "1h", "--reason", "x"),
            "alert.silence",
        ),
        Act(("alerts", "silence", "end", "1"), "alert.silence_end"),
        Act(("keys", "rotate"), "keys.rotate"),
        Act(
            ("tenant", "delete", "traida", "--confirm", "traida", "--export-to", str(folder)),
            "tenant.delete",
        ),
    ]


def named(words: Sequence[str], known: set[str]) -> str:
    """Return the command that the words begin with."""
    return next(" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in known)


def every_command() -> set[str]:
    return {
        path
        for name, entry in COMMANDS.items()
        for path, _ in leaves(name, Deferred(name, entry).load())
    }


def test_every_command_is_an_act_that_is_tried_here_or_is_said_to_be_none(tmp_path: Path) -> None:
    known = every_command()
    asked = {path for path in known if path.split()[0] not in (*ANOTHER_DATABASE, *LOOKING)}
    tried = {named(act.words, known) for act in acts(tmp_path)}
    assert asked == tried | READ_ONLY | NO_ACTS.keys() | ELSEWHERE.keys()
    assert not tried & (READ_ONLY | NO_ACTS.keys() | ELSEWHERE.keys())
    for place in ELSEWHERE.values():
        path, _, test = place.partition("::")
        assert f"def {test}(" in (Path(__file__).parents[3] / path).read_text()


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
        (("--tenant", "nobody"), []),
    ):
        with subtests.test(words=words):
            assert looks(*words) == found
    line = cli("audit", "list", "--tenant", "gone", "--limit", "1").stdout.rstrip("\n").split("\t")
    assert line[1:] == ["berta", "tenant.delete", "gone", '{"dropped":3}']
    for wrong in ("mañana", "2026-13-01", "-3d"):
        done = cli("audit", "list", f"--since={wrong}")
        assert (done.exit_code, "--since" in done.stderr) == (2, True)

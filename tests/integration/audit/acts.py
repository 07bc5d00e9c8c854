"""Every command: what it is called in the audit when it is an act, and why not when it is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

READ_ONLY = {
    *("tenant list", "tenant show", "tenant module list"),
    *("tenant template list", "tenant template show", "tenant template validate"),
    *("catalog list", "plan list", "plan show", "plan usage", "audit list", "trace"),
    *(
        "keys list",
        "inbox list",
        "inbox show",
        "inbox files",
        "alerts list",
        "alerts silence list",
        "db status",
    ),
}
NO_ACTS = {
    "serve": "works for customers; the operator decides nothing by it",
    "keys new": "prints a key and stores nothing",
    "tenant template new": "makes a folder of the operator's",
    "deploy systemd": "writes files of the operator's",
    "deploy docker": "writes files of the operator's",
    "deploy compose": "writes files of the operator's",
    "db revision": "makes a file of the operator's",
    "alerts test": "changes nothing but that somebody is told",
    "alerts send": "tells what is due, as the server does by itself",
}
ELSEWHERE = {
    "tenant migrate": "tests/integration/tenant_migrations/test_migrating.py::"
    "test_what_was_done_is_audited",
    "init": "tests/integration/central/test_init.py::test_the_upgrade_that_it_makes_is_audited",
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

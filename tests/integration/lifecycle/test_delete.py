"""A deleted shop leaves its export and its line in the audit, and nothing else."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.harness import running
from tests.integration.lifecycle.rows import Connection, contents, fill
from tests.integration.tenants.asking import TOKEN, create_words, document
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli
from wabot.container import tenants_at
from wabot.domain.placement import short_id
from wabot.domain.tenant import Tenant
from wabot.gateways.clock import SystemClock
from wabot.gateways.depots import FolderDepot
from wabot.gateways.media import FolderStorage
from wabot.repositories.provisioning.archive_file import read_manifest
from wabot.repositories.runtime.journal import PostgresJournal
from wabot.repositories.runtime.pools import Pools
from wabot.simulation.inbound_payloads import text

ISOLATIONS = ["schema", "prefix", "database"]
_CENTRAL = {
    "inbox": "(phone_number_id, dedup_key, kind, client_id, contact, payload, state, occurred_at)"
    " SELECT phone_number_id, state, 'message', id, '521', '{{}}', state, now()"
    " FROM wabot.clients, unnest('{{waiting,done,failed}}'::text[]) state",
    "conversations": "(client_id, contact, due_at) SELECT id, '521', now() FROM wabot.clients",
    "timers": "(client_id, contact, kind, due_at, set_by)"
    " SELECT id, '521', 'handoff', now(), 'x' FROM wabot.clients",
    "usage": "(client_id, month, messages) SELECT id, '2026-11', 5 FROM wabot.clients",
    "usage_waiting": "(client_id, reason) SELECT id, 'it is away' FROM wabot.clients",
    "alerts": "(key, rule, client_id, severity, message)"
    " SELECT 'a' || id, 'b', id, 'warning', 'c' FROM wabot.clients",
    "media": "(phone_number_id, media_id, event_key, contact, kind, occurred_at)"
    " SELECT phone_number_id, '1', 'wamid.1', '521', 'image', now() FROM wabot.clients",
    "numbers": "(phone_number_id, last_status_at) SELECT phone_number_id, now() FROM wabot.clients",
}


def fill_central(central: Connection) -> None:
    """Give every client rows in every central table."""
    for table, rows in _CENTRAL.items():
        central.execute(f"INSERT INTO wabot.{table} {rows.replace('{{', '{').replace('}}', '}')}")


def left(central: Connection, *roles: str) -> set[tuple[str, ...]]:
    """Return all there is in the database but what stays of every act."""
    stays = {("row", "audit"), ("row", "registry")}
    return {row for row in everything(central, *roles) if row[:2] not in stays}


def databases(central: Connection) -> set[str]:
    """Return the databases of clients that were ever here: other tests have theirs."""
    ids = central.execute(
        "SELECT client_id FROM wabot.audit_log UNION SELECT id FROM wabot.clients"
    )
    own = [f"wabot_{short_id(found)}" for (found,) in ids.fetchall() if found]
    names = central.execute("SELECT datname FROM pg_database WHERE datname = ANY (%s)", (own,))
    return {name for (name,) in names.fetchall()}


def delete(cli: Cli, *words: str, confirm: str = "lupita") -> object:
    return cli("tenant", "delete", "lupita", "--confirm", confirm, "--json", *words)


def make(cli: Cli, environment: dict[str, str], isolation: str = "schema") -> Tenant:
    done = cli(*create_words("lupita", "--isolation", isolation, plan="premium"), stdin=TOKEN)
    assert done.exit_code == 0, done.stderr
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        tenant = provisioning.tenants.find("lupita")
    assert tenant is not None
    return tenant


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_nothing_is_left_behind_but_the_export_and_the_audit(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path, *, isolation: str
) -> None:
    if isolation == "prefix":
        central.execute(
            "CREATE SCHEMA wabot_shared; COMMENT ON SCHEMA wabot_shared IS 'wabot shared'"
        )
    before = left(central), databases(central)
    tenant = make(cli, environment, isolation)
    fill_central(central)
    done = delete(cli, "--export-to", str(tmp_path / "kept"))
    assert done.exit_code == 0, done.stdout
    assert (left(central, tenant.placement.role), databases(central)) == before
    for table in (*_CENTRAL, "clients"):
        assert central.execute(f"SELECT count(*) FROM wabot.{table}").fetchone() == (0,)
    assert done.exit_code == 0, document(done)
    data = document(done)["data"]
    assert data["central_rows"]["inbox"] == 3
    assert read_manifest(Path(data["file"])).rows == data["rows"]
    acts = central.execute(
        "SELECT action, client_id, slug FROM wabot.audit_log ORDER BY id"
    ).fetchall()
    assert [act for act, _, _ in acts] == ["tenant.create", "tenant.delete.begin", "tenant.delete"]
    assert {act[1:] for act in acts} == {(tenant.id, "lupita")}


def test_what_was_deleted_comes_back_by_its_export(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment)
    fill(central, tenant.placement)
    central.execute(f"UPDATE \"{tenant.placement.schema}\".messages SET status = 'accepted'"
                    " WHERE status = 'sending'")  # fmt: skip
    central.execute(f'DELETE FROM "{tenant.placement.schema}".pending_effects')
    central.execute(f'DELETE FROM "{tenant.placement.schema}".media')
    original = contents(central, tenant.placement)
    file = document(delete(cli, "--export-to", str(tmp_path)))["data"]["file"]
    given = ("--phone-number-id", tenant.phone_number_id, "--token-file", "-")
    assert cli("tenant", "import", file, "--no-verify", *given, stdin=TOKEN).exit_code == 0
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        again = provisioning.tenants.find("lupita")
    assert again is not None
    assert contents(central, again.placement) == original


def test_another_shop_keeps_everything(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment)
    words = create_words("otra", phone_number_id="77")
    assert cli(*words, stdin=TOKEN).exit_code == 0
    fill_central(central)
    kept = {row for row in left(central) if tenant.placement.schema not in str(row)}
    delete(cli, "--export-to", str(tmp_path))
    gone = {row for row in kept - left(central) if str(tenant.id) not in str(row)}
    assert gone == set()


def test_its_customers_files_go_with_it_and_no_other_shops(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment)
    root = Path(environment["WABOT_HOME"]) / "media"
    for name in (f"{tenant.id}/2026-03/a.jpg", f"{tenant.id}/2026-04/b.ogg", "other/2026-03/c.jpg"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(b"x")
    done = delete(cli, "--export-to", str(tmp_path))
    assert document(done)["data"]["files"] == 2
    assert [path.name for path in root.rglob("*.*")] == ["c.jpg"]
    acts = central.execute("SELECT details->'files' FROM wabot.audit_log ORDER BY id DESC LIMIT 1")
    assert acts.fetchone() == (2,)


def test_a_file_on_its_way_is_waited_for(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    make(cli, environment)
    fill_central(central)
    central.execute("UPDATE wabot.media SET owner = 'x', lease_until = now() + interval '1 s'")
    begun = time.monotonic()
    assert delete(cli, "--export-to", str(tmp_path)).exit_code == 0
    assert time.monotonic() - begun > 0.5


@pytest.mark.parametrize("typed", ["", "Lupita", "otra"])
def test_without_the_slug_typed_nothing_is_deleted(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path, *, typed: str
) -> None:
    make(cli, environment)
    before = everything(central)
    assert delete(cli, "--export-to", str(tmp_path / "x"), confirm=typed).exit_code == 2
    bare = cli("tenant", "delete", "lupita")
    assert (bare.exit_code, "--confirm lupita" in bare.stderr) == (2, True)
    wrong = cli("tenant", "delete", "lupita", "--confirm", typed)
    assert "is exported" not in bare.stderr + wrong.stderr
    assert everything(central) == before
    assert not (tmp_path / "x").exists()


def test_a_dry_run_tells_the_plan(
    cli: Cli, central: Connection, environment: dict[str, str]
) -> None:
    make(cli, environment)
    before = everything(central)
    done = cli("tenant", "delete", "lupita", "--dry-run")
    assert (done.exit_code, "Would export lupita to" in done.stderr) == (0, True)
    assert everything(central) == before


def test_when_the_export_fails_nothing_is_deleted_and_the_shop_goes_on(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    make(cli, environment)
    before = left(central)
    (tmp_path / "file").write_text("no folder")
    done = delete(cli, "--export-to", str(tmp_path / "file"))
    assert done.exit_code == 2
    assert left(central) == before
    assert central.execute("SELECT status FROM wabot.clients").fetchone() == ("active",)


def test_deleting_again_says_when_it_was_done(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    make(cli, environment)
    delete(cli, "--export-to", str(tmp_path))
    before = everything(central)
    again = delete(cli, "--export-to", str(tmp_path))
    assert (again.exit_code, document(again)["data"]["deleted"]) == (0, False)
    assert document(again)["data"]["deleted_at"]
    assert everything(central) == before
    assert cli("tenant", "delete", "nobody", "--confirm", "nobody").exit_code == 4


async def test_a_running_server_lets_go_of_a_deleted_shop(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with running(environment) as shop:
        await shop.say("hola")

        def remove() -> None:
            with tenants_at(environment["DATABASE_URL"]) as provisioning:
                use_case = provisioning.delete(FolderStorage(tmp_path / "files"))
                use_case.run(shop.tenant.slug, FolderDepot(tmp_path), confirmed=shop.tenant.slug)

        await asyncio.to_thread(remove)
        sent = len(shop.graph.messages)
        await asyncio.sleep(1.5)
        status, _ = await shop.post(shop.body(text("hola")))
        assert status == 200
        await asyncio.sleep(0.5)
        assert len(shop.graph.messages) == sent
        assert shop.central("SELECT state, client_id FROM wabot.inbox") == [
            {"state": "unrouted", "client_id": None}
        ]


async def test_what_a_server_took_a_moment_too_late_belongs_to_nobody(
    central: Connection, runtime_url: str
) -> None:
    central.execute(
        "INSERT INTO wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,"
        " occurred_at) VALUES ('42', 'x', 'message', gen_random_uuid(), '521', '{}', now())"
    )
    central.execute(
        "INSERT INTO wabot.conversations (client_id, contact, due_at)"
        " SELECT client_id, contact, now() FROM wabot.inbox"
    )
    pools = Pools(runtime_url, size=2)
    second = timedelta(seconds=1)
    await pools.open()
    journal = PostgresJournal(
        pools, owner="x", lease=second, quiet=second, quiet_limit=second, clock=SystemClock()
    )
    await journal.purge(second)
    await pools.close()
    assert central.execute("SELECT state, client_id FROM wabot.inbox").fetchall() == [
        ("unrouted", None)
    ]
    assert central.execute("SELECT count(*) FROM wabot.conversations").fetchone() == (0,)


def test_a_deletion_that_was_killed_before_anything_was_dropped_is_taken_back(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment)
    cli("tenant", "suspend", "lupita")
    before = left(central)
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        found = provisioning.tenants.find("lupita")
        assert found is not None
        # As far as a run comes that is killed during its export.
        provisioning.delete(FolderStorage(tmp_path)).removals.begin(found, actor="x")
    assert "tenant delete lupita --cancel" in cli("tenant", "resume", "lupita").stderr
    done = cli("tenant", "delete", "lupita", "--cancel", "--json")
    assert document(done)["data"] | {"slug": ""} == {
        "slug": "", "cancelled": True, "status": "suspended", "waited_events": 0
    }  # fmt: skip
    assert left(central) == before
    row = central.execute(
        "SELECT status, db_connection_config ? 'removal' FROM wabot.clients"
    ).fetchone()
    assert row == ("suspended", False)
    again = cli("tenant", "delete", "lupita", "--cancel", "--json")
    assert document(again)["data"]["cancelled"] is False
    assert contents(central, tenant.placement)


def test_a_deletion_that_may_have_dropped_something_can_only_be_finished(
    cli: Cli, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment)
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        removals = provisioning.delete(FolderStorage(tmp_path)).removals
        removals.begin(tenant, actor="x")
        removals.commit_to(tenant)
    done = cli("tenant", "delete", "lupita", "--cancel")
    assert (done.exit_code, "wabot tenant delete lupita, then" in done.stderr) == (4, True)
    finished = delete(cli, "--export-to", str(tmp_path))
    assert document(finished)["data"]["deleted"] is True


@pytest.mark.parametrize("isolation", ["schema", "database"])
def test_a_deletion_begun_by_a_version_that_noted_less_is_taken_back_while_the_tables_stand(
    cli: Cli, central: Connection, environment: dict[str, str], isolation: str
) -> None:
    tenant = make(cli, environment, isolation)
    central.execute("UPDATE wabot.clients SET status = 'deleting'")
    assert "wabot tenant delete lupita --cancel" in cli("tenant", "show", "lupita").stderr
    done = document(cli("tenant", "delete", "lupita", "--cancel", "--json"))
    assert (done["data"]["cancelled"], done["data"]["status"]) == (True, "suspended")
    assert cli("tenant", "resume", "lupita").exit_code == 0
    central.execute("UPDATE wabot.clients SET status = 'deleting'")
    central.execute(
        f"DROP DATABASE {tenant.placement.database}"
        if isolation == "database"
        else f"DROP SCHEMA {tenant.placement.schema} CASCADE"
    )
    done = cli("tenant", "delete", "lupita", "--cancel")
    assert (done.exit_code, "can only be finished" in done.stderr) == (4, True)


def test_customers_who_wrote_meanwhile_are_answered_when_a_deletion_is_taken_back(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment)
    with tenants_at(environment["DATABASE_URL"]) as provisioning:
        provisioning.delete(FolderStorage(tmp_path)).removals.begin(tenant, actor="x")
    central.execute(
        f"INSERT INTO wabot.inbox {_CENTRAL['inbox'].replace('{{', '{').replace('}}', '}')}"
    )
    done = cli("tenant", "delete", "lupita", "--cancel", "--json")
    assert document(done)["data"]["waited_events"] == 1
    assert central.execute("SELECT due_at <= now() FROM wabot.conversations").fetchone() == (True,)


def test_a_shop_whose_server_is_gone_is_forgotten_without_an_export(
    cli: Cli, central: Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    tenant = make(cli, environment, "database")
    refused = delete(cli, "--forget", "--export-to", str(tmp_path))
    assert (refused.exit_code, "answers" in document(refused)["error"]["message"]) == (4, True)
    assert central.execute("SELECT status FROM wabot.clients").fetchone() == ("active",)
    central.execute(f"DROP DATABASE {tenant.placement.database} WITH (FORCE)")
    central.execute(
        "UPDATE wabot.clients SET db_connection_config = db_connection_config"
        " || jsonb_build_object('server', 'host=127.0.0.1 port=1 user=x', 'login', 'wabot_x')"
    )
    fill_central(central)
    assert delete(cli, "--export-to", str(tmp_path)).exit_code == 5
    assert delete(cli, "--forget", "--dry-run").exit_code == 2
    done = delete(cli, "--forget", "--export-to", str(tmp_path))
    assert done.exit_code == 0, document(done)
    data = document(done)["data"]
    assert (data["deleted"], data["file"], len(data["stays"])) == (True, None, 1)
    assert {row for row in left(central) if row[0] == "row"} == set()

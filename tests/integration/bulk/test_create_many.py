"""Many shops from one file: in parallel, again, in spite of bad rows, never twice."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.integration.bulk.conftest import Write, shop
from tests.integration.tenants.asking import request_for
from tests.integration.tenants.catalogue import everything
from tests.integration.tenants.conftest import Cli, Create
from wabot.config import Settings
from wabot.errors import Conflict
from wabot.gateways.encryption import WHATSAPP_TOKEN, TokenCipher
from wabot.services.provisioning.bulk import CreateMany, Result, Row, RowResult
from wabot.services.provisioning.create import CreateTenant, Creation
from wabot.services.provisioning.request import TenantRequest

Connection = psycopg.Connection[Any]


def slugs(central: Connection) -> list[str]:
    found = central.execute("select slug from wabot.clients order by slug").fetchall()
    return [slug for (slug,) in found]


def test_a_file_of_shops_is_created_and_the_same_again_changes_nothing(
    cli: Cli, central: Connection, write: Write
) -> None:
    path = write(*(shop(n) for n in range(6)))
    done = cli("tenant", "create", "--from", str(path), "--jobs", "3")
    assert done.exit_code == 0, done.stderr
    assert "6 created" in done.stderr
    assert [line.split("\t")[:3] for line in done.stdout.splitlines()] == [
        [str(n + 2), f"shop-{n}", "created"] for n in range(6)
    ]
    assert slugs(central) == [f"shop-{n}" for n in range(6)]
    before = everything(central)
    again = cli("tenant", "create", "--from", str(path))
    assert again.exit_code == 0
    assert "6 already there" in again.stderr
    assert everything(central) == before


def test_what_is_missing_after_an_interruption_is_created_by_the_next_run(
    cli: Cli, central: Connection, write: Write
) -> None:
    rows = [shop(n) for n in range(4)]
    assert cli("tenant", "create", "--from", str(write(*rows[:2]))).exit_code == 0
    done = cli("tenant", "create", "--from", str(write(*rows)), "--json")
    *lines, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((line["line"], line["result"]) for line in lines) == [
        (2, "already there"),
        (3, "already there"),
        (4, "created"),
        (5, "created"),
    ]
    assert (last["ok"], last["command"]) == (True, "tenant create")
    assert last["data"] == {"created": 2, "already there": 2}
    assert len(slugs(central)) == 4


def test_bad_rows_stop_everything_unless_they_are_to_be_skipped(
    cli: Cli, central: Connection, write: Write
) -> None:
    path = write(shop(1), shop(2, plan="gold"), shop(3, slug="x"), shop(4))
    before = everything(central)
    refused = cli("tenant", "create", "--from", str(path))
    assert refused.exit_code == 2
    assert "Bad: 2 of 4 rows; nothing was created" in refused.stderr
    assert "line 3: unknown plan 'gold'" in refused.stderr
    assert "line 4: " in refused.stderr
    assert everything(central) == before

    skipped = cli("tenant", "create", "--from", str(path), "--skip-bad", "--json")
    assert skipped.exit_code == 1
    *lines, counts, last = [json.loads(line) for line in skipped.stdout.splitlines()]
    assert sorted((line["line"], line["result"]) for line in lines) == [
        (2, "created"),
        (3, "bad"),
        (4, "bad"),
        (5, "created"),
    ]
    assert counts == {"counts": {"created": 2, "bad": 2}}
    assert (last["ok"], last["error"]["code"]) == (False, "finding")
    assert slugs(central) == ["shop-1", "shop-4"]


def test_rows_that_clash_with_shops_that_stand_are_bad_rows(
    cli: Cli, central: Connection, write: Write, create: Create
) -> None:
    create("other", phone_number_id="200002")
    create("shop-3", name="Another shop")
    assert cli("tenant", "create", "--from", str(write(shop(5)))).exit_code == 0
    path = write(shop(1), shop(2), shop(3), shop(4, plan="gold"), shop(5), shop(6))
    before = everything(central)
    for words in ((), ("--dry-run",)):
        refused = cli("tenant", "create", "--from", str(path), *words)
        assert refused.exit_code == 2, refused.stderr
        assert "Bad: 3 of 6 rows; nothing was created" in refused.stderr
        told = [line.strip() for line in refused.stderr.splitlines() if "  line " in line]
        assert [line[:7] for line in told] == ["line 3:", "line 4:", "line 5:"]
        assert "already belongs to tenant other" in told[0]
        assert "tenant shop-3 exists already and differs in: name" in told[1]
    assert everything(central) == before

    done = cli("tenant", "create", "--from", str(path), "--skip-bad")
    assert done.exit_code == 1
    cells = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(line, result) for line, _, result, *_ in cells] == [
        ("2", "created"),
        ("3", "bad"),
        ("4", "bad"),
        ("5", "bad"),
        ("6", "already there"),
        ("7", "created"),
    ]
    assert "2 created, 1 already there, 3 bad" in done.stderr


def test_a_creation_that_was_begun_is_ended_by_the_same_file(
    cli: Cli, central: Connection, write: Write
) -> None:
    path = write(shop(1, plan="premium", isolation="database"), shop(2))
    assert cli("tenant", "create", "--from", str(path)).exit_code == 0
    central.execute("update wabot.clients set status = 'provisioning' where slug = 'shop-1'")
    done = cli("tenant", "create", "--from", str(path))
    assert done.exit_code == 0
    assert "1 created, 1 already there" in done.stderr
    assert central.execute("select distinct status from wabot.clients").fetchall() == [("active",)]


def test_a_dry_run_changes_nothing(cli: Cli, central: Connection, write: Write) -> None:
    before = everything(central)
    done = cli("tenant", "create", "--from", str(write(shop(1), shop(2))), "--dry-run")
    assert done.exit_code == 0
    assert "2 would be created" in done.stderr
    assert everything(central) == before


def test_tokens_are_stored_encrypted_and_shown_nowhere(
    cli: Cli, central: Connection, write: Write
) -> None:
    path = write(shop(1), shop(2, plan="gold"), shop(3))
    path.chmod(0o644)
    printed = ""
    for words in ((), ("--skip-bad",), ("--skip-bad", "--json")):
        done = cli("tenant", "create", "--from", str(path), *words)
        printed += done.stdout + done.stderr
    assert "everybody may read it: chmod 600" in printed
    assert "EAAtokenofshop" not in printed
    stored = central.execute("select c::text from wabot.clients c").fetchall()
    stored += central.execute("select a::text from wabot.audit_log a").fetchall()
    assert len(stored) == 4
    assert "EAAtokenofshop" not in str(stored)


def test_options_that_no_two_shops_share_are_refused_beside_a_file(
    cli: Cli, write: Write, subtests: pytest.Subtests
) -> None:
    path = str(write(shop(1)))
    for words in (("lupita",), ("--phone-number-id", "1"), ("--token-file", "-")):
        with subtests.test(words=words):
            assert cli("tenant", "create", *words, "--from", path, stdin="EAA").exit_code == 2


def test_without_a_file_the_options_of_one_shop_are_required(cli: Cli) -> None:
    done = cli("tenant", "create", "lupita", "--plan", "basico")
    assert done.exit_code == 2
    assert "Missing: --name, --template, --phone-number-id" in done.stderr


def test_a_database_that_goes_away_ends_the_run_and_every_row_is_accounted_for(
    use_case: CreateTenant, central: Connection, postgres_url: str
) -> None:
    name = central.info.dbname
    rows = [Row(n, request_for(f"shop-{n}")) for n in range(40)]
    told: list[RowResult] = []

    with psycopg.connect(postgres_url, autocommit=True) as server:

        def close_after_three(result: RowResult) -> None:
            told.append(result)
            if len(told) == 3:
                server.execute(f'alter database "{name}" allow_connections false')

        try:
            report = CreateMany(use_case, 2).run(rows, close_after_three)
        finally:
            server.execute(f'alter database "{name}" allow_connections true')
    assert sorted(result.line for result in told) == list(range(40))
    assert 3 <= report.count(Result.CREATED) <= 3 + 2 * 2
    assert report.count(Result.NOT_TRIED) > 20
    assert len(slugs(central)) == report.count(Result.CREATED)
    assert CreateMany(use_case, 2).run(rows, told.append).count(Result.CREATED) > 30


def test_a_lock_that_passes_costs_a_retry_not_the_row(
    use_case: CreateTenant, postgres_lock: Callable[[str], Connection], central: Connection
) -> None:
    holder = postgres_lock("wabot tenant shop-1")
    pauses: list[float] = []

    def release(pause: float) -> None:
        pauses.append(pause)
        holder.rollback()

    report = CreateMany(use_case, 1, pause=release).run(
        [Row(2, request_for("shop-1"))], lambda _result: None
    )
    assert report.counts == {"created": 1}
    assert len(pauses) == 1


class InterruptedCipher(TokenCipher):
    """Lets something happen between the look at what stands and the creation."""

    meanwhile: Callable[[], object] | None = None

    def encrypt(self, client_id: UUID, secret: str, purpose: str = WHATSAPP_TOKEN) -> str:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        return super().encrypt(client_id, secret, purpose)


def test_a_shop_that_another_command_just_made_alike_is_already_there(
    use_case: CreateTenant, settings: Settings, subtests: pytest.Subtests
) -> None:
    cipher = InterruptedCipher(settings["WABOT_MASTER_KEY"])
    interrupted = CreateMany(replace(use_case, cipher=cipher), 1, pause=lambda _seconds: None)
    for slug, made, counts in (
        ("alike", request_for("alike"), {"already there": 1}),
        ("other", request_for("other", name="Another shop"), {"failed": 1}),
    ):
        with subtests.test(slug):
            cipher.meanwhile = partial(use_case.run, made)
            report = interrupted.run([Row(2, request_for(slug))], lambda _result: None)
            assert report.counts == counts


@pytest.fixture
def postgres_lock(central_url: str) -> Any:
    """Hold the advisory lock of that name in a transaction."""
    held: list[Connection] = []

    def hold(name: str) -> Connection:
        connection = psycopg.connect(central_url)
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        held.append(connection)
        return connection

    yield hold
    for connection in held:
        connection.close()


def test_of_twenty_concurrent_creates_of_a_slug_one_wins_and_nineteen_say_conflict(
    use_case: CreateTenant, central: Connection
) -> None:
    asked = [request_for("lupita", name=f"Lupita {n}", phone_number_id=str(n)) for n in range(20)]
    barrier = Barrier(len(asked))

    def one(request: TenantRequest) -> Creation | Conflict:
        barrier.wait()
        try:
            return use_case.run(request)
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(asked)) as pool:
        outcomes = list(pool.map(one, asked))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Creation)]
    assert [winner.created for winner in winners] == [True]
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19
    assert central.execute("select name from wabot.clients").fetchall() == [
        (winners[0].tenant.name,)
    ]
    spaces = central.execute("select count(*) from pg_namespace where nspname ~ '^t_'").fetchone()
    assert spaces == (1,)


def test_a_file_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    done = cli("tenant", "create", "--from", str(tmp_path / "nowhere.csv"))
    assert done.exit_code == 2
    assert "nowhere.csv" in done.stderr


def test_each_shop_of_a_file_has_the_place_that_its_row_names(
    cli: Cli, central: Connection, write: Write
) -> None:
    rows = [shop(1), shop(2, isolation="prefix")]
    rows += [shop(n, isolation="database", plan="premium") for n in range(3, 6)]
    done = cli("tenant", "create", "--from", str(write(*rows)), "--jobs", "4")
    assert done.exit_code == 0, done.output
    query = "select slug, db_connection_config ->> 'isolation' from wabot.clients order by slug"
    assert central.execute(query).fetchall() == [
        ("shop-1", "schema"),
        ("shop-2", "prefix"),
        ("shop-3", "database"),
        ("shop-4", "database"),
        ("shop-5", "database"),
    ]
    again = cli("tenant", "create", "--from", str(write(*rows)))
    assert "5 already there" in again.stderr

    wrong = write(shop(6, isolation="databse"), shop(7, isolation="database"), name="wrong.csv")
    refused = cli("tenant", "create", "--from", str(wrong))
    assert refused.exit_code == 2
    assert "line 2: unknown isolation 'databse'" in refused.stderr
    assert "line 3: plan basico does not include a database of its own" in refused.stderr

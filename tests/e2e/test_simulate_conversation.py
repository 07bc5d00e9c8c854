"""`wabot simulate conversation` as an operator runs it: processes, pipes, a terminal."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from wabot.gateways.embedded_postgres import EmbeddedPostgres

CHAT = """\
hola
Hacer un pedido
arroz
2
Agregar más
frijol
3
Terminar pedido
A domicilio
Calle Reforma 123, colonia Centro
Confirmar
estado
"""
_PASSED_ON = {"PATH", "HOME", "LANG", "SYSTEMROOT", "TMPDIR"}


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine on which nothing is set up."""

    home: Path
    folder: Path

    def environment(self, **more: str) -> dict[str, str]:
        passed_on = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
        return {**passed_on, "WABOT_HOME": str(self.home), "PYTHONIOENCODING": "utf-8", **more}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from wabot.cli import main; main()", *words]

    def simulate(
        self, *words: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command("simulate", *words),
            input=stdin,
            cwd=self.folder,
            env=self.environment(**environment),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def query(self, database: str, text: str) -> list[tuple[object, ...]]:
        """Ask a database of the simulation, in its shop's schema."""
        with (
            EmbeddedPostgres(self.home).running() as server,
            psycopg.connect(server.url(database)) as connection,
        ):
            row = connection.execute(
                "select db_connection_config->>'schema' from wabot.clients"
            ).fetchone()
            assert row is not None
            schema = sql.Identifier(row[0])
            connection.execute(sql.SQL("set search_path = {}").format(schema))
            return connection.execute(text).fetchall()


@pytest.fixture(scope="module")
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="wabot-"))
    # Kept running for all tests of this module.
    with EmbeddedPostgres(home, options={"fsync": "off"}).running():
        yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def machine(_home: Path, tmp_path: Path) -> Machine:
    return Machine(_home, tmp_path)


def _events(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_piped_conversation_leaves_the_order_in_postgresql(machine: Machine) -> None:
    done = machine.simulate("conversation", "--customer", "5215500000001", stdin=CHAT)
    assert done.returncode == 0, done.stderr
    assert "» hola\n« ¡Hola, Ana!" in done.stdout
    assert "» [Hacer un pedido]" in done.stdout
    assert "Estado: *Pendiente*" in done.stdout
    assert "📱 owner" in done.stdout
    assert "wabot simulate orders" in done.stderr
    orders = machine.query(
        "wabot_simulation",
        """
        select o.total::text, o.status, o.delivery_address, array_agg(i.name order by i.id),
               array_agg(i.quantity order by i.id),
               (select array_agg(h.status) from order_history h where h.order_id = o.id)
        from orders o join order_items i on i.order_id = o.id join customers c
          on c.id = o.customer_id where c.wa_id = '5215500000001' group by o.id
        """,
    )
    assert orders == [
        (
            "190.00",
            "pendiente",
            "Calle Reforma 123, colonia Centro",
            ["Arroz 1 kg", "Frijol negro 900 g"],
            [2, 3],
            ["pendiente"],
        )
    ]
    sold = machine.query(
        "wabot_simulation",
        """
        select p.sku, (p.stock + coalesce(sum(i.quantity), 0))::int from products p
        left join order_items i on i.product_id = p.id
        where p.sku in ('DES-001', 'DES-002') group by p.id order by 1
        """,
    )
    assert sold == [("DES-001", 40), ("DES-002", 36)]


def test_the_next_chat_knows_the_customer_of_the_last_one(machine: Machine) -> None:
    words = ("conversation", "--customer", "5215500000002", "--name", "Eva")
    first = machine.simulate(*words, stdin="hola\n")
    second = machine.simulate(*words, stdin="hola\n")
    assert "Qué gusto saludarte" in first.stdout
    assert "¡Hola, Eva!" in second.stdout
    assert "Qué gusto saludarte" not in second.stdout


def test_json_lines_tell_every_message_and_order(machine: Machine) -> None:
    done = machine.simulate("conversation", "--json", "--customer", "5215500000003", stdin=CHAT)
    assert done.returncode == 0, done.stderr
    events = _events(done)
    assert events[0]["event"] == "start"
    assert events[0]["database"] == "wabot_simulation"
    said = [event for event in events if event["event"] == "in"]
    assert [event["text"] for event in said][:2] == ["hola", "[Hacer un pedido]"]
    welcome = next(event for event in events if event["event"] == "out")
    assert welcome["keys"] == ["menu.welcome"]
    assert [option["title"] for option in welcome["options"]][:2] == [
        "Ver catálogo",
        "Hacer un pedido",
    ]
    order = next(event for event in events if event["event"] == "order")
    assert (order["total"], order["status"], order["new"]) == ("190.00", "pendiente", True)
    assert [event["audience"] for event in events if event["event"] == "out"].count("owner") == 1


def test_the_operators_own_settings_have_no_say(machine: Machine) -> None:
    done = machine.simulate(
        "conversation",
        stdin="hola\n",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        WHATSAPP_API_BASE="http://127.0.0.1:1",
        WABOT_POOL_SIZE="x",
    )
    assert done.returncode == 0, done.stderr
    assert "« " in done.stdout


def test_what_failed_or_was_killed_in_an_earlier_chat_does_not_stop_this_one(
    machine: Machine,
) -> None:
    words = ("conversation", "--customer", "5215500000006")
    assert machine.simulate(*words, stdin="hola\n").returncode == 0
    machine.query(
        "wabot_simulation",
        """
        insert into wabot.inbox (phone_number_id, dedup_key, kind, client_id, contact, payload,
                                 occurred_at, state, last_error)
        select phone_number_id, gen_random_uuid(), 'message', id, '5215500000006', '{}', now(),
               'failed', 'an old failure' from wabot.clients returning 1
        """,
    )
    machine.query(
        "wabot_simulation",
        """
        update wabot.conversations set owner = 'killed', lease_until = now() + interval '1 hour'
        returning 1
        """,
    )
    done = machine.simulate(*words, stdin="hola\n")
    assert done.returncode == 0, done.stderr
    assert "« ¡Hola, Ana!" in done.stdout


def test_two_simulations_at_once_never_answer_for_each_other(machine: Machine) -> None:
    def chat(number: str) -> subprocess.CompletedProcess[str]:
        words = ("conversation", "--json", "--customer", f"52155000010{number}")
        return machine.simulate(*words, stdin="hola\nmenú\nhola\nmenú\nasesor\n")

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(chat, ["01", "02"]))
    for number, run in zip(["01", "02"], done, strict=True):
        assert run.returncode == 0, run.stderr
        out = [event for event in _events(run) if event["event"] == "out"]
        assert [event["to"] for event in out if event["audience"] == "customer"] == [
            f"52155000010{number}"
        ] * 5
    assert len({_events(run)[0]["database"] for run in done}) == 2


def test_commands_of_the_chat_work_in_a_pipe(machine: Machine) -> None:
    chat = "hola\n/audio\n/ubicacion 19.43,-99.13\n/nuevo Luz\nhola\n/pedidos\n/salir\nnot sent\n"
    done = machine.simulate("conversation", "--customer", "5215500000004", stdin=chat)
    assert done.returncode == 0, done.stderr
    assert "» <audio>" in done.stdout
    assert "» <location 19.43,-99.13>" in done.stdout
    assert "¡Hola, Luz!" in done.stdout
    assert "No orders yet." in done.stderr
    assert "not sent" not in done.stdout


def test_a_command_that_does_not_exist_ends_a_pipe_with_a_usage_error(machine: Machine) -> None:
    done = machine.simulate("conversation", stdin="/baila\n")
    assert done.returncode == 2
    assert "/baila is no command" in done.stderr


def test_an_empty_pipe_ends_at_once(machine: Machine) -> None:
    done = machine.simulate("conversation", stdin="\n\n")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_recorded_chat_plays_the_same(machine: Machine) -> None:
    chat = CHAT + "/foto recibo\n/avanzar 25h\nhola\n/dueno Ya va en camino\n/nuevo Luz\nhola\n"
    done = machine.simulate("conversation", "--record", "mine.chat", stdin=chat)
    assert done.returncode == 0, done.stderr
    recorded = (machine.folder / "mine.chat").read_text(encoding="utf-8")
    assert "> [Hacer un pedido]\n< order.start catalog.categories\n[Despensa]" in recorded
    assert "! order lines=2 total=190.00 status=pendiente delivery=delivery" in recorded
    assert "¤ echo Ya va en camino" in recorded
    played = machine.simulate("conversation", "mine.chat")
    assert played.returncode == 0, played.stdout
    again = machine.simulate("conversation", "--record", "mine.chat", stdin=CHAT)
    assert again.returncode == 2
    assert "the file exists" in again.stderr


def test_a_script_that_goes_another_way_exits_1_with_the_difference(machine: Machine) -> None:
    right, wrong = machine.folder / "right.chat", machine.folder / "wrong.chat"
    right.write_text("> hola\n< menu.welcome\n", encoding="utf-8")
    wrong.write_text("> hola\n< menu.main\n[Nada]\n", encoding="utf-8")
    done = machine.simulate("conversation", str(machine.folder))
    assert done.returncode == 1
    assert "ok\t" in done.stdout
    assert "wrong.chat:1" in done.stdout
    assert "- < menu.main" in done.stdout
    assert "+ < menu.welcome" in done.stdout
    assert "1 of 2 scripts" in done.stderr
    lines = machine.simulate("conversation", "--json", str(wrong))
    script, error = _events(lines)
    assert (script["event"], script["passed"]) == ("script", False)
    assert error["ok"] is False


def test_update_writes_down_what_happens(machine: Machine) -> None:
    script = machine.folder / "new.chat"
    script.write_text("# Mine\n> hola\n< menu.main\n! orders=7\n> asesor\n", encoding="utf-8")
    done = machine.simulate("conversation", "--update", str(script))
    assert done.returncode == 0, done.stderr
    assert "-< menu.main" in done.stdout
    after = script.read_text(encoding="utf-8")
    assert after.startswith("# Mine\n> hola\n< menu.welcome\n[Ver catálogo]")
    assert "! orders=0\n> asesor\n< handoff.requested\n<adviser adviser.wanted\n" in after
    assert machine.simulate("conversation", str(script)).returncode == 0


def test_coverage_names_what_no_script_reached(machine: Machine) -> None:
    script = machine.folder / "short.chat"
    script.write_text("> hola\n< menu.welcome\n", encoding="utf-8")
    done = machine.simulate("conversation", "--coverage", str(script))
    assert "unreached\tstate\tconfirm" in done.stdout
    assert "unreached\ttext\torder.placed" in done.stdout
    assert "text\tmenu.welcome\n" not in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("none.chat",), "none.chat cannot be read"),
        (("--template", "zapateria"), "unknown template"),
        (("--customer", "Ana"), "no phone number"),
        (("--record", "no/such/folder.chat"), "there is no folder"),
        (("x.chat", "--record", "y.chat"), "for chatting"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_starts(
    machine: Machine, words: tuple[str, ...], told: str
) -> None:
    done = machine.simulate("conversation", *words)
    assert done.returncode == 2
    assert told in done.stderr


def test_throwaway_databases_are_gone_afterwards(machine: Machine) -> None:
    script = machine.folder / "one.chat"
    script.write_text("> hola\n< menu.welcome\n", encoding="utf-8")
    assert machine.simulate("conversation", str(script)).returncode == 0
    with (
        EmbeddedPostgres(machine.home).running() as server,
        psycopg.connect(server.url("postgres")) as connection,
    ):
        left = connection.execute(
            "select datname from pg_database where datname like 'wabot\\_simulation\\_run%'"
        ).fetchall()
    assert left == []


def test_orders_of_chats_can_be_listed(machine: Machine) -> None:
    words = ("conversation", "--customer", "5215500000005", "--name", "Sol")
    assert machine.simulate(*words, stdin=CHAT).returncode == 0
    listed = json.loads(machine.simulate("orders", "--json").stdout)
    mine = [order for order in listed["data"] if order["customer"] == "Sol"]
    assert mine[0]["items"] == "2 bolsa Arroz 1 kg; 3 bolsa Frijol negro 900 g"
    assert mine[0]["history"] == "pendiente"
    missing = machine.simulate("orders", "--database", "postgres")
    assert missing.returncode == 4


def test_a_copy_of_a_shop_takes_its_catalogue_and_never_its_customers(machine: Machine) -> None:
    key = {"WABOT_MASTER_KEY": "0" * 43}
    token = machine.folder / "token"
    token.write_text("EAAreal-token\n", encoding="utf-8")

    def wabot(*words: str) -> None:
        subprocess.run(
            machine.command(*words),
            cwd=machine.folder,
            env=machine.environment(**key),
            capture_output=True,
            timeout=120,
            check=True,
        )

    wabot("db", "upgrade")
    wabot(
        *("tenant", "create", "la-esquina", "--name", "La Esquina", "--template", "abarrotes"),
        *(
            "--plan",
            "basico",
            "--phone-number-id",
            "5550001",
            "--token-file",
            str(token),
            "--no-verify",
        ),
    )
    machine.query("wabot", "update products set price = 99 where sku = 'DES-001' returning 1")
    done = machine.simulate(
        "conversation", "--tenant", "la-esquina", "--json", stdin="hola\narroz\n2\n", **key
    )
    assert done.returncode == 0, done.stderr
    start, *_ = _events(done)
    assert (start["shop"], start["database"]) == ("La Esquina", "wabot_simulation_of_la_esquina")
    assert machine.query("wabot", "select count(*) from customers") == [(0,)]
    assert machine.query("wabot", "select count(*) from wabot.inbox") == [(0,)]
    copied = machine.query(
        "wabot_simulation_of_la_esquina",
        "select phone_number_id <> '5550001', whatsapp_token from wabot.clients",
    )
    assert copied[0][0] is True
    unknown = machine.simulate("conversation", "--tenant", "la-esquinita", stdin="hola\n", **key)
    assert unknown.returncode == 4
    assert "la-esquina" in unknown.stderr

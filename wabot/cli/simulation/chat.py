"""`wabot simulate conversation` without files: a chat on a terminal or over a pipe."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.cli.simulation.bridge import Bridge, bridge
from wabot.cli.simulation.databases import KEPT, SimulationServer
from wabot.cli.simulation.home import simulation_server
from wabot.cli.simulation.scripts import TICK, open_player
from wabot.cli.simulation.shops import (
    DEMO_SLUG,
    Secrets,
    copy_of,
    demo_copy,
    is_of_this_version,
    prepare_database,
)
from wabot.cli.simulation.stage import Surroundings, open_stage
from wabot.errors import Finding, InvalidInput
from wabot.repositories.conninfo import as_runtime_login, parameters_of
from wabot.simulation.conversation.chat import Chat
from wabot.simulation.conversation.clock import ShiftableClock
from wabot.simulation.conversation.parser import DEFAULT_TEMPLATE
from wabot.simulation.conversation.people import SimulatedCustomer, customer_named
from wabot.simulation.conversation.player import first_clock
from wabot.simulation.conversation.recorder import Recorder
from wabot.simulation.conversation.screen import PROMPT, Screen
from wabot.simulation.conversation.views import Introduction, JsonLines, Transcript, View
from wabot.simulation.graph import StatusLevel

if TYPE_CHECKING:
    from wabot.services.provisioning.look import ShopCopy

# On a terminal a person types one thought in several messages; a pipe's lines stand alone.
_QUIET_ON_TERMINAL = 0.6


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the operator asked for."""

    template: str
    tenant: str = ""
    customer: str = ""
    name: str = ""
    record: Path | None = None


def chat(request: ChatRequest, out: Output) -> None:
    """Hold a conversation until its lines end."""
    who = _customer(request)
    if request.record is not None:
        _check_writable(request.record)
    on_terminal = out.on_terminal and sys.stdin is not None and sys.stdin.isatty()
    shop = _shop(request, out)
    if on_terminal:
        out.note("Starting PostgreSQL and the server …")
    with simulation_server() as (server, log), _surroundings(server, request, shop, out) as found:
        quiet = _QUIET_ON_TERMINAL if on_terminal and request.record is None else 0.0
        clock = ShiftableClock()
        if request.record is not None:
            # A recording begins when scripts do, so that it plays the same.
            clock = first_clock(found.tenant.time_zone)
        opening = open_stage(
            found,
            clock=clock,
            quiet=quiet,
            statuses=StatusLevel.NONE if request.record else StatusLevel.READ,
            tick=TICK if request.record else TICK * 0,
        )
        with bridge() as loop, loop.held(opening) as stage:
            stage.customer = who
            view: View = _view(out, on_terminal=on_terminal, clock=clock)
            database = parameters_of(found.owner_url)["dbname"]
            schema = found.tenant.placement.schema
            view.begins(Introduction(found.tenant.name, who, database, schema))
            recorder = _recorder(request)
            talk = Chat(stage, view, recorder)
            loop.call(talk.begin())
            try:
                lines = _typed_lines(view) if on_terminal else _piped_lines()
                _converse(loop, talk, lines, log, patient=on_terminal)
            finally:
                if recorder is not None and request.record is not None:
                    request.record.write_text(recorder.text, encoding="utf-8")
    _say_where(out, talk, database, schema, request)


def _converse(loop: Bridge, talk: Chat, lines: Iterator[str], log: Path, *, patient: bool) -> None:
    """Take lines until they end; on a terminal a mistake is told and the chat goes on."""
    try:
        for line in lines:
            try:
                loop.call(talk.catch_up())
                if not loop.call(talk.handle(line)):
                    return
            except ValueError as error:
                if not patient:
                    hint = "/help lists the commands."
                    raise InvalidInput(f"{line!r}: {error}", hint=hint) from None
                talk.view.note(str(error))
            except Finding as error:
                if not patient:
                    raise Finding(error.message, hint=f"Its log is {log}") from None
                talk.view.trouble(f"{error.message} Its log is {log}")
    except KeyboardInterrupt:
        # On a terminal Ctrl-C is a way to end, wherever it comes.
        if not patient:
            raise


def _typed_lines(view: View) -> Iterator[str]:
    with suppress(ImportError):  # Windows has none
        import readline  # noqa: F401 - gives `input` editing and history
    while True:
        try:
            line = input(PROMPT)
        except (EOFError, KeyboardInterrupt):
            sys.stdout.write("\n")
            return
        if not line.strip():
            continue
        if isinstance(view, Screen) and (not line.startswith("/") or line.startswith("//")):
            view.forget_typed(line)
        yield line


def _piped_lines() -> Iterator[str]:
    if sys.stdin is None:
        return
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for number, line in enumerate(sys.stdin):
        bare = line.rstrip("\r\n")
        if number == 0:
            bare = bare.removeprefix("\ufeff")
        if bare.strip():
            yield bare


def _view(out: Output, *, on_terminal: bool, clock: ShiftableClock) -> View:
    if out.json:
        return JsonLines(out.line)
    if not on_terminal:
        return Transcript(out.text, out.note)
    from rich.console import Console

    return Screen(
        Console(highlight=False), clock=lambda: clock.now().astimezone().strftime("%H:%M")
    )


@contextmanager
def _surroundings(
    server: SimulationServer, request: ChatRequest, shop: "ShopCopy", out: Output
) -> Iterator[Surroundings]:
    """Have a database with the shop: kept for looking at it later, fresh for a recording."""
    if request.record is not None:
        with (
            open_player(server, as_runtime_login, shop) as player,
            player.surroundings(request.template) as found,
        ):
            yield found
        return
    keys = Secrets()
    with server.kept(_kept_name(request)) as database:
        owner_url = server.url(database)
        runtime_url = as_runtime_login(owner_url)
        if request.tenant:
            # The shop as it is today, not as it was at the last simulation.
            _start_afresh(server, database)
        tenant = prepare_database(owner_url, runtime_url, DEMO_SLUG, shop, keys)
        if not is_of_this_version(owner_url, DEMO_SLUG):
            out.note("The demo shop was made by another version of wabot; it starts afresh.")
            _start_afresh(server, database)
            tenant = prepare_database(owner_url, runtime_url, DEMO_SLUG, shop, keys)
        yield Surroundings(owner_url, runtime_url, tenant, keys)


def _kept_name(request: ChatRequest) -> str:
    if request.tenant:
        return f"{KEPT}_of_{re.sub(r'[^a-z0-9]', '_', request.tenant)}"
    if request.template == DEFAULT_TEMPLATE:
        return KEPT
    return f"{KEPT}_kind_{re.sub(r'[^a-z0-9]', '_', request.template)}"


def _start_afresh(server: SimulationServer, database: str) -> None:
    server.drop(database)
    server.create(database)


def _shop(request: ChatRequest, out: Output) -> "ShopCopy":
    if not request.tenant:
        return demo_copy(request.template)
    return copy_of(request.tenant, read_settings(out))


def _customer(request: ChatRequest) -> SimulatedCustomer:
    number = re.sub(r"[ ()+-]", "", request.customer)
    if number and not re.fullmatch(r"[0-9]{7,15}", number):
        raise InvalidInput(
            f"--customer {request.customer!r} is no phone number",
            hint="For example: --customer 5215512345678",
        )
    default = SimulatedCustomer()
    return customer_named(number or default.wa_id, request.name or default.name)


def _recorder(request: ChatRequest) -> Recorder | None:
    if request.record is None:
        return None
    if request.tenant:
        return Recorder(f"Plays with: --tenant {request.tenant}", "")
    return Recorder(request.record.stem.replace("_", " "), request.template)


def _check_writable(path: Path) -> None:
    if path.exists():
        raise InvalidInput(
            f"--record {path}: the file exists", hint="Give another name, or remove it first."
        )
    if not path.parent.is_dir():
        raise InvalidInput(f"--record {path}: there is no folder {path.parent}")


def _say_where(out: Output, talk: Chat, database: str, schema: str, request: ChatRequest) -> None:
    if request.record is not None:
        out.note(f"Recorded in {request.record}; play it with:")
        tenant = f" --tenant {request.tenant}" if request.tenant else ""
        out.note(f"  wabot simulate conversation{tenant} {request.record}")
        return
    codes = ", ".join(order.code for order in talk.placed)
    what = f"Order {codes} is" if len(talk.placed) == 1 else f"Orders {codes} are"
    if talk.placed:
        out.note(f"{what} in PostgreSQL: database {database}, schema {schema}. Look:")
        option = "" if database == KEPT else f" --database {database}"
        out.note(f"  wabot simulate orders{option}")
        out.note(f"  wabot simulate psql{option}")

"""`wabot simulate`: everything without WhatsApp, on this machine alone."""

import math
from pathlib import Path
from typing import Annotated

import typer

from wabot.cli.output import JsonOption
from wabot.cli.tenant.options import TemplateDir

app = typer.Typer(rich_markup_mode=None)

DatabaseOption = Annotated[str, typer.Option(help="Which database of the simulation.")]
_KEPT = "wabot_simulation"
_LONG = 3600.0


@app.command()
def conversation(  # noqa: PLR0917 - a command's options
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE.chat|FOLDER]...",
            help="Scripts to play; without them you chat yourself.",
            show_default=False,
        ),
    ] = None,
    tenant: Annotated[
        str, typer.Option(metavar="SLUG", help="Use a copy of this shop instead of the demo shop.")
    ] = "",
    template: Annotated[str, typer.Option(help="Kind of the demo shop.")] = "abarrotes",
    customer: Annotated[
        str, typer.Option(metavar="NUMBER", help="Phone number of the customer that you play.")
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the customer that you play.")] = "",
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the chat down as a script.", show_default=False),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite what the scripts expect; show the changes.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List states and texts that no script reached.")
    ] = False,
    template_dir: TemplateDir = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON Lines.")] = False,
) -> None:
    """Chat with a shop in the terminal, or play conversations from files.

    Lines of a pipe are the customer's messages. Without FILE, --update and --coverage take every
    script of every template.
    """
    from wabot.cli.output import Output
    from wabot.config import use_template_dir
    from wabot.errors import InvalidInput

    out = Output("simulate conversation", json=json)
    use_template_dir(template_dir)
    if files or update or coverage:
        if record or customer or name:
            raise InvalidInput("--record, --customer and --name are for chatting, not for scripts")
        from wabot.cli.simulation.files import PlayRequest, play_files

        play_files(PlayRequest(tuple(files or ()), tenant, update, coverage), out)
        return
    from wabot.cli.simulation.chat import ChatRequest, chat

    chat(ChatRequest(template, tenant, customer, name, record), out)


@app.command()
def orders(database: DatabaseOption = _KEPT, json: JsonOption = False) -> None:
    """List the orders that simulated chats left in PostgreSQL."""
    from wabot.cli.output import Output
    from wabot.cli.simulation.looking import order_rows

    columns, rows = order_rows(database)
    Output("simulate orders", json=json).table(columns, rows)


@app.command()
def psql(
    database: DatabaseOption = _KEPT,
    command: Annotated[
        str, typer.Option("-c", "--command", help="SQL to run instead of asking for it.")
    ] = "",
) -> None:
    """Open PostgreSQL's shell on the simulation's database, in the demo shop's schema."""
    from wabot.cli.simulation.looking import run_psql

    raise typer.Exit(run_psql(database, command))


@app.command()
def graph(  # noqa: PLR0917 - a command's options
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    callback: Annotated[
        str, typer.Option(metavar="URL", help="Where signed statuses are posted: your /webhook.")
    ] = "",
    statuses: Annotated[
        str, typer.Option(help="How far messages get: none, sent, delivered or read.")
    ] = "read",
    status_delay: Annotated[float, typer.Option(min=0, help="Seconds before each status.")] = 0.0,
    throughput: Annotated[
        int, typer.Option(min=0, help="Messages per second and number; 0: no limit.")
    ] = 0,
    pair_limit: Annotated[
        bool, typer.Option("--pair-limit", help="Apply Meta's limit of messages to one user.")
    ] = False,
    app_secret_file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="File with the secret that signs statuses; default: WHATSAPP_APP_SECRET.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Stand in for Meta's Graph API: point WHATSAPP_API_BASE at it. Takes any number and token.

    It answers as the app of WHATSAPP_APP_ID, as 100200300400 where that is not set.

    What it took, and what it is to do, is asked by HTTP, all bodies JSON:

    \b
    GET|DELETE /_control/messages   what it took (500 at a time, ?after=SEQUENCE) · forget it
    POST /_control/faults           {"code": 131056, "count": 2, "recipient": "521…"}; instead of
                                    code: http, timeout, delay, drop, drop_after_accept, garbage,
                                    fail_status; count 0: until cleared
    GET|DELETE /_control/faults     those still to come · none any more
    POST /_control/statuses/hold    keep statuses back: {"key": WAMID|RECIPIENT} or all
    POST /_control/statuses/release end of that
    POST /_control/webhooks         a copy of a webhook: opens the customer's 24 hours
    POST /_control/templates        {"name": …, "language": "es_MX", "parameters": 3, …}
    POST /_control/facts            {"id": NUMBER|ACCOUNT, "facts": {"quality_rating": "RED"}}
    POST /_control/media            a file as the body; answers with its media id
    POST|DELETE /_control/media/faults  {"http": 404, "step": "download", "count": 1} · none
    """
    from wabot.cli.simulation.graph import GraphRequest, serve_graph

    serve_graph(
        GraphRequest(
            host, port, callback, statuses, status_delay, throughput, pair_limit, app_secret_file
        ),
        json=json,
    )


@app.command()
def load(  # noqa: PLR0917 - a command's options
    tenants: Annotated[int, typer.Option(min=1, max=5000, help="Shops to make.")] = 1,
    customers: Annotated[
        int, typer.Option(min=1, max=20_000, help="Customers who hold conversations.")
    ] = 20,
    rate: Annotated[
        float, typer.Option(min=0, help="Messages per second; 0: as fast as they are answered.")
    ] = 0.0,
    concurrency: Annotated[
        int,
        typer.Option(min=0, help="Customers at most who wait for an answer at once; 0: all."),
    ] = 0,
    duration: Annotated[float, typer.Option(min=1, max=3600, help="Seconds.")] = 10.0,
    messages: Annotated[
        int, typer.Option(min=0, help="Stop after so many messages; 0: after --duration.")
    ] = 0,
    servers: Annotated[
        int, typer.Option(min=1, max=16, help="Servers on the same database, a port each.")
    ] = 1,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Serving processes of each server.")
    ] = 2,
    statuses: Annotated[
        str, typer.Option(help="How far messages get: none, sent, delivered or read.")
    ] = "none",
    template: Annotated[str, typer.Option(help="Kind of the shops.")] = "abarrotes",
    faults: Annotated[
        bool,
        typer.Option(
            "--faults",
            help="Kill workers, the database, connections and Graph meanwhile; deliver webhooks"
            " twice and out of order.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="What chance begins with.")] = 1,
    against: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Load a server that runs already, over its own shops, which get orders that"
            " nobody made. It and this command need the same WHATSAPP_APP_SECRET and"
            " WHATSAPP_API_BASE=http://127.0.0.1:PORT: there the stand-in for Graph listens. To"
            " compare with its database, DATABASE_URL or WABOT_HOME as well.",
        ),
    ] = "",
    number: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PHONE_NUMBER_ID",
            help="With --against: the shops to write to; default: the first --tenants active ones.",
            show_default=False,
        ),
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let --against be another machine.")
    ] = False,
    from_outside: Annotated[
        bool,
        typer.Option(
            "--from-outside",
            help="With --against: judge by what customers see alone, without its database.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Let many customers hold real conversations with the real server, and measure it.

    Without --against everything runs on this machine, in a database that is dropped at the end.
    Then what was sent and received is compared with the databases: exit code 1 if anything was
    lost, done twice or out of order.
    """
    from wabot.cli.output import Output
    from wabot.cli.simulation.run import LoadRequest, problem_in
    from wabot.errors import InvalidInput, UnknownChoice
    from wabot.simulation.graph import StatusLevel

    if statuses not in {level.value for level in StatusLevel}:
        known = ", ".join(level.value for level in StatusLevel)
        raise UnknownChoice(f"unknown --statuses {statuses!r}; known: {known}")
    if not math.isfinite(rate) or not math.isfinite(duration):
        raise InvalidInput("--rate and --duration are numbers of messages and seconds")
    if rate and concurrency:
        raise InvalidInput("--rate and --concurrency do not go together")
    if (number or allow_remote or from_outside) and not against:
        raise InvalidInput("--number, --allow-remote and --from-outside go with --against")
    if faults and workers == 1 and not against:
        raise InvalidInput(
            "--faults needs at least two --workers: nobody starts a single one anew when it dies"
        )
    out = Output("simulate load", json=json)
    request = LoadRequest(
        tenants,
        customers,
        rate,
        _LONG if messages else duration,
        servers,
        workers,
        statuses,
        template,
        concurrency=concurrency,
        messages=messages,
        seed=seed,
        faults=faults,
    )
    if against:
        from wabot.cli.simulation.against import run_against

        report = run_against(
            against,
            request,
            number or [],
            out,
            allow_remote=allow_remote,
            from_outside=from_outside,
        )
    else:
        from wabot.cli.simulation.load import run_load

        report = run_load(request, out)
    problem = problem_in(report)
    if problem:
        out.found(problem.message, problem.hint)
    out.record(report)
    if problem and json:
        raise typer.Exit(1)
    if problem:
        raise problem

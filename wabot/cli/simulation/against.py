"""`wabot simulate load --against URL`: load on a server that runs already."""

import asyncio
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from wabot.cli.output import Output
from wabot.cli.settings import read_settings
from wabot.cli.simulation.run import (
    LoadRequest,
    compared,
    run_generator,
    seen_from_outside,
)
from wabot.config import Settings
from wabot.container import open_central
from wabot.errors import Conflict, ExternalFailure, InvalidInput
from wabot.repositories.conninfo import connect
from wabot.simulation.graph import GraphConfig, StandInGraph
from wabot.simulation.load.books import Scope, now_at
from wabot.simulation.load.generator import LoadGenerator, LoadPlan
from wabot.simulation.load.mischief import Mischief

_NEEDED = ("WHATSAPP_APP_SECRET",)
_CLIENTS = """
SELECT phone_number_id FROM wabot.clients
WHERE status = 'active' AND (cardinality(%(asked)s::text[]) = 0 OR phone_number_id = ANY(%(asked)s))
ORDER BY created_at LIMIT %(most)s
"""


def run_against(
    url: str,
    request: LoadRequest,
    asked: list[str],
    out: Output,
    *,
    allow_remote: bool,
    from_outside: bool = False,
) -> dict[str, Any]:
    """Load the server at `url` over its own shops; its Graph must be the stand-in started here.

    From outside its database is not looked at, neither for its shops nor for what became of them.
    """
    server = _server(url, allow_remote=allow_remote)
    settings = read_settings(out, require=_NEEDED)
    address = _stand_in(settings, allow_remote=allow_remote)
    webhook = f"{server.scheme}://{server.netloc}/webhook"
    if from_outside:
        if not asked:
            raise InvalidInput("--from-outside needs the shops: --number PHONE_NUMBER_ID")
        return asyncio.run(_measure(request, settings, "", tuple(asked), webhook, address, out))
    with open_central(settings) as urls:
        numbers = _numbers(urls.owner_url, asked, request.tenants)
        run = _measure(request, settings, urls.owner_url, numbers, webhook, address, out)
        return asyncio.run(run)


async def _measure(  # noqa: PLR0917 - what a run needs, each once
    request: LoadRequest,
    settings: Settings,
    owner_url: str,
    numbers: tuple[str, ...],
    webhook: str,
    graph_address: tuple[str, int],
    out: Output,
) -> dict[str, Any]:
    secret = settings["WHATSAPP_APP_SECRET"][0]
    config = GraphConfig(app_secret=secret, statuses=request.level, callback_url=webhook)
    graph = StandInGraph(config)
    await _listen(graph, *graph_address)
    try:
        await _probe(graph, webhook, secret, numbers)
        since = now_at(owner_url) if owner_url else None
        generator = LoadGenerator(request.plan(numbers), secret, webhook)
        graph.journal.listen(generator.hear)
        harm = Mischief(graph, request.chance()) if request.faults else None
        await run_generator(generator, harm, request, out)
        if since is None:
            report = seen_from_outside(generator, out)
        else:
            scope = Scope(numbers, generator.contacts, since)
            report = await compared(generator, owner_url, scope, request, out, alone=False)
    finally:
        await graph.stop()
    return {
        "against": webhook,
        "shops": len(numbers),
        "customers": request.customers,
        "statuses": request.level.value,
        **report,
        "faults": dict(harm.done) if harm else {},
    }


async def _listen(graph: StandInGraph, host: str, port: int) -> None:
    try:
        await graph.start(host, port)
    except Conflict as error:
        raise Conflict(
            error.message,
            hint="WHATSAPP_API_BASE names that port, and load brings its own stand-in for it: stop"
            " what listens there, like `wabot simulate graph`.",
        ) from error


async def _probe(graph: StandInGraph, webhook: str, secret: str, numbers: tuple[str, ...]) -> None:
    """See that answers come here, before hundreds go to the real Graph."""
    plan = LoadPlan(numbers[:1], 1, 10.0, messages=1, patience=4.0)
    probe = LoadGenerator(plan, secret, webhook)
    graph.journal.listen(probe.hear)
    figures = await probe.run()
    if not figures.answered:
        said = "took" if figures.accepted else "did not take"
        raise ExternalFailure(
            f"{webhook} {said} a first message, and no answer came to the stand-in at {graph.url}",
            hint=f"Run the server with WHATSAPP_API_BASE={graph.url} and the same app secret.",
        )


def _server(url: str, *, allow_remote: bool) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(
            f"--against {url!r} is no http address", hint="For example: http://127.0.0.1:8080"
        )
    if not allow_remote and not _is_here(parts.hostname):
        raise InvalidInput(
            f"--against {parts.hostname} is another machine: its owner may not expect this load",
            hint="If it is yours: --allow-remote",
        )
    return parts


def _stand_in(settings: Settings, *, allow_remote: bool) -> tuple[str, int]:
    """Return where the stand-in is to listen: there where the server's messages go."""
    base = urlsplit(settings["WHATSAPP_API_BASE"])
    host = base.hostname or ""
    if base.port is None or base.scheme != "http" or not (allow_remote or _is_here(host)):
        raise InvalidInput(
            f"WHATSAPP_API_BASE is {settings['WHATSAPP_API_BASE']}: answers would go there",
            hint="Set WHATSAPP_API_BASE=http://127.0.0.1:PORT for the server and for this command:"
            " the stand-in for Graph is started on that port.",
        )
    return host, base.port


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False


def _numbers(owner_url: str, asked: list[str], most: int) -> tuple[str, ...]:
    values = {"asked": asked, "most": len(asked) or most}
    with connect(owner_url) as connection:
        found = tuple(str(row[0]) for row in connection.execute(_CLIENTS, values))
    missing = sorted(set(asked) - set(found))
    if missing or not found:
        raise InvalidInput(
            f"No active client has the number {', '.join(missing)}"
            if missing
            else "There is no active client whose customers could write",
            hint="See: wabot tenant list",
        )
    return found

"""`wabot simulate load`: real conversations against the real server, measured."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wabot.cli.output import Output
from wabot.cli.simulation_home import simulation_server
from wabot.cli.simulation_shops import APP_ID, Secrets, demo_copy
from wabot.config import surroundings
from wabot.container import Provisioning, tenants_at
from wabot.errors import ExternalFailure, Finding
from wabot.repositories.central_schema import upgrade
from wabot.repositories.conninfo import as_runtime_login
from wabot.services.provisioning.request import TenantRequest
from wabot.simulation.graph import GraphConfig, StandInGraph, StatusLevel
from wabot.simulation.load.generator import LoadGenerator, LoadPlan

_LISTENING = re.compile(r"Listening on (http://\S+)/webhook")
_FIRST_NUMBER = 106_700_000_000_000
_STOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What the operator asked for; a rate of 0 means as fast as the customers can."""

    tenants: int
    customers: int
    rate: float
    seconds: float
    workers: int
    statuses: str
    template: str


def run_load(request: LoadRequest, out: Output) -> dict[str, Any]:
    """Make shops in a throwaway database, serve them, load them, and return the figures."""
    keys = Secrets()
    with simulation_server() as (server, _), server.throwaway() as databases:
        owner_url = server.url(databases.make())
        runtime_url = as_runtime_login(owner_url)
        upgrade(owner_url, runtime_conninfo=runtime_url)
        with tenants_at(owner_url, keys=(keys.master_key,), actor="simulation") as provisioning:
            numbers = _make_shops(request, provisioning, keys, out)
        place = _Place(owner_url, runtime_url, keys, numbers)
        return asyncio.run(_measure(request, place, out))


def check_report(report: dict[str, Any]) -> None:
    """Raise Finding when anything was lost or answered twice."""
    if report["lost"] or report["doubled"]:
        raise Finding(
            f"{report['lost']} messages got no answer and {report['doubled']} more than one",
            hint="Run it again with fewer customers: a full machine answers after the patience.",
        )


def _make_shops(
    request: LoadRequest, provisioning: Provisioning, keys: Secrets, out: Output
) -> tuple[str, ...]:
    shop = demo_copy(request.template)
    plenty = tuple(replace(product, stock=_STOCK) for product in shop.seed.products)
    seed = replace(shop.seed, products=plenty)
    numbers = []
    with out.progress("Making shops", request.tenants) as advance:
        for place in range(request.tenants):
            number = str(_FIRST_NUMBER + place)
            provisioning.create.run(
                TenantRequest(
                    slug=f"carga-{place}",
                    name=f"Tienda {place}",
                    plan=shop.plan,
                    phone_number_id=number,
                    token=keys.token,
                    template=seed.template,
                    app_id=APP_ID,
                    actor="simulation",
                ),
                seed,
            )
            numbers.append(number)
            advance(1)
    return tuple(numbers)


@dataclass(frozen=True, slots=True)
class _Place:
    """The throwaway database with its shops, and the run's keys."""

    owner_url: str
    runtime_url: str
    keys: Secrets
    numbers: tuple[str, ...]


async def _measure(request: LoadRequest, place: _Place, out: Output) -> dict[str, Any]:
    secret = place.keys.app_secret
    config = GraphConfig(app_secret=secret, statuses=StatusLevel(request.statuses), kept=100)
    async with StandInGraph(config) as graph:
        environment = _environment(place, graph.url)
        with _serving(environment, request.workers) as (url, process):
            graph.statuses.callback_url = f"{url}/webhook"
            plan = LoadPlan(place.numbers, request.customers, request.seconds, request.rate)
            generator = LoadGenerator(plan, f"{url}/webhook", secret)
            graph.journal.listen(generator.hear)
            expected = int(request.rate * request.seconds) or None
            with out.progress("Messages answered", expected) as advance:
                figures = await generator.run(advance)
            memory = _memory(process.pid, request.workers)
    return {
        "tenants": request.tenants,
        "customers": request.customers,
        "workers": request.workers,
        **figures.report(),
        "worker_memory_mb": memory,
    }


def _environment(place: _Place, graph_url: str) -> dict[str, str]:
    keys = place.keys
    return {
        "DATABASE_URL": place.owner_url,
        "RUNTIME_DATABASE_URL": place.runtime_url,
        "WABOT_MASTER_KEY": urlsafe_b64encode(keys.master_key).decode(),
        "WHATSAPP_APP_ID": APP_ID,
        "WHATSAPP_APP_SECRET": keys.app_secret,
        "WHATSAPP_VERIFY_TOKEN": keys.verify_token,
        "WHATSAPP_API_BASE": graph_url,
        "WABOT_QUIET_WINDOW": "0",
        "WABOT_LOG_FORMAT": "json",
    }


@contextmanager
def _serving(
    environment: dict[str, str], workers: int
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `wabot serve` as its own processes, its log in a file; yield its URL."""
    command = [sys.executable, "-c", "from wabot.cli import main; main()", "serve", "--port", "0"]
    command += ["--workers", str(workers)]
    with TemporaryDirectory(prefix="wabot-load-") as folder:
        log = Path(folder) / "serve.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                # Not the operator's folder: a .env there has no say.
                cwd=folder,
                env={**surroundings(), **environment},
                stderr=stream,
            )
        try:
            yield _wait_for_url(log, process, workers), process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait_for_url(log: Path, process: subprocess.Popen[bytes], workers: int) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        found = _LISTENING.findall(log.read_text(encoding="utf-8", errors="replace"))
        if len(found) >= workers:
            return str(found[0])
        time.sleep(0.1)
    raise ExternalFailure(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _memory(pid: int, workers: int) -> float | None:
    """Return the largest resident memory of a serving process in MB, where /proc tells it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        pids = [int(child) for child in children] if workers > 1 else [pid]
        pages = [int(Path(f"/proc/{p}/statm").read_text(encoding="ascii").split()[1]) for p in pids]
    except (OSError, ValueError):
        return None
    return round(max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)

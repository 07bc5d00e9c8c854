"""How one serving process is watched: its metrics, and how it is doing."""

import asyncio
import importlib.metadata
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wabot.config import Settings, share_metrics
from wabot.errors import ExternalFailure
from wabot.logs import log

if TYPE_CHECKING:
    from wabot.gateways.metrics import PrometheusMeasures
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.runtime.backlog import Backlogs
    from wabot.services.runtime.measuring import Vitals
    from wabot.services.runtime.ports import Clock
    from wabot.services.runtime.spans import Spans
    from wabot.services.runtime.worker import Worker

_log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
_SAMPLE_EVERY = 5


class Watching:
    """Looks at the process from inside, and tells whoever scrapes."""

    def __init__(
        self, measures: "PrometheusMeasures", backlogs: "Backlogs", vitals: "Callable[[], Vitals]"
    ) -> None:
        self._measures = measures
        self._backlogs = backlogs
        self._vitals = vitals
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._measures.sample(self._vitals())
        self._looking = asyncio.create_task(self._look_forever())

    async def stop(self) -> None:
        """End it."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def scrape(self) -> bytes:
        """Return all metrics as text, those of other workers of this machine included."""
        self._measures.sample(self._vitals())
        try:
            backlog = await self._backlogs.read()
        except ExternalFailure:
            backlog = None
        except Exception:
            # What this machine knows is worth telling all the same.
            log(_log, logging.ERROR, "backlog.unread", "The backlog cannot be read.", exc_info=True)
            backlog = None
        # In a thread: reading every worker's files would hold up messages.
        return await asyncio.to_thread(self._measures.render, backlog)

    async def _look_forever(self) -> None:
        loop = asyncio.get_running_loop()
        looks = 0
        while True:
            wanted = loop.time() + _LOOK_EVERY
            await asyncio.sleep(_LOOK_EVERY)
            self._measures.lag(max(loop.time() - wanted, 0.0))
            looks += 1
            if looks % _SAMPLE_EVERY == 0:
                self._measures.sample(self._vitals())


def build_watching(
    measures: "PrometheusMeasures | None", *, pools: "Pools", worker: "Worker", clock: "Clock"
) -> Watching | None:
    """Put together what watches a process; None when nothing is measured."""
    if measures is None:
        return None
    from wabot.repositories.runtime.backlog import PostgresBacklog
    from wabot.services.runtime.measuring import Vitals

    def vitals() -> Vitals:
        return Vitals(worker.at_work, pools.use(), pools.breakers_open)

    return Watching(measures, PostgresBacklog(pools, clock=clock), vitals)


def build_spans(wanted: bool) -> "Spans":
    """Return where spans of traces go: nowhere, unless they are wanted and can be sent."""
    from wabot.services.runtime.spans import UNTRACED

    if not wanted:
        return UNTRACED
    try:
        from wabot.gateways.traces import OtlpSpans
    except ModuleNotFoundError as error:
        log(
            _log,
            logging.WARNING,
            "traces.missing",
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: no traces."
            " Install it with: pip install 'wabot[otel]'",
            missing=error.name,
        )
        return UNTRACED
    return OtlpSpans(importlib.metadata.version("wabot"))


def build_measures(settings: Settings, shared: Path | None) -> "PrometheusMeasures | None":
    """Return what measures, None when nothing is to be.

    `shared` is this process's place in the folder of several workers' metrics.
    """
    if settings["WABOT_METRICS"] == "off":
        return None
    if shared is not None:
        # Its library asks the environment as soon as it is imported.
        share_metrics(shared.parent)
    from wabot.gateways.metrics import PrometheusMeasures

    return PrometheusMeasures(
        importlib.metadata.version("wabot"),
        folder=shared.parent if shared else None,
        place=shared.name if shared else "",
        tenants=settings["WABOT_METRICS_TENANTS"],
    )

"""The composition of what fetches and keeps customers' files."""

from datetime import timedelta
from typing import TYPE_CHECKING

from wabot.config import Settings

if TYPE_CHECKING:
    from wabot.gateways.whatsapp.client import GraphClient
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.runtime.measuring import Measures
    from wabot.services.runtime.media import MediaWorker
    from wabot.services.runtime.media_ports import FileStorage
    from wabot.services.runtime.ports import Clients, Clock, Journal, TokenReader
    from wabot.services.runtime.spans import Spans
    from wabot.services.runtime.worker import Worker


def media_storage(settings: Settings) -> "FileStorage":
    """Return where customers' files are kept; nothing is made or asked yet."""
    place = settings["WABOT_MEDIA"]
    if place.bucket:
        from wabot.gateways.media.s3 import S3Storage

        return S3Storage(place.bucket, place.prefix, encryption=place.encryption)
    from wabot.gateways.media.folder import FolderStorage

    return FolderStorage(place.folder or settings.home / "media")


def build_media(
    settings: Settings,
    *,
    pools: "Pools",
    graph: "GraphClient",
    tokens: "TokenReader",
    clients: "Clients",
    journal: "Journal",
    clock: "Clock",
    worker: "Worker",
    owner: str,
    measures: "Measures",
    spans: "Spans",
) -> "MediaWorker":
    """Put together what fetches customers' files in one process."""
    from wabot.domain.files import MEGABYTE
    from wabot.gateways.whatsapp.media import GraphFiles
    from wabot.repositories.runtime.media import PostgresFileQueue
    from wabot.services.runtime.fetching import Fetcher
    from wabot.services.runtime.media import MediaWorker

    lease = timedelta(seconds=settings["WABOT_LEASE"])
    at_once = settings["WABOT_MEDIA_AT_ONCE"]
    queue = PostgresFileQueue(pools, owner=owner, lease=lease, clock=clock)
    fetcher = Fetcher(
        queue,
        GraphFiles(graph, settings["WHATSAPP_API_BASE"]),
        media_storage(settings),
        tokens,
        most=settings["WABOT_MEDIA_MB"] * MEGABYTE,
        measures=measures,
        spans=spans,
    )
    return MediaWorker(
        queue,
        fetcher,
        clients=clients,
        journal=journal,
        clock=clock,
        dispatch=worker.dispatch,
        lease=lease,
        at_once=at_once,
        per_tenant=max(at_once // 4, 1),
    )

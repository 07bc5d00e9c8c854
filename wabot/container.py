"""The composition root: settings become databases, repositories, gateways and use cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wabot.config import Settings
from wabot.errors import ConfigurationError

CENTRAL_DATABASE = "wabot"


@dataclass(frozen=True, slots=True)
class CentralUrls:
    """libpq connection strings of the central database: as its owner and as the runtime."""

    runtime_url: str = field(repr=False)
    embedded: bool
    owner: str = field(repr=False, default="")

    @property
    def owner_url(self) -> str:
        """Return the owner's login; a machine that only serves need not have it."""
        if not self.owner:
            raise ConfigurationError(
                "DATABASE_URL is not set; RUNTIME_DATABASE_URL alone is enough for"
                " `wabot serve` only",
                hint="Set DATABASE_URL to the owner's login, or run this where it is set.",
            )
        return self.owner


@contextmanager
def open_central(settings: Settings, *, database: str = CENTRAL_DATABASE) -> Iterator[CentralUrls]:
    """Tell how to reach the central database while the block lasts.

    Starts the embedded PostgreSQL, with a database of the given name, when no URL is set.
    """
    from wabot.repositories.conninfo import as_runtime_login, with_runtime_role

    owner, runtime = settings["DATABASE_URL"], settings["RUNTIME_DATABASE_URL"]
    if owner or runtime:
        yield CentralUrls(runtime or with_runtime_role(owner), embedded=False, owner=owner)
        return

    from wabot.gateways.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.home).running() as server:
        server.ensure_database(database)
        url = server.url(database)
        yield CentralUrls(as_runtime_login(url), embedded=True, owner=url)

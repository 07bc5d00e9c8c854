"""The central database, and how to reach it."""

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
def open_central(
    settings: Settings, *, database: str = CENTRAL_DATABASE, watched: bool = False
) -> Iterator[CentralUrls]:
    """Tell how to reach the central database while the block lasts.

    Starts the embedded PostgreSQL, with a database of the given name, when no URL is set; when it
    is `watched`, again whenever it dies.
    """
    from wabot.repositories.conninfo import as_runtime_login, with_runtime_role

    owner, runtime = settings["DATABASE_URL"], settings["RUNTIME_DATABASE_URL"]
    if owner or runtime:
        with _logins(settings):
            yield CentralUrls(runtime or with_runtime_role(owner), embedded=False, owner=owner)
        return

    from wabot.gateways.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.home).running(watched=watched) as server:
        server.ensure_database(database)
        url = server.url(database)
        yield CentralUrls(as_runtime_login(url), embedded=True, owner=url)


@contextmanager
def _logins(settings: Settings) -> Iterator[None]:
    """Let connections of the two URLs log in as WABOT_DATABASE_AUTH says, while the block lasts."""
    if settings["WABOT_DATABASE_AUTH"] == "password":
        yield
        return
    from wabot.gateways.aws.rds import rds_token
    from wabot.repositories.conninfo import parameters_of
    from wabot.repositories.logins import Login, passwords_from

    def token(login: Login) -> str:
        return rds_token(login.host, login.port, login.user)

    urls = settings["DATABASE_URL"], settings["RUNTIME_DATABASE_URL"]
    with passwords_from(token, *(parameters_of(url) for url in urls if url)):
        yield

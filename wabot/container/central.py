"""The central database: how to reach it, and whether it is fit to serve on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wabot.config import Settings
from wabot.errors import ConfigurationError
from wabot.logs import log

if TYPE_CHECKING:
    pass


CENTRAL_DATABASE = "wabot"
_log = logging.getLogger(__name__)


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


def require_ready(settings: Settings, urls: CentralUrls) -> None:
    """Refuse to serve on other tables, with too mighty a login, or with a key that opens nothing.

    Tokens of single shops under a lost key are no reason not to serve the others.
    """
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.central_roles import verify_runtime_login
    from wabot.repositories.central_schema import status
    from wabot.repositories.runtime.token_keys import keys_in_use

    found = status(urls.owner or urls.runtime_url)
    if not found.known:
        raise ConfigurationError(
            f"The {found.where} is at revision {found.revision}, which this wabot does not know",
            hint="A newer wabot upgraded it. Install that version or a later one.",
        )
    if not found.revision or found.pending:
        raise ConfigurationError(
            f"The {found.where} is not at this version's revision ({found.head})",
            hint="Run: wabot db upgrade",
        )
    verify_runtime_login(urls.runtime_url)
    known = TokenCipher(settings["WABOT_MASTER_KEY"]).key_ids
    used = keys_in_use(urls.runtime_url)
    lost = {key: count for key, count in used.items() if key not in known}
    if lost and len(lost) == len(used):
        raise ConfigurationError(
            f"WABOT_MASTER_KEY opens none of the {sum(used.values())} clients' tokens: they are"
            f" encrypted with {', '.join(sorted(lost))}, the key at hand is {', '.join(known)}",
            hint="Set the key with which the clients were created; see: wabot keys list",
        )
    if lost:
        log(
            _log,
            logging.WARNING,
            "keys.lost",
            "Some clients' tokens are encrypted with a key that is not at hand.",
            clients=sum(lost.values()),
            keys=sorted(lost),
        )

"""The composition root: settings become databases, repositories, gateways and use cases."""

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from wabot.config import Settings
from wabot.errors import ConfigurationError, InvalidInput
from wabot.logs import log

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from wabot.domain.tenant import Tenant
    from wabot.gateways.encryption import TokenCipher
    from wabot.gateways.whatsapp.client import GraphClient
    from wabot.repositories.provisioning.changes import SqlChanges
    from wabot.repositories.provisioning.exports import SqlExports
    from wabot.repositories.provisioning.servers import Servers
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.repositories.provisioning.tenants import SqlTenants
    from wabot.repositories.runtime.pools import Pools
    from wabot.services.provisioning.clone import CloneTenant
    from wabot.services.provisioning.create import CreateTenant
    from wabot.services.provisioning.delete import DeleteTenant
    from wabot.services.provisioning.filled import CreateFilled
    from wabot.services.provisioning.import_ import ImportTenant
    from wabot.services.provisioning.move import MoveTenant
    from wabot.services.provisioning.update import UpdateTenant
    from wabot.services.runtime.acceptance import Acceptor
    from wabot.services.runtime.ports import Clock
    from wabot.services.runtime.worker import Worker
    from wabot.services.signatures import SignatureVerifier
    from wabot.texts import Texts

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


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What the operator's acts on tenants are made of; `actor` stands in the audit log."""

    owner_url: str = field(repr=False)
    engine: "Engine" = field(repr=False)
    tenants: "SqlTenants"
    templates: "FolderTemplates"
    actor: str
    keys: tuple[bytes, ...] = field(repr=False, default=())

    @property
    def move(self) -> "MoveTenant":
        """Return the use case that moves a tenant to another place."""
        from wabot.repositories.provisioning.moving import SqlMoves
        from wabot.services.provisioning.move import MoveTenant

        return MoveTenant(
            self.tenants, SqlMoves(self.engine, self.servers), lambda: self.cipher, self.actor
        )

    @property
    def cipher(self) -> "TokenCipher":
        """Return what encrypts tokens; looking at tenants needs no key."""
        from wabot.gateways.encryption import TokenCipher

        return TokenCipher(self.keys)

    @property
    def servers(self) -> "Servers":
        """Return the way to the tenants' databases; a key is needed where one has a password."""
        return _servers(self.owner_url, self.keys)

    @property
    def changes(self) -> "SqlChanges":
        """Return what writes changes of tenants."""
        from wabot.repositories.provisioning.changes import SqlChanges

        return SqlChanges(self.engine, self.servers)

    @property
    def exports(self) -> "SqlExports":
        """Return what reads tenants into files."""
        from wabot.gateways.pg_dump import dump
        from wabot.repositories.provisioning.exports import SqlExports

        return SqlExports(self.servers, dump)

    @property
    def update(self) -> "UpdateTenant":
        """Return the use case that changes a tenant."""
        from wabot.repositories.provisioning.module_folders import FolderModules
        from wabot.services.provisioning.update import UpdateTenant

        modules = FolderModules(self.tenants.line)
        return UpdateTenant(self.tenants, self.changes, self.templates, modules, self.actor)

    @property
    def clone(self) -> "CloneTenant":
        """Return the use case that makes a tenant like another."""
        from wabot.repositories.provisioning.copies import TenantCopies
        from wabot.services.provisioning.clone import CloneTenant

        return CloneTenant(self._filled, TenantCopies(self.servers, line=self.tenants.line))

    @property
    def import_(self) -> "ImportTenant":
        """Return the use case that makes a tenant from an export."""
        from wabot.repositories.provisioning.copies import TenantCopies
        from wabot.services.provisioning.import_ import ImportTenant

        copies = TenantCopies(self.servers, line=self.tenants.line)
        return ImportTenant(self._filled, self.exports, copies, self.templates)

    @property
    def delete(self) -> "DeleteTenant":
        """Return the use case that takes a tenant away."""
        from wabot.repositories.provisioning.removals import SqlRemovals
        from wabot.services.provisioning.delete import DeleteTenant

        removals = SqlRemovals(self.engine, self.servers)
        return DeleteTenant(
            self.tenants, removals, self.exports, self.actor, now=lambda: datetime.now(UTC)
        )

    @property
    def _filled(self) -> "CreateFilled":
        from wabot.services.provisioning.filled import CreateFilled

        return CreateFilled(
            self.tenants, self.changes, self.cipher, now=lambda: datetime.now(UTC), new_id=uuid4
        )

    @property
    def create(self) -> "CreateTenant":
        """Return the use case that creates a tenant."""
        from wabot.services.provisioning.create import CreateTenant

        return CreateTenant(
            self.tenants, self.cipher, self.templates, now=lambda: datetime.now(UTC), new_id=uuid4
        )


@contextmanager
def open_tenants(settings: Settings, *, connections: int = 0) -> Iterator[Provisioning]:
    """Compose the acts on the tenants of the settings' central database, as its owner.

    As many `connections` are kept for what comes next; otherwise each act makes its own.
    """
    with (
        open_central(settings) as urls,
        tenants_at(
            urls.owner_url,
            keys=settings["WABOT_MASTER_KEY"],
            actor=settings.operator,
            connections=connections,
        ) as provisioning,
    ):
        yield provisioning


@contextmanager
def tenants_at(
    owner_url: str,
    *,
    keys: tuple[bytes, ...] = (),
    actor: str = "operator",
    connections: int = 0,
) -> Iterator[Provisioning]:
    """Compose the acts on the tenants of any central database."""
    from wabot.repositories.engines import open_engine
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.repositories.provisioning.tenants import SqlTenants

    engine = open_engine(owner_url, connections=connections)
    try:
        tenants = SqlTenants(engine, servers=_servers(owner_url, keys))
        yield Provisioning(owner_url, engine, tenants, FolderTemplates(), actor, keys)
    finally:
        engine.dispose()


def _servers(owner_url: str, keys: tuple[bytes, ...]) -> "Servers":
    from wabot.gateways.encryption import TokenCipher
    from wabot.repositories.provisioning.servers import Servers

    def decrypt(client_id: UUID, ciphertext: str, purpose: str) -> str:
        return TokenCipher(keys).decrypt(client_id, ciphertext, purpose)

    return Servers(owner_url, decrypt)


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


def template_texts() -> "Callable[[Tenant], Texts]":
    """Return what gives a tenant its words: the common ones with its template's own."""
    from wabot.repositories.provisioning.template_folders import FolderTemplates
    from wabot.texts import Texts, load_texts

    templates = FolderTemplates()
    known: dict[str, Texts] = {}

    def texts_of(tenant: "Tenant") -> Texts:
        if tenant.template not in known:
            known[tenant.template] = load_texts().with_overrides(overrides_of(tenant.template))
        return known[tenant.template]

    def overrides_of(template: str) -> Mapping[str, str]:
        try:
            return templates.load(template).texts
        except InvalidInput as error:
            # A shop goes on with the common words rather than falling silent.
            said = "A shop's template is not at hand: it speaks the common words."
            log(_log, logging.ERROR, "template.missing", said, template=template, why=error.message)
            return {}

    return texts_of


@dataclass(slots=True)
class Runtime:
    """Everything that one serving process holds."""

    pools: "Pools"
    graph: "GraphClient"
    acceptor: "Acceptor"
    worker: "Worker"
    signatures: "SignatureVerifier"
    clock: "Clock"
    verify_token: str

    async def open(self) -> None:
        """Connect and begin to work; raises DatabaseUnavailable."""
        await self.pools.open()
        await self.graph.open()
        self.worker.start()

    async def close(self) -> None:
        """Finish what is at hand, give leases back and disconnect."""
        await self.worker.stop()
        await self.graph.close()
        await self.pools.close()

    async def ping(self) -> None:
        """Raise DatabaseUnavailable when the central database does not answer."""
        async with self.pools.central() as connection:
            await connection.execute("SELECT 1")


def build_runtime(
    settings: Settings,
    runtime_url: str,
    *,
    clock: "Clock | None" = None,
    texts_of: "Callable[[Tenant], Texts] | None" = None,
) -> Runtime:
    """Put the serving process together; nothing is opened yet."""
    from wabot.gateways.clock import SystemClock
    from wabot.gateways.encryption import TokenCipher
    from wabot.gateways.whatsapp.client import GraphClient
    from wabot.repositories.runtime.clients import PostgresClients
    from wabot.repositories.runtime.journal import PostgresJournal
    from wabot.repositories.runtime.pools import Pools
    from wabot.repositories.runtime.turns import PostgresTenantStore
    from wabot.services.runtime.acceptance import Acceptor
    from wabot.services.runtime.conversing import Conversing, closing_batcher
    from wabot.services.runtime.sending import ResendRule, Sender
    from wabot.services.runtime.turn import TurnRunner
    from wabot.services.runtime.worker import Worker
    from wabot.services.signatures import SignatureVerifier

    def seconds(name: str) -> timedelta:
        return timedelta(seconds=settings[name])

    business_clock = clock or SystemClock()
    owner = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    pools = Pools(runtime_url, size=settings["WABOT_POOL_SIZE"], decrypt=cipher.decrypt)
    journal = PostgresJournal(
        pools,
        owner=owner,
        lease=seconds("WABOT_LEASE"),
        quiet=seconds("WABOT_QUIET_WINDOW"),
        quiet_limit=seconds("WABOT_QUIET_WINDOW_MAX"),
    )
    clients = PostgresClients(pools)
    store = PostgresTenantStore(pools)
    graph = GraphClient(settings["WHATSAPP_API_BASE"], settings["WHATSAPP_API_VERSION"])
    sender = Sender(
        store,
        journal,
        graph,
        TokenCipher(settings["WABOT_MASTER_KEY"]),
        ResendRule(seconds("WABOT_RESEND_AFTER"), seconds("WABOT_RESEND_AFTER_SILENT")),
        clients=clients,
    )
    turns = TurnRunner(
        store,
        business_clock,
        texts_of or template_texts(),
        owner=owner,
        claim=seconds("WABOT_LEASE"),
        late_after=seconds("WABOT_LATE_AFTER"),
    )
    conversing = Conversing(
        journal,
        clients,
        turns,
        sender,
        tries=settings["WABOT_EVENT_TRIES"],
        closer=closing_batcher(journal),
    )
    worker = Worker(
        journal,
        clients,
        conversing,
        business_clock,
        lease=seconds("WABOT_LEASE"),
        turns=settings["WABOT_TURNS"],
        turns_per_tenant=settings["WABOT_TURNS_PER_TENANT"],
        keep_journal=timedelta(hours=settings["WABOT_JOURNAL_HOURS"]),
    )
    acceptor = Acceptor(journal, clients, worker.dispatch, worker.wake)
    return Runtime(
        pools,
        graph,
        acceptor,
        worker,
        SignatureVerifier(settings.apps),
        business_clock,
        settings["WHATSAPP_VERIFY_TOKEN"],
    )

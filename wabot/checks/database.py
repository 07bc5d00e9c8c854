"""The central database: reached, fit to serve on, and its server's settings."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, Protocol

from wabot.checks.model import Check, Outcome, Severity, bad, good, skip, warn
from wabot.domain.counted import counted
from wabot.services.server_facts import ServerFacts

_SLOW = timedelta(milliseconds=25)
_SKEWED = timedelta(seconds=2)
_TRIED = (15, 18)
# A shop's creation locks each of its tables and indexes in one transaction.
_LOCKS = 64
# What the command line, checks and migrations need beside the servers.
_SPARE = 5


class Standing(NamedTuple):
    """How the central tables stand; `known` is whether this version knows their revision.

    Of a newer version's, `served` tells whether this version's servers may serve on them.
    """

    revision: str
    head: str
    pending: int
    known: bool
    served: bool
    role_problems: tuple[str, ...]
    clients: int | None


class Database(Protocol):
    """The central database, looked at anew by each method."""

    @property
    def runtime_setting(self) -> str:
        """Return the name of the setting that the runtime's login comes from."""
        ...

    @property
    def owned(self) -> bool:
        """Tell whether the owner's login is at hand."""
        ...

    @property
    def servers(self) -> int:
        """Return how many machines serve."""
        ...

    @property
    def pool_size(self) -> int:
        """Return how many connections a serving process may hold."""
        ...

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the names of the master keys at hand."""
        ...

    async def as_owner(self) -> ServerFacts:
        """Look as the owner; as the runtime where that login is not at hand."""
        ...

    async def pooled(self) -> bool:
        """Tell whether something stands between, on the way of the runtime if it gets in."""
        ...

    async def verify_runtime(self) -> None:
        """Raise when the runtime's login does not get in, or may do too much."""
        ...

    async def standing(self) -> Standing:
        """Look at the central tables."""
        ...

    async def keys_in_use(self) -> Mapping[str, int]:
        """Count tokens by the key that they are encrypted with."""
        ...

    async def behind(self) -> Mapping[str, int]:
        """Count shops that lack revisions, by where they stand."""
        ...


async def _connects(database: Database) -> Outcome:
    facts = await database.as_owner()
    return good(f"{facts.where} as {facts.user}")


async def _version(database: Database) -> Outcome:
    facts = await database.as_owner()
    oldest, newest = _TRIED
    if oldest <= facts.major <= newest:
        return good(f"PostgreSQL {facts.version}")
    return bad(
        f"PostgreSQL {facts.version} is none of those that wabot is tried with"
        f" ({oldest} to {newest})",
        f"move {facts.where} to a PostgreSQL from {oldest} to {newest}",
    )


async def _latency(database: Database) -> Outcome:
    facts = await database.as_owner()
    took = f"{facts.latency / timedelta(milliseconds=1):.1f} ms for an answer"
    if facts.latency < _SLOW:
        return good(took)
    return bad(
        f"{took}; each message takes several",
        "run wabot in the network (region, zone) of its database",
    )


async def _tls(database: Database) -> Outcome:
    facts = await database.as_owner()
    if facts.encrypted:
        return good("encrypted")
    if facts.near:
        return good("on this machine, not encrypted")
    return bad(
        f"the connection to {facts.where} is not encrypted: passwords and messages can be read",
        "add sslmode=verify-full (or at least require) to DATABASE_URL and RUNTIME_DATABASE_URL",
    )


async def _rights(database: Database) -> Outcome:
    if not database.owned:
        return skip("DATABASE_URL is not set here: this machine only serves")
    facts = await database.as_owner()
    user = f'"{facts.user}"'
    lacking, words = [], []
    if not facts.may_create_schemas:
        lacking.append("create schemas")
        words.append(f"grant create on database … to {user};")
    if not facts.may_create_roles:
        lacking.append("create roles")
        words.append(f"alter role {user} createrole;")
    if lacking:
        return bad(
            f"{facts.user} may not {' nor '.join(lacking)}: each shop gets its own of them",
            f"as an administrator of the server: {' '.join(words)}",
        )
    return good(f"{facts.user} may create schemas and roles")


async def _databases(database: Database) -> Outcome:
    if not database.owned:
        return skip("DATABASE_URL is not set here: this machine only serves")
    facts = await database.as_owner()
    if facts.may_create_databases:
        return good(f"{facts.user} may create databases")
    return bad(
        f"{facts.user} may not create databases: `--isolation database` needs one made by hand",
        f'as an administrator of the server: alter role "{facts.user}" createdb;',
    )


async def _revision(database: Database) -> Outcome:
    found = await database.standing()
    if found.served and not found.known:
        return warn(
            f"the central tables are at revision {found.revision} of a newer wabot, which still"
            " lets this one serve",
            "install that version on this machine as well",
        )
    if not found.known:
        return bad(
            f"the central tables are at revision {found.revision}, which this wabot does not know",
            "install the version of wabot that upgraded them, or a later one",
        )
    if not found.revision:
        # Without keys nothing was set up yet.
        first = "wabot db upgrade" if database.key_ids else "wabot init"
        return bad("there are no central tables yet", first)
    if found.pending:
        return bad(
            f"the central tables are at revision {found.revision}; this wabot needs {found.head}",
            "wabot db upgrade",
        )
    return good(f"at revision {found.revision}, {counted(found.clients or 0, 'shop')}")


async def _runtime_login(database: Database) -> Outcome:
    await database.verify_runtime()
    return good(f"by {database.runtime_setting}, without rights of the owner")


async def _runtime_role(database: Database) -> Outcome:
    found = await database.standing()
    if not found.known:
        return skip("a newer wabot set it up")
    if found.role_problems:
        return bad("; ".join(found.role_problems), "wabot db upgrade")
    return good("the role has the rights it needs and no other")


async def _keys(database: Database) -> Outcome:
    known = database.key_ids
    if not known:
        return skip("WABOT_MASTER_KEY is not set")
    used = await database.keys_in_use()
    lost = {key: count for key, count in used.items() if key not in known}
    total = sum(lost.values())
    if not used:
        return good("no token is stored yet")
    if not lost:
        return good(counted(sum(used.values()), "token opens", "tokens open"))
    if len(lost) == len(used):
        return bad(
            f"WABOT_MASTER_KEY opens no token: {counted(total, 'is', 'are')} encrypted with"
            f" {', '.join(sorted(lost))}, the key at hand is {', '.join(known)}",
            "set the key with which the clients were created; see: wabot keys list",
        )
    return warn(
        f"{counted(total, 'token is', 'tokens are')} encrypted with {', '.join(sorted(lost))},"
        " not at hand",
        "add that key to WABOT_MASTER_KEY; see: wabot keys list",
    )


async def _behind(database: Database) -> Outcome:
    found = await database.behind()
    if not found:
        return good("every shop is at the newest revision")
    shops = sum(found.values())
    return bad(
        f"{counted(shops, 'shop lacks', 'shops lack')} revisions (at {', '.join(sorted(found))})",
        "wabot tenant migrate --all",
    )


async def _capacity(database: Database) -> Outcome:
    facts = await database.as_owner()
    room = facts.max_connections - facts.reserved_connections
    # Workers that do not run now are not known: each machine has one at least.
    processes = max(facts.serving, database.servers)
    needed = processes * database.pool_size + _SPARE
    whose = counted(processes, "serving process", "serving processes")
    if await database.pooled() or needed <= room:
        most = counted(facts.max_connections, "connection")
        return good(f"{most}, of which {whose} take {needed} at most")
    return bad(
        f"{whose} may take {counted(needed, 'connection')} and the server allows {room}",
        f"set max_connections = {needed + facts.reserved_connections} or more in postgresql.conf"
        " and restart it, or lower WABOT_POOL_SIZE",
    )


async def _locks(database: Database) -> Outcome:
    facts = await database.as_owner()
    if facts.max_locks >= _LOCKS:
        return good(f"max_locks_per_transaction {facts.max_locks}")
    return bad(
        f"max_locks_per_transaction is {facts.max_locks}: exports and migrations of shops may fail",
        f"set max_locks_per_transaction = {_LOCKS} or more in postgresql.conf and restart it",
    )


async def _pooler(database: Database) -> Outcome:
    if not await database.pooled():
        return good("reached directly")
    # Only with transactions of its own does wabot rely on nothing of a session.
    return good("behind a pooler (PgBouncer or alike), in transaction or session mode")


async def _clock(database: Database) -> Outcome:
    facts = await database.as_owner()
    skew = abs(facts.skew)
    if skew < _SKEWED:
        return good(f"{skew / timedelta(milliseconds=1):.0f} ms apart")
    ahead = "ahead of" if facts.skew > timedelta(0) else "behind"
    return bad(
        f"the database's clock is {skew.total_seconds():.0f} s {ahead} this machine's",
        "synchronise both: timedatectl set-ntp true",
    )


_CONNECTED = ("database.connects",)
_WARNING = Severity.WARNING
_MIGRATED = ("database.revision",)

DATABASE = (
    Check("database.connects", "the central database is reached", _connects, timeout=15.0),
    Check("database.version", "its version is a tried one", _version, _CONNECTED, _WARNING),
    Check("database.latency", "it answers quickly", _latency, _CONNECTED, _WARNING),
    Check("database.tls", "the way to it is encrypted", _tls, _CONNECTED, _WARNING),
    Check("database.clock", "its clock is ours", _clock, _CONNECTED, _WARNING),
    Check("database.pooler", "what stands between is known", _pooler, _CONNECTED, _WARNING),
    Check("database.connections", "it has room for all", _capacity, _CONNECTED, _WARNING),
    Check("database.locks", "it holds enough locks", _locks, _CONNECTED, _WARNING),
    Check("database.rights", "its owner may make shops", _rights, _CONNECTED, _WARNING),
    Check("database.databases", "its owner may make databases", _databases, _CONNECTED, _WARNING),
    Check("database.revision", "its tables are this version's", _revision, _CONNECTED),
    Check("database.runtime_login", "the runtime logs in as itself", _runtime_login, _MIGRATED),
    Check("database.runtime_role", "the runtime's rights are right", _runtime_role, _MIGRATED),
    Check("database.keys", "the master keys open the tokens", _keys, _MIGRATED),
    Check("database.behind", "shops are at the newest revision", _behind, _MIGRATED, _WARNING),
)

"""What is known of a PostgreSQL server, as seen by one login."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One look at a server. `near` is this machine's own; `skew` is its clock ahead of ours.

    `pooled` tells whether something stands between, such as PgBouncer; `serving` counts the
    processes that serve on it now, 0 where nothing tells.
    """

    where: str
    version: str
    user: str
    latency: timedelta
    skew: timedelta
    near: bool
    encrypted: bool
    pooled: bool
    max_connections: int
    reserved_connections: int
    max_locks: int
    may_create_schemas: bool
    may_create_roles: bool
    may_create_databases: bool
    serving: int = 0

    @property
    def major(self) -> int:
        """Return the number of the release."""
        return int(self.version.partition(".")[0])

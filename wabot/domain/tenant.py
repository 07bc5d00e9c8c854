"""Clients of the operator and where their tables live."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from wabot.domain.plan import Allowance, Override, effective, plan_of
from wabot.domain.plan_standing import PAYS, Phase, PlanStanding

THROUGHPUT = 80
"""What Meta allows a number per second; 20 where the Business app is used beside, at most 1000."""


class TenantStatus(StrEnum):
    """Where a client stands in its life; running servers work for active ones alone."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    MOVING = "moving"
    SUSPENDED = "suspended"
    DELETING = "deleting"


class Isolation(StrEnum):
    """How a client's tables are kept apart from the others'."""

    SCHEMA = "schema"
    DATABASE = "database"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a tenant's tables are: server, database, schema, prefix, and the tenant's role.

    `server` holds libpq parameters without database and password, and is empty for the central
    server; `database` is empty for the central database. `role` is the tenant's own PostgreSQL
    role that each of its transactions takes. On another server the runtime logs in as `login`,
    and the passwords of that login and of the server's owner are ciphertext of the client.
    """

    isolation: Isolation
    schema: str
    role: str
    prefix: str = ""
    server: str = ""
    database: str = ""
    login: str = ""
    owner_secret: str = field(default="", repr=False)
    runtime_secret: str = field(default="", repr=False)

    @property
    def address(self) -> tuple[str, str, str, str]:
        """Return what tells two places apart: server, database, schema, prefix."""
        return (self.server, self.database, self.schema, self.prefix)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A client as the runtime needs it. `token` is ciphertext here, never the WhatsApp token.

    `throughput` is how many messages per second Meta allows its number; `previous_token` the token
    before the present one, as ciphertext, until the present one has sent something.
    Overrides and the standing's dates begin and end while the tenant stays the same: ask with the
    business time of each moment.
    """

    id: UUID
    slug: str
    name: str
    phone_number_id: str
    plan: str
    placement: Placement
    token: str = field(repr=False)
    status: TenantStatus = TenantStatus.ACTIVE
    template: str = ""
    country: str = "MX"
    currency: str = "MXN"
    time_zone: str = "America/Mexico_City"
    waba_id: str = ""
    app_id: str = ""
    revision: str = ""
    created_at: datetime | None = None
    throughput: int = THROUGHPUT
    previous_token: str = field(default="", repr=False)
    standing: PlanStanding = PAYS
    overrides: tuple[Override, ...] = ()

    def allowance(self, at: datetime) -> Allowance:
        """Return what the client may use at that moment."""
        return effective(plan_of(self.plan), self.overrides, at)

    def is_served(self, at: datetime) -> bool:
        """Tell whether its customers are answered: active, and not suspended by a date."""
        active = self.status is TenantStatus.ACTIVE
        return active and self.standing.phase(at) is not Phase.SUSPENDED

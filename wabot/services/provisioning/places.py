"""Where a tenant's tables are to be: what the operator may ask for, and what it comes to."""

import secrets
from dataclasses import dataclass, field, replace
from uuid import UUID

from wabot.domain.placement import (
    DATABASE_PASSWORD,
    database_placement,
    prefix_placement,
    schema_placement,
)
from wabot.domain.plan import PLANS, Allowance, Feature, Plan
from wabot.domain.tenant import Isolation, Placement
from wabot.errors import InvalidInput, Refused
from wabot.services.provisioning.ports import TokenCipher
from wabot.services.provisioning.request import unknown


@dataclass(frozen=True, slots=True)
class DatabaseAt:
    """A database of the tenant's own; empty texts mean the central server, a name from the id.

    `password` is that of the server's user; empty when libpq finds its own way in.
    """

    server: str = ""
    database: str = ""
    password: str = field(default="", repr=False)


CENTRAL = DatabaseAt()


def check_isolation(code: str) -> Isolation:
    """Return the kind of place of that name."""
    if code not in {isolation.value for isolation in Isolation}:
        raise unknown("isolation", code, (isolation.value for isolation in Isolation))
    return Isolation(code)


def check_place(isolation: Isolation, at: DatabaseAt, allowed: Allowance) -> None:
    """Refuse a place that makes no sense or that is not included in what a client may use."""
    if isolation is not Isolation.DATABASE:
        if at != CENTRAL:
            raise InvalidInput(
                f"--database-url is for --isolation database, not for {isolation.value}",
                hint="Add --isolation database, or leave --database-url out.",
            )
        return
    if not allowed.includes(Feature.OWN_DATABASE):
        able = [known.code for known in PLANS.values() if _may_own_database(known)]
        raise Refused(
            f"plan {allowed.plan.code} does not include a database of its own; nothing was changed",
            hint=f"Choose plan {' or '.join(able)}, or --isolation schema.",
        )


def draw_place(client_id: UUID, isolation: Isolation, at: DatabaseAt = CENTRAL) -> Placement:
    """Return the client's place of that kind, without passwords."""
    if isolation is Isolation.PREFIX:
        return prefix_placement(client_id)
    if isolation is Isolation.DATABASE:
        return database_placement(client_id, server=at.server, database=at.database)
    return schema_placement(client_id)


def with_passwords(
    placement: Placement, client_id: UUID, at: DatabaseAt, cipher: TokenCipher
) -> Placement:
    """Add the ciphertexts a place on another server needs; the runtime's password is new."""
    if not placement.server:
        return placement

    def seal(password: str) -> str:
        return cipher.encrypt(client_id, password, DATABASE_PASSWORD) if password else ""

    return replace(
        placement,
        owner_secret=seal(at.password),
        runtime_secret=seal(secrets.token_urlsafe(24)),
    )


def is_at(placement: Placement, client_id: UUID, isolation: Isolation, at: DatabaseAt) -> bool:
    """Tell whether a client's place is the one that is asked for."""
    return placement.address == draw_place(client_id, isolation, at).address


def _may_own_database(plan: Plan) -> bool:
    return Feature.OWN_DATABASE in plan.features

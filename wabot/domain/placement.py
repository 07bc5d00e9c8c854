"""Physical names of a tenant's tables, and their form in `clients.db_connection_config`."""

import re
from base64 import b32encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wabot.domain.tenant import Isolation, Placement
from wabot.errors import ConfigurationError

SHARED_SCHEMA = "wabot_shared"
# What the ciphertexts of a placement are bound to, besides their client.
DATABASE_PASSWORD = "database_password"  # noqa: S105 - what a secret is, not a secret

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Longest table, index or constraint name without prefix: 46; PostgreSQL keeps 63 bytes.
_PREFIX = re.compile(r"([a-z][a-z0-9_]{0,15})?")
_KEYS = frozenset({"isolation", "server", "schema", "prefix", "role"})
# Only where they are needed; former places and a move under way are read by `places`.
_MORE = frozenset({"database", "login", "owner_secret", "runtime_secret"})
_PLACES = frozenset({"former", "move", "removal"})
_SECRETS = ("owner_secret", "runtime_secret")
# wabot alone writes it, always whole.
_BY_HAND = (
    "Somebody changed a row of wabot.clients by hand: find it with SELECT slug,"
    " db_connection_config FROM wabot.clients, and put back what a backup has of it."
)


def short_id(client_id: UUID) -> str:
    """Return the id in base32: 26 lower-case letters and digits, fit for PostgreSQL names."""
    return b32encode(client_id.bytes).decode().rstrip("=").lower()


def schema_placement(client_id: UUID) -> Placement:
    """Place a tenant in a schema of its own beside the central tables.

    Names come from the id, never from the client's name: nothing to quote, rename or collide.
    """
    name = short_id(client_id)
    return Placement(Isolation.SCHEMA, schema=f"t_{name}", role=f"wabot_t_{name}")


def prefix_placement(client_id: UUID) -> Placement:
    """Place a tenant beside others in one schema: its tables' names begin with its prefix."""
    name = short_id(client_id)
    # 14 characters of the id are 70 bits of it: enough that no two clients share them.
    return Placement(
        Isolation.PREFIX, schema=SHARED_SCHEMA, role=f"wabot_t_{name}", prefix=f"p{name[:14]}_"
    )


def database_placement(client_id: UUID, *, server: str = "", database: str = "") -> Placement:
    """Place a tenant in a database of its own, on the central server or another.

    On another server the runtime has a login for this client alone: its password is kept once,
    with the client, and servers of several installations can share a PostgreSQL.
    """
    name = short_id(client_id)
    return Placement(
        Isolation.DATABASE,
        schema=f"t_{name}",
        role=f"wabot_t_{name}",
        server=server,
        database=database or f"wabot_{name}",
        login=f"wabot_r_{name}" if server else "",
    )


def placement_to_config(placement: Placement) -> dict[str, Any]:
    """Return what `clients.db_connection_config` holds for the placement."""
    more = {key: getattr(placement, key) for key in sorted(_MORE)}
    return {
        "isolation": placement.isolation.value,
        "server": placement.server,
        "schema": placement.schema,
        "prefix": placement.prefix,
        "role": placement.role,
        **{key: value for key, value in more.items() if value},
    }


def placement_to_view(placement: Placement) -> dict[str, str]:
    """Return the same for people: secrets are only said to be there."""
    config = placement_to_config(placement)
    return {key: "stored encrypted" if key in _SECRETS else config[key] for key in config}


def placement_from_config(config: Mapping[str, object]) -> Placement:
    """Read a placement back; unknown keys and names that need quoting are refused."""
    values = {key: value for key, value in config.items() if isinstance(value, str)}
    if wrong := _wrong_keys(config, values) or _wrong_values(values):
        raise ConfigurationError(wrong, hint=_BY_HAND)
    more = {key: values[key] for key in _MORE if key in values}
    return Placement(
        Isolation(values["isolation"]),
        schema=values["schema"],
        role=values["role"],
        prefix=values["prefix"],
        server=values["server"],
        **more,
    )


def _wrong_keys(config: Mapping[str, object], texts: Mapping[str, str]) -> str:
    own = set(config) - _PLACES
    if _KEYS <= own <= _KEYS | _MORE and own <= set(texts):
        return ""
    return (
        f"db_connection_config must hold the texts {', '.join(sorted(_KEYS))}"
        f" and no more than {', '.join(sorted(_MORE | _PLACES))};"
        f" it holds {', '.join(sorted(config)) or 'nothing'}"
    )


def _wrong_values(values: Mapping[str, str]) -> str:
    if values["isolation"] not in {isolation.value for isolation in Isolation}:
        return f"unknown isolation in db_connection_config: {values['isolation']!r}"
    for key in ("schema", "role", "login"):
        if key in values and not _NAME.fullmatch(values[key]):
            return f"bad {key} in db_connection_config: {values[key]!r}"
    if not _PREFIX.fullmatch(values["prefix"]):
        return f"bad prefix in db_connection_config: {values['prefix']!r}"
    if (values["isolation"] == Isolation.DATABASE) != bool(values.get("database")):
        return "db_connection_config names a database for that isolation alone"
    if bool(values["server"]) != bool(values.get("login")):
        return "db_connection_config names a login for another server alone"
    return ""

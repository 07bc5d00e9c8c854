"""Physical names of a tenant's tables, and their form in `clients.db_connection_config`."""

import re
from base64 import b32encode
from collections.abc import Mapping
from uuid import UUID

from wabot.domain.tenant import Isolation, Placement
from wabot.errors import ConfigurationError

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Longest table, index or constraint name without prefix: 46; PostgreSQL keeps 63 bytes.
_PREFIX = re.compile(r"([a-z][a-z0-9_]{0,15})?")
_KEYS = frozenset({"isolation", "server", "schema", "prefix", "role"})


def short_id(client_id: UUID) -> str:
    """Return the id in base32: 26 lower-case letters and digits, fit for PostgreSQL names."""
    return b32encode(client_id.bytes).decode().rstrip("=").lower()


def schema_placement(client_id: UUID) -> Placement:
    """Place a tenant in a schema of its own beside the central tables.

    Names come from the id, never from the client's name: nothing to quote, rename or collide.
    """
    name = short_id(client_id)
    return Placement(Isolation.SCHEMA, schema=f"t_{name}", role=f"wabot_t_{name}")


def placement_to_config(placement: Placement) -> dict[str, str]:
    """Return what `clients.db_connection_config` holds for the placement."""
    return {
        "isolation": placement.isolation.value,
        "server": placement.server,
        "schema": placement.schema,
        "prefix": placement.prefix,
        "role": placement.role,
    }


def placement_from_config(config: Mapping[str, object]) -> Placement:
    """Read a placement back; unknown keys and names that need quoting are refused."""
    values = {key: value for key, value in config.items() if isinstance(value, str)}
    if set(config) != _KEYS or len(values) != len(_KEYS):
        raise ConfigurationError(
            f"db_connection_config must hold exactly the texts {', '.join(sorted(_KEYS))};"
            f" it holds {', '.join(sorted(config)) or 'nothing'}"
        )
    if values["isolation"] not in {isolation.value for isolation in Isolation}:
        raise ConfigurationError(
            f"unknown isolation in db_connection_config: {values['isolation']!r}"
        )
    for key in ("schema", "role"):
        if not _NAME.fullmatch(values[key]):
            raise ConfigurationError(f"bad {key} in db_connection_config: {values[key]!r}")
    if not _PREFIX.fullmatch(values["prefix"]):
        raise ConfigurationError(f"bad prefix in db_connection_config: {values['prefix']!r}")
    return Placement(
        Isolation(values["isolation"]),
        schema=values["schema"],
        role=values["role"],
        prefix=values["prefix"],
        server=values["server"],
    )

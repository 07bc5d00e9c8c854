"""What tests of the 24-hour window look at and set up."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from tests.harness import OWNER_PHONE, Harness, running
from wabot.domain.tenant import Isolation
from wabot.simulation.graph.journal import SentMessage
from wabot.simulation.graph.templates import Template
from wabot.simulation.inbound_payloads import (
    Person,
    text,
)

OWNER = Person("5215550190001", "Doña Lupita")
ANOTHER_NUMBER = "106500000000002"


@pytest.fixture(params=list(Isolation))
async def shop(
    request: pytest.FixtureRequest, environment: dict[str, str]
) -> AsyncIterator[Harness]:
    """A shop in each kind of place, whose Graph refuses what Meta would."""
    async with running(environment, isolation=request.param) as harness:
        yield harness


def name_template(shop: Harness, purpose: str, name: str, parameters: int) -> None:
    """Let the shop have an approved template, and know it by its settings."""
    set_(shop, f"{purpose}_template", f"{name}:es_MX")
    shop.graph.put_template(Template(name, "es_MX", parameters))


def set_(shop: Harness, key: str, value: str) -> None:
    shop.shop(
        "INSERT INTO settings (key, value) VALUES (%s, %s)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, Jsonb(value)],
    )
    shop.shop("UPDATE shop_state SET version = version + 1")


def to_owner(shop: Harness) -> list[SentMessage]:
    return [m for m in shop.graph.messages if m.to == OWNER_PHONE.lstrip("+")]


def alerts(shop: Harness) -> list[tuple[str, str, bool]]:
    found = shop.central("SELECT rule, message, resolved_at FROM wabot.alerts ORDER BY id")
    return [(row["rule"], row["message"], row["resolved_at"] is None) for row in found]


def outgoing(shop: Harness, audience: str) -> list[dict]:
    return shop.shop(
        "SELECT kind, status, error_code, error, attempts FROM messages"
        " WHERE direction = 'out' AND audience = %s ORDER BY position",
        [audience],
    )


def late(shop: Harness, person: Person, words: str, age: timedelta) -> dict:
    stamp = int((shop.clock.now() - age).timestamp())
    return shop.body(text(words), sender=person, timestamp=stamp)


def problem(shop: Harness) -> str:
    return shop.shop("SELECT delivery_problem FROM orders")[0]["delivery_problem"]

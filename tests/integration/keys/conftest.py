"""Shops under an old master key, and the command line with any keys."""

from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from typer.testing import Result

from tests.harness import make_tenant
from tests.integration.tenants.conftest import Cli, central, cli, engine
from wabot.config import load_settings
from wabot.domain.tenant import Tenant
from wabot.gateways.encryption import TokenCipher

__all__ = ["central", "cli", "engine"]

Keys = Callable[..., Result]

OLD, NEW, OTHER = (bytes([n]) * 32 for n in (1, 2, 3))
OLD_ID, NEW_ID, OTHER_ID = (TokenCipher((key,)).key_ids[0] for key in (OLD, NEW, OTHER))


def written(*keys: bytes) -> dict[str, str]:
    """WABOT_MASTER_KEY with those keys."""
    return {"WABOT_MASTER_KEY": ",".join(urlsafe_b64encode(key).decode() for key in keys)}


@pytest.fixture
def shops(environment: dict[str, str]) -> list[Tenant]:
    """Five shops whose tokens are under the old key."""
    settings = load_settings(environ=environment | written(OLD))
    return [
        make_tenant(
            settings,
            environment["DATABASE_URL"],
            f"shop-{n}",
            number=str(400_000 + n),
            token=f"EAAtokenofshop{n}",
        )
        for n in range(5)
    ]


@pytest.fixture
def keys(cli: Cli) -> Keys:
    """Run `wabot keys …` with these keys."""

    def run(*words: str, under: tuple[bytes, ...] = (NEW, OLD)) -> Result:
        return cli("keys", *words, env=written(*under))

    return run

"""Two shops in each kind of place, and the runtime's way to them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.harness import make_tenant
from wabot.config import Settings
from wabot.domain.tenant import Isolation, Tenant
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.runtime.pools import Pools


@dataclass(frozen=True)
class Pair:
    """Two shops in the same kind of place."""

    own: Tenant
    other: Tenant


@pytest.fixture(params=list(Isolation))
def pair(request: pytest.FixtureRequest, settings: Settings, central_url: str) -> Pair:
    own, other = (
        make_tenant(settings, central_url, slug, number=number, isolation=request.param.value)
        for slug, number in (("propia", "106500000000001"), ("ajena", "106500000000002"))
    )
    return Pair(own, other)


@pytest.fixture
async def pools(settings: Settings, runtime_url: str) -> AsyncIterator[Pools]:
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    found = Pools(runtime_url, size=2, decrypt=cipher.decrypt)
    await found.open()
    yield found
    await found.close()

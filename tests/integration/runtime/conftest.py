"""Fixtures of the runtime's tests."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.harness import Harness, running
from tests.harness import make_tenant as create
from tests.integration.runtime.journals import Journals
from wabot.config import Settings
from wabot.domain.tenant import Isolation, Tenant
from wabot.simulation.graph.config import StatusLevel


@pytest.fixture
def make_tenant(settings: Settings, central_url: str) -> Callable[..., Tenant]:
    """Create shops in this test's database."""

    def make(slug: str, **asked: str) -> Tenant:
        return create(settings, central_url, slug, **asked)

    return make


@pytest.fixture(params=list(Isolation))
async def shop(
    request: pytest.FixtureRequest, environment: dict[str, str]
) -> AsyncIterator[Harness]:
    """A shop in each kind of place: what is promised holds in all of them."""
    async with running(environment, isolation=request.param, statuses=StatusLevel.READ) as harness:
        yield harness


@pytest.fixture
async def journals(runtime_url: str) -> AsyncIterator[Journals]:
    made = Journals(runtime_url)
    yield made
    await made.pools.close()


@pytest.fixture
async def one(environment: dict[str, str]) -> AsyncIterator[Harness]:
    """A shop in its own schema."""
    async with running(environment) as harness:
        yield harness

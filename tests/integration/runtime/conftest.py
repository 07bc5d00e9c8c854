"""Fixtures of the runtime's tests."""

from collections.abc import Callable

import pytest

from tests.harness import make_tenant as create
from wabot.config import Settings
from wabot.domain.tenant import Tenant


@pytest.fixture
def make_tenant(settings: Settings, central_url: str) -> Callable[..., Tenant]:
    """Create shops in this test's database."""

    def make(slug: str, **asked: str) -> Tenant:
        return create(settings, central_url, slug, **asked)

    return make

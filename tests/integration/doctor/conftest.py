"""A shop, and the doctor that looks at it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.asking import request_for
from tests.integration.tenants.conftest import cli
from wabot.config import Settings
from wabot.container import Provisioning, open_tenants
from wabot.container.fleet import doctor_of
from wabot.domain.tenant import Tenant
from wabot.services.provisioning.doctor import ExamineTenants

__all__ = ["cli"]


@pytest.fixture
def provisioning(settings: Settings) -> Iterator[Provisioning]:
    with open_tenants(settings) as found:
        yield found


@pytest.fixture
def doctor(provisioning: Provisioning) -> ExamineTenants:
    return doctor_of(provisioning)


@pytest.fixture
def central(central_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(central_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def shop(provisioning: Provisioning) -> Tenant:
    return provisioning.create.run(request_for("lupita", template="agua")).tenant

"""The real use case over a real central database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from tests.integration.tenants.asking import request_for
from wabot.cli.app import app
from wabot.config import Settings
from wabot.domain.template import ShopSeed
from wabot.gateways.encryption import TokenCipher
from wabot.repositories.engines import open_engine
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.create import CreateTenant, Creation

Create = Callable[..., Creation]
Cli = Callable[..., Result]


@pytest.fixture
def engine(central_url: str) -> Iterator[Engine]:
    engine = open_engine(central_url)
    yield engine
    engine.dispose()


@pytest.fixture
def tenants(engine: Engine) -> SqlTenants:
    return SqlTenants(engine)


@pytest.fixture
def use_case(tenants: SqlTenants, settings: Settings) -> CreateTenant:
    return CreateTenant(
        tenants,
        TokenCipher(settings["WABOT_MASTER_KEY"]),
        FolderTemplates(),
        now=lambda: datetime.now(UTC),
        new_id=uuid4,
    )


@pytest.fixture
def create(use_case: CreateTenant) -> Create:
    def run(
        slug: str = "lupita", *, seed: ShopSeed | None = None, dry_run: bool = False, **changes: str
    ) -> Creation:
        return use_case.run(request_for(slug, **changes), seed, dry_run=dry_run)

    return run


@pytest.fixture
def central(central_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The central database as its owner."""
    with psycopg.connect(central_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cli(environment: dict[str, str]) -> Cli:
    """Run `wabot` off a terminal, with every required setting."""

    def run(*words: str, stdin: str = "", env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(app, words, input=stdin, env=environment | (env or {}))

    return run

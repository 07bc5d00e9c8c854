"""Runs groups of checks as the command does, and returns what they found by id."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from tests.harness import make_tenant as create
from wabot.checks.model import Result
from wabot.checks.runner import Runner, select
from wabot.config import examine_settings, load_settings
from wabot.container.checks import open_surroundings, sets_of
from wabot.domain.tenant import Tenant

Found = Mapping[str, Result]
Checked = Callable[..., Awaitable[Found]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Run the checks that the names select, over these variables."""

    async def run(
        environ: Mapping[str, str], *names: str, slugs: tuple[str, ...] | None = None
    ) -> Found:
        found = examine_settings(environ=environ, env_file=tmp_path / "none.env")
        groups = {name.partition(".")[0] for name in names}
        async with open_surroundings(found, slugs=slugs) as around:
            results = await Runner().run(select(sets_of(around, groups), names))
        return {result.id: result for result in results}

    return run


@pytest.fixture
def make_shop(environment: dict[str, str]) -> Callable[..., Tenant]:
    """Create a shop with the use case that the command line runs."""
    settings = load_settings(environ=environment)

    def make(slug: str, number: str = "106500000000001", **asked: str) -> Tenant:
        return create(settings, environment["DATABASE_URL"], slug, number=number, **asked)

    return make

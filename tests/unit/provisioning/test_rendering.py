"""Marks stand for a placement; none may reach PostgreSQL."""

from uuid import UUID

import pytest

from wabot.domain.placement import schema_placement
from wabot.domain.tenant import Isolation, Placement
from wabot.models.naming import TENANT_PREFIX_MARK
from wabot.models.tenant import metadata
from wabot.repositories.provisioning.migration_line import head_revisions, upgrade_sql
from wabot.repositories.provisioning.rendering import render
from wabot.repositories.provisioning.tenant_ddl import creation_sql, head_ddl

PLACEMENTS = [
    schema_placement(UUID(int=5)),
    Placement(Isolation.PREFIX, schema="shared", role="wabot_t_x", prefix="c7f3k_"),
    Placement(Isolation.DATABASE, schema="public", role="wabot_t_y"),
]


@pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda placement: placement.isolation)
@pytest.mark.parametrize("sql", [head_ddl(), upgrade_sql()], ids=["head", "revisions"])
def test_no_mark_survives_rendering(sql: str, placement: Placement) -> None:
    rendered = render(sql, placement)
    assert TENANT_PREFIX_MARK in sql
    assert TENANT_PREFIX_MARK not in rendered
    assert "tenant." not in rendered
    for table in metadata.sorted_tables:
        name = table.name.removeprefix(TENANT_PREFIX_MARK)
        assert f'CREATE TABLE "{placement.schema}".{placement.prefix}{name} (' in rendered


def test_no_mark_survives_in_the_text_that_makes_a_tenant() -> None:
    for version in (15, 18):
        text = creation_sql(PLACEMENTS[0], UUID(int=5), server_version=version)
        assert TENANT_PREFIX_MARK not in text
        assert "tenant." not in text


def test_a_schema_name_cannot_leave_its_quotes() -> None:
    placement = Placement(Isolation.SCHEMA, schema='x"; drop schema wabot; --', role="r")
    rendered = render("select 1 from tenant.__wbp__orders", placement)
    assert rendered == 'select 1 from "x""; drop schema wabot; --".orders'


def test_the_head_carries_the_newest_revision() -> None:
    assert head_revisions()
    assert all(f"('{revision}')" in head_ddl() for revision in head_revisions())

"""Physical names and their stored form."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from wabot.domain.placement import (
    database_placement,
    placement_from_config,
    placement_to_config,
    placement_to_view,
    prefix_placement,
    schema_placement,
)
from wabot.domain.places import Move, Places, places_from_config, places_to_config
from wabot.domain.tenant import Isolation, Placement, TenantStatus
from wabot.errors import ConfigurationError
from wabot.models.naming import TENANT_PREFIX_MARK
from wabot.models.tenant import metadata

GOOD = placement_to_config(schema_placement(UUID(int=7)))


def test_names_come_from_the_id_alone() -> None:
    client_id = UUID("12345678-1234-5678-1234-567812345678")
    placement = schema_placement(client_id)
    assert placement == schema_placement(client_id)
    assert placement.isolation is Isolation.SCHEMA
    assert (placement.server, placement.prefix) == ("", "")
    assert placement.schema == "t_ci2fm6asgrlhqerukz4bencwpa"
    assert placement.role == "wabot_t_ci2fm6asgrlhqerukz4bencwpa"


def test_every_id_gives_names_that_need_no_quoting_and_fit() -> None:
    for client_id in (UUID(int=0), UUID(int=2**128 - 1), *(uuid4() for _ in range(50))):
        placement = schema_placement(client_id)
        for name in (placement.schema, placement.role):
            assert name.isascii()
            assert name == name.lower()
            assert name.replace("_", "").isalnum()
            assert len(name) <= 63
        assert placement_from_config(placement_to_config(placement)) == placement


def test_different_ids_give_different_names() -> None:
    placements = {schema_placement(UUID(int=number)).schema for number in range(500)}
    assert len(placements) == 500


@pytest.mark.parametrize(
    "config",
    [
        {},
        GOOD | {"password": "secret"},
        {key: value for key, value in GOOD.items() if key != "role"},
        GOOD | {"schema": None},
        GOOD | {"isolation": "galaxy"},
        GOOD | {"schema": 'x"; drop schema wabot; --'},
        GOOD | {"schema": ""},
        GOOD | {"schema": "T_upper"},
        GOOD | {"schema": "t" * 64},
        GOOD | {"role": "ro le"},
        GOOD | {"prefix": "a.b"},
        GOOD | {"prefix": "A_"},
        GOOD | {"prefix": "p" * 17},
        GOOD | {"database": "lupita"},
        GOOD | {"isolation": "database"},
        GOOD | {"login": "wabot_r_x"},
        GOOD | {"server": "host=db2"},
        GOOD | {"server": "host=db2", "login": 'x"; --'},
    ],
)
def test_a_stored_placement_that_cannot_be_right_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="db_connection_config") as refused:
        placement_from_config(config)
    assert "wabot.clients" in refused.value.hint


ID = UUID("12345678-1234-5678-1234-567812345678")
OTHER_SERVER = replace(
    database_placement(ID, server="host=db2 user=admin", database="lupita"),
    owner_secret="v1.aa.bb",
    runtime_secret="v1.aa.cc",
)


@pytest.mark.parametrize("placement", [prefix_placement(ID), database_placement(ID), OTHER_SERVER])
def test_every_kind_of_place_is_read_back_as_it_was_written(placement: Placement) -> None:
    assert placement_from_config(placement_to_config(placement)) == placement
    places = Places(
        placement, (schema_placement(ID), OTHER_SERVER), Move(placement, TenantStatus.SUSPENDED)
    )
    assert places_from_config(places_to_config(places)) == places
    # What serves a tenant looks at its present place alone.
    assert placement_from_config(places_to_config(places)) == placement


def test_a_place_is_shown_and_logged_without_its_secrets() -> None:
    assert "v1." not in str(placement_to_view(OTHER_SERVER))
    assert "v1." not in repr(OTHER_SERVER)


def test_prefixes_of_different_clients_differ() -> None:
    prefixes = {prefix_placement(uuid4()).prefix for _ in range(500)}
    assert len(prefixes) == 500
    assert {len(prefix) for prefix in prefixes} == {16}


def test_the_longest_prefix_leaves_every_name_within_63_bytes() -> None:
    names = [
        name
        for table in metadata.sorted_tables
        for name in (
            table.name,
            *(str(constraint.name) for constraint in table.constraints),
            *(str(index.name) for index in table.indexes),
        )
    ]
    longest = max(len(name.removeprefix(TENANT_PREFIX_MARK)) for name in names)
    assert longest + 16 <= 63

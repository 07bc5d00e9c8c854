"""A move that fails, is killed or meets another one: the tenant goes on, or the move does."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.integration.moves.looking import content, may_write, places_standing
from tests.integration.tenants.asking import document
from tests.integration.tenants.conftest import Cli
from wabot.config import Settings
from wabot.container import Provisioning, tenants_at
from wabot.domain.tenant import Isolation, Tenant, TenantStatus
from wabot.errors import Conflict, Refused
from wabot.services.provisioning.move import MoveRequest, MoveStep


@pytest.mark.parametrize("to", [Isolation.PREFIX, Isolation.DATABASE])
def test_a_move_that_fails_is_given_up_and_the_shop_goes_on_where_it_was(
    provisioning: Provisioning, tenant: Tenant, runtime_url: str, to: Isolation
) -> None:
    for failing in (MoveStep.DRAIN, MoveStep.CLOSE, MoveStep.COPY, MoveStep.SWITCH):

        def fail(now: MoveStep, step: MoveStep = failing) -> None:
            if now is step:
                raise Refused("the disk is on fire")

        with pytest.raises(Refused, match="the disk is on fire"):
            provisioning.move.run(MoveRequest("bodega", to), on_step=fail)
        assert provisioning.tenants.find("bodega") == tenant
        assert places_standing(provisioning.owner_url, tenant) == {"schema"}
        assert may_write(runtime_url, tenant)
    assert provisioning.move.run(MoveRequest("bodega", to)).moved


_KILLED = """
import os, signal, sys
from wabot.config import load_settings
from wabot.container import open_tenants
from wabot.domain.tenant import Isolation
from wabot.services.provisioning.move import MoveRequest
def stop(step):
    if step.value == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
with open_tenants(load_settings()) as provisioning:
    provisioning.move.run(
        MoveRequest("bodega", Isolation(sys.argv[1]), drop_source=True), on_step=stop)
"""


@pytest.mark.parametrize("step", list(MoveStep))
@pytest.mark.parametrize("to", [Isolation.PREFIX, Isolation.DATABASE])
def test_killed_at_any_step_the_same_command_ends_the_same(
    provisioning: Provisioning,
    tenant: Tenant,
    environment: dict[str, str],
    step: MoveStep,
    to: Isolation,
) -> None:
    central_url = provisioning.owner_url
    before = content(central_url, tenant)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, to.value, step.value],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert killed.returncode == -9
    moved = provisioning.move.run(MoveRequest("bodega", to, drop_source=True))
    found = provisioning.tenants.find("bodega")
    assert found is not None
    assert (found.status, found.placement.isolation) == (TenantStatus.ACTIVE, to)
    assert moved.former == ()
    assert places_standing(central_url, tenant) == {to.value}
    assert content(central_url, found) == before
    with psycopg.connect(central_url) as central:
        keys = central.execute(
            "SELECT array_agg(key) FROM wabot.clients, jsonb_object_keys(db_connection_config) key"
        ).fetchone()
    assert keys is not None
    assert not {"former", "move"} & set(keys[0])


def test_a_move_that_was_begun_is_finished_or_given_up_and_nothing_else(
    provisioning: Provisioning,
    tenant: Tenant,
    central_url: str,
    environment: dict[str, str],
    cli: Cli,
) -> None:
    subprocess.run(
        [sys.executable, "-c", _KILLED, "prefix", "switch"],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=Path(__file__).parents[3],
        check=False,
    )
    with pytest.raises(Refused, match="is being moved to prefix") as refused:
        provisioning.move.run(MoveRequest("bodega", Isolation.DATABASE))
    assert "--cancel" in refused.value.hint
    shown = document(cli("tenant", "show", "bodega", "--json"))
    to = shown["data"]["moving_to"]
    assert (to["isolation"], to["schema"], to["status_after"]) == (
        "prefix", "wabot_shared", "active",
    )  # fmt: skip
    assert shown["next"] == [
        "wabot tenant move bodega --isolation prefix",
        "wabot tenant move bodega --cancel",
    ]
    assert "moving_to.isolation\tprefix" in cli("tenant", "show", "bodega").stdout
    assert provisioning.move.cancel("bodega").moved
    assert provisioning.tenants.find("bodega") == tenant
    assert places_standing(central_url, tenant) == {"schema"}
    assert not provisioning.move.cancel("bodega").moved


def test_two_moves_at_once_do_not_collide(
    provisioning: Provisioning, tenant: Tenant, settings: Settings, central_url: str
) -> None:
    def meanwhile(step: MoveStep) -> None:
        if step is MoveStep.COPY:
            with (
                tenants_at(central_url, keys=settings["WABOT_MASTER_KEY"]) as second,
                pytest.raises(Conflict, match="changed by another command"),
            ):
                second.move.run(MoveRequest("bodega", Isolation.DATABASE))

    assert provisioning.move.run(MoveRequest("bodega", Isolation.PREFIX), on_step=meanwhile).moved

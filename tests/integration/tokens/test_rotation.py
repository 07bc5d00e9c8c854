"""A new token is proven before it takes the place of the old one."""

import asyncio
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.asking import document
from tests.integration.tenants.conftest import Cli
from tests.integration.tokens.conftest import NEW, OLD, Run
from wabot.config import Settings
from wabot.domain.tenant import Tenant
from wabot.errors import Conflict
from wabot.gateways.encryption import TokenCipher, fingerprint
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.repositories.provisioning.tokens import SqlTokens
from wabot.services.provisioning.rotate_token import TokenChange
from wabot.simulation.graph import StandInGraph

Connection = psycopg.Connection[Any]


def stored(central: Connection, settings: Settings, tenant: Tenant) -> tuple[str, list[str]]:
    """The present token and the former ones, in clear."""
    cipher = TokenCipher(settings["WABOT_MASTER_KEY"])
    ((present,),) = central.execute("select whatsapp_token from wabot.clients").fetchall()
    former = central.execute("select whatsapp_token from wabot.previous_tokens").fetchall()
    return cipher.decrypt(tenant.id, present), [cipher.decrypt(tenant.id, t) for (t,) in former]


async def test_a_proven_token_takes_the_place_and_the_old_one_is_kept(
    rotate: Run, shop: Tenant, central: Connection, settings: Settings
) -> None:
    done = await rotate("bodega")
    assert done.exit_code == 0, done.stderr
    assert stored(central, settings, shop) == (NEW, [OLD])
    assert fingerprint(NEW) in done.stderr
    assert "is kept until the new one has sent" in done.stderr
    assert NEW not in done.output
    assert OLD not in done.output


async def test_it_is_audited_and_published_with_fingerprints_only(
    rotate: Run, shop: Tenant, central: Connection
) -> None:
    (before,) = central.execute("select version from wabot.registry").fetchone() or (0,)
    await rotate("bodega")
    query = "select details, actor, a::text from wabot.audit_log a where action = %s"
    ((details, actor, text),) = central.execute(query, ["tenant.rotate_token"]).fetchall()
    assert details == {"token": [fingerprint(OLD), fingerprint(NEW)], "expires_at": "never"}
    assert actor
    assert "EAA" not in text
    assert central.execute("select version from wabot.registry").fetchone() == (before + 1,)
    assert central.execute("select version from wabot.clients").fetchone() == (before + 1,)


REFUSED = (
    ("EAAunknowntograph", "Graph does not accept the token"),
    ("EAAended", "Graph does not accept the token"),
    ("EAAnomessaging", "lacks the permission whatsapp_business_messaging"),
    ("EAAothernumber", "may not use the number"),
    ("EAAotheraccount", "may not send for the account"),
)


async def test_a_token_that_does_not_fit_is_refused_and_nothing_changes(
    rotate: Run,
    shop: Tenant,
    central: Connection,
    settings: Settings,
    subtests: pytest.Subtests,
) -> None:
    everything = (
        "select c::text from wabot.clients c union all select a::text from wabot.audit_log a"
    )
    before = central.execute(everything).fetchall()
    for token, told in REFUSED:
        with subtests.test(token=token):
            done = await rotate("bodega", token=token)
            assert done.exit_code == 4
            assert told in done.stderr
            assert token not in done.output
            assert central.execute(everything).fetchall() == before
            assert stored(central, settings, shop) == (OLD, [])


async def test_what_is_doubtful_about_a_token_is_warned_about(rotate: Run, shop: Tenant) -> None:
    limited = document(await rotate("bodega", "--json", token="EAAnomanagement"))
    assert "lacks whatsapp_business_management" in limited["warnings"][0]
    short = document(await rotate("bodega", "--json", token="EAAshortlived"))
    assert "ends already" in short["warnings"][0]
    assert short["data"]["expires_at"]


async def test_when_graph_does_not_answer_nothing_changes(
    rotate: Run, shop: Tenant, central: Connection, settings: Settings
) -> None:
    done = await rotate("bodega", env={"WHATSAPP_API_BASE": "http://127.0.0.1:9"})
    assert done.exit_code == 5
    assert stored(central, settings, shop) == (OLD, [])


async def test_the_present_token_again_changes_nothing(
    rotate: Run, shop: Tenant, central: Connection, settings: Settings
) -> None:
    done = document(await rotate("bodega", "--json", token=OLD))
    assert done["data"]["changed"] is False
    assert stored(central, settings, shop) == (OLD, [])
    audited = central.execute("select count(*) from wabot.audit_log where action ~ 'token'")
    assert audited.fetchone() == (0,)


async def test_under_a_wrong_master_key_nothing_is_replaced_unless_the_old_is_given_up(
    rotate: Run, shop: Tenant, central: Connection, settings: Settings
) -> None:
    lost = {"WABOT_MASTER_KEY": "B" * 43}
    done = await rotate("bodega", env=lost)
    assert done.exit_code == 3
    assert "WABOT_MASTER_KEY" in done.stderr
    assert "Nothing was changed" in done.stderr
    assert stored(central, settings, shop) == (OLD, [])

    assert (await rotate("bodega", "--discard-unreadable", env=lost)).exit_code == 0
    ((present,),) = central.execute("select whatsapp_token from wabot.clients").fetchall()
    assert present.split(".")[1] not in TokenCipher(settings["WABOT_MASTER_KEY"]).key_ids
    assert central.execute("select count(*) from wabot.previous_tokens").fetchone() == (0,)


async def test_the_last_token_that_sent_stays_the_former_one(
    rotate: Run, shop: Tenant, central: Connection, settings: Settings
) -> None:
    await rotate("bodega", token=NEW)
    await rotate("bodega", token="EAAnomanagement")
    assert stored(central, settings, shop) == ("EAAnomanagement", [OLD])


def test_two_operators_at_once_do_not_overwrite_each_other(
    shop: Tenant, tenants: SqlTenants, engine: Any, central: Connection
) -> None:
    change = TokenChange("v1.00000000.one", "a", "b", None, None)
    read = tenants.find("bodega")
    assert read is not None
    SqlTokens(engine).replace(read, change, actor="one")
    with pytest.raises(Conflict):
        SqlTokens(engine).replace(read, change, actor="two")
    actors = central.execute("select actor from wabot.audit_log where action ~ 'token'").fetchall()
    assert actors == [("one",)]


async def test_an_unknown_slug_is_told_before_anything_is_asked(rotate: Run, shop: Tenant) -> None:
    done = await rotate("bodgea")
    assert done.exit_code == 4
    assert "Did you mean bodega?" in done.stderr


def test_without_a_terminal_the_option_for_the_token_is_named(cli: Cli) -> None:
    done = cli("tenant", "rotate-token", "bodega")
    assert done.exit_code == 2
    assert "--token-file" in done.stderr
    assert cli("tenant", "rotate-token").exit_code == 2
    assert cli("tenant", "rotate-token", "bodega", "--all").exit_code == 2


async def test_the_stand_in_withdraws_a_token(
    rotate: Run, shop: Tenant, graph: StandInGraph
) -> None:
    graph.withdraw(NEW)
    done = await asyncio.wait_for(rotate("bodega"), 30)
    assert done.exit_code == 4

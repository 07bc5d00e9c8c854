"""PostgreSQL refuses whatever a shop's methods do under another shop's role, or under none.

It holds in all three kinds of place, in the shared schema too: its rights are on tables, one by
one. What it cannot hold back there is the catalogue: like in every PostgreSQL, the names of other
shops' tables can be seen, never their rows.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from psycopg.errors import InsufficientPrivilege, UndefinedTable

from tests.integration.isolation.conftest import Pair
from wabot.domain.message import Recipient, TextMessage
from wabot.domain.order import Delivery, DeliveryKind, OrderDraft, OrderLine
from wabot.domain.quantity import Quantity
from wabot.domain.tenant import Tenant
from wabot.domain.usage import Month
from wabot.models.naming import RUNTIME_ROLE
from wabot.repositories.runtime import media, reaching, shops, statuses, turn_statements
from wabot.repositories.runtime.pools import Pools
from wabot.repositories.runtime.sql import TenantStatement
from wabot.repositories.runtime.turns import PostgresTenantStore, PostgresTurn
from wabot.services.runtime.turns import (
    Contact,
    Inbound,
    OrderToPlace,
    Outgoing,
    SendClaim,
    SendMark,
    StatusChange,
    TurnWrites,
)

NOW = datetime(2026, 3, 2, 16, tzinfo=UTC)
ANA = Contact("5215550100001", "", "Ana")
LINE = OrderLine(
    product_id=uuid4(),
    name="Arroz",
    quantity=Quantity(1, Decimal(1), "kg"),
    unit_price=Decimal(10),
    total=Decimal(10),
)
DRAFT = OrderDraft((LINE,), Delivery(DeliveryKind.PICKUP), Decimal(10))
WRITES = TurnWrites(
    customer_id=uuid4(),
    contact="5215550100001",
    at=NOW,
    claimed_by="tests",
    claim=timedelta(seconds=10),
    inbound=(Inbound("wamid.1", "text", {}, NOW, "wamid.1"),),
)
ROW = Outgoing(
    id=uuid4(),
    audience="customer",
    recipient=Recipient(ANA.wa_id),
    message=TextMessage("Hola"),
    event_key="wamid.1",
    occurred_at=NOW,
)

TURN_METHODS: dict[str, Callable[[PostgresTurn], Awaitable[Any]]] = {
    "load": lambda turn: turn.load(ANA, ["wamid.1"], NOW),
    "register": lambda turn: turn.register(ANA, NOW),
    "shop": lambda turn: turn.shop(1),
    "standing": lambda turn: turn.standing(NOW),
    "first_warning": lambda turn: turn.first_warning(Month(2026, 3), [80], 1_000),
    "place_order": lambda turn: turn.place_order(OrderToPlace(uuid4(), DRAFT, "wamid.1", NOW)),
    "apply_statuses": lambda turn: turn.apply_statuses([StatusChange("wamid.1", "sent", NOW)]),
    "last_message_at": lambda turn: turn.last_message_at(["521"], "100"),
    "outlook": lambda turn: turn.outlook(["521"]),
    "tell": lambda turn: turn.tell(["customer"], told_in=uuid4(), since=NOW, month=Month(2026, 3)),
    "unsettled": lambda turn: turn.unsettled("521"),
    "unrepeated": lambda turn: turn.unrepeated([uuid4()]),
    "repeat": lambda turn: turn.repeat(
        uuid4(), ROW, contact="521", owner="tests", claim=timedelta(seconds=10)
    ),
    "is_written": lambda turn: turn.is_written(WRITES.customer_id),
    "is_own_message": lambda turn: turn.is_own_message("wamid.1"),
    "change_identity": lambda turn: turn.change_identity(ANA, Contact("5215550100009")),
    "write": lambda turn: turn.write(WRITES),
}
STORE_METHODS: dict[str, Callable[[PostgresTenantStore, Tenant], Awaitable[Any]]] = {
    "mark": lambda store, shop: store.mark(shop, [SendMark(uuid4(), wamid="wamid.2")], NOW),
    "claim_again": lambda store, shop: store.claim_again(
        shop, SendClaim(uuid4(), timedelta(seconds=1), NOW, resent=False)
    ),
    "outlook": lambda store, shop: store.outlook(shop, ["521"]),
    "rewrite": lambda store, shop: store.rewrite(shop, uuid4(), TextMessage("Hola")),
    "untell": lambda store, shop: store.untell(shop, uuid4()),
    "reckon": lambda store, shop: store.reckon(shop, [uuid4()]),
}
STATEMENTS = {
    f"{module.__name__.rsplit('.', 1)[1]}.{name}": value
    for module in (turn_statements, statuses, reaching, shops, media)
    for name, value in vars(module).items()
    if isinstance(value, TenantStatement)
}


def test_every_method_of_a_turn_is_tried() -> None:
    public = {
        name
        for name, _ in inspect.getmembers(PostgresTurn, inspect.isfunction)
        if not name.startswith("_")
    }
    # What the statuses reported is known already.
    assert public - {"reports", "doubled"} == set(TURN_METHODS)
    store = {
        name
        for name, _ in inspect.getmembers(PostgresTenantStore, inspect.isfunction)
        if not name.startswith("_")
    }
    assert store - {"turn"} == set(STORE_METHODS)


def under_anothers_role(pair: Pair) -> Tenant:
    placement = replace(pair.own.placement, role=pair.other.placement.role)
    return replace(pair.own, placement=placement)


def with_the_role_forgotten(pair: Pair) -> Tenant:
    """The login's own role: as if no other had been taken."""
    return replace(pair.own, placement=replace(pair.own.placement, role=RUNTIME_ROLE))


MISTAKES = [under_anothers_role, with_the_role_forgotten]


@pytest.mark.parametrize("mistaken", MISTAKES)
async def test_every_method_is_refused(
    pair: Pair, pools: Pools, mistaken: Callable[[Pair], Tenant], subtests: pytest.Subtests
) -> None:
    tenant = mistaken(pair)
    for name, call in TURN_METHODS.items():
        with subtests.test(name), pytest.raises(InsufficientPrivilege):
            # A new one each time: it must not remember what it was allowed to read.
            async with PostgresTenantStore(pools).turn(tenant) as turn:
                await call(turn)
    for name, act in STORE_METHODS.items():
        with subtests.test(name), pytest.raises(InsufficientPrivilege):
            await act(PostgresTenantStore(pools), tenant)


@pytest.mark.parametrize("mistaken", MISTAKES)
async def test_every_statement_is_refused(
    pair: Pair, pools: Pools, mistaken: Callable[[Pair], Tenant], subtests: pytest.Subtests
) -> None:
    tenant = mistaken(pair)
    for name, statement in STATEMENTS.items():
        with subtests.test(name), pytest.raises(InsufficientPrivilege):
            await explain(pools.tenant(tenant), statement, tenant)


async def test_the_same_methods_and_statements_are_the_shops_own(
    pair: Pair, pools: Pools, subtests: pytest.Subtests
) -> None:
    """What is refused above is refused for whose it is, not for being wrong."""
    for name, statement in STATEMENTS.items():
        with subtests.test(name):
            await explain(pools.tenant(pair.own), statement, pair.own)
    store = PostgresTenantStore(pools)
    async with store.turn(pair.own) as turn:
        loaded = await turn.register(ANA, NOW)
        assert loaded.customer is not None
        await turn.write(replace(WRITES, customer_id=loaded.customer.id, outgoing=(ROW,)))
    await store.mark(pair.own, [SendMark(ROW.id, wamid="wamid.2")], NOW)
    async with store.turn(pair.own) as turn:
        assert await turn.is_own_message("wamid.2")
    async with store.turn(pair.other) as turn:
        assert not await turn.is_own_message("wamid.2")
        assert (await turn.load(ANA, [], NOW)).customer is None


async def test_a_shop_reaches_nothing_central(pair: Pair, pools: Pools) -> None:
    # From a database of its own they are not even to be seen.
    with pytest.raises(UndefinedTable if pair.own.placement.database else InsufficientPrivilege):
        async with pools.tenant(pair.own) as connection:
            await connection.execute("SELECT * FROM wabot.clients")


async def test_a_shop_changes_rows_and_never_tables(
    pair: Pair, pools: Pools, subtests: pytest.Subtests
) -> None:
    place = pair.own.placement
    for statement in (
        "CREATE TABLE {schema}.{prefix}extra (id int)",
        "DROP TABLE {schema}.{prefix}orders",
        "ALTER TABLE {schema}.{prefix}orders ADD COLUMN extra int",
        "TRUNCATE {schema}.{prefix}unknown_words",
        "SELECT * FROM {schema}.{prefix}alembic_version",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (id int)",
    ):
        with subtests.test(statement), pytest.raises(InsufficientPrivilege):
            async with pools.tenant(pair.own) as connection:
                await connection.execute(statement.format(schema=place.schema, prefix=place.prefix))


async def explain(
    opened: AbstractAsyncContextManager[Any], statement: TenantStatement, tenant: Tenant
) -> None:
    """Let PostgreSQL plan a statement, which asks for the rights and changes nothing."""
    text = re.sub(r"%\(\w+\)s", "NULL", statement.render(tenant.placement))
    async with opened as connection:
        await connection.execute(f"EXPLAIN {text}")

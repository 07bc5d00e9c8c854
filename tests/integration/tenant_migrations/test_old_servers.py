"""The servers of the release before keep working while shops move on."""

from pathlib import Path

import pytest

from tests.harness import running
from tests.integration.tenant_migrations.conftest import Open
from tests.integration.tenant_migrations.revisions import NEW_TABLE, add_revision
from wabot.config import Settings
from wabot.domain.tenant import Isolation
from wabot.repositories.provisioning.migration_line import head_revisions
from wabot.services.provisioning.migration_ports import Result

# A column in every table that a conversation writes, an index and a table.
WIDER = "\n    ".join(
    [
        *(
            f'op.add_column("__wbp__{table}", sa.Column("later", sa.Text(), server_default="x",'
            ' nullable=False), schema="tenant")'
            for table in (
                "customers",
                "customer_sessions",
                "messages",
                "orders",
                "order_items",
                "order_history",
                "products",
                "pending_effects",
                "settings",
                "shop_state",
            )
        ),
        'op.create_index("__wbp__orders_later_ix", "__wbp__orders", ["later"], schema="tenant")',
        NEW_TABLE,
    ]
)


@pytest.mark.parametrize("isolation", list(Isolation), ids=str)
async def test_a_conversation_goes_on_while_its_shop_expands(
    environment: dict[str, str],
    settings: Settings,
    folder: Path,
    migrations: Open,
    isolation: Isolation,
) -> None:
    (head,) = head_revisions()
    revision = f"base_{int(head[-4:]) + 1:04}"
    add_revision(folder / "base" / "versions", revision, WIDER)
    async with running(environment, isolation=isolation) as shop:
        await shop.say("hola")
        await shop.say("arroz")
        use_case = migrations(lock_timeout=2)
        (done,) = use_case.run(use_case.plan())
        assert (done.result, done.reason) == (Result.MIGRATED, "")
        answer = await shop.say("2")
        answer = await shop.tap(answer, "Terminar pedido")
        answer = await shop.tap(answer, "Recoger en tienda")
        await shop.tap(answer, "Confirmar")
        await shop.settled()
        assert shop.shop("SELECT status, later FROM orders") == [
            {"status": "pendiente", "later": "x"}
        ]
        failed = shop.central("SELECT last_error FROM wabot.inbox WHERE last_error IS NOT NULL")
        assert failed == []

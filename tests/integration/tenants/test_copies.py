"""A shop can start as a copy of another one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.integration.tenants.asking import request_for
from tests.integration.tenants.conftest import Create
from wabot.errors import NotFound
from wabot.repositories.central_schema import upgrade
from wabot.repositories.engines import open_engine
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.repositories.provisioning.tenants import SqlTenants
from wabot.services.provisioning.create import CreateTenant
from wabot.services.provisioning.look import read_shop, report_on

Connection = psycopg.Connection[Any]


def test_a_shop_reads_back_as_the_seed_it_was_made_from(
    create: Create, tenants: SqlTenants
) -> None:
    creation = create(owner_phone="5512345678")
    copy = read_shop(tenants, "lupita")
    assert (copy.name, copy.plan) == ("Abarrotes Lupita", "basico")
    assert copy.seed == creation.seed
    assert copy.seed.products == FolderTemplates().load("abarrotes").products


def test_what_the_shop_changed_since_is_in_the_copy(
    create: Create, tenants: SqlTenants, central: Connection
) -> None:
    schema = create().tenant.placement.schema
    central.execute(f"update {schema}.products set price = 99.90, stock = 3 where sku = 'DES-001'")
    central.execute(f"update {schema}.products set is_active = false where sku = 'DES-002'")
    central.execute(f"update {schema}.settings set value = 'false' where key = 'pickup'")
    central.execute(f"insert into {schema}.products (name, price) values ('Sin clave', 5)")
    copy = read_shop(tenants, "lupita").seed
    products = {product.sku: product for product in copy.products}
    assert (str(products["DES-001"].price), products["DES-001"].stock) == ("99.90", 3)
    assert not products["DES-002"].is_active
    assert products[""].name == "Sin clave"
    assert copy.settings["pickup"] is False

    second = create("second", seed=copy)
    assert second.created
    assert read_shop(tenants, "second").seed == copy


@pytest.fixture
def elsewhere(make_database: Callable[..., str]) -> Iterator[SqlTenants]:
    """Another central database."""
    url = make_database()
    upgrade(url)
    engine = open_engine(url)
    yield SqlTenants(engine)
    engine.dispose()


def test_a_copy_in_another_database_has_the_shop_and_none_of_its_customers(
    use_case: CreateTenant, tenants: SqlTenants, elsewhere: SqlTenants, central: Connection
) -> None:
    schema = use_case.run(request_for()).tenant.placement.schema
    central.execute(
        f"insert into {schema}.customers (wa_id, first_contact_at) values ('52155', now())"
    )
    copy = read_shop(tenants, "lupita")
    asked = request_for("lupita", name=copy.name, plan=copy.plan, template="")
    made = replace(use_case, tenants=elsewhere).run(asked, copy.seed)
    report = report_on(elsewhere, "lupita")
    assert made.tenant.template == "abarrotes"
    assert report.seed == copy.seed
    assert report.counts.customers == 0
    assert report_on(tenants, "lupita").counts.customers == 1


def test_a_shop_that_is_not_there_names_those_that_come_close(
    create: Create, tenants: SqlTenants
) -> None:
    create("lupita")
    with pytest.raises(NotFound, match="there is no tenant 'lupitta'") as refused:
        read_shop(tenants, "lupitta")
    assert "lupita" in refused.value.hint


def test_the_report_counts_what_the_shop_holds(
    create: Create, tenants: SqlTenants, central: Connection
) -> None:
    schema = create().tenant.placement.schema
    central.execute(
        f"insert into {schema}.customers (wa_id, first_contact_at)"
        " values ('52155', now()), ('52166', now())"
    )
    for place, status in enumerate(("pendiente", "en_camino", "entregado", "cancelado")):
        central.execute(
            f"insert into {schema}.orders (customer_id, total, status, source)"
            f" select id, 1, %s, %s from {schema}.customers limit 1",
            [status, f"wamid.{place}"],
        )
    central.execute(f"update {schema}.products set is_active = false where sku = 'DES-002'")
    central.execute(f"update {schema}.orders set delivery_problem = 'x' where status = 'en_camino'")
    counts = report_on(tenants, "lupita").counts
    assert (counts.customers, counts.orders, counts.open_orders) == (2, 4, 2)
    assert counts.untold_orders == 1
    assert counts.products - counts.active_products == 1


def test_the_list_is_by_slug_in_one_query(create: Create, tenants: SqlTenants) -> None:
    for slug in ("zeta", "alfa", "media"):
        create(slug)
    assert [tenant.slug for tenant in tenants.listing()] == ["alfa", "media", "zeta"]

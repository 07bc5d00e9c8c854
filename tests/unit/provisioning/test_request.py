"""What is asked for a new tenant is checked before anything is made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from wabot.domain.template import OrderStatus, SeedProduct, ShopSeed
from wabot.errors import InvalidInput, Refused, UnknownChoice
from wabot.services.provisioning import request as rules
from wabot.services.provisioning.blueprint import Blueprint, draw_blueprint
from wabot.services.provisioning.request import TenantRequest

SEED = ShopSeed(
    template="abarrotes",
    country="MX",
    currency="MXN",
    time_zone="America/Mexico_City",
    statuses=(OrderStatus("pendiente", "Pendiente"), OrderStatus("cancelado", "Cancelado", True)),
    products=(SeedProduct("A", "Arroz", Decimal("18.50")),),
    settings={"pickup": True, "owner_phone": "", "adviser_phone": ""},
)
ASKED = TenantRequest(
    slug="lupita",
    name="Abarrotes Lupita",
    plan="basico",
    phone_number_id="106540352242922",
    token="EAAtoken",
    template="abarrotes",
)


def draw(seed: ShopSeed = SEED, **changes: str) -> Blueprint:
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    return draw_blueprint(replace(ASKED, **changes), seed, client_id=UUID(int=1), now=now)


def test_what_is_not_said_comes_from_the_template() -> None:
    tenant = draw().tenant
    assert (tenant.country, tenant.currency, tenant.time_zone) == (
        "MX",
        "MXN",
        "America/Mexico_City",
    )
    assert tenant.template == "abarrotes"


def test_another_country_brings_its_own_currency_and_time_zone() -> None:
    blueprint = draw(country="CO")
    assert blueprint.tenant.currency == "COP"
    assert blueprint.tenant.time_zone == "America/Bogota"
    assert (blueprint.seed.country, blueprint.seed.currency) == ("CO", "COP")


def test_prices_kept_as_figures_in_another_currency_are_warned_about() -> None:
    assert draw(owner_phone="+525512345678").warnings == ()
    assert "meant in MXN" in draw(country="PE").warnings[0]


def test_a_shop_without_an_owners_phone_is_warned_about() -> None:
    assert "--owner-phone" in draw().warnings[0]


def test_prices_are_rounded_to_a_currency_without_cents() -> None:
    assert draw(country="CL").seed.products[0].price == Decimal(19)


def test_a_stated_currency_and_time_zone_win() -> None:
    tenant = draw(country="PE", currency="USD", time_zone="America/Bogota").tenant
    assert (tenant.currency, tenant.time_zone) == ("USD", "America/Bogota")


@pytest.mark.parametrize(
    ("country", "given", "stored"),
    [
        ("MX", "55 1234 5678", "+525512345678"),
        ("MX", "+52 55 1234 5678", "+525512345678"),
        ("CO", "300 123 4567", "+573001234567"),
        ("MX", "+57 300 1234567", "+573001234567"),
        ("AR", "011 4321-5678", "+541143215678"),
        ("MX", "", ""),
    ],
)
def test_phones_are_kept_in_international_form(country: str, given: str, stored: str) -> None:
    seed = draw(country=country, owner_phone=given, adviser_phone=given).seed
    assert (seed.settings["owner_phone"], seed.settings["adviser_phone"]) == (stored, stored)


@pytest.mark.parametrize("phone", ["123", "hello", "+1", "55123456789012345", "+52 00 0000 0000"])
def test_a_phone_that_cannot_be_is_refused(phone: str) -> None:
    with pytest.raises(InvalidInput, match="owner phone"):
        draw(owner_phone=phone)


@pytest.mark.parametrize(
    "number", ["", "abc", "+525512345678", "12 34", "12.5", "-1", "١٢٣٤٥", "1" * 33, "1;2"]
)
def test_a_phone_number_id_is_digits_only(number: str) -> None:
    with pytest.raises(InvalidInput, match="phone_number_id must be digits only"):
        draw(phone_number_id=number)


@pytest.mark.parametrize("field", ["waba_id", "app_id"])
def test_the_other_ids_may_be_missing_but_not_wrong(field: str) -> None:
    assert getattr(draw(**{field: ""}).tenant, field) == ""
    assert getattr(draw(**{field: "123"}).tenant, field) == "123"
    with pytest.raises(InvalidInput, match=field):
        draw(**{field: "x1"})


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\u202eb"])
def test_a_name_is_1_to_100_printable_characters(name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        draw(name=name)


def test_spaces_around_and_within_a_name_are_tidied() -> None:
    assert draw(name="  Abarrotes   Doña Ñusta ").tenant.name == "Abarrotes Doña Ñusta"


@pytest.mark.parametrize("token", ["", " \n", "two words", "EAA\nEAB", "EAAñ", "x" * 4097, "\x00"])
def test_a_token_that_cannot_be_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(InvalidInput, match="the token") as refused:
        draw(token=token)
    shown = refused.value.message + refused.value.hint
    assert len(token.strip()) < 3 or token.strip() not in shown


def test_the_line_break_at_the_end_of_a_token_file_is_no_part_of_it() -> None:
    assert draw(token="EAAtoken\r\n").tenant.token == "EAAtoken"


@pytest.mark.parametrize(
    ("field", "value", "listed"),
    [
        ("plan", "gold", "basico, completo, premium"),
        ("plan", "Basico", "basico, completo, premium"),
        ("country", "XX", "AR, BO, CL, CO"),
        ("currency", "BTC", "MXN, "),
        ("time_zone", "Mexico_City", "America/Mexico_City"),
        ("time_zone", "../../etc/passwd", "IANA name"),
        ("time_zone", "America", "IANA name"),
    ],
)
def test_an_unknown_choice_lists_the_known_ones(field: str, value: str, listed: str) -> None:
    with pytest.raises(UnknownChoice) as refused:
        draw(**{field: value})
    assert listed in f"{refused.value.message} {refused.value.hint}"
    assert value in refused.value.message


def test_more_active_products_than_the_plan_allows_are_refused() -> None:
    many = tuple(SeedProduct(str(n), f"P{n}", Decimal(1)) for n in range(51))
    with pytest.raises(Refused, match="allows 50 active products, lupita would have 51"):
        draw(replace(SEED, products=many))
    assert draw(replace(SEED, products=many), plan="completo").tenant.plan == "completo"


def test_products_switched_off_do_not_count_towards_the_plan() -> None:
    many = tuple(SeedProduct(str(n), f"P{n}", Decimal(1), is_active=n < 50) for n in range(80))
    assert draw(replace(SEED, products=many)).seed.active_products == 50


def test_the_token_never_shows_in_a_representation() -> None:
    assert "EAAtoken" not in repr(ASKED)
    assert "EAAtoken" not in repr(draw())


@pytest.mark.parametrize("check", [rules.check_slug, rules.check_plan])
def test_choices_are_refused_before_a_secret_is_asked_for(check: Callable[[str], object]) -> None:
    good = {"slug": "lupita", "plan": "basico"}
    rules.check_choices(**good)
    bad = good | {check.__name__.removeprefix("check_"): "No such"}
    with pytest.raises(InvalidInput):
        rules.check_choices(**bad)

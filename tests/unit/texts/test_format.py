"""Money, quantities and moments in words."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabot.texts import Format
from wabot.texts.format import phone, plural
from wabot.texts.shorten import clusters, cut, shorten


@pytest.mark.parametrize(
    ("country", "currency", "amount", "written"),
    [
        ("MX", "MXN", "56", "$56.00"),
        ("MX", "MXN", "1234567.5", "$1,234,567.50"),
        ("MX", "MXN", "0", "$0.00"),
        ("MX", "MXN", "-5", "-$5.00"),
        ("MX", "USD", "5", "US$5.00"),
        ("EC", "USD", "5", "$5,00"),
        ("SV", "USD", "5", "$5.00"),
        ("CO", "COP", "12500", "$12.500"),
        ("CO", "COP", "12500.5", "$12.500,50"),
        ("CL", "CLP", "12500", "$12.500"),
        ("AR", "ARS", "1500", "$1.500"),
        ("PE", "PEN", "12.5", "S/ 12.50"),
        ("GT", "GTQ", "12.5", "Q12.50"),
        ("PY", "PYG", "12500", "₲ 12.500"),
        ("MX", "XYZ", "1", "XYZ 1.00"),
        ("ZZ", "MXN", "1000", "$1,000.00"),
    ],
)
def test_money_is_written_as_in_the_country(
    country: str, currency: str, amount: str, written: str
) -> None:
    assert Format(country).money(Decimal(amount), currency) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+525512345678", "+52 55 1234 5678"),
        ("+5215512345678", "+52 55 1234 5678"),
        ("+5491123456789", "+54 9 11 2345-6789"),
        ("+573001234567", "+57 300 1234567"),
        ("+12", "+12"),
        ("", ""),
    ],
)
def test_a_phone_is_written_as_it_is_dialled(number: str, written: str) -> None:
    assert phone(number) == written


@pytest.mark.parametrize(
    ("amount", "unit", "written"),
    [
        ("2", "kg", "2 kg"),
        ("2.00", "kg", "2 kg"),
        ("0.5", "kg", "½ kg"),
        ("0.25", "kg", "¼ kg"),
        ("0.75", "kg", "¾ kg"),
        ("1.5", "kg", "1.5 kg"),
        ("0.2", "kg", "200 g"),
        ("10", "kg", "10 kg"),
        ("1", "pieza", "1 pieza"),
        ("3", "pieza", "3 piezas"),
        ("0.5", "docena", "½ docena"),
        ("2", "garrafón", "2 garrafones"),
        ("1.5", "litro", "1.5 litros"),
        ("1200", "pieza", "1,200 piezas"),
        ("2", "", "2"),
        ("2", "bolsa de 1 kg", "2 bolsas de 1 kg"),
    ],
)
def test_quantities_are_written_with_their_unit(amount: str, unit: str, written: str) -> None:
    assert Format().quantity(Decimal(amount), unit) == written


def test_decimals_are_marked_as_in_the_country() -> None:
    assert Format("AR").quantity(Decimal("1.5"), "kg") == "1,5 kg"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("pieza", "piezas"),
        ("caja", "cajas"),
        ("paquete", "paquetes"),
        ("cartón", "cartones"),
        ("costal", "costales"),
        ("vez", "veces"),
        ("kg", "kg"),
        ("ml", "ml"),
        ("six", "six"),
        ("six pack", "six pack"),
        ("café", "cafés"),
        ("", ""),
    ],
)
def test_units_have_plurals(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize(
    ("moment", "zone", "written"),
    [
        (datetime(2026, 3, 2, 16, 5, tzinfo=UTC), "America/Mexico_City", "lun 2 mar, 10:05 a.m."),
        (datetime(2026, 3, 3, 4, 30, tzinfo=UTC), "America/Mexico_City", "lun 2 mar, 10:30 p.m."),
        (datetime(2026, 1, 1, 12, 0, tzinfo=UTC), "No/Where", "jue 1 ene, 12:00 p.m."),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "../etc/passwd", "jue 1 ene, 12:00 a.m."),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "", "jue 1 ene, 12:00 a.m."),
    ],
)
def test_moments_are_the_shops_own(moment: datetime, zone: str, written: str) -> None:
    assert Format("MX", zone).moment(moment) == written


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (time(0, 0), "12:00 a.m."),
        (time(9, 5), "9:05 a.m."),
        (time(12, 0), "12:00 p.m."),
        (time(21, 30), "9:30 p.m."),
    ],
)
def test_times_of_day_are_written_as_in_moments(at: time, written: str) -> None:
    assert Format().clock(at) == written
    local = datetime.combine(date(2026, 3, 2), at, UTC)
    assert Format("MX", "UTC").moment(local) == f"lun 2 mar, {written}"


def test_text_is_cut_after_a_word() -> None:
    assert shorten("Arroz blanco de grano largo", 24) == "Arroz blanco de grano…"
    assert shorten("Supercalifragilisticoespialidoso", 24) == "Supercalifragilisticoes…"
    assert shorten("corto", 24) == "corto"


FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize("one", [FAMILY, "🇲🇽", "👍🏽", "e\u0301", "❤️", "1️⃣"])
def test_a_combined_character_is_never_cut_in_half(one: str) -> None:
    assert clusters(one * 3) == [one] * 3
    for limit in range(1, 4 * len(one)):
        kept = cut(one * 3, limit)
        assert len(kept) <= limit
        assert len(kept) % len(one) == 0


@given(st.text(), st.integers(0, 80))
def test_shortened_text_fits_and_begins_like_the_whole(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or text.startswith(short.removesuffix("…"))
    assert "".join(clusters(text)) == text


@given(st.decimals(-(10**9), 10**9, places=3), st.sampled_from(["MX", "CO", "CL"]))
def test_every_amount_can_be_written(amount: Decimal, country: str) -> None:
    written = Format(country).money(amount, "MXN")
    digits = "".join(c for c in written if c.isdigit())
    assert int(digits) == abs(int((amount * 100).to_integral_value(rounding="ROUND_HALF_UP")))


@given(st.decimals(0, 10**6, places=3), st.text(max_size=20))
def test_every_quantity_can_be_written(amount: Decimal, unit: str) -> None:
    assert Format().quantity(amount, unit)

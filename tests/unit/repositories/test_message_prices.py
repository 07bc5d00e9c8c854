"""The file of prices: wabot's own, and what an operator may write."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from wabot.domain.country import COUNTRIES
from wabot.errors import ConfigurationError
from wabot.repositories.message_prices import COLUMNS, OURS, read_prices

HEAD = ",".join(COLUMNS)
LINE = "Mexico,52 MX,service utility,0.16,MXN,2026-10-01,,the operator's own bill"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prices.csv"


@pytest.mark.parametrize("category", ["service", "utility"])
def test_every_country_that_wabot_serves_has_a_price(category: str) -> None:
    table = read_prices()
    day = date(2026, 11, 1)
    missing = [code for code in COUNTRIES if table.price(code, category, day) is None]
    assert missing == []


@pytest.mark.parametrize(
    ("recipients", "price"), [("5215", "0.0085"), ("5411", "0.026"), ("5731", "0.0008")]
)
def test_our_prices_are_those_of_the_rate_card(recipients: str, price: str) -> None:
    table = read_prices()
    assert table.currency == "USD"
    assert table.price(recipients, "service", date(2026, 10, 1)) == Decimal(price)
    assert table.price(recipients, "service", date(2026, 9, 30)) is None


def test_each_of_our_prices_names_its_source() -> None:
    lines = OURS.read_text(encoding="utf-8").splitlines()[1:]
    assert [line for line in lines if not line.rpartition(",")[2].strip()] == []


def test_an_operators_file_takes_the_place_of_ours(file: Path) -> None:
    file.write_text(f"{HEAD}\n{LINE}\n", encoding="utf-8")
    table = read_prices(file)
    assert table.currency == "MXN"
    assert table.price("5215", "utility", date(2026, 11, 1)) == Decimal("0.16")
    assert table.price("5411", "service", date(2026, 11, 1)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "its first line must be: country,recipients"),
        ("país,precio\n", "its first line must be: country,recipients"),
        (f"{HEAD}\n", "found none"),
        (f"{HEAD}\n{LINE}\n{LINE}\n", "lines 2 and 3 both have a price of service messages"),
        (f"{HEAD}\n{LINE.replace('0.16', '-1')}\n", "line 2: price must be an amount"),
        (f"{HEAD}\n{LINE.replace('0.16', '')}\n", "line 2: price must be an amount"),
        (f"{HEAD}\n{LINE.replace('0.16', '1e3')}\n", "line 2: price must be an amount"),
        (f"{HEAD}\n{LINE.replace('52 MX', 'México')}\n", "line 2: recipients must be"),
        (f"{HEAD}\n{LINE.replace('52 MX', '')}\n", "line 2: recipients must be"),
        (f"{HEAD}\n{LINE.replace('service utility', '')}\n", "line 2: categories must be"),
        (f"{HEAD}\n{LINE.replace('MXN', 'pesos')}\n", "line 2: currency must be"),
        (f"{HEAD}\n{LINE.replace('2026-10-01', '1/10/26')}\n", "line 2: valid_from must be a day"),
        (f"{HEAD}\n{LINE.replace(',,the', ',2026-09-01,the')}\n", "line 2: valid_before must be"),
        (f"{HEAD}\n{LINE},more\n", "line 2: it must have 8 fields"),
        (f"{HEAD}\nMexico,52\n", "line 2: currency must be"),
        (
            f"{HEAD}\n{LINE}\n{LINE.replace('MXN', 'USD').replace('52 MX', '57')}\n",
            "one currency, found MXN on line 2, USD on line 3",
        ),
    ],
)
def test_a_bad_file_is_refused_with_the_line(file: Path, text: str, reason: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_prices(file)
    assert str(file) in refused.value.message
    assert reason in refused.value.message
    assert "WABOT_MESSAGE_PRICES" in refused.value.hint


def test_a_file_that_is_not_there_or_no_text_is_refused(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_prices(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError):
        read_prices(file)

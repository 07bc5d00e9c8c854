"""Settings of a shop: stored as JSON, read as what they mean."""

import json
from dataclasses import fields
from datetime import timedelta

import pytest

from wabot.domain.settings import (
    SHOP_SETTINGS,
    SettingKind,
    SettingSpec,
    parse_setting,
    shop_settings,
)
from wabot.domain.shop import ShopSettings
from wabot.errors import InvalidInput


def test_every_field_of_the_settings_has_a_type() -> None:
    assert {field.name for field in fields(ShopSettings)} == set(SHOP_SETTINGS)


def test_no_row_at_all_gives_the_defaults() -> None:
    assert shop_settings({}) == ShopSettings()


def test_rows_are_read_as_what_they_mean() -> None:
    stored = {
        "owner_notices": False,
        "owner_phone": "+525512345678",
        "pickup_address": "Calle 5 # 12, Centro",
        "usual_quantities": [1, 6, 12],
        "session_lifetime": "36h",
        "pause_lifetime": "2d",
        "handoff_patience": "90m",
    }
    assert shop_settings(json.loads(json.dumps(stored))) == ShopSettings(
        owner_notices=False,
        owner_phone="+525512345678",
        pickup_address="Calle 5 # 12, Centro",
        usual_quantities=(1, 6, 12),
        session_lifetime=timedelta(hours=36),
        pause_lifetime=timedelta(days=2),
        handoff_patience=timedelta(minutes=90),
    )


def test_keys_of_a_later_version_are_ignored() -> None:
    assert shop_settings({"moon_phase": {"mon": "full"}}) == ShopSettings()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SettingKind.BOOLEAN, 1),
        (SettingKind.BOOLEAN, "true"),
        (SettingKind.BOOLEAN, None),
        (SettingKind.TEXT, 5),
        (SettingKind.TEXT, "x" * 501),
        (SettingKind.PHONE, "5512345678"),
        (SettingKind.PHONE, "+52 55 1234 5678"),
        (SettingKind.PHONE, "+0123456789"),
        (SettingKind.PHONE, "+٥٢٥٥١٢٣٤"),
        (SettingKind.NUMBERS, []),
        (SettingKind.NUMBERS, [1, 2, 3, 4]),
        (SettingKind.NUMBERS, [0]),
        (SettingKind.NUMBERS, [1, 1]),
        (SettingKind.NUMBERS, [True]),
        (SettingKind.NUMBERS, [1.5]),
        (SettingKind.NUMBERS, "123"),
        (SettingKind.DURATION, 24),
        (SettingKind.DURATION, "24"),
        (SettingKind.DURATION, "0h"),
        (SettingKind.DURATION, "-1h"),
        (SettingKind.DURATION, "1.5h"),
        (SettingKind.DURATION, "24 h"),
        (SettingKind.DURATION, "999999d"),
        (SettingKind.DURATION, "366d"),
        (SettingKind.HOURS, "always"),
        (SettingKind.HOURS, {"mon": "08:00-14:00"}),
        (SettingKind.WHOLE, "5"),
        (SettingKind.WHOLE, 5.0),
        (SettingKind.WHOLE, True),
        (SettingKind.WHOLE, 10**12),
        (SettingKind.CHOICE, 1),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_rule(kind: SettingKind, value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_setting(kind, value)


def test_a_broken_row_is_named() -> None:
    with pytest.raises(InvalidInput, match="setting session_lifetime must be"):
        shop_settings({"session_lifetime": "soon"})


def test_a_choice_is_one_of_its_words() -> None:
    spec = SettingSpec("policy", SettingKind.CHOICE, "ask", choices=("ask", "drop"))
    assert spec.parse("drop") == "drop"
    with pytest.raises(ValueError, match="must be one of: ask, drop"):
        spec.parse("maybe")


def test_a_whole_number_stays_within_its_bounds() -> None:
    spec = SettingSpec("tolerance", SettingKind.WHOLE, 10, minimum=0, maximum=50)
    assert spec.parse(50) == 50
    with pytest.raises(ValueError, match="must be a whole number from 0 to 50"):
        spec.parse(51)
    assert SettingSpec("free", SettingKind.WHOLE, 10).parse(-7) == -7
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        SettingSpec("least", SettingKind.WHOLE, 1, minimum=1).parse(0)
    with pytest.raises(ValueError, match="must be a whole number of at most 9"):
        SettingSpec("most", SettingKind.WHOLE, 1, maximum=9).parse(10)

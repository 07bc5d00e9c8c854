"""What a check finds that has a rule of its own is told as that."""

import pytest

from wabot.checks.whatsapp import SHOP
from wabot.domain.alerts import Rule, rule_of_check


@pytest.mark.parametrize(
    ("check", "rule"),
    [
        ("whatsapp.quality", Rule.NUMBER_QUALITY),
        ("whatsapp.payment", Rule.PAYMENT_PROBLEM),
        ("whatsapp.number", Rule.CHECK_FAILED),
    ],
)
def test_a_check_belongs_to_its_rule(check: str, rule: Rule) -> None:
    assert check in {each.id for each in SHOP}
    assert rule_of_check(check) is rule

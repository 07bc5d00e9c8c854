"""The catalogue holds every rule, and whoever raises alerts takes them from it."""

import re

import pytest

from tests.architecture.source import modules
from wabot.cli.app import COMMANDS
from wabot.domain.alerts import RULES, Rule, Severity

BY_OTHERS = {Rule.QUOTA_80, Rule.QUOTA_100, Rule.CHECK_FAILED}
SOURCES = {path: path.read_text(encoding="utf-8") for path in modules()}


def test_every_rule_is_described() -> None:
    assert list(RULES) == list(Rule)


@pytest.mark.parametrize("rule", Rule)
def test_a_rule_says_what_happened_and_what_to_do(rule: Rule) -> None:
    assert rule.spec.title
    assert not rule.spec.title.endswith(".")
    assert rule.spec.next
    for noun in re.findall(r"\bwabot ([a-z]+)", rule.spec.next):
        assert noun in COMMANDS or noun in {"alerts", "check", "plan"}


@pytest.mark.parametrize("rule", Rule)
def test_a_rule_is_raised_somewhere(rule: Rule) -> None:
    catalogue = next(path for path in SOURCES if path.parts[-2:] == ("alerts", "rules.py"))
    users = [path for path, text in SOURCES.items() if path != catalogue and rule_in(rule, text)]
    assert users or rule in BY_OTHERS


def rule_in(rule: Rule, text: str) -> bool:
    return f"Rule.{rule.name}" in text or f"'{rule}" in text


def test_statements_that_raise_alerts_use_codes_and_severities_of_the_catalogue() -> None:
    raised = [
        found
        for text in SOURCES.values()
        for found in re.findall(r"SELECT '(\w+):' \|\| \w+, '(\w+)', \w+, '(\w+)'", text)
    ]
    assert {rule for _, rule, _ in raised} >= {Rule.EVENT_WAITS, Rule.SENDING_PAUSED}
    for prefix, rule, severity in raised:
        assert (prefix, severity) == (rule, Rule(rule).spec.severity)


def test_severities_are_ordered() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == [
        Severity.WARNING,
        Severity.ERROR,
        Severity.CRITICAL,
    ]

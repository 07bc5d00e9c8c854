"""Alerts as values: the catalogue of rules, judgements over facts, what is told and when."""

from wabot.domain.alerts.rules import RULES, Rule, RuleSpec, Severity, rule_of_check

__all__ = ["RULES", "Rule", "RuleSpec", "Severity", "rule_of_check"]

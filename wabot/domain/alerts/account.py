"""What Meta's own news about accounts, numbers and templates mean as alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wabot.domain.alerts.rules import Rule, Severity

_RESTRICTING = {
    "ACCOUNT_DELETED": "deleted the account",
    "ACCOUNT_OFFBOARDED": "disconnected the account from our app",
    "ACCOUNT_RESTRICTION": "restricts the account",
    "ACCOUNT_VIOLATION": "found a violation of its rules in the account",
    "DISABLED_UPDATE": "disabled the account",
    "PARTNER_REMOVED": "removed our app from the account",
}
_FREEING = {"ACCOUNT_RECONNECTED", "PARTNER_ADDED", "PARTNER_APP_INSTALLED"}
_BAD_TEMPLATES = {"REJECTED", "PAUSED", "DISABLED", "FLAGGED", "PENDING_DELETION"}
_GOOD_TEMPLATES = {"APPROVED", "REINSTATED"}
_LOWERED = {"FLAGGED", "DOWNGRADE"}
_RAISED = {"UNFLAGGED", "UPGRADE", "THROUGHPUT_UPGRADE", "ONBOARDING"}


@dataclass(frozen=True, slots=True)
class Word:
    """An alert that Meta's word raises, or ends when `over`."""

    rule: Rule
    key: str
    message: str = ""
    over: bool = False
    severity: Severity | None = None


def word_of(field: str, value: Mapping[str, Any], account: str) -> Word | None:
    """Return what a webhook of that field means for that account; None when it is no alert."""
    event = str(value.get("event", "")).upper()[:64]
    match field:
        case "phone_number_quality_update":
            return _number(event, value, account)
        case "account_update":
            return _account(event, value, account)
        case "message_template_status_update":
            return _template(event, value, account)
        case _:
            return None


def _number(event: str, value: Mapping[str, Any], account: str) -> Word | None:
    shown = _plain(value.get("display_phone_number")) or "?"
    key = f"{Rule.NUMBER_QUALITY}:{account}:{shown}"
    if event in _RAISED:
        return Word(Rule.NUMBER_QUALITY, key, over=True)
    if event not in _LOWERED:
        return None
    limit = _plain(value.get("current_limit"))
    says = "flags the quality of" if event == "FLAGGED" else "lowers the limit of"
    limited = f" (limit now {limit})" if limit else ""
    return Word(Rule.NUMBER_QUALITY, key, f"Meta {says} the number +…{shown[-4:]}{limited}.")


def _account(event: str, value: Mapping[str, Any], account: str) -> Word | None:
    key = f"{Rule.ACCOUNT_RESTRICTED}:{account}"
    ban = value.get("ban_info")
    state = _plain(ban.get("waba_ban_state")) if isinstance(ban, Mapping) else ""
    if event in _FREEING or state == "REINSTATE":
        return Word(Rule.ACCOUNT_RESTRICTED, key, over=True)
    if event not in _RESTRICTING:
        return None
    violation = value.get("violation_info")
    why = _plain(violation.get("violation_type")) if isinstance(violation, Mapping) else ""
    restrictions = value.get("restriction_info")
    if isinstance(restrictions, list):
        kinds = [_plain(r.get("restriction_type")) for r in restrictions if isinstance(r, Mapping)]
        why = ", ".join(filter(None, kinds))
    detail = ": ".join(filter(None, (event, why or state)))
    return Word(Rule.ACCOUNT_RESTRICTED, key, f"Meta {_RESTRICTING[event]} {account} ({detail}).")


def _template(event: str, value: Mapping[str, Any], account: str) -> Word | None:
    name, language = (
        _plain(value.get(f"message_template_{part}")) for part in ("name", "language")
    )
    key = f"{Rule.TEMPLATE_CHANGED}:{account}:{name}:{language}"
    if event in _GOOD_TEMPLATES:
        return Word(Rule.TEMPLATE_CHANGED, key, over=True)
    if event not in _BAD_TEMPLATES:
        return None
    reason = _plain(value.get("reason"))
    why = f": {reason}" if reason and reason != "NONE" else ""
    said = f"The template {name}:{language} of account {account} is {event}{why}."
    return Word(Rule.TEMPLATE_CHANGED, key, said)


def _plain(value: object) -> str:
    """Return a short printable text of what Meta sent, whatever it was."""
    return "".join(filter(str.isprintable, str(value)))[:80] if value is not None else ""

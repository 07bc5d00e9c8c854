"""The catalogue of alerts: what each means, how grave it is, and what to do about it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Severity(StrEnum):
    """How grave an alert is, the mildest first."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return its place, to compare by."""
        return list(Severity).index(self)


class Rule(StrEnum):
    """Everything that raises alerts, by the code that is stored and told."""

    EVENT_WAITS = "event_waits"
    EVENT_SET_ASIDE = "event_set_aside"
    SENDING_PAUSED = "sending_paused"
    GRAPH_FAILING = "graph_failing"
    DELIVERY_FAILING = "delivery_failing"
    PAYMENT_PROBLEM = "payment_problem"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - no password
    TOKEN_EXPIRING = "token_expiring"  # noqa: S105 - no password
    NUMBER_QUALITY = "number_quality"
    ACCOUNT_RESTRICTED = "account_restricted"
    TEMPLATE_REFUSED = "template_refused"
    TEMPLATE_CHANGED = "template_changed"
    NOTICE_UNSENT = "notice_unsent"
    REPLY_UNSENT = "reply_unsent"
    ORDER_UNNOTICED = "order_unnoticed"
    ORDER_WAITS = "order_waits"
    MEDIA_FAILED = "media_failed"
    MEDIA_WAITS = "media_waits"
    FOREIGN_APP = "foreign_app"
    UNKNOWN_NUMBER = "unknown_number"
    SHOP_SILENT = "shop_silent"
    WEBHOOKS_SILENT = "webhooks_silent"
    QUOTA_80 = "quota_80"
    QUOTA_100 = "quota_100"
    PLAN_TRIAL_ENDS = "plan_trial_ends"
    PLAN_GRACE = "plan_grace"
    PLAN_SUSPENDED = "plan_suspended"
    DATABASE_AWAY = "database_away"
    DATABASE_CONNECTIONS = "database_connections"
    DATABASE_SIZE = "database_size"
    DISK_LOW = "disk_low"
    BACKUP_OLD = "backup_old"
    WORKER_DYING = "worker_dying"
    SERVER_GONE = "server_gone"
    CHECK_FAILED = "check_failed"
    CHANNEL_FAILING = "channel_failing"

    @property
    def spec(self) -> "RuleSpec":
        """Return what the catalogue says of it."""
        return RULES[self]

    def remedy(self, tenant: str) -> str:
        """Return what to do about it; `tenant` is the slug of the shop that it concerns, if any."""
        return self.spec.next.replace("SLUG", tenant) if tenant else self.spec.next


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A kind of alert. The one that stands is told again after `again_after`.

    What tells of a moment, not of a state, counts as over when it did not happen again for
    `over_after`.
    """

    severity: Severity
    title: str
    next: str
    again_after: timedelta
    over_after: timedelta | None = None


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_WARNING, _ERROR, _CRITICAL = Severity

RULES: dict[Rule, RuleSpec] = {
    Rule.EVENT_WAITS: RuleSpec(
        _ERROR,
        "Messages of a shop wait for over a minute",
        "wabot inbox list --tenant SLUG tells why; the shop's database is away or overloaded",
        2 * _HOUR,
    ),
    Rule.EVENT_SET_ASIDE: RuleSpec(
        _ERROR,
        "A message failed too often and was set aside",
        "wabot inbox show EVENT; once the cause is gone: wabot inbox retry EVENT",
        _DAY,
    ),
    Rule.SENDING_PAUSED: RuleSpec(
        _ERROR,
        "Nothing of a shop passes: its sending stands still",
        "mend what the reason names, then: wabot tenant try-sending SLUG",
        4 * _HOUR,
    ),
    Rule.GRAPH_FAILING: RuleSpec(
        _ERROR,
        "Meta fails to take a shop's messages",
        "https://metastatus.com tells of Meta's own trouble; messages are kept and tried again",
        2 * _HOUR,
    ),
    Rule.DELIVERY_FAILING: RuleSpec(
        _WARNING,
        "Many messages of a shop are not delivered",
        "look at the codes in the log (send.refused), and at the number in the WhatsApp Manager",
        6 * _HOUR,
    ),
    Rule.PAYMENT_PROBLEM: RuleSpec(
        _CRITICAL,
        "Meta wants a payment method",
        "WhatsApp Manager → Billing, then: wabot tenant try-sending SLUG",
        12 * _HOUR,
        over_after=_DAY,
    ),
    Rule.TOKEN_REFUSED: RuleSpec(
        _ERROR,
        "Meta refuses a shop's new token; the former one still sends",
        "wabot tenant rotate-token SLUG",
        12 * _HOUR,
    ),
    Rule.TOKEN_EXPIRING: RuleSpec(
        _WARNING,
        "A shop's token ends within a week (within a day: error; ended: critical)",
        "wabot tenant rotate-token SLUG",
        _DAY,
    ),
    Rule.NUMBER_QUALITY: RuleSpec(
        _ERROR,
        "Meta lowers or flags a number for its quality",
        "WhatsApp Manager → Phone numbers: see what customers reported, send fewer templates",
        _DAY,
    ),
    Rule.ACCOUNT_RESTRICTED: RuleSpec(
        _CRITICAL,
        "Meta restricts, disables or disconnects an account",
        "Business Support Home → the account: see the violation and ask for a review",
        12 * _HOUR,
    ),
    Rule.TEMPLATE_REFUSED: RuleSpec(
        _ERROR,
        "Meta does not take a template as it is sent",
        "see it in the WhatsApp Manager, or: wabot tenant update SLUG --set SETTING=NAME:LANGUAGE",
        _DAY,
        over_after=_DAY,
    ),
    Rule.TEMPLATE_CHANGED: RuleSpec(
        _WARNING,
        "Meta rejected, paused or disabled a template",
        "WhatsApp Manager → Message templates: correct it, or name another to the shop",
        _DAY,
    ),
    Rule.NOTICE_UNSENT: RuleSpec(
        _ERROR,
        "A shop was not told of an order or a customer",
        "have them write to their shop's number, or set a template (README: What Meta allows)",
        12 * _HOUR,
    ),
    Rule.REPLY_UNSENT: RuleSpec(
        _WARNING,
        "A late answer was not sent for want of a template",
        "set a template: wabot tenant update SLUG --set reply_template=NAME:LANGUAGE",
        _DAY,
        over_after=_DAY,
    ),
    Rule.ORDER_UNNOTICED: RuleSpec(
        _ERROR,
        "The notice of an order did not arrive",
        "telephone the shop; wabot tenant show SLUG counts such orders as untold",
        _DAY,
        over_after=2 * _DAY,
    ),
    Rule.ORDER_WAITS: RuleSpec(
        _WARNING,
        "Orders are not accepted in time",
        "telephone the shop",
        2 * _HOUR,
    ),
    Rule.MEDIA_FAILED: RuleSpec(
        _WARNING,
        "Customers' files cannot be fetched",
        "the message names the cause; the customer was asked to send the file again",
        _DAY,
        over_after=_DAY,
    ),
    Rule.MEDIA_WAITS: RuleSpec(
        _WARNING,
        "Customers' files wait to be fetched",
        "wabot inbox files tells why: Graph or the place of WABOT_MEDIA is away, or a token dead",
        _DAY,
    ),
    Rule.FOREIGN_APP: RuleSpec(
        _CRITICAL,
        "A Meta app signs the messages of a shop that is bound to another",
        "wabot tenant update SLUG --app-id APP_ID, if that app is the right one: what came"
        " meanwhile is then answered",
        2 * _HOUR,
    ),
    Rule.UNKNOWN_NUMBER: RuleSpec(
        _WARNING,
        "Messages come for a number that no shop has",
        "wabot tenant create … --phone-number-id NUMBER, or unsubscribe the number at Meta;"
        " wabot inbox list --state unrouted shows them",
        _DAY,
    ),
    Rule.SHOP_SILENT: RuleSpec(
        _ERROR,
        "No customer writes to a shop that is busy at this time of the week",
        "write to the number yourself; if nothing arrives: wabot check whatsapp SLUG",
        6 * _HOUR,
    ),
    Rule.WEBHOOKS_SILENT: RuleSpec(
        _CRITICAL,
        "Webhooks of no shop arrive any more",
        "open the webhook's URL from outside; Meta app dashboard → WhatsApp → Configuration",
        _HOUR,
    ),
    Rule.QUOTA_80: RuleSpec(
        _WARNING,
        "A shop has used 80 % of its plan's messages",
        "wabot plan usage SLUG",
        31 * _DAY,
    ),
    Rule.QUOTA_100: RuleSpec(
        _ERROR,
        "A shop has used its plan's messages",
        "offer a larger plan: wabot tenant update SLUG --plan PLAN",
        31 * _DAY,
    ),
    Rule.PLAN_TRIAL_ENDS: RuleSpec(
        _WARNING,
        "A shop's trial ends within three days",
        "settle it with the owner; once they pay: wabot plan set SLUG --paid",
        7 * _DAY,
    ),
    Rule.PLAN_GRACE: RuleSpec(
        _WARNING,
        "A shop is unpaid and will be suspended",
        "settle it with the owner; once they pay: wabot plan set SLUG --paid",
        2 * _DAY,
    ),
    Rule.PLAN_SUSPENDED: RuleSpec(
        _ERROR,
        "A shop is suspended by a date of its plan; its customers get no answers",
        "once they pay: wabot plan set SLUG --paid; what was written meanwhile is answered then",
        7 * _DAY,
    ),
    Rule.DATABASE_AWAY: RuleSpec(
        _CRITICAL,
        "The central database does not answer",
        "wabot db status",
        _HOUR,
    ),
    Rule.DATABASE_CONNECTIONS: RuleSpec(
        _ERROR,
        "The database's connections are nearly used up",
        "lower WABOT_POOL_SIZE or the number of workers, or raise max_connections",
        4 * _HOUR,
    ),
    Rule.DATABASE_SIZE: RuleSpec(
        _WARNING,
        "The central database is larger than it should be",
        "give it more disk and raise WABOT_ALERTS_DATABASE_GB, or move shops:"
        " wabot tenant move SLUG",
        _DAY,
    ),
    Rule.DISK_LOW: RuleSpec(
        _ERROR,
        "A disk of a server is nearly full",
        "free space, or let WABOT_MEDIA be a place with more of it",
        4 * _HOUR,
    ),
    Rule.BACKUP_OLD: RuleSpec(
        _WARNING,
        "A shop was not exported for too long",
        "wabot tenant export SLUG",
        _DAY,
    ),
    Rule.WORKER_DYING: RuleSpec(
        _ERROR,
        "Processes of a server die again and again",
        "read its log for the last lines before each start; too little memory is likely",
        2 * _HOUR,
    ),
    Rule.SERVER_GONE: RuleSpec(
        _CRITICAL,
        "A server died and did not come back",
        "start it again: systemctl status wabot",
        2 * _HOUR,
    ),
    Rule.CHECK_FAILED: RuleSpec(
        _WARNING,
        "A check that runs beside the server fails",
        "wabot check all",
        12 * _HOUR,
    ),
    Rule.CHANNEL_FAILING: RuleSpec(
        _ERROR,
        "Alerts cannot be told through one of their channels",
        "wabot alerts test",
        4 * _HOUR,
        over_after=_DAY,
    ),
}

_OF_CHECKS = {"whatsapp.quality": Rule.NUMBER_QUALITY, "whatsapp.payment": Rule.PAYMENT_PROBLEM}


def rule_of_check(check_id: str) -> Rule:
    """Return the rule that a failed check belongs to: what has one of its own is told as that."""
    return _OF_CHECKS.get(check_id, Rule.CHECK_FAILED)

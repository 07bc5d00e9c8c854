"""What Meta says of a shop's number and account, and how it is to be judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

PAYMENT = 141006
"""The health code of an account that Meta cannot charge."""
BILLING = "https://business.facebook.com/billing_hub/payment_settings"

# Calls over SIP are not for us, and a business need not be verified to answer customers.
HARMLESS = frozenset({138024, 141010})

COEXISTENCE_THROUGHPUT = 20
_STANDARD_THROUGHPUT = 80
_HIGH_THROUGHPUT = 1000

# From Meta's changelog: until when a version of the Graph API answers.
VERSION_ENDS: Mapping[str, date] = MappingProxyType(
    {
        "v20.0": date(2026, 9, 24),
        "v21.0": date(2027, 1, 21),
        "v22.0": date(2027, 5, 20),
        "v23.0": date(2027, 10, 8),
        "v24.0": date(2028, 2, 18),
        "v25.0": date(2028, 7, 29),
    }
)
CURRENT_VERSION = "v26.0"
WARN_BEFORE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class HealthError:
    """A reason why Meta lets a number send less, or nothing."""

    entity: str
    code: int
    description: str
    solution: str = ""


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """A business number as Meta shows it; words are Meta's own, empty when it did not say.

    `callback` is where its webhooks go: the number's own address, else the account's, else the
    app's.
    """

    status: str = ""
    quality: str = ""
    platform: str = ""
    mode: str = ""
    name_status: str = ""
    throughput_level: str = ""
    on_business_app: bool = False
    can_send: str = ""
    errors: tuple[HealthError, ...] = ()
    callback: str = ""

    @property
    def throughput(self) -> int:
        """Return how many messages a second Meta takes."""
        if self.on_business_app:
            return COEXISTENCE_THROUGHPUT
        return _HIGH_THROUGHPUT if self.throughput_level == "HIGH" else _STANDARD_THROUGHPUT


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """A WhatsApp Business Account as Meta shows it."""

    name: str = ""
    currency: str = ""
    review: str = ""


def version_end(version: str) -> date | None:
    """Return until when Graph answers in that version; None when no end is known.

    A version that is older than all that are known has ended.
    """
    if version in VERSION_ENDS:
        return VERSION_ENDS[version]
    oldest = min(VERSION_ENDS, key=_number)
    return VERSION_ENDS[oldest] if _number(version) < _number(oldest) else None


def _number(version: str) -> float:
    return float(version.removeprefix("v"))

"""A shop as its conversations see it: catalogue and settings, nothing of where it is stored."""

from dataclasses import dataclass, field
from datetime import timedelta

from wabot.domain.catalog import Catalog
from wabot.domain.hours import OpeningHours
from wabot.domain.plan import COMING, Feature
from wabot.domain.purpose import Purpose, TemplateName


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """What an owner can decide; read from the tenant's settings, defaults from its template."""

    owner_notices: bool = True
    owner_phone: str = ""
    adviser_phone: str = ""
    addressing: str = "tu"
    pickup: bool = True
    pickup_address: str = ""
    opening_hours: OpeningHours = field(default_factory=OpeningHours)
    usual_quantities: tuple[int, ...] = (1, 2, 3)
    session_lifetime: timedelta = timedelta(hours=24)
    pause_lifetime: timedelta = timedelta(hours=12)
    handoff_patience: timedelta = timedelta(minutes=30)
    # The operator's affair; without it the installation's own holds.
    order_alert_minutes: int | None = None
    reply_template: TemplateName | None = None
    order_update_template: TemplateName | None = None
    order_notice_template: TemplateName | None = None
    handoff_notice_template: TemplateName | None = None
    quota_notice_template: TemplateName | None = None

    def template(self, purpose: Purpose) -> TemplateName | None:
        """Return the approved template for messages of that purpose, if the shop has one."""
        match purpose:
            case Purpose.REPLY:
                return self.reply_template
            case Purpose.ORDER_UPDATE:
                return self.order_update_template
            case Purpose.ORDER_NOTICE:
                return self.order_notice_template
            case Purpose.HANDOFF_NOTICE:
                return self.handoff_notice_template
            case Purpose.QUOTA_NOTICE:
                return self.quota_notice_template


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop; `currency` ISO 4217, `time_zone` IANA, `country` ISO 3166 alpha-2.

    `features` are those of its plan at the moment of the turn.
    """

    name: str
    currency: str = "MXN"
    time_zone: str = "America/Mexico_City"
    country: str = "MX"
    catalog: Catalog = field(default_factory=Catalog)
    settings: ShopSettings = field(default_factory=ShopSettings)
    features: frozenset[Feature] = frozenset(Feature)

    def offers(self, feature: Feature) -> bool:
        """Tell whether the shop's plan has the feature, and this version too."""
        return feature in self.features - COMING

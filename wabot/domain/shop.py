"""A shop as its conversations see it: catalogue and settings, nothing of where it is stored."""

from dataclasses import dataclass, field
from datetime import timedelta

from wabot.domain.catalog import Catalog
from wabot.domain.hours import OpeningHours


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


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop; `currency` ISO 4217, `time_zone` IANA, `country` ISO 3166 alpha-2."""

    name: str
    currency: str = "MXN"
    time_zone: str = "America/Mexico_City"
    country: str = "MX"
    catalog: Catalog = field(default_factory=Catalog)
    settings: ShopSettings = field(default_factory=ShopSettings)

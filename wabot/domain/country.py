"""Countries whose shops wabot serves, with their currency and main time zone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """`code` ISO 3166 alpha-2, `currency` ISO 4217, `time_zone` IANA (the capital's)."""

    code: str
    currency: str
    time_zone: str


COUNTRIES = {
    country.code: country
    for country in (
        Country("AR", "ARS", "America/Argentina/Buenos_Aires"),
        Country("BO", "BOB", "America/La_Paz"),
        Country("CL", "CLP", "America/Santiago"),
        Country("CO", "COP", "America/Bogota"),
        Country("CR", "CRC", "America/Costa_Rica"),
        Country("DO", "DOP", "America/Santo_Domingo"),
        Country("EC", "USD", "America/Guayaquil"),
        Country("GT", "GTQ", "America/Guatemala"),
        Country("HN", "HNL", "America/Tegucigalpa"),
        Country("MX", "MXN", "America/Mexico_City"),
        Country("NI", "NIO", "America/Managua"),
        Country("PA", "PAB", "America/Panama"),
        Country("PE", "PEN", "America/Lima"),
        Country("PR", "USD", "America/Puerto_Rico"),
        Country("PY", "PYG", "America/Asuncion"),
        Country("SV", "USD", "America/El_Salvador"),
        Country("UY", "UYU", "America/Montevideo"),
        Country("VE", "VES", "America/Caracas"),
    )
}

# Several countries sell in dollars beside their own currency.
CURRENCIES = frozenset({country.currency for country in COUNTRIES.values()} | {"USD"})

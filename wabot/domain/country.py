"""Countries whose shops wabot serves, with their currency and main time zone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """`code` ISO 3166 alpha-2, `currency` ISO 4217, `time_zone` IANA (of the capital)."""

    code: str
    name: str
    currency: str
    time_zone: str


COUNTRIES = {
    country.code: country
    for country in (
        Country("AR", "Argentina", "ARS", "America/Argentina/Buenos_Aires"),
        Country("BO", "Bolivia", "BOB", "America/La_Paz"),
        Country("CL", "Chile", "CLP", "America/Santiago"),
        Country("CO", "Colombia", "COP", "America/Bogota"),
        Country("CR", "Costa Rica", "CRC", "America/Costa_Rica"),
        Country("DO", "República Dominicana", "DOP", "America/Santo_Domingo"),
        Country("EC", "Ecuador", "USD", "America/Guayaquil"),
        Country("GT", "Guatemala", "GTQ", "America/Guatemala"),
        Country("HN", "Honduras", "HNL", "America/Tegucigalpa"),
        Country("MX", "México", "MXN", "America/Mexico_City"),
        Country("NI", "Nicaragua", "NIO", "America/Managua"),
        Country("PA", "Panamá", "PAB", "America/Panama"),
        Country("PE", "Perú", "PEN", "America/Lima"),
        Country("PR", "Puerto Rico", "USD", "America/Puerto_Rico"),
        Country("PY", "Paraguay", "PYG", "America/Asuncion"),
        Country("SV", "El Salvador", "USD", "America/El_Salvador"),
        Country("UY", "Uruguay", "UYU", "America/Montevideo"),
        Country("VE", "Venezuela", "VES", "America/Caracas"),
    )
}

# Several countries sell in dollars beside their own currency.
CURRENCIES = frozenset({country.currency for country in COUNTRIES.values()} | {"USD"})
